//! Text from files and their names, made harmless for messages that people read.

use std::fmt::Write as _;

/// The text with everything spelled out that is not plain to see: line breaks, control characters,
/// characters that change the direction of writing, and angle brackets, so that nothing in a file can
/// add a line to a message, hide one, or become markup.
pub(crate) fn inert(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '<' | '>' => plain.extend(character.escape_unicode()),
            _ => push_visible(&mut plain, character),
        }
    }
    plain
}

/// The same for a page, where what is written escapes markup anyway.
pub(crate) fn visible(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    text.chars().for_each(|character| push_visible(&mut plain, character));
    plain
}

fn push_visible(plain: &mut String, character: char) {
    match character {
        '"' | '\'' | '\\' => plain.push(character),
        _ => plain.extend(character.escape_debug()),
    }
}

/// An object's address, its key encoded as in a URL.
pub(crate) fn address(bucket: &str, key: &str) -> String {
    let mut address = format!("s3://{bucket}/");
    for byte in key.bytes() {
        match byte {
            b'/' | b'-' | b'_' | b'.' | b'~' | b'=' | b'+' | b'@' | b':' | b',' => {
                address.push(char::from(byte));
            }
            _ if byte.is_ascii_alphanumeric() => address.push(char::from(byte)),
            _ => {
                // Writing to a text does not fail.
                let _ = write!(address, "%{byte:02X}");
            }
        }
    }
    address
}

/// The text as a subject of SNS, which is printable ASCII of less than 100 characters.
pub(crate) fn subject(text: &str) -> String {
    text.chars()
        .map(|character| match character {
            ' '..='~' => character,
            _ => '?',
        })
        .take(99)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_adds_a_line_or_becomes_markup() {
        assert_eq!(inert("a\r\nVerdict: done"), "a\\r\\nVerdict: done");
        assert_eq!(inert("\u{1b}[31m\u{202e}\u{0}"), "\\u{1b}[31m\\u{202e}\\0");
        assert_eq!(inert("<b>&\"it's\" ü"), "\\u{3c}b\\u{3e}&\"it's\" ü");
        assert_eq!(visible("<b>&\"it's\"\u{202e} ü\n"), "<b>&\"it's\"\\u{202e} ü\\n");
    }

    #[test]
    fn an_address_is_one_word() {
        assert_eq!(
            address("acme-mes", "plant a/<b>ü\n.json"),
            "s3://acme-mes/plant%20a/%3Cb%3E%C3%BC%0A.json"
        );
        assert_eq!(address("acme-mes", "a-b_c.d~e=f+g@h:i,j"), "s3://acme-mes/a-b_c.d~e=f+g@h:i,j");
    }

    #[test]
    fn a_subject_is_short_and_printable_ascii() {
        assert_eq!(subject("acme: done\r\nBcc: x ü"), "acme: done??Bcc: x ?");
        assert_eq!(subject(&"é".repeat(300)).len(), 99);
    }
}
