//! The vendors' real files, where they are at hand.

use std::{io::Write as _, path::PathBuf};

use manifest::{Content, Limits, MICROCHIP_SIGNERS, Signers, Vendor, recognize};
use serde_json::Value;

use crate::support::{Reading, read};

/// Reads a file that is not part of the project, and says so where it is absent.
fn file(name: &str) -> Option<Vec<u8>> {
    let path =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/manifests").join(name);
    let bytes = std::fs::read(&path).ok();
    if bytes.is_none() {
        // `eprintln!` would be kept back where the test passes.
        let message = format!("left out: {name} is not in ../shared/manifests\n");
        std::io::stderr().write_all(message.as_bytes()).unwrap();
    }
    bytes
}

const SIGNERS: [&str; 5] = [
    "microchip/signers/MCHP_manifest_signer_1_Jan-21-2019_Jul2-21-2019.crt",
    "microchip/signers/MCHP_manifest_signer_2_Aug-15-2019_Aug-15-2020.crt",
    "microchip/signers/MCHP_manifest_signer_3_Aug-13-2020_Aug-13-2023.crt",
    "microchip/signers/MCHP_manifest_signer_4_Jul-18-2023_Jul-18-2026.crt",
    "microchip/signers/MCHP_manifest_signer_5_Mar_6-2024_noExpiration.crt",
];

/// The signers as somebody uploads them.
fn signers() -> Option<Signers> {
    let mut signers = Signers::new([], false);
    for name in SIGNERS {
        let Content::Certificate(certificate) = recognize(&file(name)?, true) else {
            panic!("{name} is not recognized as a certificate");
        };
        assert!(signers.is_pinned(&certificate.id()), "{name}");
        signers.add(*certificate);
    }
    Some(signers)
}

/// What a file must give, the vendor's bytes being the only thing it shares with what it gives.
fn expected(name: &str) -> Option<Vec<Value>> {
    let all: Value = serde_json::from_slice(&file("expected.json")?).unwrap();
    Some(all[name].as_array().unwrap().clone())
}

fn open(vendor: Vendor, name: &str) -> Option<Reading> {
    let reading = read(vendor, file(name)?.as_slice(), &signers()?, Limits::default());
    assert_eq!(reading.end, None);
    Some(reading)
}

#[test]
fn the_five_signers_are_recognized_and_pinned() {
    for (name, id) in SIGNERS.into_iter().zip(MICROCHIP_SIGNERS) {
        let Some(bytes) = file(name) else { return };
        let Content::Certificate(certificate) = recognize(&bytes, true) else {
            panic!("{name} is not recognized as a certificate");
        };
        assert_eq!(certificate.id(), id, "{name}");
    }
}

#[test]
fn trust_and_go_gives_ten_devices() {
    let name = "microchip/ECC608C-TNGTLSU-B.json";
    let (Some(reading), Some(expected)) = (open(Vendor::Microchip, name), expected(name)) else {
        return;
    };
    let found: Vec<_> = reading
        .good()
        .iter()
        .map(|entry| {
            let fields =
                ["cn", "unique_id", "part_number"].map(|field| entry.fields[field].clone());
            (fields, entry.certificate.id().to_string(), entry.signer, entry.warnings.clone())
        })
        .collect();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let wanted: Vec<_> = expected
        .iter()
        .map(|entry| {
            let certificate = &entry["certs"][0];
            let fields =
                [&certificate["leaf_cn"], &entry["uniqueId"], &entry["partNumber"]].map(text);
            (fields, text(&certificate["leaf_sha256"]), Some(MICROCHIP_SIGNERS[4]), Vec::new())
        })
        .collect();
    assert_eq!(found, wanted);
    assert_eq!(found.len(), 10);
}

#[test]
fn a_real_manifest_waits_for_its_signer() {
    let Some(bytes) = file("microchip/ECC608C-TNGTLSU-B.json") else { return };
    let reading =
        read(Vendor::Microchip, bytes.as_slice(), &Signers::new([], false), Limits::default());
    assert_eq!(reading.codes(), ["Signer.NotUploaded"; 10]);
    let error = reading.entries[0].as_ref().unwrap_err();
    let missing = error.reason.missing_signer().unwrap();
    assert_eq!(missing.fingerprint, MICROCHIP_SIGNERS[4]);
    assert_eq!(missing.kid, "TCnpnzYB8M3CO776ByPJ2yX3KYo");
}

#[test]
fn trust_manager_is_lite_and_gives_none() {
    let name = "microchip/ECC608-TMNGTLSS-B.json";
    let (Some(reading), Some(expected)) = (open(Vendor::Microchip, name), expected(name)) else {
        return;
    };
    assert_eq!(reading.codes(), ["Manifest.NoCertificate"; 10]);
    for (entry, expected) in reading.entries.iter().zip(expected) {
        let error = entry.as_ref().unwrap_err();
        assert_eq!(error.id, expected["uniqueId"].as_str().unwrap());
        assert!(error.to_string().contains("\"lite\""), "{error}");
    }
}

#[test]
fn the_generated_file_gives_a_hundred_expired_devices() {
    let name = "generated/certificates_test.txt";
    let (Some(reading), Some(expected)) = (open(Vendor::Generated, name), expected(name)) else {
        return;
    };
    let found: Vec<_> = reading
        .good()
        .iter()
        .map(|entry| {
            let codes: Vec<_> = entry.warnings.iter().map(|warning| warning.code).collect();
            assert_eq!(codes, ["Certificate.Expired"]);
            assert!(entry.warnings[0].text.contains("2025-09-13"), "{}", entry.warnings[0].text);
            (entry.id.clone(), entry.certificate.id().to_string())
        })
        .collect();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let wanted: Vec<_> =
        expected.iter().map(|entry| (text(&entry["cn"]), text(&entry["leaf_sha256"]))).collect();
    assert_eq!(found, wanted);
    assert_eq!(found.len(), 100);
}

#[test]
fn other_vendors_files_are_known_by_sight() {
    for (name, expected) in [
        ("infineon/manifest-infineon.7z", "an Infineon 7z bundle (or another 7z archive)"),
        ("espressif/manifest-espressif.csv", "an Espressif CSV file"),
    ] {
        let Some(bytes) = file(name) else { return };
        let head = bytes.get(..1_000).unwrap_or(&bytes);
        assert_eq!(recognize(head, false), Content::Foreign(expected), "{name}");
    }
}

#[test]
fn authorities_in_der_are_recognized_as_certificates_and_are_no_devices() {
    let Some(bytes) = file("infineon/ca/OptigaTrustEccCA306.crt") else { return };
    assert!(matches!(recognize(&bytes, true), Content::Certificate(_)));
    let reading =
        read(Vendor::Generated, bytes.as_slice(), &Signers::new([], false), Limits::default());
    assert_eq!(reading.codes(), ["Certificate.IsAuthority"]);
}
