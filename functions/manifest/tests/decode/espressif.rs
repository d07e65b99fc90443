//! Espressif's lists.

use manifest::{Limits, ManifestError, Place, Vendor};

use crate::infineon::{Bench, short};
use crate::support::{Authority, Reading, pem, private_key, standard};

pub(crate) fn read(text: impl AsRef<[u8]>) -> Reading {
    Bench::new().read_as(Vendor::Espressif, text.as_ref())
}

#[track_caller]
fn check(text: impl AsRef<[u8]>, expected: &[&str]) {
    assert_eq!(short(&read(text)), expected);
}

/// Devices' certificates in PEM, named by their numbers.
fn certificates<const N: usize>() -> [String; N] {
    let authority = Authority::new("Test CA");
    std::array::from_fn(|at| pem(&authority.leaf(&format!("d{at}"))))
}

/// A list as Espressif makes it: CRLF between rows, LF within cells, no end of the last line.
fn list(certificates: &[String]) -> String {
    let rows = certificates
        .iter()
        .enumerate()
        .map(|(at, certificate)| format!("aabbCC00000{at},d{at},\"{certificate}\""));
    [vec!["MAC,cn,cert".to_owned()], rows.collect()].concat().join("\r\n")
}

#[test]
fn a_list_gives_its_devices() {
    let [a, b] = certificates();
    let reading = read(list(&[a.clone(), b]));
    let second = format!("line {} aabbCC000001", 2 + a.lines().count() + 1);
    assert_eq!(short(&reading), ["line 2 aabbCC000000", second.as_str()]);
    let entry = reading.good()[0];
    let fields: Vec<_> =
        entry.fields.iter().map(|(name, value)| (name.as_ref(), value.as_str())).collect();
    assert_eq!(
        fields,
        [
            ("cn", "d0"),
            ("fingerprint", entry.certificate.id().to_string().as_str()),
            ("mac", "aabbCC000000"),
            ("serial", entry.certificate.serial()),
        ]
    );
    assert_eq!(entry.warnings, []);
}

#[test]
fn line_ends_marks_blank_lines_and_semicolons_do_not_matter() {
    let [a, b] = certificates();
    let crlf = list(&[a.clone(), b.clone()]);
    let expected = ["ok"; 2];
    for text in [
        crlf.replace("\r\n", "\n"),
        crlf.replace("\r\n", "\n").replace('\n', "\r\n"),
        format!("\u{feff}{crlf}"),
        format!("{crlf}\r\n"),
        format!("{crlf}\r\n\r\n  \r\n"),
        crlf.replacen("\r\n", "\r\n\r\n", 1),
        format!("\n\n{crlf}"),
        crlf.replace(",d", ";d").replace(",\"", ";\"").replace("MAC,cn,cert", "MAC;cn;cert"),
    ] {
        assert_eq!(read(&text).codes(), expected, "{}", &text[..30]);
    }
}

#[test]
fn columns_are_found_by_name() {
    let [a] = certificates();
    for text in [
        format!("CERT,Mac,CN\n\"{a}\",aabbcc000000,d0\n"),
        format!("cert, mac \n\"{a}\",aabbcc000000\n"),
        format!("\"Mac\",\" Cert \"\n\"aabbcc000000\",\"{a}\"\n"),
        format!("cn,mac,cert\n,aabbcc000000,\"{a}\"\n"),
    ] {
        check(&text, &["line 2 aabbcc000000"]);
    }
    for (text, code, column) in [
        ("cn,mac\nd0,aabbcc000000\n", "! Manifest.MissingColumn", "`cert`"),
        ("cn,cert\nd0,x\n", "! Manifest.MissingColumn", "`mac`"),
        ("mac,cert,MAC\nx,y,z\n", "! Manifest.DuplicateColumn", "`mac`"),
        ("mac,cert,cn,Cn\nx,y,z,z\n", "! Manifest.DuplicateColumn", "`cn`"),
    ] {
        let reading = read(text);
        assert_eq!(short(&reading), [code], "{text}");
        let text = reading.end.unwrap().to_string();
        assert!(text.starts_with("line 1: ") && text.contains(column), "{text}");
    }
    check("name,value\na,b\n", &["! Manifest.WrongFormat"]);
}

