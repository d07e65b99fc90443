//! A factory's devices and its device-infos, for the tests of the two phases.

use std::collections::BTreeMap;

use aws_sdk_iot::types::CertificateStatus;
use openssl::{pkey::PKey, x509::X509};
use rcgen::KeyPair;
use serde_json::{Value, json};
use xtask::mqtt;

use crate::{
    samples::{Authority, parameters, standard},
    world::{Making, Run, World},
};

/// Phase 1 by folder, phase 2 by the default profile or by the same folder.
pub(crate) const FACTORY: &str = r#"
[profile.default]
policies = ["sensor-base"]
thing_groups = ["sensors"]
thing_type = "sensor"

[profile.factory]
policies = ["factory-base"]
thing_groups = ["sensors"]
thing_type = "sensor"
certificate_status = "inactive"
defer_things = true
thing_name = "never-{serial}"

[profile.untyped]
policies = ["sensor-base"]

[profile.again]
policies = ["sensor-base"]
thing_groups = ["sensors"]
thing_type = "sensor"
reactivate = true
"#;

/// The device's policies and groups under the default profile, in calls: one of each.
pub(crate) const CALLS_OF_A_NEW_DEVICE: [&str; 9] = [
    "AddThingToThingGroup",
    "AttachPolicy",
    "AttachThingPrincipal",
    "CreateThing",
    "DescribeCertificate",
    "DescribeThing",
    "ListAttachedPolicies",
    "ListPrincipalThings",
    "UpdateCertificate",
];

/// A device that phase 1 knows by its certificate.
pub(crate) struct Made {
    pub(crate) name: String,
    pub(crate) certificate: Vec<u8>,
    pub(crate) id: String,
    key: KeyPair,
}

impl Made {
    pub(crate) fn new(authority: &Authority, name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let certificate = authority.issue(&parameters(name), &key);
        let id = manifest::CertificateId::of(&certificate).to_string();
        Self { name: name.to_owned(), certificate, id, key }
    }

    /// What the factory says about it.
    pub(crate) fn info(&self) -> Value {
        json!({
            "certFingerprint": self.id,
            "deviceId": self.name,
            "attributes": {"DSN": format!("SN-{}", self.name), "Rev": "B"},
        })
    }

    /// The same with one member changed, or left out by null.
    pub(crate) fn with(&self, member: &str, value: Value) -> Value {
        let mut info = self.info();
        info[member] = value;
        info
    }

    /// Whether it can connect under a thing's name.
    pub(crate) fn connects(&self, world: &World) -> bool {
        let device = mqtt::Device {
            thing: self.name.clone(),
            certificate: X509::from_der(&self.certificate).unwrap(),
            key: PKey::private_key_from_der(&self.key.serialize_der()).unwrap(),
        };
        tokio::task::block_in_place(|| device.connects(&world.cloud)).unwrap()
    }
}

/// A world with a factory, and devices that it has made.
pub(crate) async fn factory<const N: usize>(names: [&str; N]) -> (World, [Made; N]) {
    let world = Making::with(FACTORY).waiting("0.1").world().await;
    let authority = Authority::new("Test CA");
    (world, names.map(|name| Made::new(&authority, name)))
}

/// Phase 1: the certificates are registered, and nothing else.
pub(crate) async fn register(world: &World, devices: &[&Made]) -> Run {
    let list: String = devices.iter().map(|made| standard(&made.certificate) + "\n").collect();
    let name = &devices.first().unwrap().name;
    let run = world.import("generated", &format!("factory/{name}.txt"), list).await;
    assert_eq!(run.status.as_str(), "SUCCEEDED", "{}", run.cause);
    run
}

/// A file of device-infos.
pub(crate) fn device_infos(devices: &[Value]) -> String {
    json!({"batch_id": "lot-7", "devices": devices}).to_string()
}

/// The attributes of a thing.
pub(crate) async fn attributes(world: &World, thing: &str) -> BTreeMap<String, String> {
    let found = world.iot.describe_thing().thing_name(thing).send().await.unwrap();
    found.attributes.unwrap_or_default().into_iter().collect()
}

/// Changes a certificate's status as somebody does in the console.
pub(crate) async fn set_status(world: &World, id: &str, status: CertificateStatus) {
    let update = world.iot.update_certificate().certificate_id(id).new_status(status);
    update.send().await.unwrap();
}
