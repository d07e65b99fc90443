//! Device-infos: what a factory's manufacturing execution system (MES) says about devices whose
//! certificates are registered already.
//!
//! The file is one JSON object. Its members may stand in any order, so the batch may come to light
//! after the last device.

mod device;
mod fault;
mod unread;

use std::io::Read;
use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use self::device::DeviceInfo;
use self::device::Refusal;
pub use self::fault::{DeviceFault, FingerprintFault};
use self::unread::Unread;
use crate::bucket::Bucket;
use crate::context::Limits;
use crate::decode::Summary;
use crate::entry::{Place, Warning};
use crate::error::{EntryError, ManifestError};
use crate::excerpt::{Frame, Piece, Slice, Tap};
use crate::input::Input;
use crate::json::{self, At, Borrowed, Items, Length, Reader};
use crate::leg::{Leg, Position, Progress, Source, Spot};
use crate::private_key;
use crate::reason::Reason;
use crate::recognize::{self, Content, foreign};
use crate::sink::Stop;

/// How long the name of a batch may be, in characters. It stands in the report.
const LONGEST_BATCH: usize = 256;

/// Reads device-infos, and hands each device to `devices`; memory does not grow with the file.
///
/// It fails and ends as [`decode`](crate::decode()) does.
pub fn decode_device_infos<R: Read>(
    mut source: R,
    limits: Limits,
    devices: &mut dyn FnMut(Result<DeviceInfo, EntryError>) -> ControlFlow<()>,
) -> Result<Summary, ManifestError> {
    decode_from(&mut source, limits, devices)
}

/// Compiled once, and for speed: see [`decode`](crate::decode()).
fn decode_from(
    source: &mut dyn Read,
    limits: Limits,
    devices: &mut dyn FnMut(Result<DeviceInfo, EntryError>) -> ControlFlow<()>,
) -> Result<Summary, ManifestError> {
    match read(Input::new(source, limits.bytes), limits, Leg::WHOLE, &mut |device, _| {
        devices(device)
    })? {
        Progress::Whole(summary) => Ok(summary),
        // Nobody stops it.
        Progress::Rest(_) => Ok(Summary::default()),
    }
}

/// Reads one leg of device-infos, as [`decode_leg`](crate::decode_leg()) does of a manifest.
pub fn decode_device_infos_leg(
    source: &mut dyn Source,
    limits: Limits,
    leg: Leg<'_>,
    devices: &mut dyn FnMut(Result<DeviceInfo, EntryError>) -> ControlFlow<()>,
) -> Result<Progress, ManifestError> {
    let input = Input::resumable(source, limits.bytes);
    read(input, limits, leg, &mut |device, _| devices(device))
}

/// What is known of a file behind one of its devices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Unfinished {
    /// Bytes before it.
    pub offset: u64,
    batch: Option<String>,
    /// What is odd about the batch.
    notes: Vec<String>,
    unread: Unread,
}

/// Hands each device to `tap` as it stands in the file, and gives the batch.
///
/// The file is read to its end, because the batch may come last.
pub(crate) fn read_pieces<R: Read>(
    source: R,
    limits: Limits,
    tap: &mut Tap<'_>,
) -> Result<Option<String>, ManifestError> {
    let mut number = 0;
    let mut is_over = false;
    let input = Input::new(source, limits.bytes);
    let progress = read(input, limits, Leg::WHOLE, &mut |_, text| {
        number += 1;
        let piece = Slice::of_one(text).map(|slice| Piece {
            slice,
            frame: Frame::DEVICES,
            file: 0,
            member: None,
        });
        is_over = is_over || tap(number, piece).is_break();
        ControlFlow::Continue(())
    })?;
    match progress {
        Progress::Whole(summary) => Ok(summary.batch),
        // Nobody stops it.
        Progress::Rest(_) => Ok(None),
    }
}

/// Who is handed each device, and its text: none where it is too large to be kept.
type Devices<'d> = dyn FnMut(Result<DeviceInfo, EntryError>, &[u8]) -> ControlFlow<()> + 'd;

