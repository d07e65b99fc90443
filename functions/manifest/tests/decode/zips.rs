//! Zip archives, in every bucket.

use std::io::Cursor;

use manifest::{Content, Limits, Vendor, recognize_zip};
use zip::CompressionMethod;

use crate::archives::{seven, zipped, zipped_with};
use crate::infineon::{Bench, short};
use crate::support::{Authority, Signer, World, hex, pem, private_key, read, standard};

#[track_caller]
fn check(vendor: Vendor, members: &[(&str, &[u8])], expected: &[&str]) {
    assert_eq!(short(&Bench::new().read_as(vendor, &zipped(members))), expected);
}

const CHIP: &str = "0A09331018420C800245";

#[test]
fn generated_certificates_are_read_in_all_their_forms() {
    let authority = Authority::new("Test CA");
    let [a, b, c, d] = ["a", "b", "c", "d"].map(|name| authority.leaf(name));
    let block = pem(&c);
    let lines = format!("{}\nbad line\n{}\n", standard(&a), standard(pem(&b)));
    let members: [(&str, &[u8]); 8] = [
        ("certificates/", b""),
        ("certificates/list.txt", lines.as_bytes()),
        ("c.pem", block.as_bytes()),
        ("README.md", b"# Certificates"),
        ("page.crt", b"<html>"),
        ("empty.pem", b""),
        ("nested.zip", &zipped(&[("a.der", &a)])),
        ("d.der", &d),
    ];
    check(
        Vendor::Generated,
        &members,
        &[
            "line 1 of `list.txt` a",
            "line 2 of `list.txt` Manifest.Malformed",
            "line 3 of `list.txt` b",
            "line 1 of `c.pem` c",
            "`page.crt` Archive.MemberWrongFormat",
            "`empty.pem` Archive.MemberWrongFormat",
            "`nested.zip` Archive.MemberWrongFormat",
            "`d.der` d",
        ],
    );
}

#[test]
fn microchips_manifests_are_read_with_their_signatures() {
    let world = World::new();
    let (one, two) = (world.manifest(2), world.manifest(1));
    let signer = &world.signer.der;
    let archive = zipped(&[("reel.json", &one), ("signer.der", signer), ("b/two.json", &two)]);
    let reading = read(Vendor::Microchip, archive.as_slice(), &world.signers, Limits::default());
    assert_eq!(
        short(&reading),
        [
            "entry 1 of `reel.json` 012300000000000101",
            "entry 2 of `reel.json` 012300000000000201",
            "`signer.der` Archive.MemberWrongFormat",
            "entry 1 of `two.json` 012300000000000101",
        ]
    );
    let stranger = Signer::new("Stranger");
    let element = world.devices(1)[0].element(&stranger).to_string();
    let archive = zipped(&[("a.json", element.as_bytes())]);
    let reading = read(Vendor::Microchip, archive.as_slice(), &world.signers, Limits::default());
    assert_eq!(short(&reading), ["entry 1 of `a.json` Signer.NotTrusted"]);
}

#[test]
fn espressifs_lists_are_read() {
    let authority = Authority::new("Test CA");
    let list = |mac: &str| format!("mac,cert\n{mac},{}\n", standard(authority.leaf(mac)));
    let (one, two) = (list("aabbcc000001"), list("aabbcc000002"));
    check(
        Vendor::Espressif,
        &[
            ("1.csv", one.as_bytes()),
            ("2.csv", two.as_bytes()),
            ("keys.csv", b"key,type,encoding,value\nk,data,string,s\n"),
            ("c.pem", pem(&authority.leaf("c")).as_bytes()),
        ],
        &[
            "line 2 of `1.csv` aabbcc000001",
            "line 2 of `2.csv` aabbcc000002",
            "`keys.csv` Archive.MemberWrongFormat",
            "`c.pem` Archive.MemberWrongFormat",
        ],
    );
    check(
        Vendor::Espressif,
        &[("1.csv", one.as_bytes()), ("2.csv", b"cn,cert\n")],
        &["line 2 of `1.csv` aabbcc000001", "! Manifest.MissingColumn"],
    );
}

#[test]
fn infineons_certificates_are_read_by_their_names() {
    let authority = Authority::new("Test CA");
    let [a, b, c] = ["a", "b", "c"].map(|name| pem(&authority.leaf(name)));
    let digits = hex(&authority.leaf("d"));
    let xml = format!("<r><group><binaryhex>{digits}</binaryhex></group></r>");
    let archive = zipped(&[
        (&format!("x/{CHIP}_E0E0.pem"), a.as_bytes()),
        (&format!("x/{CHIP}_E0E2.pem"), b.as_bytes()),
        ("c.pem", c.as_bytes()),
        ("d.xml", xml.as_bytes()),
        ("e.7z", &seven(&[("a.pem", a.as_bytes())])),
    ]);
    let reading = Bench::knowing(&authority).read(&archive);
    assert_eq!(
        short(&reading),
        [
            &format!("`{CHIP}_E0E0.pem` {CHIP}"),
            "`c.pem` c",
            "group 1 of `d.xml` d",
            "`e.7z` Archive.MemberWrongFormat",
        ]
    );
    assert_eq!(reading.notes[0].code, "Infineon.OtherBundles");
    assert!(reading.notes[0].text.contains("`bundle = \"E0E2\"`"), "{}", reading.notes[0].text);
}

