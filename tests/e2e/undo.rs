//! A run is taken back: what it added goes, and nothing else.

use std::{collections::BTreeMap, fs};

use aws_sdk_iot::types::{AttributePayload, CertificateStatus};
use aws_sdk_sfn::types::ExecutionStatus;
use gate::{Then, kill_function};
use ledger::{Report, Verdict};

use crate::{
    command_line::xtask_as,
    factory::{device_infos, factory, register as register_certificates, set_status},
    person::{Person, allowed, refused},
    samples::Authority,
    standing::{attach, create_thing, describe, id, list, register, sensor},
    world::{Making, Run, SIX_CALLS, STACK, World, bucket},
};

const ADOPTING: &str = r#"
[profile.default]
policies = ["sensor-base", "sensor-telemetry"]
thing_groups = ["sensors", "plant"]
thing_type = "sensor"
on_conflict = "adopt"
attributes = { line = "north" }

[profile.others]
policies = ["others-base"]
thing_groups = ["gateways"]
thing_type = "gateway"
"#;

/// Everything that the account holds of devices, by name: what an undo has to bring back.
///
/// Creation times and a thing's version number are not among it: AWS IoT counts a version up whenever
/// a thing is changed, also where it is changed back.
async fn account(world: &World) -> BTreeMap<String, String> {
    let iot = &world.iot;
    let mut account = BTreeMap::new();
    for thing in iot.list_things().send().await.unwrap().things() {
        let name = thing.thing_name().unwrap();
        let attributes: BTreeMap<_, _> =
            thing.attributes().cloned().unwrap_or_default().into_iter().collect();
        let found = iot.list_thing_groups_for_thing().thing_name(name).send().await.unwrap();
        let groups = found.thing_groups().iter().filter_map(|group| group.group_name.clone());
        let found = iot.list_thing_principals().thing_name(name).send().await.unwrap();
        let text = format!(
            "{:?} {attributes:?} {:?} {:?}",
            thing.thing_type_name(),
            sorted(groups.collect()),
            sorted(found.principals().to_vec())
        );
        account.insert(format!("thing {name}"), text);
    }
    for certificate in iot.list_certificates().send().await.unwrap().certificates() {
        let arn = certificate.certificate_arn().unwrap();
        let found = iot.list_attached_policies().target(arn).send().await.unwrap();
        let policies = found.policies().iter().filter_map(|policy| policy.policy_name.clone());
        let found = iot.list_principal_things().principal(arn).send().await.unwrap();
        let text = format!(
            "{} {:?} {:?}",
            certificate.status().unwrap(),
            sorted(policies.collect()),
            sorted(found.things().to_vec())
        );
        account.insert(format!("certificate {}", certificate.certificate_id().unwrap()), text);
    }
    account
}

fn sorted(mut names: Vec<String>) -> Vec<String> {
    names.sort();
    names
}

/// The operations that write to AWS IoT.
fn writes(world: &World) -> BTreeMap<&'static str, u64> {
    let reads = ["Describe", "Get", "List"];
    let is_write = |call: &str| !reads.iter().any(|read| call.starts_with(read));
    world.gate.calls().into_iter().filter(|(call, _)| is_write(call)).collect()
}