fn read<R: Read>(
    mut input: Input<R>,
    limits: Limits,
    leg: Leg<'_>,
    devices: &mut Devices<'_>,
) -> Result<Progress, ManifestError> {
    let (head, complete) =
        input.head().map_err(|error| ManifestError::from_input(error, 0, limits.bytes))?;
    match recognize::recognize(head, complete) {
        // Reading on finds the place of what is wrong.
        Content::PrivateKey | Content::Unknown if recognize::starts_json(head) => {}
        Content::Unknown => {
            let (found, expected) = (foreign::UNKNOWN, Bucket::Mes);
            return Err(ManifestError::WrongFormat { found, expected });
        }
        content => drop(content.purpose(Bucket::Mes)?),
    }
    let mark = recognize::mark_length(head);
    input.consume(mark);
    let json = Reader::new(input, limits);
    let mut file = File {
        json,
        limits,
        leg,
        devices,
        read: 0,
        has_devices: false,
        batch: None,
        notes: Vec::new(),
        unread: Unread::default(),
    };
    match file.read() {
        Ok(()) => Ok(Progress::Whole(file.summary())),
        Err(Stop::Paused(spot)) => Ok(Progress::Rest(Position { entries: file.read, spot: *spot })),
        Err(Stop::BrokenOff) => Ok(Progress::Whole(Summary::default())),
        Err(Stop::Unusable(error)) => Err(error),
    }
}

/// A file being read.
struct File<'d, 'f, R> {
    json: Reader<R>,
    limits: Limits,
    leg: Leg<'d>,
    devices: &'d mut Devices<'f>,
    read: u64,
    has_devices: bool,
    batch: Option<String>,
    notes: Vec<Warning>,
    unread: Unread,
}

impl<R: Read> File<'_, '_, R> {
    fn read(&mut self) -> Result<(), Stop> {
        match self.json.peek(&self.at())? {
            Some(b'{') => self.json.step(),
            None => return Err(ManifestError::Empty.into()),
            Some(_) => {
                let what = "a JSON object with the member `devices` is wanted here";
                return Err(self.at().malformed(what).into());
            }
        }
        let mut members = Items::of_object();
        if let Some(from) = self.leg.from {
            self.go_on(from)?;
            members = members.behind_one();
        }
        while self.json.next_item(&mut members, &self.at())? {
            match self.name()?.as_deref() {
                Some("devices") => self.devices()?,
                Some("batch_id" | "batchId") => self.batch()?,
                name => self.pass_over(name)?,
            }
        }
        if self.json.peek(&self.at())?.is_some() {
            let what = "there is something after the end of the JSON object";
            return Err(self.at().malformed(what).into());
        }
        if !self.has_devices {
            return Err(self.at().malformed("the member `devices` is missing").into());
        }
        if self.read == 0 { Err(ManifestError::Empty.into()) } else { Ok(()) }
    }

    /// The name of the next member, up to its colon; `None` where it is too long to be looked at.
    fn name(&mut self) -> Result<Option<String>, ManifestError> {
        let at = self.at();
        if self.json.peek(&at)? != Some(b'"') {
            return Err(at.malformed("a member's name in quotation marks is wanted here"));
        }
        let name = match self.json.value(&at)? {
            Length::TooLarge => None,
            Length::Fits => match json::parse(self.json.text(), 0) {
                Ok(Value::String(name)) => Some(name),
                _ => return Err(at.malformed("a member's name is broken")),
            },
        };
        match self.json.peek(&at)? {
            Some(b':') => self.json.step(),
            Some(_) => return Err(at.malformed("there is no colon after a member's name")),
            None => return Err(at.truncated()),
        }
        match self.json.peek(&at)? {
            Some(_) => Ok(name),
            None => Err(at.truncated()),
        }
    }

    fn devices(&mut self) -> Result<(), Stop> {
        let at = self.at();
        if self.has_devices {
            return Err(at.malformed("the member `devices` is there twice").into());
        }
        self.has_devices = true;
        if self.json.peek(&at)? != Some(b'[') {
            return Err(at.malformed("`devices` is not an array").into());
        }
        self.json.step();
        self.items(Items::of_array())
    }

    /// Goes on behind a device, and reads the others.
    fn go_on(&mut self, from: &Position) -> Result<(), Stop> {
        let Spot::Devices(unfinished) = &from.spot else { return Err(from.misplaced().into()) };
        let Unfinished { offset, batch, notes, unread } = unfinished.clone();
        self.read = from.entries;
        self.has_devices = true;
        (self.batch, self.unread) = (batch, unread);
        self.notes = notes.into_iter().map(batch_note).collect();
        self.json.go_to(offset, &self.at())?;
        self.items(Items::of_array().behind_one())
    }

