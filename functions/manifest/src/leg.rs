//! Files that are too long to be read in one go are read in legs.
//!
//! A leg ends behind an entry, and the next one goes on there: by the entry's place in bytes, so that
//! what was read is not read again. Only within a member of a zip archive it comes out once more and
//! is thrown away. A 7z archive can be walked from within only, and is read in one go or not at all.

use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom};

use serde::{Deserialize, Serialize};

use crate::decode::Summary;
use crate::device_infos::Unfinished;
use crate::error::ManifestError;

/// A file that can be read from any of its bytes on.
pub trait Source: Read {
    /// Goes to the byte that so many are in front of.
    fn go_to(&mut self, offset: u64) -> io::Result<()>;
}

impl<T: AsRef<[u8]>> Source for Cursor<T> {
    fn go_to(&mut self, offset: u64) -> io::Result<()> {
        self.set_position(offset);
        Ok(())
    }
}

impl Source for File {
    fn go_to(&mut self, offset: u64) -> io::Result<()> {
        self.seek(SeekFrom::Start(offset)).map(drop)
    }
}

impl<S: Source + ?Sized> Source for &mut S {
    fn go_to(&mut self, offset: u64) -> io::Result<()> {
        (**self).go_to(offset)
    }
}

/// One of the legs in which a file is read.
#[derive(Clone, Copy)]
pub struct Leg<'l> {
    /// Where the leg before it ended; none for the first one.
    pub from: Option<&'l Position>,
    /// Whether it is to end behind the entry that was taken last. It is asked after each entry, by the
    /// thread that reads, so that it has to answer quickly.
    pub enough: &'l dyn Fn() -> bool,
}

impl Leg<'static> {
    /// The whole file in one go.
    pub(crate) const WHOLE: Self = Self { from: None, enough: &|| false };
}

impl std::fmt::Debug for Leg<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Leg").field("from", &self.from).finish_non_exhaustive()
    }
}

/// How far a leg has come. Every entry before was handed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The file was read to its end.
    Whole(Summary),
    /// The next leg goes on here.
    Rest(Position),
}

/// Where the next leg begins. It belongs to the file that it comes from, and to the same
/// [`Context`](crate::Context).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// Entries of the file before it.
    pub(crate) entries: u64,
    pub(crate) spot: Spot,
}

impl Position {
    /// How many entries of the file were handed on before, refused ones included.
    #[must_use]
    pub const fn entries(&self) -> u64 {
        self.entries
    }

    /// The byte of the file from which on it is read again. An archive is opened anew, and has none.
    #[must_use]
    pub const fn offset(&self) -> Option<u64> {
        match &self.spot {
            Spot::Plain(plain) => Some(plain.offset),
            Spot::Devices(unfinished) => Some(unfinished.offset),
            Spot::Member { .. } => None,
        }
    }

    /// What is said where a position and a file do not belong together.
    pub(crate) fn misplaced(&self) -> ManifestError {
        ManifestError::Read {
            entries_read: self.entries,
            kind: io::ErrorKind::InvalidInput,
            text: "the place where reading stopped is one of another file".to_owned(),
        }
    }
}

/// Where in a file of some form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Spot {
    /// In a file that is no archive.
    Plain(Plain),
    /// In the n-th member of a zip archive, counted from 0.
    Member {
        index: usize,
        /// Bytes that came out of the members in front of it.
        inflated: u64,
        /// Where in it; none at its beginning.
        plain: Option<Plain>,
    },
    /// Among the devices of device-infos.
    Devices(Unfinished),
}

/// Behind an entry of a plain file, of which at least one was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Plain {
    /// Bytes before it.
    pub offset: u64,
    /// Entries of this file before it.
    pub entries: u64,
    /// Lines before it, or groups of XML.
    pub places: u64,
    /// The names of the elements of XML that are open there, the innermost last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub open: Vec<String>,
}

impl Plain {
    /// Behind so many entries of a file that is told by its bytes alone.
    pub(crate) const fn behind(entries: u64, offset: u64) -> Self {
        Self { offset, entries, places: 0, open: Vec::new() }
    }
}

/// A reader of one plain file that can be left, and gone on with by another one.
pub(crate) trait Resumable {
    /// Behind the last entry; none where a reader cannot begin there.
    fn position(&self) -> Option<Plain>;

    /// Goes on there, right after the reader was opened.
    fn go_on(&mut self, from: &Plain) -> Result<(), ManifestError>;
}
