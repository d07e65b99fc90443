//! Certificates of the usual form, of which much is what the one before had, too.
//!
//! The devices of a file have one issuer, and most of what their certificates say is the same. What
//! was read once, and found well-formed, is not read again where the same bytes come: a name's
//! parts, an extension, an algorithm. Whatever is new is read by [`x509_parser`], and a certificate
//! that is in any way out of the usual is read by it as a whole. So nothing is taken here that it
//! would refuse, and nothing is understood in another way; a test says so.

use std::cell::RefCell;

use x509_parser::asn1_rs::BitString;
use x509_parser::certificate::Validity;
use x509_parser::extensions::X509ExtensionParser;
use x509_parser::nom::Parser as _;
use x509_parser::oid_registry::{
    OID_X509_COMMON_NAME, OID_X509_EXT_BASIC_CONSTRAINTS, OID_X509_EXT_SUBJECT_KEY_IDENTIFIER,
};
use x509_parser::prelude::FromDer;
use x509_parser::x509::{AlgorithmIdentifier, RelativeDistinguishedName, SubjectPublicKeyInfo};

use super::{KeyType, Parts, SignatureAlgorithm, der, whole, within};

const BIT_STRING: u8 = 0x03;
const SET: u8 = 0x31;
const VERSION: u8 = 0xa0;
const EXTENSIONS: u8 = 0xa3;
/// Version 3, as all certificates say it that have extensions.
const VERSION_3: &[u8] = &[VERSION, 3, der::INTEGER, 1, 2];

thread_local! {
    static SEEN: RefCell<Seen> = RefCell::default();
}

/// Reads a certificate of the usual form. `None` where it is none, which is no error yet.
pub(super) fn read(der: &[u8]) -> Option<Parts> {
    SEEN.with_borrow_mut(|seen| seen.read(der))
}

/// What the last certificates had, and was well-formed.
#[derive(Debug, Default)]
struct Seen {
    algorithm: Option<(Box<[u8]>, SignatureAlgorithm)>,
    issuer: Box<[u8]>,
    /// Parts of names, without a common name in them.
    names: Few,
    /// Extensions that say nothing that is asked for.
    extensions: Few,
}

/// A few short pieces of bytes; a new one takes the place of the oldest.
#[derive(Debug, Default)]
struct Few {
    pieces: Vec<Box<[u8]>>,
    next: usize,
}

/// An element of DER.
#[derive(Clone, Copy)]
struct Element<'d> {
    bytes: &'d [u8],
    content: &'d [u8],
}

/// What a name says: its first common name, where that is text.
#[derive(Default)]
struct Name {
    common_name: Option<String>,
}

/// What the extensions say.
#[derive(Default)]
struct Extensions<'d> {
    is_authority: Option<bool>,
    key_identifier: Option<&'d [u8]>,
}

impl Seen {
    fn read(&mut self, der: &[u8]) -> Option<Parts> {
        let mut rest = only(der, der::SEQUENCE)?;
        let signed = next(&mut rest, der::SEQUENCE)?;
        let algorithm = next(&mut rest, der::SEQUENCE)?;
        let signature: BitString<'_> = well_formed(next(&mut rest, BIT_STRING)?)?;
        ended(rest)?;

        let mut rest = signed.content;
        let version = next(&mut rest, VERSION)?;
        let serial = next(&mut rest, der::INTEGER)?;
        let same_algorithm = next(&mut rest, der::SEQUENCE)?;
        if version.bytes != VERSION_3
            || serial.content.is_empty()
            || same_algorithm.bytes != algorithm.bytes
        {
            return None;
        }
        let signature_algorithm = self.algorithm(algorithm)?;
        let issuer = next(&mut rest, der::SEQUENCE)?;
        self.issuer(issuer)?;
        let validity: Validity = well_formed(next(&mut rest, der::SEQUENCE)?)?;
        let subject = next(&mut rest, der::SEQUENCE)?;
        let Name { common_name } = self.name(subject)?;
        let key: SubjectPublicKeyInfo<'_> = well_formed(next(&mut rest, der::SEQUENCE)?)?;
        let extensions = self.extensions(rest)?;

        let within = |part: &[u8]| within(der, part);
        Some(Parts {
            common_name,
            serial: whole::serial(serial.content),
            not_before: validity.not_before.timestamp(),
            not_after: validity.not_after.timestamp(),
            key: KeyType::of(&key),
            signature_algorithm,
            is_authority: extensions.is_authority.unwrap_or(false),
            key_identifier: extensions.key_identifier.map(within),
            signed: within(signed.bytes),
            signature: within(&signature.data),
            issuer: within(issuer.bytes),
            subject: within(subject.bytes),
            public_key: within(key.raw),
            key_bits: within(&key.subject_public_key.data),
        })
    }

