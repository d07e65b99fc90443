//! Infineon's XML.

use manifest::{Limits, ManifestError, Place};

use crate::infineon::{Bench, short};
use crate::support::{Authority, Reading, hex, private_key};

fn read(text: impl AsRef<[u8]>) -> Reading {
    Bench::new().read(text.as_ref())
}

#[track_caller]
fn check(text: impl AsRef<[u8]>, expected: &[&str]) {
    assert_eq!(short(&read(text)), expected);
}

/// Certificates in hex, wrapped and indented.
fn wrapped(der: &[u8]) -> String {
    let digits = hex(der);
    let lines: Vec<&str> =
        digits.as_bytes().chunks(32).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("\r\n    {}\r\n  ", lines.join("\r\n    "))
}

fn group(mac: &str, certificates: &[&str]) -> String {
    let certificates: Vec<String> = certificates
        .iter()
        .map(|certificate| format!("  <binaryhex name=\"Certificate\">{certificate}</binaryhex>\n"))
        .collect();
    format!(
        "<group>\n  <hex name=\"TpmMAC\" value=\"{mac}\"/>\n{}</group>\n",
        certificates.concat()
    )
}

fn document(groups: &[String]) -> String {
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<tpms>\n{}</tpms>\n", groups.concat())
}

fn leaves<const N: usize>() -> [Vec<u8>; N] {
    let authority = Authority::new("Test CA");
    std::array::from_fn(|at| authority.leaf(&format!("d{at}")))
}

#[test]
fn each_certificate_of_a_group_is_an_entry_under_its_mac() {
    let [a, b, c] = leaves();
    let text = document(&[
        group("00:11:22-33 aa:BB", &[&wrapped(&a), &hex(&b).to_lowercase()]),
        group("001122334455", &[&hex(&c)]),
    ]);
    let reading = read(&text);
    assert_eq!(
        short(&reading),
        ["group 1 00112233aaBB", "group 1 00112233aaBB", "group 2 001122334455"]
    );
    let entry = reading.good()[1];
    assert_eq!((entry.fields["mac"].as_str(), entry.fields["cn"].as_str()), ("00112233aaBB", "d1"));
    assert_eq!(entry.warnings[0].code, "Certificate.IssuerNotUploaded");
    check(
        format!("\u{feff}{text}"),
        &short(&reading).iter().map(String::as_str).collect::<Vec<_>>(),
    );
}

#[test]
fn certificates_are_checked_against_their_authority() {
    let authority = Authority::new("Test CA");
    let [good, bad] = [&authority, &Authority::new("Test CA")].map(|issuer| hex(&issuer.leaf("d")));
    let text = document(&[group("001122334455", &[&good, &bad])]);
    let reading = Bench::knowing(&authority).read(text.as_bytes());
    assert_eq!(reading.codes(), ["ok", "Certificate.NotSignedByIssuer"]);
    assert_eq!(reading.good()[0].warnings, []);
}

#[test]
fn prefixes_cases_and_orders_do_not_matter() {
    let [a] = leaves();
    let a = hex(&a);
    for text in [
        format!(
            "<r><Group><BINARYHEX>{a}</BINARYHEX><Hex VALUE='001122334455' Name=' tpmmac '></Hex></Group></r>"
        ),
        format!(
            "<x:r xmlns:x='u'><x:group><x:hex x:value='001122334455' x:name='TpmMAC'/><x:binaryhex>{a}</x:binaryhex></x:group></x:r>"
        ),
        format!(
            "<r><!-- tpm --><a><group id='1'><b><hex name='TpmMAC' value='00112233&#x34;455'/></b><hex name='Other' value='1'/><c><binaryhex><![CDATA[{}]]>&#{};{}</binaryhex></c></group></a></r>",
            &a[..7],
            u32::from(a.as_bytes()[7]),
            &a[8..]
        ),
    ] {
        check(&text, &["group 1 001122334455"]);
    }
}

#[test]
fn what_is_wrong_with_a_group_costs_that_group() {
    let [a, b] = leaves().map(|leaf: Vec<u8>| hex(&leaf));
    let nameless = format!("<group><binaryhex>{a}</binaryhex></group>");
    let two = format!(
        "<group><hex name='TpmMAC' value='001122334455'/><hex name='TpmMAC' value='001122334456'/><binaryhex>{a}</binaryhex></group>"
    );
    let twice = two.replace("56", "55");
    let broken = two.replace("name='TpmMAC' value='001122334456'", "name='x' name='y'");
    let valueless = format!("<group><hex name='TpmMAC'/><binaryhex>{a}</binaryhex></group>");
    let text = document(&[
        group("001122334455", &[&a]),
        group("0011223344", &[&a, &b]),
        group("001122334456", &[]),
        nameless,
        two,
        twice,
        broken,
        valueless,
        group("001122334457", &["30820G", &a[..a.len() - 1], &a[..a.len() - 2], "", &b]),
        "<group/>".to_owned(),
    ]);
    let reading = read(&text);
    assert_eq!(
        short(&reading),
        [
            "group 1 001122334455",
            "group 2 Manifest.Mac",
            "group 3 Manifest.NoCertificate",
            "group 4 d0",
            "group 5 Manifest.Malformed",
            "group 6 001122334455",
            "group 7 Manifest.Malformed",
            "group 8 Manifest.Malformed",
            "group 9 Manifest.Malformed",
            "group 9 Manifest.Malformed",
            "group 9 Certificate.Malformed",
            "group 9 Certificate.Malformed",
            "group 9 001122334457",
            "group 10 Manifest.NoCertificate",
        ]
    );
    assert_eq!(reading.entries[2].as_ref().unwrap_err().id, "001122334456");
    assert_eq!(reading.good()[1].fields.get("mac"), None);
}

