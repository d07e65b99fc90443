//! Signatures are checked by ring, and what it refuses by OpenSSL. Which one it is changes no verdict:
//! OpenSSL is the measure here, for certificates by itself and for manifests as josekit uses it.

use std::sync::LazyLock;

use josekit::jws::{ES256, JwsVerifier as _};
use manifest::{Certificate, Signers};
use openssl::asn1::Asn1Time;
use openssl::bn::{BigNum, BigNumContext};
use openssl::ec::{EcGroup, EcKey};
use openssl::ecdsa::EcdsaSig;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::x509::extension::BasicConstraints;
use openssl::x509::{X509, X509Builder, X509NameBuilder};
use proptest::prelude::*;
use rcgen::KeyPair;
use serde_json::Value;

use crate::infineon::Bench;
use crate::support::{Authority, NOW, Signer, World, parameters, private_key, url};

/// Every kind of key that an authority may have, each digest that it may sign with, and what it
/// signed. ring reads neither the curves P-521 and secp256k1 nor RSA of 1,024 bits.
static AUTHORITIES: LazyLock<Vec<Signed>> = LazyLock::new(|| {
    let curves =
        [Nid::X9_62_PRIME256V1, Nid::SECP384R1, Nid::SECP521R1, Nid::SECP256K1].map(on_curve);
    let rsa = [1024, 2048, 3072].map(|bits| PKey::from_rsa(Rsa::generate(bits).unwrap()).unwrap());
    let digests = [MessageDigest::sha256(), MessageDigest::sha384(), MessageDigest::sha512()];
    let of_key = |key: PKey<Private>| digests.map(|digest| Signed::new(&key, digest));
    curves.into_iter().chain(rsa).flat_map(of_key).collect()
});

fn on_curve(curve: Nid) -> PKey<Private> {
    let group = EcGroup::from_curve_name(curve).unwrap();
    PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap()
}

/// An authority and a device's certificate that it signed.
struct Signed {
    key: PKey<Private>,
    authority: Vec<u8>,
    device: Vec<u8>,
    signature: Vec<u8>,
}

impl Signed {
    fn new(key: &PKey<Private>, digest: MessageDigest) -> Self {
        let authority = certificate("CA", key, key, digest);
        let device = certificate("device", &private_key(), key, digest);
        let signature = X509::from_der(&device).unwrap().signature().as_slice().to_vec();
        Self { key: key.clone(), authority, device, signature }
    }

    /// The order of the curve that the signature is on.
    fn order(&self) -> Option<BigNum> {
        let mut order = BigNum::new().unwrap();
        let key = self.key.ec_key().ok()?;
        key.group().order(&mut order, &mut BigNumContext::new().unwrap()).unwrap();
        Some(order)
    }

    fn with(&self, signature: &[u8]) -> Vec<u8> {
        // The signature is what the certificate ends with.
        let (_, rest) = header(&self.device);
        let old = element(3, &[&[0], self.signature.as_slice()].concat()).len();
        let kept = &rest[..rest.len() - old];
        element(0x30, &[kept, &element(3, &[&[0], signature].concat())].concat())
    }

    /// The verdict through the front door, and OpenSSL's.
    fn verdicts(&self, device: &[u8]) -> (String, bool) {
        let mut bench = Bench::new();
        bench.issuers.add(Certificate::parse(self.authority.clone()).unwrap());
        let codes = bench.read(device).codes();
        let expected = X509::from_der(device).unwrap().verify(&self.key).unwrap_or(false);
        (codes.join(" "), expected)
    }
}

fn certificate(
    name: &str,
    key: &PKey<Private>,
    issuer: &PKey<Private>,
    digest: MessageDigest,
) -> Vec<u8> {
    let named = |name: &str| {
        let mut builder = X509NameBuilder::new().unwrap();
        builder.append_entry_by_nid(Nid::COMMONNAME, name).unwrap();
        builder.build()
    };
    let mut builder = X509Builder::new().unwrap();
    builder.set_version(2).unwrap();
    builder.set_subject_name(&named(name)).unwrap();
    builder.set_issuer_name(&named("CA")).unwrap();
    builder.set_not_before(&Asn1Time::from_unix(NOW - 9).unwrap()).unwrap();
    builder.set_not_after(&Asn1Time::from_unix(NOW + 9).unwrap()).unwrap();
    builder.set_pubkey(key).unwrap();
    if name == "CA" {
        builder.append_extension(BasicConstraints::new().ca().build().unwrap()).unwrap();
    }
    builder.sign(issuer, digest).unwrap();
    builder.build().to_der().unwrap()
}

/// A DER element.
fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap();
    let [high, low] = length.to_be_bytes();
    let head = match length {
        0..0x80 => vec![tag, low],
        0x80..0x100 => vec![tag, 0x81, low],
        0x100.. => vec![tag, 0x82, high, low],
    };
    [head.as_slice(), content].concat()
}