#[track_caller]
fn code_of(run: &Run, entry: u64) -> (&str, &str) {
    (&run.result(entry)["outcome"], &run.result(entry)["code"])
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_of_new_and_existing_devices_leaves_no_trace() {
    let world = Making::with(ADOPTING).waiting("0.1").world().await;
    let authority = Authority::new("Test CA");
    let names = ["fresh", "whole", "part", "free", "alone", "renewed", "untyped", "bad"];
    let [fresh, whole, part, free, alone, renewed, untyped, bad] =
        names.map(|name| authority.leaf(name));
    world.import("generated", "before.txt", list(&[&whole])).await;
    sensor(&world, "part", &part, CertificateStatus::Inactive).await;
    describe(&world, "part", &[("line", "south"), ("owner", "ann")]).await;
    create_thing(&world, "free", Some("sensor")).await;
    let join = world.iot.add_thing_to_thing_group().thing_name("free").thing_group_name("plant");
    join.send().await.unwrap();
    let arn = register(&world, &alone, CertificateStatus::Active).await;
    for policy in ["sensor-base", "others-base"] {
        world.iot.attach_policy().policy_name(policy).target(&arn).send().await.unwrap();
    }
    sensor(&world, "renewed", &authority.leaf("renewed"), CertificateStatus::Active).await;
    create_thing(&world, "untyped", None).await;
    register(&world, &bad, CertificateStatus::Active).await;
    set_status(&world, &id(&bad), CertificateStatus::Revoked).await;
    let before = account(&world).await;

    let file = list(&[&fresh, &whole, &part, &free, &alone, &renewed, &untyped, &bad]);
    let words = "8 read, 1 created, 1 unchanged, 5 updated, 1 conflict; red";
    let run = world.import("generated", "reel.txt", file.clone()).await;
    assert_eq!(run.summary(), words);
    let after = account(&world).await;
    assert_ne!(after, before);

    let calls = writes(&world);
    let told = world.undo(&run.name, true).await;
    assert_eq!(told.summary(), "6 read, 6 removed");
    assert_eq!(writes(&world), calls, "only told");
    assert_eq!(account(&world).await, after);
    let report = told.report();
    assert_eq!((report.undoes.as_deref(), report.dry), (Some(run.name.as_str()), true));
    assert!(report.summary.contains("would be taken back"), "{}", report.summary);
    assert!(world.run_file(&told.name, "told.json").await.is_none(), "nobody is told");

    let undo = world.undo(&run.name, false).await;
    assert_eq!(undo.summary(), "6 read, 6 removed");
    assert_eq!(account(&world).await, before);
    let entries: Vec<_> = (1..=8).filter(|entry| undo.find(*entry).is_some()).collect();
    assert_eq!(entries, [1, 3, 4, 5, 6, 7], "what it did not touch is none of its books");

    let again = world.undo(&run.name, false).await;
    assert_eq!(again.summary(), "6 read, 6 removed");
    assert_eq!(account(&world).await, before);
    // The file is known, and what it made is gone all the same.
    let rerun = world.import("generated", "reel.txt", file).await;
    assert_eq!(rerun.summary(), words);
    let made_again = account(&world).await;
    assert_eq!(made_again, after);
    let late = world.undo(&run.name, false).await;
    assert_eq!(late.summary(), "6 read, 6 removed", "its own devices are gone for good");
    assert_eq!(account(&world).await, made_again, "another run's devices are not touched");
    assert_eq!(world.undo(&rerun.name, false).await.summary(), "6 read, 6 removed");
    assert_eq!(account(&world).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_changed_since_is_kept_and_named() {
    let world = Making::with(ADOPTING).waiting("0.1").world().await;
    let authority = Authority::new("Test CA");
    let names = [
        "untouched",
        "described",
        "stopped",
        "trusted",
        "moved",
        "shared",
        "lent",
        "gone",
        "halved",
    ];
    let leaves = names.map(|name| authority.leaf(name));
    let leaves: Vec<&[u8]> = leaves.iter().map(Vec::as_slice).collect();
    let run = world.import("generated", "reel.txt", list(&leaves)).await;
    assert_eq!(run.summary(), "9 read, 9 created");

    let iot = &world.iot;
    let arn = async |at: usize| {
        let found = iot.describe_certificate().certificate_id(id(leaves[at])).send().await.unwrap();
        found.certificate_description.unwrap().certificate_arn.unwrap()
    };
    describe(&world, "described", &[("line", "a-secret-value")]).await;
    set_status(&world, &id(leaves[2]), CertificateStatus::Inactive).await;
    iot.attach_policy().policy_name("others-base").target(arn(3).await).send().await.unwrap();
    let join = iot.add_thing_to_thing_group().thing_name("moved").thing_group_name("gateways");
    join.send().await.unwrap();
    let other = register(&world, &authority.leaf("shared"), CertificateStatus::Active).await;
    attach(&world, "shared", &other).await;
    create_thing(&world, "borrower", None).await;
    attach(&world, "borrower", &arn(6).await).await;
    remove(&world, "gone", &arn(7).await).await;
    let detach = iot.detach_thing_principal().thing_name("halved").principal(arn(8).await);
    detach.send().await.unwrap();
    iot.delete_thing().thing_name("halved").send().await.unwrap();
    let changed = account(&world).await;

    let told = world.undo(&run.name, true).await;
    assert_eq!(told.summary(), "9 read, 2 removed, 7 kept; red");
    let undo = world.undo(&run.name, false).await;
    assert_eq!(undo.summary(), "9 read, 2 removed, 7 kept; red");
    for (entry, expected, words) in [
        (1, ("removed", ""), ""),
        (2, ("kept", "Undo.ThingChanged"), "its thing has other values of `line`"),
        (3, ("kept", "Undo.StatusChanged"), "its certificate is INACTIVE"),
        (4, ("kept", "Undo.PoliciesChanged"), "has the further policies `others-base`"),
        (5, ("kept", "Undo.GroupsChanged"), "has the further groups `gateways`"),
        (6, ("kept", "Undo.AttachmentsChanged"), "its thing has another certificate as well"),
        (7, ("kept", "Undo.AttachmentsChanged"), "is attached to `borrower` as well"),
        (8, ("removed", ""), ""),
        (9, ("kept", "Undo.PartGone"), "its thing is gone"),
    ] {
        assert_eq!(code_of(&told, entry), expected, "told of entry {entry}");
        assert_eq!(code_of(&undo, entry), expected, "entry {entry}");
        let reason = &undo.result(entry)["reason"];
        assert!(reason.contains(words) && !reason.contains("a-secret-value"), "{reason}");
    }
    let mut expected = changed;
    expected.remove("thing untouched");
    expected.remove(&format!("certificate {}", id(leaves[0])));
    assert_eq!(account(&world).await, expected);
    assert_eq!(undo.report().verdict, Verdict::DoneWithFailures);
}

/// Removes a device by hand.
async fn remove(world: &World, thing: &str, arn: &str) {
    let iot = &world.iot;
    let id = arn.rsplit('/').next().unwrap();
    set_status(world, id, CertificateStatus::Inactive).await;
    iot.detach_thing_principal().thing_name(thing).principal(arn).send().await.unwrap();
    iot.delete_thing().thing_name(thing).send().await.unwrap();
    iot.delete_certificate().certificate_id(id).force_delete(true).send().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn each_of_the_two_phases_is_taken_back_by_itself() {
    let (world, [made]) = factory(["device-1"]).await;
    let nothing = account(&world).await;
    let phase_1 = register_certificates(&world, &[&made]).await;
    let registered = account(&world).await;
    let infos = device_infos(&[made.info()]);
    let phase_2 = world.activate("lot-7.json", infos.clone()).await;
    assert_eq!(phase_2.summary(), "1 read, 1 created");
    assert!(made.connects(&world));
    let mark = format!("activated/{}", made.id);
    assert!(exists(&world, &mark).await);

    let early = world.undo(&phase_1.name, false).await;
    assert_eq!(early.summary(), "1 read, 1 kept; red", "its certificate is a device's by now");
    assert_eq!(early.problem(), "Undo.StatusChanged");
    let undo = world.undo(&phase_2.name, false).await;
    assert_eq!(undo.summary(), "1 read, 1 removed");
    assert_eq!(account(&world).await, registered, "the certificate waits for its activation again");
    assert!(!made.connects(&world));
    assert!(!exists(&world, &mark).await, "it is no device that somebody deactivated");
    let again = world.activate("lot-7.json", infos).await;
    assert_eq!(again.summary(), "1 read, 1 created");
    assert_eq!(world.undo(&again.name, false).await.summary(), "1 read, 1 removed");
    assert_eq!(world.undo(&phase_1.name, false).await.summary(), "1 read, 1 removed");
    assert_eq!(account(&world).await, nothing);
}

async fn exists(world: &World, key: &str) -> bool {
    world.s3.head_object().bucket(bucket("runs")).key(key).send().await.is_ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_killed_between_two_calls_takes_back_all_the_same() {
    let world = Making::with(SIX_CALLS).waiting("0.1").world().await;
    let nothing = account(&world).await;
    let authority = Authority::new("Test CA");
    for operation in [
        "DescribeThing",
        "UpdateCertificate",
        "DetachPolicy",
        "RemoveThingFromThingGroup",
        "DetachThingPrincipal",
        "DeleteThing",
        "DeleteCertificate",
    ] {
        for then in [Then::PassOn, Then::Lose] {
            let name = format!("killed-at-{operation}-{then:?}");
            let file = format!("{name}.txt");
            let run = world.import("generated", &file, list(&[&authority.leaf(&name)])).await;
            let gate = world.gate.address;
            world.gate.strike_at(operation, 1, async move || {
                kill_function(gate, &format!("{STACK}-undo"));
                then
            });
            let undo = world.undo(&run.name, false).await;
            assert_eq!(undo.summary(), "1 read, 1 removed", "{name}");
            assert_eq!(account(&world).await, nothing, "{name}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_failed_device_left_behind_is_taken_back() {
    let world = Making::with(SIX_CALLS).waiting("0.1").world().await;
    let nothing = account(&world).await;
    let iot = world.iot.clone();
    world.gate.strike_at("AttachPolicy", 1, async move || {
        iot.delete_policy().policy_name("sensor-base").send().await.unwrap();
        Then::PassOn
    });
    let leaf = Authority::new("Test CA").leaf("device-1");
    let run = world.import("generated", "list.txt", list(&[&leaf])).await;
    assert_eq!(run.problem(), "Aws.NotFound");
    assert_ne!(account(&world).await, nothing, "its certificate and its thing are there");
    assert_eq!(world.undo(&run.name, false).await.summary(), "1 read, 1 removed");
    assert_eq!(account(&world).await, nothing);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_undo_that_was_stopped_gets_its_report_and_another_one_ends_it() {
    let world = Making::with(SIX_CALLS).waiting("0.2").world().await;
    let nothing = account(&world).await;
    let authority = Authority::new("Test CA");
    let leaves: Vec<_> = (0..3).map(|number| authority.leaf(&format!("device-{number}"))).collect();
    let leaves: Vec<&[u8]> = leaves.iter().map(Vec::as_slice).collect();
    let run = world.import("generated", "list.txt", list(&leaves)).await;
    let (sfn, machine) = (world.sfn.clone(), world.machine("undo"));
    world.gate.strike_at("UpdateCertificate", 1, async move || {
        let runs = sfn.list_executions().state_machine_arn(machine).send().await.unwrap();
        let run = runs.executions.into_iter().next().unwrap();
        sfn.stop_execution().execution_arn(run.execution_arn).send().await.unwrap();
        Then::PassOn
    });
    let stopped = world.undo(&run.name, false).await;
    assert_eq!(stopped.status, ExecutionStatus::Aborted);
    let report = stopped.report();
    assert_eq!(report.undoes.as_deref(), Some(run.name.as_str()));
    assert!(!exists(&world, &format!("rate/active/{}", stopped.name)).await);
    let undo = world.undo(&run.name, false).await;
    assert_eq!(undo.summary(), "3 read, 3 removed");
    assert_eq!(account(&world).await, nothing);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_taken_back_is_refused_with_the_reason() {
    let world = Making::with(SIX_CALLS).waiting("0.1").world().await;
    let leaf = Authority::new("Test CA").leaf("device-1");
    let run = world.import("generated", "list.txt", list(&[&leaf])).await;
    let empty = world.import("generated", "empty.txt", "").await;
    let made = account(&world).await;
    let told = world.undo(&run.name, true).await;

    let copy = world.s3.copy_object().bucket(bucket("runs"));
    let plan = format!("{}/runs/{}/plan.json", bucket("runs"), run.name);
    copy.copy_source(plan).key("runs/going/plan.json").send().await.unwrap();
    for (name, expected, words) in [
        ("no-such-run", "Undo.NoSuchRun", "there is no run `no-such-run`"),
        ("going", "Undo.StillGoing", "still going"),
        (&empty.name, "Undo.NoSuchRun", "it ended before its file was recognized"),
        (&told.name, "Undo.MadeNothing", "it took back"),
    ] {
        let refused = world.undo(name, false).await;
        let (code, reason) = refused.stop();
        assert_eq!(code, expected);
        assert!(reason.contains(words), "{reason}");
        assert!(refused.cause.contains("Nothing was taken back"), "{}", refused.cause);
    }
    world.put_in_runs(&format!("runs/{}/undone/another", run.name), "").await;
    assert_eq!(world.undo(&run.name, false).await.stop().0, "Undo.UnderWay");
    let runs = world.s3.delete_object().bucket(bucket("runs"));
    runs.key(format!("runs/{}/undone/another", run.name)).send().await.unwrap();
    let runs = world.s3.delete_object().bucket(bucket("runs"));
    runs.key(format!("runs/{}/work.jsonl", run.name)).send().await.unwrap();
    let expired = world.undo(&run.name, false).await;
    let (code, reason) = expired.stop();
    assert_eq!(code, "Undo.Expired");
    assert!(reason.contains("30 days"), "{reason}");
    assert_eq!(account(&world).await, made, "nothing was written");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_run_of_an_earlier_version_made_can_be_taken_back_and_what_it_completed_is_kept() {
    let world = Making::with(SIX_CALLS).waiting("0.1").world().await;
    let authority = Authority::new("Test CA");
    let [new, part] = ["new", "part"].map(|name| authority.leaf(name));
    sensor(&world, "part", &part, CertificateStatus::Active).await;
    let run = world.import("generated", "list.txt", list(&[&new, &part])).await;
    assert_eq!(run.summary(), "2 read, 1 created, 1 updated");
    // An earlier version noted only what stood.
    for unit in 1..=2 {
        let key = format!("intents/{unit:08}.json");
        let intent = world.run_file(&run.name, &key).await.unwrap();
        let mut intent: serde_json::Value = serde_json::from_slice(&intent).unwrap();
        intent.as_object_mut().unwrap().remove("added");
        let put = world.s3.put_object().bucket(bucket("runs"));
        let put = put.key(format!("runs/{}/{key}", run.name));
        put.body(intent.to_string().into_bytes().into()).send().await.unwrap();
    }
    let undo = world.undo(&run.name, false).await;
    assert_eq!(undo.summary(), "2 read, 1 removed, 1 kept; red");
    assert_eq!(code_of(&undo, 2), ("kept", "Undo.NotNoted"));
    assert_eq!(world.registered().await, (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_whoever_may_undo_takes_back_and_the_command_tells_first() {
    let world = Making::with(SIX_CALLS).waiting("0.1").world().await;
    let leaf = Authority::new("Test CA").leaf("device-1");
    let run = world.import("generated", "list.txt", list(&[&leaf])).await;
    let folder = tempfile::tempdir().unwrap();
    let undo = |person: &Person, arguments: &[&str]| {
        let [id, secret] = &person.keys;
        let output =
            xtask_as([id, secret], &world, folder.path(), &[&["undo"], arguments].concat());
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    };

    let operator = Person::with(&world, "operator").await;
    let (status, stdout, stderr) = undo(&operator, &[&run.name, "--yes"]);
    assert_eq!((status, stdout.as_str()), (Some(3), ""), "{stderr}");
    assert!(stderr.contains("acme-undo"), "{stderr}");

    let person = Person::with(&world, "undo").await;
    let (status, stdout, stderr) = undo(&person, &[&world.execution(&run.name)]);
    assert_eq!(status, Some(0), "{stderr}");
    assert!(stdout.contains("would be taken back") && stdout.contains("would go"), "{stdout}");
    let next = format!("cargo xtask undo {} --stack acme --yes", run.name);
    assert!(stderr.contains(&next), "{stderr}");
    assert_eq!(world.registered().await, (1, 1), "nothing was written");

    let (status, stdout, stderr) = undo(&person, &[&run.name, "--yes", "--json"]);
    assert_eq!(status, Some(0), "{stderr}");
    let report: Report = serde_json::from_str(&stdout).unwrap();
    assert_eq!((report.counts.read, report.counts.removed, report.dry), (1, 1, false));
    assert!(!stderr.contains("--yes"), "there is nothing left to do: {stderr}");
    assert_eq!(world.registered().await, (0, 0));

    let (status, _, stderr) = undo(&person, &[&report.run]);
    assert_eq!(status, Some(3), "{stderr}");
    assert!(stderr.contains("took back") && stderr.contains("import their file again"), "{stderr}");

    fs::write(folder.path().join("list.txt"), "x").unwrap();
    let start = person.sfn.start_execution().state_machine_arn(world.machine("import"));
    refused("start an import", start.input("{}").send()).await;
    let stop = person.sfn.stop_execution().execution_arn(world.execution(&run.name));
    refused("stop an import", stop.send()).await;
    let plan = person.get("runs", &format!("runs/{}/plan.json", run.name));
    allowed("read a run's plan", plan.send()).await;
    let payload = AttributePayload::builder().attributes("line", "x").build();
    let update = person.iot.update_thing().thing_name("device-1").attribute_payload(payload);
    refused("change a thing", update.send()).await;
    person.is_no_administrator(&world).await;
}
