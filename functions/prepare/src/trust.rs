//! Whose word counts.

use ledger::SignerPolicy;
use manifest::{Authorities, CertificateId, Signers};

/// By whom a manifest is verified.
#[derive(Clone, Debug)]
pub struct Trust {
    /// The signers that may vouch for Microchip's entries.
    pub signers: Signers,
    /// The authorities by which Infineon's certificates are checked.
    pub issuers: Authorities,
}

/// The signers that `policy` trusts, without any certificate.
pub fn trusted(policy: &SignerPolicy) -> Signers {
    let pins = policy.pins.iter().filter_map(|pin| pin.parse::<CertificateId>().ok());
    Signers::new(pins, policy.trust_uploaded)
}
