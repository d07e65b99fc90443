//! Microchip's files as files: their shapes, their damages and their limits.

use std::io::{self, Read};

use manifest::{Limits, ManifestError, Place, Signers, Vendor};
use serde_json::{Value, json};

use crate::support::{
    Authority, Device, NOW, Reading, Signer, World, parameters, pem, private_key, read, standard,
    url,
};

#[test]
fn an_entry_holds_what_the_manifest_says() {
    let world = World::new();
    let device = Device::new(7, &world.authority);
    let reading = world.read(json!([device.element(&world.signer)]).to_string().as_bytes());
    let entry = reading.good()[0];
    assert_eq!(
        (entry.number, entry.place.clone(), entry.id.as_str()),
        (1, Place::Entry(1), "012300000000000701")
    );
    assert_eq!(entry.certificate.der(), device.leaf);
    assert_eq!(entry.signer, Some(world.signer.certificate().id()));
    assert_eq!(entry.warnings, []);
    let fields: Vec<_> =
        entry.fields.iter().map(|(name, value)| (name.as_ref(), value.as_str())).collect();
    assert_eq!(
        fields,
        [
            ("cn", "sn012300000000000701"),
            ("fingerprint", &*entry.certificate.id().to_string()),
            ("model", "ATECC608C"),
            ("part_number", "ATECC608C-TEST"),
            ("serial", entry.certificate.serial()),
            ("unique_id", "012300000000000701"),
        ]
    );
}

#[test]
fn a_mark_blanks_and_a_single_object_are_taken() {
    let world = World::new();
    let element = Device::new(1, &world.authority).element(&world.signer);
    let pretty = serde_json::to_string_pretty(&json!([element, element])).unwrap();
    for (text, count) in [
        (format!("\u{feff}[{element}]"), 1),
        (element.to_string(), 1),
        (format!("\u{feff} \r\n{element}\r\n"), 1),
        (pretty.replace('\n', "\r\n"), 2),
        (format!("\t[ {element}\n,\n{element} ] \n"), 2),
    ] {
        assert_eq!(world.codes(text.as_bytes()), vec!["ok"; count]);
    }
}

#[test]
fn a_file_cut_short_anywhere_says_how_far_it_was_read() {
    let world = World::new();
    let text = world.manifest(10);
    for tenth in 1..10 {
        let reading = world.read(&text[..text.len() * tenth / 10]);
        let entries = u64::try_from(reading.good().len()).unwrap();
        assert!(reading.good().len() >= tenth - 1, "{tenth}");
        let Some(ManifestError::Truncated { entries_read, place }) = reading.end else {
            panic!("{tenth}: {:?}", reading.end);
        };
        assert_eq!((entries_read, place), (entries, Place::Entry(entries + 1)));
    }
    let reading = world.read(&text[..text.len() - 1]);
    assert_eq!(reading.good().len(), 10);
    assert_eq!(
        reading.end.unwrap().to_string(),
        "the file ends in the middle, at entry 11; entries read before: 10; \
         it was cut short on its way: get it again from where it came from"
    );
}

#[test]
fn what_follows_the_manifest_is_an_error() {
    let world = World::new();
    let text = String::from_utf8(world.manifest(2)).unwrap();
    for tail in ["x", "[]", ",", "]", "\0"] {
        let reading = world.read(format!("{text}{tail}").as_bytes());
        assert_eq!(reading.codes(), ["ok", "ok", "! Manifest.Malformed"], "{tail}");
    }
}

#[test]
fn broken_structure_ends_the_reading() {
    let world = World::new();
    let good = Device::new(1, &world.authority).element(&world.signer).to_string();
    for text in [
        format!("[{good},]"),
        format!("[{good} {good}]"),
        format!("[{good},,{good}]"),
        format!("[{good}}}"),
        format!("[{good},{{\"payload\":[}}]"),
    ] {
        assert_eq!(world.codes(text.as_bytes()), ["ok", "! Manifest.Malformed"], "{text:.20}");
    }
}

