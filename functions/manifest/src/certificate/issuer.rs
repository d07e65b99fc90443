//! Whether a certificate was signed by the one that is named as its issuer.

mod verifying_key;

use std::collections::HashMap;
use std::sync::Arc;

use self::verifying_key::VerifyingKey;
use super::{Certificate, CertificateError, CertificateId};
use crate::entry::certificate_name;
use crate::reason::Reason;

/// The issuers seen so far. Few issuers sign many certificates, and reading one costs about as much
/// as checking a signature.
#[derive(Debug, Default)]
pub(crate) struct Issuers {
    known: HashMap<Vec<u8>, Issuer>,
}

/// How many issuers are kept, so that a file of nothing but issuers does not fill the memory.
const KEPT: usize = 256;

impl Issuers {
    /// Checks a certificate against the issuer that `key` stands for; `read` reads that issuer's
    /// certificate where it is not known yet.
    pub(crate) fn check(
        &mut self,
        certificate: &Certificate,
        key: &[u8],
        read: impl FnOnce() -> Result<Certificate, CertificateError>,
    ) -> Result<Arc<IssuedBy>, Reason> {
        if let Some(issuer) = self.known.get(key) {
            return issuer.check(certificate).map_err(Reason::NotSignedByIssuer);
        }
        let issuer = Issuer::new(&read().map_err(Reason::IssuerMalformed)?, false)
            .map_err(Reason::NotSignedByIssuer)?;
        let result = issuer.check(certificate).map_err(Reason::NotSignedByIssuer);
        if self.known.len() >= KEPT {
            self.known.clear();
        }
        self.known.insert(key.to_vec(), issuer);
        result
    }
}

/// Who issued a certificate, where that was verified by the issuer's own certificate.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IssuedBy {
    /// The issuer's common name, or else the fingerprint again.
    pub name: String,
    /// Fingerprint of the issuer's certificate.
    pub fingerprint: CertificateId,
    /// Whether the issuer's certificate was uploaded before; otherwise the manifest brings it along.
    pub is_uploaded: bool,
}

/// An issuer, ready to check what it signed.
#[derive(Clone)]
pub(super) struct Issuer {
    known_as: Arc<IssuedBy>,
    subject: Vec<u8>,
    key: VerifyingKey,
}

/// Why a certificate is not the issuer's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IssuerFault {
    /// The certificate names another issuer.
    #[error("it names another issuer than the one whose certificate comes with it")]
    Name,
    /// The signature is not the issuer's, or the certificate was changed after it was signed.
    #[error("its signature is not that of its issuer")]
    Signature,
    /// The issuer's key cannot be read.
    #[error("its issuer's key cannot be read")]
    Key,
}

impl Issuer {
    pub(super) fn new(certificate: &Certificate, is_uploaded: bool) -> Result<Self, IssuerFault> {
        let key = VerifyingKey::of(certificate).ok_or(IssuerFault::Key)?;
        let name = certificate_name(certificate);
        let known_as = IssuedBy { name, fingerprint: certificate.id(), is_uploaded };
        let subject = certificate.subject().to_vec();
        Ok(Self { known_as: Arc::new(known_as), subject, key })
    }

    pub(super) fn check(&self, certificate: &Certificate) -> Result<Arc<IssuedBy>, IssuerFault> {
        if self.subject != certificate.issuer() {
            return Err(IssuerFault::Name);
        }
        if !self.key.has_signed(certificate) {
            return Err(IssuerFault::Signature);
        }
        Ok(Arc::clone(&self.known_as))
    }
}

impl std::fmt::Debug for Issuer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Issuer").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::{Issuers, KEPT};
    use crate::certificate::Certificate;

    #[test]
    fn the_memory_of_issuers_is_bounded() {
        let key = rcgen::KeyPair::generate().unwrap();
        let parameters = rcgen::CertificateParams::default();
        let der = parameters.self_signed(&key).unwrap().der().to_vec();
        let certificate = Certificate::parse(der).unwrap();
        let mut issuers = Issuers::default();
        for number in 0..2 * KEPT {
            let key = number.to_be_bytes();
            assert!(issuers.check(&certificate, &key, || Ok(certificate.clone())).is_ok());
            // Known now, so it is not read again.
            assert!(issuers.check(&certificate, &key, || unreachable!()).is_ok());
            assert!(issuers.known.len() <= KEPT);
        }
    }
}
