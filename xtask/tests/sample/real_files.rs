//! Samples beside the vendors' real files, where these are at hand: the same structure down to the last object.

use std::{
    fs,
    io::{Cursor, Write as _},
    path::PathBuf,
};

use manifest::Vendor;
use openssl::x509::X509;
use sevenz_rust2::{Archive, Password};
use xtask::workspace;

use crate::support::{certificates, dozen, inner, make, members, payloads};

/// Reads a file that is not part of the project, and says so where it is absent.
fn real(name: &str) -> Option<Vec<u8>> {
    let path: PathBuf = workspace::root().join("../shared/manifests").join(name);
    let bytes = fs::read(path).ok();
    if bytes.is_none() {
        // `eprintln!` would be kept back where the test passes.
        let message = format!("left out: {name} is not in ../shared/manifests\n");
        std::io::stderr().write_all(message.as_bytes()).unwrap();
    }
    bytes
}

fn real_name(vendor: Vendor) -> &'static str {
    match vendor {
        Vendor::Microchip => "microchip/ECC608C-TNGTLSU-B.json",
        Vendor::Infineon => "infineon/manifest-infineon.7z",
        Vendor::Espressif => "espressif/manifest-espressif.csv",
        Vendor::Generated => "generated/certificates_test.txt",
    }
}

/// The tags of a DER structure by their depth, with the object identifiers that stand there.
fn outline(der: &[u8], depth: usize, lines: &mut Vec<String>) {
    const CONSTRUCTED: u8 = 0x20;
    const OBJECT_IDENTIFIER: u8 = 0x06;
    let mut rest = der;
    while let [tag, length, tail @ ..] = rest {
        let (length, tail) = match length {
            0x80.. => {
                let (digits, tail) = tail.split_at(usize::from(length & 0x7f));
                (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), tail)
            }
            short => (usize::from(*short), tail),
        };
        let (content, tail) = tail.split_at(length);
        let object =
            if *tag == OBJECT_IDENTIFIER { format!(" {content:02x?}") } else { String::new() };
        lines.push(format!("{:depth$}{tag:02x}{object}", ""));
        if tag & CONSTRUCTED != 0 {
            outline(content, depth + 1, lines);
        }
        rest = tail;
    }
}

fn structure(certificate: &X509) -> Vec<String> {
    let mut lines = Vec::new();
    outline(&certificate.to_der().unwrap(), 0, &mut lines);
    lines
}

#[test]
fn certificates_have_the_structure_of_real_ones() {
    for vendor in Vendor::ALL {
        let Some(bytes) = real(real_name(vendor)) else { continue };
        let (theirs, ours) =
            (certificates(vendor, &bytes), certificates(vendor, &dozen(vendor).manifest));
        // Of Infineon's 200 chips and our dozen, the first of each set.
        let (step, our_step) =
            if vendor == Vendor::Infineon { (200, 12) } else { (theirs.len(), ours.len()) };
        let (theirs, ours) = (theirs.chunks(step), ours.chunks(our_step));
        assert_eq!(theirs.len(), ours.len());
        for (theirs, ours) in theirs.zip(ours) {
            assert_eq!(structure(&theirs[0]), structure(&ours[0]), "{vendor:?}");
        }
    }
}

/// A text whose letters and digits are all one, so that only its form is left.
fn form(text: &str) -> String {
    let mut form = String::new();
    for letter in text.chars() {
        let letter = if letter.is_alphanumeric() || "+/=_".contains(letter) { 'x' } else { letter };
        if letter != 'x' || !form.ends_with('x') {
            form.push(letter);
        }
    }
    form
}

#[test]
fn microchips_json_is_laid_out_alike() {
    let Some(theirs) = real(real_name(Vendor::Microchip)) else { return };
    let ours = make(Vendor::Microchip, 10, 1).manifest();
    let lines = |bytes: &[u8]| -> Vec<String> {
        let text = std::str::from_utf8(bytes).unwrap();
        text.split('\n')
            .map(|line| line.split('"').take(2).collect::<Vec<_>>().join("\""))
            .collect()
    };
    assert_eq!(lines(&theirs), lines(&ours));
    let members = |bytes: &[u8]| -> Vec<String> {
        let payload = payloads(bytes).remove(0);
        payload
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, value)| match value.as_str() {
                Some(text)
                    if !["groupId", "uniqueId", "provisioningTimestamp"]
                        .contains(&name.as_str()) =>
                {
                    format!("{name}: {text}")
                }
                _ => name.clone(),
            })
            .collect()
    };
    assert_eq!(members(&theirs), members(&ours));
}

#[test]
fn lists_and_tables_are_laid_out_alike() {
    for vendor in [Vendor::Espressif, Vendor::Generated] {
        let Some(theirs) = real(real_name(vendor)) else { continue };
        let theirs = String::from_utf8(theirs).unwrap();
        let devices = if vendor == Vendor::Espressif { 7 } else { 100 };
        let ours = String::from_utf8(make(vendor, devices, 1).manifest()).unwrap();
        assert_eq!(form(&theirs), form(&ours), "{vendor:?}");
    }
}

#[test]
fn infineons_archives_are_packed_alike() {
    const AES: [u8; 4] = [0x06, 0xf1, 0x07, 0x01];
    let Some(theirs) = real(real_name(Vendor::Infineon)) else { return };
    let ours = make(Vendor::Infineon, 200, 1).manifest();
    let packing = |archive: &[u8]| {
        let archive = Archive::read(&mut Cursor::new(archive), &Password::empty()).unwrap();
        let coders = archive.blocks[0].coders.iter().map(|coder| {
            let id = coder.encoder_method_id().to_vec();
            // An initialization vector is never the same.
            let properties = if id == AES { &[] } else { coder.properties() };
            (id, properties.to_vec())
        });
        let coders: Vec<_> = coders.collect();
        let file = &archive.files[0];
        let dress =
            (file.has_last_modified_date, file.has_creation_date, file.windows_attributes());
        (archive.is_solid, archive.blocks.len(), archive.files.len(), coders, dress)
    };
    assert_eq!(packing(&theirs), packing(&ours));
    for set in ["E0E0", "E0E1", "E0E2"] {
        let [theirs, ours] = [&theirs, &ours].map(|bundle| inner(bundle, set));
        assert_eq!(packing(&theirs), packing(&ours), "{set}");
        let form_of = |archive: &[u8]| {
            let (name, pem) = members(archive).remove(0);
            form(&format!("{} {}", name.len(), std::str::from_utf8(&pem).unwrap()))
        };
        assert_eq!(form_of(&theirs), form_of(&ours), "{set}");
    }
    let [theirs, ours] = [&theirs, &ours].map(|bundle| members(bundle).remove(3).1);
    assert_eq!(packing(&theirs), packing(&ours), "the secrets");
}
