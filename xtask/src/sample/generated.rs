//! Certificates without a vendor: one a line, as base64 of its PEM.

use anyhow::Result;

use super::{
    Options, Sample,
    certificate::{
        CLIENT_AUTHENTICATION, COMMON_NAME, COUNTRY, LOCALITY, ORGANIZATION, SERVER_AUTHENTICATION,
        STATE, Statement, UNIT, authority_key, end_entity, extended_key_usage, key_usage, name,
        subject_key,
    },
    files::{Files, Listing},
    identity::{Device, Identity},
    key::{Algorithm, Curve, Key},
    seed::Seed,
    text::{base64, pem},
};

const NAME: &str = "generated";

/// Writes a list of certificates as one's own PKI would.
pub fn write(options: &Options) -> Result<Sample> {
    let files = Files::of(NAME, options)?;
    let generated = Generated::new(options.seed)?;
    let listing = Listing {
        files: &files,
        extension: ".txt",
        start: "",
        between: "\n",
        end: "\n",
        columns: &[],
    };
    listing.write(|index| {
        let device = generated.device(index)?;
        let line = base64(pem(&device.certificate, "\n").as_bytes());
        Ok((device, line))
    })
}

/// Everything that the devices of a sample share.
pub(super) struct Generated {
    number: u64,
    seed: Seed,
    curve: Curve,
    issuer: Vec<u8>,
    issuer_key: Key,
}

impl Generated {
    pub(super) fn new(number: u64) -> Result<Self> {
        let (seed, curve) = (Seed::new(number, NAME), Curve::p256()?);
        let issuer_key = curve.key(&seed, "issuer", 0)?;
        let issuer = subject(&format!("Intermediate CA 20250101_{number:06}"));
        Ok(Self { number, seed, curve, issuer, issuer_key })
    }

    pub(super) fn device(&self, index: u64) -> Result<Device> {
        // The seed is part of the name, so that two samples do not fight for things.
        let cn = format!("Device-{}-{index}", self.number);
        let key = self.curve.key(&self.seed, "device", index)?;
        let certificate = Statement {
            serial: &self.seed.serial::<20>("serial", index),
            issuer: &self.issuer,
            validity: ("250101000000Z", "491231235959Z"),
            subject: &subject(&cn),
            key: &key,
            extensions: &[
                end_entity(),
                key_usage(5, 0xe0),
                subject_key(&key),
                authority_key(&self.issuer_key),
                extended_key_usage(&[CLIENT_AUTHENTICATION, SERVER_AUTHENTICATION]),
            ],
        };
        let certificate = certificate.signed_by(&self.issuer_key, Algorithm::EcdsaSha256)?;
        Ok(Device { identity: Identity::new(cn.clone(), cn, &certificate), certificate, key })
    }
}

fn subject(common_name: &str) -> Vec<u8> {
    name(&[
        (COMMON_NAME, common_name),
        (COUNTRY, "US"),
        (STATE, "Washington"),
        (LOCALITY, "Seattle"),
        (ORGANIZATION, "Example Corp"),
        (UNIT, "IoT Division"),
    ])
}
