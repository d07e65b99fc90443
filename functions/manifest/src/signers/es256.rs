//! ES256 (RFC 7518, section 3.4): P-256 and SHA-256, verified by ring.
//!
//! josekit says what a verifier is, and has one of its own that goes by OpenSSL. The one here does
//! the same in less time. josekit's has the last word on what ring refuses, because ring does not
//! read keys in all forms.

use std::fmt;

use josekit::JoseError;
use josekit::jws::alg::ecdsa::EcdsaJwsVerifier;
use josekit::jws::{ES256, JwsAlgorithm, JwsVerifier};
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};

use crate::certificate::{Certificate, KeyType};

/// What verifies the signatures of a certificate's key. `None` where that is no P-256 key.
pub(super) fn verifier(signer: &Certificate) -> Option<Box<dyn JwsVerifier>> {
    if signer.key() != KeyType::P256 {
        return None;
    }
    let last_word = ES256.verifier_from_der(signer.public_key()).ok()?;
    let ring = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, signer.key_bits().to_vec());
    Some(Box::new(Es256 { ring, last_word }))
}

#[derive(Clone)]
struct Es256 {
    ring: UnparsedPublicKey<Vec<u8>>,
    last_word: EcdsaJwsVerifier,
}

impl JwsVerifier for Es256 {
    fn algorithm(&self) -> &dyn JwsAlgorithm {
        &ES256
    }

    fn key_id(&self) -> Option<&str> {
        None
    }

    fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), JoseError> {
        match self.ring.verify(message, signature) {
            Ok(()) => Ok(()),
            Err(_) => self.last_word.verify(message, signature),
        }
    }

    fn box_clone(&self) -> Box<dyn JwsVerifier> {
        Box::new(self.clone())
    }
}

/// Without the key: it has no place in a log.
impl fmt::Debug for Es256 {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Es256").finish_non_exhaustive()
    }
}
