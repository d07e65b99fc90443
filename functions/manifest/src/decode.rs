//! The way into every format.

use std::io::Read;
use std::ops::ControlFlow;

use crate::context::Context;
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
/// The source is read in pieces of up to 64 KiB, so it needs no buffer of its own.
pub fn decode<R: Read>(
    vendor: Vendor,
    source: R,
    context: Context<'_>,
    entries: &mut dyn FnMut(Decoded) -> ControlFlow<()>,
) -> Result<Summary, ManifestError> {
    let mut sink = Sink::new(entries, context.limits.entries);
    match read(vendor, source, context, &mut sink) {
        Ok(notes) => Ok(Summary { batch: None, notes }),
        Err(Stop::BrokenOff) => Ok(Summary::default()),
        Err(Stop::Unusable(error)) => Err(error),
    }
}

fn read<R: Read>(
    vendor: Vendor,
    source: R,
    context: Context<'_>,
    sink: &mut Sink<'_>,
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
