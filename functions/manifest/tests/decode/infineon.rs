//! Infineon's 7z bundles, and what else the bucket takes.

use std::num::NonZeroUsize;

use manifest::{
    Authorities, Bundle, Certificate, Content, Context, Limits, Signers, Vendor, recognize,
};

use crate::archives::{encrypted, filtered, seven, zipped};
use crate::support::{Authority, NOW, Reading, parameters, pem, private_key, read_in};

/// Decodes with these authorities known.
pub(crate) struct Bench {
    pub issuers: Authorities,
    pub bundle: Bundle,
    pub limits: Limits,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let (issuers, bundle, limits) = (Authorities::new(), Bundle::E0E0, Limits::default());
        Self { issuers, bundle, limits }
    }

    pub(crate) fn knowing(authority: &Authority) -> Self {
        let mut bench = Self::new();
        bench.issuers.add(Certificate::parse(authority.der.clone()).unwrap());
        bench
    }

    pub(crate) fn read(&self, file: &[u8]) -> Reading {
        self.read_as(Vendor::Infineon, file)
    }

    pub(crate) fn read_as(&self, vendor: Vendor, file: &[u8]) -> Reading {
        let signers = Signers::new([], false);
        let (issuers, bundle, limits) = (&self.issuers, self.bundle, self.limits);
        let threads = NonZeroUsize::MIN;
        let context = Context { signers: &signers, issuers, bundle, now: NOW, limits, threads };
        read_in(vendor, file, context)
    }

    #[track_caller]
    fn check(&self, file: &[u8], expected: &[&str]) {
        assert_eq!(short(&self.read(file)), expected);
    }
}

/// Places and identifiers of what was taken, places and codes of what was not.
pub(crate) fn short(reading: &Reading) -> Vec<String> {
    let entries = reading.entries.iter().map(|entry| match entry {
        Ok(entry) => format!("{} {}", entry.place, entry.id),
        Err(error) => format!("{} {}", error.place, error.reason.code()),
    });
    entries.chain(reading.end.iter().map(|end| format!("! {}", end.code()))).collect()
}

fn chip(number: u32) -> String {
    format!("0A0933101842{number:08X}")
}

/// A chip's certificate as Infineon's archives have it, in PEM with CRLF.
fn chip_pem(authority: &Authority, common_name: &str) -> Vec<u8> {
    pem(&authority.leaf(common_name)).replace('\n', "\r\n").into_bytes()
}

/// The certificates of so many chips.
fn reel(
    authority: &Authority,
    bundle: &str,
    chips: std::ops::Range<u32>,
) -> Vec<(String, Vec<u8>)> {
    chips
        .map(|number| {
            let certificate = chip_pem(authority, &format!("{bundle}-{number}"));
            (format!("{}_{bundle}.pem", chip(number)), certificate)
        })
        .collect()
}

fn borrowed(members: &[(String, Vec<u8>)]) -> Vec<(&str, &[u8])> {
    members.iter().map(|(name, content)| (name.as_str(), content.as_slice())).collect()
}

fn inner(authority: &Authority, bundle: &str, chips: std::ops::Range<u32>) -> Vec<u8> {
    filtered(&borrowed(&reel(authority, bundle, chips)))
}

/// A bundle of two chips as Infineon makes it.
fn delivery(authority: &Authority) -> Vec<u8> {
    let [a, b, c] = ["E0E0", "E0E1", "E0E2"].map(|bundle| inner(authority, bundle, 1..3));
    let keys = encrypted(&[("secret.bin", b"secret")], true);
    filtered(&[
        ("R1_6f1c-77_E0E0_Certs.7z", &a),
        ("R1_6f1c-77_E0E1_Certs.7z", &b),
        ("R1_6f1c-77_E0E2_Certs.7z", &c),
        ("R1_6f1c-77_keys.7z", &keys),
        ("README.txt", b"Read me\r\n"),
    ])
}