#[test]
fn a_document_type_definition_is_refused() {
    let [a] = leaves();
    let text = document(&[group("001122334455", &[&hex(&a)])]);
    let bomb = "<!DOCTYPE r [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]>\n<tpms>";
    check(text.replace("<tpms>", bomb), &["! Xml.Doctype"]);
    check(text.replace("<tpms>", "<!DOCTYPE r SYSTEM 'http://x/y.dtd'><tpms>"), &["! Xml.Doctype"]);
    let late = format!("{text}<!DOCTYPE r>");
    check(late, &["group 1 001122334455", "! Xml.Doctype"]);
    // Without one, no entity is defined.
    check(text.replace("<tpms>", "<tpms>&bomb;"), &["! Manifest.Malformed"]);
    check(text.replace("value=\"0", "value=\"&bomb;0"), &["group 1 Manifest.Malformed"]);
}

#[test]
fn nesting_and_size_are_limited() {
    let [a] = leaves();
    let a = hex(&a);
    let text = |depth: usize| {
        let (open, close) = ("<a>".repeat(depth - 3), "</a>".repeat(depth - 3));
        document(&[format!("<group>{open}<binaryhex>{a}</binaryhex>{close}</group>")])
    };
    check(text(16), &["group 1 d0"]);
    check(text(17), &["! Manifest.TooDeep"]);
    let limits = Limits { entry_bytes: a.len() + 1, ..Limits::default() };
    let bench = Bench { limits, ..Bench::new() };
    let codes = |text: &str| bench.read(text.as_bytes()).codes();
    let one = group("001122334455", &[&a]);
    let two = group("001122334455", &[&a[..a.len() / 2], &a[..a.len() / 2 + 2]]);
    assert_eq!(codes(&document(&[one.clone(), two, one])), ["ok", "Manifest.EntryTooLarge", "ok"]);
    let long = document(&[group("001122334455", &[&format!("{a}00")])]);
    assert_eq!(codes(&long), ["! Manifest.Malformed"]);
    let long = document(&[format!("<group x='{a}'/>")]);
    assert_eq!(
        codes(&long.replace("<tpms>", "<tpms><hex name='TpmMAC'/>")),
        ["! Manifest.Malformed"]
    );
    let limits = Limits { bytes: 200, ..Limits::default() };
    assert_eq!(
        Bench { limits, ..Bench::new() }.read(long.as_bytes()).codes(),
        ["! Manifest.TooLarge"]
    );
}

#[test]
fn a_file_that_was_cut_short_says_how_much_was_read() {
    let leaves: [Vec<u8>; 5] = leaves();
    let groups: Vec<String> =
        leaves.iter().map(|leaf| group("001122334455", &[&wrapped(leaf)])).collect();
    let text = document(&groups);
    for tenth in 1..10 {
        let reading = read(&text[..text.len() * tenth / 10]);
        let Some(ManifestError::Truncated { entries_read, .. }) = reading.end else {
            panic!("{tenth}: {:?}", short(&reading));
        };
        assert_eq!(entries_read, u64::try_from(reading.good().len()).unwrap());
    }
    assert_eq!(
        read(&text[..text.len() - 3]).codes(),
        ["ok", "ok", "ok", "ok", "ok", "! Manifest.Truncated"]
    );
}

#[test]
fn broken_xml_is_no_manifest() {
    let [a] = leaves();
    let text = document(&[group("001122334455", &[&hex(&a)])]);
    check(text.replace("</group>", "</groups>"), &["! Manifest.Malformed"]);
    check(
        text.replace("</tpms>", "</tpms><tpms/>"),
        &["group 1 001122334455", "! Manifest.Malformed"],
    );
    check(text.replace("<group>", "<group>&"), &["! Manifest.Malformed"]);
    let latin = [&b"<r><binaryhex/>\xe4"[..], b"<a></a></r>"].concat();
    check(latin, &["! Manifest.Malformed"]);
    check("<tpms><hex name=\"TpmMAC\"/></tpms>", &["! Manifest.Empty"]);
    check("<other/>", &["! Manifest.WrongFormat"]);
}

#[test]
fn a_private_key_refuses_the_file_and_says_where() {
    let [a] = leaves();
    let key = private_key();
    let text = String::from_utf8(key.private_key_to_pem_pkcs8().unwrap()).unwrap();
    let first = group("001122334455", &[&hex(&a)]);
    for second in [
        group("001122334456", &[&hex(&key.private_key_to_pkcs8().unwrap())]),
        group("001122334456", &[&text]),
        format!("<group><!-- {text} --></group>"),
    ] {
        let reading = read(document(&[first.clone(), second]));
        let place = Place::Group(2);
        assert_eq!(reading.end, Some(ManifestError::PrivateKey { entries_read: 1, place }));
    }
}
