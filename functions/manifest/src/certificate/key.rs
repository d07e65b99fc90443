//! Keys and signatures, by kind.

use std::fmt;

use x509_parser::oid_registry::{
    OID_EC_P256, OID_KEY_TYPE_EC_PUBLIC_KEY, OID_NIST_EC_P384, OID_NIST_EC_P521,
    OID_PKCS1_RSAENCRYPTION, OID_PKCS1_RSASSAPSS, OID_PKCS1_SHA256WITHRSA, OID_PKCS1_SHA384WITHRSA,
    OID_PKCS1_SHA512WITHRSA, OID_SIG_ECDSA_WITH_SHA256, OID_SIG_ECDSA_WITH_SHA384,
    OID_SIG_ECDSA_WITH_SHA512,
};
use x509_parser::public_key::PublicKey;
use x509_parser::x509::{AlgorithmIdentifier, SubjectPublicKeyInfo};

/// The kind of a certified key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyType {
    /// RSA with a modulus of so many bits.
    Rsa(u32),
    /// ECDSA on the NIST curve P-256.
    P256,
    /// ECDSA on the NIST curve P-384.
    P384,
    /// ECDSA on the NIST curve P-521.
    P521,
    /// Anything else.
    Other,
}

impl KeyType {
    /// Whether AWS IoT registers certificates of such keys.
    #[must_use]
    pub const fn is_supported(self) -> bool {
        match self {
            Self::Rsa(bits) => bits >= 2048,
            Self::P256 | Self::P384 | Self::P521 => true,
            Self::Other => false,
        }
    }

    pub(super) fn of(info: &SubjectPublicKeyInfo<'_>) -> Self {
        let algorithm = &info.algorithm.algorithm;
        if *algorithm == OID_PKCS1_RSAENCRYPTION {
            match info.parsed() {
                Ok(PublicKey::RSA(key)) => Self::Rsa(bits(key.modulus)),
                _ => Self::Other,
            }
        } else if *algorithm == OID_KEY_TYPE_EC_PUBLIC_KEY {
            let curve = info.algorithm.parameters.as_ref().and_then(|any| any.as_oid().ok());
            match curve {
                Some(curve) if curve == OID_EC_P256 => Self::P256,
                Some(curve) if curve == OID_NIST_EC_P384 => Self::P384,
                Some(curve) if curve == OID_NIST_EC_P521 => Self::P521,
                _ => Self::Other,
            }
        } else {
            Self::Other
        }
    }
}

impl fmt::Display for KeyType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rsa(bits) => write!(formatter, "RSA of {bits} bits"),
            Self::P256 => formatter.write_str("P-256"),
            Self::P384 => formatter.write_str("P-384"),
            Self::P521 => formatter.write_str("P-521"),
            Self::Other => formatter.write_str("of another kind"),
        }
    }
}

fn bits(modulus: &[u8]) -> u32 {
    let significant = modulus.iter().skip_while(|byte| **byte == 0);
    let bytes = u32::try_from(significant.clone().count()).unwrap_or(u32::MAX);
    let first = significant.copied().next().unwrap_or_default();
    bytes.saturating_mul(8).saturating_sub(first.leading_zeros())
}

/// How a certificate is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SignatureAlgorithm {
    /// ECDSA over a SHA-2 digest of so many bits.
    Ecdsa(u16),
    /// RSA (PKCS#1 v1.5) over a SHA-2 digest of so many bits.
    Rsa(u16),
    /// RSA with probabilistic padding.
    RsaPss,
    /// Anything else: SHA-1 and MD5 among them, which AWS IoT refuses.
    Other,
}

impl SignatureAlgorithm {
    /// Whether AWS IoT registers certificates that are signed so.
    #[must_use]
    pub const fn is_supported(self) -> bool {
        !matches!(self, Self::Other)
    }

    pub(super) fn of(identifier: &AlgorithmIdentifier<'_>) -> Self {
        let known = [
            (OID_SIG_ECDSA_WITH_SHA256, Self::Ecdsa(256)),
            (OID_SIG_ECDSA_WITH_SHA384, Self::Ecdsa(384)),
            (OID_SIG_ECDSA_WITH_SHA512, Self::Ecdsa(512)),
            (OID_PKCS1_SHA256WITHRSA, Self::Rsa(256)),
            (OID_PKCS1_SHA384WITHRSA, Self::Rsa(384)),
            (OID_PKCS1_SHA512WITHRSA, Self::Rsa(512)),
            (OID_PKCS1_RSASSAPSS, Self::RsaPss),
        ];
        known
            .into_iter()
            .find(|(oid, _)| *oid == identifier.algorithm)
            .map_or(Self::Other, |(_, algorithm)| algorithm)
    }
}

#[cfg(test)]
mod tests {
    use super::{KeyType, bits};

    #[test]
    fn a_modulus_is_measured_in_bits() {
        assert_eq!(bits(&[0, 0x80, 0]), 16);
        assert_eq!(bits(&[0x7f, 0]), 15);
        assert_eq!(bits(&[]), 0);
    }

    #[test]
    fn aws_iot_takes_rsa_from_2048_bits() {
        assert!(KeyType::Rsa(2048).is_supported());
        assert!(!KeyType::Rsa(2047).is_supported());
        assert!(!KeyType::Other.is_supported());
    }
}
