//! `cargo xtask redrive`: a run takes up what another one left, and nothing else.

use std::{collections::BTreeSet, process::Output};

use aws_sdk_iot::types::CertificateStatus;
use aws_sdk_sfn::types::ExecutionStatus;
use gate::Then;
use infra::Config;
use ledger::Report;
use serde_json::{Value, json};
use xtask::deployment;

use crate::{
    command_line::xtask_as,
    factory::{self, device_infos, factory},
    person::Person,
    samples::{self, Authority, Signer, parameters},
    standing::{id, list, sensor},
    world::{Making, Run, SIX_CALLS, STACK, World, bucket, device, zips},
};

const SENSOR: [&str; 1] = ["sensor-base"];

/// What the command said, and with which status it ended.
struct Said {
    status: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Said {
    /// The report on stdout, which holds nothing else.
    #[track_caller]
    fn report(&self) -> Report {
        let Self { status, stdout, stderr } = self;
        serde_json::from_str(stdout).unwrap_or_else(|error| panic!("{error} {status:?} {stderr}"))
    }
}

fn redrive_as(keys: [&str; 2], world: &World, arguments: &[&str]) -> Said {
    let folder = tempfile::tempdir().unwrap();
    let Output { status, stdout, stderr } =
        xtask_as(keys, world, folder.path(), &[&["redrive"], arguments].concat());
    let [stdout, stderr] = [stdout, stderr].map(|text| String::from_utf8(text).unwrap());
    Said { status: status.code(), stdout, stderr }
}

fn redrive(world: &World, run: &str) -> Said {
    redrive_as(["test", "test"], world, &["--json", run])
}

/// Takes up a run, and gives the new one. Its books balance, and nothing but these devices was asked for or touched.
async fn taken_up(world: &World, machine: &str, run: &str, about: &[String]) -> Run {
    let before = world.gate.log().len();
    let said = redrive(world, run);
    let report = said.report();
    let mut subjects: BTreeSet<String> =
        world.gate.log().into_iter().skip(before).map(|call| call.subject).collect();
    // What the profile names.
    for name in ["", "sensor-base", "sensors", "sensor"] {
        subjects.remove(name);
    }
    assert_eq!(subjects, about.iter().cloned().collect(), "{}", said.stderr);
    assert_eq!(report.resumes.as_deref(), Some(run));
    assert!(report.run.contains("-again-") && report.run.len() <= 80, "{}", report.run);
    assert!(
        report.summary.ends_with(&format!("took up what `{run}` had left")),
        "{}",
        report.summary
    );
    let ended = world.ended_of(machine, &report.run).await;
    assert_eq!(ended.report(), &report);
    let plan: ledger::Plan =
        serde_json::from_slice(&world.run_file(&report.run, "plan.json").await.unwrap()).unwrap();
    assert_eq!(plan.resumes.as_deref(), Some(run));
    ended
}

#[tokio::test(flavor = "multi_thread")]
async fn what_failed_is_taken_up_and_nothing_else_is_touched() {
    let world = Making::with(SIX_CALLS).world().await;
    let authority = Authority::new("Test CA");
    let [plain, renewed, other] = ["plain", "renewed", "other"].map(|name| authority.leaf(name));
    sensor(&world, "renewed", &authority.leaf("renewed"), CertificateStatus::Active).await;
    let file = list(&[&plain, &renewed]) + "bm8gY2VydGlmaWNhdGU=\n" + &list(&[&other]);
    let first = world.import("generated", "reel-7.txt", file).await;
    assert_eq!(first.summary(), "4 read, 2 created, 1 conflict, 1 rejected; red");
    assert!(first.cause.contains("report.json"));

    // Nobody has put anything right yet.
    let about = ["renewed".to_owned()];
    let second = taken_up(&world, "import", &first.name, &about).await;
    assert_eq!(second.summary(), "1 read, 1 conflict; red");
    assert_eq!(second.result(2)["code"], "Thing.HasAnotherCertificate", "under the same number");
    assert!(second.name.starts_with("reel-7-txt-again-"), "{}", second.name);

    let old = world.device("renewed").await.unwrap().certificates[0].0.clone();
    let arn = format!("arn:aws:iot:us-east-1:{}:cert/{old}", world.account());
    world.iot.detach_thing_principal().thing_name("renewed").principal(arn).send().await.unwrap();
    let about = ["renewed".to_owned(), id(&renewed)];
    let third = taken_up(&world, "import", &second.name, &about).await;
    assert_eq!(third.summary(), "1 read, 1 updated");
    assert_eq!(third.status, ExecutionStatus::Succeeded);
    for (name, der) in [("plain", &plain), ("renewed", &renewed), ("other", &other)] {
        assert_eq!(world.device(name).await, Some(device(&id(der), &SENSOR)), "{name}");
    }

    let runs = world.runs().await.len();
    let nothing = redrive(&world, &third.name);
    assert_eq!((nothing.status, nothing.stdout.as_str()), (Some(0), ""), "{}", nothing.stderr);
    assert!(nothing.stderr.contains("Nothing was started"), "{}", nothing.stderr);
    assert_eq!(world.runs().await.len(), runs);

    // The first run's results say what they said; what was put right since is found whole.
    let again = redrive(&world, &first.name);
    assert_eq!((again.status, again.report().counts.unchanged), (Some(0), 1), "{}", again.stderr);
    assert!(
        again.stderr.contains(&format!("was taken up before, by {}", second.name)),
        "{}",
        again.stderr
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signer_that_came_late_makes_its_entries_succeed() {
    let world = Making::with(SIX_CALLS).waiting("0.02").world().await;
    let authority = Authority::new("Test CA");
    let [known, late] = ["Known Signer", "Late Signer"].map(Signer::new);
    let elements: Vec<Value> = [(1, &known), (2, &late), (3, &known), (4, &late)]
        .map(|(number, signer)| samples::Device::new(number, &authority).element(signer))
        .into();
    world.import("microchip", "known.crt", samples::pem(&known.der)).await;
    let first = world.import("microchip", "reel.json", json!(elements).to_string()).await;
    assert_eq!(first.summary(), "4 read, 2 created, 2 rejected; red");
    world.import("microchip", "late.crt", samples::pem(&late.der)).await;

    let said = redrive(&world, &first.name);
    let report = said.report();
    assert_eq!((report.counts.read, report.counts.created), (2, 2), "{}", said.stderr);
    assert_eq!(report.signers, [late.certificate().id().to_string()], "of those taken up");
    assert_eq!(world.registered().await, (4, 4));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_configuration_that_is_in_force_now_counts_and_duplicates_are_found_in_the_whole_file()
{
    let profile = |more: &str| format!("[profile.default]\npolicies = [\"sensor-base\"]\n{more}\n");
    let by_fingerprint = "thing_name = \"{fingerprint}\"";
    let asking = format!("{by_fingerprint}\nattributes = {{ name = \"{{cn}}\" }}");
    let world = Making::with(&profile(&asking)).world().await;
    let deploy = async |more: &str| {
        let config = Config::parse(&format!("stack = \"{STACK}\"\n{}", profile(more))).unwrap();
        let config = deployment::for_local_cloud(config, STACK);
        deployment::deploy(&world.cloud.aws_config(), &config, zips()).await.unwrap();
    };
    let authority = Authority::new("Test CA");
    let key = rcgen::KeyPair::generate().unwrap();
    let [named, nameless] = ["named", ""].map(|name| authority.issue(&parameters(name), &key));
    let first = world.import("generated", "list.txt", list(&[&named, &nameless])).await;
    assert_eq!(first.summary(), "2 read, 1 created, 1 rejected; red");
    assert_eq!(first.problem(), "Attribute.NoField");

    // One key, so one serial number: a name for both.
    deploy("thing_name = \"t-{serial}\"").await;
    let second = redrive(&world, &first.name).report();
    assert_eq!((second.counts.read, second.counts.conflict), (1, 1));
    let problem = &second.problems[0];
    assert_eq!(problem.code, "Manifest.DuplicateName");
    assert!(problem.reason.starts_with("entry 1 of this file"), "{}", problem.reason);

    deploy(by_fingerprint).await;
    let third = redrive(&world, &first.name).report();
    assert_eq!((third.counts.read, third.counts.created), (1, 1), "{}", third.summary);
    assert_eq!(world.registered().await, (2, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_was_stopped_is_taken_up_where_it_ended() {
    let world = Making::with(SIX_CALLS).waiting("0.2").world().await;
    let (sfn, machine) = (world.sfn.clone(), world.machine("import"));
    world.gate.strike_at("RegisterCertificateWithoutCA", 4, async move || {
        let runs = sfn.list_executions().state_machine_arn(machine).send().await.unwrap();
        let run = runs.executions.into_iter().next().unwrap();
        sfn.stop_execution().execution_arn(run.execution_arn).send().await.unwrap();
        Then::PassOn
    });
    let authority = Authority::new("Test CA");
    let leaves: Vec<_> = (0..30).map(|number| authority.leaf(&format!("d-{number}"))).collect();
    let file = list(&leaves.iter().map(Vec::as_slice).collect::<Vec<_>>());
    world.upload("generated", "list.txt", file).await;
    let name = world.next_run(&[]).await;
    let first = world.ended(&name).await;
    let done = first.report().counts.created;
    let left = first.report().counts.not_attempted;
    assert_eq!((done + left, left > 0), (30, true), "{}", first.summary());

    let about: Vec<String> = (1..)
        .zip(&leaves)
        .filter(|(entry, _)| first.result(*entry)["outcome"] == "not_attempted")
        .flat_map(|(entry, der)| [first.result(entry)["thing"].clone(), id(der)])
        .collect();
    let second = taken_up(&world, "import", &name, &about).await;
    assert_eq!(second.summary(), format!("{left} read, {left} created"));
    assert_eq!(world.registered().await, (30, 30));
    let finished = format!("files/{}.json", second.report().source.sha256);
    let noted = world.s3.head_object().bucket(bucket("runs")).key(finished).send().await;
    assert!(noted.is_ok(), "between them, the two runs went through the file");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_stopped_before_its_entries_leaves_all_that_it_was_to_take_up() {
    let world = Making::with(SIX_CALLS).without_registry_objects().world().await;
    let authority = Authority::new("Test CA");
    let [taken, free] = ["taken", "free"].map(|name| authority.leaf(name));
    let file = list(&[&taken, &free]);
    let first = world.import("generated", "list.txt", file).await;
    assert!(first.stop().0.starts_with("Preflight."), "{:?}", first.stop());

    // All of the file, because the first run came to none.
    let config = Config::parse(&format!("stack = \"{STACK}\"\n{SIX_CALLS}")).unwrap();
    xtask::registry_objects::ensure(&world.cloud.aws_config(), &config).await.unwrap();
    sensor(&world, "taken", &authority.leaf("taken"), CertificateStatus::Active).await;
    let second = redrive(&world, &first.name).report();
    assert_eq!((second.counts.read, second.counts.created, second.counts.conflict), (2, 1, 1));

    let policy = world.iot.get_policy().policy_name("sensor-base").send().await.unwrap();
    let detached = world.certificate(&id(&free)).await.unwrap();
    assert_eq!(detached.1, SENSOR);
    world
        .iot
        .detach_policy()
        .policy_name("sensor-base")
        .target(arn(&world, &free).await)
        .send()
        .await
        .unwrap();
    world.iot.delete_policy().policy_name("sensor-base").send().await.unwrap();
    let third = redrive(&world, &second.run);
    assert_eq!(third.status, Some(3), "{}", third.stderr);
    let third = third.report();
    assert_eq!(third.stopped.unwrap().code, "Preflight.NoPolicy");
    assert_eq!(third.resumes, Some(second.run));

    let create = world.iot.create_policy().policy_name("sensor-base");
    create.policy_document(policy.policy_document.unwrap()).send().await.unwrap();
    let about = ["taken".to_owned()];
    let fourth = taken_up(&world, "import", &third.run, &about).await;
    assert_eq!(
        fourth.summary(),
        "1 read, 1 conflict; red",
        "what the second run left, and no more"
    );
}

async fn arn(world: &World, der: &[u8]) -> String {
    let found = world.iot.describe_certificate().certificate_id(id(der)).send().await.unwrap();
    found.certificate_description.unwrap().certificate_arn.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn devices_that_a_factory_named_too_early_are_activated() {
    let (world, [early, ready]) = factory(["early", "ready"]).await;
    factory::register(&world, &[&ready]).await;
    let first = world.activate("lot-7.json", device_infos(&[early.info(), ready.info()])).await;
    assert_eq!(first.summary(), "2 read, 1 created, 1 waiting; red");
    factory::register(&world, &[&early]).await;

    let about = ["early".to_owned(), early.id.clone()];
    let second = taken_up(&world, "activate", &first.name, &about).await;
    assert_eq!(second.summary(), "1 read, 1 created");
    assert_eq!(second.report().batch.as_deref(), Some("lot-7"));
    assert!(early.connects(&world) && ready.connects(&world));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_may_redrive_and_who_uploads_may_not() {
    let world = Making::with(SIX_CALLS).world().await;
    let authority = Authority::new("Test CA");
    sensor(&world, "taken", &authority.leaf("taken"), CertificateStatus::Active).await;
    let run = world.import("generated", "list.txt", list(&[&authority.leaf("taken")])).await;
    let operator = Person::with(&world, "operator").await;
    let uploader = Person::with(&world, "upload").await;
    let try_as = |person: &Person| {
        let [id, secret] = &person.keys;
        redrive_as([id, secret], &world, &["--json", &run.name])
    };
    let refused = try_as(&uploader);
    assert_eq!((refused.status, refused.stdout.as_str()), (Some(3), ""), "{}", refused.stderr);
    assert!(
        refused.stderr.contains("hint: people who look at runs need the policy"),
        "{}",
        refused.stderr
    );
    let done = try_as(&operator);
    assert_eq!((done.status, done.report().counts.conflict), (Some(1), 1), "{}", done.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_cannot_be_taken_up_is_refused_in_a_sentence() {
    let world = Making::with(SIX_CALLS).world().await;
    let authority = Authority::new("Test CA");
    sensor(&world, "taken", &authority.leaf("taken"), CertificateStatus::Active).await;
    let left = list(&[&authority.leaf("taken")]);
    let gone = world.import("generated", "gone.txt", left.clone()).await;
    let other = world.import("generated", "other.txt", left).await;
    let hopeless = world.import("generated", "hopeless.txt", "bm8gY2VydGlmaWNhdGU=\nbm8=\n").await;
    let cut = world
        .import("generated", "key.txt", samples::private_key().private_key_to_pem_pkcs8().unwrap())
        .await;
    let report = world.run_file(&other.name, "report.json").await.unwrap();
    let put = async |key: &str, body: Vec<u8>| {
        world
            .s3
            .put_object()
            .bucket(bucket("runs"))
            .key(key)
            .body(body.into())
            .send()
            .await
            .unwrap();
    };
    put("runs/dry-1/report.json", report.clone()).await;
    put("runs/dry-1/plan.json", br#"{"dry": true}"#.to_vec()).await;
    put("runs/undo-1/report.json", report).await;
    put("runs/undo-1/plan.json", br#"{"undoes": "x"}"#.to_vec()).await;
    let versions = world
        .s3
        .list_object_versions()
        .bucket(bucket("generated"))
        .prefix("gone.txt")
        .send()
        .await
        .unwrap();
    for version in versions.versions() {
        let delete = world.s3.delete_object().bucket(bucket("generated")).key("gone.txt");
        delete.set_version_id(version.version_id.clone()).send().await.unwrap();
    }

    let runs = world.runs().await;
    for (run, status, words) in [
        ("no-such-run", 3, "has no run `no-such-run`"),
        (gone.name.as_str(), 3, "is not there any more in the version that the run read"),
        ("dry-1", 3, "was a dry run or took an import back"),
        ("undo-1", 3, "was a dry run or took an import back"),
        (&hopeless.name, 0, "needs a corrected file. Nothing was started"),
        (&cut.name, 0, "needs a corrected file. Nothing was started"),
    ] {
        let said = redrive(&world, run);
        assert_eq!(
            (said.status, said.stdout.as_str()),
            (Some(status), ""),
            "{run}: {}",
            said.stderr
        );
        assert!(said.stderr.contains(words), "{run}: {}", said.stderr);
        assert_eq!(said.stderr.contains("hint: "), status == 3, "{run}: {}", said.stderr);
    }
    assert_eq!(world.runs().await, runs, "none of them started anything");

    // The machine does not rely on who starts it.
    let start = async |name: &str, key: &str, resume: &str| {
        let input = json!({
            "vendor": "generated", "object": {"bucket": bucket("generated"), "key": key}, "resume": resume,
        });
        let start =
            world.sfn.start_execution().state_machine_arn(world.machine("import")).name(name);
        start.input(input.to_string()).send().await.unwrap();
        let ended = world.ended(name).await;
        assert_eq!(ended.report().resumes.as_deref(), Some(resume));
        ended.stop().0.to_owned()
    };
    assert_eq!(start("a", "other.txt", "no-such-run").await, "Redrive.NoReport");
    assert_eq!(start("b", "other.txt", &hopeless.name).await, "Redrive.OtherFile");
    assert_eq!(start("c", "other.txt", "dry-1").await, "Redrive.OtherKind");
    assert_eq!(start("d", "hopeless.txt", &hopeless.name).await, "Redrive.NothingLeft");
    let results = format!("runs/{}/results.csv", other.name);
    world.s3.delete_object().bucket(bucket("runs")).key(&results).send().await.unwrap();
    assert_eq!(start("e", "other.txt", &other.name).await, "Redrive.NoResults");
    put(&results, b"entry,retry\n1,yes\n7,yes\n9,no\n".to_vec()).await;
    assert_eq!(start("f", "other.txt", &other.name).await, "Redrive.OtherEntries");
    assert_eq!(world.registered().await.0, 1, "nothing was written to AWS IoT");
}
