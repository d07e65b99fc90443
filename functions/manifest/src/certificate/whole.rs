//! Certificates of any form, as [`x509_parser`] reads them.

use x509_parser::certificate::{X509Certificate, X509CertificateParser};
use x509_parser::extensions::{BasicConstraints, KeyIdentifier};
use x509_parser::nom::Parser as _;
use x509_parser::oid_registry::{
    OID_X509_EXT_BASIC_CONSTRAINTS, OID_X509_EXT_SUBJECT_KEY_IDENTIFIER,
};
use x509_parser::prelude::FromDer as _;
use x509_parser::x509::AttributeTypeAndValue;

use super::{CertificateError, KeyType, Parts, SignatureAlgorithm, within};
use crate::text;

/// Reads one certificate, with nothing after it.
pub(super) fn read(der: &[u8]) -> Result<Parts, CertificateError> {
    // Extensions are read one by one below: a fault in one that nothing here depends on is no
    // reason to refuse a device.
    let (rest, parsed) = X509CertificateParser::new()
        .with_deep_parse_extensions(false)
        .parse(der)
        .map_err(|_| CertificateError::Malformed)?;
    if !rest.is_empty() {
        return Err(CertificateError::Trailing);
    }
    if parsed.signature_algorithm != parsed.signature {
        return Err(CertificateError::TwoAlgorithms);
    }
    let (is_authority, key_identifier) = extensions(&parsed)?;
    let within = |part: &[u8]| within(der, part);
    let tbs = &parsed.tbs_certificate;
    Ok(Parts {
        common_name: tbs.subject.iter_common_name().next().and_then(common_name),
        serial: serial(tbs.raw_serial()),
        not_before: tbs.validity.not_before.timestamp(),
        not_after: tbs.validity.not_after.timestamp(),
        key: KeyType::of(&tbs.subject_pki),
        signature_algorithm: SignatureAlgorithm::of(&parsed.signature_algorithm),
        is_authority,
        key_identifier: key_identifier.map(within),
        signed: within(tbs.as_ref()),
        signature: within(&parsed.signature_value.data),
        issuer: within(tbs.issuer.as_raw()),
        subject: within(tbs.subject.as_raw()),
        public_key: within(tbs.subject_pki.raw),
        key_bits: within(&tbs.subject_pki.subject_public_key.data),
    })
}

/// Whether the certificate is an authority's, and its subject key identifier.
fn extensions<'d>(
    parsed: &X509Certificate<'d>,
) -> Result<(bool, Option<&'d [u8]>), CertificateError> {
    let find = |oid| parsed.get_extension_unique(&oid).map_err(|_| CertificateError::Extension);
    let is_authority = match find(OID_X509_EXT_BASIC_CONSTRAINTS)? {
        Some(extension) => is_authority(extension.value)?,
        None => false,
    };
    let key_identifier = match find(OID_X509_EXT_SUBJECT_KEY_IDENTIFIER)? {
        Some(extension) => Some(key_identifier(extension.value)?),
        None => None,
    };
    Ok((is_authority, key_identifier))
}

/// What the basic constraints say.
pub(super) fn is_authority(value: &[u8]) -> Result<bool, CertificateError> {
    let (_, constraints) =
        BasicConstraints::from_der(value).map_err(|_| CertificateError::Extension)?;
    Ok(constraints.ca)
}

/// What the subject key identifier says.
pub(super) fn key_identifier(value: &[u8]) -> Result<&[u8], CertificateError> {
    let (_, identifier) =
        KeyIdentifier::from_der(value).map_err(|_| CertificateError::Extension)?;
    Ok(identifier.0)
}

/// The text of a common name, unless it is none or empty.
pub(super) fn common_name(attribute: &AttributeTypeAndValue<'_>) -> Option<String> {
    const BMP_STRING: u32 = 30;
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

/// A serial number in hex. A leading zero only keeps the number positive, and no tool shows it.
pub(super) fn serial(bytes: &[u8]) -> String {
    match bytes {
        [0, rest @ ..] if !rest.is_empty() => text::hex(rest),
        bytes => text::hex(bytes),
    }
}
