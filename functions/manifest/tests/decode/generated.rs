//! Files of certificates without a vendor's format.

use manifest::{Limits, ManifestError, Place, Signers, Vendor};

use crate::support::{
    Authority, Reading, World, generated, parameters, pem, private_key, read, standard, url,
};

/// Common names of what was taken, codes of what was not.
fn short(reading: &Reading) -> Vec<String> {
    let entries = reading.entries.iter().map(|entry| match entry {
        Ok(entry) => format!("{} {}", entry.place, entry.id),
        Err(error) => format!("{} {}", error.place, error.reason.code()),
    });
    entries.chain(reading.end.iter().map(|end| format!("! {}", end.code()))).collect()
}

#[track_caller]
fn check(text: impl AsRef<[u8]>, expected: &[&str]) {
    assert_eq!(short(&generated(text)), expected);
}

#[test]
fn lines_of_base64_are_taken_in_all_their_forms() {
    let authority = Authority::new("Test CA");
    let [a, b, c] = ["a", "b", "c"].map(|name| authority.leaf(name));
    let crlf = pem(&c).replace('\n', "\r\n");
    let text =
        format!("\u{feff}{}\r\n\r\n{}\n   \n  {}\t", standard(pem(&a)), standard(&b), url(&crlf));
    check(text, &["line 1 a", "line 3 b", "line 5 c"]);
}

#[test]
fn one_bad_line_costs_that_line() {
    let authority = Authority::new("Test CA");
    let [a, b] = ["a", "b"].map(|name| authority.leaf(name));
    let (a, b) = (standard(pem(&a)), standard(&b));
    let text = format!("{a}\nnot base64!\n{b}\n{}\n{}\n{a}", &a[..400], &b[..401]);
    check(
        text,
        &[
            "line 1 a",
            "line 2 Manifest.Malformed",
            "line 3 b",
            "line 4 Manifest.Malformed",
            "line 5 Manifest.Malformed",
            "line 6 a",
        ],
    );
    check(format!("garbages\n{b}\n"), &["line 1 Certificate.Malformed", "line 2 b"]);
}

#[test]
fn a_block_under_a_wrong_name_costs_itself_and_not_the_lines_beside_it() {
    let authority = Authority::new("Test CA");
    let [a, b] = ["a", "b"].map(|name| authority.leaf(name));
    let wrong = pem(&b).replace("BEGIN CERTIFICATE", "BEGIN CERTIFICAT");
    check(format!("{}\n{wrong}", standard(&a)), &["line 1 a", "line 2 Manifest.Malformed"]);
}

#[test]
fn a_chain_in_one_line_is_checked_and_its_leaf_taken() {
    let authority = Authority::new("Test CA");
    let impostor = Authority::new("Test CA");
    let leaf = pem(&authority.leaf("a"));
    let [good, bad] =
        [&authority, &impostor].map(|issuer| standard(leaf.clone() + &pem(&issuer.der)));
    let upside_down = standard(pem(&authority.der) + &leaf);
    check(
        format!("{good}\n{bad}\n{upside_down}\n{good}\n"),
        &[
            "line 1 a",
            "line 2 Certificate.NotSignedByIssuer",
            "line 3 Certificate.IsAuthority",
            "line 4 a",
        ],
    );
}

#[test]
fn every_block_of_a_pem_file_is_an_entry() {
    let authority = Authority::new("Test CA");
    let [a, b] = ["a", "b"].map(|name| pem(&authority.leaf(name)));
    let lines = u64::try_from(a.lines().count()).unwrap();
    let second = format!("line {} b", lines + 3);
    check(format!("{a}\n\n{b}"), &["line 1 a", &second]);
    check(format!("{a}\n\n{b}").replace('\n', "\r\n").trim_end(), &["line 1 a", &second]);
    check(format!("\u{feff}{a}"), &["line 1 a"]);
}

#[test]
fn explanations_between_blocks_are_passed_over_and_certificates_are_not() {
    let authority = Authority::new("Test CA");
    let a = pem(&authority.leaf("a"));
    let b = standard(authority.leaf("b"));
    let text = format!("subject=CN = a\nissuer=x\n{a}{b}\nMIIgarbage\n");
    let next = 3 + a.lines().count();
    check(
        text,
        &["line 3 a", &format!("line {next} b"), &format!("line {} Manifest.Malformed", next + 1)],
    );
}