#[test]
fn further_columns_become_fields_and_replace_none() {
    let [a] = certificates();
    let text = format!(
        "mac,Batch No,cert,serial,,fingerprint\naabbcc000000, b 7 ,\"{a}\",forged,nameless,forged\n"
    );
    let reading = read(&text);
    let entry = reading.good()[0];
    assert_eq!(entry.fields["batch no"], "b 7");
    assert_eq!(entry.fields["serial"], entry.certificate.serial());
    assert_eq!(entry.fields["fingerprint"], entry.certificate.id().to_string());
    assert_eq!(entry.fields.len(), 5);
    // Quotation marks that are meant, and a line end behind them, do not end the row.
    let text = format!("mac,note,cert\naabbcc000000,\"a \"\"b\"\"\nc\",\"{a}\"\n");
    assert_eq!(read(text).good()[0].fields["note"], "a \"b\"\nc");
    let row = |value: &str| format!("mac,note,cert\naabbcc000000,{value},\"{a}\"\n");
    check(row(&"ü".repeat(800)), &["line 2 aabbcc000000"]);
    check(row(&"ü".repeat(801)), &["line 2 Manifest.CellTooLong"]);
    let wide = |columns: usize| {
        let (names, cells) = ("x,".repeat(columns - 2), "1,".repeat(columns - 2));
        format!("{names}mac,cert\n{cells}aabbcc000000,\"{a}\"\n")
    };
    check(wide(50), &["line 2 aabbcc000000"]);
    check(wide(51), &["! Manifest.Malformed"]);
}

#[test]
fn one_bad_row_costs_that_row() {
    let [a, b] = certificates();
    let lines = a.lines().count();
    let key = standard(&a);
    let text = [
        "mac,cn,cert".to_owned(),
        format!("aabbcc000000,d0,\"{a}\""),
        "aabbcc000001,d1".to_owned(),
        "aabbcc000002,d2,".to_owned(),
        format!(",d0,{key}"),
        format!("aabbcc00000g,d0,{key}"),
        "aabbcc000005,d5,not base64!".to_owned(),
        format!("aabbcc000006,d0,{key},more"),
        format!("aabbcc000007,d1,{key}"),
        format!("AA:BB-CC 00.00,d0,{key}"),
        format!("AA:BB-CC 0000:09,d0,{key}"),
        // The same device again is no matter of the file's form.
        format!("aabbcc000000,d0,\"{b}\"").replace(",d0,", ",d1,"),
        format!("aabbcc000000,d0,{}", standard(a.as_bytes())),
    ]
    .join("\n");
    let places: Vec<String> = std::iter::once(2)
        .chain((0..11).map(|row| 3 + lines + row))
        .map(|line| format!("line {line}"))
        .collect();
    let expected = [
        "aabbcc000000",
        "Manifest.MissingCell",
        "Manifest.MissingCell",
        "Manifest.MissingCell",
        "Manifest.Mac",
        "Manifest.Malformed",
        "Manifest.Malformed",
        "Certificate.OtherDevice",
        "Manifest.Mac",
        "AABBCC000009",
        "aabbcc000000",
    ];
    let reading = read(&text);
    let found = short(&reading);
    for ((found, place), expected) in found.iter().zip(&places).zip(expected) {
        assert_eq!(*found, format!("{place} {expected}"));
    }
    assert_eq!(found.len(), 12);
    let found: Vec<String> = reading
        .entries
        .iter()
        .skip(1)
        .take(8)
        .map(|entry| entry.as_ref().unwrap_err().id.clone())
        .collect();
    assert_eq!(
        found,
        [
            "aabbcc000001",
            "aabbcc000002",
            "",
            "aabbcc00000g",
            "aabbcc000005",
            "aabbcc000006",
            "aabbcc000007",
            "AA:BB-CC 00.00"
        ]
    );
    for (at, text) in [(1, "`cert`"), (2, "`cert`"), (3, "`mac`"), (4, "`aabbcc00000g` is no MAC")]
    {
        assert!(reading.sentence(at).contains(text), "{}", reading.sentence(at));
    }
    assert!(reading.sentence(7).contains("is that of device d0, and the entry is that of d1"));
}

