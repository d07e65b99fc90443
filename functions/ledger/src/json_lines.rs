//! One JSON document a line, in ASCII.
//!
//! Units address the work by byte offsets, and people look at these files with tools that guess
//! encodings; ASCII leaves nothing to guess.

use std::io::{self, Write};

use serde::{Deserialize, Serialize};
use serde_json::ser::{CompactFormatter, Formatter, Serializer};

use crate::StoreError;

/// A line could not be written as JSON.
#[derive(Debug, thiserror::Error)]
#[error("could not write a line of JSON")]
pub struct LineError(#[from] serde_json::Error);

/// `value` as one line, line feed included.
pub fn to_line(value: &impl Serialize) -> Result<Vec<u8>, LineError> {
    let mut line = Vec::with_capacity(512);
    add_line(&mut line, value)?;
    Ok(line)
}

/// Adds `value` to `lines` as one line more; returns its length in bytes, line feed included.
pub fn add_line(lines: &mut Vec<u8>, value: &impl Serialize) -> Result<usize, LineError> {
    let before = lines.len();
    value.serialize(&mut Serializer::with_formatter(&mut *lines, Ascii))?;
    lines.push(b'\n');
    Ok(lines.len() - before)
}

/// The documents in the bytes of the object `key`, one a line. They may borrow from the bytes.
pub fn parse_lines<'a, T: Deserialize<'a>>(
    key: &str,
    bytes: &'a [u8],
) -> Result<Vec<T>, StoreError> {
    let lines = memchr::memchr_iter(b'\n', bytes).chain([bytes.len()]);
    let mut begin = 0;
    let lines = lines.filter_map(|end| {
        let line = bytes.get(begin..end);
        begin = end + 1;
        line.filter(|line| !line.is_empty())
    });
    let parsed = lines.map(|line| {
        serde_json::from_slice(line).map_err(|source| StoreError::Malformed {
            key: key.to_owned(),
            expected: "lines of JSON",
            source,
        })
    });
    parsed.collect()
}

struct Ascii;

impl Formatter for Ascii {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        if fragment.is_ascii() {
            return CompactFormatter.write_string_fragment(writer, fragment);
        }
        for character in fragment.chars() {
            if character.is_ascii() {
                write!(writer, "{character}")?;
            } else {
                let mut units = [0; 2];
                for unit in character.encode_utf16(&mut units) {
                    write!(writer, "\\u{unit:04x}")?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_whether_or_not_the_last_one_ends() {
        for text in ["1\n2\n3\n", "1\n2\n3", "\n1\n\n2\n3\n\n"] {
            assert_eq!(parse_lines::<u8>("key", text.as_bytes()).unwrap(), [1, 2, 3], "{text:?}");
        }
        assert_eq!(parse_lines::<u8>("key", b"").unwrap(), [0; 0]);
    }

    #[test]
    fn a_line_that_is_cut_off_or_holds_two_documents_is_refused() {
        for text in ["[1,2]\n[3,\n", "[1] [2]\n", "[1]\n[2"] {
            let read = parse_lines::<Vec<u8>>("key", text.as_bytes());
            assert!(matches!(read, Err(StoreError::Malformed { .. })), "{text:?}: {read:?}");
        }
    }

    #[test]
    fn a_line_is_ascii_and_means_the_same() {
        let text = "Gerät 7 \u{1F512} \u{202e}\n\"x\"";
        let line = to_line(&text).unwrap();
        assert!(line.is_ascii());
        assert_eq!(line.split(|byte| *byte == b'\n').count(), 2, "one line feed, at the end");
        assert_eq!(serde_json::from_slice::<String>(&line).unwrap(), text);
    }
}
