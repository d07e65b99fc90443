//! A thousand devices: as many calls as the design says, and not one more.

use std::{collections::BTreeMap, time::Instant};

use crate::{
    samples::{Authority, parameters, standard},
    world::{Making, PROFILES, SIX_CALLS, tell},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_devices_take_six_calls_each() {
    let world = Making::with(SIX_CALLS).world().await;
    // One key for all: making a thousand would take longer than importing them.
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate =
        |number| parameters(&format!("device-{number:04}")).self_signed(&key).unwrap();
    let list: String =
        (0..1_000).map(|number| standard(certificate(number).der()) + "\n").collect();

    let begun = Instant::now();
    let run = world.import("generated", "thousand.txt", list).await;
    let seconds = begun.elapsed().as_secs_f64();
    assert_eq!(run.summary(), "1000 read, 1000 created");

    let each_device = [
        "AddThingToThingGroup",
        "AttachPolicy",
        "AttachThingPrincipal",
        "CreateThing",
        "DescribeThing",
        "RegisterCertificateWithoutCA",
    ];
    let each_run = ["DescribeThingGroup", "DescribeThingType", "GetPolicy"];
    let expected: BTreeMap<_, _> = each_device
        .map(|operation| (operation, 1_000))
        .into_iter()
        .chain(each_run.map(|operation| (operation, 1)))
        .collect();
    assert_eq!(world.gate.calls(), expected);
    assert_eq!(world.registered().await, (1_000, 1_000));
    tell(&format!("1,000 devices, 6,000 calls: {seconds:.1} s from upload to report"));
}

#[tokio::test(flavor = "multi_thread")]
async fn phase_one_takes_one_call_a_device() {
    let world = Making::with(PROFILES).world().await;
    let authority = Authority::new("Test CA");
    let list: String =
        (0..5).map(|number| standard(authority.leaf(&format!("device-{number}"))) + "\n").collect();
    let run = world.import("generated", "bare/five.txt", list).await;
    assert_eq!(run.summary(), "5 read, 5 created");
    let expected = BTreeMap::from([("RegisterCertificateWithoutCA", 5), ("GetPolicy", 1)]);
    assert_eq!(world.gate.calls(), expected);
}