#[test]
fn the_wanted_certificates_of_a_bundle_are_read() {
    let authority = Authority::new("Test CA");
    let file = delivery(&authority);
    let mut bench = Bench::knowing(&authority);
    for bundle in Bundle::ALL {
        bench.bundle = bundle;
        let reading = bench.read(&file);
        let expected =
            [1, 2].map(|number| format!("`{}_{bundle}.pem` {}", chip(number), chip(number)));
        assert_eq!(short(&reading), expected);
        for (number, entry) in (1..).zip(reading.good()) {
            assert_eq!(entry.fields["chip_id"], chip(number));
            assert_eq!(entry.fields["cn"], format!("{bundle}-{number}"));
            assert_eq!(entry.warnings, []);
        }
        let codes: Vec<_> = reading.notes.iter().map(|note| note.code).collect();
        assert_eq!(codes, ["Infineon.OtherBundles"]);
        for other in Bundle::ALL {
            assert_eq!(reading.notes[0].text.contains(other.name()), other != bundle);
        }
    }
}

#[test]
fn folders_cases_and_several_reels_do_not_matter() {
    let authority = Authority::new("Test CA");
    let [one, two] = [1..2, 5..7].map(|chips| inner(&authority, "E0E0", chips));
    let file = seven(&[("a/R1_x_e0e0_CERTS.7z", &one), ("b/R2_x_E0E0_certs.7Z", &two)]);
    let reading = Bench::knowing(&authority).read(&file);
    let expected = [1, 5, 6].map(|number| format!("`{}_E0E0.pem` {}", chip(number), chip(number)));
    assert_eq!(short(&reading), expected);
    assert_eq!(reading.notes, []);
}

#[test]
fn what_else_is_in_a_bundle_is_named() {
    let authority = Authority::new("Test CA");
    let certificates = inner(&authority, "E0E0", 1..2);
    let file = seven(&[("R_x_E0E0_Certs.7z", &certificates), ("notes.pdf", b"%PDF"), ("a/", b"")]);
    let notes = Bench::knowing(&authority).read(&file).notes;
    assert_eq!(notes.len(), 1);
    assert_eq!(notes[0].code, "Infineon.OtherMembers");
    assert!(notes[0].text.contains("`notes.pdf`"), "{}", notes[0].text);
}

#[test]
fn a_bundle_without_the_wanted_certificates_says_which_are_there() {
    let authority = Authority::new("Test CA");
    let [one, two] = ["E0E1", "E0E2"].map(|bundle| inner(&authority, bundle, 1..2));
    let file = seven(&[("R_x_E0E2_Certs.7z", &two), ("R_x_E0E1_Certs.7z", &one)]);
    let bench = Bench::new();
    bench.check(&file, &["! Manifest.MissingBundle"]);
    let text = bench.read(&file).end.unwrap().to_string();
    assert!(text.contains("no certificates of E0E0, but of E0E1, E0E2"), "{text}");
    assert!(text.contains("`bundle` under [vendor.infineon] or in a profile"), "{text}");
    // The same in one of them by itself, in a zip archive, and with keys alone.
    let members = reel(&authority, "E0E1", 1..2);
    for file in [seven(&borrowed(&members)), zipped(&borrowed(&members))] {
        bench.check(&file, &["! Manifest.MissingBundle"]);
        let text = bench.read(&file).end.unwrap().to_string();
        assert!(text.contains("but of E0E1"), "{text}");
    }
    let text = bench.read(&seven(&[("R_x_keys.7z", b"x")])).end.unwrap().to_string();
    assert!(text.contains("holds no certificates of E0E0, nor of any other bundle"), "{text}");
}

#[test]
fn a_matter_bundle_is_told_apart() {
    let file = seven(&[("R_x_keyOID=E0F0_DACs.7z", b"x"), ("R_x_PAI.7z", b"x")]);
    let reading = Bench::new().read(&file);
    assert_eq!(short(&reading), ["! Manifest.MissingBundle"]);
    let text = reading.end.unwrap().to_string();
    assert!(text.contains("Matter") && text.contains("(PAI) is no device's"), "{text}");
}

