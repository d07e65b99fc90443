//! Certificates that no library makes: put together by hand, and signed by OpenSSL.

use manifest::{Certificate, CertificateError, KeyType, SignatureAlgorithm};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{Id, PKey, Private};
use openssl::rsa::{Padding, Rsa};
use openssl::sign::{RsaPssSaltlen, Signer as Signing};
use openssl::x509::{X509, X509Builder, X509NameBuilder};

use crate::support::{Authority, NOW, generated, parameters, pem, private_key, standard};

/// One DER element.
fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    let mut bytes = match content.len() {
        0..=127 => vec![tag, length[1]],
        _ => vec![tag, 0x82, length[0], length[1]],
    };
    bytes.extend(content);
    bytes
}

const ECDSA_WITH_SHA256: [u8; 8] = [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
const ECDSA_WITH_SHA384: [u8; 8] = [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3];
const PRINTABLE: u8 = 0x13;
const UTC: u8 = 0x17;
const GENERALIZED: u8 = 0x18;
const BMP: u8 = 0x1e;

/// What a certificate is made of here.
struct Parts<'p> {
    name: (u8, &'p [u8]),
    dates: [(u8, &'p str); 2],
    inner: &'p [u8],
    outer: &'p [u8],
    extensions: &'p [&'p [u8]],
}

const SOUND: Parts<'static> = Parts {
    name: (PRINTABLE, b"device"),
    dates: [(UTC, "250101000000Z"), (UTC, "490101000000Z")],
    inner: &ECDSA_WITH_SHA256,
    outer: &ECDSA_WITH_SHA256,
    extensions: &[],
};

/// A self-signed certificate.
fn make(parts: &Parts<'_>) -> Vec<u8> {
    make_with(parts, &private_key())
}

fn make_with(parts: &Parts<'_>, key: &PKey<Private>) -> Vec<u8> {
    let algorithm = |oid: &[u8]| element(0x30, &[&element(6, &[oid])]);
    let text = element(parts.name.0, &[parts.name.1]);
    let name = element(0x30, &[&element(0x31, &[&element(0x30, &[&[6, 3, 0x55, 4, 3], &text])])]);
    let [from, to] = parts.dates.map(|(tag, text)| element(tag, &[text.as_bytes()]));
    let extensions = element(0xa3, &[&element(0x30, parts.extensions)]);
    let signed = element(
        0x30,
        &[
            &[0xa0, 3, 2, 1, 2],
            &[2, 2, 0, 0x8f],
            &algorithm(parts.inner),
            &name,
            &element(0x30, &[&from, &to]),
            &name,
            &key.public_key_to_der().unwrap(),
            if parts.extensions.is_empty() { &[] } else { &extensions },
        ],
    );
    let signature =
        Signing::new(MessageDigest::sha256(), key).unwrap().sign_oneshot_to_vec(&signed).unwrap();
    element(0x30, &[&signed, &algorithm(parts.outer), &element(3, &[&[0], &signature])])
}

/// The same certificate twice in one line: a chain of a leaf and its issuer, which is checked.
fn chain(der: &[u8]) -> String {
    standard(pem(der).repeat(2))
}

#[test]
fn der_that_breaks_the_smaller_rules_is_read_checked_and_passed_on_untouched() {
    let underscore = Parts { name: (PRINTABLE, b"my_device"), ..SOUND };
    let early = [(GENERALIZED, "20250101000000Z"), (GENERALIZED, "20480101000000Z")];
    let generalized = Parts { dates: early, ..SOUND };
    for (parts, name) in [(SOUND, "device"), (underscore, "my_device"), (generalized, "device")] {
        let der = make(&parts);
        let reading = generated(chain(&der));
        assert_eq!(reading.codes(), ["ok"], "{name}");
        let certificate = &reading.good()[0].certificate;
        assert_eq!(certificate.der(), der);
        assert_eq!(certificate.common_name(), Some(name));
        assert_eq!(certificate.serial(), "8f");
        assert_eq!(certificate.not_before(), 1_735_689_600);
        assert!(certificate.not_after() > NOW);
    }
}

#[test]
fn a_name_in_utf_16_is_text() {
    let name: Vec<u8> = "Gerät".encode_utf16().flat_map(u16::to_be_bytes).collect();
    let der = make(&Parts { name: (BMP, &name), ..SOUND });
    assert_eq!(Certificate::parse(der).unwrap().common_name(), Some("Gerät"));
    let odd = make(&Parts { name: (BMP, b"abc"), ..SOUND });
    assert_eq!(Certificate::parse(odd).unwrap().common_name(), None);
}

#[test]
fn ambiguous_certificates_are_refused() {
    let parse = |parts: &Parts<'_>| Certificate::parse(make(parts)).map(drop);
    let constraints =
        element(0x30, &[&[6, 3, 0x55, 0x1d, 0x13], &element(4, &[&[0x30, 3, 1, 1, 0xff]])]);
    let broken = element(0x30, &[&[6, 3, 0x55, 0x1d, 0x13], &element(4, &[&[0x30, 3, 1, 1]])]);
    let other = element(0x30, &[&[6, 3, 0x55, 0x1d, 0x11], &element(4, &[&[0x30, 3, 1, 1]])]);
    assert_eq!(
        parse(&Parts { outer: &ECDSA_WITH_SHA384, ..SOUND }),
        Err(CertificateError::TwoAlgorithms)
    );
    for extensions in [&[&*constraints, &*constraints][..], &[&*broken]] {
        assert_eq!(parse(&Parts { extensions, ..SOUND }), Err(CertificateError::Extension));
    }
    // A fault in an extension that nothing depends on is no reason to refuse a device.
    assert_eq!(parse(&Parts { extensions: &[&*other], ..SOUND }), Ok(()));
    let authority =
        Certificate::parse(make(&Parts { extensions: &[&*constraints], ..SOUND })).unwrap();
    assert!(authority.is_authority());
    let sound = make(&SOUND);
    assert_eq!(Certificate::parse([&*sound, b"x"].concat()), Err(CertificateError::Trailing));
    assert_eq!(
        Certificate::parse(sound[..sound.len() - 1].to_vec()),
        Err(CertificateError::Malformed)
    );
}

/// A self-signed RSA certificate.
fn rsa(bits: u32, digest: MessageDigest) -> (Vec<u8>, PKey<Private>) {
    let key = PKey::from_rsa(Rsa::generate(bits).unwrap()).unwrap();
    let mut name = X509NameBuilder::new().unwrap();
    name.append_entry_by_nid(Nid::COMMONNAME, "rsa").unwrap();
    let name = name.build();
    let mut builder = X509Builder::new().unwrap();
    builder.set_version(2).unwrap();
    builder.set_subject_name(&name).unwrap();
    builder.set_issuer_name(&name).unwrap();
    builder.set_not_before(&openssl::asn1::Asn1Time::from_unix(NOW - 9).unwrap()).unwrap();
    builder.set_not_after(&openssl::asn1::Asn1Time::from_unix(NOW + 9).unwrap()).unwrap();
    builder.set_pubkey(&key).unwrap();
    builder.sign(&key, digest).unwrap();
    (builder.build().to_der().unwrap(), key)
}

#[test]
fn rsa_is_checked_and_weak_rsa_refused() {
    let (der, _) = rsa(2048, MessageDigest::sha512());
    let reading = generated(chain(&der));
    assert_eq!(reading.codes(), ["ok"]);
    let certificate = &reading.good()[0].certificate;
    assert_eq!(certificate.key(), KeyType::Rsa(2048));
    assert_eq!(certificate.signature_algorithm(), SignatureAlgorithm::Rsa(512));
    let (short, _) = rsa(1024, MessageDigest::sha256());
    let reading = generated(chain(&short));
    assert_eq!(reading.codes(), ["Certificate.KeyUnsupported"]);
    assert!(reading.sentence(0).contains("RSA of 1024 bits"), "{}", reading.sentence(0));
    let (old, _) = rsa(2048, MessageDigest::sha1());
    assert_eq!(generated(chain(&old)).codes(), ["Certificate.SignatureUnsupported"]);
}

#[test]
fn a_signature_is_what_its_name_says() {
    let (_, key) = rsa(2048, MessageDigest::sha256());
    // A good signature of RSA, under the name of ECDSA.
    let der = make_with(&SOUND, &key);
    assert_eq!(generated(chain(&der)).codes(), ["Certificate.NotSignedByIssuer"]);
    let name = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11];
    let der = make_with(&Parts { inner: &name, outer: &name, ..SOUND }, &key);
    assert_eq!(generated(chain(&der)).codes(), ["ok"]);
}

