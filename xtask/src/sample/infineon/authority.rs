//! Infineon's authorities, as its chips' certificates need them.

use anyhow::Result;
use manifest::Bundle;

use super::{MAKER, POLICY, is_rsa};
use crate::sample::{
    certificate::{
        COMMON_NAME, COUNTRY, ORGANIZATION, Statement, UNIT, authority, authority_key,
        issuer_address, key_usage, name, policy, revocation_address, subject_key,
    },
    key::{Algorithm, Curve, Key, primes},
    seed::Seed,
};

/// Who issues the certificates of a set.
pub(super) struct Authority {
    pub(super) name: Vec<u8>,
    pub(super) key: Key,
    pub(super) algorithm: Algorithm,
    /// Its certificate in DER.
    pub(super) certificate: Vec<u8>,
    /// What its files are called.
    file: &'static str,
}

impl Authority {
    /// The number of the real authority and the seed are in the name, so that it is taken for no real one.
    pub(super) fn new(seed: &Seed, number: u64, bundle: Bundle) -> Result<Self> {
        let (kind, real, file, root_file, algorithm) = if is_rsa(bundle) {
            ("RSA", 309, "OptigaTrustRsaCA309", "OptigaRsaRootCA2", Algorithm::RsaSha256)
        } else {
            ("ECC", 306, "OptigaTrustEccCA306", "OptigaEccRootCA2", Algorithm::EcdsaSha384)
        };
        let key = |purpose: &str| -> Result<Key> {
            if is_rsa(bundle) {
                primes::key(seed, purpose)
            } else {
                Curve::p384()?.key(seed, purpose, 0)
            }
        };
        let (key, root) = (key("authority")?, key("root")?);
        let authority_name = name(&[
            (COUNTRY, "DE"),
            (ORGANIZATION, MAKER),
            (UNIT, "OPTIGA(TM)"),
            (COMMON_NAME, &format!("Infineon OPTIGA(TM) Trust M CA {real}-{number}")),
        ]);
        let mut extensions = vec![
            issuer_address(&address(root_file, "crt")),
            subject_key(&key),
            key_usage(0, 0x06),
            authority(),
            revocation_address(&address(root_file, "crl")),
        ];
        if !is_rsa(bundle) {
            extensions.push(policy(POLICY));
        }
        extensions.push(authority_key(&root));
        let certificate = Statement {
            serial: &seed.serial::<4>(kind, 0),
            issuer: &name(&[
                (COUNTRY, "DE"),
                (ORGANIZATION, MAKER),
                (UNIT, "OPTIGA(TM) Devices"),
                (COMMON_NAME, &format!("Infineon OPTIGA(TM) {kind} Sample Root CA")),
            ]),
            validity: ("250101054502Z", "490101054502Z"),
            subject: &authority_name,
            key: &key,
            extensions: &extensions,
        };
        let certificate = certificate.signed_by(&root, algorithm)?;
        Ok(Self { name: authority_name, key, algorithm, certificate, file })
    }

    /// Where its file with this extension would be.
    pub(super) fn address(&self, extension: &str) -> String {
        address(self.file, extension)
    }
}

/// An address on a host that nobody has.
fn address(file: &str, extension: &str) -> String {
    format!("https://pki.example.com/{file}/{file}.{extension}")
}
