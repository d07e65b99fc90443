//! `cargo xtask doctor` and `init`, as a person uses them.

use std::{fs, process::Command};

use serde_json::{Value, json};
use xtask::run_name;

use crate::{
    deploying::{Desk, Ended, command, ended},
    samples::{Authority, standard},
    world::{Making, PROFILES, World},
};

fn doctor(world: &World, configuration: &str, change: impl FnOnce(&mut Command)) -> Ended {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("thingpress.toml");
    fs::write(&path, format!("stack = \"acme\"\n{configuration}")).unwrap();
    let mut command = command(&world.cloud.endpoint(), &["doctor", "--json", "--config"]);
    command.arg(path);
    change(&mut command);
    ended(command)
}

/// The findings of a level, each with its topic.
fn findings(ended: &Ended, level: &str) -> Vec<String> {
    let found: Value = serde_json::from_str(&ended.stdout).unwrap_or_else(|_| panic!("{ended:#?}"));
    let findings = found["findings"].as_array().unwrap().iter();
    let of_level = findings.filter(|finding| finding["level"] == level);
    let text = |finding: &Value, name: &str| finding[name].as_str().unwrap().to_owned();
    of_level.map(|one| format!("{}: {}", text(one, "topic"), text(one, "text"))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_finds_nothing_wrong_where_nothing_is() {
    let world = World::new().await;
    let line = standard(Authority::new("Test CA").leaf("device-1"));
    world.import("generated", "a folder/ü file.txt", line).await;
    let well = doctor(&world, PROFILES, |_| {});
    assert_eq!(well.status, Some(0), "{well:#?}");
    assert_eq!(findings(&well, "warning"), [""; 0]);
    let fine = findings(&well, "ok");
    for expected in [
        "clock: as AWS's",
        "AWS IoT: profile default: found 2 policies, 1 thing group, 1 thing type",
        "speed: profile default: 27,000 devices an hour at most, by AttachPolicy",
        "stack: acme is deployed",
        "stack: no event was left undelivered",
        "uploads: every one of the last 7 days has its run",
    ] {
        assert!(fine.iter().any(|text| text == expected), "{expected}: {fine:#?}");
    }
    let not_asked = findings(&well, "not_asked");
    assert_eq!(not_asked, ["quotas: the local cloud has none, so that they are not asked here"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_names_what_an_import_would_miss() {
    let world = Making::with(PROFILES).without_registry_objects().world().await;
    // Without the machine that starts runs, an upload starts none.
    world
        .sfn
        .delete_state_machine()
        .state_machine_arn(world.machine("ingest"))
        .send()
        .await
        .unwrap();
    world.upload("mes", "lost.json", "{}").await;
    let ill = world
        .until("the upload counts as lost", async || {
            let ill = doctor(&world, PROFILES, |_| {});
            findings(&ill, "warning").iter().any(|text| text.contains("lost.json")).then_some(ill)
        })
        .await;
    assert_eq!(ill.status, Some(1), "{ill:#?}");
    let errors = findings(&ill, "error");
    for missing in
        ["no AWS IoT policy `sensor-base`", "no thing group `sensors`", "no thing type `sensor`"]
    {
        assert!(errors.iter().any(|text| text.contains(missing)), "{missing}: {errors:#?}");
    }
    let warnings = findings(&ill, "warning");
    assert!(
        warnings.contains(&"uploads: s3://acme-mes/lost.json started no run".to_owned()),
        "{warnings:#?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_names_what_somebody_may_not_do() {
    let desk = Desk::new();
    let iam = aws_sdk_iam::Client::new(&desk.cloud.aws_config());
    iam.create_user().user_name("alice").send().await.unwrap();
    let policy = json!({
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": ["cloudformation:*", "s3:*", "iam:SimulatePrincipalPolicy"], "Resource": "*"},
            {"Effect": "Allow", "Action": "lambda:*", "Resource": "arn:aws:lambda:*:*:function:acme-*"},
        ],
    });
    let put = iam.put_user_policy().user_name("alice").policy_name("some");
    put.policy_document(policy.to_string()).send().await.unwrap();
    let key = iam.create_access_key().user_name("alice").send().await.unwrap().access_key.unwrap();
    let mut command = desk.command(&["doctor", "--json"]);
    command.env("AWS_ACCESS_KEY_ID", key.access_key_id());
    command.env("AWS_SECRET_ACCESS_KEY", key.secret_access_key());
    let told = ended(command);
    assert_eq!(told.status, Some(1), "{told:#?}");
    let errors = findings(&told, "error").join("\n");
    assert!(errors.contains("not allowed: iam:CreateRole"), "{errors}");
    assert!(errors.contains("on arn:aws:iam::000000000000:role/acme-"), "{errors}");
    assert!(!errors.contains("lambda:") && !errors.contains("cloudformation:"), "{errors}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_knows_a_runs_name_as_ingest_makes_it() {
    let world = World::new().await;
    for (key, version) in [
        ("plain.json", "v1"),
        ("a folder/with  two spaces/ü—dash & co..txt", "3sL4kqtJlcpXroDTDmJ+rmSpXd3dIbrHY"),
        (
            "gateway/__under__score/a-very-long-name-that-goes-on-and-on-and-on-until-it-is-cut-off.json",
            "7",
        ),
    ] {
        let earlier = world.runs().await;
        let event = json!({
            "vendor": "generated",
            "event": {"detail": {
                "bucket": {"name": "acme-generated"},
                "object": {"key": key, "version-id": version, "size": 1, "etag": "e", "sequencer": "1"},
            }},
        });
        let start = world.sfn.start_execution().state_machine_arn(world.machine("ingest"));
        start.input(event.to_string()).send().await.unwrap();
        assert_eq!(world.next_run(&earlier).await, run_name("acme-generated", key, version));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_is_written_for_a_name_that_is_free() {
    let desk = Desk::new();
    let path = desk.folder.path().join("new.toml");
    let init = |arguments: &[&str]| {
        let mut command = command(&desk.cloud.endpoint(), &[&["init"], arguments].concat());
        command.arg("--out").arg(&path);
        ended(command)
    };
    let policy = ["--yes", "--policy", "base"];

    init(&[]).check(2, &["nobody is there to answer questions", "--yes --policy NAME"]);
    init(&["--yes"]).check(2, &["no policy is named"]);
    init(&["--yes", "--policy", "a b"]).check(2, &["policies", "hint:"]);
    assert!(!path.exists());

    init(&policy).check(0, &["is written", "cargo xtask deploy"]);
    let first = fs::read_to_string(&path).unwrap();
    let stack = infra::Config::parse(&first).unwrap().stack;
    assert!(stack.starts_with("thingpress-") && stack.len() == "thingpress-".len() + 6, "{stack}");

    // A file that is there is kept; and a name that is taken is not proposed.
    let deployed = desk.run(&["deploy", "--yes", "--stack", &stack]);
    deployed.check(0, &["is created"]);
    init(&policy).check(0, &["new.toml.before"]);
    assert_eq!(fs::read_to_string(path.with_extension("toml.before")).unwrap(), first);
    let second = infra::Config::parse(&fs::read_to_string(&path).unwrap()).unwrap().stack;
    assert_ne!(second, stack);

    init(&[
        "--yes",
        "--stack",
        "mine",
        "--policy",
        "a",
        "--policy",
        "b",
        "--thing-group",
        "g",
        "--thing-type",
        "t",
    ])
    .check(0, &[]);
    let config = infra::Config::parse(&fs::read_to_string(&path).unwrap()).unwrap();
    let profile = &config.profiles["default"];
    assert_eq!((config.stack.as_str(), profile.policies.len()), ("mine", 2));
    assert_eq!((profile.thing_groups[0].as_str(), profile.thing_type.as_deref()), ("g", Some("t")));
}