#[test]
fn certificates_are_taken_in_all_their_forms() {
    let authority = Authority::new("Test CA");
    let impostor = Authority::new("Test CA");
    let der = authority.leaf("a");
    let wrapped = standard(&der).as_bytes().chunks(64).collect::<Vec<_>>().join(&b'\n');
    let [good, bad] = [&authority, &impostor].map(|issuer| pem(&der) + &pem(&issuer.der));
    for (cell, expected) in [
        (standard(&der), "line 2 aabbcc000000"),
        (standard(pem(&der)), "line 2 aabbcc000000"),
        (String::from_utf8(wrapped).unwrap(), "line 2 aabbcc000000"),
        (pem(&der).replace('\n', "\r\n"), "line 2 aabbcc000000"),
        (good, "line 2 aabbcc000000"),
        (bad, "line 2 Certificate.NotSignedByIssuer"),
        (pem(&authority.der), "line 2 Certificate.IsAuthority"),
        (standard(b"no certificate"), "line 2 Certificate.Malformed"),
        ("a \"\"quoted\"\" word".to_owned(), "line 2 Manifest.Malformed"),
    ] {
        check(format!("mac,cert\naabbcc000000,\"{cell}\"\n"), &[expected]);
    }
}

#[test]
fn a_list_that_was_cut_short_is_never_taken_for_whole() {
    let certificates: [String; 6] = certificates();
    let list = list(&certificates);
    let text = &list;
    // Anywhere within a row; behind one, it would be a shorter list.
    let rows = (0..6).map(|number| text.find(&format!("aabbCC00000{number}")).unwrap());
    let ends: Vec<_> = rows.chain([text.len()]).collect();
    for (number, row) in ends.windows(2).enumerate() {
        for quarter in 1..4 {
            let reading = read(&text[..row[0] + (row[1] - row[0]) * quarter / 4]);
            let Some(ManifestError::Truncated { entries_read, .. }) = reading.end else {
                panic!("{number}, {quarter}: {:?}", short(&reading));
            };
            assert_eq!(entries_read, u64::try_from(number).unwrap());
            assert_eq!(reading.good().len(), number);
        }
    }
    let whole = text.rfind("\r\n").unwrap();
    let quote = text[..whole].rfind('"').unwrap();
    // In the header; in the first cell; behind the second; within quotes.
    for (end, expected) in [
        (2, vec!["! Manifest.WrongFormat"]),
        ("MAC,cn,ce".len(), vec!["! Manifest.MissingColumn"]),
        ("MAC,cn,cert\r\n".len(), vec!["! Manifest.Empty"]),
        ("MAC,cn,cert\r\naabb".len(), vec!["! Manifest.Truncated"]),
        ("MAC,cn,cert\r\naabbCC000000,d".len(), vec!["! Manifest.Truncated"]),
        ("MAC,cn,cert\r\naabbCC000000,d0,".len(), vec!["! Manifest.Truncated"]),
        ("MAC,cn,cert\r\naabbCC000000,d0,\"".len(), vec!["! Manifest.Truncated"]),
    ] {
        assert_eq!(read(&text[..end]).codes(), expected, "{end}");
    }
    // Where nothing is in quotes, at every byte of the second row.
    let rows = certificates
        .iter()
        .take(2)
        .map(|certificate| format!("aabbcc000000,{}", standard(certificate)));
    let text = [vec!["mac,cert".to_owned()], rows.collect()].concat().join("\n");
    let second = text.rfind('\n').unwrap() + 1;
    for end in second + 1..text.len() - 100 {
        assert_eq!(read(&text[..end]).codes(), ["ok", "! Manifest.Truncated"], "{end}");
    }
    assert_eq!(read(&text).codes(), ["ok"; 2]);
    let bad = format!("{text}\naabbcc000001,\"garbage\"");
    assert_eq!(read(bad).codes(), ["ok", "ok", "Manifest.Malformed"]);
    // Exactly between two rows there is nothing to be seen.
    assert_eq!(read(&list[..=quote]).codes(), ["ok"; 5]);
}

