//! PEM blocks (RFC 7468) in a piece of text.

use std::sync::LazyLock;

use memchr::memmem::{self, Finder};

use crate::base64;

/// What opens a block.
pub(crate) const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
const DASHES: &[u8] = b"-----";
/// Making these takes longer than finding something short.
static BEGINNING: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(BEGIN));
static ENDING: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(END));

/// One block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Block<'t> {
    /// `CERTIFICATE`, `EC PRIVATE KEY`, ...
    pub label: &'t [u8],
    body: &'t [u8],
}

/// A block that begins and does not end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unfinished;

impl Block<'_> {
    /// Whether the block holds a certificate, under the names that tools give it.
    pub(crate) fn is_certificate(&self) -> bool {
        matches!(self.label, b"CERTIFICATE" | b"X509 CERTIFICATE" | b"TRUSTED CERTIFICATE")
    }

    /// The bytes within. `None` where they are not base64.
    pub(crate) fn bytes(&self) -> Option<Vec<u8>> {
        base64::decode_lines(self.body)
    }
}

/// The blocks of a text, in order. What is between them is explanation, and passed over.
pub(crate) fn blocks(text: &[u8]) -> impl Iterator<Item = Result<Block<'_>, Unfinished>> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest.take()?;
        let found = text.get(BEGINNING.find(text)? + BEGIN.len()..)?;
        let Some((block, after)) = block(found) else { return Some(Err(Unfinished)) };
        rest = Some(after);
        Some(Ok(block))
    })
}

/// Reads a block from behind its `-----BEGIN `.
fn block(text: &[u8]) -> Option<(Block<'_>, &[u8])> {
    let at = text.windows(DASHES.len()).position(|piece| piece == DASHES)?;
    let (label, rest) = text.split_at(at);
    let body = rest.get(DASHES.len()..)?;
    let (body, rest) = body.split_at(ENDING.find(body)?);
    let rest = rest.get(END.len()..)?.strip_prefix(label)?.strip_prefix(DASHES)?;
    Some((Block { label, body }, rest))
}

/// Whether a block begins in the text.
pub(crate) fn begins_in(text: &[u8]) -> bool {
    BEGINNING.find(text).is_some()
}

pub(crate) fn find(text: &[u8], needle: &[u8]) -> Option<usize> {
    memmem::find(text, needle)
}

/// The characters that a certificate has as PEM: AWS IoT takes it so, and limits them.
pub(crate) const fn length_of(der_bytes: usize) -> usize {
    let base64 = der_bytes.div_ceil(3) * 4;
    "-----BEGIN CERTIFICATE-----\n".len()
        + base64
        + base64.div_ceil(64)
        + "-----END CERTIFICATE-----\n".len()
}

#[cfg(test)]
mod tests {
    use super::{Unfinished, blocks, length_of};

    #[test]
    fn blocks_are_found_between_other_text() {
        let text = b"subject=x\r\n-----BEGIN CERTIFICATE-----\r\nAQI\r\nD\r\n-----END CERTIFICATE-----\r\n\
                     y -----BEGIN EC PARAMETERS-----\nBA==\n-----END EC PARAMETERS-----";
        let found: Vec<_> = blocks(text)
            .map(|block| {
                let block = block.unwrap();
                (block.is_certificate(), block.bytes())
            })
            .collect();
        assert_eq!(found, [(true, Some(vec![1, 2, 3])), (false, Some(vec![4]))]);
    }

    #[test]
    fn a_block_without_its_end_is_unfinished() {
        for text in [
            &b"-----BEGIN CERTIFICATE-----\nAQID\n"[..],
            b"-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFI",
            b"-----BEGIN CERTIFICATE-----\nAQID\n-----END PRIVATE KEY-----",
            b"-----BEGIN CERT",
        ] {
            assert_eq!(blocks(text).collect::<Vec<_>>(), [Err(Unfinished)]);
        }
    }

    #[test]
    fn the_length_is_that_of_the_text() {
        let key =
            openssl::pkey::PKey::from_rsa(openssl::rsa::Rsa::generate(2048).unwrap()).unwrap();
        let pem = key.public_key_to_pem().unwrap();
        let der = key.public_key_to_der().unwrap();
        let shorter_label = 2 * ("CERTIFICATE".len() - "PUBLIC KEY".len());
        assert_eq!(length_of(der.len()), pem.len() + shorter_label);
    }
}
