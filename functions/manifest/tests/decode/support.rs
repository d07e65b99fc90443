//! Makers of certificates and manifests, and short forms of what decoding them gives.

use std::io::Read;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use manifest::{
    Authorities, Bundle, Certificate, Context, Decoded, Entry, Limits, ManifestError, Signers,
    Vendor, Warning, decode,
};
use openssl::bn::BigNum;
use openssl::ec::{EcGroup, EcKey};
use openssl::ecdsa::EcdsaSig;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::x509::X509;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use serde_json::{Value, json};

/// 2026-01-01.
pub(crate) const NOW: i64 = 1_767_225_600;

pub(crate) fn url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn standard(bytes: impl AsRef<[u8]>) -> String {
    STANDARD.encode(bytes)
}

pub(crate) fn parameters(common_name: &str) -> CertificateParams {
    let mut parameters = CertificateParams::new(Vec::new()).unwrap();
    parameters.distinguished_name = rcgen::DistinguishedName::new();
    if !common_name.is_empty() {
        parameters.distinguished_name.push(DnType::CommonName, common_name);
    }
    parameters.not_before = rcgen::date_time_ymd(2025, 1, 1);
    parameters.not_after = rcgen::date_time_ymd(2049, 1, 1);
    parameters.is_ca = IsCa::ExplicitNoCa;
    parameters
}

/// Who signs devices' certificates.
pub(crate) struct Authority {
    pub der: Vec<u8>,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        Self::of(name, KeyPair::generate().unwrap())
    }

    pub(crate) fn of(name: &str, key: KeyPair) -> Self {
        let mut parameters = parameters(name);
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let der = parameters.self_signed(&key).unwrap().der().to_vec();
        Self { der, issuer: Issuer::new(parameters, key) }
    }

    pub(crate) fn issue(&self, parameters: &CertificateParams, key: &KeyPair) -> Vec<u8> {
        parameters.signed_by(key, &self.issuer).unwrap().der().to_vec()
    }

    /// A certificate of a new key.
    pub(crate) fn leaf(&self, common_name: &str) -> Vec<u8> {
        self.issue(&parameters(common_name), &KeyPair::generate().unwrap())
    }
}

/// Who signs manifests.
pub(crate) struct Signer {
    pub der: Vec<u8>,
    key: PKey<Private>,
}

impl Signer {
    pub(crate) fn new(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        Self::with(parameters(name).self_signed(&key).unwrap().der().to_vec(), &key)
    }

    pub(crate) fn with(der: Vec<u8>, key: &KeyPair) -> Self {
        Self { der, key: PKey::private_key_from_der(key.serialized_der()).unwrap() }
    }

    pub(crate) fn certificate(&self) -> Certificate {
        Certificate::parse(self.der.clone()).unwrap()
    }

    pub(crate) fn kid(&self) -> String {
        let certificate = X509::from_der(&self.der).unwrap();
        url(certificate.subject_key_id().unwrap().as_slice())
    }

    pub(crate) fn thumbprint(&self) -> String {
        url(openssl::sha::sha256(&self.der))
    }

    pub(crate) fn protected(&self) -> Value {
        json!({"alg": "ES256", "kid": self.kid(), "typ": "JWT", "x5t#S256": self.thumbprint()})
    }

    /// r and s.
    pub(crate) fn signature(&self, message: &str) -> Vec<u8> {
        let key = self.key.ec_key().unwrap();
        let signature = EcdsaSig::sign(&openssl::sha::sha256(message.as_bytes()), &key).unwrap();
        [signature.r().to_vec_padded(32).unwrap(), signature.s().to_vec_padded(32).unwrap()]
            .concat()
    }

    /// The same signature with s in the upper half of its range.
    pub(crate) fn high_signature(&self, message: &str) -> Vec<u8> {
        let signature = self.signature(message);
        let (r, s) = signature.split_at(32);
        let mut context = openssl::bn::BigNumContext::new().unwrap();
        let mut order = BigNum::new().unwrap();
        let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
        group.order(&mut order, &mut context).unwrap();
        let s = BigNum::from_slice(s).unwrap();
        let mut other = BigNum::new().unwrap();
        other.checked_sub(&order, &s).unwrap();
        let high = if other > s { other } else { s };
        [r.to_vec(), high.to_vec_padded(32).unwrap()].concat()
    }

    /// An element that says what it is told to say.
    pub(crate) fn element(&self, unique_id: &str, protected: &str, payload: &str) -> Value {
        let (protected, payload) = (url(protected), url(payload));
        let signature = url(self.signature(&format!("{protected}.{payload}")));
        json!({
            "payload": payload,
            "protected": protected,
            "header": {"uniqueId": unique_id},
            "signature": signature,
        })
    }
}

/// A chip with its certificate.
pub(crate) struct Device {
    pub unique_id: String,
    pub leaf: Vec<u8>,
    pub x: String,
    pub y: String,
    pub chain: Vec<String>,
}

impl Device {
    pub(crate) fn new(number: u32, authority: &Authority) -> Self {
        let unique_id = format!("0123{number:012x}01");
        let name = format!("sn{}", unique_id.to_uppercase());
        Self::named(&unique_id, &parameters(&name), authority)
    }

    pub(crate) fn named(
        unique_id: &str,
        parameters: &CertificateParams,
        authority: &Authority,
    ) -> Self {
        let key = KeyPair::generate().unwrap();
        let leaf = authority.issue(parameters, &key);
        let (x, y) = coordinates(&leaf);
        let chain = vec![standard(&leaf), standard(&authority.der)];
        Self { unique_id: unique_id.to_owned(), leaf, x, y, chain }
    }

