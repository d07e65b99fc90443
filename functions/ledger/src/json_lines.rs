//! One JSON document a line, in ASCII.
//!
//! Units address the work by byte offsets, and people look at these files with tools that guess
//! encodings; ASCII leaves nothing to guess.

use std::io::{self, Write};

use serde::{Serialize, de::DeserializeOwned};
use serde_json::ser::{CompactFormatter, Formatter, Serializer};

use crate::StoreError;

/// A line could not be written as JSON.
#[derive(Debug, thiserror::Error)]
#[error("could not write a line of JSON")]
pub struct LineError(#[from] serde_json::Error);

/// `value` as one line, line feed included.
pub fn to_line(value: &impl Serialize) -> Result<Vec<u8>, LineError> {
    let mut line = Vec::with_capacity(512);
    value.serialize(&mut Serializer::with_formatter(&mut line, Ascii))?;
    line.push(b'\n');
    Ok(line)
}

/// The documents in the bytes of the object `key`, one a line.
pub fn parse_lines<T: DeserializeOwned>(key: &str, bytes: &[u8]) -> Result<Vec<T>, StoreError> {
    let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
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
    fn a_line_is_ascii_and_means_the_same() {
        let text = "Gerät 7 \u{1F512} \u{202e}\n\"x\"";
        let line = to_line(&text).unwrap();
        assert!(line.is_ascii());
        assert_eq!(line.split(|byte| *byte == b'\n').count(), 2, "one line feed, at the end");
        assert_eq!(serde_json::from_slice::<String>(&line).unwrap(), text);
    }
}
