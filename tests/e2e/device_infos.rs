//! What a factory says about its devices, and what it cannot mean.

use std::collections::BTreeMap;

use aws_sdk_iot::types::CertificateStatus;
use serde_json::{Value, json};

use crate::{
    factory::{attributes, device_infos, factory, register},
    samples::standard,
    world::device,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_device_costs_itself_before_any_call() {
    let (world, [good, bad]) = factory(["good", "bad"]).await;
    register(&world, &[&good, &bad]).await;
    let many = |count: usize| -> Value {
        (0..count)
            .map(|number| (format!("a{number}"), "v".to_owned()))
            .collect::<BTreeMap<_, _>>()
            .into_iter()
            .collect()
    };
    let bad_devices = [
        (bad.with("certFingerprint", json!(bad.id[1..])), "Device.Fingerprint"),
        (bad.with("deviceId", json!("bad device")), "Device.Id"),
        (bad.with("deviceId", Value::Null), "Device.Missing"),
        (bad.with("deviceType", json!("pump/v2")), "Device.Type"),
        (bad.with("attributes", many(4)), "Attribute.TooMany"),
        (bad.with("attributes", json!({"Rev": "rev B"})), "Attribute.Value"),
        (bad.with("attributes", json!({"Rev No": "B"})), "Attribute.Name"),
        (bad.with("attributes", json!({"Build": 17})), "Attribute.NotText"),
        (json!("device"), "Manifest.Malformed"),
    ];
    let mut devices: Vec<Value> = bad_devices.iter().map(|(device, _)| device.clone()).collect();
    let mut typed = bad.with("attributes", many(51));
    typed["deviceType"] = json!("sensor");
    devices.push(typed);
    let before = world.gate.calls();
    let run = world.activate("untyped/bad.json", device_infos(&devices)).await;
    assert_eq!(run.summary(), "10 read, 10 rejected; red");
    for (entry, (_, code)) in (1..).zip(&bad_devices) {
        let result = run.result(entry);
        assert_eq!(result["code"], *code, "{result:?}");
        assert_eq!(result["place"], format!("device {entry}"));
    }
    assert_eq!(run.result(10)["code"], "Attribute.TooMany");
    let mut now = world.gate.calls();
    assert_eq!(now.remove("GetPolicy"), before.get("GetPolicy").map(|count| count + 1));
    assert_eq!(
        now,
        before.into_iter().filter(|(call, _)| *call != "GetPolicy").collect(),
        "no device was asked for"
    );

    // Among good ones, they cost no other device anything; and three attributes need no type.
    devices.insert(3, good.with("attributes", many(3)));
    let run = world.activate("untyped/mixed.json", device_infos(&devices)).await;
    assert_eq!(run.summary(), "11 read, 1 created, 10 rejected; red");
    assert_eq!(run.result(4)["outcome"], "created");
    assert_eq!(world.device("good").await.unwrap().thing_type, None);
    assert_eq!(world.certificate(&bad.id).await, Some((CertificateStatus::Inactive, vec![])));
}

#[tokio::test(flavor = "multi_thread")]
async fn devices_that_are_confused_with_each_other_are_conflicts() {
    let (world, [first, second, third]) = factory(["first", "second", "third"]).await;
    register(&world, &[&first, &second, &third]).await;

    let twice = [
        first.info(),
        first.with("deviceId", json!("alias")),
        second.with("deviceId", json!("first")),
        first.info(),
    ];
    let run = world.activate("twice.json", device_infos(&twice)).await;
    assert_eq!(run.summary(), "4 read, 1 created, 3 conflict; red");
    assert_eq!(run.result(2)["code"], "Manifest.DuplicateCertificate");
    assert_eq!(run.result(3)["code"], "Manifest.DuplicateName");
    assert_eq!(run.result(4)["code"], "Manifest.DuplicateCertificate");
    assert_eq!(world.registered().await.0, 1);

    let run = world.activate("second.json", device_infos(&[second.info()])).await;
    assert_eq!(run.summary(), "1 read, 1 created");
    let swapped =
        [first.with("deviceId", json!("second")), second.with("deviceId", json!("first"))];
    let run = world.activate("swapped.json", device_infos(&swapped)).await;
    assert_eq!(run.summary(), "2 read, 2 conflict; red");
    assert_eq!(run.result(1)["code"], "Certificate.OnAnotherThing");
    let renamed =
        world.activate("renamed.json", device_infos(&[first.with("deviceId", json!("new"))])).await;
    assert_eq!(renamed.problem(), "Certificate.OnAnotherThing");
    let taken =
        world.activate("taken.json", device_infos(&[third.with("deviceId", json!("first"))])).await;
    assert_eq!(taken.problem(), "Thing.HasAnotherCertificate");

    for made in [&first, &second] {
        assert_eq!(world.device(&made.name).await, Some(device(&made.id, &["sensor-base"])));
    }
    assert_eq!(world.certificate(&third.id).await, Some((CertificateStatus::Inactive, vec![])));
    assert_eq!(world.registered().await, (2, 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_devices_own_type_wins_and_an_unknown_one_costs_that_device_alone() {
    let (world, [own, profiles, unknown]) = factory(["own", "profiles", "unknown"]).await;
    register(&world, &[&own, &profiles, &unknown]).await;
    world.iot.create_thing_type().thing_type_name("pump:v2").send().await.unwrap();
    let devices = [
        own.with("deviceType", json!("pump:v2")),
        profiles.info(),
        unknown.with("deviceType", json!("pomp")),
    ];
    let run = world.activate("lot-7.json", device_infos(&devices)).await;
    assert_eq!(run.summary(), "3 read, 2 created, 1 failed; red");
    let result = run.result(3);
    assert_eq!(result["code"], "Thing.NoSuchType");
    assert!(result["reason"].contains("`pomp`"), "{result:?}");
    assert_eq!(world.device("own").await.unwrap().thing_type.as_deref(), Some("pump:v2"));
    assert_eq!(world.device("profiles").await.unwrap().thing_type.as_deref(), Some("sensor"));
    assert_eq!(world.device("unknown").await, None, "nothing was written for it");
    assert_eq!(world.certificate(&unknown.id).await, Some((CertificateStatus::Inactive, vec![])));

    world.iot.create_thing_type().thing_type_name("pomp").send().await.unwrap();
    let run = world.activate("lot-7.json", device_infos(&devices)).await;
    assert_eq!(run.summary(), "3 read, 1 created, 2 unchanged");
    assert!(unknown.connects(&world));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_cannot_be_used_says_why_and_touches_no_device() {
    let (world, [made, other]) = factory(["device-1", "device-2"]).await;
    register(&world, &[&made, &other]).await;
    let infos = device_infos(&[made.info(), other.info()]);
    let before = world.registered().await;
    let list = [&made, &other].map(|made| standard(&made.certificate)).join("\n");
    let key = rcgen::KeyPair::generate().unwrap().serialize_pem().replace('\n', "\\n");
    for (name, content, code, sentence) in [
        (
            "cut.json",
            infos[..infos.len() - 20].to_owned(),
            "Manifest.Truncated",
            "at device 2; entries read before: 1",
        ),
        (
            "list.txt",
            list.clone(),
            "Manifest.WrongFormat",
            "the bucket whose name ends in `-generated`",
        ),
        ("lot.zip", "PK\x03\x04".to_owned(), "Manifest.WrongFormat", "this file is a zip archive"),
        ("nothing.json", r#"{"devices": []}"#.to_owned(), "Manifest.Empty", "the file is empty"),
        (
            "array.json",
            format!("[{}]", made.info()),
            "Manifest.Malformed",
            "a JSON object with the member `devices`",
        ),
        (
            "key.json",
            device_infos(&[made.with("key", json!(key.replace("\\n", "\n")))]),
            "Manifest.PrivateKey",
            "a private key at",
        ),
    ] {
        let run = world.activate(name, content).await;
        let (stopped, reason) = run.stop();
        assert_eq!(stopped, code, "{reason}");
        assert!(reason.contains(sentence), "{reason}");
        assert!(run.cause.contains(reason), "{}", run.cause);
    }
    let wrong_bucket = world.import("generated", "lot-7.json", infos).await;
    let (code, reason) = wrong_bucket.stop();
    assert_eq!(code, "Manifest.WrongFormat");
    assert!(
        reason.contains("an MES device-infos file") && reason.contains("ends in `-mes`"),
        "{reason}"
    );
    assert_eq!(world.registered().await, before);
    assert!(!world.gate.calls().contains_key("DescribeCertificate"), "no device was asked for");
}

#[tokio::test(flavor = "multi_thread")]
async fn attributes_of_others_survive_and_empty_ones_remove_nothing() {
    let (world, [made]) = factory(["device-1"]).await;
    register(&world, &[&made]).await;
    let run = world.activate("lot-7.json", device_infos(&[made.info()])).await;
    assert_eq!(run.summary(), "1 read, 1 created");
    let more = made.with("attributes", json!({"Rev": "", "Line": "4"}));
    let run = world.activate("lot-8.json", device_infos(&[more])).await;
    assert_eq!(run.summary(), "1 read, 1 updated");
    assert_eq!(run.result(1)["warnings"], "Attribute.Empty");
    let expected = [("DSN", "SN-device-1"), ("Line", "4"), ("Rev", "B")];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(attributes(&world, "device-1").await, expected.into());
}
