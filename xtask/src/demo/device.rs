//! A device of a sample, which tries to connect.

use std::fs;

use anyhow::{Context, Result};
use openssl::{pkey::PKey, x509::X509};

use crate::{advice::with_hint, local_cloud::LocalCloud, mqtt, sample::Sample};

/// The first device of a sample that was made with keys.
pub(super) fn first(sample: &Sample) -> Result<mqtt::Device> {
    let identities = sample.identities()?;
    let identity = identities.into_iter().next().context("the sample has a device")?;
    let key = identity.key.context("the sample was made with keys")?;
    let certificate = key.with_extension("crt");
    Ok(mqtt::Device {
        thing: identity.cn,
        certificate: X509::from_pem(&fs::read(certificate)?)?,
        key: PKey::private_key_from_pem(&fs::read(key)?)?,
    })
}

/// Fails where the device is not turned away.
pub(super) fn expect_refusal(device: &mqtt::Device, cloud: &LocalCloud) -> Result<()> {
    if device.connects(cloud)? {
        return Err(with_hint(
            format!("the device `{}` could connect, although it is not ready", device.thing),
            "start afresh: cargo xtask local reset",
        ));
    }
    Ok(())
}

/// Fails where the device does not connect.
pub(super) fn expect_connection(device: &mqtt::Device, cloud: &LocalCloud) -> Result<()> {
    if device.connects(cloud)? {
        return Ok(());
    }
    Err(with_hint(
        format!("the device `{}` cannot connect, although its import ended well", device.thing),
        "does the profile of the configuration make devices inactive, or give them no policy? \
         Otherwise start afresh: cargo xtask local reset",
    ))
}