#[test]
fn an_element_that_is_broken_inside_costs_itself_alone() {
    let world = World::new();
    let good = Device::new(1, &world.authority).element(&world.signer).to_string();
    for bad in [
        "{}",
        "7",
        "null",
        "\"]\"",
        "[{}]",
        "{payload: 1}",
        "{\"payload\":\"\"}",
        "{\"payload\":\"e30\",\"protected\":\"e30\"}",
        "{\"payload\":\"!\",\"protected\":\"e30\",\"signature\":\"\"}",
        "{\"payload\":\"e30\",\"protected\":\"W10\",\"signature\":\"\"}",
        "{\"payload\":\"e30\",\"protected\":\"e30\",\"header\":[],\"signature\":\"\"}",
        "{\"payload\": \"\u{1}\"}",
    ] {
        let text = format!("[{good},{bad},{good}]");
        assert_eq!(world.codes(text.as_bytes()), ["ok", "Manifest.Malformed", "ok"], "{bad}");
    }
}

#[test]
fn files_without_entries_are_empty() {
    let world = World::new();
    for text in ["", " \n", "\u{feff}", "[]", " [ \n ] "] {
        assert_eq!(world.codes(text.as_bytes()), ["! Manifest.Empty"], "{text:?}");
    }
}

#[test]
fn other_files_are_called_by_their_names() {
    let world = World::new();
    for (text, found) in [
        (&b"7z\xbc\xaf\x27\x1c\0\x04"[..], "an Infineon manifest (a 7z archive or XML)"),
        (b"\x1f\x8b\x08", "a gzip archive"),
        (b"{\"batch_id\": \"b-1\", \"devices\": []}", "an MES device-infos file"),
        (b"{\"hello\": 1}", "a JSON file of another kind"),
        (b"MAC,cn,cert\r\n", "an Espressif CSV file"),
        (b"hello", "of a kind that is not known here"),
        (world.authority.der.as_slice(), "a certificate or a list of certificates"),
    ] {
        let reading = world.read(text);
        let Some(ManifestError::WrongFormat { found: name, expected }) = reading.end else {
            panic!("{found}: {:?}", reading.end);
        };
        assert_eq!((name, expected), (found, Vendor::Microchip.into()));
    }
    let gzip = world.read(b"\x1f\x8b\x08").end.unwrap();
    assert_eq!(gzip.code(), "Manifest.WrongFormat");
    assert_eq!(
        gzip.to_string(),
        "this file is a gzip archive, and this bucket takes Microchip manifests (signed .json files, or \
         a .zip of them) and their signers' certificates; unpack it and upload the files that are in it"
    );
}

/// Elements of which the last holds a private key in one way or another.
#[test]
fn a_private_key_refuses_the_file_and_is_not_repeated() {
    let world = World::new();
    let device = Device::new(1, &world.authority);
    let good = device.element(&world.signer);
    let key = String::from_utf8(private_key().private_key_to_pem_pkcs8().unwrap()).unwrap();
    let mut jwk = device.payload();
    jwk["publicKeySet"]["keys"][0]["d"] = json!(url([7; 32]));
    let sign = |payload: &str| {
        let protected = world.signer.protected().to_string();
        world.signer.element(&device.unique_id, &protected, payload)
    };
    let mut unsigned = sign(&jwk.to_string());
    unsigned["signature"] = json!(url([1; 64]));
    for bad in [
        json!({"note": key}),
        json!(key),
        sign(&json!({"uniqueId": device.unique_id, "key": key}).to_string()),
        sign(&jwk.to_string()),
        unsigned,
    ] {
        let reading = world.read(json!([good, bad, good]).to_string().as_bytes());
        assert_eq!(reading.codes(), ["ok", "! Manifest.PrivateKey"]);
        let error = reading.end.unwrap();
        assert_eq!(error, ManifestError::PrivateKey { entries_read: 1, place: Place::Entry(2) });
        assert!(!error.to_string().contains(key.lines().nth(1).unwrap()));
    }
    let alone = world.read(key.as_bytes()).end.unwrap();
    assert_eq!(alone, ManifestError::PrivateKey { entries_read: 0, place: Place::Line(1) });
}

