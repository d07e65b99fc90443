//! JSON values one at a time, from a source that is never held as a whole.

use std::io::Read;

use super::scan::{Scan, ScanError, Step};
use crate::context::Limits;
use crate::entry::Place;
use crate::error::ManifestError;
use crate::input::Input;

/// A source of JSON values.
#[derive(Debug)]
pub(crate) struct Reader<R> {
    input: Input<R>,
    limits: Limits,
    text: Vec<u8>,
}

/// Where the reading stands, for what is said where it cannot go on.
#[derive(Clone, Debug)]
pub(crate) struct At {
    /// Entries that were read before.
    pub read: u64,
    /// What is being read.
    pub place: Place,
}

/// The items of an array, or the members of an object, while they are being read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Items {
    close: u8,
    is_first: bool,
}

/// A value was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Length {
    /// Its text is [`Reader::text`].
    Fits,
    /// It is over [`Limits::entry_bytes`], and its text was thrown away.
    TooLarge,
}

impl<R: Read> Reader<R> {
    pub(crate) fn new(input: Input<R>, limits: Limits) -> Self {
        Self { input, limits, text: Vec::new() }
    }

    /// How many bytes of the file were read.
    pub(crate) fn offset(&self) -> u64 {
        self.input.offset()
    }

    /// Goes to a byte that comes later.
    pub(crate) fn go_to(&mut self, offset: u64, at: &At) -> Result<(), ManifestError> {
        self.input
            .go_to(offset)
            .map_err(|error| ManifestError::from_input(error, at.read, self.limits.bytes))
    }

    /// The text of the last value.
    pub(crate) fn text(&self) -> &[u8] {
        &self.text
    }

    /// The next byte that is not blank, which stays to be read. `None` at the end of the file.
    pub(crate) fn peek(&mut self, at: &At) -> Result<Option<u8>, ManifestError> {
        loop {
            let chunk = self
                .input
                .chunk()
                .map_err(|error| ManifestError::from_input(error, at.read, self.limits.bytes))?;
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

    /// Passes over the byte that [`peek`](Self::peek) gave.
    pub(crate) fn step(&mut self) {
        self.input.consume(1);
    }

    /// Goes to the beginning of the next item; `false` behind the end of them all.
    pub(crate) fn next_item(&mut self, items: &mut Items, at: &At) -> Result<bool, ManifestError> {
        let is_first = std::mem::replace(&mut items.is_first, false);
        match self.peek(at)? {
            None => Err(at.truncated()),
            Some(byte) if byte == items.close => {
                self.step();
                Ok(false)
            }
            Some(_) if is_first => Ok(true),
            Some(b',') => {
                self.step();
                match self.peek(at)? {
                    None => Err(at.truncated()),
                    Some(byte) if byte == items.close => {
                        Err(at.malformed("there is a comma with no entry after it"))
                    }
                    Some(_) => Ok(true),
                }
            }
            Some(_) => Err(at.malformed("there is no comma between two entries")),
        }
    }

    /// Reads the value that begins with the next byte. What it says is not looked at, so that one
    /// that is broken inside can be passed over.
    pub(crate) fn value(&mut self, at: &At) -> Result<Length, ManifestError> {
        self.text.clear();
        let mut scan = Scan::default();
        let mut length = 0_usize;
        loop {
            let chunk = self
                .input
                .chunk()
                .map_err(|error| ManifestError::from_input(error, at.read, self.limits.bytes))?;
            if chunk.is_empty() {
                return Err(at.truncated());
            }
            let step = scan.feed(chunk, self.limits.depth).map_err(|error| match error {
                ScanError::Bracket => {
                    at.malformed("a closing bracket does not fit the opening one")
                }
                ScanError::TooDeep => {
                    let At { read, place } = at.clone();
                    ManifestError::TooDeep { entries_read: read, place, limit: self.limits.depth }
                }
            })?;
            let (count, ended) = match step {
                Step::More => (chunk.len(), false),
                Step::End(count) => (count, true),
            };
            if self.input.shows_key(count) {
                return Err(at.private_key());
            }
            length = length.saturating_add(count);
            if length <= self.limits.entry_bytes {
                self.text.extend_from_slice(self.input.buffered().get(..count).unwrap_or_default());
            } else {
                self.text.clear();
            }
            self.input.consume(count);
            if ended {
                break;
            }
        }
        if length == 0 {
            return Err(at.malformed("an entry is missing here"));
        }
        Ok(if length <= self.limits.entry_bytes { Length::Fits } else { Length::TooLarge })
    }
}

impl Items {
    /// Behind the opening bracket of an array.
    pub(crate) const fn of_array() -> Self {
        Self { close: b']', is_first: true }
    }

    /// The same behind one of them.
    pub(crate) const fn behind_one(self) -> Self {
        Self { is_first: false, ..self }
    }

    /// Behind the opening brace of an object.
    pub(crate) const fn of_object() -> Self {
        Self { close: b'}', is_first: true }
    }
}

impl At {
    pub(crate) fn malformed(&self, what: &'static str) -> ManifestError {
        let Self { read, place } = self.clone();
        ManifestError::Malformed { entries_read: read, place, what }
    }

    pub(crate) fn truncated(&self) -> ManifestError {
        let Self { read, place } = self.clone();
        ManifestError::Truncated { entries_read: read, place }
    }

    pub(crate) fn private_key(&self) -> ManifestError {
        let Self { read, place } = self.clone();
        ManifestError::PrivateKey { entries_read: read, place }
    }
}
