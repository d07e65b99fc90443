//! Signers' certificates that were uploaded, filed in the runs bucket by fingerprint.

use ledger::{Keep, SignerPolicy, Store, StoreError};
use manifest::{Certificate, CertificateId, Signers};

const PREFIX: &str = "signers/";

/// Files a signer's certificate, for all runs to come.
pub(crate) async fn file(store: &Store, certificate: &Certificate) -> Result<(), StoreError> {
    let key = format!("{PREFIX}{}.der", certificate.id());
    store.write(&key, certificate.der().to_vec(), Keep::Always).await
}

/// The signers that `policy` trusts, as far as their certificates are filed.
pub(crate) async fn load(store: &Store, policy: &SignerPolicy) -> Result<Signers, StoreError> {
    let mut signers = trusted(policy);
    for key in store.list(PREFIX).await? {
        let Some(der) = store.read(&key).await? else { continue };
        match Certificate::parse(der) {
            Ok(certificate) => signers.add(certificate),
            Err(error) => tracing::warn!(
                key,
                code = error.code(),
                "a filed signer is not a readable certificate"
            ),
        }
    }
    Ok(signers)
}

/// The trust that `policy` describes, without any certificate.
pub(crate) fn trusted(policy: &SignerPolicy) -> Signers {
    let pins = policy.pins.iter().filter_map(|pin| pin.parse::<CertificateId>().ok());
    Signers::new(pins, policy.trust_uploaded)
}
