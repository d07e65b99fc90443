//! Attributes of things: given, completed, and never trampled.

use aws_sdk_iot::types::CertificateStatus;
use gate::{Then, kill_function};

use crate::{
    samples::Authority,
    standing::{attach, attributes, create_thing, describe, id, list, register},
    world::{Making, SIX_CALLS, STACK, device},
};

/// A profile with attributes, and one that lets them win over others'.
fn with_attributes() -> String {
    let default = format!("{SIX_CALLS}attributes = {{ line = \"north\", site = \"plant-1\" }}\n");
    let merging = default.replace("[profile.default]", "[profile.merging]");
    format!("{default}{merging}on_conflict = \"adopt\"\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn things_get_what_they_lack_and_keep_what_they_have() {
    let world = Making::with(&with_attributes()).world().await;
    let authority = Authority::new("Test CA");
    let names = ["new", "free", "other", "whole"];
    let [new, free, other, whole] = names.map(|name| authority.leaf(name));
    for name in ["free", "other", "whole"] {
        create_thing(&world, name, Some("sensor")).await;
        describe(&world, name, &[("owner", "ann")]).await;
    }
    describe(&world, "other", &[("site", "plant-2")]).await;
    describe(&world, "whole", &[("site", "plant-1"), ("line", "north")]).await;
    for (name, der) in [("other", &other), ("whole", &whole)] {
        let arn = register(&world, der, CertificateStatus::Active).await;
        attach(&world, name, &arn).await;
    }

    let file = list(&[&new, &free, &other, &whole]);
    let run = world.import("generated", "reel.txt", file.clone()).await;
    assert_eq!(run.summary(), "4 read, 1 created, 3 updated");
    assert_eq!(attributes(&world, "new").await, "line=north site=plant-1");
    assert_eq!(attributes(&world, "free").await, "line=north owner=ann site=plant-1");
    assert_eq!(attributes(&world, "other").await, "line=north owner=ann site=plant-2");
    assert_eq!(attributes(&world, "whole").await, "line=north owner=ann site=plant-1");
    assert_eq!(run.result(3)["warnings"], "Thing.AttributeKept");
    let kept = &run.report().warnings[0].reason;
    assert!(kept.contains("`site`") && !kept.contains("plant"), "a name and no value: {kept}");

    let calls = world.gate.calls();
    assert_eq!(calls["UpdateThing"], 2, "a new thing has its attributes from the start");
    let again = world.import("generated", "reel.txt", file.clone()).await;
    assert_eq!(again.summary(), "4 read, 4 unchanged");
    assert_eq!(world.gate.calls()["UpdateThing"], 2);

    let merged = world.import("generated", "merging/reel.txt", file).await;
    assert_eq!(merged.summary(), "4 read, 3 unchanged, 1 updated");
    assert_eq!(attributes(&world, "other").await, "line=north owner=ann site=plant-1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_killed_while_it_gives_attributes_ends_with_the_same_word() {
    let world = Making::with(&with_attributes()).waiting("0.1").world().await;
    let authority = Authority::new("Test CA");
    let deaths = [
        ("CreateThing", Then::PassOn, "created"),
        ("CreateThing", Then::Lose, "created"),
        ("UpdateThing", Then::PassOn, "updated"),
        ("UpdateThing", Then::Lose, "updated"),
        ("AttachPolicy", Then::Lose, "updated"),
    ];
    for (operation, then, word) in deaths {
        let name = format!("killed-at-{operation}-{then:?}");
        let leaf = authority.leaf(&name);
        if word == "updated" {
            create_thing(&world, &name, Some("sensor")).await;
            describe(&world, &name, &[("owner", "ann")]).await;
        }
        let gate = world.gate.address;
        world.gate.strike_at(operation, 1, async move || {
            kill_function(gate, &format!("{STACK}-register"));
            then
        });
        let run = world.import("generated", &format!("{name}.txt"), list(&[&leaf])).await;
        assert_eq!(run.summary(), format!("1 read, 1 {word}"), "{name}");
        assert_eq!(world.device(&name).await, Some(device(&id(&leaf), &["sensor-base"])), "{name}");
        let owned = if word == "updated" { "owner=ann " } else { "" };
        let expected = format!("line=north {owned}site=plant-1");
        assert_eq!(attributes(&world, &name).await, expected, "{name}");
    }
}
