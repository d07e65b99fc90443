//! Private keys, by sight. A file that holds one is refused, and nothing of the key is kept.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use crate::base64;
use crate::certificate::der;
use crate::json::{Borrowed, Members};

const MARKERS: [&[u8]; 2] = [b"PRIVATE KEY-----", b"PRIVATE KEY BLOCK-----"];
/// One byte less than the longest marker: what may be the beginning of one.
const OVERLAP: usize = 21;
/// What all markers begin with.
static BEGINNING: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"PRIVATE KEY"));

/// Whether text holds a PEM private key of any kind.
pub(crate) fn in_text(text: &[u8]) -> bool {
    end_in(text).is_some()
}

/// Where the first marker of a private key ends.
fn end_in(text: &[u8]) -> Option<usize> {
    BEGINNING.find_iter(text).find_map(|at| {
        let (_, found) = text.split_at_checked(at)?;
        let marker = MARKERS.iter().find(|marker| found.starts_with(marker))?;
        Some(at + marker.len())
    })
}

/// Looks for PEM private keys in text that comes in pieces.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    tail: Vec<u8>,
}

impl Watch {
    /// Whether a key showed itself with this piece.
    pub(crate) fn sees(&mut self, piece: &[u8]) -> bool {
        self.find(piece).is_some()
    }

    /// After how many bytes of this piece the first key showed itself.
    pub(crate) fn find(&mut self, piece: &[u8]) -> Option<usize> {
        let seam = piece.get(..OVERLAP).unwrap_or(piece);
        let before = self.tail.len();
        self.tail.extend_from_slice(seam);
        let found =
            end_in(&self.tail).map(|end| end.saturating_sub(before)).or_else(|| end_in(piece));
        if piece.len() >= OVERLAP {
            self.tail.clear();
            self.tail.extend_from_slice(piece.get(piece.len() - OVERLAP..).unwrap_or_default());
        } else {
            let surplus = self.tail.len().saturating_sub(OVERLAP);
            self.tail.drain(..surplus);
        }
        found
    }
}

/// Whether a JSON document holds a private key: as PEM, as DER in base64, or as a JWK.
pub(crate) fn in_json(value: &Borrowed<'_>) -> bool {
    match value {
        Borrowed::Null | Borrowed::Bool | Borrowed::Number(_) | Borrowed::OtherNumber => false,
        Borrowed::Text(text) => {
            in_text(text.as_bytes())
                || is_maybe_der(text)
                    && base64::decode(text.as_bytes()).is_some_and(|bytes| in_der(&bytes))
        }
        Borrowed::Array(values) => values.iter().any(in_json),
        Borrowed::Object(members) => {
            is_private_jwk(members) || members.iter().any(|(_, value)| in_json(value))
        }
    }
}

/// Whether base64 begins as that of a DER sequence does.
fn is_maybe_der(text: &str) -> bool {
    text.starts_with('M')
}

/// RFC 7518: `d` is the private part of a key on an elliptic curve and of an RSA key, `k` a secret.
fn is_private_jwk(members: &Members<'_>) -> bool {
    members.contains("kty") && (members.contains("d") || members.contains("k"))
}

/// Whether DER is a private key: PKCS#8 (plain or encrypted), PKCS#1, SEC 1, or a PKCS#12 bundle,
/// which exists to carry one.
pub(crate) fn in_der(bytes: &[u8]) -> bool {
    let Some((der::SEQUENCE, content, _)) = der::read(bytes) else { return false };
    match der::read(content) {
        // A version comes first in all plain forms.
        Some((der::INTEGER, version, rest)) => match (version, der::read(rest)) {
            ([0 | 1], Some((der::SEQUENCE, _, rest))) => {
                matches!(der::read(rest), Some((der::OCTET_STRING, _, _)))
            }
            ([0 | 1], Some((der::INTEGER, _, rest))) => {
                matches!(der::read(rest), Some((der::INTEGER, _, _)))
            }
            ([1], Some((der::OCTET_STRING, _, _))) => true,
            ([3], Some((der::SEQUENCE, content, _))) => {
                matches!(der::read(content), Some((der::OBJECT_IDENTIFIER, _, _)))
            }
            _ => false,
        },
        // An encrypted key: the algorithm, then the octets.
        Some((der::SEQUENCE, content, rest)) => {
            matches!(der::read(content), Some((der::OBJECT_IDENTIFIER, _, _)))
                && matches!(der::read(rest), Some((der::OCTET_STRING, _, [])))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use openssl::ec::{EcGroup, EcKey};
    use openssl::nid::Nid;
    use openssl::pkey::PKey;
    use openssl::rsa::Rsa;
    use openssl::symm::Cipher;

    use serde_json::json;

    use super::{Borrowed, Watch, in_der, in_json, in_text};

    #[test]
    fn every_der_form_is_known() {
        let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
        let curve = EcKey::generate(&group).unwrap();
        let rsa = Rsa::generate(2048).unwrap();
        let key = PKey::from_ec_key(curve.clone()).unwrap();
        let encrypted =
            key.private_key_to_pkcs8_passphrase(Cipher::aes_256_cbc(), b"secret").unwrap();
        for (form, bytes) in [
            ("SEC 1", curve.private_key_to_der().unwrap()),
            ("PKCS#1", rsa.private_key_to_der().unwrap()),
            ("PKCS#8", key.private_key_to_pkcs8().unwrap()),
            ("PKCS#8, encrypted", encrypted),
        ] {
            assert!(in_der(&bytes), "{form}");
        }
    }

    #[test]
    fn a_document_is_looked_through_to_its_last_member() {
        let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
        let key = EcKey::generate(&group).unwrap();
        let pem = String::from_utf8(key.private_key_to_pem().unwrap()).unwrap();
        let der = openssl::base64::encode_block(&key.private_key_to_der().unwrap());
        let public = openssl::base64::encode_block(&key.public_key_to_der().unwrap());
        for (value, expected) in [
            (json!({"a": [1, null, {"key": pem}]}), true),
            (json!({"a": {"key": der}}), true),
            (json!({"jwk": {"kty": "EC", "crv": "P-256", "d": "AA"}}), true),
            (json!({"a": public, "d": "x", "kty2": true}), false),
        ] {
            let text = value.to_string();
            let value = Borrowed::parse(text.as_bytes(), 9).unwrap();
            assert_eq!(in_json(&value), expected);
        }
    }

    #[test]
    fn public_keys_are_no_private_keys() {
        let rsa = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
        assert!(!in_der(&rsa.public_key_to_der().unwrap()));
        assert!(!in_der(&rsa.rsa().unwrap().public_key_to_der_pkcs1().unwrap()));
    }

    #[test]
    fn a_key_is_seen_across_any_seam() {
        let text = b"xxxxxxxxxxPPP-----BEGIN EC PRIVATE KEY-----\nyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy";
        assert!(in_text(text));
        for size in 1..text.len() {
            let mut watch = Watch::default();
            let seen = text.chunks(size).filter(|piece| watch.sees(piece)).count();
            assert!(seen >= 1, "in pieces of {size}");
        }
        let mut watch = Watch::default();
        assert!(!text.get(..30).unwrap().chunks(7).any(|piece| watch.sees(piece)));
    }
}