    pub(crate) fn payload(&self) -> Value {
        json!({
            "version": 1, "model": "ATECC608C", "partNumber": "ATECC608C-TEST",
            "uniqueId": self.unique_id,
            "publicKeySet": {"keys": [
                {"kid": "1", "kty": "EC", "crv": "P-256", "x": self.y, "y": self.x},
                {"kid": "0", "kty": "EC", "crv": "P-256", "x": self.x, "y": self.y, "x5c": self.chain},
            ]},
        })
    }

    pub(crate) fn element(&self, signer: &Signer) -> Value {
        let payload = self.payload().to_string();
        signer.element(&self.unique_id, &signer.protected().to_string(), &payload)
    }
}

fn coordinates(der: &[u8]) -> (String, String) {
    let key = X509::from_der(der).unwrap().public_key().unwrap().ec_key().unwrap();
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    let mut context = openssl::bn::BigNumContext::new().unwrap();
    let (mut x, mut y) = (BigNum::new().unwrap(), BigNum::new().unwrap());
    key.public_key().affine_coordinates(&group, &mut x, &mut y, &mut context).unwrap();
    (url(x.to_vec_padded(32).unwrap()), url(y.to_vec_padded(32).unwrap()))
}

/// One signer who is trusted and known, one authority.
pub(crate) struct World {
    pub signer: Signer,
    pub authority: Authority,
    pub signers: Signers,
}

impl World {
    pub(crate) fn new() -> Self {
        let signer = Signer::new("Manifest Signer");
        let mut signers = Signers::new([signer.certificate().id()], false);
        signers.add(signer.certificate());
        Self { signer, authority: Authority::new("Test CA"), signers }
    }

    pub(crate) fn devices(&self, count: u32) -> Vec<Device> {
        (1..=count).map(|number| Device::new(number, &self.authority)).collect()
    }

    /// A manifest of so many devices.
    pub(crate) fn manifest(&self, count: u32) -> Vec<u8> {
        let elements: Vec<Value> =
            self.devices(count).iter().map(|device| device.element(&self.signer)).collect();
        serde_json::to_vec(&elements).unwrap()
    }

    /// The code of the only entry of a manifest, or `ok`.
    pub(crate) fn verdict(&self, element: &Value) -> String {
        let reading = self.read(json!([element]).to_string().as_bytes());
        assert_eq!(reading.end, None);
        assert_eq!(reading.entries.len(), 1);
        reading.codes().remove(0)
    }

    pub(crate) fn read(&self, text: &[u8]) -> Reading {
        read(Vendor::Microchip, text, &self.signers, Limits::default())
    }

    /// The short forms, `! code` of the end included.
    pub(crate) fn codes(&self, text: &[u8]) -> Vec<String> {
        self.read(text).codes()
    }
}

/// Everything that decoding gave.
pub(crate) struct Reading {
    pub entries: Vec<Decoded>,
    pub end: Option<ManifestError>,
    pub notes: Vec<Warning>,
}

impl Reading {
    /// `ok`, or the code; at last `! ` and the code of the end, where it was not a good one.
    pub(crate) fn codes(&self) -> Vec<String> {
        let entries = self.entries.iter().map(|entry| match entry {
            Ok(_) => "ok".to_owned(),
            Err(error) => error.reason.code().to_owned(),
        });
        entries.chain(self.end.iter().map(|error| format!("! {}", error.code()))).collect()
    }

    pub(crate) fn good(&self) -> Vec<&Entry> {
        self.entries.iter().filter_map(|entry| entry.as_ref().ok()).collect()
    }

    /// The sentence that a person reads about the n-th entry.
    pub(crate) fn sentence(&self, at: usize) -> String {
        self.entries[at].as_ref().unwrap_err().to_string()
    }
}

pub(crate) fn read(vendor: Vendor, text: impl Read, signers: &Signers, limits: Limits) -> Reading {
    let issuers = Authorities::new();
    let bundle = Bundle::default();
    let threads = NonZeroUsize::MIN;
    read_in(vendor, text, Context { signers, issuers: &issuers, bundle, now: NOW, limits, threads })
}

pub(crate) fn read_in(vendor: Vendor, text: impl Read, context: Context<'_>) -> Reading {
    let mut entries = Vec::new();
    let result = decode(vendor, text, context, &mut |decoded| {
        entries.push(decoded);
        ControlFlow::Continue(())
    });
    let (end, notes) = match result {
        Ok(summary) => (None, summary.notes),
        Err(error) => (Some(error), Vec::new()),
    };
    let reading = Reading { entries, end, notes };
    for (at, entry) in (1..).zip(&reading.entries) {
        assert_eq!(entry.as_ref().map_or_else(|error| error.number, |entry| entry.number), at);
    }
    if let Some(error) = &reading.end {
        assert_eq!(error.entries_read(), u64::try_from(reading.entries.len()).unwrap());
    }
    assert!(!reading.entries.is_empty() || reading.end.is_some(), "no entries, and no error");
    reading
}

pub(crate) fn generated(text: impl AsRef<[u8]>) -> Reading {
    read(Vendor::Generated, text.as_ref(), &Signers::new([], false), Limits::default())
}

/// Upper-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02X}"))
}

pub(crate) fn pem(der: &[u8]) -> String {
    String::from_utf8(X509::from_der(der).unwrap().to_pem().unwrap()).unwrap()
}

pub(crate) fn private_key() -> PKey<Private> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap()
}
