//! Why an entry is refused.

use std::borrow::Cow;

use crate::certificate::{CertificateError, CertificateId, IssuerFault, KeyType};
use crate::device_infos::DeviceFault;
use crate::vendor::Vendor;

/// What is wrong with one entry, in words for a person and with a stable [`code`](Self::code).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// The entry does not have the shape that the format prescribes.
    #[error("the entry is broken: {0}; get the file again from the vendor")]
    Malformed(Cow<'static, str>),
    /// A JSON object has two members of one name, so that what it says depends on who reads it.
    #[error(
        "the member `{member}` is there twice, so the entry can be read in two ways; \
         get the file again from the vendor"
    )]
    DuplicateMember {
        /// The member's name.
        member: String,
    },
    /// Over [`crate::Limits::depth`], within a payload.
    #[error("the entry is nested more than {limit} levels deep, which no genuine one is")]
    TooDeep {
        /// The limit.
        limit: usize,
    },
    /// Over [`crate::Limits::entry_bytes`].
    #[error("the entry is larger than {limit} bytes, which no genuine one is")]
    EntryTooLarge {
        /// The limit.
        limit: usize,
    },
    /// The unsigned identifier of the header is not the signed one.
    #[error(
        "the entry says it is device {header}, and its signed part says {payload}: \
         the file was edited; get it again from the vendor"
    )]
    UniqueIdEdited {
        /// The identifier in the unsigned header.
        header: String,
        /// The identifier that was signed.
        payload: String,
    },
    /// There is no certificate in the entry.
    #[error("{}", no_certificate(*lite))]
    NoCertificate {
        /// Whether the payload's version says that it never holds any.
        lite: bool,
    },
    /// A row of a table ends before a column that is needed, or has nothing there.
    #[error("the row has nothing in the column `{column}`; get the file again from the vendor")]
    MissingCell {
        /// The column's name, shortened for messages.
        column: String,
    },
    /// A cell of a further column is longer than any attribute of a thing may be.
    #[error("the value in the column `{column}` is longer than {limit} characters; shorten it")]
    CellTooLong {
        /// The column's name, shortened for messages.
        column: String,
        /// The limit.
        limit: usize,
    },
    /// A MAC is none.
    #[error(
        "`{found}` is no MAC: it has 12 hex digits (colons, dashes and blanks between them are allowed)"
    )]
    Mac {
        /// What is there, shortened for messages.
        found: String,
    },
    /// A member of an archive is something else.
    #[error(
        "this member of the archive is {found}, and cannot be imported: this bucket takes {}",
        expected.expects()
    )]
    MemberWrongFormat {
        /// What it is, with its article.
        found: &'static str,
        /// Whose format was looked for.
        expected: Vendor,
    },
    /// A member's name points out of the archive.
    #[error(
        "the name of this member of the archive is absolute, or has `..` or a backslash in it, so the \
         member was not read; get the archive again from where it came from"
    )]
    MemberName,

    /// The signature is made with an algorithm other than ES256.
    #[error(
        "the entry's signature algorithm is {}, and only ES256 is ever right: \
         the file was forged or damaged; do not use it, and get it again from the vendor",
        found.as_deref().map_or_else(|| "missing".into(), |found| format!("`{found}`"))
    )]
    Algorithm {
        /// The algorithm that the entry names, if any.
        found: Option<String>,
    },
    /// The entry demands an extension of the signature format.
    #[error("the entry demands a signature extension (`crit`), and none is known here")]
    CriticalExtension,
    /// The signature is not 64 bytes in base64url.
    #[error("the entry's signature is malformed: {0}; get the file again from the vendor")]
    SignatureMalformed(&'static str),
    /// The signature does not match the entry.
    #[error(
        "the entry's signature does not match its content: the entry was changed after \
         it was signed; \
         get the file again from the vendor"
    )]
    SignatureInvalid,

    /// The entry does not say who signed it.
    #[error(
        "the entry does not name its signer: `{missing}` is missing or malformed in `protected`"
    )]
    SignerUnnamed {
        /// The member that is missing.
        missing: &'static str,
    },
    /// The signer is trusted, and its certificate is not there.
    #[error(
        "the certificate of the manifest's signer is not there (kid `{}`, SHA-256 {}): \
         upload the signer's \
         certificate (a .crt, .cer or .pem file from the vendor) to the same bucket, \
         then upload the manifest again", .0.kid, .0.fingerprint
    )]
    SignerNotUploaded(MissingSigner),
    /// The signer is not trusted.
    #[error(
        "the manifest's signer (SHA-256 {fingerprint}) is not trusted here; if it is yours, \
         or the vendor confirms it, add this to the configuration and deploy: \
         [vendor.microchip] signers = [\"{fingerprint}\"]"
    )]
    SignerNotTrusted {
        /// The signer's fingerprint.
        fingerprint: CertificateId,
    },
    /// The two names that the entry gives its signer are of different signers.
    #[error(
        "the entry names two different signers (kid `{kid}` is not that of the signer \
         with SHA-256 {fingerprint}): \
         the file was edited; get it again from the vendor"
    )]
    SignerKidMismatch {
        /// The key identifier that the entry gives.
        kid: String,
        /// The fingerprint that the entry gives.
        fingerprint: CertificateId,
    },
    /// The signer's key cannot make ES256 signatures.
    #[error(
        "the signer's certificate (SHA-256 {fingerprint}) has no P-256 key, \
         so it cannot have signed this manifest"
    )]
    SignerKeyUnsupported {
        /// The signer's fingerprint.
        fingerprint: CertificateId,
    },

    /// The bytes are no certificate.
    #[error("the device's certificate cannot be read: {0}; get the file again from the vendor")]
    CertificateMalformed(CertificateError),
    /// The issuer's certificate that comes along is none.
    #[error(
        "the issuer's certificate that comes with the device's cannot be read: {0}; \
         get the file again from the vendor"
    )]
    IssuerMalformed(CertificateError),
    /// AWS IoT does not take such keys.
    #[error(
        "the certificate's key is {key}, and AWS IoT takes RSA from 2048 bits, P-256, P-384 \
         and P-521: ask for a new certificate"
    )]
    KeyUnsupported {
        /// The key's kind.
        key: KeyType,
    },
    /// AWS IoT does not take such signatures.
    #[error(
        "the certificate is signed in a way that AWS IoT does not take \
         (it takes RSA and ECDSA with SHA-256 or stronger): ask for a new certificate"
    )]
    SignatureUnsupported,
    /// The certificate is an authority's.
    #[error(
        "the certificate is an authority's (CA) and not a device's; \
         where a file holds a chain in one entry, the device's certificate comes first"
    )]
    IsAuthority,
    /// The issuer did not sign the certificate.
    #[error("the device's certificate cannot be trusted: {0}; get the file again from the vendor")]
    NotSignedByIssuer(IssuerFault),
    /// The certificate is for another key than the entry's.
    #[error(
        "the certificate is for another key than the one that the manifest gives for this device: \
         it is another device's; get the file again from the vendor"
    )]
    OtherKey,
    /// The certificate names another device.
    #[error(
        "the certificate is that of device {named}, and the entry is that of {expected}; \
         get the file again from the vendor"
    )]
    OtherDevice {
        /// The device that the certificate names.
        named: String,
        /// The device that the entry is about.
        expected: String,
    },
    /// Longer than AWS IoT takes.
    #[error("the certificate has {characters} characters as PEM, and AWS IoT takes {limit}")]
    CertificateTooLarge {
        /// Its length.
        characters: usize,
        /// AWS IoT's limit.
        limit: usize,
    },
    /// What a factory says about a device cannot be used.
    #[error(transparent)]
    Device(DeviceFault),
}

