//! What every device's certificate must be, whoever delivers it.

use std::sync::Arc;

use crate::certificate::{Certificate, IssuedBy, Issuers};
use crate::pem;
use crate::reason::Reason;

/// AWS IoT's limit for `certificatePem`, in characters.
const LONGEST_PEM: usize = 65_536;

/// Refuses what AWS IoT would refuse, and certificates that are no device's.
pub(crate) fn check(certificate: &Certificate) -> Result<(), Reason> {
    if certificate.is_authority() {
        return Err(Reason::IsAuthority);
    }
    if !certificate.key().is_supported() {
        return Err(Reason::KeyUnsupported { key: certificate.key() });
    }
    if !certificate.signature_algorithm().is_supported() {
        return Err(Reason::SignatureUnsupported);
    }
    let characters = pem::length_of(certificate.der().len());
    if characters > LONGEST_PEM {
        return Err(Reason::CertificateTooLarge { characters, limit: LONGEST_PEM });
    }
    Ok(())
}

/// The same, and that the issuer signed it whose certificate comes along.
pub(crate) fn check_with(
    certificate: &Certificate,
    issuer: Option<Certificate>,
    issuers: &mut Issuers,
) -> Result<Option<Arc<IssuedBy>>, Reason> {
    check(certificate)?;
    let Some(issuer) = issuer else { return Ok(None) };
    let key = issuer.der().to_vec();
    issuers.check(certificate, &key, || Ok(issuer)).map(Some)
}
