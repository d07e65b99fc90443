//! ES256 (RFC 7518, section 3.4): P-256 and SHA-256, verified by AWS-LC.
//!
//! josekit says what a verifier is, and has one of its own that goes by OpenSSL. The one here does
//! the same in less time. josekit's stays for keys in forms that AWS-LC does not read.

use std::fmt;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ParsedPublicKey};
use josekit::JoseError;
use josekit::jws::{ES256, JwsAlgorithm, JwsVerifier};

use crate::certificate::{Certificate, KeyType};

/// What verifies the signatures of a certificate's key. `None` where that is no P-256 key.
pub(super) fn verifier(signer: &Certificate) -> Option<Box<dyn JwsVerifier>> {
    if signer.key() != KeyType::P256 {
        return None;
    }
    let info = signer.public_key();
    match ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, info) {
        Ok(key) => Some(Box::new(AwsLc { key })),
        Err(_) => Some(Box::new(ES256.verifier_from_der(info).ok()?)),
    }
}

#[derive(Clone)]
struct AwsLc {
    key: ParsedPublicKey,
}

impl JwsVerifier for AwsLc {
    fn algorithm(&self) -> &dyn JwsAlgorithm {
        &ES256
    }

    fn key_id(&self) -> Option<&str> {
        None
    }

    fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), JoseError> {
        let verified = self.key.verify_sig(message, signature);
        verified.map_err(|refused| JoseError::InvalidSignature(refused.into()))
    }

    fn box_clone(&self) -> Box<dyn JwsVerifier> {
        Box::new(self.clone())
    }
}

/// Without the key: it has no place in a log.
impl fmt::Debug for AwsLc {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("AwsLc").finish_non_exhaustive()
    }
}
