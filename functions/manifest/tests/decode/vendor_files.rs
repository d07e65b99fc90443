//! The vendors' real files, where they are at hand.

use std::{io::Write as _, path::PathBuf};

use manifest::{Bundle, Content, Limits, MICROCHIP_SIGNERS, Purpose, Signers, Vendor, recognize};
use serde_json::Value;

use crate::infineon::Bench;
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
    Some(all_expected()?[name].as_array().unwrap().clone())
}

fn all_expected() -> Option<Value> {
    Some(serde_json::from_slice(&file("expected.json")?).unwrap())
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
fn every_vendors_file_is_known_by_sight() {
    for (name, vendor) in [
        ("infineon/manifest-infineon.7z", Vendor::Infineon),
        ("espressif/manifest-espressif.csv", Vendor::Espressif),
    ] {
        let Some(bytes) = file(name) else { return };
        let head = bytes.get(..1_000).unwrap_or(&bytes);
        assert_eq!(recognize(head, false), Content::Manifest(vendor), "{name}");
    }
}

#[test]
fn authorities_in_der_are_recognized_and_are_no_devices() {
    let Some(bytes) = file("infineon/ca/OptigaTrustEccCA306.crt") else { return };
    let purpose = recognize(&bytes, true).purpose(Vendor::Infineon);
    assert!(matches!(purpose, Ok(Purpose::Issuer(_))), "{purpose:?}");
    for vendor in [Vendor::Generated, Vendor::Infineon] {
        let reading = read(vendor, bytes.as_slice(), &Signers::new([], false), Limits::default());
        assert_eq!(reading.codes(), ["Certificate.IsAuthority"]);
    }
}

/// The authorities that issue Infineon's certificates, as somebody uploads them.
fn authorities() -> Option<Bench> {
    let mut bench = Bench::new();
    for name in ["OptigaTrustEccCA306", "OptigaTrustRsaCA309"] {
        let bytes = file(&format!("infineon/ca/{name}.crt"))?;
        let Ok(Purpose::Issuer(certificate)) = recognize(&bytes, true).purpose(Vendor::Infineon)
        else {
            panic!("{name} is not recognized as an authority's certificate");
        };
        bench.issuers.add(*certificate);
    }
    Some(bench)
}

#[test]
fn a_bundle_gives_two_hundred_chips_of_each_kind() {
    let name = "infineon/manifest-infineon.7z";
    let (Some(bytes), Some(expected), Some(mut bench)) =
        (file(name), all_expected(), authorities())
    else {
        return;
    };
    for bundle in Bundle::ALL {
        bench.bundle = bundle;
        let reading = bench.read(&bytes);
        assert_eq!(reading.end, None);
        let found: Vec<_> = reading
            .good()
            .iter()
            .map(|entry| {
                assert_eq!(entry.warnings, []);
                assert_eq!(entry.id, entry.fields["chip_id"]);
                assert_eq!(entry.place.to_string(), format!("`{}_{bundle}.pem`", entry.id));
                let id = entry.certificate.id().to_string();
                (entry.id.clone(), entry.fields["cn"].clone(), id)
            })
            .collect();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let mut wanted: Vec<_> = expected[name][bundle.name()]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| (text(&entry["chipId"]), text(&entry["cn"]), text(&entry["leaf_sha256"])))
            .collect();
        let mut sorted = found;
        sorted.sort();
        wanted.sort();
        assert_eq!(sorted, wanted);
        assert_eq!(sorted.len(), 200);
        assert_eq!(reading.notes.len(), 1);
        assert_eq!(reading.notes[0].code, "Infineon.OtherBundles");
    }
}

#[test]
fn without_its_authority_every_chip_has_a_warning() {
    let Some(bytes) = file("infineon/manifest-infineon.7z") else { return };
    let reading = Bench::new().read(&bytes);
    let warned = reading.good().into_iter().filter(|entry| {
        let codes: Vec<_> = entry.warnings.iter().map(|warning| warning.code).collect();
        codes == ["Certificate.IssuerNotUploaded"]
    });
    assert_eq!(warned.count(), 200);
}

#[test]
fn a_real_bundle_that_was_cut_short_or_damaged_is_never_taken() {
    let Some(bytes) = file("infineon/manifest-infineon.7z") else { return };
    for tenth in 1..10 {
        let cut = &bytes[..bytes.len() * tenth / 10];
        assert_eq!(Bench::new().read(cut).codes(), ["! Manifest.Truncated"]);
        let mut damaged = bytes.clone();
        damaged[bytes.len() * tenth / 10] ^= 1;
        let reading = Bench::new().read(&damaged);
        let is_refused = reading.end.is_some_and(|end| end.code() == "Archive.Malformed");
        // The other archives of the bundle, and the keys, are not looked into.
        assert!(is_refused || reading.entries.len() == 200, "{tenth}");
    }
}

#[test]
fn espressifs_list_gives_seven_devices() {
    let name = "espressif/manifest-espressif.csv";
    let (Some(bytes), Some(expected)) = (file(name), expected(name)) else { return };
    let reading = Bench::new().read_as(Vendor::Espressif, &bytes);
    assert_eq!(reading.end, None);
    let found: Vec<_> = reading
        .good()
        .iter()
        .map(|entry| {
            let id = entry.certificate.id().to_string();
            (entry.id.clone(), entry.fields["cn"].clone(), id)
        })
        .collect();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let wanted: Vec<_> = expected
        .iter()
        .map(|entry| (text(&entry["MAC"]), text(&entry["cn"]), text(&entry["leaf_sha256"])))
        .collect();
    assert_eq!(found, wanted);
    assert_eq!(found.len(), 7);
}
