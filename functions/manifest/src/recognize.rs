//! What a file is, from its first bytes. File names are not asked: they are wrong too often.

pub(crate) mod foreign;
mod json;
mod purpose;
mod zip;

use crate::base64;
use crate::certificate::{Certificate, der, is_bundle};
use crate::entry::Place;
use crate::generated::text::{self as certificates, Fault};
use crate::pem;
use crate::private_key;
use crate::vendor::Vendor;

pub use purpose::Purpose;
pub use zip::recognize_zip;

/// How many bytes [`recognize`] makes use of. No certificate is larger than that.
pub const HEAD_BYTES: usize = 64 << 10;

/// The byte order mark of UTF-8, which Windows puts before text.
const MARK: &[u8] = b"\xef\xbb\xbf";
/// How many lines are tried before a text is held to be no list of certificates.
const LINES_TRIED: usize = 20;

/// What a file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Nothing, or blanks.
    Empty,
    /// One certificate, as PEM, DER or base64, and nothing else. [`Content::purpose`] tells what it
    /// is for.
    Certificate(Box<Certificate>),
    /// A manifest in the format of this vendor.
    Manifest(Vendor),
    /// Device-infos of a manufacturing execution system (MES).
    DeviceInfos,
    /// A zip archive, whose members tell whose it is: [`recognize_zip`](crate::recognize_zip).
    Zip,
    /// Something that is known by sight and not taken here: "a PDF document".
    Foreign(&'static str),
    /// A private key, alone or in front of other things.
    PrivateKey,
    /// Nothing known.
    Unknown,
}

/// Says what a file is from its first bytes, and whether they are the whole file.
///
/// Give it up to [`HEAD_BYTES`]; more helps nothing.
#[must_use]
pub fn recognize(head: &[u8], complete: bool) -> Content {
    let text = head.get(mark_length(head)..).unwrap_or_default();
    if text.trim_ascii().is_empty() {
        return if complete { Content::Empty } else { Content::Unknown };
    }
    match Container::of(head) {
        Some(Container::SevenZ) => return Content::Manifest(Vendor::Infineon),
        Some(Container::Zip) => return Content::Zip,
        None => {}
    }
    if let Some(found) = foreign::by_magic(head) {
        return Content::Foreign(found);
    }
    if private_key::in_der(text) {
        return Content::PrivateKey;
    }
    if is_der(text) {
        return recognize_der(text, complete);
    }
    if let Some(found) = foreign::by_header(text) {
        return found;
    }
    if private_key::in_text(text) {
        return Content::PrivateKey;
    }
    if starts_json(text) {
        return json::recognize(text);
    }
    if text.iter().any(|byte| is_binary(*byte)) {
        return Content::Foreign(foreign::BINARY);
    }
    if pem::find(text, pem::BEGIN).is_some() {
        return recognize_pem(text, complete);
    }
    recognize_lines(text, complete)
}

/// An archive, by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Container {
    SevenZ,
    Zip,
}

impl Container {
    pub(crate) fn of(head: &[u8]) -> Option<Self> {
        let known: [(&[u8], Self); 3] = [
            (b"7z\xbc\xaf\x27\x1c", Self::SevenZ),
            (b"PK\x03\x04", Self::Zip),
            // An empty one.
            (b"PK\x05\x06", Self::Zip),
        ];
        known.into_iter().find(|(magic, _)| head.starts_with(magic)).map(|(_, found)| found)
    }
}

fn recognize_der(bytes: &[u8], complete: bool) -> Content {
    if is_bundle(bytes) {
        return Content::Foreign(foreign::PKCS7);
    }
    match Certificate::parse(bytes.to_vec()) {
        Ok(certificate) if complete => Content::Certificate(Box::new(certificate)),
        _ => Content::Unknown,
    }
}

fn recognize_pem(text: &[u8], complete: bool) -> Content {
    let blocks: Vec<_> = pem::blocks(text).collect();
    if let ([Ok(block)], true) = (blocks.as_slice(), complete)
        && block.is_certificate()
        && let Some(Ok(certificate)) = block.bytes().map(Certificate::parse)
    {
        return Content::Certificate(Box::new(certificate));
    }
    let label = |wanted: &[u8]| pem::find(text, &[pem::BEGIN, wanted].concat()).is_some();
    if label(b"CERTIFICATE-----")
        || label(b"X509 CERTIFICATE-----")
        || label(b"TRUSTED CERTIFICATE-----")
    {
        Content::Manifest(Vendor::Generated)
    } else if label(b"PKCS7-----") {
        Content::Foreign(foreign::PKCS7)
    } else if let lines @ Content::Manifest(_) = recognize_lines(text, false) {
        // The block that is no certificate costs itself alone.
        lines
    } else if complete {
        Content::Foreign(foreign::PEM_WITHOUT_CERTIFICATE)
    } else {
        Content::Unknown
    }
}

fn recognize_lines(text: &[u8], complete: bool) -> Content {
    let mut lines =
        text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty());
    for line in lines.by_ref().take(LINES_TRIED) {
        match certificates::certificates(line) {
            Ok(mut found) => {
                let alone = complete && found.len() == 1 && is_alone(text, line);
                return match found.pop() {
                    Some(certificate) if alone => Content::Certificate(Box::new(certificate)),
                    _ => Content::Manifest(Vendor::Generated),
                };
            }
            Err(Fault::PrivateKey) => return Content::PrivateKey,
            Err(Fault::Reason(_)) => {}
        }
    }
    if complete {
        match certificates::certificates(&base64::without_blanks(text)) {
            Ok(mut found) => {
                return match (found.pop(), found.is_empty()) {
                    (Some(certificate), true) => Content::Certificate(Box::new(certificate)),
                    _ => Content::Manifest(Vendor::Generated),
                };
            }
            Err(Fault::PrivateKey) => return Content::PrivateKey,
            Err(Fault::Reason(_)) => {}
        }
    }
    if foreign::is_csv(text) { Content::Foreign(foreign::CSV) } else { Content::Unknown }
}

fn is_alone(text: &[u8], line: &[u8]) -> bool {
    text.trim_ascii() == line
}

/// The length of the byte order mark in front, if there is one.
pub(crate) fn mark_length(head: &[u8]) -> usize {
    if head.starts_with(MARK) { MARK.len() } else { 0 }
}

/// Whether the first character is one that JSON documents begin with.
pub(crate) fn starts_json(head: &[u8]) -> bool {
    let text = head.get(mark_length(head)..).unwrap_or_default();
    matches!(text.trim_ascii_start().first(), Some(b'{' | b'['))
}

/// Whether the bytes begin as a DER sequence of 128 bytes or more, which no text does.
pub(crate) fn is_der(bytes: &[u8]) -> bool {
    matches!(bytes, [der::SEQUENCE, 0x81..=0x84, ..])
}

/// Whether a byte has no business in text of any encoding that is ASCII's superset.
const fn is_binary(byte: u8) -> bool {
    matches!(byte, 0..=8 | 14..=26 | 28..=31)
}

/// The line of the private key that was recognized, where it is text; otherwise the whole file is
/// one.
pub(crate) fn place_of_private_key(head: &[u8]) -> Place {
    let mut line = 0;
    head.split(|byte| *byte == b'\n')
        .find_map(|text| {
            line += 1;
            let found = private_key::in_text(text)
                || matches!(certificates::certificates(text.trim_ascii()), Err(Fault::PrivateKey));
            found.then_some(Place::Line(line))
        })
        .unwrap_or(Place::File)
}
