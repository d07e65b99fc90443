//! Microchip: a JSON array of secure elements, each signed by the manifest's signer.

use anyhow::{Context, Result};
use openssl::{ecdsa::EcdsaSig, sha::sha256};

use super::{
    Options, Sample,
    certificate::{
        COMMON_NAME, ORGANIZATION, Statement, alternative_serial_number, authority, authority_key,
        end_entity, key_usage, name, subject_key,
    },
    files::{Files, Listing},
    identity::{Device, Identity},
    key::{Algorithm, Curve, Key},
    seed::Seed,
    text::{base64, base64_url, hex, pem},
};

const NAME: &str = "microchip";
const MAKER: &str = "Microchip Technology Inc";
const PART: &str = "ATECC608C-TNGTLSU-B";
/// A device's certified key is in slot 0. The other slots have keys, too.
const OTHER_SLOTS: [&str; 4] = ["1", "2", "3", "4"];

/// Writes a sample of Microchip's.
///
/// Its signer cannot be one of Microchip's, so it must be trusted like any other signer that Microchip did not publish.
pub fn write(options: &Options) -> Result<Sample> {
    let files = Files::of(NAME, options)?;
    let microchip = Microchip::new(options.seed)?;
    let listing = Listing {
        files: &files,
        extension: ".json",
        start: "[\n",
        between: ",\n",
        end: "\n]",
        columns: &[],
    };
    let sample = listing.write(|index| {
        let device = microchip.device(index)?;
        let element = microchip.element(&device, index)?;
        Ok((device, element))
    })?;
    let signer = &microchip.signer.certificate;
    let file = files.write("-signer.crt", pem(signer, "\n").as_bytes())?;
    Ok(Sample { authorities: vec![file], signer: Some(hex(&sha256(signer))), ..sample })
}

/// Everything that the devices of a sample share.
pub(super) struct Microchip {
    seed: Seed,
    curve: Curve,
    issuer: Issuer,
    signer: Signer,
    group: String,
}

/// Who signs devices' certificates.
struct Issuer {
    name: Vec<u8>,
    key: Key,
    certificate: Vec<u8>,
}

/// Who signs the manifest.
struct Signer {
    key: Key,
    certificate: Vec<u8>,
    /// The protected header, the same for all elements.
    protected: String,
}

impl Microchip {
    pub(super) fn new(number: u64) -> Result<Self> {
        let (seed, curve) = (Seed::new(number, NAME), Curve::p256()?);
        let issuer = Issuer::new(&seed, &curve)?;
        let signer = Signer::new(&seed, &curve, number)?;
        let group = seed.code::<16>("group", 0);
        Ok(Self { seed, curve, issuer, signer, group })
    }

    pub(super) fn device(&self, index: u64) -> Result<Device> {
        let id = format!("0123{:012x}01", self.seed.distinct("unique id", index, 48));
        let cn = format!("sn{}", id.to_uppercase());
        let key = self.curve.key(&self.seed, "slot 0", index)?;
        let certificate = Statement {
            serial: &self.seed.serial::<16>("serial", index),
            issuer: &self.issuer.name,
            validity: ("250101200000Z", "20530101200000Z"),
            subject: &name(&[(ORGANIZATION, MAKER), (COMMON_NAME, &cn)]),
            key: &key,
            extensions: &[
                alternative_serial_number("eui48_000000000000"),
                end_entity(),
                key_usage(3, 0x88),
                subject_key(&key),
                authority_key(&self.issuer.key),
            ],
        };
        let certificate = certificate.signed_by(&self.issuer.key, Algorithm::EcdsaSha256)?;
        Ok(Device { identity: Identity::new(id, cn, &certificate), certificate, key })
    }

    /// The device's signed element.
    fn element(&self, device: &Device, index: u64) -> Result<String> {
        let id = &device.identity.id;
        let payload = base64_url(self.payload(device, index)?.as_bytes());
        let protected = &self.signer.protected;
        let signature = self.signer.sign(&format!("{protected}.{payload}"))?;
        Ok(format!(
            r#"  {{
    "payload": "{payload}",
    "protected": "{protected}",
    "header": {{
      "uniqueId": "{id}"
    }},
    "signature": "{signature}"
  }}"#
        ))
    }

    fn payload(&self, device: &Device, index: u64) -> Result<String> {
        let (id, group, time) = (&device.identity.id, &self.group, timestamp(index));
        let (leaf, issuer) = (base64(&device.certificate), base64(&self.issuer.certificate));
        let (x, y) = coordinates(device.key.bits())?;
        let mut keys = vec![format!(
            r#"{{"kid":"0","kty":"EC","crv":"P-256","x":"{x}","y":"{y}","x5c":["{leaf}","{issuer}"]}}"#
        )];
        for slot in OTHER_SLOTS {
            let (x, y) = coordinates(&self.curve.point(&self.seed, slot, index)?)?;
            keys.push(format!(
                r#"{{"kid":"{slot}","kty":"EC","crv":"P-256","x":"{x}","y":"{y}"}}"#
            ));
        }
        let organization = |unit: &str| {
            format!(r#"{{"organizationName":"{MAKER}","organizationalUnitName":"{unit}"}}"#)
        };
        let (products, direct) =
            (organization("Secure Products Group"), organization("Microchip Direct"));
        Ok(format!(
            concat!(
                r#"{{"version":1,"model":"ATECC608C","partNumber":"{part}","manufacturer":{products},"#,
                r#""provisioner":{products},"distributor":{direct},"groupId":"{group}","#,
                r#""provisioningTimestamp":"{time}","uniqueId":"{id}","publicKeySet":{{"keys":[{keys}]}}}}"#
            ),
            part = PART,
            products = products,
            direct = direct,
            group = group,
            time = time,
            id = id,
            keys = keys.join(","),
        ))
    }
}

