//! An imported device connects: MQTT over mutual TLS, with the certificate that the manifest named.

use openssl::{pkey::PKey, x509::X509};
use rcgen::KeyPair;
use xtask::mqtt::Device;

use crate::{
    samples::{Authority, parameters, standard},
    world::World,
};

fn connects(device: &Device, world: &World) -> bool {
    tokio::task::block_in_place(|| device.connects(&world.cloud)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_connects_after_its_import_and_not_before() {
    let world = World::new().await;
    let key = KeyPair::generate().unwrap();
    let thing = "device-1".to_owned();
    let certificate = Authority::new("Test CA").issue(&parameters(&thing), &key);
    let device = Device {
        thing,
        certificate: X509::from_der(&certificate).unwrap(),
        key: PKey::private_key_from_der(&key.serialize_der()).unwrap(),
    };

    assert!(!connects(&device, &world), "nobody has registered it yet");
    let run = world.import("generated", "list.txt", standard(&certificate)).await;
    assert_eq!(run.summary(), "1 read, 1 created");
    assert!(connects(&device, &world), "it is registered, active, and has its policies");
}
