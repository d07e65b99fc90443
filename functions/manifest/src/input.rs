//! The bytes of a file, a buffer at a time.

use std::io::{self, ErrorKind, Read};

use crate::archive::ArchiveFault;
use crate::recognize::HEAD_BYTES;

/// Why no more bytes come.
#[derive(Debug)]
pub(crate) enum InputError {
    /// The file is larger than the limit.
    TooLarge,
    /// The source failed.
    Read { kind: ErrorKind, text: String },
    /// The source is a member of an archive, and the archive is broken.
    Archive(ArchiveFault),
}

impl From<io::Error> for InputError {
    fn from(error: io::Error) -> Self {
        match ArchiveFault::carried_by(&error) {
            Some(fault) => Self::Archive(fault),
            None => Self::Read { kind: error.kind(), text: error.to_string() },
        }
    }
}

/// A buffered source that counts what it reads against a limit.
#[derive(Debug)]
pub(crate) struct Input<R> {
    source: R,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    ended: bool,
    left: u64,
}

impl<R: Read> Input<R> {
    pub(crate) fn new(source: R, limit: u64) -> Self {
        // One byte more than a head, so that a file of exactly that size is seen to end.
        let buffer = vec![0; HEAD_BYTES + 1];
        Self { source, buffer, start: 0, end: 0, ended: false, left: limit }
    }

    /// The first bytes of the file without consuming them, and whether they are all.
    pub(crate) fn head(&mut self) -> Result<(&[u8], bool), InputError> {
        while !self.ended && self.end < self.buffer.len() {
            self.read()?;
        }
        Ok((self.buffered(), self.ended))
    }

    /// The next bytes without consuming them. Empty only at the end of the file.
    pub(crate) fn chunk(&mut self) -> Result<&[u8], InputError> {
        if self.start == self.end && !self.ended {
            self.start = 0;
            self.end = 0;
            self.read()?;
        }
        Ok(self.buffered())
    }

    /// Marks bytes of the last chunk as done with.
    pub(crate) fn consume(&mut self, count: usize) {
        self.start = self.end.min(self.start.saturating_add(count));
    }

    fn buffered(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    fn read(&mut self) -> Result<(), InputError> {
        let space = self.buffer.get_mut(self.end..).unwrap_or_default();
        let count = loop {
            match self.source.read(space) {
                Ok(count) => break count.min(space.len()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        };
        self.ended = count == 0;
        self.end += count;
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        self.left = self.left.checked_sub(count).ok_or(InputError::TooLarge)?;
        Ok(())
    }
}