#[test]
fn an_archive_of_certificates_is_taken_by_itself() {
    let authority = Authority::new("Test CA");
    let [mut members, others] = ["E0E0", "E0E1"].map(|bundle| reel(&authority, bundle, 1..3));
    members.extend(others);
    members.push(("device-7.pem".to_owned(), chip_pem(&authority, "seven")));
    members.push((format!("{}.der", chip(9).to_lowercase()), authority.leaf("nine")));
    let reading = Bench::knowing(&authority).read(&seven(&borrowed(&members)));
    assert_eq!(
        short(&reading),
        [
            format!("`{0}_E0E0.pem` {0}", chip(1)),
            format!("`{0}_E0E0.pem` {0}", chip(2)),
            "`device-7.pem` seven".to_owned(),
            format!("`{}.der` {}", chip(9).to_lowercase(), chip(9)),
        ]
    );
    assert_eq!(reading.good()[2].fields.get("chip_id"), None);
    assert_eq!(reading.notes[0].code, "Infineon.OtherBundles");
}

#[test]
fn certificates_are_checked_against_their_authority() {
    let authority = Authority::of(
        "Test CA",
        rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap(),
    );
    let impostor = Authority::new("Test CA");
    let file = seven(&[
        ("a.pem", &chip_pem(&authority, "a")),
        ("b.pem", &chip_pem(&impostor, "b")),
        ("c.pem", &chip_pem(&Authority::new("Other CA"), "c")),
    ]);
    let mut bench = Bench::knowing(&authority);
    let reading = bench.read(&file);
    assert_eq!(
        short(&reading),
        ["`a.pem` a", "`b.pem` Certificate.NotSignedByIssuer", "`c.pem` c"]
    );
    let warnings: Vec<_> = reading.good().iter().map(|entry| entry.warnings.clone()).collect();
    assert_eq!(warnings[0], []);
    assert_eq!(warnings[1][0].code, "Certificate.IssuerNotUploaded");
    assert!(warnings[1][0].text.contains("upload Infineon's CA certificate to the same bucket"));
    // Two authorities of one name: either will do.
    bench.issuers.add(Certificate::parse(impostor.der).unwrap());
    bench.check(&file, &["`a.pem` a", "`b.pem` b", "`c.pem` c"]);
    let reading = Bench::new().read(&file);
    assert_eq!(reading.codes(), ["ok"; 3]);
    assert!(reading.good().iter().all(|entry| entry.warnings.len() == 1));
}

#[test]
fn only_an_authority_can_vouch() {
    let authority = Authority::new("Test CA");
    let key = rcgen::KeyPair::generate().unwrap();
    let middle = parameters("middle");
    let der = authority.issue(&middle, &key);
    let leaf = parameters("leaf").signed_by(&key, &rcgen::Issuer::new(middle, &key)).unwrap();
    let mut bench = Bench::new();
    bench.issuers.add(Certificate::parse(der).unwrap());
    let reading = bench.read(&seven(&[("leaf.der", leaf.der())]));
    assert_eq!(reading.good()[0].warnings[0].code, "Certificate.IssuerNotUploaded");
}