#[test]
fn one_damaged_block_costs_that_block() {
    let authority = Authority::new("Test CA");
    let [a, b] = ["a", "b"].map(|name| pem(&authority.leaf(name)));
    let damaged = a.replacen("MII", "M?I", 1);
    let cut = a.replace(a.lines().nth(2).unwrap(), "");
    let reading = generated(format!("{damaged}{cut}{b}"));
    assert_eq!(reading.codes(), ["Manifest.Malformed", "Certificate.Malformed", "ok"]);
    let other = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n";
    assert_eq!(generated(format!("{other}{b}")).codes(), ["Manifest.Malformed", "ok"]);
}

#[test]
fn a_pem_file_that_ends_within_a_block_is_cut_short() {
    let authority = Authority::new("Test CA");
    let [a, b] = ["a", "b"].map(|name| pem(&authority.leaf(name)));
    let text = format!("{a}{}", &b[..b.len() / 2]);
    let reading = generated(&text);
    assert_eq!(reading.codes(), ["ok", "! Manifest.Truncated"]);
    let begin = u64::try_from(a.lines().count()).unwrap() + 1;
    let expected = ManifestError::Truncated { entries_read: 1, place: Place::Line(begin) };
    assert_eq!(reading.end, Some(expected));
}

#[test]
fn a_der_file_is_one_entry() {
    let authority = Authority::new("Test CA");
    let der = authority.leaf("a");
    check(&der, &["the file a"]);
    check(&der[..der.len() - 1], &["! Manifest.Truncated"]);
    check([der.as_slice(), b"x"].concat(), &["! Manifest.WrongFormat"]);
    check(&authority.der, &["the file Certificate.IsAuthority"]);
}

#[test]
fn wrapped_base64_of_one_certificate_is_one_entry() {
    let der = Authority::new("Test CA").leaf("a");
    for text in [standard(&der), standard(pem(&der))] {
        let wrapped: Vec<&str> =
            text.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap()).collect();
        check(wrapped.join("\r\n") + "\r\n", &["the file a"]);
    }
}

#[test]
fn a_private_key_refuses_the_file_and_says_where() {
    let leaf = Authority::new("Test CA").leaf("a");
    let key = private_key();
    let curve = key.ec_key().unwrap();
    let pkcs8 = String::from_utf8(key.private_key_to_pem_pkcs8().unwrap()).unwrap();
    let sec1 = String::from_utf8(curve.private_key_to_pem().unwrap()).unwrap();
    let encrypted = key
        .private_key_to_pem_pkcs8_passphrase(openssl::symm::Cipher::aes_128_cbc(), b"secret")
        .unwrap();
    let encrypted = String::from_utf8(encrypted).unwrap();
    let certificate = pem(&leaf);
    let second = u64::try_from(certificate.lines().count()).unwrap() + 1;
    for bad in [&pkcs8, &sec1, &encrypted] {
        let reading = generated(format!("{certificate}{bad}"));
        let place = Place::Line(second);
        assert_eq!(reading.end, Some(ManifestError::PrivateKey { entries_read: 1, place }));
        let reading = generated(format!("{}\n\n{}\n", standard(&leaf), standard(bad)));
        let place = Place::Line(3);
        assert_eq!(reading.end, Some(ManifestError::PrivateKey { entries_read: 1, place }));
    }
    let line = standard(key.private_key_to_pkcs8().unwrap());
    assert_eq!(
        generated(format!("{}\n{line}\n", standard(&leaf))).codes(),
        ["ok", "! Manifest.PrivateKey"]
    );
    for der in [key.private_key_to_pkcs8().unwrap(), curve.private_key_to_der().unwrap()] {
        check(der, &["! Manifest.PrivateKey"]);
    }
    let short = openssl::pkey::PKey::generate_ed25519().unwrap().private_key_to_pkcs8().unwrap();
    check(short, &["! Manifest.PrivateKey"]);
    let far = format!("{}{pkcs8}", format!("{}\n", standard(&leaf)).repeat(200));
    assert_eq!(generated(far).end.unwrap().entries_read(), 200);
}

