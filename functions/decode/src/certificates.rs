//! Certificates that were uploaded, filed in the runs bucket by fingerprint: those of manifests'
//! signers, and those of the authorities that issue devices' certificates.

use ledger::{Keep, SignerPolicy, Store, StoreError};
use manifest::{Authorities, Certificate, Signers, Vendor};
use prepare::trusted;

use crate::Role;

impl Role {
    const fn prefix(self) -> &'static str {
        match self {
            Self::Signer => "signers/",
            Self::Issuer => "issuers/",
        }
    }
}

/// Files a certificate, for all runs to come.
pub(crate) async fn file(
    store: &Store,
    role: Role,
    certificate: &Certificate,
) -> Result<(), StoreError> {
    let key = format!("{}{}.der", role.prefix(), certificate.id());
    store.write(&key, certificate.der().to_vec(), Keep::Always).await
}

/// The signers that `policy` trusts, as far as their certificates are filed. Only Microchip's manifests have signers.
pub(crate) async fn signers(
    store: &Store,
    vendor: Vendor,
    policy: &SignerPolicy,
) -> Result<Signers, StoreError> {
    let mut signers = trusted(policy);
    if vendor == Vendor::Microchip {
        filed(store, Role::Signer).await?.into_iter().for_each(|signer| signers.add(signer));
    }
    Ok(signers)
}

/// The authorities that are filed. Only Infineon's certificates are checked against them.
pub(crate) async fn issuers(store: &Store, vendor: Vendor) -> Result<Authorities, StoreError> {
    let mut issuers = Authorities::new();
    if vendor == Vendor::Infineon {
        filed(store, Role::Issuer).await?.into_iter().for_each(|issuer| issuers.add(issuer));
    }
    Ok(issuers)
}

async fn filed(store: &Store, role: Role) -> Result<Vec<Certificate>, StoreError> {
    let mut certificates = Vec::new();
    for key in store.list(role.prefix()).await? {
        let Some(der) = store.read(&key).await? else { continue };
        match Certificate::parse(der) {
            Ok(certificate) => certificates.push(certificate),
            Err(error) => {
                tracing::warn!(key, code = error.code(), "a filed certificate is not readable");
            }
        }
    }
    Ok(certificates)
}
