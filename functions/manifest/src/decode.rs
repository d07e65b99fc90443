//! The way into every format.

use std::io::Read;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::thread;

use crate::context::Context;
use crate::crew::{Crew, Line};
use crate::entry::Warning;
use crate::error::{Decoded, ManifestError};
use crate::infineon;
use crate::input::Input;
use crate::leg::{Leg, Position, Progress, Source, Spot};
use crate::plain;
use crate::recognize::Container;
use crate::sink::{Sink, Stop};
use crate::vendor::Vendor;
use crate::zipped;

/// What is to be said about a file as a whole, besides its entries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Summary {
    /// The batch that the file names. Only device-infos have one.
    pub batch: Option<String>,
    /// What is odd about the file, and no reason to refuse it.
    pub notes: Vec<Warning>,
}

/// Reads a file, and hands each entry to `entries`; memory does not grow with the manifest.
///
/// An error means that the file is unusable from there on; an error that is handed to `entries`
/// costs one entry. A file without entries is an error, so a reading that ends well has handed on
/// at least one. It also ends well where `entries` breaks off.
///
/// The source is read in pieces of up to 64 KiB, so it needs no buffer of its own. `entries` is called
/// on the caller's thread, however many threads there are.
pub fn decode<R: Read>(
    vendor: Vendor,
    mut source: R,
    context: Context<'_>,
    entries: &mut dyn FnMut(Decoded) -> ControlFlow<()>,
) -> Result<Summary, ManifestError> {
    decode_from(vendor, &mut source, context, entries)
}

/// What depends on the kind of source would be compiled in each crate that has one, and as that
/// crate is: this is compiled once, and for speed.
fn decode_from(
    vendor: Vendor,
    source: &mut dyn Read,
    context: Context<'_>,
    entries: &mut dyn FnMut(Decoded) -> ControlFlow<()>,
) -> Result<Summary, ManifestError> {
    let input = Input::new(source, context.limits.bytes);
    match go(vendor, input, context, Leg::WHOLE, entries)? {
        Progress::Whole(summary) => Ok(summary),
        // Nobody stops it.
        Progress::Rest(_) => Ok(Summary::default()),
    }
}

/// Reads one leg of a file as [`decode`] reads the whole. The entries of all legs together are those of
/// the whole, and so are their numbers, errors and notes.
///
/// A 7z archive cannot be gone on with: its only leg ends with an error where it is to end before the
/// archive does.
pub fn decode_leg(
    vendor: Vendor,
    source: &mut dyn Source,
    context: Context<'_>,
    leg: Leg<'_>,
    entries: &mut dyn FnMut(Decoded) -> ControlFlow<()>,
) -> Result<Progress, ManifestError> {
    go(vendor, Input::resumable(source, context.limits.bytes), context, leg, entries)
}

fn go<R: Read>(
    vendor: Vendor,
    input: Input<R>,
    context: Context<'_>,
    leg: Leg<'_>,
    entries: &mut dyn FnMut(Decoded) -> ControlFlow<()>,
) -> Result<Progress, ManifestError> {
    let threads = context.threads.get();
    if threads == 1 {
        return read_leg(vendor, input, context, leg, entries, None);
    }
    let crew = Arc::new(Crew::default());
    thread::scope(|scope| {
        let _end = End(&crew);
        for _ in 1..threads {
            // The reading thread can do everything by itself, so a thread that cannot be had is no error.
            let _ = thread::Builder::new().spawn_scoped(scope, || crew.work());
        }
        let line = Line::new(Arc::clone(&crew), threads);
        read_leg(vendor, input, context, leg, entries, Some(line))
    })
}

/// Sends the crew home, however the reading ends.
struct End<'e, 'c>(&'e Crew<'c>);

impl Drop for End<'_, '_> {
    fn drop(&mut self) {
        self.0.end();
    }
}

fn read_leg<'c, R: Read>(
    vendor: Vendor,
    input: Input<R>,
    context: Context<'c>,
    leg: Leg<'c>,
    entries: &'c mut dyn FnMut(Decoded) -> ControlFlow<()>,
    line: Option<Line<'c>>,
) -> Result<Progress, ManifestError> {
    let mut sink = Sink::new(entries, context.limits.entries, line).within(leg);
    let end = read(vendor, input, context, leg.from, &mut sink);
    match sink.finish().and(end) {
        Ok(notes) => Ok(Progress::Whole(Summary { batch: None, notes })),
        Err(Stop::Paused(spot)) => {
            Ok(Progress::Rest(Position { entries: sink.read(), spot: *spot }))
        }
        Err(Stop::BrokenOff) => Ok(Progress::Whole(Summary::default())),
        Err(Stop::Unusable(error)) => Err(error),
    }
}

pub(crate) fn read<'c, R: Read>(
    vendor: Vendor,
    mut input: Input<R>,
    context: Context<'c>,
    from: Option<&Position>,
    sink: &mut Sink<'c>,
) -> Result<Vec<Warning>, Stop> {
    let limit = context.limits.bytes;
    let (head, _) = input.head().map_err(|error| ManifestError::from_input(error, 0, limit))?;
    let spot = from.map(|from| &from.spot);
    let notes = match (Container::of(head), vendor, spot) {
        (Some(Container::Zip), _, None | Some(Spot::Member { .. })) => {
            zipped::read(vendor, input, context, spot, sink)?
        }
        (Some(Container::SevenZ), Vendor::Infineon, None) => {
            infineon::read_archive(input, context, sink)?
        }
        (_, _, None) => {
            plain::read(vendor, input, context, None, sink)?;
            Vec::new()
        }
        (None, _, Some(Spot::Plain(plain))) => {
            plain::read(vendor, input, context, Some(plain), sink)?;
            Vec::new()
        }
        (_, _, Some(_)) => {
            return Err(from.map_or(ManifestError::Empty, Position::misplaced).into());
        }
    };
    if sink.read() == 0 { Err(ManifestError::Empty.into()) } else { Ok(notes) }
}
