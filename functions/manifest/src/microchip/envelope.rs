//! The signed envelope of one element: a JWS in flattened JSON form (RFC 7515).

use super::{Refusal, object};
use crate::base64;
use crate::certificate::CertificateId;
use crate::json::{Borrowed, Members};
use crate::private_key;
use crate::reason::Reason;
use crate::signers::Signers;
use crate::text;

/// r and s of P-256, 32 bytes each.
const SIGNATURE_BYTES: usize = 64;

/// One element, not yet verified.
#[derive(Debug)]
pub(super) struct Envelope<'t> {
    /// The signed text: `protected` and `payload`, still in base64url.
    protected_text: &'t str,
    payload_text: &'t str,
    signature: &'t str,
    /// The unsigned `header.uniqueId`.
    unique_id: Option<&'t str>,
    protected: Protected,
    payload: Vec<u8>,
}

/// What the signed header says.
#[derive(Debug)]
struct Protected {
    algorithm: Option<String>,
    has_critical: bool,
    signer: Option<CertificateId>,
    kid: Option<String>,
}

impl<'t> Envelope<'t> {
    pub(super) fn parse(members: &'t Members<'_>, depth: usize) -> Result<Self, Refusal> {
        let protected_text = string(members, "protected")?;
        let protected = base64::decode_url(protected_text)
            .ok_or(Reason::malformed("`protected` is not base64url"))?;
        let protected = object(&protected, depth, "`protected`")?;
        let payload_text = string(members, "payload")?;
        let payload = base64::decode_url(payload_text)
            .ok_or(Reason::malformed("`payload` is not base64url"))?;
        if private_key::in_text(&payload) || private_key::in_der(&payload) {
            return Err(Refusal::PrivateKey);
        }
        let signature = string(members, "signature")?;
        let header = members.get("header").map(Borrowed::as_object);
        if matches!(header, Some(None)) {
            return Err(Reason::malformed("`header` is not a JSON object").into());
        }
        let header = header.flatten();
        // RFC 7515, section 7.2.2: the two headers must not share a name.
        if header.is_some_and(|header| header.shares_a_name_with(&protected)) {
            return Err(Reason::malformed("`header` and `protected` share a member").into());
        }
        let unique_id = match header
            .and_then(|header| header.get("uniqueId"))
            .map(Borrowed::as_text)
        {
            Some(None) => return Err(Reason::malformed("`header.uniqueId` is not a string").into()),
            id => id.flatten(),
        };
        let protected = Protected::of(&protected);
        Ok(Self { protected_text, payload_text, signature, unique_id, protected, payload })
    }

    /// The decoded payload. It means nothing before [`verify`](Self::verify).
    pub(super) fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// The unsigned `header.uniqueId`.
    pub(super) const fn unique_id(&self) -> Option<&str> {
        self.unique_id
    }

    /// The unsigned identifier, for messages about an entry that nothing vouches for.
    pub(super) fn claimed_id(&self) -> String {
        self.unique_id().map(text::excerpt).unwrap_or_default()
    }

    /// Checks the signature over the raw text, and returns who made it.
    pub(super) fn verify(&self, signers: &Signers) -> Result<CertificateId, Reason> {
        let Protected { algorithm, has_critical, signer, kid } = &self.protected;
        match algorithm.as_deref() {
            Some("ES256") => {}
            found => return Err(Reason::Algorithm { found: found.map(text::excerpt) }),
        }
        if *has_critical {
            return Err(Reason::CriticalExtension);
        }
        let signer = signer.ok_or(Reason::SignerUnnamed { missing: "x5t#S256" })?;
        let kid = kid.as_deref().ok_or(Reason::SignerUnnamed { missing: "kid" })?;
        let verifier = signers.verifier(signer, kid)?;
        let signature = signature(self.signature)?;
        let message = [self.protected_text, self.payload_text].join(".");
        verifier.verify(message.as_bytes(), &signature).map_err(|_| Reason::SignatureInvalid)?;
        Ok(signer)
    }
}

impl Protected {
    fn of(header: &Members<'_>) -> Self {
        let text = |name| header.text(name).map(str::to_owned);
        let signer = header.text("x5t#S256").and_then(base64::decode_url);
        Self {
            algorithm: text("alg"),
            has_critical: header.contains("crit"),
            signer: signer.and_then(|bytes| bytes.try_into().ok()).map(CertificateId::new),
            kid: text("kid"),
        }
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

fn string<'m>(members: &'m Members<'_>, name: &str) -> Result<&'m str, Reason> {
    members
        .text(name)
        .ok_or_else(|| Reason::Malformed(format!("`{name}` is missing or no string").into()))
}
