//! What an element says about its device, once its signature is verified.

use super::{Refusal, object};
use crate::base64;
use crate::certificate::{Certificate, CertificateError, KeyType};
use crate::json::{Borrowed, Members};
use crate::reason::Reason;
use crate::text;

/// Hex digits of a `uniqueId`: the nine bytes of a chip's serial number.
const UNIQUE_ID_DIGITS: usize = 18;
/// The payload version that never holds certificates.
const LITE: u64 = 2;

/// Reads the payload's JSON.
pub(super) fn parse(payload: &[u8], depth: usize) -> Result<Members<'_>, Refusal> {
    Ok(object(payload, depth, "the payload")?)
}

/// The members of a payload that matter here. Others are passed over: the format grows.
#[derive(Debug)]
pub(super) struct SecureElement<'p> {
    /// In lower case.
    pub unique_id: String,
    pub part_number: Option<&'p str>,
    pub model: Option<&'p str>,
    version: Option<u64>,
    keys: Vec<Key<'p>>,
}

/// One of the device's keys that has a certificate.
#[derive(Debug)]
pub(super) struct Key<'p> {
    slot: u64,
    jwk: &'p Members<'p>,
    chain: Vec<&'p str>,
}

impl<'p> SecureElement<'p> {
    pub(super) fn read(payload: &'p Members<'p>) -> Result<Self, Refusal> {
        let unique_id = payload
            .text("uniqueId")
            .filter(|id| is_unique_id(id))
            .ok_or(Reason::malformed("the payload's `uniqueId` is not 18 hex digits"))?
            .to_ascii_lowercase();
        let keys = match payload.get("publicKeySet") {
            None => Vec::new(),
            Some(set) => keys(set)?,
        };
        Ok(Self {
            unique_id,
            part_number: payload.text("partNumber"),
            model: payload.text("model"),
            version: payload.get("version").and_then(Borrowed::as_number),
            keys,
        })
    }

    /// The key whose certificate stands for the device: that of the lowest slot which has one. On
    /// every part known it is slot 0, the key for TLS; keys without certificates are normal.
    pub(super) fn certified_key(&self) -> Result<&Key<'p>, Reason> {
        self.keys
            .iter()
            .min_by_key(|key| key.slot)
            .ok_or(Reason::NoCertificate { lite: self.version == Some(LITE) })
    }
}

impl Key<'_> {
    /// The device's certificate.
    pub(super) fn leaf(&self) -> Result<Vec<u8>, Reason> {
        let leaf = self.chain.first().copied().unwrap_or_default();
        x5c_der(leaf).map_err(Reason::CertificateMalformed)
    }

    /// Its issuer's certificate, still in base64.
    pub(super) fn issuer(&self) -> Option<&str> {
        self.chain.get(1).copied()
    }

    /// Refuses a certificate that is for another key than this one.
    pub(super) fn check_certifies(&self, certificate: &Certificate) -> Result<(), Reason> {
        let text = |name| self.jwk.text(name);
        if (text("kty"), text("crv")) != (Some("EC"), Some("P-256")) {
            return Err(Reason::malformed("a certified key is not on the curve P-256"));
        }
        let coordinate = |name| {
            text(name)
                .and_then(base64::decode_url)
                .filter(|bytes| bytes.len() == 32)
                .ok_or(Reason::malformed("a key's `x` or `y` is not 32 bytes in base64url"))
        };
        let (x, y) = (coordinate("x")?, coordinate("y")?);
        // An uncompressed point: 4, x, y.
        let point = certificate.key_bits().strip_prefix(&[4]);
        let certified_y = point.and_then(|point| point.strip_prefix(x.as_slice()));
        if certificate.key() != KeyType::P256 || certified_y != Some(y.as_slice()) {
            return Err(Reason::OtherKey);
        }
        Ok(())
    }
}

/// Whether an unverified payload holds a private key.
pub(super) fn holds_private_key(payload: &[u8], depth: usize) -> bool {
    let Ok(payload) = parse(payload, depth) else { return false };
    let set = payload.get("publicKeySet");
    matches!(set.map(keys), Some(Err(Refusal::PrivateKey)))
}

/// The keys that have a certificate. Any key with its private part is looked for as well.
fn keys<'p>(set: &'p Borrowed<'p>) -> Result<Vec<Key<'p>>, Refusal> {
    let list = set
        .as_object()
        .and_then(|set| set.get("keys"))
        .and_then(Borrowed::as_array)
        .ok_or(Reason::malformed("`publicKeySet.keys` is missing or no array"))?;
    let mut keys: Vec<Key<'_>> = Vec::new();
    for jwk in list {
        let jwk = jwk.as_object().ok_or(Reason::malformed("a key is not a JSON object"))?;
        // RFC 7518: `d` is the private part of a key on an elliptic curve and of an RSA key, `k` a
        // secret.
        if jwk.contains("d") || jwk.contains("k") {
            return Err(Refusal::PrivateKey);
        }
        let Some(chain) = jwk.get("x5c") else { continue };
        let chain: Option<Vec<&str>> =
            chain.as_array().and_then(|chain| chain.iter().map(Borrowed::as_text).collect());
        let chain = chain.ok_or(Reason::malformed("an `x5c` is not an array of strings"))?;
        if chain.is_empty() {
            continue;
        }
        let slot = jwk
            .text("kid")
            .and_then(|slot| slot.parse().ok())
            .ok_or(Reason::malformed("a certified key's `kid` is not the number of a slot"))?;
        if keys.iter().any(|key| key.slot == slot) {
            return Err(Reason::malformed("two certified keys have the same slot").into());
        }
        keys.push(Key { slot, jwk, chain });
    }
    Ok(keys)
}

/// The specification wants standard base64; Microchip's own tool writes base64url.
pub(super) fn x5c_der(text: &str) -> Result<Vec<u8>, CertificateError> {
    base64::decode(text.as_bytes()).ok_or(CertificateError::Malformed)
}

/// Microchip names the device in the CN: `sn<uniqueId>`, on old parts `<uniqueId> ATECC`. A
/// customer's own PKI may put anything there, and that is not compared.
pub(super) fn check_common_name(certificate: &Certificate, unique_id: &str) -> Result<(), Reason> {
    let Some(name) = certificate.common_name() else { return Ok(()) };
    let named = name.strip_prefix("sn").or_else(|| name.strip_suffix(" ATECC"));
    match named.filter(|named| is_unique_id(named)) {
        Some(named) if !named.eq_ignore_ascii_case(unique_id) => Err(Reason::OtherDevice {
            named: text::excerpt(&named.to_ascii_lowercase()),
            expected: unique_id.to_owned(),
        }),
        _ => Ok(()),
    }
}

fn is_unique_id(text: &str) -> bool {
    text.len() == UNIQUE_ID_DIGITS && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
