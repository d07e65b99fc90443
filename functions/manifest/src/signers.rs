//! Who may vouch for a Microchip manifest.
//!
//! Microchip's manifest signers are self-signed, so there is no chain to follow: a signer is
//! trusted by its fingerprint. The certificate itself comes separately, because only it carries the
//! key.

mod es256;

use std::collections::{HashMap, HashSet};

use josekit::jws::JwsVerifier;

use crate::base64;
use crate::certificate::{Certificate, CertificateId};
use crate::reason::{MissingSigner, Reason};

/// The SHA-256 of Microchip's five published manifest signers ("Log Signer 001" to "003" of 2019 to
/// 2020, "Log Signer 004" of 2023, "Manifest Signer 005" of 2024). An expired one still verifies
/// the manifests that it signed.
pub const MICROCHIP_SIGNERS: [CertificateId; 5] = [
    CertificateId::new([
        0x4c, 0x47, 0x38, 0xe9, 0x24, 0xf6, 0x44, 0x31, 0x7f, 0x00, 0xeb, 0xc1, 0xb6, 0x80, 0x98,
        0x6b, 0xcd, 0xfc, 0x55, 0x62, 0x0f, 0x7c, 0xd5, 0x7f, 0xda, 0x34, 0xea, 0x35, 0xae, 0x23,
        0xe5, 0x1e,
    ]),
    CertificateId::new([
        0x53, 0xd4, 0xca, 0x9b, 0x0e, 0x1f, 0xde, 0x21, 0xb9, 0xe8, 0xe1, 0x91, 0xf1, 0x85, 0x7f,
        0x35, 0xcc, 0x65, 0x93, 0x40, 0xe5, 0x1b, 0x41, 0x72, 0x2f, 0xd6, 0x83, 0x97, 0x07, 0xdb,
        0xbf, 0x50,
    ]),
    CertificateId::new([
        0x30, 0xc7, 0xca, 0x72, 0x0e, 0x3a, 0xb2, 0xd1, 0xa0, 0xa3, 0xba, 0xce, 0x2d, 0x5a, 0xd5,
        0xda, 0xfa, 0x3f, 0x54, 0xa0, 0x9b, 0x7d, 0x21, 0x17, 0xad, 0xda, 0xc3, 0x5a, 0xa6, 0x0a,
        0x31, 0x88,
    ]),
    CertificateId::new([
        0xd5, 0xf9, 0x61, 0xe4, 0x40, 0x82, 0xfd, 0xd2, 0xd1, 0x98, 0xdd, 0x40, 0x7a, 0xa1, 0xcc,
        0xf5, 0xeb, 0x5f, 0x38, 0xcf, 0x51, 0x38, 0xeb, 0xc4, 0x38, 0x45, 0x80, 0x69, 0x84, 0x17,
        0x3a, 0x8f,
    ]),
    CertificateId::new([
        0x57, 0x1d, 0x99, 0x84, 0x11, 0x17, 0xe3, 0xaf, 0xb3, 0x4f, 0x28, 0x88, 0x60, 0x45, 0x90,
        0x3f, 0xa7, 0x85, 0xcc, 0x28, 0x3d, 0xd2, 0xe8, 0x06, 0x8e, 0x1e, 0x5e, 0xa4, 0x60, 0x4c,
        0xe0, 0xe3,
    ]),
];

/// The signers that are known, and those that are trusted.
#[derive(Clone, Debug)]
pub struct Signers {
    pins: HashSet<CertificateId>,
    trust_uploaded: bool,
    uploaded: HashMap<CertificateId, Signer>,
}

/// A signer whose certificate is at hand. Its key is read once, when it is added.
#[derive(Clone, Debug)]
struct Signer {
    kid: String,
    /// `None` where the key is no P-256 key.
    verifier: Option<Box<dyn JwsVerifier>>,
}

impl Signers {
    /// Trusts Microchip's published signers, the given ones, and, where the owner wants it so,
    /// every signer that was uploaded.
    #[must_use]
    pub fn new(pins: impl IntoIterator<Item = CertificateId>, trust_uploaded: bool) -> Self {
        let pins = MICROCHIP_SIGNERS.into_iter().chain(pins).collect();
        Self { pins, trust_uploaded, uploaded: HashMap::new() }
    }

    /// Makes a signer's certificate known. Whether it is trusted is another matter.
    ///
    /// Its dates are not looked at: signers expire, and what they signed before stays signed.
    pub fn add(&mut self, certificate: Certificate) {
        let signer = Signer {
            kid: base64::encode_url(&certificate.key_identifier()),
            verifier: es256::verifier(&certificate),
        };
        self.uploaded.insert(certificate.id(), signer);
    }

    /// Whether the signer is trusted by its fingerprint.
    #[must_use]
    pub fn is_pinned(&self, signer: &CertificateId) -> bool {
        self.pins.contains(signer)
    }

    /// Whether the signer's certificate was added.
    #[must_use]
    pub fn is_uploaded(&self, signer: &CertificateId) -> bool {
        self.uploaded.contains_key(signer)
    }

    /// The verifier of the one signer that an entry names, by both of its names.
    pub(crate) fn verifier(
        &self,
        fingerprint: CertificateId,
        kid: &str,
    ) -> Result<&dyn JwsVerifier, Reason> {
        if !self.trust_uploaded && !self.is_pinned(&fingerprint) {
            return Err(Reason::SignerNotTrusted { fingerprint });
        }
        let Some(signer) = self.uploaded.get(&fingerprint) else {
            let kid = crate::text::excerpt(kid);
            return Err(Reason::SignerNotUploaded(MissingSigner { kid, fingerprint }));
        };
        if signer.kid != kid {
            let kid = crate::text::excerpt(kid);
            return Err(Reason::SignerKidMismatch { kid, fingerprint });
        }
        signer.verifier.as_deref().ok_or(Reason::SignerKeyUnsupported { fingerprint })
    }
}
