//! Makes by hand what stands in an account before a file is imported.

use aws_sdk_iot::types::{AttributePayload, CertificateStatus};

use crate::{
    samples::{pem, standard},
    world::World,
};

pub(crate) fn id(der: &[u8]) -> String {
    manifest::CertificateId::of(der).to_string()
}

/// The lines of a list for the bucket of generated certificates.
pub(crate) fn list(certificates: &[&[u8]]) -> String {
    certificates.iter().map(|der| standard(der) + "\n").collect()
}

pub(crate) async fn register(world: &World, der: &[u8], status: CertificateStatus) -> String {
    let request =
        world.iot.register_certificate_without_ca().certificate_pem(pem(der)).status(status);
    request.send().await.unwrap().certificate_arn.unwrap()
}

pub(crate) async fn create_thing(world: &World, name: &str, thing_type: Option<&str>) {
    let request = world
        .iot
        .create_thing()
        .thing_name(name)
        .set_thing_type_name(thing_type.map(str::to_owned));
    request.send().await.unwrap();
}

pub(crate) async fn attach(world: &World, thing: &str, arn: &str) {
    world.iot.attach_thing_principal().thing_name(thing).principal(arn).send().await.unwrap();
}

/// A thing of the type `sensor`, with this certificate.
pub(crate) async fn sensor(world: &World, thing: &str, der: &[u8], status: CertificateStatus) {
    let arn = register(world, der, status).await;
    create_thing(world, thing, Some("sensor")).await;
    attach(world, thing, &arn).await;
}

/// Gives a thing attributes, and leaves those that it has.
pub(crate) async fn describe(world: &World, thing: &str, attributes: &[(&str, &str)]) {
    let mut payload = AttributePayload::builder().merge(true);
    for (name, value) in attributes {
        payload = payload.attributes(*name, *value);
    }
    let update = world.iot.update_thing().thing_name(thing).attribute_payload(payload.build());
    update.send().await.unwrap();
}

/// The attributes of a thing, such as `line=north mac=00:11`.
pub(crate) async fn attributes(world: &World, thing: &str) -> String {
    let found = world.iot.describe_thing().thing_name(thing).send().await.unwrap();
    let mut attributes: Vec<_> = found
        .attributes
        .unwrap_or_default()
        .into_iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    attributes.sort();
    attributes.join(" ")
}
