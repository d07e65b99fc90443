//! X.509 certificates, read as far as registering needs it.

mod authority;
mod bundle;
pub(crate) mod der;
mod id;
mod issuer;
mod key;

use std::ops::Range;

use x509_parser::certificate::{X509Certificate, X509CertificateParser};
use x509_parser::extensions::{BasicConstraints, KeyIdentifier};
use x509_parser::nom::Parser as _;
use x509_parser::oid_registry::{
    OID_X509_EXT_BASIC_CONSTRAINTS, OID_X509_EXT_SUBJECT_KEY_IDENTIFIER,
};
use x509_parser::prelude::FromDer as _;
use x509_parser::x509::X509Name;

pub use self::authority::Authorities;
pub(crate) use self::bundle::is_bundle;
pub use self::id::{CertificateId, CertificateIdError};
pub(crate) use self::issuer::Issuers;
pub use self::issuer::{IssuedBy, IssuerFault};
pub use self::key::{KeyType, SignatureAlgorithm};
use crate::text;

/// A certificate as the manifest carries it.
///
/// Real ones break DER's smaller rules (a `PrintableString` with `_`, a `GeneralizedTime` before
/// 2050). They are read all the same, and the bytes are passed on untouched.
#[derive(Clone, PartialEq, Eq)]
pub struct Certificate {
    der: Vec<u8>,
    id: CertificateId,
    common_name: Option<String>,
    serial: String,
    not_before: i64,
    not_after: i64,
    key: KeyType,
    signature_algorithm: SignatureAlgorithm,
    is_authority: bool,
    key_identifier: Option<Vec<u8>>,
    // Stretches of `der`.
    signed: Range<usize>,
    signature: Range<usize>,
    issuer: Range<usize>,
    subject: Range<usize>,
    public_key: Range<usize>,
    key_bits: Range<usize>,
}

/// Why bytes are no certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// The bytes do not have an X.509 certificate's structure.
    #[error("it is not an X.509 certificate, or it is damaged")]
    Malformed,
    /// The bytes go on after the certificate's end.
    #[error("there are further bytes after the certificate's end")]
    Trailing,
    /// The algorithm is given twice in a certificate, and differently.
    #[error("the certificate names two different signature algorithms")]
    TwoAlgorithms,
    /// An extension that decides what the certificate is cannot be read, or is there twice.
    #[error("one of the certificate's extensions is damaged or there twice")]
    Extension,
}

impl CertificateError {
    /// Stable identifier.
    #[must_use]
    pub const fn code(self) -> &'static str {
        "Certificate.Malformed"
    }
}

impl Certificate {
    /// Reads one DER certificate, with nothing after it.
    pub fn parse(der: Vec<u8>) -> Result<Self, CertificateError> {
        // Extensions are read one by one below: a fault in one that nothing here depends on is no
        // reason to refuse a device.
        let (rest, parsed) = X509CertificateParser::new()
            .with_deep_parse_extensions(false)
            .parse(&der)
            .map_err(|_| CertificateError::Malformed)?;
        if !rest.is_empty() {
            return Err(CertificateError::Trailing);
        }
        if parsed.signature_algorithm != parsed.signature {
            return Err(CertificateError::TwoAlgorithms);
        }
        let (is_authority, key_identifier) = extensions(&parsed)?;
        let within = |part: &[u8]| {
            let start = part.as_ptr().addr().saturating_sub(der.as_ptr().addr());
            start..start + part.len()
        };
        let tbs = &parsed.tbs_certificate;
        let certificate = Self {
            id: CertificateId::of(&der),
            common_name: common_name(&tbs.subject),
            serial: serial(tbs.raw_serial()),
            not_before: tbs.validity.not_before.timestamp(),
            not_after: tbs.validity.not_after.timestamp(),
            key: KeyType::of(&tbs.subject_pki),
            signature_algorithm: SignatureAlgorithm::of(&parsed.signature_algorithm),
            is_authority,
            key_identifier,
            signed: within(tbs.as_ref()),
            signature: within(&parsed.signature_value.data),
            issuer: within(tbs.issuer.as_raw()),
            subject: within(tbs.subject.as_raw()),
            public_key: within(tbs.subject_pki.raw),
            key_bits: within(&tbs.subject_pki.subject_public_key.data),
            der: Vec::new(),
        };
        Ok(Self { der, ..certificate })
    }

    /// The bytes as they came.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The id that AWS IoT gives to this certificate.
    #[must_use]
    pub const fn id(&self) -> CertificateId {
        self.id
    }