/// What stands before the content of an element, and the content.
fn header(element: &[u8]) -> (&[u8], &[u8]) {
    let length = if element[1] < 0x80 { 2 } else { 2 + usize::from(element[1] & 0x7f) };
    element.split_at(length)
}

/// What becomes of r or s.
#[derive(Clone, Copy, Debug)]
enum Number {
    Kept,
    Zero,
    One,
    Order,
    /// The order less one.
    Last,
    /// The order less the number: of s, the other one that is as good.
    Other,
    /// The number and the order, which is the same number again.
    Again,
    Huge,
    /// The same number in DER with its sign wrong, or with a byte too many.
    Negative,
    Padded,
}

fn number() -> impl Strategy<Value = Number> {
    use Number::{Again, Huge, Kept, Last, Negative, One, Order, Other, Padded, Zero};
    prop::sample::select(vec![
        Kept, Kept, Kept, Zero, One, Order, Last, Other, Again, Huge, Negative, Padded,
    ])
}

impl Number {
    /// The number's bytes without leading zeros.
    fn of(self, kept: &[u8], order: &BigNum) -> Vec<u8> {
        let kept = BigNum::from_slice(kept).unwrap();
        let one = BigNum::from_u32(1).unwrap();
        match self {
            Self::Kept | Self::Negative | Self::Padded => kept.to_vec(),
            Self::Zero => Vec::new(),
            Self::One => vec![1],
            Self::Order => order.to_vec(),
            Self::Last => (order - &one).to_vec(),
            Self::Other => (order - &kept).to_vec(),
            Self::Again => (order + &kept).to_vec(),
            Self::Huge => vec![0xff; order.to_vec().len()],
        }
    }

    fn der(self, kept: &[u8], order: &BigNum) -> Vec<u8> {
        let mut bytes = self.of(kept, order);
        let is_positive = bytes.first().is_some_and(|first| *first < 0x80);
        match self {
            // Without the zero that keeps it positive; or as the number below zero.
            Self::Negative if is_positive => bytes[0] |= 0x80,
            Self::Negative => {}
            Self::Padded => bytes.splice(..0, [0, 0]).for_each(drop),
            _ if is_positive => {}
            _ => bytes.insert(0, 0),
        }
        element(2, &bytes)
    }
}

/// What is done to a signature.
#[derive(Clone, Debug)]
enum Damage {
    None,
    Bit(prop::sample::Index, u8),
    Cut(prop::sample::Index),
    Insert(prop::sample::Index, u8),
    Numbers(Number, Number),
}

fn damage() -> impl Strategy<Value = Damage> {
    let at = any::<prop::sample::Index>;
    prop_oneof![
        Just(Damage::None),
        (at(), 0..8_u8).prop_map(|(at, bit)| Damage::Bit(at, bit)),
        at().prop_map(Damage::Cut),
        (at(), any::<u8>()).prop_map(|(at, byte)| Damage::Insert(at, byte)),
        (number(), number()).prop_map(|(r, s)| Damage::Numbers(r, s)),
    ]
}

