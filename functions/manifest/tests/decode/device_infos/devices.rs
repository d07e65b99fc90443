//! What a factory may say about one device.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{check, device, file, fingerprint, read, with};
use crate::support::hex;

/// What is said about a device that is refused.
#[track_caller]
fn refused(device: &Value, code: &str, sentence: &str) {
    let reading = read(file(&[super::device(2), device.clone()]));
    assert_eq!(reading.codes(), ["ok", code]);
    let text = reading.sentence(1);
    assert!(text.starts_with("device 2: ") && text.contains(sentence), "{text}");
}

#[test]
fn a_device_is_read_with_everything_it_has() {
    let mut first = device(0xab);
    first["deviceType"] = json!("pump:v2");
    let reading = read(file(&[first, device(2)]));
    assert_eq!(reading.codes(), ["ok", "ok"]);
    let device = reading.devices[0].as_ref().unwrap();
    assert_eq!(device.certificate_id.to_string(), fingerprint(0xab));
    assert_eq!(device.device_id, "device-171");
    assert_eq!(device.device_type.as_deref(), Some("pump:v2"));
    let attributes = [("DSN", "SN-171"), ("MAC", "AA:BB:CC:DD:EE:01")];
    let attributes = attributes.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(device.attributes, BTreeMap::from(attributes));
    assert_eq!(device.warnings, []);
    assert_eq!(reading.devices[1].as_ref().unwrap().device_type, None);
    assert_eq!((reading.batch(), reading.notes()), (Some("b-1"), vec![]));
}

/// The example that is published for factories has 63 digits in its second device.
#[test]
fn a_fingerprint_of_63_digits_costs_its_device_alone_by_its_index() {
    let text = r#"{
        "batch_id": "production-batch-2024-001",
        "devices": [
            {
                "certFingerprint": "a1b2c3d4e5f6789012345678901234567890abcdef1234567890abcdef123456",
                "deviceId": "DEVICE-001-2024",
                "attributes": {
                    "DSN": "SN-2024-001",
                    "MAC": "AA:BB:CC:DD:EE:01",
                    "FirmwareVersion": "1.2.3",
                    "HardwareRevision": "Rev-B"
                }
            },
            {
                "certFingerprint": "b2c3d4e5f6789012345678901234567890abcdef1234567890abcdef1234567",
                "deviceId": "DEVICE-002-2024",
                "attributes": {"DSN": "SN-2024-002"}
            }
        ]
    }"#;
    let reading = read(text);
    assert_eq!(reading.codes(), ["ok", "Device.Fingerprint"]);
    assert_eq!(reading.batch(), Some("production-batch-2024-001"));
    assert_eq!(
        reading.sentence(1),
        "device 2: `certFingerprint` has 63 hex digits: it is the SHA-256 of the certificate's DER, \
         64 hex digits, and also the certificate's id in AWS IoT"
    );
    assert_eq!(reading.devices[1].as_ref().unwrap_err().id, "DEVICE-002-2024");
}

#[test]
fn a_fingerprint_may_have_upper_case_and_colons() {
    let bytes: Vec<u8> = (0..32).map(|byte| byte * 7).collect();
    let upper = hex(&bytes);
    let pairs: Vec<_> =
        upper.as_bytes().chunks(2).map(|pair| str::from_utf8(pair).unwrap()).collect();
    for form in [upper.clone(), upper.to_lowercase(), pairs.join(":")] {
        let reading = read(file(&[with("certFingerprint", json!(form))]));
        let device = reading.devices[0].as_ref().unwrap();
        assert_eq!(device.certificate_id.to_string(), upper.to_lowercase());
    }
    for (wrong, sentence) in [
        ("", "`certFingerprint` is missing"),
        ("g", "`certFingerprint` has 'g' in it"),
        (&format!("{upper} "), "`certFingerprint` has ' ' in it"),
        (&format!("{upper}0"), "`certFingerprint` has 65 hex digits"),
    ] {
        let code = if wrong.is_empty() { "Device.Missing" } else { "Device.Fingerprint" };
        refused(&with("certFingerprint", json!(wrong)), code, sentence);
    }
}

#[test]
fn what_is_missing_or_of_another_kind_is_named() {
    refused(
        &with("certFingerprint", Value::Null),
        "Device.Missing",
        "`certFingerprint` is missing",
    );
    refused(&with("deviceId", Value::Null), "Device.Missing", "`deviceId` is missing");
    refused(&with("deviceId", json!("")), "Device.Missing", "`deviceId` is missing");
    refused(
        &with("deviceId", json!(17)),
        "Device.Kind",
        "`deviceId` is a number, and has to be text in quotation marks",
    );
    refused(
        &with("attributes", json!([])),
        "Device.Kind",
        "`attributes` is an array, and has to be a JSON object of names and texts",
    );
    refused(&json!("device"), "Manifest.Malformed", "it is a text, and no JSON object");
    // Nothing is meant by null.
    let nothing = json!({
        "certFingerprint": fingerprint(1), "deviceId": "d", "deviceType": null, "attributes": null,
    });
    check(
        file(&[nothing, json!({"certFingerprint": fingerprint(2), "deviceId": "e"})]),
        &["ok", "ok"],
    );
}