    fn algorithm(&mut self, element: Element<'_>) -> Option<SignatureAlgorithm> {
        if let Some((bytes, algorithm)) = &self.algorithm
            && **bytes == *element.bytes
        {
            return Some(*algorithm);
        }
        let identifier: AlgorithmIdentifier<'_> = well_formed(element)?;
        let algorithm = SignatureAlgorithm::of(&identifier);
        self.algorithm = Some((element.bytes.into(), algorithm));
        Some(algorithm)
    }

    fn issuer(&mut self, element: Element<'_>) -> Option<()> {
        if *self.issuer != *element.bytes {
            self.name(element)?;
            self.issuer = element.bytes.into();
        }
        Some(())
    }

    fn name(&mut self, element: Element<'_>) -> Option<Name> {
        let mut name = None;
        let mut rest = element.content;
        while !rest.is_empty() {
            let part = next(&mut rest, SET)?;
            if self.names.has(part.bytes) {
                continue;
            }
            let attributes: RelativeDistinguishedName<'_> = well_formed(part)?;
            match attributes.iter().find(|it| *it.attr_type() == OID_X509_COMMON_NAME) {
                Some(attribute) => {
                    name.get_or_insert_with(|| Name { common_name: whole::common_name(attribute) });
                }
                None => self.names.keep(part.bytes),
            }
        }
        Some(name.unwrap_or_default())
    }

    fn extensions<'d>(&mut self, bytes: &'d [u8]) -> Option<Extensions<'d>> {
        let mut found = Extensions::default();
        if bytes.is_empty() {
            return Some(found);
        }
        let mut rest = only(only(bytes, EXTENSIONS)?, der::SEQUENCE)?;
        while !rest.is_empty() {
            let element = next(&mut rest, der::SEQUENCE)?;
            if self.extensions.has(element.bytes) {
                continue;
            }
            let mut parser = X509ExtensionParser::new().with_deep_parse_extensions(false);
            let (after, extension) = parser.parse(element.bytes).ok()?;
            ended(after)?;
            if extension.oid == OID_X509_EXT_BASIC_CONSTRAINTS {
                let is_authority = whole::is_authority(extension.value).ok()?;
                once(found.is_authority.replace(is_authority))?;
            } else if extension.oid == OID_X509_EXT_SUBJECT_KEY_IDENTIFIER {
                let identifier = whole::key_identifier(extension.value).ok()?;
                once(found.key_identifier.replace(identifier))?;
            } else {
                self.extensions.keep(element.bytes);
            }
        }
        Some(found)
    }
}

impl Few {
    const MOST: usize = 16;
    /// A longer piece is not worth its memory.
    const LONGEST: usize = 256;

    fn has(&self, bytes: &[u8]) -> bool {
        self.pieces.iter().any(|piece| **piece == *bytes)
    }

    fn keep(&mut self, bytes: &[u8]) {
        if bytes.len() > Self::LONGEST {
            return;
        }
        match self.pieces.get_mut(self.next) {
            Some(oldest) => *oldest = bytes.into(),
            None => self.pieces.push(bytes.into()),
        }
        self.next = (self.next + 1) % Self::MOST;
    }
}

/// Takes the next element, which is to have this tag, and a length that is written as DER wants it.
fn next<'d>(rest: &mut &'d [u8], tag: u8) -> Option<Element<'d>> {
    let (found, content, after) = der::read(rest)?;
    let (bytes, _) = rest.split_at_checked(rest.len() - after.len())?;
    let shortest = match content.len() {
        0..=0x7f => 2,
        0x80..=0xff => 3,
        0x100..=0xffff => 4,
        _ => return None,
    };
    if found != tag || bytes.len() - content.len() != shortest {
        return None;
    }
    *rest = after;
    Some(Element { bytes, content })
}

/// The content of an element that is all there is.
fn only(bytes: &[u8], tag: u8) -> Option<&[u8]> {
    let mut rest = bytes;
    let element = next(&mut rest, tag)?;
    ended(rest)?;
    Some(element.content)
}

/// Reads an element as a whole.
fn well_formed<'d, T: FromDer<'d, E>, E>(element: Element<'d>) -> Option<T> {
    let (rest, value) = T::from_der(element.bytes).ok()?;
    ended(rest)?;
    Some(value)
}

fn ended(rest: &[u8]) -> Option<()> {
    rest.is_empty().then_some(())
}

