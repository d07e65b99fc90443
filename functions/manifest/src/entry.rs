//! One device of a manifest.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::certificate::{Certificate, CertificateId, IssuedBy};
use crate::text;

/// One device of a manifest, with everything verified that can be.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The 1-based position in the file. Refused entries count, blank lines do not.
    pub number: u64,
    /// The position as a person looks for it.
    pub place: Place,
    /// The vendor's identifier: Microchip's `uniqueId`, Infineon's chip id, the MAC. Where the file
    /// gives none, the CN, or else the certificate id.
    pub id: String,
    /// The device's own certificate.
    pub certificate: Certificate,
    /// Values for names and attributes. Always `serial` and `fingerprint`; `cn` where the
    /// certificate has one; from Microchip `unique_id`, and `part_number` and `model` where the
    /// manifest gives them; from Infineon `chip_id` or `mac`; from Espressif `mac`, and further
    /// columns under their names in lower case, also where they are empty.
    pub fields: BTreeMap<Cow<'static, str>, String>,
    /// The manifest signer that vouched for the entry. Only Microchip has signers.
    pub signer: Option<CertificateId>,
    /// Who issued the certificate, where that was verified.
    pub issuer: Option<Arc<IssuedBy>>,
    /// What is odd about the device, and no reason to refuse it.
    pub warnings: Vec<Warning>,
}

/// Where in a file something is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The file as a whole.
    File,
    /// The n-th entry, counted from 1.
    Entry(u64),
    /// The n-th line, counted from 1, blank ones included.
    Line(u64),
    /// The n-th group of an XML file, counted from 1.
    Group(u64),
    /// The n-th device of device-infos, counted from 1.
    Device(u64),
    /// In a member of an archive.
    Member(Box<MemberPlace>),
}

/// Where in a member of an archive something is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberPlace {
    /// The member's name without folders, shortened for messages.
    pub name: String,
    /// Where in it.
    pub place: Place,
}

impl Place {
    /// A member of an archive as a whole.
    pub(crate) fn member(name: &str) -> Self {
        Self::File.within(name)
    }

    /// This place in a member of an archive.
    pub(crate) fn within(self, member: &str) -> Self {
        let name = member.rsplit('/').next().unwrap_or(member);
        Self::Member(Box::new(MemberPlace { name: text::name_excerpt(name), place: self }))
    }

    /// Turns this place of a member into one of the archive.
    pub(crate) fn put_within(&mut self, member: &str) {
        *self = std::mem::replace(self, Self::File).within(member);
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File => formatter.write_str("the file"),
            Self::Entry(number) => write!(formatter, "entry {number}"),
            Self::Line(number) => write!(formatter, "line {number}"),
            Self::Group(number) => write!(formatter, "group {number}"),
            Self::Device(number) => write!(formatter, "device {number}"),
            Self::Member(member) => match member.as_ref() {
                MemberPlace { name, place: Self::File } => write!(formatter, "`{name}`"),
                MemberPlace { name, place } => write!(formatter, "{place} of `{name}`"),
            },
        }
    }
}

/// What is odd about a device or a file, and no reason to refuse it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// Stable. On a device `Certificate.Expired`, `Certificate.NotYetValid`, `Certificate.NoIssuer`
    /// `Certificate.IssuerNotUploaded` or `Attribute.Empty`; on a file `Infineon.OtherBundles`,
    /// `Infineon.OtherMembers`, `DeviceInfos.Batch` or `DeviceInfos.NotRead`.
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

    /// No authority of the issuer's name was uploaded.
    pub(crate) fn issuer_not_uploaded() -> Self {
        Self {
            code: "Certificate.IssuerNotUploaded",
            text: "the certificate was not checked against its issuer: upload Infineon's \
                   CA certificate to the same bucket before the manifest, and it is"
                .to_owned(),
        }
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
pub(crate) fn certificate_fields(certificate: &Certificate) -> BTreeMap<Cow<'static, str>, String> {
    let mut fields = BTreeMap::from([
        ("serial".into(), certificate.serial().to_owned()),
        ("fingerprint".into(), certificate.id().to_string()),
    ]);
    if let Some(name) = certificate.common_name() {
        fields.insert("cn".into(), name.to_owned());
    }
    fields
}

/// What a certificate is known by where the file gives it no identifier.
pub(crate) fn certificate_name(certificate: &Certificate) -> String {
    certificate.common_name().map_or_else(|| certificate.id().to_string(), str::to_owned)
}
