//! `cargo xtask find` and `cargo xtask runs`: where is my device, and which runs were there?

use std::path::Path;

use aws_sdk_iot::types::CertificateStatus;
use aws_sdk_sfn::types::ExecutionStatus;
use ledger::{Index, IndexWriter, Names, RunTag, STAYS, Store};
use manifest::Certificate;
use serde_json::{Value, json};

use crate::{
    command_line::xtask_as,
    factory::{Made, device_infos, factory, register, set_status},
    notices::carried_out,
    person::Person,
    samples::{self, Authority, parameters, pem},
    world::{World, bucket},
};

/// What a command prints on stdout as JSON, and its exit status.
fn printed(world: &World, keys: [&str; 2], arguments: &[&str]) -> (Option<i32>, Value, String) {
    let output = xtask_as(keys, world, Path::new("."), arguments);
    let stderr = String::from_utf8(output.stderr).unwrap();
    let json = serde_json::from_slice(&output.stdout).unwrap_or_default();
    (output.status.code(), json, stderr)
}

fn find(world: &World, id: &str) -> Value {
    let (status, answer, stderr) = printed(world, ["test", "test"], &["find", id, "--json"]);
    assert_eq!(status, Some(0), "{id}: {stderr}");
    answer
}

/// The entries that were found: kind of the run, file, place, outcome.
fn seen(answer: &Value) -> Vec<String> {
    let entries = answer["seen"].as_array().unwrap().iter();
    let text = |entry: &Value, member: &str| entry[member].as_str().unwrap().to_owned();
    entries
        .map(|entry| ["kind", "file", "place", "outcome"].map(|name| text(entry, name)).join(" "))
        .collect()
}

