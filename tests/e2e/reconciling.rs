//! `cargo xtask reconcile`: each way in which devices can differ from what a run left.

use std::{collections::BTreeSet, fs, path::Path};

use aws_sdk_iot::types::{AttributePayload, CertificateStatus};
use serde_json::{Value, json};

use crate::{
    command_line::xtask_as,
    factory::{Made, device_infos, factory, register, set_status},
    person::Person,
    samples::{Authority, standard},
    world::{Making, World},
};

const MARKED: &str = r#"
[profile.default]
policies = ["sensor-base", "sensor-telemetry"]
thing_groups = ["sensors"]
thing_type = "sensor"
attributes = { line = "7", cn = "{cn}" }
"#;

struct Reconciled {
    status: Option<i32>,
    stdout: String,
    stderr: String,
}

fn reconcile(world: &World, keys: [&str; 2], folder: &Path, arguments: &[&str]) -> Reconciled {
    let output = xtask_as(keys, world, folder, &[&["reconcile"], arguments].concat());
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Reconciled {
        status: output.status.code(),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}

impl Reconciled {
    #[track_caller]
    fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}{}", self.stdout, self.stderr))
    }

    /// Each difference as `missing thing: 1`.
    #[track_caller]
    fn differences(&self) -> BTreeSet<String> {
        let found = self.json()["differences"].as_array().unwrap().clone();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        found
            .iter()
            .map(|each| {
                format!("{} {}: {}", text(&each["kind"]), text(&each["what"]), each["devices"])
            })
            .collect()
    }
}

/// ARN of a thing's certificate.
async fn principal(world: &World, thing: &str) -> String {
    let listed = world.iot.list_thing_principals().thing_name(thing).send().await.unwrap();
    listed.principals()[0].clone()
}

async fn another_certificate(world: &World) -> String {
    let made = world.iot.create_keys_and_certificate().set_as_active(true).send().await.unwrap();
    made.certificate_arn.unwrap()
}

async fn detach(world: &World, thing: &str, arn: &str) {
    world.iot.detach_thing_principal().thing_name(thing).principal(arn).send().await.unwrap();
}

async fn attach(world: &World, thing: &str, arn: &str) {
    world.iot.attach_thing_principal().thing_name(thing).principal(arn).send().await.unwrap();
}