#[test]
fn rsa_with_probabilistic_padding_is_checked() {
    let (der, key) = rsa(2048, MessageDigest::sha256());
    let outer = X509::from_der(&der).unwrap();
    // The parameters of RSASSA-PSS with SHA-256, MGF1 with SHA-256 and a salt of 32 bytes.
    let sha256 =
        element(0x30, &[&element(6, &[&[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1]]), &[5, 0]]);
    let mask =
        element(0x30, &[&element(6, &[&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 8]]), &sha256]);
    let parameters = element(
        0x30,
        &[&element(0xa0, &[&sha256]), &element(0xa1, &[&mask]), &element(0xa2, &[&[2, 1, 32]])],
    );
    let oid = element(6, &[&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10]]);
    let algorithm = element(0x30, &[&oid, &parameters]);
    let name = outer.subject_name().to_der().unwrap();
    let dates =
        element(0x30, &[&element(UTC, &[b"250101000000Z"]), &element(UTC, &[b"490101000000Z"])]);
    let signed = element(
        0x30,
        &[
            &[0xa0, 3, 2, 1, 2],
            &[2, 1, 7],
            &algorithm,
            &name,
            &dates,
            &name,
            &key.public_key_to_der().unwrap(),
        ],
    );
    let mut signing = Signing::new(MessageDigest::sha256(), &key).unwrap();
    signing.set_rsa_padding(Padding::PKCS1_PSS).unwrap();
    signing.set_rsa_pss_saltlen(RsaPssSaltlen::custom(32)).unwrap();
    let signature = signing.sign_oneshot_to_vec(&signed).unwrap();
    assert_eq!(key.id(), Id::RSA);
    let whole =
        |signature: &[u8]| element(0x30, &[&signed, &algorithm, &element(3, &[&[0], signature])]);
    assert_eq!(generated(chain(&whole(&signature))).codes(), ["ok"]);
    let mut forged = signature.clone();
    forged[100] ^= 1;
    assert_eq!(generated(chain(&whole(&forged))).codes(), ["Certificate.NotSignedByIssuer"]);
}

#[test]
fn ids_and_debug_output_hold_no_certificate() {
    let der = Authority::new("Test CA")
        .issue(&parameters("device"), &rcgen::KeyPair::generate().unwrap());
    let certificate = Certificate::parse(der.clone()).unwrap();
    let expected = openssl::sha::sha256(&der);
    assert_eq!(certificate.id().as_bytes(), &expected);
    assert_eq!(
        format!("{certificate:?}"),
        format!("Certificate {{ id: {:?}, .. }}", certificate.id())
    );
}
