//! The elements of a JSON array, one at a time, as text.

use std::io::Read;

use super::scan::{Scan, ScanError, Step};
use crate::context::Limits;
use crate::entry::Place;
use crate::error::ManifestError;
use crate::input::Input;
use crate::private_key::Watch;

/// An array (or a single value) being taken apart.
#[derive(Debug)]
pub(super) struct Elements<R> {
    input: Input<R>,
    limits: Limits,
    at: At,
    number: u64,
    text: Vec<u8>,
    keys: Watch,
}

/// Where the reading stands.
#[derive(Clone, Copy, Debug)]
enum At {
    Start,
    /// Behind the opening bracket.
    First,
    /// Behind an element.
    Next,
    /// Behind a value that stands alone.
    Alone,
}

/// An element was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Element {
    /// Its text is [`Elements::text`].
    Text,
    /// It is over [`Limits::entry_bytes`], and its text was thrown away.
    TooLarge,
}

impl<R: Read> Elements<R> {
    pub(super) fn new(input: Input<R>, limits: Limits) -> Self {
        Self { input, limits, at: At::Start, number: 0, text: Vec::new(), keys: Watch::default() }
    }

    /// The number of the last element, counted from 1.
    pub(super) const fn number(&self) -> u64 {
        self.number
    }

    pub(super) fn text(&self) -> &[u8] {
        &self.text
    }

    pub(super) fn advance(&mut self) -> Result<Option<Element>, ManifestError> {
        loop {
            let byte = self.skip_blanks()?;
            match (self.at, byte) {
                (At::Start, Some(b'[')) => {
                    self.input.consume(1);
                    self.at = At::First;
                }
                (At::Start, Some(b'{')) => {
                    self.at = At::Alone;
                    return self.element().map(Some);
                }
                (At::Start | At::Alone, None) => return Ok(None),
                (At::Start, Some(_)) => {
                    return Err(self.malformed("a JSON array or object is wanted here"));
                }
                (At::Alone, Some(_)) => {
                    return Err(ManifestError::Malformed {
                        entries_read: self.number,
                        place: Place::File,
                        what: "there is something after the end of the manifest",
                    });
                }
                (At::First | At::Next, Some(b']')) => {
                    self.input.consume(1);
                    self.at = At::Alone;
                }
                (At::Next, Some(b',')) => {
                    self.input.consume(1);
                    match self.skip_blanks()? {
                        Some(b']') => {
                            return Err(self.malformed("there is a comma with no entry after it"));
                        }
                        Some(_) => return self.element().map(Some),
                        None => return Err(self.truncated(self.number + 1)),
                    }
                }
                (At::Next, Some(_)) => {
                    return Err(self.malformed("there is no comma between two entries"));
                }
                (At::First, Some(_)) => {
                    self.at = At::Next;
                    return self.element().map(Some);
                }
                (At::First | At::Next, None) => return Err(self.truncated(self.number + 1)),
            }
        }
    }

    /// Reads the element that begins with the next byte.
    fn element(&mut self) -> Result<Element, ManifestError> {
        if self.number >= self.limits.entries {
            return Err(ManifestError::TooManyEntries { limit: self.limits.entries });
        }
        self.text.clear();
        let read = self.number;
        let place = || Place::Entry(read + 1);
        let mut scan = Scan::default();
        let mut length = 0_usize;
        loop {
            let chunk = self
                .input
                .chunk()
                .map_err(|error| ManifestError::from_input(error, read, self.limits.bytes))?;
            if chunk.is_empty() {
                return Err(self.truncated(read + 1));
            }
            let step = scan.feed(chunk, self.limits.depth).map_err(|error| match error {
                ScanError::Bracket => ManifestError::Malformed {
                    entries_read: read,
                    place: place(),
                    what: "a closing bracket does not fit the opening one",
                },
                ScanError::TooDeep => ManifestError::TooDeep {
                    entries_read: read,
                    place: place(),
                    limit: self.limits.depth,
                },
            })?;
            let (count, ended) = match step {
                Step::More => (chunk.len(), false),
                Step::End(count) => (count, true),
            };
            let piece = chunk.get(..count).unwrap_or(chunk);
            if self.keys.sees(piece) {
                return Err(ManifestError::PrivateKey { entries_read: read, place: place() });
            }
            length = length.saturating_add(count);
            if length <= self.limits.entry_bytes {
                self.text.extend_from_slice(piece);
            } else {
                self.text.clear();
            }
            self.input.consume(count);
            if ended {
                break;
            }
        }
        if length == 0 {
            return Err(self.malformed("an entry is missing here"));
        }
        self.number += 1;
        Ok(if length <= self.limits.entry_bytes { Element::Text } else { Element::TooLarge })
    }

    /// The next byte that is not blank, which stays to be read.
    fn skip_blanks(&mut self) -> Result<Option<u8>, ManifestError> {
        loop {
            let (read, limit) = (self.number, self.limits.bytes);
            let chunk = self
                .input
                .chunk()
                .map_err(|error| ManifestError::from_input(error, read, limit))?;
            let blanks = chunk
                .iter()
                .take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'))
                .count();
            let (next, ended) = (chunk.get(blanks).copied(), chunk.is_empty());
            self.input.consume(blanks);
            if next.is_some() || ended {
                return Ok(next);
            }
        }
    }

    const fn malformed(&self, what: &'static str) -> ManifestError {
        ManifestError::Malformed {
            entries_read: self.number,
            place: Place::Entry(self.number + 1),
            what,
        }
    }

    const fn truncated(&self, entry: u64) -> ManifestError {
        ManifestError::Truncated { entries_read: self.number, place: Place::Entry(entry) }
    }
}