/// Changes devices 1 to 8 in all the ways there are, and leaves the others.
async fn meddle(world: &World) {
    let iot = &world.iot;
    let own = async |number: u32| principal(world, &format!("device-{number}")).await;
    let gone = own(1).await;
    detach(world, "device-1", &gone).await;
    iot.delete_thing().thing_name("device-1").send().await.unwrap();

    let arn = own(2).await;
    iot.detach_policy().policy_name("sensor-base").target(&arn).send().await.unwrap();
    let document = r#"{"Version": "2012-10-17", "Statement": []}"#;
    iot.create_policy().policy_name("admin").policy_document(document).send().await.unwrap();
    iot.attach_policy().policy_name("admin").target(&arn).send().await.unwrap();

    let arn = own(3).await;
    let id = arn.rsplit('/').next().unwrap();
    set_status(world, id, CertificateStatus::Inactive).await;

    let arn = own(4).await;
    detach(world, "device-4", &arn).await;
    attach(world, "device-4", &another_certificate(world).await).await;

    attach(world, "device-5", &another_certificate(world).await).await;
    let leave = iot.remove_thing_from_thing_group().thing_name("device-5");
    leave.thing_group_name("sensors").send().await.unwrap();
    iot.create_thing_group().thing_group_name("repair").send().await.unwrap();
    let join = iot.add_thing_to_thing_group().thing_name("device-5");
    join.thing_group_name("repair").send().await.unwrap();

    let update = iot.update_thing().thing_name("device-6").remove_thing_type(true);
    let other = AttributePayload::builder().attributes("line", "8").build();
    update.attribute_payload(other).send().await.unwrap();

    let arn = own(7).await;
    detach(world, "device-7", &arn).await;

    let arn = own(8).await;
    let id = arn.rsplit('/').next().unwrap();
    detach(world, "device-8", &arn).await;
    for policy in ["sensor-base", "sensor-telemetry"] {
        iot.detach_policy().policy_name(policy).target(&arn).send().await.unwrap();
    }
    set_status(world, id, CertificateStatus::Inactive).await;
    iot.delete_certificate().certificate_id(id).send().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_untouched_run_has_no_difference_and_each_kind_of_difference_is_named() {
    let world = Making::with(MARKED).world().await;
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new("Test CA");
    let list: String = (1..=9)
        .map(|number| standard(authority.leaf(&format!("device-{number}"))) + "\n")
        .collect();
    let run = world.import("generated", "list.txt", list + "bm8=\n").await;
    assert_eq!(run.summary(), "10 read, 9 created, 1 rejected; red");
    let auditor = Person::with(&world, "auditor").await;
    let [id, secret] = &auditor.keys;
    let keys = [id.as_str(), secret.as_str()];
    let ask = |arguments: &[&str]| reconcile(&world, keys, folder.path(), arguments);

    let before = ask(&[&run.name]);
    assert_eq!(before.status, Some(0), "{}{}", before.stdout, before.stderr);
    assert!(before.stdout.contains("all 9 devices are as the run left them"), "{}", before.stdout);
    assert!(before.stdout.contains("1 entry of the run did not end well"), "{}", before.stdout);

    meddle(&world).await;
    let after = ask(&[&run.name, "--json", "--out", "all.csv"]);
    assert_eq!(after.status, Some(1), "{}", after.stderr);
    let expected: BTreeSet<String> = [
        "missing thing: 1",
        "missing policy sensor-base: 1",
        "extra policy admin: 1",
        "changed status INACTIVE: 1",
        "changed certificate: 1",
        "extra certificate: 1",
        "missing group sensors: 1",
        "extra group repair: 1",
        "missing type sensor: 1",
        "changed attribute line: 1",
        "missing attribute cn: 1",
        "missing attachment: 2",
        "missing certificate: 1",
    ]
    .map(str::to_owned)
    .into();
    assert_eq!(after.differences(), expected);
    let value = after.json();
    assert_eq!((&value["compared"], &value["differing"]), (&9.into(), &8.into()));
    let table = fs::read_to_string(folder.path().join("all.csv")).unwrap();
    assert_eq!(table.lines().count(), 15, "{table}");
    assert!(table.contains(",device-1,") && !table.contains(",device-9,"), "{table}");

    let told = ask(&[&run.name]);
    assert_eq!(told.status, Some(1));
    assert!(
        told.stdout.contains("thing device-1: its thing is not there any more"),
        "{}",
        told.stdout
    );
    let shown = told.stdout + &told.stderr;
    assert!(!shown.contains("`8`"), "no value of an attribute: {shown}");

    let quick = ask(&[&run.name, "--json", "--quick"]);
    let is_told = |difference: &&String| {
        !["changed certificate: 1", "extra certificate: 1", "missing attachment: 2"]
            .contains(&difference.as_str())
    };
    assert_eq!(quick.differences(), expected.iter().filter(is_told).cloned().collect());

    // Without listings each device is asked for, with the same answers.
    let iam = aws_sdk_iam::Client::new(&world.cloud.aws_config());
    let deny = |actions: Value| {
        let statement = json!([{"Effect": "Deny", "Action": actions, "Resource": "*"}]);
        let document = json!({"Version": "2012-10-17", "Statement": statement}).to_string();
        iam.put_user_policy().user_name("auditor").policy_name("deny").policy_document(document)
    };
    deny(json!(["iot:ListCertificates"])).send().await.unwrap();
    let asked = ask(&[&run.name, "--json"]);
    assert_eq!(asked.differences(), expected, "{}", asked.stderr);
    assert!(asked.stderr.contains("ListCertificates may not be asked"), "{}", asked.stderr);

    deny(json!(["iot:ListThingPrincipals"])).send().await.unwrap();
    let partly = ask(&[&run.name, "--json"]);
    assert_eq!(partly.status, Some(1));
    assert_eq!(partly.differences(), quick.differences());
    assert!(partly.json()["not_asked"]["ListThingPrincipals"].is_string(), "{}", partly.stdout);
    assert!(partly.stderr.contains("hint: the policies operator and auditor"), "{}", partly.stderr);

    let absent = ask(&["no-such-run"]);
    assert_eq!((absent.status, absent.stdout.as_str()), (Some(3), ""));
    assert!(absent.stderr.contains("has no run `no-such-run`"), "{}", absent.stderr);
    let empty = world.import("generated", "empty.txt", "").await;
    let empty = ask(&[&empty.name]);
    assert_eq!(empty.status, Some(3));
    assert!(empty.stderr.contains("stopped before it read a device"), "{}", empty.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_of_phase_1_counts_what_is_activated_and_what_waits() {
    let (world, devices) = factory(["device-1", "device-2", "device-3"]).await;
    let folder = tempfile::tempdir().unwrap();
    let phase_1 = register(&world, &devices.each_ref()).await;
    let infos = device_infos(&[Made::info(&devices[0])]);
    let phase_2 = world.activate("infos.json", infos).await;
    let ask = |run: &str| reconcile(&world, ["test", "test"], folder.path(), &[run, "--json"]);

    let first = ask(&phase_1.name);
    assert_eq!(first.status, Some(0), "{}", first.stderr);
    let value = first.json();
    assert_eq!(value["activation"], json!({"activated": 1, "waiting": {"less than a day": 2}}));
    assert_eq!((&value["compared"], &value["differing"]), (&3.into(), &0.into()));

    let second = ask(&phase_2.name);
    assert_eq!(second.status, Some(0), "{}{}", second.stdout, second.stderr);
    assert_eq!(second.json()["activation"], Value::Null);

    set_status(&world, &devices[0].id, CertificateStatus::Inactive).await;
    set_status(&world, &devices[1].id, CertificateStatus::Revoked).await;
    assert_eq!(ask(&phase_2.name).differences(), ["changed status INACTIVE: 1".to_owned()].into());
    let again = ask(&phase_1.name);
    assert_eq!(again.differences(), ["changed status REVOKED: 1".to_owned()].into());
    assert_eq!(again.json()["activation"]["waiting"], json!({"less than a day": 2}));
}
