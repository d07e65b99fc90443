//! The SHA-256 of a certificate.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};

use crate::text;

/// The SHA-256 of a certificate's DER. AWS IoT's certificate id is this in lower-case hex, and so
/// it is displayed here.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CertificateId([u8; 32]);

impl CertificateId {
    /// An id that is known already.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The id of a certificate in DER.
    #[must_use]
    pub fn of(der: &[u8]) -> Self {
        Self(Sha256::digest(der).into())
    }

    /// The id's bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for CertificateId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&text::hex(&self.0))
    }
}

impl fmt::Debug for CertificateId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "CertificateId({self})")
    }
}

/// Text that is no certificate id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a SHA-256 fingerprint has 64 hex digits (colons between the bytes are allowed)")]
pub struct CertificateIdError;

/// Reads hex of either case, with or without colons, as `openssl x509 -fingerprint` prints them.
impl FromStr for CertificateId {
    type Err = CertificateIdError;

    fn from_str(fingerprint: &str) -> Result<Self, Self::Err> {
        let mut digits = fingerprint.bytes().filter(|byte| *byte != b':');
        let mut digit = || char::from(digits.next()?).to_digit(16);
        let mut byte = || u8::try_from(digit()? * 16 + digit()?).ok();
        let mut id = [0; 32];
        for place in &mut id {
            *place = byte().ok_or(CertificateIdError)?;
        }
        if digits.next().is_none() { Ok(Self(id)) } else { Err(CertificateIdError) }
    }
}

#[cfg(test)]
mod tests {
    use super::{CertificateId, CertificateIdError};

    #[test]
    fn it_is_the_sha_256_in_lower_case_hex() {
        assert_eq!(
            CertificateId::of(b"abc").to_string(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    #[test]
    fn it_is_read_as_people_have_it() {
        let id = CertificateId::of(b"abc");
        let hex = id.to_string();
        let colons: Vec<&str> = (0..64).step_by(2).filter_map(|at| hex.get(at..at + 2)).collect();
        assert_eq!(hex.parse(), Ok(id));
        assert_eq!(colons.join(":").to_uppercase().parse(), Ok(id));
        for wrong in [&hex[1..], &format!("{hex}0"), &hex.replace('b', "x"), "", "+1"] {
            assert_eq!(wrong.parse::<CertificateId>(), Err(CertificateIdError), "{wrong}");
        }
    }
}
