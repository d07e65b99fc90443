//! The bytes of an XML file, a bounded number for each event.

use std::io::{self, BufRead, Read};

use crate::input::{Input, InputError};
use crate::private_key::Watch;

/// A group is kept as it stands up to so many times the limit of an entry: tags and blanks are not
/// counted otherwise.
const KEPT: usize = 4;

/// A source for the parser, which holds an event as a whole, however long it is.
#[derive(Debug)]
pub(super) struct Feed<R> {
    input: Input<R>,
    limit: usize,
    /// What the event that is being read may still take.
    left: usize,
    keys: Watch,
    holds_key: bool,
    /// The bytes of the group that is being read or was read last; of the last event otherwise.
    kept: Vec<u8>,
    keeping: Keeping,
    /// The parser's errors do not carry it.
    fault: Option<InputError>,
    is_overlong: bool,
    has_ended: bool,
}

/// What becomes of the bytes that the parser has taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Keeping {
    /// They are kept until the next event.
    Event,
    /// They are kept, because they are a group's.
    Group,
    /// The group is too large to be kept.
    TooLarge,
}

impl<R: Read> Feed<R> {
    pub(super) fn new(input: Input<R>, limit: usize) -> Self {
        Self {
            input,
            limit,
            left: limit,
            keys: Watch::default(),
            holds_key: false,
            kept: Vec::new(),
            keeping: Keeping::Event,
            fault: None,
            is_overlong: false,
            has_ended: false,
        }
    }

    /// How many bytes of the file the parser has taken.
    pub(super) fn offset(&self) -> u64 {
        self.input.offset()
    }

    /// Goes to a byte of the file, and puts `tags` in front of it.
    pub(super) fn go_on(&mut self, offset: u64, tags: &[u8]) -> Result<(), InputError> {
        self.input.go_to(offset)?;
        self.input.put_in_front(tags);
        Ok(())
    }

    /// Begins the next event.
    pub(super) fn allow(&mut self) {
        self.left = self.limit;
        if self.keeping == Keeping::Event {
            self.kept.clear();
        }
    }

    /// A group has begun with the last event.
    pub(super) fn keep(&mut self) {
        self.keeping = Keeping::Group;
    }

    /// The group has ended with the last event. It is kept until the next one.
    pub(super) fn keep_no_more(&mut self) {
        self.keeping = Keeping::Event;
    }

    /// The group that has just ended. `None` where it was too large.
    pub(super) fn kept(&self) -> Option<&[u8]> {
        (!self.kept.is_empty()).then_some(self.kept.as_slice())
    }

    pub(super) const fn take_fault(&mut self) -> Option<InputError> {
        self.fault.take()
    }

    pub(super) const fn is_overlong(&self) -> bool {
        self.is_overlong
    }

    pub(super) const fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// Whether a private key was among what the parser has taken.
    pub(super) const fn holds_key(&self) -> bool {
        self.holds_key
    }
}

impl<R: Read> Read for Feed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(buffer)?;
        self.consume(count);
        Ok(count)
    }
}

impl<R: Read> BufRead for Feed<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.left == 0 {
            self.is_overlong = true;
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        match self.input.chunk() {
            Ok(chunk) => {
                self.has_ended = chunk.is_empty();
                Ok(chunk.get(..self.left).unwrap_or(chunk))
            }
            Err(error) => {
                self.fault = Some(error);
                Err(io::ErrorKind::Other.into())
            }
        }
    }

    fn consume(&mut self, count: usize) {
        if let Ok(chunk) = self.input.chunk() {
            let taken = chunk.get(..count).unwrap_or(chunk);
            self.holds_key |= self.keys.sees(taken);
            if self.kept.len().saturating_add(taken.len()) > self.limit.saturating_mul(KEPT) {
                self.kept.clear();
                self.keeping = Keeping::TooLarge;
            }
            if self.keeping != Keeping::TooLarge {
                self.kept.extend_from_slice(taken);
            }
        }
        self.input.consume(count);
        self.left = self.left.saturating_sub(count);
    }
}