impl Issuer {
    fn new(seed: &Seed, curve: &Curve) -> Result<Self> {
        let code = seed.number("signer number", 0) & 0xffff;
        let issuer_name = name(&[
            (ORGANIZATION, MAKER),
            (COMMON_NAME, &format!("Crypto Authentication Signer {code:04X}")),
        ]);
        let (key, root) = (curve.key(seed, "issuer", 0)?, curve.key(seed, "root", 0)?);
        let certificate = Statement {
            serial: &seed.serial::<16>("issuer serial", 0),
            issuer: &name(&[
                (ORGANIZATION, MAKER),
                (COMMON_NAME, "Crypto Authentication Sample Root CA"),
            ]),
            validity: ("250101200000Z", "20560101200000Z"),
            subject: &issuer_name,
            key: &key,
            extensions: &[key_usage(1, 0x86), authority(), subject_key(&key), authority_key(&root)],
        };
        let certificate = certificate.signed_by(&root, Algorithm::EcdsaSha256)?;
        Ok(Self { name: issuer_name, key, certificate })
    }
}

impl Signer {
    fn new(seed: &Seed, curve: &Curve, number: u64) -> Result<Self> {
        let signer_name = name(&[
            (ORGANIZATION, MAKER),
            (COMMON_NAME, &format!("Sample Manifest Signer {number:03}")),
        ]);
        let key = curve.key(seed, "manifest signer", 0)?;
        let certificate = Statement {
            serial: &seed.serial::<16>("manifest signer serial", 0),
            issuer: &signer_name,
            validity: ("250101000000Z", "99991231235959Z"),
            subject: &signer_name,
            key: &key,
            extensions: &[subject_key(&key), authority_key(&key), end_entity()],
        };
        let certificate = certificate.signed_by(&key, Algorithm::EcdsaSha256)?;
        let header = format!(
            r#"{{"alg":"ES256","kid":"{}","typ":"JWT","x5t#S256":"{}"}}"#,
            base64_url(&key.identifier()),
            base64_url(&sha256(&certificate))
        );
        Ok(Self { key, certificate, protected: base64_url(header.as_bytes()) })
    }

    /// The signature as a JWS holds it: r and s, and nothing around them.
    fn sign(&self, message: &str) -> Result<String> {
        const HALF: i32 = 32;
        let signature = self.key.sign(Algorithm::EcdsaSha256, message.as_bytes())?;
        let signature = EcdsaSig::from_der(&signature)?;
        let halves = [signature.r().to_vec_padded(HALF)?, signature.s().to_vec_padded(HALF)?];
        Ok(base64_url(&halves.concat()))
    }
}

/// x and y of an uncompressed point.
fn coordinates(point: &[u8]) -> Result<(String, String)> {
    let (x, y) = point
        .split_first()
        .and_then(|(_, rest)| rest.split_at_checked(32))
        .context("a public key is no point of P-256")?;
    Ok((base64_url(x), base64_url(y)))
}

/// The devices were provisioned one after another on the first of January 2025, two milliseconds each, so that the most
/// that a sample may have are done on the same day.
fn timestamp(index: u64) -> String {
    let (seconds, milliseconds) = (index / 500, index % 500 * 2);
    let (hours, minutes, seconds) = (20 + seconds / 3_600, seconds / 60 % 60, seconds % 60);
    format!("2025-01-01T{hours:02}:{minutes:02}:{seconds:02}.{milliseconds:03}Z")
}

#[cfg(test)]
mod tests {
    use manifest::Limits;

    use super::timestamp;

    #[test]
    fn the_whole_sample_is_provisioned_on_one_day() {
        assert_eq!(timestamp(0), "2025-01-01T20:00:00.000Z");
        assert_eq!(timestamp(30_501), "2025-01-01T20:01:01.002Z");
        assert_eq!(timestamp(Limits::default().entries - 1), "2025-01-01T22:46:39.998Z");
    }
}