impl Damage {
    fn to(&self, signature: &[u8], numbers: impl Fn(Number, Number) -> Vec<u8>) -> Vec<u8> {
        let mut damaged = signature.to_vec();
        match self {
            Self::None => {}
            Self::Bit(at, bit) => damaged[at.index(signature.len())] ^= 1 << bit,
            Self::Cut(at) => damaged.truncate(at.index(signature.len())),
            Self::Insert(at, byte) => damaged.insert(at.index(signature.len() + 1), *byte),
            Self::Numbers(r, s) => damaged = numbers(*r, *s),
        }
        damaged
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_certificate_is_its_issuers_when_openssl_says_so(
        at in any::<prop::sample::Index>(),
        damage in damage(),
    ) {
        let signed = at.get(&AUTHORITIES);
        let numbers = |r: Number, s: Number| match signed.order() {
            Some(order) => {
                let genuine = EcdsaSig::from_der(&signed.signature).unwrap();
                let (kept_r, kept_s) = (genuine.r().to_vec(), genuine.s().to_vec());
                element(0x30, &[r.der(&kept_r, &order), s.der(&kept_s, &order)].concat())
            }
            // RSA's have one number, and the length of the modulus.
            None => [&[0], signed.signature.as_slice()].concat(),
        };
        let device = signed.with(&damage.to(&signed.signature, numbers));
        let (found, is_good) = signed.verdicts(&device);
        let expected = if is_good { "ok" } else { "Certificate.NotSignedByIssuer" };
        prop_assert_eq!(found, expected);
        prop_assert!(is_good || !matches!(damage, Damage::None));
    }

    #[test]
    fn an_element_is_its_signers_when_josekits_own_verifier_says_so(damage in damage()) {
        let (world, element) = &*ELEMENT;
        let text = |name: &str| element[name].as_str().unwrap().to_owned();
        let message = format!("{}.{}", text("protected"), text("payload"));
        let genuine = world.signer.signature(&message);
        let numbers = |r: Number, s: Number| {
            let order = order_of_p256();
            let padded = |number: Number, kept: &[u8]| {
                let bytes = number.of(kept, &order);
                // What does not fit is cut.
                let low = bytes.len().saturating_sub(32);
                [vec![0; 32_usize.saturating_sub(bytes.len())], bytes[low..].to_vec()].concat()
            };
            let (kept_r, kept_s) = genuine.split_at(32);
            [padded(r, kept_r), padded(s, kept_s)].concat()
        };
        let signature = damage.to(&genuine, numbers);
        let reference = X509::from_der(&world.signer.der).unwrap().public_key().unwrap();
        let reference = ES256.verifier_from_der(reference.public_key_to_der().unwrap()).unwrap();
        let is_good = reference.verify(message.as_bytes(), &signature).is_ok();
        let mut element = element.clone();
        element["signature"] = url(&signature).into();
        let expected = match (is_good, signature.len()) {
            (true, _) => "ok",
            (false, 64) => "Signature.Invalid",
            (false, _) => "Signature.Malformed",
        };
        prop_assert_eq!(world.verdict(&element), expected);
    }
}

static ELEMENT: LazyLock<(World, Value)> = LazyLock::new(|| {
    let world = World::new();
    let element = world.devices(1)[0].element(&world.signer);
    (world, element)
});

fn order_of_p256() -> BigNum {
    let mut order = BigNum::new().unwrap();
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    group.order(&mut order, &mut BigNumContext::new().unwrap()).unwrap();
    order
}

#[test]
fn every_kind_of_key_and_digest_is_taken_and_no_changed_certificate() {
    let mut kinds = 0;
    for signed in &*AUTHORITIES {
        assert_eq!(signed.verdicts(&signed.device), ("ok".to_owned(), true));
        let mut changed = signed.device.clone();
        // The last digit of a date, in what is signed.
        let at = changed.windows(2).position(|start| start == [0x17, 13]).unwrap();
        changed[at + 13] ^= 1;
        let refused = "Certificate.NotSignedByIssuer".to_owned();
        assert_eq!(signed.verdicts(&changed), (refused, false));
        kinds += 1;
    }
    assert_eq!(kinds, 21);
}

/// The same key with its point in the hybrid form, which tells twice whether y is odd. OpenSSL
/// reads it, and ring does not.
fn hybrid(certificate: &[u8], is_odd: impl Fn(u8) -> bool) -> Vec<u8> {
    let key = X509::from_der(certificate).unwrap().public_key().unwrap();
    let info = key.public_key_to_der().unwrap();
    let point = &info[info.len() - 65..];
    let at = certificate.windows(65).position(|part| part == point).unwrap();
    let mut certificate = certificate.to_vec();
    certificate[at] = if is_odd(point[64]) { 7 } else { 6 };
    certificate
}

#[test]
fn a_key_that_one_library_alone_reads_is_read() {
    let odd = |last: u8| last % 2 == 1;
    let (wrong, refused) = (|last: u8| last.is_multiple_of(2), "Certificate.NotSignedByIssuer");
    let signed = Signed::new(&on_curve(Nid::X9_62_PRIME256V1), MessageDigest::sha256());
    for (authority, expected) in
        [(hybrid(&signed.authority, odd), "ok"), (hybrid(&signed.authority, wrong), refused)]
    {
        let mut bench = Bench::new();
        bench.issuers.add(Certificate::parse(authority).unwrap());
        assert_eq!(bench.read(&signed.device).codes(), [expected]);
        assert_eq!(bench.read(&signed.with(&[0x30, 0])).codes(), [refused]);
    }
}

#[test]
fn a_signer_whose_key_one_library_alone_reads_is_believed_no_less() {
    let key = KeyPair::generate().unwrap();
    let plain = parameters("Manifest Signer").self_signed(&key).unwrap().der().to_vec();
    for (form, expected, of_forged) in [
        (hybrid(&plain, |last| last % 2 == 1), "ok", "Signature.Invalid"),
        (
            hybrid(&plain, |last| last.is_multiple_of(2)),
            "Signer.KeyUnsupported",
            "Signer.KeyUnsupported",
        ),
    ] {
        let signer = Signer::with(form, &key);
        let mut signers = Signers::new([signer.certificate().id()], false);
        signers.add(signer.certificate());
        let world = World { signer, authority: Authority::new("Test CA"), signers };
        let mut element = world.devices(1)[0].element(&world.signer);
        assert_eq!(world.verdict(&element), expected);
        element["signature"] = url([7; 64]).into();
        assert_eq!(world.verdict(&element), of_forged);
    }
}
