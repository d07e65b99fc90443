//! The elements of a JSON array, one at a time, as text.

use std::io::Read;

use crate::context::Limits;
use crate::entry::Place;
use crate::error::ManifestError;
use crate::input::Input;
use crate::json::{At, Items, Length, Reader};
use crate::leg::Plain;

/// An array (or a single value) being taken apart.
#[derive(Debug)]
pub(super) struct Elements<R> {
    json: Reader<R>,
    limits: Limits,
    stage: Stage,
    number: u64,
}

/// Where the reading stands.
#[derive(Clone, Copy, Debug)]
enum Stage {
    Start,
    /// Within the array.
    Array(Items),
    /// Behind the only value of the file.
    End,
}

impl<R: Read> Elements<R> {
    pub(super) fn new(input: Input<R>, limits: Limits) -> Self {
        Self { json: Reader::new(input, limits), limits, stage: Stage::Start, number: 0 }
    }

    /// The number of the last element, counted from 1.
    pub(super) const fn number(&self) -> u64 {
        self.number
    }

    /// Behind the last element.
    pub(super) fn position(&self) -> Plain {
        Plain::behind(self.number, self.json.offset())
    }

    /// Goes on behind an element.
    pub(super) fn go_on(&mut self, from: &Plain) -> Result<(), ManifestError> {
        let at = At { read: from.entries, place: Place::Entry(from.entries + 1) };
        // A single value has nothing behind it.
        self.stage = match self.json.peek(&at)? {
            Some(b'[') => Stage::Array(Items::of_array().behind_one()),
            _ => Stage::End,
        };
        self.number = from.entries;
        self.json.go_to(from.offset, &at)
    }

    pub(super) fn text(&self) -> &[u8] {
        self.json.text()
    }

    pub(super) fn advance(&mut self) -> Result<Option<Length>, ManifestError> {
        let at = At { read: self.number, place: Place::Entry(self.number + 1) };
        loop {
            match self.stage {
                Stage::Start => match self.json.peek(&at)? {
                    None => return Ok(None),
                    Some(b'[') => {
                        self.json.step();
                        self.stage = Stage::Array(Items::of_array());
                    }
                    Some(b'{') => {
                        self.stage = Stage::End;
                        return self.element(&at).map(Some);
                    }
                    Some(_) => return Err(at.malformed("a JSON array or object is wanted here")),
                },
                Stage::Array(mut items) => {
                    if self.json.next_item(&mut items, &at)? {
                        self.stage = Stage::Array(items);
                        return self.element(&at).map(Some);
                    }
                    self.stage = Stage::End;
                }
                Stage::End => {
                    if self.json.peek(&at)?.is_none() {
                        return Ok(None);
                    }
                    let end = At { place: Place::File, ..at };
                    return Err(end.malformed("there is something after the end of the manifest"));
                }
            }
        }
    }

    /// Reads the element that begins with the next byte.
    fn element(&mut self, at: &At) -> Result<Length, ManifestError> {
        if self.number >= self.limits.entries {
            return Err(ManifestError::TooManyEntries { limit: self.limits.entries });
        }
        let length = self.json.value(at)?;
        self.number += 1;
        Ok(length)
    }
}