/// What keeps the only device that was found from connecting.
fn hindrances(answer: &Value) -> Vec<&str> {
    let [device] = answer["devices"].as_array().unwrap().as_slice() else {
        panic!("one device: {answer:#}");
    };
    let causes = device["hindrances"].as_array().unwrap().iter();
    let causes: Vec<_> = causes.map(|each| each["cause"].as_str().unwrap()).collect();
    assert_eq!(device["can_connect"], causes.is_empty());
    causes
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_is_found_by_each_of_its_names_in_any_spelling() {
    let (world, [made]) = factory(["device-1"]).await;
    let chips = samples::World::new();
    let chip = samples::Device::new(7, &chips.authority);
    world.import("microchip", "signer.crt", pem(&chips.signer.der)).await;
    let manifest = json!([chip.element(&chips.signer)]).to_string();
    let run = world.import("microchip", "reel-7.json", manifest).await;
    assert_eq!(run.summary(), "1 read, 1 created");
    let module = Authority::new("Test CA").leaf("module one");
    let csv = format!("MAC,cn,cert\r\n30AEA4C0FFEE,module one,\"{}\"", pem(&module));
    let run = world.import("espressif", "modules.csv", csv).await;
    assert_eq!(run.summary(), "1 read, 1 created");
    let phase_1 = register(&world, &[&made]).await;
    let infos = device_infos(&[made.info()]);
    let phase_2 = world.activate("lot-7.json", infos.clone()).await;
    assert_eq!(phase_2.summary(), "1 read, 1 created");

    let serial = |der: &[u8]| Certificate::parse(der.to_vec()).unwrap().serial().to_uppercase();
    let id = |der: &[u8]| manifest::CertificateId::of(der).to_string();
    let colons = |hex: &str| {
        let pairs: Vec<_> =
            hex.as_bytes().chunks(2).map(|pair| String::from_utf8_lossy(pair)).collect();
        pairs.join(":")
    };
    let of_chip = [
        chip.unique_id.to_uppercase(),
        format!("SN{}", chip.unique_id),
        colons(&id(&chip.leaf)),
        colons(&serial(&chip.leaf)),
    ];
    for name in of_chip {
        let found = seen(&find(&world, &name));
        assert_eq!(found, ["import s3://acme-microchip/reel-7.json entry 1 created"], "{name}");
    }
    for name in ["30:ae:a4:c0:ff:ee", "30-AE-A4-C0-FF-EE", "Module One", &serial(&module)] {
        let found = seen(&find(&world, name));
        assert_eq!(found, ["import s3://acme-espressif/modules.csv line 2 created"], "{name}");
    }
    // The serial number stands in the first phase alone, the DSN in the second: the certificate is in both.
    let both = [
        "activate s3://acme-mes/lot-7.json device 1 created",
        "import s3://acme-generated/factory/device-1.txt line 1 created",
    ];
    for name in ["DEVICE 1", "sn-DEVICE-1", &made.id, &serial(&made.certificate)] {
        let answer = find(&world, name);
        assert_eq!(seen(&answer), both, "{name}");
        assert_eq!(hindrances(&answer), [""; 0], "{name}");
        assert_eq!(answer["devices"][0]["thing"]["name"], "device-1");
    }
    let again = world.activate("lot-7.json", infos).await;
    assert_eq!(again.summary(), "1 read, 1 unchanged");
    let answer = find(&world, "device-1");
    assert_eq!(seen(&answer)[0], "activate s3://acme-mes/lot-7.json device 1 unchanged");
    assert_eq!(answer["seen"][0]["run"], again.name);
    assert_eq!(seen(&answer)[1..], both);

    // Entries that came to nothing are found as well.
    let unknown = Made::new(&Authority::new("Test CA"), "device-9");
    let run = world.activate("early.json", device_infos(&[unknown.info()])).await;
    assert_eq!(run.summary(), "1 read, 1 waiting; red");
    let answer = find(&world, "device-9");
    assert_eq!(answer["seen"][0]["code"], "Certificate.NotRegistered");
    assert_eq!(hindrances(&answer), ["not_here"]);

    let (status, _, stderr) = printed(&world, ["test", "test"], &["find", "no-such-device"]);
    assert_eq!(status, Some(1), "{stderr}");
    assert!(stderr.contains("no device `no-such-device`") && stderr.contains(" runs"), "{stderr}");
    let (status, _, stderr) = printed(&world, ["test", "test"], &["find", "::"]);
    assert_eq!(status, Some(2), "{stderr}");

    // What nobody imported is found where AWS IoT has it.
    crate::standing::create_thing(&world, "by-hand", None).await;
    let answer = find(&world, "by-hand");
    assert_eq!((seen(&answer).len(), hindrances(&answer)), (0, vec!["not_here"]));

    listed(&world, &[&run.name, &again.name, &phase_2.name, &phase_1.name]);
    made_again(&world, &both).await;
}

/// The runs are listed, the latest first.
fn listed(world: &World, latest: &[&str]) {
    let runs = |arguments: &[&str]| {
        let arguments = [&["runs", "--json"], arguments].concat();
        let (status, listing, stderr) = printed(world, ["test", "test"], &arguments);
        assert_eq!(status, Some(0), "{stderr}");
        assert_eq!(listing["running"], json!([]));
        listing["ended"].as_array().unwrap().clone()
    };
    let all = runs(&[]);
    assert_eq!(all.len(), 6, "a certificate that was filed is no run of devices: {all:#?}");
    let names: Vec<_> = all.iter().map(|run| run["run"].as_str().unwrap()).collect();
    assert_eq!(names[..4], *latest);
    let started: Vec<_> = all.iter().map(|run| run["started"].as_f64().unwrap()).collect();
    assert!(started.is_sorted_by(|one, other| one >= other), "{started:?}");
    assert_eq!(
        (&all[0]["kind"], &all[0]["verdict"]),
        (&json!("activate"), &json!("done_with_failures"))
    );
    assert_eq!(all[0]["code"], "Certificate.NotRegistered");
    assert_eq!(runs(&["--last", "2"]).len(), 2);
    assert_eq!(runs(&["--vendor", "espressif"])[0]["key"], "modules.csv");
    assert_eq!(runs(&["--since", "2020-01-01"]).len(), 6);
    assert_eq!(runs(&["--since", "2099-01-01"]).len(), 0);
    let table = xtask_as(["test", "test"], world, Path::new("."), &["runs"]);
    let table = String::from_utf8(table.stdout).unwrap();
    assert!(table.contains("1 not fine") && table.contains(latest[0]), "{table}");
}

/// Whoever deletes the index and the history gets both made again, also of runs that are older than them.
async fn made_again(world: &World, expected: &[&str]) {
    let store = Store::new(world.s3.clone(), bucket("runs"));
    for prefix in ["index/", "history/"] {
        for key in store.list(prefix).await.unwrap() {
            store.delete(&key).await.unwrap();
        }
    }
    let (status, _, _) = printed(world, ["test", "test"], &["find", "30AEA4C0FFEF"]);
    assert_eq!(status, Some(1));
    let (status, output) = carried_out(world, "watch", &json!({})).await;
    assert_eq!(
        (status, &output["index"]["step"]["missing"]),
        (ExecutionStatus::Succeeded, &json!(0))
    );
    let answer = find(world, "sn device 1");
    let mut entries = seen(&answer);
    assert_eq!(entries.len(), 3, "{answer:#}");
    entries.retain(|entry| !entry.ends_with("unchanged"));
    entries.sort();
    assert_eq!(entries, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn why_a_device_cannot_connect_is_told() {
    let (world, [made]) = factory(["device-1"]).await;
    let person = Person::with(&world, "auditor").await;
    let keys = [person.keys[0].as_str(), person.keys[1].as_str()];
    let look = || {
        let (status, answer, stderr) = printed(&world, keys, &["find", "device-1", "--json"]);
        assert_eq!(status, Some(0), "{stderr}");
        answer
    };
    register(&world, &[&made]).await;
    let answer = look();
    assert_eq!(hindrances(&answer), ["inactive", "no_policy"]);
    assert!(!made.connects(&world));
    world.activate("lot-7.json", device_infos(&[made.info()])).await;
    assert_eq!(hindrances(&look()), [""; 0]);
    assert!(made.connects(&world));

    set_status(&world, &made.id, CertificateStatus::Inactive).await;
    assert_eq!(hindrances(&look()), ["inactive"]);
    set_status(&world, &made.id, CertificateStatus::Revoked).await;
    assert_eq!(hindrances(&look()), ["revoked"]);
    set_status(&world, &made.id, CertificateStatus::Active).await;

    let described = world.iot.describe_certificate().certificate_id(&made.id).send().await.unwrap();
    let arn = described.certificate_description.unwrap().certificate_arn.unwrap();
    let detach = world.iot.detach_policy().policy_name("sensor-base").target(&arn);
    detach.send().await.unwrap();
    assert_eq!(hindrances(&look()), ["no_policy"]);
    let document = json!({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "iot:Publish", "Resource": "*"}],
    });
    let create = world.iot.create_policy().policy_name("talk-only");
    create.policy_document(document.to_string()).send().await.unwrap();
    world.iot.attach_policy().policy_name("talk-only").target(&arn).send().await.unwrap();
    assert_eq!(hindrances(&look()), ["policy_without_connect"]);
    world.iot.attach_policy().policy_name("sensor-base").target(&arn).send().await.unwrap();
    assert_eq!(hindrances(&look()), [""; 0]);

    let detach = world.iot.detach_thing_principal().thing_name("device-1").principal(&arn);
    detach.send().await.unwrap();
    let answer = look();
    assert_eq!(hindrances(&answer)[0], "not_attached", "{answer:#}");

    let mut dates = parameters("expired-1");
    dates.not_after = rcgen::date_time_ymd(2025, 6, 1);
    let key = rcgen::KeyPair::generate().unwrap();
    let expired = Authority::new("Test CA").issue(&dates, &key);
    let run = world.import("generated", "old.txt", samples::standard(&expired)).await;
    assert_eq!(run.summary(), "1 read, 1 created");
    let answer = find(&world, "expired 1");
    assert_eq!(hindrances(&answer), ["expired"]);
    assert_eq!(answer["seen"][0]["warnings"], "Certificate.Expired");

    // The person's terminal, and what they may not do.
    let shown = xtask_as(keys, &world, Path::new("."), &["find", "DEVICE-1"]);
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(
        shown.contains("It cannot connect") && shown.contains("s3://acme-mes/lot-7.json, device 1"),
        "{shown}"
    );
    let (status, _, stderr) = printed(&world, keys, &["runs", "--json"]);
    assert_eq!(status, Some(0), "{stderr}");
    let uploader = Person::with(&world, "upload-mes").await;
    let keys = [uploader.keys[0].as_str(), uploader.keys[1].as_str()];
    let (status, _, stderr) = printed(&world, keys, &["find", "device-1"]);
    assert_eq!(status, Some(1));
    assert!(stderr.contains("you may not read") && stderr.contains("acme-auditor"), "{stderr}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_index_stays_small_in_a_bucket_as_it_does_in_memory() {
    let world = World::new().await;
    let store = Store::new(world.s3.clone(), bucket("runs"));
    let index = Index::new(store.clone());
    for run in 0..18 {
        let mut writer =
            IndexWriter::new(store.clone(), RunTag::of(&format!("run-{run}"), f64::from(run)));
        for entry in 0..300_u64 {
            let names = Names::default().with([format!("device-{run:02}-{entry:03}").as_str()]);
            writer.add(&names, entry * 100).await.unwrap();
        }
        writer.finish().await.unwrap();
        index.merge(STAYS).await.unwrap();
    }
    let segments = index.size().await.unwrap();
    assert!(segments <= 9, "{segments} segments of 18 runs");
    for run in 0..18 {
        let found = index.find(&format!("DEVICE:{run:02}:299")).await.unwrap();
        assert_eq!(found.searched, 18 * 300);
        let [record] = found.records.as_slice() else { panic!("{found:?}") };
        assert_eq!(
            (record.run, record.offset),
            (RunTag::of(&format!("run-{run}"), f64::from(run)), 29_900)
        );
    }
}
