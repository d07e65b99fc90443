//! Vendors' real files, where they are present beside the project.

use std::{fs, path::PathBuf};

use aws_sdk_iot::types::CertificateStatus;
use aws_sdk_sfn::types::ExecutionStatus;
use serde_json::Value;

use crate::world::{Making, PROFILES, Run, World, device, tell};

const POLICIES: [&str; 2] = ["sensor-base", "sensor-telemetry"];

/// A profile for each bundle of Infineon's; what the default profile leaves open, the vendor's section says.
const BUNDLES: &str = r#"
[profile.default]
policies = ["sensor-base", "sensor-telemetry"]
thing_groups = ["sensors"]
thing_type = "sensor"

[profile.second]
policies = ["sensor-base", "sensor-telemetry"]
thing_groups = ["sensors"]
thing_type = "sensor"
bundle = "E0E1"

[profile.rsa]
policies = ["sensor-base", "sensor-telemetry"]
thing_groups = ["sensors"]
thing_type = "sensor"
bundle = "E0E2"

[vendor.infineon]
bundle = "E0E0"
"#;

/// A real file, or none, said out loud.
fn vendor_file(path: &str) -> Option<Vec<u8>> {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/manifests").join(path);
    match fs::read(&file) {
        Ok(content) => Some(content),
        Err(error) => {
            tell(&format!("left out: {} is not there ({error})", file.display()));
            None
        }
    }
}

/// Every identity that independent code found in the file: thing name and certificate id.
fn expected(path: &str) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let identities = entries(path, "").into_iter().flat_map(|entry| {
        let Some(certificates) = entry.get("certs") else {
            let name = entry.get("MAC").unwrap_or(&entry["cn"]);
            return vec![(text(name), text(&entry["leaf_sha256"]))];
        };
        let certificates = certificates.as_array().unwrap().iter();
        certificates.map(|one| (text(&one["leaf_cn"]), text(&one["leaf_sha256"]))).collect()
    });
    identities.collect()
}

/// The same for one of Infineon's bundles: chip, thing name and certificate id.
fn expected_chips(path: &str, bundle: &str) -> Vec<[String; 3]> {
    let field = |entry: &Value, name: &str| entry[name].as_str().unwrap().to_owned();
    entries(path, bundle)
        .iter()
        .map(|entry| ["chipId", "cn", "leaf_sha256"].map(|name| field(entry, name)))
        .collect()
}

fn entries(path: &str, bundle: &str) -> Vec<Value> {
    let all: Value = serde_json::from_slice(&vendor_file("expected.json").unwrap()).unwrap();
    let file = &all[path];
    let entries = if bundle.is_empty() { file } else { &file[bundle] };
    entries.as_array().unwrap().clone()
}

async fn check_devices(world: &World, path: &str) {
    for (thing, certificate) in expected(path) {
        assert_eq!(world.device(&thing).await, Some(device(&certificate, &POLICIES)), "{thing}");
    }
}

async fn file_published_signer(world: &World) {
    let signer =
        vendor_file("microchip/signers/MCHP_manifest_signer_5_Mar_6-2024_noExpiration.crt")
            .unwrap();
    let run = world.import("microchip", "MCHP_manifest_signer_5.crt", signer).await;
    assert_eq!(run.status, ExecutionStatus::Succeeded);
    assert_eq!((&run.output["next"], &run.output["trusted"]), (&"filed".into(), &true.into()));
}

