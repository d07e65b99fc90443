//! Espressif: a CSV of MACs, names and RSA certificates.

use anyhow::Result;

use super::{
    Options, Sample,
    certificate::{
        COMMON_NAME, COUNTRY, LOCALITY, ORGANIZATION, STATE, Statement, UNIT, end_entity,
        key_usage, name,
    },
    files::{Files, Listing},
    identity::{Device, Identity},
    key::{
        Algorithm, Key,
        primes::{self, Primes},
    },
    seed::Seed,
    text::pem,
};

const NAME: &str = "espressif";

/// Writes a sample of Espressif's. Its RSA keys share primes: see [`Primes`].
pub fn write(options: &Options) -> Result<Sample> {
    let files = Files::of(NAME, options)?;
    let espressif = Espressif::new(options.seed, options.devices)?;
    // No line end follows the last record.
    let listing = Listing {
        files: &files,
        extension: ".csv",
        start: "MAC,cn,cert\r\n",
        between: "\r\n",
        end: "",
        columns: &["mac"],
    };
    listing.write(|index| {
        let device = espressif.device(index)?;
        let Identity { id, cn, .. } = &device.identity;
        let record = format!("{id},{cn},\"{}\"", pem(&device.certificate, "\n"));
        Ok((device, record))
    })
}

/// Everything that the devices of a sample share.
pub(super) struct Espressif {
    seed: Seed,
    primes: Primes,
    issuer: Vec<u8>,
    issuer_key: Key,
}

impl Espressif {
    pub(super) fn new(number: u64, devices: u64) -> Result<Self> {
        let seed = Seed::new(number, NAME);
        let parts = [
            (COUNTRY, "IN"),
            (STATE, "MH"),
            (LOCALITY, "Pune"),
            (ORGANIZATION, "Espressif"),
            (COMMON_NAME, &format!("esp-sample-{number}")),
        ];
        Ok(Self {
            primes: Primes::for_devices(&seed, devices)?,
            issuer: name(&parts),
            issuer_key: primes::key(&seed, "issuer")?,
            seed,
        })
    }

    pub(super) fn device(&self, index: u64) -> Result<Device> {
        let mac = format!("{:012X}", self.seed.distinct("mac", index, 48));
        let cn = self.seed.uuid("cn", index);
        let key = self.primes.key(index)?;
        let parts = [
            (COUNTRY, "IN"),
            (STATE, "MH"),
            (ORGANIZATION, "Espressif Systems"),
            (UNIT, "ExpressLink"),
            (COMMON_NAME, cn.as_str()),
        ];
        let certificate = Statement {
            serial: &self.seed.serial::<20>("serial", index),
            issuer: &self.issuer,
            validity: ("250101000000Z", "491231235959Z"),
            subject: &name(&parts),
            key: &key,
            extensions: &[end_entity(), key_usage(5, 0xa0)],
        };
        let certificate = certificate.signed_by(&self.issuer_key, Algorithm::RsaSha256)?;
        let identity = Identity { mac: Some(mac.clone()), ..Identity::new(mac, cn, &certificate) };
        Ok(Device { identity, certificate, key })
    }
}