#[test]
fn a_private_key_is_seen_where_no_entry_is() {
    let leaf = standard(Authority::new("Test CA").leaf("a"));
    let begin = "-----BEGIN RSA PRIVATE KEY-----";
    for line in [format!("# {begin}"), format!("{}{begin}", "x".repeat(300_000))] {
        let reading = generated(format!("{leaf}\n{line}\n{leaf}\n"));
        let place = Place::Line(2);
        assert_eq!(reading.end, Some(ManifestError::PrivateKey { entries_read: 1, place }));
    }
}

#[test]
fn keys_that_aws_iot_does_not_take_are_refused() {
    let authority = Authority::new("Test CA");
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    let der = authority.issue(&parameters("a"), &key);
    let reading = generated(&der);
    assert_eq!(reading.codes(), ["Certificate.KeyUnsupported"]);
    assert_eq!(reading.entries[0].as_ref().unwrap_err().id, "a");
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap();
    check(authority.issue(&parameters("a"), &key), &["the file a"]);
}

#[test]
fn a_certificate_that_is_too_long_for_aws_iot_is_refused() {
    let authority = Authority::new("Test CA");
    let mut parameters = parameters("a");
    let filler = rcgen::CustomExtension::from_oid_content(&[2, 5, 29, 99], vec![4; 50_000]);
    parameters.custom_extensions.push(filler);
    let der = authority.issue(&parameters, &rcgen::KeyPair::generate().unwrap());
    let reading = generated(standard(&der));
    assert_eq!(reading.codes(), ["Certificate.TooLarge"]);
    let characters = pem(&der).len();
    assert!(reading.sentence(0).contains(&format!("has {characters} characters")));
}

#[test]
fn files_of_other_kinds_are_called_by_their_names() {
    let world = World::new();
    for (text, found) in [
        (world.manifest(1).as_slice(), "a Microchip manifest (JSON)"),
        (b"7z\xbc\xaf\x27\x1c\0\x04", "an Infineon manifest (a 7z archive or XML)"),
        (b"MAC,cn,cert\n", "an Espressif CSV file"),
        (b"<?xml version=\"1.0\"?><a/>", "an XML file"),
        (b"name,certificate\na,b\n", "a CSV file of another kind"),
        (b"[1, 2]", "a JSON file of another kind"),
        (b"\xff\xfeM\0I\0I\0", "text in UTF-16"),
        (b"\x7fELF\x02\x01\x01\0\0", "a binary file of an unknown kind"),
    ] {
        let Some(ManifestError::WrongFormat { found: name, expected }) = generated(text).end else {
            panic!("{found} is not seen");
        };
        assert_eq!((name, expected), (found, Vendor::Generated.into()));
    }
}

#[test]
fn files_without_entries_are_empty() {
    for text in ["", "\r\n\r\n", "\u{feff}\n"] {
        check(text, &["! Manifest.Empty"]);
    }
    // Blanks that go on beyond the head.
    check(" \n".repeat(100_000), &["! Manifest.Empty"]);
}

#[test]
fn every_limit_has_an_error_of_its_own() {
    let authority = Authority::new("Test CA");
    let [a, b] = ["a", "b"].map(|name| standard(authority.leaf(name)));
    let block = pem(&authority.leaf("c"));
    let text = format!("{a}\n{}\n{b}\n{block}{b}\n", "A".repeat(block.len() + 10));
    let signers = Signers::new([], false);
    let codes = |limits| read(Vendor::Generated, text.as_bytes(), &signers, limits).codes();
    let all = Limits { entry_bytes: block.len(), ..Limits::default() };
    assert_eq!(codes(all), ["ok", "Manifest.EntryTooLarge", "ok", "ok", "ok"]);
    let tight = Limits { entry_bytes: a.len().max(b.len()), ..all };
    assert_eq!(
        codes(tight),
        ["ok", "Manifest.EntryTooLarge", "ok", "Manifest.EntryTooLarge", "ok"]
    );
    assert_eq!(
        codes(Limits { entries: 2, ..all }),
        ["ok", "Manifest.EntryTooLarge", "! Manifest.TooManyEntries"]
    );
    assert_eq!(codes(Limits { bytes: 100, ..all }), ["! Manifest.TooLarge"]);
}
