//! The lines of a text, one at a time, and never more than the limit of one.

use std::io::Read;

use crate::context::Limits;
use crate::entry::Place;
use crate::error::ManifestError;
use crate::input::Input;
use crate::private_key::Watch;

/// A text being read by line.
#[derive(Debug)]
pub(crate) struct Lines<R> {
    input: Input<R>,
    limits: Limits,
    number: u64,
    has_end: bool,
    keys: Watch,
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
        Self { input, limits, number: 0, has_end: false, keys: Watch::default() }
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
            let end = chunk.iter().position(|byte| *byte == b'\n');
            let piece = chunk.get(..end.unwrap_or(chunk.len())).unwrap_or(chunk);
            if self.keys.sees(piece) {
                let place = Place::Line(self.number);
                return Err(ManifestError::PrivateKey { entries_read: read, place });
            }
            length = length.saturating_add(piece.len());
            if length <= self.limits.entry_bytes {
                text.extend_from_slice(piece);
            } else {
                text.clear();
            }
            let count = piece.len() + usize::from(end.is_some());
            self.has_end = end.is_some();
            self.input.consume(count);
            if self.has_end {
                break;
            }
        }
        let kept = length <= self.limits.entry_bytes;
        Ok(begun.then_some(if kept { Line::Text } else { Line::TooLarge }))
    }
}
