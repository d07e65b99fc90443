//! Base64 as files really have it.

use ::base64::Engine as _;
use ::base64::alphabet::{STANDARD, URL_SAFE};
use ::base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

const CONFIG: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_encode_padding(false)
    .with_decode_padding_mode(DecodePaddingMode::Indifferent);
const EITHER: GeneralPurpose = GeneralPurpose::new(&STANDARD, CONFIG);
const URL_EITHER: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, CONFIG);

/// Standard or URL-safe, with or without padding. `None` where it is neither.
pub(crate) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    if text.iter().any(|byte| matches!(byte, b'-' | b'_')) {
        URL_EITHER.decode(text).ok()
    } else {
        EITHER.decode(text).ok()
    }
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
    use super::{decode, decode_url};

    #[test]
    fn both_alphabets_are_read_with_and_without_padding() {
        for text in ["+/8=", "+/8", "-_8=", "-_8"] {
            assert_eq!(decode(text.as_bytes()), Some(vec![0xfb, 0xff]), "{text}");
        }
        assert_eq!(decode(b"+_8"), None, "the alphabets are not mixed");
        assert_eq!(decode(b"a b"), None);
    }

    #[test]
    fn a_jws_has_one_form_only() {
        assert_eq!(decode_url("-_8"), Some(vec![0xfb, 0xff]));
        assert_eq!(decode_url("-_8="), None);
        assert_eq!(decode_url("+/8"), None);
    }
}
