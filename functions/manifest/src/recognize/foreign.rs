//! Files that are known by sight, and not taken.

use super::Content;
use crate::vendor::Vendor;

pub(crate) const INFINEON: &str = "an Infineon manifest (a 7z archive or XML)";
pub(crate) const ESPRESSIF_CSV: &str = "an Espressif CSV file";
pub(crate) const FLASH_CSV: &str =
    "a flash-partition CSV, which is no manifest and may hold private keys";
pub(crate) const MES_JSON: &str = "an MES device-infos file";
pub(crate) const MICROCHIP: &str = "a Microchip manifest (JSON)";
pub(crate) const CERTIFICATES: &str = "a certificate or a list of certificates";
pub(crate) const SEVEN_Z: &str = "a 7z archive";
pub(crate) const ZIP: &str = "a zip archive";
pub(crate) const GZIP: &str = "a gzip archive";
pub(crate) const PDF: &str = "a PDF document";
pub(crate) const OFFICE: &str = "a Microsoft Office document";
pub(crate) const UTF_16: &str = "text in UTF-16";
pub(crate) const HTML: &str = "a web page (HTML)";
pub(crate) const XML: &str = "an XML file";
pub(crate) const JSON: &str = "a JSON file of another kind";
pub(crate) const CSV: &str = "a CSV file of another kind";
pub(crate) const PKCS7: &str = "a PKCS#7 bundle (.p7b)";
pub(crate) const PEM_WITHOUT_CERTIFICATE: &str = "a PEM file without certificates";
pub(crate) const EMPTY: &str = "empty";
pub(crate) const BINARY: &str = "a binary file of an unknown kind";
pub(crate) const UNKNOWN: &str = "of a kind that is not known here";

/// A vendor's manifest where it is out of place.
pub(crate) const fn manifest(vendor: Vendor) -> &'static str {
    match vendor {
        Vendor::Microchip => MICROCHIP,
        Vendor::Infineon => INFINEON,
        Vendor::Espressif => ESPRESSIF_CSV,
        Vendor::Generated => CERTIFICATES,
    }
}

/// By the first bytes, whatever follows.
pub(super) fn by_magic(head: &[u8]) -> Option<&'static str> {
    let known: [(&[u8], &'static str); 6] = [
        (b"\x1f\x8b", GZIP),
        (b"%PDF-", PDF),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", OFFICE),
        (b"\xff\xfe", UTF_16),
        (b"\xfe\xff", UTF_16),
        (b"<\0", UTF_16),
    ];
    known.into_iter().find(|(magic, _)| head.starts_with(magic)).map(|(_, found)| found)
}

/// By the first line of a text, or its first tag.
pub(super) fn by_header(text: &[u8]) -> Option<Content> {
    let text = text.trim_ascii_start();
    if text.first() == Some(&b'<') {
        return Some(markup(text));
    }
    let line = text.split(|byte| matches!(byte, b'\r' | b'\n')).next().unwrap_or_default();
    let columns: Vec<String> = line
        .split(|byte| matches!(byte, b',' | b';'))
        .map(|column| {
            String::from_utf8_lossy(column).trim().trim_matches('"').trim().to_ascii_lowercase()
        })
        .collect();
    let has = |names: &[&str]| names.iter().all(|name| columns.iter().any(|column| column == name));
    if has(&["key", "type", "encoding", "value"]) || has(&["tlv_type"]) {
        Some(Content::Foreign(FLASH_CSV))
    } else if ["mac", "cert", "cn"].iter().filter(|name| has(&[name])).count() > 1 {
        // With one of the three missing, the header is read, and the missing one named.
        Some(Content::Manifest(Vendor::Espressif))
    } else {
        None
    }
}

fn markup(text: &[u8]) -> Content {
    let text = text.to_ascii_lowercase();
    let start = text.get(..4_096).unwrap_or(&text);
    let has = |text: &[u8], needle: &[u8]| crate::pem::find(text, needle).is_some();
    if has(start, b"<html") || has(start, b"<!doctype html") {
        Content::Foreign(HTML)
    } else if has(&text, b"tpmmac") || has(&text, b"binaryhex") {
        Content::Manifest(Vendor::Infineon)
    } else {
        Content::Foreign(XML)
    }
}

/// Whether the first line is one of a table. Base64 has neither commas nor semicolons.
pub(super) fn is_csv(text: &[u8]) -> bool {
    let line = text.trim_ascii_start().split(|byte| *byte == b'\n').next().unwrap_or_default();
    line.iter().any(|byte| matches!(byte, b',' | b';'))
}