/// Nothing may have been there before.
fn once<T>(before: Option<T>) -> Option<()> {
    before.is_none().then_some(())
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use openssl::asn1::{Asn1Integer, Asn1Time, Asn1Type};
    use openssl::bn::BigNum;
    use openssl::ec::{EcGroup, EcKey};
    use openssl::hash::MessageDigest;
    use openssl::nid::Nid;
    use openssl::pkey::{PKey, Private};
    use openssl::rsa::Rsa;
    use openssl::x509::extension::{BasicConstraints, KeyUsage, SubjectKeyIdentifier};
    use openssl::x509::{X509, X509Name, X509NameBuilder};
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::{Few, Seen, whole};

    /// Devices' certificates and an authority's, with keys, names and extensions of several kinds.
    static CERTIFICATES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
        let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
        let curve = PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap();
        let rsa = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
        let plain = name(&[("CN", "device-1", Asn1Type::UTF8STRING)]);
        let long = name(&[
            ("C", "IN", Asn1Type::PRINTABLESTRING),
            ("O", "Example Corp", Asn1Type::UTF8STRING),
            ("CN", "device-2", Asn1Type::BMPSTRING),
            ("CN", "another", Asn1Type::UTF8STRING),
            ("OU", "IoT", Asn1Type::T61STRING),
        ]);
        vec![
            certificate(&curve, &plain, Some(false), true),
            certificate(&rsa, &long, None, true),
            certificate(&rsa, &plain, Some(true), false),
            certificate(&curve, &long, Some(false), true),
            certificate(&curve, &name(&[]), None, false),
        ]
    });

    fn name(parts: &[(&str, &str, Asn1Type)]) -> X509Name {
        let mut name = X509NameBuilder::new().unwrap();
        for (field, text, kind) in parts {
            name.append_entry_by_text_with_type(field, text, *kind).unwrap();
        }
        name.build()
    }

    fn certificate(
        key: &PKey<Private>,
        subject: &X509Name,
        is_authority: Option<bool>,
        has_more: bool,
    ) -> Vec<u8> {
        let issuer = name(&[
            ("O", "Example Corp", Asn1Type::UTF8STRING),
            ("CN", "Issuer", Asn1Type::PRINTABLESTRING),
        ]);
        let mut builder = X509::builder().unwrap();
        builder.set_version(2).unwrap();
        let serial = BigNum::from_u32(0x8000_0001).unwrap();
        builder.set_serial_number(&Asn1Integer::from_bn(&serial).unwrap()).unwrap();
        builder.set_issuer_name(&issuer).unwrap();
        builder.set_subject_name(subject).unwrap();
        builder.set_not_before(&Asn1Time::from_str("20250101000000Z").unwrap()).unwrap();
        builder.set_not_after(&Asn1Time::from_str("20991231235959Z").unwrap()).unwrap();
        builder.set_pubkey(key).unwrap();
        if let Some(is_authority) = is_authority {
            let mut constraints = BasicConstraints::new();
            if is_authority {
                constraints.ca();
            }
            builder.append_extension(constraints.critical().build().unwrap()).unwrap();
        }
        if has_more {
            let identifier =
                SubjectKeyIdentifier::new().build(&builder.x509v3_context(None, None)).unwrap();
            builder.append_extension(identifier).unwrap();
            let usage = KeyUsage::new().critical().digital_signature().build().unwrap();
            builder.append_extension(usage).unwrap();
        }
        builder.sign(key, MessageDigest::sha256()).unwrap();
        builder.build().to_der().unwrap()
    }

    #[test]
    fn certificates_of_any_key_and_name_are_of_the_usual_form() {
        let mut seen = Seen::default();
        for _ in 0..2 {
            for der in &*CERTIFICATES {
                assert_eq!(seen.read(der), Some(whole::read(der).unwrap()));
            }
        }
    }

    #[test]
    fn what_was_seen_takes_little_memory() {
        let mut few = Few::default();
        for number in 0..1_000_u16 {
            few.keep(&number.to_be_bytes());
            assert!(few.has(&number.to_be_bytes()));
            assert!(few.pieces.len() <= Few::MOST);
        }
        few.keep(&[0; Few::LONGEST + 1]);
        assert!(!few.has(&[0; Few::LONGEST + 1]));
    }

    /// What is done to a byte somewhere.
    #[derive(Clone, Copy, Debug)]
    enum Change {
        Set(u8),
        Flip(u8),
        Add(u8),
        Remove,
    }

    fn change() -> impl Strategy<Value = Change> {
        prop_oneof![
            any::<u8>().prop_map(Change::Set),
            (0_u8..8).prop_map(|bit| Change::Flip(1 << bit)),
            any::<u8>().prop_map(Change::Add),
            Just(Change::Remove),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

        /// Among genuine ones, so that there is something that was seen.
        #[test]
        fn nothing_is_taken_that_would_be_refused_or_read_in_another_way(
            damaged in vec((any::<prop::sample::Index>(), vec((any::<prop::sample::Index>(), change()), 0..3)), 1..20),
        ) {
            let mut seen = Seen::default();
            for (which, changes) in damaged {
                let genuine = which.get(&CERTIFICATES);
                prop_assert!(seen.read(genuine).is_some());
                let mut der = genuine.clone();
                for (place, change) in changes {
                    let at = place.index(der.len());
                    match change {
                        Change::Set(byte) => der[at] = byte,
                        Change::Flip(bits) => der[at] ^= bits,
                        Change::Add(byte) => der.insert(at, byte),
                        Change::Remove => drop(der.remove(at)),
                    }
                }
                if let Some(parts) = seen.read(&der) {
                    prop_assert_eq!(Ok(parts), whole::read(&der));
                }
            }
        }
    }
}
