//! Base64 and PEM. OpenSSL encodes, because it is fast in a debug build too.

use openssl::base64::encode_block;

/// Base64 with padding.
pub(super) fn base64(bytes: &[u8]) -> String {
    encode_block(bytes)
}

/// Base64 as JWS wants it: safe in URLs, without padding.
pub(super) fn base64_url(bytes: &[u8]) -> String {
    encode_block(bytes).trim_end_matches('=').replace('+', "-").replace('/', "_")
}

/// A certificate as PEM, every line closed by `end`.
pub(super) fn pem(certificate: &[u8], end: &str) -> String {
    const LINE: usize = 64;
    let base64 = encode_block(certificate);
    let mut text = format!("-----BEGIN CERTIFICATE-----{end}");
    let mut rest = base64.as_str();
    while !rest.is_empty() {
        let (line, tail) = rest.split_at_checked(LINE).unwrap_or((rest, ""));
        text.push_str(line);
        text.push_str(end);
        rest = tail;
    }
    text.push_str("-----END CERTIFICATE-----");
    text.push_str(end);
    text
}

/// Lower-case hex.
pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _infallible = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use openssl::x509::X509;

    use super::{base64_url, pem};

    #[test]
    fn base64_for_urls_has_no_padding_and_letters_of_its_own() {
        assert_eq!(base64_url(&[0xfb, 0xff, 0xfe, 0xff]), "-__-_w");
        assert_eq!(base64_url(&[]), "");
    }

    #[test]
    fn pem_is_wrapped_and_closed() {
        let text = pem(&[7; 60], "\r\n");
        let lines: Vec<_> = text.split("\r\n").collect();
        assert_eq!(lines.iter().map(|line| line.len()).collect::<Vec<_>>(), [27, 64, 16, 25, 0]);
        assert!(X509::from_pem(text.as_bytes()).is_err(), "it is no certificate");
    }
}
