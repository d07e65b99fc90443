//! Certificates in a line of base64, or in PEM blocks.

use crate::base64;
use crate::certificate::{Certificate, CertificateError};
use crate::pem;
use crate::private_key;
use crate::reason::Reason;

/// Why a piece of text gives no certificates.
#[derive(Debug)]
pub(crate) enum Fault {
    /// It is, or holds, a private key.
    PrivateKey,
    /// Something else.
    Reason(Reason),
}

impl From<Reason> for Fault {
    fn from(reason: Reason) -> Self {
        Self::Reason(reason)
    }
}

/// The certificates of one line with its end, as [`certificates`].
pub(crate) fn from_line(line: &[u8]) -> Result<Vec<Certificate>, Fault> {
    certificates(line.trim_ascii())
}

/// The certificates of one line: base64 of a PEM text, or of one DER. At least one.
pub(crate) fn certificates(line: &[u8]) -> Result<Vec<Certificate>, Fault> {
    let bytes = base64::decode(line)
        .ok_or(Reason::malformed("the line is not base64, or a part of it is missing"))?;
    if pem::begins_in(&bytes) {
        return from_pem(&bytes);
    }
    Ok(vec![from_der(bytes)?])
}

/// The certificates of PEM blocks, in their order. At least one.
pub(crate) fn from_pem(text: &[u8]) -> Result<Vec<Certificate>, Fault> {
    if private_key::in_text(text) {
        return Err(Fault::PrivateKey);
    }
    let mut certificates = Vec::new();
    for block in pem::blocks(text) {
        let block = block.map_err(|_| {
            Reason::malformed("a PEM block does not end, or ends under another name")
        })?;
        if !block.is_certificate() {
            continue;
        }
        let bytes = block.bytes().ok_or(Reason::malformed("a PEM block is not base64"))?;
        certificates.push(from_der(bytes)?);
    }
    if certificates.is_empty() {
        return Err(Reason::malformed("it is PEM, and holds no certificate").into());
    }
    Ok(certificates)
}

/// One certificate.
pub(crate) fn from_der(bytes: Vec<u8>) -> Result<Certificate, Fault> {
    if private_key::in_der(&bytes) {
        return Err(Fault::PrivateKey);
    }
    Certificate::parse(bytes)
        .map_err(|error: CertificateError| Fault::Reason(Reason::CertificateMalformed(error)))
}
