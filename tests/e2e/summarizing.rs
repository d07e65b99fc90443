//! `cargo xtask summary`, which needs no stack.

use std::{fs, path::Path};

use serde_json::{Value, json};

use crate::{
    command_line::command_as,
    person::Person,
    samples::{Authority, standard},
    world::World,
};

const ROOT: [&str; 2] = ["test", "test"];

fn summary(
    keys: [&str; 2],
    world: &World,
    folder: &Path,
    arguments: &[&str],
) -> (Option<i32>, String, String) {
    let mut command = command_as(keys, world);
    let output = command.current_dir(folder).arg("summary").args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_changes_the_summary_by_its_devices_and_by_nothing_else() {
    let world = World::new().await;
    let folder = tempfile::tempdir().unwrap();
    let auditor = Person::with(&world, "auditor").await;
    let [id, secret] = &auditor.keys;
    let keys = [id.as_str(), secret.as_str()];
    let ask = |arguments: &[&str]| summary(keys, &world, folder.path(), arguments);

    let (status, stdout, stderr) = ask(&["--out", "before.json"]);
    assert_eq!(status, Some(0), "{stderr}");
    assert!(stdout.contains(&format!("account {}, Region us-east-1", world.account())), "{stdout}");
    let before: Value =
        serde_json::from_slice(&fs::read(folder.path().join("before.json")).unwrap()).unwrap();
    assert_eq!(before["counts"]["things"], json!({"total": 0}));
    assert_eq!(before["counts"]["policies"], json!({"total": 2}));
    assert_eq!(before["counts"]["thing_types"], json!({"total": 1}));
    assert_eq!(before["counts"]["thing_groups"], json!({"total": 1, "by": {"static": 1}}));

    let (status, stdout, _) = ask(&["--since", "before.json"]);
    assert_eq!(status, Some(0));
    assert!(stdout.contains("nothing that is counted has changed since 20"), "{stdout}");

    let authority = Authority::new("Test CA");
    let devices =
        |names: [&str; 2]| names.map(|name| standard(authority.leaf(name)) + "\n").concat();
    world.import("generated", "active.txt", devices(["device-1", "device-2"])).await;
    world.import("generated", "bare/inactive.txt", devices(["device-3", "device-4"])).await;

    let (status, stdout, stderr) = ask(&["--since", "before.json", "--json"]);
    assert_eq!(status, Some(0), "{stderr}");
    let now: Value = serde_json::from_str(&stdout).expect("stdout is JSON and nothing else");
    let change = |what: &str, now: u64| json!({"what": what, "before": 0, "now": now});
    assert_eq!(
        now["since"]["differences"],
        json!([
            change("things", 2),
            change("things sensor", 2),
            change("certificates", 4),
            change("certificates ACTIVE", 2),
            change("certificates INACTIVE", 2),
        ])
    );
    let (_, stdout, _) = ask(&["--since", "before.json"]);
    let row = stdout.lines().find(|line| line.contains("certificates INACTIVE")).unwrap();
    assert!(row.contains("+2") && row.ends_with("from 0"), "{row}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_not_be_asked_is_named_and_the_rest_is_there() {
    let world = World::new().await;
    let folder = tempfile::tempdir().unwrap();
    let auditor = Person::with(&world, "auditor").await;
    let [id, secret] = &auditor.keys;
    let iam = aws_sdk_iam::Client::new(&world.cloud.aws_config());
    let deny = json!({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Deny", "Action": "iot:ListPolicies", "Resource": "*"}],
    });
    let put = iam.put_user_policy().user_name("auditor").policy_name("deny");
    put.policy_document(deny.to_string()).send().await.unwrap();

    let (status, stdout, stderr) = summary([id, secret], &world, folder.path(), &[]);
    assert_eq!(status, Some(1), "{stderr}");
    let row = |what: &str| stdout.lines().find(|line| line.trim_start().starts_with(what)).unwrap();
    assert!(row("policies").contains("may not be asked: "), "{stdout}");
    assert!(row("certificates").ends_with(" 0") && row("thing groups").ends_with(" 1"), "{stdout}");
    assert!(stderr.contains("policies may not be asked: it takes iot:ListPolicies"), "{stderr}");

    for (content, said) in [
        (None, "cannot read other.json"),
        (Some("{}"), "other.json is no summary"),
        (
            Some(
                r#"{"identity": "", "account": "123", "region": "eu-central-1", "at": "", "counts": {}}"#,
            ),
            "that summary is of account 123 in eu-central-1",
        ),
    ] {
        if let Some(content) = content {
            fs::write(folder.path().join("other.json"), content).unwrap();
        }
        let (status, stdout, stderr) =
            summary(ROOT, &world, folder.path(), &["--since", "other.json"]);
        assert_eq!((status, stdout.as_str()), (Some(2), ""), "{stderr}");
        assert!(stderr.contains(said) && stderr.contains("hint: "), "{stderr}");
    }
}