/// A signer that is trusted, and whose certificate is not there yet.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MissingSigner {
    /// The key identifier as the manifest gives it.
    pub kid: String,
    /// The SHA-256 of the certificate that is wanted.
    pub fingerprint: CertificateId,
}

impl Reason {
    /// Stable identifier for reports.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "Manifest.Malformed",
            Self::DuplicateMember { .. } => "Manifest.DuplicateMember",
            Self::TooDeep { .. } => "Manifest.TooDeep",
            Self::EntryTooLarge { .. } => "Manifest.EntryTooLarge",
            Self::UniqueIdEdited { .. } => "Manifest.UniqueIdEdited",
            Self::NoCertificate { .. } => "Manifest.NoCertificate",
            Self::MissingCell { .. } => "Manifest.MissingCell",
            Self::CellTooLong { .. } => "Manifest.CellTooLong",
            Self::Mac { .. } => "Manifest.Mac",
            Self::MemberWrongFormat { .. } => "Archive.MemberWrongFormat",
            Self::MemberName => "Archive.MemberName",
            Self::Algorithm { .. } => "Signature.Algorithm",
            Self::CriticalExtension => "Signature.CriticalExtension",
            Self::SignatureMalformed(_) => "Signature.Malformed",
            Self::SignatureInvalid => "Signature.Invalid",
            Self::SignerUnnamed { .. } => "Signer.Unnamed",
            Self::SignerNotUploaded(_) => "Signer.NotUploaded",
            Self::SignerNotTrusted { .. } => "Signer.NotTrusted",
            Self::SignerKidMismatch { .. } => "Signer.KidMismatch",
            Self::SignerKeyUnsupported { .. } => "Signer.KeyUnsupported",
            Self::CertificateMalformed(_) | Self::IssuerMalformed(_) => "Certificate.Malformed",
            Self::KeyUnsupported { .. } => "Certificate.KeyUnsupported",
            Self::SignatureUnsupported => "Certificate.SignatureUnsupported",
            Self::IsAuthority => "Certificate.IsAuthority",
            Self::NotSignedByIssuer(_) => "Certificate.NotSignedByIssuer",
            Self::OtherKey => "Certificate.OtherKey",
            Self::OtherDevice { .. } => "Certificate.OtherDevice",
            Self::CertificateTooLarge { .. } => "Certificate.TooLarge",
            Self::Device(fault) => fault.code(),
        }
    }

    /// The signer to wait for, where its certificate is all that is wanting.
    #[must_use]
    pub const fn missing_signer(&self) -> Option<&MissingSigner> {
        match self {
            Self::SignerNotUploaded(signer) => Some(signer),
            _ => None,
        }
    }

    /// Whether a signature did not hold: the entry's own, or the issuer's on the certificate. A signer
    /// that is not trusted, or not there, counts as one.
    #[must_use]
    pub const fn is_failed_signature(&self) -> bool {
        matches!(
            self,
            Self::Algorithm { .. }
                | Self::CriticalExtension
                | Self::SignatureMalformed(_)
                | Self::SignatureInvalid
                | Self::SignerUnnamed { .. }
                | Self::SignerNotUploaded(_)
                | Self::SignerNotTrusted { .. }
                | Self::SignerKidMismatch { .. }
                | Self::SignerKeyUnsupported { .. }
                | Self::NotSignedByIssuer(_)
        )
    }

    pub(crate) const fn malformed(what: &'static str) -> Self {
        Self::Malformed(Cow::Borrowed(what))
    }
}

const fn no_certificate(lite: bool) -> &'static str {
    if lite {
        "this is an entry of a \"lite\" manifest (version 2), which holds identifiers \
         and no certificates; \
         download the full manifest of the same order from the vendor's portal, \
         or order parts that come with certificates"
    } else {
        "the entry holds no certificate; \
         download the full manifest of the same order from the vendor's portal"
    }
}
