//! The way into every format.

use std::io::Read;

use crate::context::Context;
use crate::error::{Decoded, ManifestError};
use crate::generated::Generated;
use crate::input::Input;
use crate::microchip::Microchip;
use crate::vendor::Vendor;

/// Entries as they are read; memory does not grow with the manifest.
///
/// The outer error means that the file is unusable from here on, and the iterator ends after it; an
/// inner one costs one entry. A file without entries is an error, so a reading that ends well has
/// yielded at least one.
///
/// The source is read in pieces of up to 64 KiB, so it needs no buffer of its own.
pub fn decode<'a, R: Read + 'a>(
    vendor: Vendor,
    source: R,
    context: Context<'a>,
) -> impl Iterator<Item = Result<Decoded, ManifestError>> + use<'a, R> {
    let input = Input::new(source, context.limits.bytes);
    Entries { state: State::Start(vendor, input, context) }
}

struct Entries<'a, R> {
    state: State<'a, R>,
}

enum State<'a, R> {
    Start(Vendor, Input<R>, Context<'a>),
    Microchip(Box<Microchip<'a, R>>),
    Generated(Box<Generated<'a, R>>),
    Done,
}

impl<R: Read> Iterator for Entries<'_, R> {
    type Item = Result<Decoded, ManifestError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            // Whatever does not put a state back is the end.
            match std::mem::replace(&mut self.state, State::Done) {
                State::Start(vendor, input, context) => {
                    let opened = match vendor {
                        Vendor::Microchip => Microchip::open(input, context)
                            .map(|reader| State::Microchip(Box::new(reader))),
                        Vendor::Generated => Generated::open(input, context)
                            .map(|reader| State::Generated(Box::new(reader))),
                    };
                    match opened {
                        Ok(state) => self.state = state,
                        Err(error) => return Some(Err(error)),
                    }
                }
                State::Microchip(mut reader) => {
                    let item = reader.read().transpose();
                    if let Some(Ok(_)) = item {
                        self.state = State::Microchip(reader);
                    }
                    return item;
                }
                State::Generated(mut reader) => {
                    let item = reader.read().transpose();
                    if let Some(Ok(_)) = item {
                        self.state = State::Generated(reader);
                    }
                    return item;
                }
                State::Done => return None,
            }
        }
    }
}
