//! X.509 certificates, read as far as registering needs it.

mod authority;
mod bundle;
pub(crate) mod der;
mod id;
mod issuer;
mod key;
mod usual;
mod whole;

use std::ops::Range;

pub use self::authority::Authorities;
pub(crate) use self::bundle::is_bundle;
pub use self::id::{CertificateId, CertificateIdError};
pub(crate) use self::issuer::Issuers;
pub use self::issuer::{IssuedBy, IssuerFault};
pub use self::key::{KeyType, SignatureAlgorithm};

/// A certificate as the manifest carries it.
///
/// Real ones break DER's smaller rules (a `PrintableString` with `_`, a `GeneralizedTime` before
/// 2050). They are read all the same, and the bytes are passed on untouched.
#[derive(Clone, PartialEq, Eq)]
pub struct Certificate {
    der: Vec<u8>,
    id: CertificateId,
    parts: Parts,
}

/// What a certificate says, and where in it some of that stands.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Parts {
    common_name: Option<String>,
    serial: String,
    not_before: i64,
    not_after: i64,
    key: KeyType,
    signature_algorithm: SignatureAlgorithm,
    is_authority: bool,
    key_identifier: Option<Range<usize>>,
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
        let parts = match usual::read(&der) {
            Some(parts) => parts,
            None => whole::read(&der)?,
        };
        Ok(Self { id: CertificateId::of(&der), parts, der })
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
        self.parts.common_name.as_deref()
    }

    /// The serial number in lower-case hex.
    #[must_use]
    pub fn serial(&self) -> &str {
        &self.parts.serial
    }

    /// The first second of validity, since 1970.
    #[must_use]
    pub const fn not_before(&self) -> i64 {
        self.parts.not_before
    }

    /// The last second of validity, since 1970.
    #[must_use]
    pub const fn not_after(&self) -> i64 {
        self.parts.not_after
    }

    /// What kind of key is certified.
    #[must_use]
    pub const fn key(&self) -> KeyType {
        self.parts.key
    }

    /// How the issuer signed.
    #[must_use]
    pub const fn signature_algorithm(&self) -> SignatureAlgorithm {
        self.parts.signature_algorithm
    }

    /// Whether the certificate may issue others (CA:TRUE), so that it is no device's.
    #[must_use]
    pub const fn is_authority(&self) -> bool {
        self.parts.is_authority
    }

    /// Whether the certificate names itself as its issuer, as signers of manifests and root authorities do.
    #[must_use]
    pub fn is_self_issued(&self) -> bool {
        self.issuer() == self.subject()
    }

    /// The subject key identifier; where the certificate has none, the one that RFC 5280 would give
    /// it (the SHA-1 of the key, which is a name here and protects nothing).
    pub(crate) fn key_identifier(&self) -> Vec<u8> {
        match &self.parts.key_identifier {
            Some(identifier) => self.part(identifier).to_vec(),
            None => openssl::sha::sha1(self.key_bits()).to_vec(),
        }
    }

    /// The `SubjectPublicKeyInfo`.
    pub(crate) fn public_key(&self) -> &[u8] {
        self.part(&self.parts.public_key)
    }

    /// The public key alone: for an elliptic curve, the point.
    pub(crate) fn key_bits(&self) -> &[u8] {
        self.part(&self.parts.key_bits)
    }

    pub(crate) fn issuer(&self) -> &[u8] {
        self.part(&self.parts.issuer)
    }

    pub(crate) fn subject(&self) -> &[u8] {
        self.part(&self.parts.subject)
    }

    /// The bytes that the issuer signed.
    pub(crate) fn signed(&self) -> &[u8] {
        self.part(&self.parts.signed)
    }

    pub(crate) fn signature(&self) -> &[u8] {
        self.part(&self.parts.signature)
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

/// Where a part of a certificate stands in it.
fn within(der: &[u8], part: &[u8]) -> Range<usize> {
    let start = part.as_ptr().addr().saturating_sub(der.as_ptr().addr());
    start..start + part.len()
}
