//! What files are taken for.

use manifest::{Certificate, Content, Vendor, recognize};

use crate::support::{Authority, Signer, World, pem, private_key, standard};

#[track_caller]
fn check(text: impl AsRef<[u8]>, expected: Content) {
    assert_eq!(recognize(text.as_ref(), true), expected);
}

#[test]
fn a_certificate_is_one_in_every_dress() {
    let der = Signer::new("Manifest Signer").der;
    let certificate = Content::Certificate(Box::new(Certificate::parse(der.clone()).unwrap()));
    let text = pem(&der);
    for dress in [
        text.clone().into_bytes(),
        text.replace('\n', "\r\n").into_bytes(),
        format!("\u{feff}subject=x\n{text}\n").into_bytes(),
        standard(&text).into_bytes(),
        standard(&der).into_bytes(),
        format!("\n{}\r\n", standard(&der)).into_bytes(),
        standard(&der).as_bytes().chunks(64).collect::<Vec<_>>().join(&b'\n'),
        der,
    ] {
        check(&dress, certificate.clone());
        // Where the file goes on, it is not one certificate and nothing else.
        assert_ne!(recognize(&dress, false), certificate);
    }
}

#[test]
fn several_certificates_are_a_manifest() {
    let authority = Authority::new("Test CA");
    let [a, b] = ["a", "b"].map(|name| authority.leaf(name));
    let manifest = Content::Manifest(Vendor::Generated);
    check(pem(&a) + &pem(&b), manifest.clone());
    check(format!("{}\n{}\n", standard(&a), standard(&b)), manifest.clone());
    check(format!("bad line\n{}\n", standard(&a)), manifest.clone());
    check(standard(pem(&a) + &pem(&b)), manifest.clone());
    // What goes on behind the head may hold more.
    assert_eq!(recognize(pem(&a).as_bytes(), false), manifest);
    assert_eq!(recognize(standard(&a).as_bytes(), false), manifest);
}

#[test]
fn a_microchip_manifest_is_known_whole_and_by_its_head() {
    let text = World::new().manifest(3);
    let manifest = Content::Manifest(Vendor::Microchip);
    check(&text, manifest.clone());
    check([b"\xef\xbb\xbf \n", text.as_slice()].concat(), manifest.clone());
    assert_eq!(recognize(&text[..200], false), manifest);
    check(b"{\"payload\": 1}", manifest);
    check("[]", Content::Unknown);
}

#[test]
fn private_keys_are_known_in_every_dress() {
    let key = private_key();
    let der = key.private_key_to_pkcs8().unwrap();
    let text = String::from_utf8(key.private_key_to_pem_pkcs8().unwrap()).unwrap();
    check(&der, Content::PrivateKey);
    check(standard(&der), Content::PrivateKey);
    check(standard(&text), Content::PrivateKey);
    check(&text, Content::PrivateKey);
    check(pem(&Authority::new("Test CA").der) + &text, Content::PrivateKey);
}

#[test]
fn what_is_not_taken_is_known_by_sight() {
    for (text, found) in [
        (&b"\x1f\x8b\x08"[..], "a gzip archive"),
        (b"%PDF-1.7", "a PDF document"),
        (b"\n<!DOCTYPE html><p>Sign in</p>", "a web page (HTML)"),
        (
            b"key,type,encoding,value\nkey,data,string,x\n",
            "a flash-partition CSV, which is no manifest and may hold private keys",
        ),
        (
            b"tlv_type,tlv_subtype,data_value,data_type,priv_key_type\n",
            "a flash-partition CSV, which is no manifest and may hold private keys",
        ),
        (
            b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
            "a PEM file without certificates",
        ),
        (b"-----BEGIN PKCS7-----\nAAAA\n-----END PKCS7-----\n", "a PKCS#7 bundle (.p7b)"),
    ] {
        check(text, Content::Foreign(found));
    }
}

#[test]
fn every_vendors_manifest_is_known_by_sight() {
    for (text, vendor) in [
        (&b"7z\xbc\xaf\x27\x1c"[..], Vendor::Infineon),
        (b"<r><group><hex name=\"TpmMAC\" value=\"00\"/></group></r>", Vendor::Infineon),
        (b"\xef\xbb\xbf<?xml version=\"1.0\"?>\n<t:r><t:BinaryHex>30", Vendor::Infineon),
        (b"\"MAC\",\"CN\",\"Cert\"\r\n", Vendor::Espressif),
        (b"extra;cert;mac\n", Vendor::Espressif),
        // One of the three is missing: decoding says which.
        (b"mac, cn\n", Vendor::Espressif),
        (b"cn,cert\n", Vendor::Espressif),
    ] {
        check(text, Content::Manifest(vendor));
        assert_eq!(recognize(text, false), Content::Manifest(vendor));
    }
    check(b"PK\x05\x06", Content::Zip);
    check(b"PK\x03\x04\x14\0", Content::Zip);
}

#[test]
fn device_infos_are_known_whatever_their_attributes_are_called() {
    for text in [
        r#"{"batchId": "1", "devices": [{}]}"#,
        r#"{"devices": [{"attributes": {"signature": "x"}}]}"#,
        r#"{"devices": [{"certFingerprint": "00", "attributes": {"payload": "x", "signature": "x"}}]}"#,
        "\u{feff}{\"batch_id\": \"b-1\"}",
    ] {
        check(text, Content::DeviceInfos);
        assert_eq!(recognize(text.as_bytes(), false), Content::DeviceInfos);
    }
}

#[test]
fn nothing_is_empty_only_where_the_file_ends() {
    for text in ["", " \r\n", "\u{feff}"] {
        check(text, Content::Empty);
        assert_eq!(recognize(text.as_bytes(), false), Content::Unknown);
    }
    check("hello", Content::Unknown);
}
