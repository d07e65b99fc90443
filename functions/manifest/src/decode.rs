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
    source: R,
    context: Context<'_>,
    entries: &mut dyn FnMut(Decoded) -> ControlFlow<()>,
) -> Result<Summary, ManifestError> {
    let threads = context.threads.get();
    if threads == 1 {
        return read_all(vendor, source, context, entries, None);
    }
    let crew = Arc::new(Crew::default());
    thread::scope(|scope| {
        let _end = End(&crew);
        for _ in 1..threads {
            // The reading thread can do everything by itself, so a thread that cannot be had is no error.
            let _ = thread::Builder::new().spawn_scoped(scope, || crew.work());
        }
        let line = Line::new(Arc::clone(&crew), threads);
        read_all(vendor, source, context, entries, Some(line))
    })
}

/// Sends the crew home, however the reading ends.
struct End<'e, 'c>(&'e Crew<'c>);

impl Drop for End<'_, '_> {
    fn drop(&mut self) {
        self.0.end();
    }
}

fn read_all<'c, R: Read>(
    vendor: Vendor,
    source: R,
    context: Context<'c>,
    entries: &'c mut dyn FnMut(Decoded) -> ControlFlow<()>,
    line: Option<Line<'c>>,
) -> Result<Summary, ManifestError> {
    let mut sink = Sink::new(entries, context.limits.entries, line);
    let end = read(vendor, source, context, &mut sink);
    match sink.finish().and(end) {
        Ok(notes) => Ok(Summary { batch: None, notes }),
        Err(Stop::BrokenOff) => Ok(Summary::default()),
        Err(Stop::Unusable(error)) => Err(error),
    }
}

pub(crate) fn read<'c, R: Read>(
    vendor: Vendor,
    source: R,
    context: Context<'c>,
    sink: &mut Sink<'c>,
) -> Result<Vec<Warning>, Stop> {
    let limit = context.limits.bytes;
    let mut input = Input::new(source, limit);
    let (head, _) = input.head().map_err(|error| ManifestError::from_input(error, 0, limit))?;
    let notes = match (Container::of(head), vendor) {
        (Some(Container::Zip), _) => zipped::read(vendor, input, context, sink)?,
        (Some(Container::SevenZ), Vendor::Infineon) => {
            infineon::read_archive(input, context, sink)?
        }
        _ => {
            plain::read(vendor, input, context, sink)?;
            Vec::new()
        }
    };
    if sink.read() == 0 { Err(ManifestError::Empty.into()) } else { Ok(notes) }
}
