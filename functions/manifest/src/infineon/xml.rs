//! Infineon's XML: groups with a MAC and certificates in hex.

mod feed;
mod group;

use std::collections::VecDeque;
use std::io::Read;

use quick_xml::errors::Error;
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use self::feed::Feed;
use self::group::{Group, PrivateKey};
use super::Maker;
use crate::context::Limits;
use crate::crew::Taken;
use crate::entry::Place;
use crate::error::ManifestError;
use crate::excerpt::Slice;
use crate::input::Input;
use crate::leg::Plain;
use crate::mac;
use crate::reason::Reason;

/// A file being read.
pub(super) struct Xml<'a, R> {
    reader: Reader<Feed<R>>,
    buffer: Vec<u8>,
    limits: Limits,
    depth: usize,
    /// The names of the elements that are open around groups, as they stand there.
    around: Vec<String>,
    /// The group that is open, and the depth of its element.
    group: Option<(usize, Group)>,
    groups: u64,
    is_over: bool,
    /// Entries of the last group that are still to be given, and how many it has.
    ready: VecDeque<Taken<'a>>,
    of_group: usize,
    number: u64,
}

impl<R> std::fmt::Debug for Xml<'_, R> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Xml").field("groups", &self.groups).finish_non_exhaustive()
    }
}

/// What an event means here.
enum Step {
    Open { name: String, tag: String, mac: Option<Result<String, Reason>>, is_empty: bool },
    Close,
    Text(String),
    Doctype,
    Undefined,
    Nothing,
    End,
}

impl<'a, R: Read> Xml<'a, R> {
    pub(super) fn new(input: Input<R>, limits: Limits) -> Self {
        Self {
            reader: Reader::from_reader(Feed::new(input, limits.entry_bytes)),
            buffer: Vec::new(),
            limits,
            depth: 0,
            around: Vec::new(),
            group: None,
            groups: 0,
            is_over: false,
            ready: VecDeque::new(),
            of_group: 0,
            number: 0,
        }
    }

    pub(super) fn read(&mut self, maker: Maker<'a>) -> Result<Option<Taken<'a>>, ManifestError> {
        loop {
            if let Some(taken) = self.ready.pop_front() {
                self.number += 1;
                return Ok(Some(taken));
            }
            match self.step()? {
                Step::Open { name, tag, mac, is_empty } => {
                    self.open(&name, tag, mac)?;
                    if is_empty {
                        self.close(maker)?;
                    }
                }
                Step::Close => self.close(maker)?,
                Step::Text(text) => {
                    if let Some((_, group)) = &mut self.group {
                        group.text(&text);
                    }
                }
                Step::Doctype => {
                    let (entries_read, place) = (self.number, self.place());
                    return Err(ManifestError::Doctype { entries_read, place });
                }
                Step::Undefined => {
                    return Err(self.malformed("it refers to an entity that is not defined"));
                }
                Step::Nothing => {}
                Step::End if self.depth > 0 => return Err(self.truncated()),
                Step::End if self.number == 0 => return Err(ManifestError::Empty),
                Step::End => return Ok(None),
            }
        }
    }

    /// Behind the last group; none while it still has entries to give.
    pub(super) fn position(&self) -> Option<Plain> {
        let offset = self.reader.get_ref().offset();
        let (places, open) = (self.groups, self.around.clone());
        self.ready.is_empty().then(|| Plain { places, open, ..Plain::behind(self.number, offset) })
    }

    /// Goes on there: within the same elements, which are opened once more.
    pub(super) fn go_on(&mut self, from: &Plain) -> Result<(), ManifestError> {
        let tags = from.open.iter().fold(String::new(), |tags, name| tags + "<" + name + " >");
        (self.number, self.groups) = (from.entries, from.places);
        self.is_over = from.open.is_empty();
        self.reader
            .get_mut()
            .go_on(from.offset, tags.as_bytes())
            .map_err(|error| ManifestError::from_input(error, from.entries, self.limits.bytes))
    }

    /// The group of the last entry, as it stands in the file. `None` where it is too large.
    pub(super) fn slice(&self) -> Option<Slice<'_>> {
        let count = |number| u64::try_from(number).unwrap_or(u64::MAX);
        let bytes = self.reader.get_ref().kept()?;
        let at = self.of_group.saturating_sub(self.ready.len() + 1);
        Some(Slice { bytes, at: count(at), of: count(self.of_group) })
    }

