//! Whole files of device-infos.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use manifest::{Limits, ManifestError, Place, Summary, decode_device_infos};
use serde_json::json;

use super::{check, device, file, read, read_within, with};
use crate::support::{Authority, pem, private_key, standard};

#[test]
fn the_batch_may_have_either_name_and_stand_anywhere() {
    let devices = json!([device(1)]).to_string();
    for (text, batch) in [
        (format!(r#"{{"batchId": "b-7", "devices": {devices}}}"#), Some("b-7")),
        (format!(r#"{{"devices": {devices}, "batch_id": "b-8"}}"#), Some("b-8")),
        (format!(r#"{{"batchId": "b-9", "devices": {devices}, "batch_id": "b-9"}}"#), Some("b-9")),
        (format!(r#"{{"batch_id": 20261122, "devices": {devices}}}"#), Some("20261122")),
        (format!(r#"{{"batch_id": null, "devices": {devices}}}"#), None),
        (format!(r#"{{"batch_id": "", "devices": {devices}}}"#), None),
        (format!(r#"{{"devices": {devices}}}"#), None),
    ] {
        let reading = read(&text);
        assert_eq!((reading.batch(), reading.notes()), (batch, vec![]), "{text}");
    }
}

#[test]
fn a_batch_that_cannot_be_told_costs_no_device() {
    let devices = json!([device(1)]).to_string();
    for (members, batch) in [
        (r#""batch_id": "a", "batchId": "b""#.to_owned(), Some("a")),
        (r#""batch_id": ["a"]"#.to_owned(), None),
        (format!(r#""batch_id": "{}""#, "b".repeat(257)), None),
        (format!(r#""batch_id": "{}""#, "b".repeat(300_000)), None),
        (r#""batch_id": "a\nb""#.to_owned(), None),
    ] {
        let reading = read(format!(r#"{{{members}, "devices": {devices}}}"#));
        assert_eq!(reading.codes(), ["ok"]);
        assert_eq!((reading.batch(), reading.notes()), (batch, vec!["DeviceInfos.Batch"]));
    }
}

#[test]
fn members_that_are_not_read_are_named() {
    let mut devices = [device(1), device(2)];
    for device in &mut devices {
        device["devicetype"] = json!("pump");
    }
    let text = json!({"devices": devices, "station": {"line": [1, 2]}}).to_string();
    let reading = read(&text);
    assert_eq!(
        (reading.codes(), reading.notes()),
        (vec!["ok".into(); 2], vec!["DeviceInfos.NotRead"])
    );
    let sentence = &reading.end.as_ref().unwrap().notes[0].text;
    assert!(sentence.contains("`devicetype` (2 times), `station`. Read are"), "{sentence}");

    let many: BTreeMap<_, _> = (0..20).map(|number| (format!("m{number:02}"), 1)).collect();
    let reading = read(file(&[with("more", json!(many)), json!({"m": many})]));
    let mut object = json!(many);
    object["devices"] = json!([device(1)]);
    let all = read(object.to_string());
    let sentence = &all.end.unwrap().notes[0].text;
    assert!(sentence.contains("`m06`, `m07`, others. Read are"), "{sentence}");
    assert_eq!(reading.notes(), ["DeviceInfos.NotRead"]);
}

#[test]
fn a_file_that_is_cut_short_tells_how_many_devices_were_read() {
    let text = file(&[device(1), device(2), device(3)]);
    for length in 1..text.len() {
        let codes = read(&text[..length]).codes();
        let (end, good) = codes.split_last().unwrap();
        assert_eq!(end, "! Manifest.Truncated", "after {length} bytes");
        assert!(good.iter().all(|code| code == "ok"));
    }
    let error = read(&text[..text.len() - 60]).end.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the file ends in the middle, at device 3; entries read before: 2; \
         it was cut short on its way: get it again from where it came from"
    );
}

#[test]
fn a_file_that_is_put_together_wrongly_says_where() {
    let device = device(1).to_string();
    for (text, expected, sentence) in [
        (
            format!(r#"{{"devices": [{device}]}} {{}}"#),
            &["ok", "! Manifest.Malformed"][..],
            "something after the end",
        ),
        (
            format!(r#"{{"devices": [{device} {device}]}}"#),
            &["ok", "! Manifest.Malformed"],
            "(device 2): there is no comma",
        ),
        (
            format!(r#"{{"devices": [{device},]}}"#),
            &["ok", "! Manifest.Malformed"],
            "a comma with no entry after it",
        ),
        (
            format!(r#"{{"devices": [,{device}]}}"#),
            &["! Manifest.Malformed"],
            "(device 1): an entry is missing",
        ),
        (
            format!(r#"{{"devices": [{device}], "devices": []}}"#),
            &["ok", "! Manifest.Malformed"],
            "`devices` is there twice",
        ),
        (
            format!(r#"{{"devices": {device}}}"#),
            &["! Manifest.Malformed"],
            "`devices` is not an array",
        ),
        (
            r#"{"batch_id": "b-1"}"#.to_owned(),
            &["! Manifest.Malformed"],
            "the member `devices` is missing",
        ),
        (format!(r#"{{"devices" [{device}]}}"#), &["! Manifest.Malformed"], "there is no colon"),
        (
            format!("{{devices: [{device}]}}"),
            &["! Manifest.Malformed"],
            "a member's name in quotation marks",
        ),
        (
            format!(r#"{{"x": tru, "devices": [{device}]}}"#),
            &["! Manifest.Malformed"],
            "the value of a member is no JSON",
        ),
        (
            format!(r#"{{"devices": [{device}}}]"#),
            &["ok", "! Manifest.Malformed"],
            "no comma between two entries",
        ),
        (
            format!("[{device}]"),
            &["! Manifest.Malformed"],
            "a JSON object with the member `devices` is wanted here",
        ),
        (
            r#"{"batch_id": "b", "devices": []}"#.to_owned(),
            &["! Manifest.Empty"],
            "the file is empty",
        ),
    ] {
        let reading = read(&text);
        assert_eq!(reading.codes(), expected, "{text}");
        let end = reading.end.unwrap_err().to_string();
        assert!(end.contains(sentence), "{end}");
    }
    check("", &["! Manifest.Empty"]);
}

#[test]
fn a_byte_order_mark_is_passed_over() {
    let text = [b"\xef\xbb\xbf\r\n", file(&[device(1)]).as_slice()].concat();
    check(text, &["ok"]);
}

#[test]
fn another_kind_of_file_is_told_by_its_name() {
    let authority = Authority::new("Test CA");
    let list = [standard(authority.leaf("a")), standard(authority.leaf("b"))].join("\n");
    for (text, found) in [
        (list.as_bytes(), "a certificate or a list of certificates"),
        (b"7z\xbc\xaf\x27\x1c", "an Infineon manifest"),
        (b"mac,cn,cert\n", "an Espressif CSV file"),
        (
            b"[{\"payload\": \"\", \"protected\": \"\", \"signature\": \"\"}]",
            "a Microchip manifest",
        ),
        (b"PK\x03\x04", "a zip archive"),
        (b"%PDF-1.7", "a PDF document"),
        (b"\xff\xfe{\0", "text in UTF-16"),
        (b"certFingerprint,deviceId\n", "a CSV file of another kind"),
        (b"hello", "of a kind that is not known here"),
    ] {
        let end = read(text).end.unwrap_err();
        assert_eq!(end.code(), "Manifest.WrongFormat");
        let sentence = end.to_string();
        assert!(
            sentence.starts_with(&format!("this file is {found}"))
                && sentence.contains("device-infos"),
            "{sentence}"
        );
    }
}

#[test]
fn a_private_key_anywhere_costs_the_whole_file() {
    let key = private_key();
    let text = String::from_utf8(key.private_key_to_pem_pkcs8().unwrap()).unwrap();
    let der = standard(key.private_key_to_pkcs8().unwrap());
    let escaped = text.replace("PRIVATE", "\\u0050RIVATE").replace('\n', "\\n");
    let good = device(1).to_string();
    let in_device = |value: &str| format!(r#"{{"devices": [{good}, {{"key": "{value}"}}]}}"#);
    for (file, read_before, place) in [
        (in_device(&text.replace('\n', "\\n")), 1, Place::Device(2)),
        (in_device(&escaped), 1, Place::Device(2)),
        (in_device(&der), 1, Place::Device(2)),
        (format!(r#"{{"devices": [{good}], "key": "{der}"}}"#), 1, Place::File),
        (
            format!(r#"{{"note": "{}", "devices": [{good}]}}"#, text.replace('\n', " ")),
            0,
            Place::File,
        ),
    ] {
        let reading = read(&file);
        let error = reading.end.unwrap_err();
        assert_eq!(error, ManifestError::PrivateKey { entries_read: read_before, place });
        assert!(!error.to_string().contains(&der[..20]));
    }
    assert_eq!(read(&text).codes(), ["! Manifest.PrivateKey"]);
    check(file(&[with("certificate", json!(pem(&Authority::new("CA").leaf("a"))))]), &["ok"]);
}

#[test]
fn budgets_are_kept() {
    let text = file(&[device(1), device(2), device(3)]);
    let end = |limits: Limits| read_within(limits, text.as_slice()).codes();
    let limits = Limits::default();
    assert_eq!(end(Limits { entries: 3, ..limits }), ["ok"; 3]);
    assert_eq!(end(Limits { entries: 2, ..limits }), ["ok", "ok", "! Manifest.TooManyEntries"]);
    let bytes = u64::try_from(text.len()).unwrap();
    assert_eq!(end(Limits { bytes, ..limits }), ["ok"; 3]);
    assert_eq!(end(Limits { bytes: bytes - 1, ..limits }), ["! Manifest.TooLarge"]);
    assert_eq!(end(Limits { depth: 1, ..limits }), ["! Manifest.TooDeep"]);
    assert_eq!(end(Limits { depth: 2, ..limits }), ["ok"; 3]);
    let deep = "[".repeat(17);
    check(format!(r#"{{"devices": [{{"x": {deep}"#), &["! Manifest.TooDeep"]);
    check(format!(r#"{{"batch_id": {deep}"#), &["! Manifest.TooDeep"]);
}

#[test]
fn whoever_breaks_off_hears_nothing_more() {
    let text = file(&[device(1), device(2), device(3)]);
    let mut heard = 0;
    let end = decode_device_infos(text.as_slice(), Limits::default(), &mut |_| {
        heard += 1;
        if heard < 2 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    assert_eq!((end, heard), (Ok(Summary::default()), 2));
}