#[track_caller]
fn assert_green(run: &Run, summary: &str) {
    assert_eq!(
        (run.summary().as_str(), &run.status),
        (summary, &ExecutionStatus::Succeeded),
        "{}",
        run.cause
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_microchip_manifest_becomes_devices_and_the_same_file_again_changes_nothing() {
    let path = "microchip/ECC608C-TNGTLSU-B.json";
    let Some(manifest) = vendor_file(path) else { return };
    let world = Making::with(PROFILES).trusting_published_signers_only().world().await;
    file_published_signer(&world).await;

    let run = world.import("microchip", "TNGTLSU.json", manifest.clone()).await;
    assert_green(&run, "10 read, 10 created");
    assert_eq!(run.report().signers.len(), 1);
    assert_eq!(run.report().source.bytes, u64::try_from(manifest.len()).unwrap());
    check_devices(&world, path).await;
    let registered = world.registered().await;
    assert_eq!(registered, (10, 10));

    let again = world.import("microchip", "TNGTLSU.json", manifest).await;
    assert_green(&again, "10 read, 10 unchanged");
    assert_ne!(again.name, run.name, "an upload is a run of its own");
    assert_eq!(again.report().source.sha256, run.report().source.sha256);
    check_devices(&world, path).await;
    assert_eq!(world.registered().await, registered, "nothing is doubled");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_without_certificates_is_red_and_says_why() {
    let Some(manifest) = vendor_file("microchip/ECC608-TMNGTLSS-B.json") else { return };
    let world = Making::with(PROFILES).trusting_published_signers_only().world().await;
    file_published_signer(&world).await;

    let run = world.import("microchip", "TMNGTLSS.json", manifest).await;
    assert_eq!(run.summary(), "10 read, 10 rejected; red");
    assert_eq!(run.problem(), "Manifest.NoCertificate");
    assert_eq!(run.report().problems[0].example.id, "01230cac6606e99401");
    assert_eq!(run.report().verdict, ledger::Verdict::DoneWithFailures);
    assert!(
        run.cause.contains("0 of 10 devices") && run.cause.contains("report.json"),
        "{}",
        run.cause
    );
    assert_eq!(world.registered().await, (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_expired_certificates_is_registered_with_warnings() {
    let path = "generated/certificates_test.txt";
    let Some(list) = vendor_file(path) else { return };
    let world = World::new().await;

    let run = world.import("generated", "certificates_test.txt", list).await;
    assert_green(&run, "100 read, 100 created");
    check_devices(&world, path).await;
    let [warning] = run.report().warnings.as_slice() else { panic!("{:?}", run.report().warnings) };
    assert_eq!((warning.code.as_str(), warning.count), ("Certificate.Expired", 100));
    assert_eq!(run.result(7)["warnings"], "Certificate.Expired");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flipped_byte_costs_its_entry_alone_and_the_corrected_file_is_a_new_run() {
    let path = "microchip/ECC608C-TNGTLSU-B.json";
    let Some(manifest) = vendor_file(path) else { return };
    let world = Making::with(PROFILES).trusting_published_signers_only().world().await;
    file_published_signer(&world).await;

    let mut damaged: Value = serde_json::from_slice(&manifest).unwrap();
    let signature = damaged[6]["signature"].as_str().unwrap();
    let flipped = if signature.starts_with('A') { "B" } else { "A" };
    damaged[6]["signature"] = format!("{flipped}{}", &signature[1..]).into();
    let run = world.import("microchip", "reel.json", damaged.to_string()).await;
    assert_eq!(run.summary(), "10 read, 9 created, 1 rejected; red");
    assert_eq!(run.problem(), "Signature.Invalid");
    let line = run.result(7);
    let id = damaged[6]["header"]["uniqueId"].as_str().unwrap();
    assert_eq!(
        (line["place"].as_str(), line["id"].as_str(), line["outcome"].as_str()),
        ("entry 7", id, "rejected")
    );

    let corrected = world.import("microchip", "reel.json", manifest).await;
    assert_green(&corrected, "10 read, 1 created, 9 unchanged");
    assert_eq!(corrected.result(7)["outcome"], "created");
    check_devices(&world, path).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn phase_one_registers_certificates_inactive_and_alone() {
    let path = "microchip/ECC608C-TNGTLSU-B.json";
    let Some(manifest) = vendor_file(path) else { return };
    let world = Making::with(PROFILES).trusting_published_signers_only().world().await;
    file_published_signer(&world).await;

    let run = world.import("microchip", "bare/reel.json", manifest.clone()).await;
    assert_green(&run, "10 read, 10 created");
    assert_eq!(run.report().profile, "bare");
    assert_eq!(world.registered().await, (0, 10));
    for (_, certificate) in expected(path) {
        assert_eq!(
            world.certificate(&certificate).await,
            Some((CertificateStatus::Inactive, vec![]))
        );
    }
    let calls = world.gate.calls();
    assert_eq!(calls["RegisterCertificateWithoutCA"], 10);
    assert_eq!(
        calls.values().sum::<u64>() - calls["GetPolicy"],
        10,
        "one call a device: {calls:?}"
    );

    let again = world.import("microchip", "bare/reel.json", manifest).await;
    assert_green(&again, "10 read, 10 unchanged");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_infineon_bundle_gives_the_certificates_that_the_profile_wants() {
    let path = "infineon/manifest-infineon.7z";
    let Some(bundle) = vendor_file(path) else { return };
    let world = Making::with(BUNDLES).world().await;
    for authority in ["OptigaTrustEccCA306.crt", "OptigaTrustRsaCA309.crt"] {
        let content = vendor_file(&format!("infineon/ca/{authority}")).unwrap();
        let run = world.import("infineon", authority, content).await;
        assert_eq!(run.status, ExecutionStatus::Succeeded);
        assert_eq!((&run.output["next"], &run.output["role"]), (&"filed".into(), &"issuer".into()));
    }
    for (set, key, registered) in
        [("E0E0", "reel.7z", 200), ("E0E1", "second/reel.7z", 400), ("E0E2", "rsa/reel.7z", 600)]
    {
        let run = world.import("infineon", key, bundle.clone()).await;
        assert_green(&run, "200 read, 200 created");
        let report = run.report();
        assert_eq!(report.warnings, [], "every certificate was checked against its authority");
        let [note] = report.notes.as_slice() else { panic!("{:?}", report.notes) };
        assert_eq!(note.code, "Infineon.OtherBundles");
        let told = ["E0E0", "E0E1", "E0E2"].map(|each| note.reason.contains(each));
        assert_eq!(told, ["E0E0", "E0E1", "E0E2"].map(|each| each != set), "{}", note.reason);
        for [chip, thing, certificate] in expected_chips(path, set) {
            let found = world.device(&thing).await;
            assert_eq!(found, Some(device(&certificate, &POLICIES)), "{chip}");
        }
        let chips: Vec<String> =
            expected_chips(path, set).into_iter().map(|[chip, ..]| chip).collect();
        let named: Vec<String> = (1..=200).map(|line| run.result(line)["id"].clone()).collect();
        assert_eq!(named, chips, "the results name the chips, in the order of the archive");
        assert_eq!(world.registered().await, (registered, registered));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_infineon_bundle_without_its_authorities_is_imported_with_a_warning() {
    let Some(bundle) = vendor_file("infineon/manifest-infineon.7z") else { return };
    let world = Making::with(BUNDLES).world().await;
    let run = world.import("infineon", "reel.7z", bundle).await;
    assert_green(&run, "200 read, 200 created");
    let [warning] = run.report().warnings.as_slice() else { panic!("{:?}", run.report().warnings) };
    assert_eq!((warning.code.as_str(), warning.count), ("Certificate.IssuerNotUploaded", 200));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_espressif_list_gives_things_named_by_mac() {
    let path = "espressif/manifest-espressif.csv";
    let Some(list) = vendor_file(path) else { return };
    let world = World::new().await;
    let run = world.import("espressif", "manifest.csv", list).await;
    assert_green(&run, "7 read, 7 created");
    check_devices(&world, path).await;
    assert_eq!(world.registered().await, (7, 7));
}
