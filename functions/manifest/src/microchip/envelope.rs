//! The signed envelope of one element: a JWS in flattened JSON form (RFC 7515).

use josekit::jws::JwsVerifier as _;
use serde_json::{Map, Value};

use super::{Refusal, object};
use crate::base64;
use crate::certificate::CertificateId;
use crate::private_key;
use crate::reason::Reason;
use crate::signers::Signers;
use crate::text;

/// r and s of P-256, 32 bytes each.
const SIGNATURE_BYTES: usize = 64;

/// One element, not yet verified.
#[derive(Debug)]
pub(super) struct Envelope {
    members: Map<String, Value>,
    protected: Map<String, Value>,
    payload: Vec<u8>,
}

impl Envelope {
    pub(super) fn parse(text: &[u8], depth: usize) -> Result<Self, Refusal> {
        let members = object(text, depth, "it")?;
        let protected = base64::decode_url(string(&members, "protected")?)
            .ok_or(Reason::malformed("`protected` is not base64url"))?;
        let protected = object(&protected, depth, "`protected`")?;
        let payload = base64::decode_url(string(&members, "payload")?)
            .ok_or(Reason::malformed("`payload` is not base64url"))?;
        if private_key::in_text(&payload) || private_key::in_der(&payload) {
            return Err(Refusal::PrivateKey);
        }
        string(&members, "signature")?;
        let header = members.get("header").and_then(Value::as_object);
        if members.get("header").is_some_and(|header| !header.is_object()) {
            return Err(Reason::malformed("`header` is not a JSON object").into());
        }
        // RFC 7515, section 7.2.2: the two headers must not share a name.
        if header.is_some_and(|header| header.keys().any(|name| protected.contains_key(name))) {
            return Err(Reason::malformed("`header` and `protected` share a member").into());
        }
        if header.and_then(|header| header.get("uniqueId")).is_some_and(|id| !id.is_string()) {
            return Err(Reason::malformed("`header.uniqueId` is not a string").into());
        }
        Ok(Self { members, protected, payload })
    }

    /// The decoded payload. It means nothing before [`verify`](Self::verify).
    pub(super) fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// The unsigned `header.uniqueId`.
    pub(super) fn unique_id(&self) -> Option<&str> {
        self.members.get("header")?.get("uniqueId")?.as_str()
    }

    /// The unsigned identifier, for messages about an entry that nothing vouches for.
    pub(super) fn claimed_id(&self) -> String {
        self.unique_id().map(text::excerpt).unwrap_or_default()
    }

    /// Checks the signature over the raw text, and returns who made it.
    pub(super) fn verify(&self, signers: &Signers) -> Result<CertificateId, Reason> {
        match self.protected.get("alg").and_then(Value::as_str) {
            Some("ES256") => {}
            found => return Err(Reason::Algorithm { found: found.map(text::excerpt) }),
        }
        if self.protected.contains_key("crit") {
            return Err(Reason::CriticalExtension);
        }
        let signer = self
            .protected
            .get("x5t#S256")
            .and_then(Value::as_str)
            .and_then(base64::decode_url)
            .and_then(|bytes| bytes.try_into().ok())
            .map(CertificateId::new)
            .ok_or(Reason::SignerUnnamed { missing: "x5t#S256" })?;
        let kid = self
            .protected
            .get("kid")
            .and_then(Value::as_str)
            .ok_or(Reason::SignerUnnamed { missing: "kid" })?;
        let verifier = signers.verifier(signer, kid)?;
        let signature = signature(string(&self.members, "signature")?)?;
        let (protected, payload) =
            (string(&self.members, "protected")?, string(&self.members, "payload")?);
        let message = [protected, payload].join(".");
        verifier.verify(message.as_bytes(), &signature).map_err(|_| Reason::SignatureInvalid)?;
        Ok(signer)
    }
}

fn signature(text: &str) -> Result<Vec<u8>, Reason> {
    let signature = base64::decode_url(text)
        .ok_or(Reason::SignatureMalformed("it is not unpadded base64url"))?;
    if signature.len() == SIGNATURE_BYTES {
        return Ok(signature);
    }
    Err(Reason::SignatureMalformed(match signature.first() {
        Some(0x30) => "it is DER, and a JWS has 64 bytes of r and s",
        _ => "it does not have 64 bytes",
    }))
}

fn string<'m>(members: &'m Map<String, Value>, name: &str) -> Result<&'m str, Reason> {
    members
        .get(name)
        .and_then(Value::as_str)
        .ok_or_else(|| Reason::Malformed(format!("`{name}` is missing or no string").into()))
}