fn limited(world: &World, text: &[u8], limits: Limits) -> Reading {
    read(Vendor::Microchip, text, &world.signers, limits)
}

#[test]
fn every_limit_has_an_error_of_its_own() {
    let world = World::new();
    let text = world.manifest(3);
    let size = u64::try_from(text.len()).unwrap();
    let all = Limits::default();
    assert_eq!(limited(&world, &text, Limits { bytes: size, ..all }).codes(), ["ok"; 3]);
    assert_eq!(
        limited(&world, &text, Limits { bytes: size - 1, ..all }).codes(),
        ["! Manifest.TooLarge"]
    );
    assert_eq!(limited(&world, &text, Limits { entries: 3, ..all }).codes(), ["ok"; 3]);
    assert_eq!(
        limited(&world, &text, Limits { entries: 2, ..all }).codes(),
        ["ok", "ok", "! Manifest.TooManyEntries"]
    );
    // The payload nests five deep, the element two.
    assert_eq!(limited(&world, &text, Limits { depth: 5, ..all }).codes(), ["ok"; 3]);
    assert_eq!(limited(&world, &text, Limits { depth: 4, ..all }).codes(), ["Manifest.TooDeep"; 3]);
    assert_eq!(limited(&world, &text, Limits { depth: 1, ..all }).codes(), ["! Manifest.TooDeep"]);
}

#[test]
fn an_element_over_its_limit_costs_itself_alone() {
    let world = World::new();
    let good = Device::new(1, &world.authority).element(&world.signer).to_string();
    let entry_bytes = good.len();
    let text = format!("[{good},{good} ,{{\"x\":\"{}\"}},{good}]", "]".repeat(entry_bytes));
    let limits = Limits { entry_bytes, ..Limits::default() };
    let reading = limited(&world, text.as_bytes(), limits);
    assert_eq!(reading.codes(), ["ok", "ok", "Manifest.EntryTooLarge", "ok"]);
    let limits = Limits { entry_bytes: entry_bytes - 1, ..limits };
    assert_eq!(limited(&world, text.as_bytes(), limits).codes(), ["Manifest.EntryTooLarge"; 4]);
}

/// A source that breaks off with an error.
struct Broken<'t>(&'t [u8]);

impl Read for Broken<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buffer) {
            Ok(0) => Err(io::Error::new(io::ErrorKind::ConnectionReset, "connection reset")),
            other => other,
        }
    }
}

#[test]
fn a_source_that_fails_is_no_end_of_the_file() {
    let world = World::new();
    let text = world.manifest(40);
    let reading = read(Vendor::Microchip, Broken(&text), &world.signers, Limits::default());
    assert!(!reading.good().is_empty());
    let error = reading.end.unwrap();
    assert_eq!(error.code(), "Manifest.Read");
    assert!(error.is_retryable());
    assert!(error.to_string().contains("connection reset"), "{error}");
}

/// The verdict on one device's payload, changed before it is signed.
#[track_caller]
fn payload(world: &World, change: impl FnOnce(&mut Value), expected: &str) {
    let device = Device::new(1, &world.authority);
    let mut payload = device.payload();
    change(&mut payload);
    let protected = world.signer.protected().to_string();
    let element = world.signer.element(&device.unique_id, &protected, &payload.to_string());
    assert_eq!(world.verdict(&element), expected);
}

#[test]
fn an_entry_without_certificates_says_so() {
    let world = World::new();
    let lite = |payload: &mut Value| {
        payload["version"] = json!(2);
        payload.as_object_mut().unwrap().remove("publicKeySet");
    };
    payload(&world, lite, "Manifest.NoCertificate");
    payload(
        &world,
        |payload| payload["publicKeySet"]["keys"] = json!([]),
        "Manifest.NoCertificate",
    );
    let strip = |payload: &mut Value| {
        payload["publicKeySet"]["keys"][1].as_object_mut().unwrap().remove("x5c");
    };
    payload(&world, strip, "Manifest.NoCertificate");
    payload(
        &world,
        |payload| payload["publicKeySet"]["keys"][1]["x5c"] = json!([]),
        "Manifest.NoCertificate",
    );
}