#[test]
fn names_that_point_out_of_the_archive_cost_their_member() {
    let a = pem(&Authority::new("Test CA").leaf("a"));
    let members =
        [("../a.pem", a.as_bytes()), ("/b.pem", a.as_bytes()), ("c/./d.pem", a.as_bytes())];
    let expected =
        ["`a.pem` Archive.MemberName", "`b.pem` Archive.MemberName", "line 1 of `d.pem` a"];
    check(Vendor::Generated, &members, &expected);
}

#[test]
fn long_and_odd_names_are_fit_for_messages() {
    let a = pem(&Authority::new("Test CA").leaf("a"));
    let name = format!("\u{1b}[31m{}\u{202e}.pem", "n".repeat(300));
    let reading = Bench::new().read_as(Vendor::Generated, &zipped(&[(&name, a.as_bytes())]));
    let place = reading.good()[0].place.to_string();
    assert_eq!(place, format!("line 1 of `\u{fffd}[31m{}…`", "n".repeat(75)));
}

#[test]
fn a_private_key_in_any_member_refuses_the_file() {
    let a = pem(&Authority::new("Test CA").leaf("a"));
    let key = private_key().private_key_to_pem_pkcs8().unwrap();
    for vendor in [Vendor::Generated, Vendor::Microchip, Vendor::Espressif] {
        let archive = zipped(&[("a.pem", a.as_bytes()), ("b/key.pem", &key)]);
        let reading = Bench::new().read_as(vendor, &archive);
        assert_eq!(reading.codes().last().unwrap(), "! Manifest.PrivateKey", "{vendor}");
        assert_eq!(reading.entries.len(), 1);
        let text = reading.end.unwrap().to_string();
        assert!(text.contains("of `key.pem`"), "{text}");
    }
}

#[test]
fn an_archive_that_was_cut_short_is_never_taken() {
    let authority = Authority::new("Test CA");
    let leaves = ["a", "b", "c"].map(|name| authority.leaf(name));
    let archive = zipped(&[("a", &leaves[0]), ("b", &leaves[1]), ("c", &leaves[2])]);
    for end in (1..10).map(|tenth| archive.len() * tenth / 10).chain([archive.len() - 1, 4]) {
        let reading = Bench::new().read_as(Vendor::Generated, &archive[..end]);
        assert_eq!(reading.codes().last().unwrap(), "! Manifest.Truncated", "{end}");
        assert_eq!(reading.entries.len(), 0);
    }
    let list = standard(&leaves[0]) + "\n-----BEGIN CERTIFICATE-----\nMII";
    check(
        Vendor::Generated,
        &[("list.txt", list.as_bytes()), ("b.der", &leaves[1])],
        &["line 1 of `list.txt` a", "! Manifest.Truncated"],
    );
}

#[test]
fn damage_within_a_member_is_seen() {
    let authority = Authority::new("Test CA");
    let [a, b] = ["a", "b"].map(|name| standard(authority.leaf(name)) + "\n");
    for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
        let mut archive = zipped_with(method, &[("a.txt", a.as_bytes()), ("b.txt", b.as_bytes())]);
        let first = 30 + "a.txt".len() + 100;
        archive[first] ^= 1;
        let reading = Bench::new().read_as(Vendor::Generated, &archive);
        assert_eq!(reading.codes().last().unwrap(), "! Archive.Malformed");
        assert!(reading.good().is_empty(), "{method}");
        let text = reading.end.unwrap().to_string();
        assert!(text.contains("`a.txt`"), "{text}");
    }
}

/// Where the list of an archive's members has its first one, and a field at this offset.
fn listed(archive: &[u8], offset: usize) -> usize {
    archive.windows(4).position(|bytes| bytes == b"PK\x01\x02").unwrap() + offset
}

