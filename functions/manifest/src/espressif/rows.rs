//! The rows of a table (RFC 4180), one at a time, and never more than the limit of one.

use std::io::Read;

use memchr::memchr;

use crate::context::Limits;
use crate::entry::Place;
use crate::error::ManifestError;
use crate::input::Input;
use crate::leg::Plain;
use crate::lines::{Line, Lines};

/// A table being read by row.
#[derive(Debug)]
pub(super) struct Rows<R> {
    lines: Lines<R>,
    limit: usize,
    delimiter: u8,
    text: Vec<u8>,
    is_kept: bool,
    place: Place,
}

/// Whether a row was kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Row {
    /// It was: [`Rows::text`].
    Text,
    /// It is over [`Limits::entry_bytes`], and was thrown away.
    TooLarge,
}

/// Where in a row the reading stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// In front of a cell.
    Start,
    /// In a cell without quotes.
    Plain,
    /// Within quotes, where a line may end and the row does not.
    Quoted,
    /// Behind a quote within quotes: the last one, or half of one that is meant.
    Quote,
}

impl<R: Read> Rows<R> {
    pub(super) fn new(input: Input<R>, limits: Limits, delimiter: u8) -> Self {
        let lines = Lines::new(input, limits);
        Self {
            lines,
            limit: limits.entry_bytes,
            delimiter,
            text: Vec::new(),
            is_kept: false,
            place: Place::File,
        }
    }

    /// Behind the last row, which was the end of so many entries.
    pub(super) fn behind(&self, entries: u64) -> Plain {
        self.lines.behind(entries)
    }

    /// Goes on there.
    pub(super) fn go_on(&mut self, from: &Plain) -> Result<(), ManifestError> {
        self.lines.go_on(from)
    }

    /// The line that the last row begins with.
    pub(super) fn place(&self) -> Place {
        self.place.clone()
    }

    /// The last row with its line ends; nothing where it was not kept.
    pub(super) fn text(&self) -> &[u8] {
        if self.is_kept { &self.text } else { &[] }
    }

    /// Whether the last row is ended by the end of the file alone, so that it may go on.
    pub(super) fn is_open(&self) -> bool {
        !self.lines.has_end() && !self.text.trim_ascii_end().ends_with(b"\"")
    }

    /// Reads the next row that is not blank. `read` is the number of entries so far.
    pub(super) fn advance(&mut self, read: u64) -> Result<Option<Row>, ManifestError> {
        let mut line = Vec::new();
        self.is_kept = false;
        loop {
            let Some(kept) = self.lines.advance(&mut line, read)? else { return Ok(None) };
            self.place = self.lines.place();
            if kept == Line::TooLarge {
                return Ok(Some(Row::TooLarge));
            }
            if !line.trim_ascii().is_empty() {
                break;
            }
        }
        self.text.clear();
        let mut fits = true;
        let mut at = At::Start;
        loop {
            // Most lines of a certificate are within quotes, and have none.
            if at != At::Quoted || memchr(b'"', &line).is_some() {
                at = line.iter().fold(at, |at, byte| self.step(at, *byte));
            }
            fits &= self.text.len().saturating_add(line.len()) < self.limit;
            if fits {
                self.text.extend_from_slice(&line);
                self.text.push(b'\n');
            }
            if at != At::Quoted {
                self.is_kept = fits;
                return Ok(Some(if fits { Row::Text } else { Row::TooLarge }));
            }
            match self.lines.advance(&mut line, read)? {
                Some(Line::Text) => {}
                Some(Line::TooLarge) => {
                    return Err(ManifestError::Malformed {
                        entries_read: read,
                        place: self.place(),
                        what: "a quotation mark is opened and not closed within reason",
                    });
                }
                None => {
                    return Err(ManifestError::Truncated {
                        entries_read: read,
                        place: self.place(),
                    });
                }
            }
        }
    }

    const fn step(&self, at: At, byte: u8) -> At {
        match (at, byte) {
            (At::Quoted, b'"') => At::Quote,
            (At::Quoted, _) | (At::Start | At::Quote, b'"') => At::Quoted,
            (_, byte) if byte == self.delimiter => At::Start,
            _ => At::Plain,
        }
    }
}