#[test]
fn payloads_of_a_wrong_shape_are_refused() {
    let world = World::new();
    for (place, value) in [
        ("/uniqueId", json!("0123")),
        ("/uniqueId", json!("0123aabbccddeeff0g")),
        ("/uniqueId", json!(1)),
        ("/publicKeySet", json!([])),
        ("/publicKeySet/keys", json!({})),
        ("/publicKeySet/keys/1", json!(1)),
        ("/publicKeySet/keys/1/x5c", json!("text")),
        ("/publicKeySet/keys/1/x5c", json!([1])),
        ("/publicKeySet/keys/1/kid", json!("first")),
        ("/publicKeySet/keys/1/crv", json!("P-384")),
        ("/publicKeySet/keys/1/x", json!("AA")),
    ] {
        let change = |payload: &mut Value| *payload.pointer_mut(place).unwrap() = value.clone();
        payload(&world, change, "Manifest.Malformed");
    }
    for (at, code) in [(0, "Certificate.Malformed"), (1, "Certificate.Malformed")] {
        for value in [json!("AAAA"), json!("!")] {
            let change =
                |payload: &mut Value| payload["publicKeySet"]["keys"][1]["x5c"][at] = value;
            payload(&world, change, code);
        }
    }
}

#[test]
fn what_the_format_may_grow_by_is_passed_over() {
    let world = World::new();
    payload(
        &world,
        |payload| {
            payload["version"] = json!(3);
            payload["modelInfo"] = json!({"a": [1, 2.5, null]});
            payload["encryptedSecretKeySet"] = json!({"keys": [{"kid": "6", "jwe": "x"}]});
        },
        "ok",
    );
}

#[test]
fn x5c_is_taken_in_base64url_too() {
    let world = World::new();
    let device = Device::new(1, &world.authority);
    let chain = json!([url(&device.leaf), url(&world.authority.der)]);
    let mut text = device.payload();
    text["publicKeySet"]["keys"][1]["x5c"] = chain;
    let protected = world.signer.protected().to_string();
    let element = world.signer.element(&device.unique_id, &protected, &text.to_string());
    assert_eq!(world.verdict(&element), "ok");
}

#[test]
fn the_certificate_of_the_lowest_slot_stands_for_the_device() {
    let world = World::new();
    let device = Device::new(1, &world.authority);
    let id = device.unique_id.clone();
    let name = format!("sn{}", id.to_uppercase());
    let other = Device::named(&id, &parameters(&name), &world.authority);
    let key = |device: &Device, slot: &str| {
        let mut key = device.payload()["publicKeySet"]["keys"][1].clone();
        key["kid"] = json!(slot);
        key
    };
    let read = |keys: Value| {
        let mut payload = device.payload();
        payload["publicKeySet"]["keys"] = keys;
        let protected = world.signer.protected().to_string();
        world.read(
            world.signer.element(&id, &protected, &payload.to_string()).to_string().as_bytes(),
        )
    };
    let reading = read(json!([key(&other, "10"), key(&device, "2")]));
    assert_eq!(reading.good()[0].certificate.der(), device.leaf);
    let reading = read(json!([key(&other, "0"), key(&device, "2")]));
    assert_eq!(reading.good()[0].certificate.der(), other.leaf);
    assert_eq!(read(json!([key(&other, "0"), key(&device, "0")])).codes(), ["Manifest.Malformed"]);
}

#[test]
fn a_certificate_without_its_issuer_is_taken_with_a_warning() {
    let world = World::new();
    let mut device = Device::new(1, &world.authority);
    device.chain.truncate(1);
    let reading = world.read(device.element(&world.signer).to_string().as_bytes());
    let codes: Vec<_> = reading.good()[0].warnings.iter().map(|warning| warning.code).collect();
    assert_eq!(codes, ["Certificate.NoIssuer"]);
}

