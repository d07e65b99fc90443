//! One device of a manifest.

use std::collections::BTreeMap;
use std::fmt;

use crate::certificate::{Certificate, CertificateId};
use crate::text;

/// One device of a manifest, with everything verified that can be.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The 1-based position in the file. Refused entries count, blank lines do not.
    pub number: u64,
    /// The position as a person looks for it.
    pub place: Place,
    /// The vendor's identifier: Microchip's `uniqueId`. Generated: the CN, or else the certificate
    /// id.
    pub id: String,
    /// The device's own certificate.
    pub certificate: Certificate,
    /// Values for names and attributes. Always `serial` and `fingerprint`; `cn` where the
    /// certificate has one; from Microchip `unique_id`, and `part_number` and `model` where the
    /// manifest gives them.
    pub fields: BTreeMap<&'static str, String>,
    /// The manifest signer that vouched for the entry. Only Microchip has signers.
    pub signer: Option<CertificateId>,
    /// What is odd about the device, and no reason to refuse it.
    pub warnings: Vec<Warning>,
}

/// Where in a file something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The file as a whole.
    File,
    /// The n-th entry, counted from 1.
    Entry(u64),
    /// The n-th line, counted from 1, blank ones included.
    Line(u64),
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File => formatter.write_str("the file"),
            Self::Entry(number) => write!(formatter, "entry {number}"),
            Self::Line(number) => write!(formatter, "line {number}"),
        }
    }
}

/// What is odd about a device, and no reason to refuse it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// Stable: `Certificate.Expired`, `Certificate.NotYetValid` or `Certificate.NoIssuer`.
    pub code: &'static str,
    /// The same for a person.
    pub text: String,
}

impl Warning {
    /// The warnings that follow from a certificate's dates. AWS IoT registers both kinds.
    pub(crate) fn on_validity(certificate: &Certificate, now: i64) -> Vec<Self> {
        let mut warnings = Vec::new();
        if now > certificate.not_after() {
            warnings.push(Self {
                code: "Certificate.Expired",
                text: format!(
                    "the certificate expired on {}; the device may be unable to connect",
                    text::date(certificate.not_after())
                ),
            });
        }
        if now < certificate.not_before() {
            warnings.push(Self {
                code: "Certificate.NotYetValid",
                text: format!(
                    "the certificate is not valid before {}; the device may be unable to connect until then",
                    text::date(certificate.not_before())
                ),
            });
        }
        warnings
    }

    /// An x5c that holds the device's certificate alone.
    pub(crate) fn no_issuer() -> Self {
        Self {
            code: "Certificate.NoIssuer",
            text: "the manifest does not hold the certificate of this certificate's issuer, \
                   so only the manifest's own signature vouches for it"
                .to_owned(),
        }
    }
}

/// The fields that every certificate gives.
pub(crate) fn certificate_fields(certificate: &Certificate) -> BTreeMap<&'static str, String> {
    let mut fields = BTreeMap::from([
        ("serial", certificate.serial().to_owned()),
        ("fingerprint", certificate.id().to_string()),
    ]);
    if let Some(name) = certificate.common_name() {
        fields.insert("cn", name.to_owned());
    }
    fields
}
