//! The certificates by which files are verified, and why they are trusted.

use std::collections::BTreeMap;

use manifest::{Authorities, Certificate, CertificateId, MICROCHIP_SIGNERS, Vendor, shortened};
use prepare::{Trust, trusted};
use serde::Serialize;

use super::settings::Settings;

/// Why a signer is trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Trusted {
    /// Microchip has published it.
    Published,
    /// The configuration names its fingerprint.
    Pinned,
    /// The configuration trusts whoever is uploaded.
    AsUploaded,
    /// There is no configuration, and it was given.
    AsGiven,
    /// It is not.
    No,
}

/// The certificates that were given.
#[derive(Debug)]
pub(super) struct Certificates<'s> {
    settings: &'s Settings,
    trust: Trust,
    names: BTreeMap<CertificateId, String>,
}

impl<'s> Certificates<'s> {
    pub(super) fn new(settings: &'s Settings) -> Self {
        let trust = Trust { signers: trusted(&settings.signers), issuers: Authorities::new() };
        Self { settings, trust, names: BTreeMap::new() }
    }

    /// Makes a certificate known, for the files of its vendor, or for whatever it can verify.
    pub(super) fn add(&mut self, vendor: Option<Vendor>, certificate: &Certificate) {
        self.names.insert(certificate.id(), name_of(certificate));
        if vendor.is_none_or(|vendor| vendor == Vendor::Microchip) {
            self.trust.signers.add(certificate.clone());
        }
        if vendor.is_none_or(|vendor| vendor == Vendor::Infineon) {
            self.trust.issuers.add(certificate.clone());
        }
    }

    pub(super) const fn trust(&self) -> &Trust {
        &self.trust
    }

    /// The name in a certificate that was given.
    pub(super) fn name(&self, fingerprint: &CertificateId) -> String {
        self.names.get(fingerprint).cloned().unwrap_or_default()
    }

    /// Why this signer is trusted.
    pub(super) fn why(&self, fingerprint: &CertificateId) -> Trusted {
        if MICROCHIP_SIGNERS.contains(fingerprint) {
            Trusted::Published
        } else if self.trust.signers.is_pinned(fingerprint) {
            Trusted::Pinned
        } else if !self.settings.signers.trust_uploaded {
            Trusted::No
        } else if self.settings.source.is_some() {
            Trusted::AsUploaded
        } else {
            Trusted::AsGiven
        }
    }
}

/// What a certificate is called, fit for a line of text.
pub(super) fn name_of(certificate: &Certificate) -> String {
    certificate.common_name().map_or_else(|| "without a name".to_owned(), shortened)
}