#[test]
fn certificates_out_of_their_dates_are_taken_with_a_warning() {
    let world = World::new();
    for (from, to, expected) in [
        (2020, 2025, vec!["Certificate.Expired"]),
        (2030, 2040, vec!["Certificate.NotYetValid"]),
        (2025, 2060, vec![]),
    ] {
        let mut parameters = parameters("pump");
        parameters.not_before = rcgen::date_time_ymd(from, 1, 1);
        parameters.not_after = rcgen::date_time_ymd(to, 1, 1);
        let device = Device::named("0123aabbccddeeff01", &parameters, &world.authority);
        let reading = world.read(device.element(&world.signer).to_string().as_bytes());
        let codes: Vec<_> = reading.good()[0].warnings.iter().map(|warning| warning.code).collect();
        assert_eq!(codes, expected, "{from} to {to}, at {NOW}");
    }
}

#[test]
fn a_signer_that_expired_still_vouches() {
    let world = World::new();
    let key = rcgen::KeyPair::generate().unwrap();
    let mut parameters = parameters("Old Signer");
    parameters.not_before = rcgen::date_time_ymd(2019, 1, 1);
    parameters.not_after = rcgen::date_time_ymd(2019, 7, 1);
    let signer = Signer::with(parameters.self_signed(&key).unwrap().der().to_vec(), &key);
    let mut signers = Signers::new([signer.certificate().id()], false);
    let element = Device::new(1, &world.authority).element(&signer).to_string();
    let before = read(Vendor::Microchip, element.as_bytes(), &signers, Limits::default());
    let fingerprint = signer.certificate().id();
    assert_eq!(
        before.sentence(0),
        format!(
            "entry 1: the certificate of the manifest's signer is not there (kid `{}`, SHA-256 {fingerprint}): \
             upload the signer's certificate (a .crt, .cer or .pem file from the vendor) to the same \
             bucket, then upload the manifest again",
            signer.kid()
        )
    );
    signers.add(signer.certificate());
    let after = read(Vendor::Microchip, element.as_bytes(), &signers, Limits::default());
    assert_eq!(after.codes(), ["ok"]);
}

#[test]
fn a_signer_of_another_curve_cannot_have_signed() {
    let world = World::new();
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap();
    let signer =
        Signer::with(parameters("Big Signer").self_signed(&key).unwrap().der().to_vec(), &key);
    let mut signers = Signers::new([], true);
    signers.add(signer.certificate());
    let element = Device::new(1, &world.authority).element(&world.signer);
    let mut forged = element;
    forged["protected"] = json!(url(signer.protected().to_string()));
    let reading =
        read(Vendor::Microchip, forged.to_string().as_bytes(), &signers, Limits::default());
    assert_eq!(reading.codes(), ["Signer.KeyUnsupported"]);
}

#[test]
fn entries_of_several_signers_and_authorities_live_in_one_file() {
    let mut world = World::new();
    let other = Signer::new("Other Signer");
    world.signers =
        Signers::new([world.signer.certificate().id(), other.certificate().id()], false);
    world.signers.add(world.signer.certificate());
    world.signers.add(other.certificate());
    let authorities: Vec<_> =
        (0..3).map(|number| Authority::new(&format!("CA {number}"))).collect();
    let elements: Vec<Value> = (0..6)
        .map(|number| {
            let authority = &authorities[usize::try_from(number).unwrap() % 3];
            let signer = if number % 2 == 0 { &world.signer } else { &other };
            Device::new(number, authority).element(signer)
        })
        .collect();
    let reading = world.read(json!(elements).to_string().as_bytes());
    let signers: Vec<_> = reading.good().iter().map(|entry| entry.signer.unwrap()).collect();
    let pair = [world.signer.certificate().id(), other.certificate().id()];
    assert_eq!(signers, [pair, pair, pair].concat());
}

#[test]
fn a_certificate_in_a_manifest_is_no_pem() {
    let world = World::new();
    let device = Device::new(1, &world.authority);
    payload(
        &world,
        |payload| payload["publicKeySet"]["keys"][1]["x5c"][0] = json!(standard(pem(&device.leaf))),
        "Certificate.Malformed",
    );
}
