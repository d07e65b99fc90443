//! The bytes of a file, a buffer at a time.

use std::io::{self, ErrorKind, Read};

use crate::archive::ArchiveFault;
use crate::leg::Source;
use crate::private_key::Watch;
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

/// How a source goes to one of its bytes.
type GoTo<R> = fn(&mut R, u64) -> io::Result<()>;

/// A buffered source that counts what it reads against a limit, and looks for private keys in it.
#[derive(Debug)]
pub(crate) struct Input<R> {
    source: R,
    /// Missing where what is to be passed over has to be read.
    go_to: Option<GoTo<R>>,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    ended: bool,
    /// Bytes of the file up to the end of the buffer.
    read: u64,
    limit: u64,
    keys: Watch,
    /// Where in the buffer the marker of the first private key ends.
    key: Option<usize>,
}

impl<R: Read> Input<R> {
    pub(crate) fn new(source: R, limit: u64) -> Self {
        // One byte more than a head, so that a file of exactly that size is seen to end.
        let buffer = vec![0; HEAD_BYTES + 1];
        let keys = Watch::default();
        Self {
            source,
            go_to: None,
            buffer,
            start: 0,
            end: 0,
            ended: false,
            read: 0,
            limit,
            keys,
            key: None,
        }
    }

    /// A source of which parts can be passed over.
    pub(crate) fn resumable(source: R, limit: u64) -> Self
    where
        R: Source,
    {
        Self { go_to: Some(R::go_to), ..Self::new(source, limit) }
    }

    /// How many bytes of the file were consumed.
    pub(crate) fn offset(&self) -> u64 {
        let waiting = u64::try_from(self.buffered().len()).unwrap_or(u64::MAX);
        self.read.saturating_sub(waiting)
    }

    /// Passes over everything up to a byte behind the ones that were consumed.
    pub(crate) fn go_to(&mut self, offset: u64) -> Result<(), InputError> {
        if let Some(go_to) = self.go_to {
            go_to(&mut self.source, offset)?;
            (self.start, self.end, self.ended, self.read) = (0, 0, false, offset);
            (self.keys, self.key) = (Watch::default(), None);
            return Ok(());
        }
        while let Some(left) = offset.checked_sub(self.offset()).filter(|left| *left > 0) {
            let there = self.chunk()?.len();
            if there == 0 {
                break;
            }
            self.consume(there.min(usize::try_from(left).unwrap_or(usize::MAX)));
        }
        Ok(())
    }

    /// Puts bytes in front of those that follow, though they are not in the file.
    pub(crate) fn put_in_front(&mut self, bytes: &[u8]) {
        let mut buffer = [bytes, self.buffered()].concat();
        self.key = self.key.map(|end| (end + bytes.len()).saturating_sub(self.start));
        (self.start, self.end) = (0, buffer.len());
        buffer.resize(buffer.len().max(HEAD_BYTES + 1), 0);
        self.buffer = buffer;
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
            // A key that nobody asked for is still one.
            self.key = self.key.map(|_| 0);
            self.read()?;
        }
        Ok(self.buffered())
    }

    /// Marks bytes of the last chunk as done with.
    pub(crate) fn consume(&mut self, count: usize) {
        self.start = self.end.min(self.start.saturating_add(count));
    }

    /// Whether a PEM private key shows itself in the next bytes of the last chunk, be it with the last
    /// letter of its marker.
    pub(crate) fn shows_key(&self, count: usize) -> bool {
        self.key.is_some_and(|end| end <= self.start.saturating_add(count))
    }

    /// What is left of the last chunk.
    pub(crate) fn buffered(&self) -> &[u8] {
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
        if self.key.is_none() {
            // The whole buffer at once: this is much quicker than line by line.
            let fresh = self.buffer.get(self.end..self.end + count).unwrap_or_default();
            self.key = self.keys.find(fresh).map(|end| self.end + end);
        }
        self.end += count;
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        self.read = self.read.saturating_add(count);
        if self.read > self.limit { Err(InputError::TooLarge) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Read};

    use super::Input;

    /// Gives so many bytes at a time.
    struct Slow<'t>(&'t [u8], usize);

    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = self.1.min(buffer.len());
            self.0.read(&mut buffer[..count])
        }
    }

    #[test]
    fn a_key_shows_itself_with_the_last_letter_of_its_marker_and_not_before() {
        let text = [&[b'x'; 90][..], b"-----BEGIN PRIVATE KEY-----", &[b'y'; 90]].concat();
        for size in 1..text.len() {
            for step in [1, 7, 64, usize::MAX] {
                let mut input = Input::new(Slow(&text, size), 1_000);
                let mut read = 0;
                loop {
                    let count = input.chunk().unwrap().len().min(step);
                    let shows = input.shows_key(count);
                    assert_eq!(shows, read + count >= 117, "{size} {step} {read} {count}");
                    if shows {
                        break;
                    }
                    read += count;
                    input.consume(count);
                }
            }
        }
    }

    #[test]
    fn a_key_that_nobody_asked_for_is_not_forgotten() {
        let text = [b"PRIVATE KEY-----", &[b'x'; 100][..]].concat();
        let mut input = Input::new(Slow(&text, 20), 1_000);
        for _ in 0..3 {
            let count = input.chunk().unwrap().len();
            input.consume(count);
        }
        assert!(!input.chunk().unwrap().is_empty());
        assert!(input.shows_key(1));
    }
}
