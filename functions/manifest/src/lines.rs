//! The lines of a text, one at a time, and never more than the limit of one.

use std::io::Read;

use memchr::memchr;

use crate::context::Limits;
use crate::entry::Place;
use crate::error::ManifestError;
use crate::input::Input;
use crate::leg::Plain;

/// A text being read by line.
#[derive(Debug)]
pub(crate) struct Lines<R> {
    input: Input<R>,
    limits: Limits,
    number: u64,
    has_end: bool,
}

/// Whether a line was kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// It was.
    Text,
    /// It is over [`Limits::entry_bytes`], and was thrown away.
    TooLarge,
}

impl<R: Read> Lines<R> {
    pub(crate) fn new(input: Input<R>, limits: Limits) -> Self {
        Self { input, limits, number: 0, has_end: false }
    }

    /// Behind the last line, which was the end of so many entries.
    pub(crate) fn behind(&self, entries: u64) -> Plain {
        Plain { places: self.number, ..Plain::behind(entries, self.input.offset()) }
    }

    /// Goes on there.
    pub(crate) fn go_on(&mut self, from: &Plain) -> Result<(), ManifestError> {
        self.number = from.places;
        self.input
            .go_to(from.offset)
            .map_err(|error| ManifestError::from_input(error, from.entries, self.limits.bytes))
    }

    /// Where the last line is.
    pub(crate) const fn place(&self) -> Place {
        Place::Line(self.number)
    }

    /// Whether the last line is ended, and not by the end of the file.
    pub(crate) const fn has_end(&self) -> bool {
        self.has_end
    }

    /// Reads the next line into `text`, without its end. `read` is the number of entries so far.
    pub(crate) fn advance(
        &mut self,
        text: &mut Vec<u8>,
        read: u64,
    ) -> Result<Option<Line>, ManifestError> {
        text.clear();
        let mut length = 0_usize;
        let mut begun = false;
        loop {
            let limit = self.limits.bytes;
            let chunk = self
                .input
                .chunk()
                .map_err(|error| ManifestError::from_input(error, read, limit))?;
            if chunk.is_empty() {
                break;
            }
            if !begun {
                begun = true;
                self.number += 1;
            }
            let end = memchr(b'\n', chunk);
            let count = end.unwrap_or(chunk.len());
            if self.input.shows_key(count) {
                let place = Place::Line(self.number);
                return Err(ManifestError::PrivateKey { entries_read: read, place });
            }
            length = length.saturating_add(count);
            if length <= self.limits.entry_bytes {
                text.extend_from_slice(self.input.buffered().get(..count).unwrap_or_default());
            } else {
                text.clear();
            }
            self.has_end = end.is_some();
            self.input.consume(count + usize::from(self.has_end));
            if self.has_end {
                break;
            }
        }
        let kept = length <= self.limits.entry_bytes;
        Ok(begun.then_some(if kept { Line::Text } else { Line::TooLarge }))
    }
}
