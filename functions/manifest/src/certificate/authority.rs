//! Authorities whose certificates came before the manifest.

use std::collections::HashMap;
use std::sync::Arc;

use super::issuer::{IssuedBy, Issuer, IssuerFault};
use super::{Certificate, CertificateId};

/// The certificates of authorities (CA) that were uploaded beside the manifests. Whoever may upload
/// there is trusted with them; none comes with this crate.
#[derive(Clone, Debug, Default)]
pub struct Authorities {
    /// By name, because several authorities may share one: a renewed certificate has a new key.
    known: HashMap<Vec<u8>, Vec<Authority>>,
}

#[derive(Clone, Debug)]
struct Authority {
    id: CertificateId,
    issuer: Result<Issuer, IssuerFault>,
}

impl Authorities {
    /// Knows nobody yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes an authority known. Its key is read once, here. A certificate that is no authority's
    /// can vouch for nobody, and is passed over.
    pub fn add(&mut self, certificate: Certificate) {
        if !certificate.is_authority() {
            return;
        }
        let id = certificate.id();
        let namesakes = self.known.entry(certificate.subject().to_vec()).or_default();
        if !namesakes.iter().any(|authority| authority.id == id) {
            namesakes.push(Authority { id, issuer: Issuer::new(&certificate, true) });
        }
    }

    /// Checks a certificate against the authorities of its issuer's name. `None` where there is no
    /// such authority.
    pub(crate) fn check(
        &self,
        certificate: &Certificate,
    ) -> Option<Result<Arc<IssuedBy>, IssuerFault>> {
        let mut last = None;
        for authority in self.known.get(certificate.issuer())? {
            let issuer = authority.issuer.as_ref().map_err(|fault| *fault);
            let result = issuer.and_then(|issuer| issuer.check(certificate));
            let is_found = result.is_ok();
            last = Some(result);
            if is_found {
                break;
            }
        }
        last
    }
}