#[test]
fn a_quotation_mark_that_is_not_closed_is_no_endless_row() {
    let certificates: [String; 2] = certificates();
    let text = list(&certificates);
    let open = text.replacen("END CERTIFICATE-----\n\"", "END CERTIFICATE-----\n", 1);
    let codes = read(&open).codes();
    assert_eq!(
        (codes[0].as_str(), codes.last().unwrap().as_str()),
        ("Manifest.Malformed", "! Manifest.Truncated")
    );
    assert!(!codes.contains(&"ok".to_owned()), "{codes:?}");
    let limits = Limits { entry_bytes: 2_000, ..Limits::default() };
    let bench = Bench { limits, ..Bench::new() };
    let long = format!("{text}\r\naabbcc000009,x,\"{}\"\r\n{}", "A\n".repeat(3_000), &text[13..]);
    let codes = bench.read_as(Vendor::Espressif, long.as_bytes()).codes();
    assert_eq!(codes, ["ok", "ok", "Manifest.EntryTooLarge", "ok", "ok"]);
    let long = format!("{text}\r\naabbcc000009,x,{}\r\n{}", "A".repeat(3_000), &text[13..]);
    let codes = bench.read_as(Vendor::Espressif, long.as_bytes()).codes();
    assert_eq!(codes, ["ok", "ok", "Manifest.EntryTooLarge", "ok", "ok"]);
    let long = format!("{text}\r\naabbcc000009,x,\"\n{}\r\n", "A".repeat(3_000));
    let codes = bench.read_as(Vendor::Espressif, long.as_bytes()).codes();
    assert_eq!(codes, ["ok", "ok", "! Manifest.Malformed"]);
}

#[test]
fn a_private_key_refuses_the_file_and_says_where() {
    let [a] = certificates();
    let key = private_key();
    let text = String::from_utf8(key.private_key_to_pem_pkcs8().unwrap()).unwrap();
    let der = standard(key.private_key_to_pkcs8().unwrap());
    let start = format!("mac,cert,note\naabbcc000000,\"{a}\",\n");
    let line = u64::try_from(start.lines().count()).unwrap() + 1;
    for (row, line) in [
        (format!("aabbcc000001,\"{text}\","), line),
        (
            format!("aabbcc000001,\"{a}\",\"\n{text}\""),
            line + 1 + u64::try_from(a.lines().count()).unwrap(),
        ),
        (format!("aabbcc000001,{der},"), line),
        (format!("aabbcc000001,{},", standard(&text)), line),
    ] {
        let reading = read(format!("{start}{row}\n"));
        let place = Place::Line(line);
        assert_eq!(reading.end, Some(ManifestError::PrivateKey { entries_read: 1, place }));
    }
}

#[test]
fn a_flash_partition_is_refused_by_name_and_nothing_of_it_is_shown() {
    let secret = "c2VjcmV0LXdvcmQ=";
    for header in ["key,type,encoding,value", "tlv_type,tlv_subtype,data_value"] {
        let text = format!("{header}\ndevice_key,data,base64,{secret}\n");
        for vendor in Vendor::ALL {
            let reading = Bench::new().read_as(vendor, text.as_bytes());
            assert_eq!(reading.codes(), ["! Manifest.WrongFormat"]);
            let text = reading.end.unwrap().to_string();
            assert!(text.contains("a flash-partition CSV") && !text.contains(secret), "{text}");
            assert!(text.contains("delete it from the bucket"), "{text}");
            assert!(text.contains("treat every key in it as disclosed"), "{text}");
        }
    }
}

#[test]
fn files_of_other_kinds_are_called_by_their_names() {
    let [a] = certificates();
    for (text, found) in [
        (a.as_bytes(), "a certificate or a list of certificates"),
        (b"7z\xbc\xaf\x27\x1c\0\x04", "an Infineon manifest (a 7z archive or XML)"),
        (b"{\"payload\": 1}", "a Microchip manifest (JSON)"),
        (b"\x1f\x8b\x08", "a gzip archive"),
        (b"hello", "of a kind that is not known here"),
    ] {
        let Some(ManifestError::WrongFormat { found: name, expected }) = read(text).end else {
            panic!("{found} is not seen");
        };
        assert_eq!((name, expected), (found, Vendor::Espressif.into()));
    }
    check("", &["! Manifest.Empty"]);
}
