//! Keys by which certificates are checked.
//!
//! AWS-LC checks what nearly all authorities use, in a third of OpenSSL's time on the larger
//! curves. OpenSSL checks the rest, so that nothing is refused for the library's sake: keys on
//! other curves or in unusual forms, RSA of unusual sizes, and probabilistic padding.

use std::sync::OnceLock;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA384_ASN1, ECDSA_P256_SHA512_ASN1, ECDSA_P384_SHA256_ASN1,
    ECDSA_P384_SHA384_ASN1, ECDSA_P384_SHA512_ASN1, ECDSA_P521_SHA256_ASN1, ECDSA_P521_SHA384_ASN1,
    ECDSA_P521_SHA512_ASN1, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, VerificationAlgorithm,
};
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::pkey::{Id, PKey, Public};
use openssl::sign::Verifier;
use openssl::x509::X509;

use super::super::{Certificate, KeyType, SignatureAlgorithm};

/// A public key, read once for all signatures of one kind.
#[derive(Clone)]
pub(super) struct VerifyingKey {
    kind: KeyType,
    /// The `SubjectPublicKeyInfo`.
    info: Vec<u8>,
    // AWS-LC reads a key for one digest; an issuer nearly always signs with one.
    sha256: Reading<ParsedPublicKey>,
    sha384: Reading<ParsedPublicKey>,
    sha512: Reading<ParsedPublicKey>,
    openssl: Reading<PKey<Public>>,
}

/// A key as a library reads it, `None` where the library does not, once it was tried.
type Reading<K> = OnceLock<Option<K>>;

impl VerifyingKey {
    /// The key of a certificate. `None` where neither library reads it.
    pub(super) fn of(issuer: &Certificate) -> Option<Self> {
        let key = Self {
            kind: issuer.key(),
            info: issuer.public_key().to_vec(),
            sha256: Reading::new(),
            sha384: Reading::new(),
            sha512: Reading::new(),
            openssl: Reading::new(),
        };
        let usual = match key.kind {
            KeyType::P256 => SignatureAlgorithm::Ecdsa(256),
            KeyType::P384 => SignatureAlgorithm::Ecdsa(384),
            KeyType::P521 => SignatureAlgorithm::Ecdsa(512),
            KeyType::Rsa(_) => SignatureAlgorithm::Rsa(256),
            KeyType::Other => SignatureAlgorithm::Other,
        };
        let is_readable = key.aws_lc(usual).is_some() || key.openssl().is_some();
        is_readable.then_some(key)
    }

    /// Whether a certificate's signature is by this key.
    pub(super) fn has_signed(&self, certificate: &Certificate) -> bool {
        if let Some(key) = self.aws_lc(certificate.signature_algorithm()) {
            return key.verify_sig(certificate.signed(), certificate.signature()).is_ok();
        }
        // OpenSSL keeps a queue of errors for its callers; a refused signature is no error here.
        self.openssl().is_some_and(|key| openssl_verifies(key, certificate).unwrap_or(false))
    }

    /// The key as AWS-LC reads it for such signatures.
    fn aws_lc(&self, signature: SignatureAlgorithm) -> Option<&ParsedPublicKey> {
        let (SignatureAlgorithm::Ecdsa(digest) | SignatureAlgorithm::Rsa(digest)) = signature
        else {
            return None;
        };
        let algorithm = algorithm(self.kind, signature)?;
        let reading = match digest {
            256 => &self.sha256,
            384 => &self.sha384,
            _ => &self.sha512,
        };
        reading.get_or_init(|| ParsedPublicKey::new(algorithm, &self.info).ok()).as_ref()
    }

    fn openssl(&self) -> Option<&PKey<Public>> {
        self.openssl.get_or_init(|| PKey::public_key_from_der(&self.info).ok()).as_ref()
    }
}

/// AWS-LC's name for signatures of a kind by keys of a kind. `None` where it has none.
fn algorithm(
    key: KeyType,
    signature: SignatureAlgorithm,
) -> Option<&'static dyn VerificationAlgorithm> {
    use KeyType::{P256, P384, P521, Rsa};
    use SignatureAlgorithm as By;
    Some(match (key, signature) {
        (P256, By::Ecdsa(256)) => &ECDSA_P256_SHA256_ASN1,
        (P256, By::Ecdsa(384)) => &ECDSA_P256_SHA384_ASN1,
        (P256, By::Ecdsa(512)) => &ECDSA_P256_SHA512_ASN1,
        (P384, By::Ecdsa(256)) => &ECDSA_P384_SHA256_ASN1,
        (P384, By::Ecdsa(384)) => &ECDSA_P384_SHA384_ASN1,
        (P384, By::Ecdsa(512)) => &ECDSA_P384_SHA512_ASN1,
        (P521, By::Ecdsa(256)) => &ECDSA_P521_SHA256_ASN1,
        (P521, By::Ecdsa(384)) => &ECDSA_P521_SHA384_ASN1,
        (P521, By::Ecdsa(512)) => &ECDSA_P521_SHA512_ASN1,
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
