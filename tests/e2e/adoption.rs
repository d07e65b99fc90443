//! `on_conflict = "adopt"`: the device is added to what stands there, and nothing is removed.

use aws_sdk_iot::types::CertificateStatus;
use gate::Then;

use crate::{
    samples::Authority,
    standing::{create_thing, id, list, register, sensor},
    world::{Device, Making, World, bucket, device},
};

const ADOPTING: &str = r#"
[profile.default]
policies = ["sensor-base", "sensor-telemetry"]
thing_groups = ["sensors"]
thing_type = "sensor"
certificate_status = "active"
defer_things = false
on_conflict = "adopt"

[profile.others]
policies = []
thing_groups = ["gateways"]
thing_type = "gateway"
certificate_status = "active"
defer_things = false
"#;

const POLICIES: [&str; 2] = ["sensor-base", "sensor-telemetry"];

/// A certificate of a device, as an import leaves it.
fn whole(der: &[u8]) -> (String, CertificateStatus, Vec<String>) {
    (id(der), CertificateStatus::Active, POLICIES.map(str::to_owned).to_vec())
}

/// A certificate that nobody gave a policy.
fn bare(der: &[u8]) -> (String, CertificateStatus, Vec<String>) {
    (id(der), CertificateStatus::Active, vec![])
}

#[tokio::test(flavor = "multi_thread")]
async fn adopting_adds_the_device_and_removes_nothing() {
    let world = Making::with(ADOPTING).world().await;
    let authority = Authority::new("Test CA");
    let names = ["renewed", "renamed", "retyped", "untyped", "revoked", "free"];
    let [renewed, renamed, retyped, untyped, revoked, free] =
        names.map(|name| authority.leaf(name));
    let old = authority.leaf("renewed");

    sensor(&world, "renewed", &old, CertificateStatus::Active).await;
    sensor(&world, "former-name", &renamed, CertificateStatus::Active).await;
    create_thing(&world, "retyped", Some("gateway")).await;
    let join = world.iot.add_thing_to_thing_group().thing_name("retyped");
    join.thing_group_name("gateways").send().await.unwrap();
    create_thing(&world, "untyped", None).await;
    create_thing(&world, "free", Some("sensor")).await;
    register(&world, &revoked, CertificateStatus::Active).await;
    let revoke = world.iot.update_certificate().certificate_id(id(&revoked));
    revoke.new_status(CertificateStatus::Revoked).send().await.unwrap();

    let file = list(&[&renewed, &renamed, &retyped, &untyped, &revoked, &free]);
    let run = world.import("generated", "reel.txt", file.clone()).await;
    assert_eq!(run.summary(), "6 read, 5 updated, 1 conflict; red");
    let warnings: Vec<_> = (1..=6).map(|entry| run.result(entry)["warnings"].as_str()).collect();
    assert_eq!(
        warnings,
        ["Thing.OtherCertificates", "Certificate.OtherThings", "Thing.TypeKept", "", "", ""]
    );
    assert_eq!(run.problem(), "Certificate.Revoked");

    let mut both = world.device("renewed").await.unwrap().certificates;
    both.sort_by_key(|(certificate, ..)| *certificate != id(&old));
    assert_eq!(both, [bare(&old), whole(&renewed)]);
    assert_eq!(world.device("renamed").await, Some(device(&id(&renamed), &POLICIES)));
    assert_eq!(world.device("former-name").await.unwrap().certificates, [whole(&renamed)]);
    let kept = Device {
        thing_type: Some("gateway".to_owned()),
        groups: vec!["gateways".to_owned(), "sensors".to_owned()],
        certificates: vec![whole(&retyped)],
    };
    assert_eq!(world.device("retyped").await, Some(kept));
    assert_eq!(world.device("untyped").await, Some(device(&id(&untyped), &POLICIES)));
    assert_eq!(world.device("free").await, Some(device(&id(&free), &POLICIES)));

    let again = world.import("generated", "reel.txt", file).await;
    assert_eq!(again.summary(), "6 read, 5 unchanged, 1 conflict; red");
}

#[tokio::test(flavor = "multi_thread")]
async fn adopting_steps_back_from_no_race() {
    let world = Making::with(ADOPTING).world().await;
    let lease = world.s3.put_object().bucket(bucket("runs")).key("rate/active/the-other-run");
    lease.send().await.unwrap();
    let authority = Authority::new("Test CA");
    let [ours, theirs] = ["shared", "shared"].map(|name| authority.leaf(name));
    let arn = register(&world, &theirs, CertificateStatus::Active).await;
    let iot = world.iot.clone();
    world.gate.strike_at("AttachThingPrincipal", 1, async move || {
        iot.attach_thing_principal().thing_name("shared").principal(arn).send().await.unwrap();
        Then::PassOn
    });

    let run = world.import("generated", "shared.txt", list(&[&ours])).await;
    assert_eq!(run.summary(), "1 read, 1 created");
    assert_eq!(certificates(&world, "shared").await, 2);
}

async fn certificates(world: &World, thing: &str) -> usize {
    world.device(thing).await.unwrap().certificates.len()
}