    fn step(&mut self) -> Result<Step, ManifestError> {
        self.buffer.clear();
        self.reader.get_mut().allow();
        let is_around = self.group.is_none();
        let result = self.reader.read_event_into(&mut self.buffer).map(|event| match event {
            Event::Start(start) => open(&start, is_around, false),
            Event::Empty(start) => open(&start, is_around, true),
            Event::End(_) => Step::Close,
            Event::Text(text) => Step::Text(text.to_string()),
            Event::CData(text) => Step::Text(text.to_string()),
            Event::GeneralRef(reference) => {
                let character = match reference.resolve_char_ref() {
                    Ok(Some(character)) => Some(character.to_string()),
                    Ok(None) => {
                        quick_xml::escape::resolve_predefined_entity(&reference).map(str::to_owned)
                    }
                    Err(_) => None,
                };
                character.map_or(Step::Undefined, Step::Text)
            }
            Event::DocType(_) => Step::Doctype,
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => Step::Nothing,
            Event::Eof => Step::End,
        });
        if self.reader.get_ref().holds_key() {
            let (entries_read, place) = (self.number, self.place());
            return Err(ManifestError::PrivateKey { entries_read, place });
        }
        result.map_err(|error| self.unreadable(&error))
    }

    fn open(
        &mut self,
        name: &str,
        tag: String,
        mac: Option<Result<String, Reason>>,
    ) -> Result<(), ManifestError> {
        if self.is_over {
            return Err(self.malformed("there is something after the end of the manifest"));
        }
        if self.depth >= self.limits.depth {
            let (entries_read, place) = (self.number, self.place());
            let limit = self.limits.depth;
            return Err(ManifestError::TooDeep { entries_read, place, limit });
        }
        self.depth += 1;
        match &mut self.group {
            Some((_, group)) => group.open(name, self.depth, mac),
            None if name == "group" => {
                self.groups += 1;
                self.group = Some((self.depth, Group::new(self.limits.entry_bytes)));
                self.reader.get_mut().keep();
            }
            None => self.around.push(tag),
        }
        Ok(())
    }

    fn close(&mut self, maker: Maker<'a>) -> Result<(), ManifestError> {
        if self.group.as_ref().is_some_and(|(depth, _)| *depth == self.depth) {
            if let Some((_, group)) = self.group.take() {
                let place = Place::Group(self.groups);
                self.ready = group.finish(&place, maker).map_err(|PrivateKey| {
                    ManifestError::PrivateKey { entries_read: self.number, place }
                })?;
                self.of_group = self.ready.len();
                self.reader.get_mut().keep_no_more();
            }
        } else if let Some((_, group)) = &mut self.group {
            group.close(self.depth);
        } else {
            self.around.pop();
        }
        self.depth = self.depth.saturating_sub(1);
        self.is_over = self.depth == 0;
        Ok(())
    }

    fn unreadable(&mut self, error: &Error) -> ManifestError {
        let feed = self.reader.get_mut();
        if let Some(error) = feed.take_fault() {
            return ManifestError::from_input(error, self.number, self.limits.bytes);
        }
        if feed.is_overlong() {
            return self.malformed("a tag or a text is longer than a whole entry may be");
        }
        if feed.has_ended() {
            return self.truncated();
        }
        self.malformed(match error {
            Error::Encoding(_) => "it is not text in UTF-8",
            _ => "it is not well-formed XML",
        })
    }

    fn malformed(&self, what: &'static str) -> ManifestError {
        ManifestError::Malformed { entries_read: self.number, place: self.place(), what }
    }

    fn truncated(&self) -> ManifestError {
        ManifestError::Truncated { entries_read: self.number, place: self.place() }
    }

    const fn place(&self) -> Place {
        if self.groups == 0 { Place::File } else { Place::Group(self.groups) }
    }
}

/// `is_around` where no group is open, so that the element may be one around groups.
fn open(start: &BytesStart<'_>, is_around: bool, is_empty: bool) -> Step {
    let name = start.local_name().into_inner().to_ascii_lowercase();
    let mac = if name == "hex" { mac(start) } else { None };
    let tag = if is_around { start.name().into_inner().to_owned() } else { String::new() };
    Step::Open { name, tag, mac, is_empty }
}

/// The MAC that a `hex` element gives, if it does.
fn mac(start: &BytesStart<'_>) -> Option<Result<String, Reason>> {
    const BROKEN: Reason = Reason::malformed("a `hex` element's attributes are not in order");
    let (mut is_mac, mut value) = (false, None);
    for attribute in start.attributes() {
        let Ok(attribute) = attribute else { return Some(Err(BROKEN)) };
        let name = attribute.key.local_name().into_inner().to_ascii_lowercase();
        let Ok(text) = attribute.normalized_value(XmlVersion::Implicit1_0) else {
            return Some(Err(BROKEN));
        };
        match name.as_str() {
            "name" => is_mac = text.trim().eq_ignore_ascii_case("TpmMAC"),
            "value" => value = Some(mac::parse(&text)),
            _ => {}
        }
    }
    is_mac.then(|| value.unwrap_or(Err(BROKEN)))
}