#[test]
fn one_bad_member_costs_itself_alone() {
    let authority = Authority::new("Test CA");
    let good = chip_pem(&authority, "good");
    let damaged = String::from_utf8(good.clone()).unwrap().replacen("MII", "MI!", 1);
    let large = [good.as_slice(), &b" \n".repeat(200_000)].concat();
    let nested = seven(&[("a.pem", &good)]);
    let two = [chip_pem(&authority, "x"), chip_pem(&authority, "y")].concat();
    let issuer = pem(&authority.der);
    let chain = [good.as_slice(), issuer.as_bytes()].concat();
    let bad: [(&str, &[u8]); 16] = [
        ("first.pem", &good),
        ("damaged.pem", damaged.as_bytes()),
        ("cut.pem", &good[..good.len() / 2]),
        ("cut.der", &authority.der[..100]),
        ("text.pem", b"nothing that anybody knows"),
        ("page.pem", b"<!DOCTYPE html><p>Sign in</p>"),
        ("nested.7z", &nested),
        ("nested.zip", &zipped(&[("a.pem", &good)])),
        ("../up.pem", &good),
        ("/root.pem", &good),
        (r"back\slash.pem", &good),
        ("C:/drive.pem", &good),
        ("large.pem", &large),
        ("authority.pem", issuer.as_bytes()),
        ("two.pem", &two),
        ("chain.pem", &chain),
    ];
    let with_rest = [&bad[..], &[("empty.pem", b"")]].concat();
    let reading = Bench::knowing(&authority).read(&seven(&with_rest));
    assert_eq!(
        short(&reading),
        [
            "`first.pem` good",
            "`damaged.pem` Manifest.Malformed",
            "`cut.pem` Manifest.Malformed",
            "`cut.der` Certificate.Malformed",
            "`text.pem` Archive.MemberWrongFormat",
            "`page.pem` Archive.MemberWrongFormat",
            "`nested.7z` Archive.MemberWrongFormat",
            "`nested.zip` Archive.MemberWrongFormat",
            "`up.pem` Archive.MemberName",
            "`root.pem` Archive.MemberName",
            r"`back\slash.pem` Archive.MemberName",
            "`drive.pem` Archive.MemberName",
            "`large.pem` Manifest.EntryTooLarge",
            "`authority.pem` Certificate.IsAuthority",
            "`two.pem` Archive.MemberWrongFormat",
            "`chain.pem` good",
            "`empty.pem` Archive.MemberWrongFormat",
        ]
    );
    for (at, what) in
        [(5, "a web page (HTML)"), (6, "a 7z archive"), (7, "a zip archive"), (16, "empty")]
    {
        let text = reading.sentence(at);
        assert!(text.contains(&format!("this member of the archive is {what}")), "{text}");
    }
}

#[test]
fn what_people_and_systems_put_beside_is_passed_over() {
    let authority = Authority::new("Test CA");
    let good = chip_pem(&authority, "good");
    let members: [(&str, &[u8]); 6] = [
        ("README.txt", b"Read me"),
        ("Licence.md", b"text"),
        ("reel/.DS_Store", b"\0\0\0\x01Bud1"),
        ("__MACOSX/._good.pem", b"\0\x05\x16\x07"),
        ("reel/Thumbs.db", b"\xd0\xcf\x11\xe0"),
        ("reel/good.pem", &good),
    ];
    for file in [seven(&members), zipped(&members)] {
        Bench::knowing(&authority).check(&file, &["`good.pem` good"]);
    }
}

#[test]
fn a_private_key_in_any_member_refuses_the_file() {
    let authority = Authority::new("Test CA");
    let good = chip_pem(&authority, "good");
    let key = private_key();
    let text = key.private_key_to_pem_pkcs8().unwrap();
    let der = key.private_key_to_pkcs8().unwrap();
    let both = [good.as_slice(), &text].concat();
    for (name, content) in [
        ("key.pem", text.as_slice()),
        ("key.der", der.as_slice()),
        ("both.pem", both.as_slice()),
        ("README.txt", text.as_slice()),
        ("0A093310184200000001_E0E1.pem", both.as_slice()),
    ] {
        let members = [("good.pem", good.as_slice()), (name, content), ("z.pem", &good)];
        for file in [seven(&members), zipped(&members)] {
            let reading = Bench::knowing(&authority).read(&file);
            assert_eq!(reading.codes(), ["ok", "! Manifest.PrivateKey"], "{name}");
            let text = reading.end.unwrap().to_string();
            assert!(text.contains(&format!("`{name}`")), "{text}");
        }
    }
}

#[test]
fn a_single_certificate_is_a_manifest_of_one() {
    let authority = Authority::new("Test CA");
    let bench = Bench::knowing(&authority);
    let der = authority.leaf("one");
    bench.check(&der, &["the file one"]);
    bench.check(pem(&der).as_bytes(), &["the file one"]);
    bench.check(&der[..der.len() - 9], &["! Manifest.Truncated"]);
    bench.check(&pem(&der).as_bytes()[..300], &["! Manifest.Truncated"]);
    let two = pem(&der) + &pem(&authority.leaf("two"));
    bench.check(two.as_bytes(), &["! Manifest.WrongFormat"]);
    bench.check(b"", &["! Manifest.Empty"]);
    bench.check(b"hello", &["! Manifest.WrongFormat"]);
    bench.check(&private_key().private_key_to_pem_pkcs8().unwrap(), &["! Manifest.PrivateKey"]);
    let Content::Certificate(certificate) = recognize(&authority.der, true) else { panic!() };
    assert!(certificate.is_authority());
}

