//! Keys by which certificates are checked.
//!
//! ring checks what nearly all authorities use, in half of OpenSSL's time. OpenSSL has the last word on
//! what ring refuses, so that nothing is refused for the library's sake: keys on other curves or in unusual
//! forms, RSA of unusual sizes, and probabilistic padding.

use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::pkey::{Id, PKey, Public};
use openssl::sign::Verifier;
use openssl::x509::X509;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA384_ASN1, ECDSA_P384_SHA256_ASN1, ECDSA_P384_SHA384_ASN1,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
    UnparsedPublicKey, VerificationAlgorithm,
};

use super::super::{Certificate, KeyType, SignatureAlgorithm};

/// A public key, read once for all signatures.
#[derive(Clone)]
pub(super) struct VerifyingKey {
    kind: KeyType,
    /// The key alone: ring takes no other form.
    bits: Vec<u8>,
    openssl: PKey<Public>,
}

impl VerifyingKey {
    /// The key of a certificate. `None` where it cannot be read.
    pub(super) fn of(issuer: &Certificate) -> Option<Self> {
        let openssl = PKey::public_key_from_der(issuer.public_key()).ok()?;
        Some(Self { kind: issuer.key(), bits: issuer.key_bits().to_vec(), openssl })
    }

    /// Whether a certificate's signature is by this key.
    pub(super) fn has_signed(&self, certificate: &Certificate) -> bool {
        // OpenSSL keeps a queue of errors for its callers; a refused signature is no error here.
        self.ring_verifies(certificate)
            || openssl_verifies(&self.openssl, certificate).unwrap_or(false)
    }

    fn ring_verifies(&self, certificate: &Certificate) -> bool {
        algorithm(self.kind, certificate.signature_algorithm()).is_some_and(|algorithm| {
            let key = UnparsedPublicKey::new(algorithm, &self.bits);
            key.verify(certificate.signed(), certificate.signature()).is_ok()
        })
    }
}

/// ring's name for signatures of a kind by keys of a kind. `None` where it has none.
fn algorithm(
    key: KeyType,
    signature: SignatureAlgorithm,
) -> Option<&'static dyn VerificationAlgorithm> {
    use KeyType::{P256, P384, Rsa};
    use SignatureAlgorithm as By;
    Some(match (key, signature) {
        (P256, By::Ecdsa(256)) => &ECDSA_P256_SHA256_ASN1,
        (P256, By::Ecdsa(384)) => &ECDSA_P256_SHA384_ASN1,
        (P384, By::Ecdsa(256)) => &ECDSA_P384_SHA256_ASN1,
        (P384, By::Ecdsa(384)) => &ECDSA_P384_SHA384_ASN1,
        (Rsa(2048..=8192), By::Rsa(256)) => &RSA_PKCS1_2048_8192_SHA256,
        (Rsa(2048..=8192), By::Rsa(384)) => &RSA_PKCS1_2048_8192_SHA384,
        (Rsa(2048..=8192), By::Rsa(512)) => &RSA_PKCS1_2048_8192_SHA512,
        _ => return None,
    })
}

fn openssl_verifies(key: &PKey<Public>, certificate: &Certificate) -> Result<bool, ErrorStack> {
    let (kind, bits) = match certificate.signature_algorithm() {
        SignatureAlgorithm::Ecdsa(bits) => (Id::EC, bits),
        SignatureAlgorithm::Rsa(bits) => (Id::RSA, bits),
        // The parameters of this padding are many; OpenSSL reads them.
        SignatureAlgorithm::RsaPss => return X509::from_der(certificate.der())?.verify(key),
        SignatureAlgorithm::Other => return Ok(false),
    };
    if key.id() != kind {
        return Ok(false);
    }
    let digest = match bits {
        384 => MessageDigest::sha384(),
        512 => MessageDigest::sha512(),
        _ => MessageDigest::sha256(),
    };
    Verifier::new(digest, key)?.verify_oneshot(certificate.signature(), certificate.signed())
}