    /// The subject's first common name, where it has one that is text and not empty.
    #[must_use]
    pub fn common_name(&self) -> Option<&str> {
        self.common_name.as_deref()
    }

    /// The serial number in lower-case hex.
    #[must_use]
    pub fn serial(&self) -> &str {
        &self.serial
    }

    /// The first second of validity, since 1970.
    #[must_use]
    pub const fn not_before(&self) -> i64 {
        self.not_before
    }

    /// The last second of validity, since 1970.
    #[must_use]
    pub const fn not_after(&self) -> i64 {
        self.not_after
    }

    /// What kind of key is certified.
    #[must_use]
    pub const fn key(&self) -> KeyType {
        self.key
    }

    /// How the issuer signed.
    #[must_use]
    pub const fn signature_algorithm(&self) -> SignatureAlgorithm {
        self.signature_algorithm
    }

    /// Whether the certificate may issue others (CA:TRUE), so that it is no device's.
    #[must_use]
    pub const fn is_authority(&self) -> bool {
        self.is_authority
    }

    /// Whether the certificate names itself as its issuer, as signers of manifests and root authorities do.
    #[must_use]
    pub fn is_self_issued(&self) -> bool {
        self.issuer() == self.subject()
    }

    /// The subject key identifier; where the certificate has none, the one that RFC 5280 would give
    /// it (the SHA-1 of the key, which is a name here and protects nothing).
    pub(crate) fn key_identifier(&self) -> Vec<u8> {
        self.key_identifier.clone().unwrap_or_else(|| openssl::sha::sha1(self.key_bits()).to_vec())
    }

    /// The `SubjectPublicKeyInfo`.
    pub(crate) fn public_key(&self) -> &[u8] {
        self.part(&self.public_key)
    }

    /// The public key alone: for an elliptic curve, the point.
    pub(crate) fn key_bits(&self) -> &[u8] {
        self.part(&self.key_bits)
    }

    pub(crate) fn issuer(&self) -> &[u8] {
        self.part(&self.issuer)
    }

    pub(crate) fn subject(&self) -> &[u8] {
        self.part(&self.subject)
    }

    /// The bytes that the issuer signed.
    pub(crate) fn signed(&self) -> &[u8] {
        self.part(&self.signed)
    }

    pub(crate) fn signature(&self) -> &[u8] {
        self.part(&self.signature)
    }

    fn part(&self, range: &Range<usize>) -> &[u8] {
        self.der.get(range.clone()).unwrap_or_default()
    }
}

/// Without the bytes: they have no place in a log.
impl std::fmt::Debug for Certificate {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Certificate").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Whether the certificate is an authority's, and its subject key identifier.
fn extensions(parsed: &X509Certificate<'_>) -> Result<(bool, Option<Vec<u8>>), CertificateError> {
    let find = |oid| parsed.get_extension_unique(&oid).map_err(|_| CertificateError::Extension);
    let is_authority = match find(OID_X509_EXT_BASIC_CONSTRAINTS)? {
        Some(extension) => {
            let (_, constraints) = BasicConstraints::from_der(extension.value)
                .map_err(|_| CertificateError::Extension)?;
            constraints.ca
        }
        None => false,
    };
    let key_identifier = match find(OID_X509_EXT_SUBJECT_KEY_IDENTIFIER)? {
        Some(extension) => {
            let (_, identifier) = KeyIdentifier::from_der(extension.value)
                .map_err(|_| CertificateError::Extension)?;
            Some(identifier.0.to_vec())
        }
        None => None,
    };
    Ok((is_authority, key_identifier))
}

fn common_name(subject: &X509Name<'_>) -> Option<String> {
    const BMP_STRING: u32 = 30;
    let attribute = subject.iter_common_name().next()?;
    let name = match attribute.as_str() {
        Ok(name) => name.to_owned(),
        Err(_) if attribute.attr_value().tag().0 == BMP_STRING => {
            let (units, odd) = attribute.as_slice().as_chunks::<2>();
            if !odd.is_empty() {
                return None;
            }
            let units = units.iter().map(|unit| u16::from_be_bytes(*unit));
            char::decode_utf16(units).collect::<Result<String, _>>().ok()?
        }
        Err(_) => String::from_utf8(attribute.as_slice().to_vec()).ok()?,
    };
    (!name.is_empty()).then_some(name)
}

/// A leading zero only keeps the number positive, and no tool shows it.
fn serial(bytes: &[u8]) -> String {
    match bytes {
        [0, rest @ ..] if !rest.is_empty() => text::hex(rest),
        bytes => text::hex(bytes),
    }
}
