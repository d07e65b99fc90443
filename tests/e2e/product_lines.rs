//! What profiles say of devices.

use std::collections::BTreeMap;

use crate::{
    samples::{Authority, pem, standard},
    world::{Making, World},
};

const LINES: &str = r#"
[profile.default]
policies = ["sensor-base"]

[profile.pumps]
policies = ["sensor-base"]
thing_type = "pump"
thing_name = "pump-{mac}"
attributes = { mac = "{mac}", batch = "{Batch No}", line = "north/7", tag = "{cn}:{mac}" }
"#;

async fn attributes(world: &World, thing: &str) -> BTreeMap<String, String> {
    let found = world.iot.describe_thing().thing_name(thing).send().await.unwrap();
    assert_eq!(found.thing_type_name(), Some("pump"));
    found.attributes.unwrap_or_default().into_iter().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn things_get_the_attributes_of_their_product_line() {
    let world = Making::with(LINES).world().await;
    let authority = Authority::new("Test CA");
    let row = |number: usize, batch: &str| {
        let certificate = pem(&authority.leaf(&format!("d{number}")));
        format!("aabbcc00000{number},{batch},\"{certificate}\"\n")
    };
    let list = format!("mac,Batch No,cert\n{}{}{}", row(0, "b7"), row(1, ""), row(2, "two words"));

    let run = world.import("espressif", "pumps/list.csv", list).await;
    assert_eq!(run.summary(), "3 read, 2 created, 1 rejected; red");
    assert_eq!(run.report().profile, "pumps");
    let expected = |number: usize, batch: Option<&str>| {
        let mac = format!("aabbcc00000{number}");
        let tag = format!("d{number}:{mac}");
        let all = [
            ("mac", Some(mac.as_str())),
            ("line", Some("north/7")),
            ("tag", Some(&tag)),
            ("batch", batch),
        ];
        let given = all.into_iter().filter_map(|(name, value)| Some((name.into(), value?.into())));
        given.collect::<BTreeMap<String, String>>()
    };
    assert_eq!(attributes(&world, "pump-aabbcc000000").await, expected(0, Some("b7")));
    assert_eq!(attributes(&world, "pump-aabbcc000001").await, expected(1, None));
    assert_eq!(run.result(2)["warnings"], "Attribute.Empty");
    let refused = run.result(3);
    assert_eq!((refused["code"].as_str(), refused["retry"].as_str()), ("Attribute.Value", "no"));
    assert!(!refused["reason"].contains("two words"), "{}", refused["reason"]);

    // A vendor whose files have no MAC.
    let list = standard(authority.leaf("other"));
    let run = world.import("generated", "pumps/list.txt", list).await;
    assert_eq!(run.summary(), "1 read, 1 rejected; red");
    assert_eq!(run.problem(), "Name.NoField");
    assert_eq!(world.registered().await, (2, 2));
}
