//! Entries that did not end well, as a file that the same bucket takes.

use std::{fs, path::Path};

use aws_sdk_iot::types::CertificateStatus;
use ledger::Report;
use manifest::Vendor;
use serde_json::json;
use xtask::{
    retry_file::{self, Written},
    sample,
};

use crate::{
    command_line::xtask_as,
    factory::{self, device_infos, factory},
    samples::Authority,
    standing::{id, list, sensor},
    world::{Making, Run, STACK, World},
};

const BY_FINGERPRINT: &str = r#"
[profile.default]
policies = ["sensor-base"]
thing_type = "sensor"

[profile.gateway]
policies = ["sensor-base"]
thing_type = "sensor"
thing_name = "{fingerprint}"
"#;

async fn written(world: &World, run: &Run, to: &Path) -> Result<Written, String> {
    let aws = world.cloud.aws_config();
    retry_file::write_from(&aws, STACK, &run.name, to).await.map_err(|error| format!("{error:#}"))
}

/// Imports what was written as a person does.
fn import(world: &World, written: &Written, further: &[&str]) -> Report {
    let file = written.file.as_ref().unwrap().to_str().unwrap();
    let arguments = [&["import", "--json", file], further].concat();
    let output = xtask_as(["test", "test"], world, Path::new("."), &arguments);
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_did_not_end_well_of_every_vendor_is_a_file_that_its_bucket_takes() {
    let world = Making::with(BY_FINGERPRINT).world().await;
    let authority = Authority::new("Test CA");
    for vendor in Vendor::ALL {
        let folder = tempfile::tempdir().unwrap();
        let options =
            sample::Options { devices: 5, seed: 7, folder: folder.path().to_owned(), keys: false };
        let sample = sample::write(vendor, &options).unwrap();
        for (at, certificate) in sample.authorities.iter().enumerate() {
            let key = format!("signers/{at}.crt");
            world.import(vendor.name(), &key, fs::read(certificate).unwrap()).await;
        }
        let mut devices = sample.identities().unwrap();
        devices.retain(|device| device.bundle.as_deref().is_none_or(|bundle| bundle == "E0E0"));
        let chosen = [&devices[1].certificate_id, &devices[4].certificate_id];
        let mut others = Vec::new();
        for thing in chosen {
            let other = authority.leaf(thing);
            sensor(&world, thing, &other, CertificateStatus::Active).await;
            others.push(other);
        }
        let name = sample.manifest.file_name().unwrap().to_str().unwrap();
        let key = format!("gateway/{name}");
        let first = world.import(vendor.name(), &key, fs::read(&sample.manifest).unwrap()).await;
        assert_eq!(first.summary(), "5 read, 3 created, 2 conflict; red", "{vendor}");

        let to = folder.path().join("again");
        let written = written(&world, &first, &to).await.unwrap();
        let sentence = written.sentence();
        assert!(sentence.starts_with("2 entries that did not end well are in"), "{sentence}");
        let next = written.next_step().unwrap();
        assert!(next.ends_with("--profile gateway"), "{next}");
        let reasons = fs::read_to_string(written.reasons.as_ref().unwrap()).unwrap();
        let numbers: Vec<_> = reasons.lines().skip(1).map(|line| line.split(',').next()).collect();
        assert_eq!(numbers, [Some("1"), Some("2")], "{vendor}");
        assert!(reasons.contains("Thing.HasAnotherCertificate"), "{reasons}");

        for (thing, other) in chosen.iter().zip(&others) {
            let arn = format!("arn:aws:iot:us-east-1:{}:cert/{}", world.account(), id(other));
            let detach = world.iot.detach_thing_principal().thing_name(*thing).principal(arn);
            detach.send().await.unwrap();
        }
        let second = import(&world, &written, &["--profile", "gateway"]);
        assert_eq!((second.counts.read, second.counts.updated), (2, 2), "{vendor}: {second:?}");
        assert_eq!(second.vendor, vendor.name());
        for thing in chosen {
            let device = world.device(thing).await.unwrap();
            assert_eq!(&device.certificates[0].0, thing, "{vendor}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_factorys_devices_keep_their_batch() {
    let (world, [early, ready]) = factory(["early", "ready"]).await;
    factory::register(&world, &[&ready]).await;
    let broken = json!({"deviceId": "broken", "note": 7});
    let infos = device_infos(&[early.info(), ready.info(), broken]);
    let first = world.activate("lot-7.json", infos).await;
    assert_eq!(first.summary(), "3 read, 1 created, 1 rejected, 1 waiting; red");
    let folder = tempfile::tempdir().unwrap();
    let written = written(&world, &first, folder.path()).await.unwrap();
    assert!(written.file.as_ref().unwrap().ends_with("lot-7.retry.json"));
    factory::register(&world, &[&early]).await;
    let second = import(&world, &written, &[]);
    assert_eq!((second.counts.read, second.counts.created, second.counts.rejected), (2, 1, 1));
    assert_eq!(second.batch.as_deref(), Some("lot-7"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_without_such_entries_is_told_from_one_that_read_none() {
    let world = Making::with(BY_FINGERPRINT).world().await;
    let folder = tempfile::tempdir().unwrap();
    let leaf = Authority::new("Test CA").leaf("fine");
    let fine = world.import("generated", "fine.txt", list(&[&leaf])).await;
    let told = written(&world, &fine, folder.path()).await.unwrap();
    assert!(
        told.file.is_none() && told.reasons.is_none() && told.sentence().contains("ended well")
    );

    let stopped = world.import("generated", "nowhere/fine.txt", list(&[&leaf])).await;
    let refused = written(&world, &stopped, folder.path()).await.unwrap_err();
    assert!(refused.contains("before it had read an entry"), "{refused}");

    let bad = world.import("generated", "bad.txt", list(&[&leaf]) + "bm8gY2VydGlmaWNhdGU=\n").await;
    written(&world, &bad, folder.path()).await.unwrap();
    assert_eq!(
        fs::read_to_string(folder.path().join("bad.retry.txt")).unwrap(),
        "bm8gY2VydGlmaWNhdGU=\n"
    );
    let again = written(&world, &bad, folder.path()).await.unwrap_err();
    assert!(again.contains("is there already"), "{again}");
}