    fn items(&mut self, mut items: Items) -> Result<(), Stop> {
        while self.json.next_item(&mut items, &self.at_device())? {
            self.device()?;
            if (self.leg.enough)() {
                return Err(Stop::Paused(Box::new(Spot::Devices(self.unfinished()))));
            }
        }
        Ok(())
    }

    fn unfinished(&self) -> Unfinished {
        Unfinished {
            offset: self.json.offset(),
            batch: self.batch.clone(),
            notes: self.notes.iter().map(|note| note.text.clone()).collect(),
            unread: self.unread.clone(),
        }
    }

    fn device(&mut self) -> Result<(), Stop> {
        if self.read >= self.limits.entries {
            return Err(ManifestError::TooManyEntries { limit: self.limits.entries }.into());
        }
        let at = self.at_device();
        let mut id = String::new();
        let (number, place) = (self.read + 1, at.place.clone());
        let told = match self.json.value(&at)? {
            Length::TooLarge => {
                let limit = self.limits.entry_bytes;
                Err(Refusal::Reason(Reason::EntryTooLarge { limit }))
            }
            Length::Fits => {
                device::read(self.json.text(), self.limits.depth, &mut id, &mut self.unread)
            }
        };
        let device = match told {
            Ok(told) => Ok(DeviceInfo { number, place, ..told }),
            Err(Refusal::Reason(reason)) => Err(EntryError { number, place, id, reason }),
            Err(Refusal::PrivateKey) => return Err(at.private_key().into()),
        };
        self.read = number;
        match (self.devices)(device, self.json.text()) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(Stop::BrokenOff),
        }
    }

    /// The batch is a remark of the factory's: whatever is wrong with it costs no device.
    fn batch(&mut self) -> Result<(), ManifestError> {
        let batch = match self.any_value()? {
            Some(Value::String(batch)) => batch,
            Some(Value::Number(batch)) => batch.to_string(),
            Some(Value::Null) => return Ok(()),
            _ => {
                self.note_batch("it is no text");
                return Ok(());
            }
        };
        if batch.is_empty() || self.batch.as_ref() == Some(&batch) {
            return Ok(());
        }
        if self.batch.is_some() {
            self.note_batch("it is there twice, with two values; the first one counts");
        } else if batch.chars().count() > LONGEST_BATCH || batch.contains(char::is_control) {
            self.note_batch("it is longer than 256 characters, or has control characters in it");
        } else {
            self.batch = Some(batch);
        }
        Ok(())
    }

    fn note_batch(&mut self, why: &str) {
        self.notes
            .push(batch_note(format!("the file's `batch_id` was left out of the report: {why}")));
    }

    /// Passes over a member that means nothing here. The file may be of a later kind.
    fn pass_over(&mut self, name: Option<&str>) -> Result<(), ManifestError> {
        self.any_value()?;
        if let Some(name) = name {
            self.unread.note(name);
        }
        Ok(())
    }

    /// The value of a member beside the devices; `None` where it is too large to be looked at.
    fn any_value(&mut self) -> Result<Option<Value>, ManifestError> {
        let at = self.at();
        if self.json.value(&at)? == Length::TooLarge {
            return Ok(None);
        }
        let (text, depth) = (self.json.text(), self.limits.depth);
        match Borrowed::parse(text, depth) {
            Ok(value) if private_key::in_json(&value) => Err(at.private_key()),
            // Both readers take the same.
            Ok(_) => Ok(json::parse(text, depth).ok()),
            Err(json::JsonError::Syntax { .. }) => {
                Err(at.malformed("the value of a member is no JSON"))
            }
            Err(json::JsonError::Duplicate(_) | json::JsonError::TooDeep) => Ok(None),
        }
    }

    fn at(&self) -> At {
        At { read: self.read, place: Place::File }
    }

    fn at_device(&self) -> At {
        At { read: self.read, place: Place::Device(self.read + 1) }
    }

    fn summary(self) -> Summary {
        let Self { batch, mut notes, unread, .. } = self;
        notes.extend(unread.warning());
        Summary { batch, notes }
    }
}

/// The only note that is made before the end of the devices.
const fn batch_note(text: String) -> Warning {
    Warning { code: "DeviceInfos.Batch", text }
}
