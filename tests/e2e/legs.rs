//! Files whose reading takes longer than a function may run. That every form is read alike however often
//! it is stopped, the decoder's own tests say.

use std::collections::BTreeMap;

use aws_sdk_lambda::Client;
use serde_json::{Value, json};

use crate::{
    factory::device_infos,
    samples::{Authority, standard},
    world::{Making, PROFILES, STACK, World},
};

/// The files that entries are sorted into.
const SORTED: [&str; 3] = ["work.jsonl", "units.jsonl", "rejected.jsonl"];
/// A decoder leaves a minute before its deadline for what follows the reading, so that with this time each
/// call takes one entry.
const ONE_ENTRY: i32 = 60;
const AS_DEPLOYED: i32 = 900;

/// Gives the decoder of a bucket so many seconds from now on.
async fn may_run(world: &World, bucket: &str, seconds: i32) {
    let lambda = Client::new(&world.cloud.aws_config());
    let update = lambda.update_function_configuration().timeout(seconds);
    update.function_name(format!("{STACK}-decode-{bucket}")).send().await.unwrap();
}

/// What decoding has left of a run.
async fn left_by(world: &World, run: &str) -> (BTreeMap<&'static str, Vec<u8>>, Value) {
    let mut files = BTreeMap::new();
    for file in SORTED {
        files.insert(file, world.run_file(run, file).await.expect(file));
    }
    let plan = world.run_file(run, "plan.json").await.unwrap();
    let plan: Value = serde_json::from_slice(&plan).unwrap();
    (files, plan["prepared"].clone())
}

/// Plans the file in one call of its decoder, and then in one for each entry.
async fn check(world: &World, vendor: &str, name: &str, content: &str, entries: u64) {
    let plan = async |key: String| {
        if vendor == "mes" {
            world.activate(&key, content).await
        } else {
            world.import(vendor, &key, content).await
        }
    };
    let whole = plan(format!("plan/whole-{name}")).await;
    may_run(world, vendor, ONE_ENTRY).await;
    let parts = plan(format!("plan/parts-{name}")).await;
    may_run(world, vendor, AS_DEPLOYED).await;

    assert_eq!(world.run_file(&whole.name, "decoding.json").await, None, "{name}: one call");
    let state = world.run_file(&parts.name, "decoding.json").await.expect("several calls");
    let state: Value = serde_json::from_slice(&state).unwrap();
    // Behind the last entry there is the end of the file, and a call of its own finds it.
    assert_eq!(state["legs"], entries + 1, "{name}");
    assert_eq!(parts.summary(), whole.summary(), "{name}");
    assert_eq!(parts.report().counts.read, entries, "{name}");
    assert!(
        left_by(world, &parts.name).await == left_by(world, &whole.name).await,
        "{name}: the files differ"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_takes_many_calls_is_read_as_in_one() {
    let world = Making::with(PROFILES).world().await;
    let authority = Authority::new("Test CA");
    // A name twice, and a line that is no certificate.
    let mut list: Vec<_> = ["a", "b", "a"].map(|name| standard(authority.leaf(name)) + "\n").into();
    list.push("MIIbroken\n".to_owned());
    check(&world, "generated", "list.txt", &list.concat(), 4).await;

    let device = |number: u32, name: &str| json!({"certFingerprint": format!("{number:064x}"), "deviceId": name});
    let devices = [device(1, "a"), device(2, "a"), device(3, "c")];
    check(&world, "mes", "infos.json", &device_infos(&devices), 3).await;
}
