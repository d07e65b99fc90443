//! Base64 as files really have it.

use ::base64::Engine as _;
use ::base64::alphabet::{STANDARD, URL_SAFE};
use ::base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use memchr::{memchr, memchr2};

const CONFIG: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_encode_padding(false)
    .with_decode_padding_mode(DecodePaddingMode::Indifferent);
const EITHER: GeneralPurpose = GeneralPurpose::new(&STANDARD, CONFIG);
const URL_EITHER: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, CONFIG);

/// Standard or URL-safe, with or without padding. `None` where it is neither.
pub(crate) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    if memchr2(b'-', b'_', text).is_some() {
        URL_EITHER.decode(text).ok()
    } else {
        EITHER.decode(text).ok()
    }
}

/// The same over several lines, and with blanks in it.
pub(crate) fn decode_lines(text: &[u8]) -> Option<Vec<u8>> {
    // Hardly any text has blanks within its lines, and one that has them is no base64 yet.
    decode(&without_line_ends(text)).or_else(|| decode(&without_blanks(text)))
}

/// The text without its line ends, and without what blanks are around it.
fn without_line_ends(text: &[u8]) -> Vec<u8> {
    let mut rest = text.trim_ascii();
    let mut letters = Vec::with_capacity(rest.len());
    // All lines but the last one are of one length, as a rule.
    let width = memchr(b'\n', rest).unwrap_or(rest.len());
    while !rest.is_empty() {
        let end = match rest.get(width) {
            Some(b'\n') => width,
            _ => memchr(b'\n', rest).unwrap_or(rest.len()),
        };
        let (line, others) = rest.split_at(end);
        letters.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
        rest = others.get(1..).unwrap_or_default();
    }
    letters
}

/// The text without the blanks and line ends that base64 may come with.
pub(crate) fn without_blanks(text: &[u8]) -> Vec<u8> {
    let mut letters = Vec::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let (line, others) = rest.split_at(memchr(b'\n', rest).unwrap_or(rest.len()));
        rest = others.get(1..).unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        // Counting them all is quicker than asking whether there is one.
        if line.iter().filter(|byte| byte.is_ascii_whitespace()).count() == 0 {
            letters.extend_from_slice(line);
        } else {
            letters.extend(line.iter().filter(|byte| !byte.is_ascii_whitespace()));
        }
    }
    letters
}

/// URL-safe without padding, and nothing else: the only form that a JWS has.
pub(crate) fn decode_url(text: &str) -> Option<Vec<u8>> {
    ::base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text).ok()
}

/// URL-safe without padding.
pub(crate) fn encode_url(bytes: &[u8]) -> String {
    ::base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::{decode, decode_lines, decode_url, without_blanks};

    #[test]
    fn both_alphabets_are_read_with_and_without_padding() {
        for text in ["+/8=", "+/8", "-_8=", "-_8"] {
            assert_eq!(decode(text.as_bytes()), Some(vec![0xfb, 0xff]), "{text}");
        }
        assert_eq!(decode(b"+_8"), None, "the alphabets are not mixed");
        assert_eq!(decode(b"a b"), None);
    }

    #[test]
    fn blanks_go_wherever_they_are() {
        for text in ["QUJD", " QUJD\n", "QU\r\nJD\r\n", "Q U\tJ\x0cD", "\nQ\n\nUJD", "QU\rJD"] {
            assert_eq!(without_blanks(text.as_bytes()), b"QUJD", "{text:?}");
        }
    }

    #[test]
    fn lines_are_read_whatever_their_lengths_and_blanks() {
        for text in [
            "QUJDREVG",
            "QUJD\nREVG",
            "\nQUJD\r\nREVG\r\n",
            "QU\nJDREVG",
            "QUJDRE\nV\nG\n",
            "QUJD\n\nREVG",
            "QU\nJD\nREV\nG",
            "QU JD\nRE\tVG",
            "QU\rJD\nREVG",
            " Q\nUJDREVG ",
            "QU\nJDR\rEV\r\nG",
        ] {
            assert_eq!(decode_lines(text.as_bytes()).as_deref(), Some(&b"ABCDEF"[..]), "{text:?}");
        }
        for text in ["QUJD\nRE*G", "QUJD\nREVGQ", "QUJD\nQQ=="] {
            assert_eq!(decode_lines(text.as_bytes()), decode(&without_blanks(text.as_bytes())));
        }
    }

    #[test]
    fn a_jws_has_one_form_only() {
        assert_eq!(decode_url("-_8"), Some(vec![0xfb, 0xff]));
        assert_eq!(decode_url("-_8="), None);
        assert_eq!(decode_url("+/8"), None);
    }
}