#[test]
fn an_encrypted_archive_says_so() {
    let authority = Authority::new("Test CA");
    let good = chip_pem(&authority, "good");
    let bench = Bench::knowing(&authority);
    for header in [false, true] {
        let archive = encrypted(&[("good.pem", &good)], header);
        bench.check(&archive, &["! Archive.Encrypted"]);
        let bundle = seven(&[("R_x_E0E0_Certs.7z", &archive)]);
        bench.check(&bundle, &["! Archive.Encrypted"]);
        let text = bench.read(&bundle).end.unwrap().to_string();
        assert!(text.contains("(`R_x_E0E0_Certs.7z`): it is encrypted"), "{text}");
    }
}

#[test]
fn every_limit_of_archives_has_an_error_of_its_own() {
    let authority = Authority::new("Test CA");
    let file = delivery(&authority);
    let length = |bytes: &[u8]| u64::try_from(bytes.len()).unwrap();
    let codes = |limits| {
        let bench = Bench { limits, ..Bench::knowing(&authority) };
        bench.read(&file).codes()
    };
    let all = Limits::default();
    assert_eq!(codes(Limits { archive_bytes: length(&file), ..all }), ["ok"; 2]);
    assert_eq!(codes(Limits { archive_bytes: length(&file) - 1, ..all }), ["! Archive.TooLarge"]);
    // What is in front of the wanted archive counts as well, and every certificate.
    assert_eq!(codes(Limits { inflated_bytes: 100, ..all }), ["! Archive.InflatedTooLarge"]);
    let inner = length(&inner(&authority, "E0E0", 1..3));
    let enough = inner + 2 * length(&chip_pem(&authority, "E0E0-1"));
    let tight = codes(Limits { inflated_bytes: enough - 100, ..all });
    assert_eq!(tight, ["ok", "! Archive.InflatedTooLarge"]);
    assert_eq!(codes(Limits { inflated_bytes: enough + 100, ..all }), ["ok"; 2]);
    assert_eq!(codes(Limits { members: 5, ..all }), ["ok"; 2]);
    assert_eq!(codes(Limits { members: 4, ..all }), ["! Archive.TooManyMembers"]);
    assert_eq!(codes(Limits { entries: 1, ..all }), ["ok", "! Manifest.TooManyEntries"]);
    // An archive within that is larger than the whole may be, though it is packed well.
    let zeros = vec![b' '; 100_000];
    let file = seven(&[("R_x_E0E0_Certs.7z", &zeros)]);
    let limits = Limits { archive_bytes: 50_000, ..all };
    Bench { limits, ..Bench::new() }.check(&file, &["! Archive.TooLarge"]);
}

#[test]
fn an_archive_that_was_cut_short_is_never_taken() {
    let authority = Authority::new("Test CA");
    let file = delivery(&authority);
    for tenth in 1..10 {
        let cut = &file[..file.len() * tenth / 10];
        Bench::new().check(cut, &["! Manifest.Truncated"]);
    }
    Bench::new().check(&file[..file.len() - 1], &["! Manifest.Truncated"]);
    Bench::new().check(&file[..6], &["! Manifest.Truncated"]);
    // An archive within the archive, too.
    let certificates = inner(&authority, "E0E0", 1..3);
    let cut = &certificates[..certificates.len() / 2];
    let bench = Bench::new();
    let file = seven(&[("R_x_E0E0_Certs.7z", cut)]);
    bench.check(&file, &["! Manifest.Truncated"]);
    let text = bench.read(&file).end.unwrap().to_string();
    assert!(text.contains("at `R_x_E0E0_Certs.7z`"), "{text}");
}

#[test]
fn an_archive_without_members_is_empty() {
    let bench = Bench::new();
    bench.check(&seven(&[("a/", b"")]), &["! Manifest.Empty"]);
    bench.check(&seven(&[("README", b"x")]), &["! Manifest.Empty"]);
    bench.check(&crate::archives::with_header(b"", b""), &["! Manifest.Empty"]);
}
