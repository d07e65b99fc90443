//! What stands already is recognized, and never trampled.

use aws_sdk_iot::types::CertificateStatus;
use gate::{Then, kill_function};

use crate::{
    samples::Authority,
    standing::{attach, create_thing, id, list, register, sensor},
    world::{Making, PROFILES, STACK, World, bucket, device},
};

const POLICIES: [&str; 2] = ["sensor-base", "sensor-telemetry"];

#[tokio::test(flavor = "multi_thread")]
async fn the_same_name_twice_in_a_file_gives_the_thing_one_principal() {
    let world = World::new().await;
    let authority = Authority::new("Test CA");
    let [first, second, other] = ["twin", "twin", "single"].map(|name| authority.leaf(name));

    let run =
        world.import("generated", "twins.txt", list(&[&first, &second, &other, &other])).await;
    assert_eq!(run.summary(), "4 read, 2 created, 2 conflict; red");
    assert_eq!(run.result(2)["code"], "Manifest.DuplicateName");
    assert_eq!(run.result(4)["code"], "Manifest.DuplicateCertificate");
    assert_eq!(world.device("twin").await, Some(device(&id(&first), &POLICIES)));
    assert_eq!(world.certificate(&id(&second)).await, None, "nothing of the second was registered");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_already_is_left_as_it_is() {
    let world = World::new().await;
    let authority = Authority::new("Test CA");
    let names = ["renewed", "renamed", "revoked", "retyped", "free", "partial", "shared"];
    let [renewed, renamed, revoked, retyped, free, partial, shared] =
        names.map(|name| authority.leaf(name));
    let old = authority.leaf("renewed");

    sensor(&world, "renewed", &old, CertificateStatus::Active).await;
    sensor(&world, "former-name", &renamed, CertificateStatus::Active).await;
    register(&world, &revoked, CertificateStatus::Active).await;
    let revoke = world.iot.update_certificate().certificate_id(id(&revoked));
    revoke.new_status(CertificateStatus::Revoked).send().await.unwrap();
    create_thing(&world, "retyped", None).await;
    create_thing(&world, "free", Some("sensor")).await;
    sensor(&world, "partial", &partial, CertificateStatus::Inactive).await;
    create_thing(&world, "shared", Some("sensor")).await;
    let second = authority.leaf("shared");
    for der in [&shared, &second] {
        let arn = register(&world, der, CertificateStatus::Active).await;
        attach(&world, "shared", &arn).await;
    }

    let file = list(&[&renewed, &renamed, &revoked, &retyped, &free, &partial, &shared]);
    let run = world.import("generated", "reel.txt", file.clone()).await;
    assert_eq!(run.summary(), "7 read, 2 updated, 5 conflict; red");
    let codes: Vec<_> = (1..=6).map(|entry| run.result(entry)["code"].as_str()).collect();
    let conflicts = [
        "Thing.HasAnotherCertificate",
        "Certificate.OnAnotherThing",
        "Certificate.Revoked",
        "Thing.OtherType",
    ];
    assert_eq!(codes, [conflicts.as_slice(), &["", ""]].concat());

    assert_eq!(run.result(7)["code"], "Thing.HasAnotherCertificate");
    assert_eq!(
        world.device("shared").await.unwrap().certificates.len(),
        2,
        "both were there before"
    );

    let untouched = (CertificateStatus::Active, vec![]);
    assert_eq!(world.certificate(&id(&renewed)).await, None);
    assert_eq!(world.certificate(&id(&old)).await, Some(untouched.clone()));
    assert_eq!(world.certificate(&id(&renamed)).await, Some(untouched));
    assert_eq!(world.device("renamed").await, None);
    assert_eq!(world.certificate(&id(&revoked)).await, Some((CertificateStatus::Revoked, vec![])));
    assert_eq!(world.certificate(&id(&retyped)).await, None);
    assert_eq!(world.device("free").await, Some(device(&id(&free), &POLICIES)));

    let mut inactive = device(&id(&partial), &POLICIES);
    inactive.certificates[0].1 = CertificateStatus::Inactive;
    assert_eq!(
        world.device("partial").await,
        Some(inactive),
        "the status of a certificate that exists stays"
    );
    assert_eq!(run.result(6)["warnings"], "Certificate.LeftInactive");

    let again = world.import("generated", "reel.txt", file).await;
    assert_eq!(again.summary(), "7 read, 2 unchanged, 5 conflict; red");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_files_that_race_for_a_thing_neither_leaves_it_two_principals() {
    let world = Making::with(PROFILES).waiting("0.1").world().await;
    let lease = world.s3.put_object().bucket(bucket("runs")).key("rate/active/the-other-run");
    lease.send().await.unwrap();
    let authority = Authority::new("Test CA");
    for name in ["raced", "raced-and-killed", "taken-and-killed"] {
        if name.starts_with("taken") {
            create_thing(&world, name, Some("sensor")).await;
        }
        let [ours, theirs] = [name, name].map(|name| authority.leaf(name));
        let arn = register(&world, &theirs, CertificateStatus::Active).await;
        let iot = world.iot.clone();
        world.gate.strike_at("AttachThingPrincipal", 1, async move || {
            iot.attach_thing_principal().thing_name(name).principal(arn).send().await.unwrap();
            Then::PassOn
        });
        if name.ends_with("killed") {
            let gate = world.gate.address;
            world.gate.strike_at("DetachThingPrincipal", 1, async move || {
                kill_function(gate, &format!("{STACK}-register"));
                Then::Lose
            });
        }

        let run = world.import("generated", &format!("{name}.txt"), list(&[&ours])).await;
        assert_eq!(run.summary(), "1 read, 1 conflict; red");
        assert_eq!(run.problem(), "Thing.Raced");
        let raced = world.device(name).await.unwrap();
        assert_eq!(raced.certificates, [(id(&theirs), CertificateStatus::Active, vec![])]);
        let left = world.certificate(&id(&ours)).await;
        assert_eq!(left, Some((CertificateStatus::Active, vec![])), "it can do nothing");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_files_that_race_for_a_certificate_neither_leaves_it_two_things() {
    let world = Making::with(PROFILES).waiting("0.1").world().await;
    let lease = world.s3.put_object().bucket(bucket("runs")).key("rate/active/the-other-run");
    lease.send().await.unwrap();
    let ours = Authority::new("Test CA").leaf("ours");
    create_thing(&world, "theirs", Some("sensor")).await;
    let (iot, certificate) = (world.iot.clone(), id(&ours));
    world.gate.strike_at("AttachThingPrincipal", 1, async move || {
        let found = iot.describe_certificate().certificate_id(certificate).send().await.unwrap();
        let arn = found.certificate_description.unwrap().certificate_arn.unwrap();
        iot.attach_thing_principal().thing_name("theirs").principal(arn).send().await.unwrap();
        Then::PassOn
    });

    let run = world.import("generated", "ours.txt", list(&[&ours])).await;
    assert_eq!(run.summary(), "1 read, 1 conflict; red");
    assert_eq!(run.problem(), "Certificate.Raced");
    let reason = &run.result(1)["reason"];
    assert!(reason.contains("`theirs`"), "{reason}");
    assert!(reason.contains("its certificate was registered, its thing was made"), "{reason}");
    assert!(reason.ends_with("no policy was attached"), "{reason}");
    assert_eq!(world.device("ours").await.unwrap().certificates, []);
    let theirs = world.device("theirs").await.unwrap();
    assert_eq!(theirs.certificates, [(id(&ours), CertificateStatus::Active, vec![])]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_is_half_done_says_how_far_it_got() {
    let world = World::new().await;
    let authority = Authority::new("Test CA");
    let [overtaken, stripped] = ["overtaken", "stripped"].map(|name| authority.leaf(name));
    let iot = world.iot.clone();
    world.gate.strike_at("CreateThing", 1, async move || {
        iot.create_thing().thing_name("overtaken").send().await.unwrap();
        Then::PassOn
    });
    let run = world.import("generated", "overtaken.txt", list(&[&overtaken])).await;
    assert_eq!(run.summary(), "1 read, 1 conflict; red");
    let line = run.result(1);
    assert_eq!((line["code"].as_str(), line["retry"].as_str()), ("Thing.ChangedMeanwhile", "yes"));
    assert!(run.report().problems[0].retry);
    let told = "Before that, its certificate was registered; no policy was attached";
    assert!(line["reason"].ends_with(told), "{}", line["reason"]);
    assert_eq!(world.device("overtaken").await.unwrap().certificates, [], "it is somebody else's");

    let iot = world.iot.clone();
    world.gate.strike_at("AttachThingPrincipal", 1, async move || {
        iot.delete_policy().policy_name("sensor-telemetry").send().await.unwrap();
        Then::PassOn
    });
    let run = world.import("generated", "stripped.txt", list(&[&stripped])).await;
    assert_eq!(run.summary(), "1 read, 1 failed; red");
    let line = run.result(1);
    assert_eq!((line["code"].as_str(), line["retry"].as_str()), ("Aws.NotFound", "yes"));
    let told = "its thing was made, attaching its certificate to its thing, and its thing to groups, was begun, attaching its policies was begun";
    assert!(line["reason"].ends_with(told), "{}", line["reason"]);

    let again = world.import("generated", "stripped.txt", list(&[&stripped])).await;
    assert_eq!(again.stop().0, "Preflight.NoPolicy", "and the next import finds what is missing");
}
