//! A file that was imported before.

use std::collections::BTreeMap;

use crate::{
    samples::{Authority, standard},
    world::{Making, PROFILES, SIX_CALLS, World},
};

fn list(authority: &Authority, devices: u32) -> String {
    (0..devices)
        .map(|number| standard(authority.leaf(&format!("device-{number}"))) + "\n")
        .collect()
}

/// The AWS IoT calls of `import`, and the run's summary.
async fn calls_of(
    world: &World,
    key: &str,
    content: &str,
) -> (String, BTreeMap<&'static str, u64>) {
    let before = world.gate.calls();
    let run = world.import("generated", key, content).await;
    let mut calls = world.gate.calls();
    for (operation, count) in &mut calls {
        *count -= before.get(operation).copied().unwrap_or_default();
    }
    calls.retain(|_, count| *count > 0);
    (run.summary(), calls)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_was_finished_is_looked_up_in_listings() {
    let world = Making::with(SIX_CALLS).world().await;
    let content = list(&Authority::new("Test CA"), 30);
    let (summary, calls) = calls_of(&world, "list.txt", &content).await;
    assert_eq!(summary, "30 read, 30 created");
    assert!(!calls.contains_key("ListThings"), "a new file is not looked up: {calls:?}");

    let preflight = [("DescribeThingGroup", 1), ("DescribeThingType", 1), ("GetPolicy", 1)];
    let listings = [
        ("ListCertificates", 1),
        ("ListThings", 1),
        ("ListThingsInThingGroup", 1),
        ("ListTargetsForPolicy", 1),
    ];
    let (summary, calls) = calls_of(&world, "copy.txt", &content).await;
    assert_eq!(summary, "30 read, 30 unchanged");
    let each = [("ListPrincipalThings", 30), ("ListThingPrincipals", 30)];
    let expected: BTreeMap<_, _> = preflight.into_iter().chain(listings).chain(each).collect();
    assert_eq!(calls, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changed_since_is_looked_at_closely() {
    let world = Making::with(SIX_CALLS).world().await;
    let authority = Authority::new("Test CA");
    let content = list(&authority, 12);
    let first = world.import("generated", "list.txt", content.as_str()).await;
    let id = |number: u64| first.result(number)["certificate_id"].clone();
    let arn = async |id: String| {
        let found = world.iot.describe_certificate().certificate_id(id).send().await.unwrap();
        found.certificate_description.unwrap().certificate_arn.unwrap()
    };
    let policy = world.iot.detach_policy().policy_name("sensor-base");
    policy.target(arn(id(1)).await).send().await.unwrap();
    let group = world.iot.remove_thing_from_thing_group().thing_group_name("sensors");
    group.thing_name("device-1").send().await.unwrap();
    let inactive = world.iot.update_certificate().certificate_id(id(3));
    inactive.new_status(aws_sdk_iot::types::CertificateStatus::Inactive).send().await.unwrap();
    let other = world.iot.attach_thing_principal().thing_name("device-3");
    other.principal(arn(id(5)).await).send().await.unwrap();

    let again = world.import("generated", "list.txt", content).await;
    let outcomes: Vec<_> = (1..=12)
        .map(|number| {
            let result = again.result(number);
            format!("{} {} {}", result["outcome"], result["code"], result["warnings"])
        })
        .filter(|outcome| outcome != "unchanged  ")
        .collect();
    assert_eq!(
        outcomes,
        [
            "updated  ",
            "updated  ",
            "unchanged  Certificate.LeftInactive",
            "conflict Thing.HasAnotherCertificate ",
            "conflict Certificate.OnAnotherThing ",
        ]
    );
    assert_eq!(again.summary(), "12 read, 8 unchanged, 2 updated, 2 conflict; red");
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_of_the_first_phase_are_all_found_in_one_listing() {
    let world = Making::with(PROFILES).world().await;
    let content = list(&Authority::new("Test CA"), 30);
    let (summary, calls) = calls_of(&world, "bare/list.txt", &content).await;
    assert_eq!(summary, "30 read, 30 created");
    let preflight = [("GetPolicy", 1)];
    let expected = preflight.into_iter().chain([("RegisterCertificateWithoutCA", 30)]).collect();
    assert_eq!(calls, expected);
    let (summary, calls) = calls_of(&world, "bare/list.txt", &content).await;
    assert_eq!(summary, "30 read, 30 unchanged");
    let expected = preflight.into_iter().chain([("ListCertificates", 1)]).collect();
    assert_eq!(calls, expected);
}