#[test]
fn names_keep_to_the_rule_of_aws_iot() {
    refused(
        &with("deviceId", json!("device 1")),
        "Device.Id",
        "`deviceId` cannot be a thing's name (' ' is not among a-z A-Z 0-9 : _ -)",
    );
    refused(
        &with("deviceId", json!("d".repeat(129))),
        "Device.Id",
        "it has 129 characters, and at most 128 are allowed",
    );
    check(file(&[with("deviceId", json!("d".repeat(128)))]), &["ok"]);
    refused(
        &with("deviceType", json!("pump/v2")),
        "Device.Type",
        "`deviceType` cannot be a thing type ('/' is not among",
    );
    refused(&with("deviceType", json!("")), "Device.Type", "it is empty");
}

#[test]
fn an_attribute_that_cannot_be_stored_costs_its_device() {
    let attribute = |name: &str, value: Value| with("attributes", json!({ name: value }));
    refused(
        &attribute("Build", json!(17)),
        "Attribute.NotText",
        "the value of the attribute `Build` is a number: write it as text, in quotation marks",
    );
    for other in [json!(null), json!(true), json!(["x"]), json!({"x": "y"})] {
        refused(&attribute("Build", other), "Attribute.NotText", "`Build`");
    }
    refused(
        &attribute("Rev", json!("rev B")),
        "Attribute.Value",
        "the value of the attribute `Rev` cannot be stored (it has ' ' in it)",
    );
    refused(&attribute("Rev", json!("v".repeat(801))), "Attribute.Value", "it has 801 characters");
    refused(&attribute("Build No", json!("17")), "Attribute.Name", "it has ' ' in it");
    refused(&attribute("", json!("17")), "Attribute.Name", "it is empty");
}

#[test]
fn an_empty_attribute_is_left_out_because_it_would_remove_one() {
    let reading = read(file(&[with("attributes", json!({"Rev": "", "DSN": "1"}))]));
    let device = reading.devices[0].as_ref().unwrap();
    assert_eq!(device.attributes.keys().collect::<Vec<_>>(), ["DSN"]);
    let [warning] = device.warnings.as_slice() else { panic!("one warning") };
    assert_eq!(warning.code, "Attribute.Empty");
    assert!(warning.text.contains("`Rev`"), "{}", warning.text);
}

#[test]
fn how_many_attributes_there_may_be_depends_on_the_type() {
    let many = |count: usize, device_type: Option<&str>| {
        let attributes: BTreeMap<_, _> =
            (0..count).map(|number| (format!("a{number}"), "v")).collect();
        let mut device = with("attributes", json!(attributes));
        device["deviceType"] = json!(device_type);
        let mut reading = read(file(&[device]));
        reading.devices.remove(0).unwrap()
    };
    for (count, device_type, profile_has_type, fits) in [
        (3, None, false, true),
        (4, None, false, false),
        (4, None, true, true),
        (4, Some("pump"), false, true),
        (50, Some("pump"), false, true),
        (51, Some("pump"), true, false),
    ] {
        let checked = many(count, device_type).check_attributes(profile_has_type);
        assert_eq!(checked.is_ok(), fits, "{count} {device_type:?} {profile_has_type}");
        if let Err(reason) = checked {
            assert_eq!(reason.code(), "Attribute.TooMany");
        }
    }
}

#[test]
fn a_broken_device_costs_itself_alone() {
    let good = device(1).to_string();
    let fingerprint = fingerprint(2);
    for (broken, code, sentence) in [
        (
            r#"{"deviceId": tru}"#.to_owned(),
            "Manifest.Malformed",
            "it is broken JSON, at line 1, column 17",
        ),
        (
            format!(r#"{{"certFingerprint": "{fingerprint}", "deviceId": "a", "deviceId": "b"}}"#),
            "Manifest.DuplicateMember",
            "the member `deviceId` is there twice",
        ),
        (
            format!(
                r#"{{"certFingerprint": "{fingerprint}", "deviceId": "a", "attributes": {{"x": "1", "x": "2"}}}}"#
            ),
            "Manifest.DuplicateMember",
            "the member `x` is there twice",
        ),
        (
            format!(r#"{{"x": "{}"}}"#, "x".repeat(262_144)),
            "Manifest.EntryTooLarge",
            "larger than 262144",
        ),
    ] {
        let text = format!(r#"{{"devices": [{good}, {broken}, {good}]}}"#);
        let reading = read(text);
        assert_eq!(reading.codes(), ["ok", code, "ok"], "{sentence}");
        assert!(reading.sentence(1).contains(sentence), "{}", reading.sentence(1));
    }
    check(b"{\"devices\": [{\"deviceId\": \"\xff\"}]}", &["Manifest.Malformed"]);
}