#[test]
fn encryption_and_unknown_methods_say_so() {
    let a = Authority::new("Test CA").leaf("a");
    let archive = zipped(&[("a.der", &a)]);
    let codes = |archive: &[u8]| short(&Bench::new().read_as(Vendor::Generated, archive));
    let mut encrypted = archive.clone();
    let flags = listed(&archive, 8);
    encrypted[flags] |= 1;
    assert_eq!(codes(&encrypted), ["! Archive.Encrypted"]);
    // bzip2, in the list of members and in front of the member.
    let mut bzip2 = archive.clone();
    let method = listed(&archive, 10);
    (bzip2[method], bzip2[8]) = (12, 12);
    assert_eq!(codes(&bzip2), ["! Archive.Method"]);
    let mut volumes = archive;
    let end = volumes.len() - 22;
    volumes[end + 4] = 1;
    assert_eq!(codes(&volumes), ["! Archive.Malformed"]);
}

#[test]
fn two_members_of_one_name_are_refused() {
    let authority = Authority::new("Test CA");
    let [a, b] = ["a", "b"].map(|name| authority.leaf(name));
    let mut archive = zipped(&[("a.der", &a), ("b.der", &b)]);
    for at in 0..archive.len() - 5 {
        if &archive[at..at + 5] == b"b.der" {
            archive[at] = b'a';
        }
    }
    let reading = Bench::new().read_as(Vendor::Generated, &archive);
    assert_eq!(short(&reading), ["! Archive.Malformed"]);
    let text = reading.end.unwrap().to_string();
    assert!(text.contains("have the same name"), "{text}");
}

#[test]
fn every_limit_has_an_error_of_its_own() {
    let authority = Authority::new("Test CA");
    let [a, b] = ["a", "b"].map(|name| pem(&authority.leaf(name)));
    let archive = zipped(&[("a.pem", a.as_bytes()), ("b.pem", b.as_bytes()), ("c/", b"")]);
    let codes =
        |limits| Bench { limits, ..Bench::new() }.read_as(Vendor::Generated, &archive).codes();
    let length = |bytes: &[u8]| u64::try_from(bytes.len()).unwrap();
    let (all, size) = (Limits::default(), length(a.as_bytes()) + length(b.as_bytes()));
    assert_eq!(codes(Limits { inflated_bytes: size, ..all }), ["ok"; 2]);
    assert_eq!(
        codes(Limits { inflated_bytes: size - 1, ..all }),
        ["ok", "! Archive.InflatedTooLarge"]
    );
    assert_eq!(codes(Limits { members: 3, ..all }), ["ok"; 2]);
    assert_eq!(codes(Limits { members: 2, ..all }), ["! Archive.TooManyMembers"]);
    assert_eq!(codes(Limits { archive_bytes: length(&archive), ..all }), ["ok"; 2]);
    assert_eq!(
        codes(Limits { archive_bytes: length(&archive) - 1, ..all }),
        ["! Archive.TooLarge"]
    );
    assert_eq!(codes(Limits { bytes: length(&archive) - 1, ..all }), ["! Manifest.TooLarge"]);
    assert_eq!(codes(Limits { entries: 1, ..all }), ["ok", "! Manifest.TooManyEntries"]);
    assert_eq!(codes(Limits { entry_bytes: 300, ..all }), ["Manifest.EntryTooLarge"; 2]);
}

#[test]
fn an_archive_without_members_is_empty() {
    for vendor in Vendor::ALL {
        check(vendor, &[], &["! Manifest.Empty"]);
        check(vendor, &[("a/", b""), ("README", b"x")], &["! Manifest.Empty"]);
    }
}

#[test]
fn a_zip_archive_is_told_apart_by_its_first_useful_member() {
    let world = World::new();
    let authority = Authority::new("Test CA");
    let a = pem(&authority.leaf("a"));
    let junk: (&str, &[u8]) = ("README", b"x");
    let chip = format!("x/{CHIP}_E0E1.pem");
    let manifest = world.manifest(1);
    let list = "mac,cert\n";
    let key = private_key().private_key_to_pem_pkcs8().unwrap();
    for (member, expected) in [
        ((chip.as_str(), a.as_bytes()), Content::Manifest(Vendor::Infineon)),
        (("a.pem", a.as_bytes()), Content::Manifest(Vendor::Generated)),
        (("a.json", manifest.as_slice()), Content::Manifest(Vendor::Microchip)),
        (("a.csv", list.as_bytes()), Content::Manifest(Vendor::Espressif)),
        (("a.pem", key.as_slice()), Content::PrivateKey),
        (("a.pdf", b"%PDF-1.7"), Content::Foreign("a PDF document")),
        (("LICENSE", b"x"), Content::Empty),
    ] {
        let archive = zipped(&[junk, ("d/", b""), member, ("z.pem", a.as_bytes())][..3]);
        assert_eq!(
            recognize_zip(Cursor::new(archive), Limits::default()),
            expected,
            "{}",
            member.0
        );
    }
    let cut = Cursor::new(b"PK\x03\x04".to_vec());
    assert_eq!(recognize_zip(cut, Limits::default()), Content::Zip);
}
