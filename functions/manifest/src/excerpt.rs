//! Some entries of a file as a file of their own, which the same bucket takes.
//!
//! The entries are counted by the readers that decoding reads with, so they have the same numbers.
//! They are copied byte for byte and not looked into: a signature that held still holds, and what
//! was wrong is still there for somebody to put right.

mod assembly;
mod piece;

use std::io::{self, Read, Seek, Write};
use std::num::NonZeroUsize;
use std::ops::ControlFlow;

use self::assembly::Assembly;
pub(crate) use self::piece::{Frame, Piece, Pieces, Slice, Tap};
use crate::bucket::Bucket;
use crate::certificate::Authorities;
use crate::context::{Context, Limits};
use crate::decode;
use crate::device_infos;
use crate::error::ManifestError;
use crate::infineon::{Bundle, LeftOut};
use crate::input::Input;
use crate::signers::Signers;
use crate::sink::{Sink, Stop};
use crate::vendor::Vendor;

/// A file that entries are taken from.
#[derive(Clone, Copy, Debug)]
pub struct Original {
    /// The bucket that it was uploaded to.
    pub bucket: Bucket,
    /// Which of the certificates of Infineon's chips it was read for.
    pub bundle: Bundle,
    /// Where it is given up as too large.
    pub limits: Limits,
}

/// What is to be done with an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// It is copied.
    Copy,
    /// It is left where it is.
    Leave,
    /// It is left, and so are all that follow.
    Enough,
}

/// An entry that was to be copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copied {
    /// Its number in the original.
    pub entry: u64,
    /// Its number in the excerpt; none where it cannot be cut out: it is larger than an entry may
    /// be, or a member of an archive that is something else.
    pub becomes: Option<u64>,
}

/// What an excerpt has become.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    /// How many entries it holds. A group of XML stays whole, so these can be more than were chosen.
    pub entries: u64,
    /// Whether it is a zip archive, because the original is an archive.
    pub is_archive: bool,
    /// Why the original could not be read to its end, where it could not.
    pub end: Option<ManifestError>,
}

/// Copies the entries of a file that `choose` chooses to `to`, and hands what became of each to
/// `copied`; memory does not grow with the file.
///
/// Microchip's entries become a JSON array; rows keep their header; lines, PEM blocks and groups of
/// XML stand one after the other; of an archive, also of a 7z bundle, a zip archive is made, whose
/// members have the names that they had. Device-infos keep their batch.
///
/// An error is one of writing. What cannot be read is told by [`Excerpt::end`].
pub fn excerpt<R: Read, W: Write + Seek>(
    source: R,
    original: Original,
    choose: &mut dyn FnMut(u64) -> Choice,
    to: W,
    copied: &mut dyn FnMut(Copied),
) -> io::Result<Excerpt> {
    let mut assembly = Assembly::new(to);
    let mut failure = None;
    let mut tap = |entry, piece: Option<Piece<'_>>| {
        let choice = choose(entry);
        if choice == Choice::Enough {
            return ControlFlow::Break(());
        }
        let piece = piece.filter(|piece| is_read_again(piece, original));
        match assembly.take(piece, choice == Choice::Copy) {
            Ok(becomes) if choice == Choice::Copy => copied(Copied { entry, becomes }),
            Ok(_) => {}
            Err(error) => {
                failure = Some(error);
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    };
    let end = match original.bucket {
        Bucket::Vendor(vendor) => read(vendor, source, original, &mut tap),
        Bucket::Mes => {
            let read = device_infos::read_pieces(source, original.limits, &mut tap);
            match read {
                Ok(batch) => {
                    assembly.close_device_infos(batch.as_deref());
                    Ok(())
                }
                Err(error) => {
                    assembly.close_device_infos(None);
                    Err(error)
                }
            }
        }
    };
    match failure {
        Some(error) => Err(error),
        None => assembly.finish(end.err()),
    }
}

/// Whether the excerpt's reader would take the member. In a zip archive, members are chosen by their
/// names; in Infineon's bundle, by the name of the archive that they are in.
fn is_read_again(piece: &Piece<'_>, original: Original) -> bool {
    piece.member.is_none_or(|name| {
        original.bucket != Bucket::Vendor(Vendor::Infineon)
            || LeftOut::default().is_wanted(name, original.bundle)
    })
}

/// Reads the file as decoding does, but looks into nothing: without signers and authorities, what an
/// entry says is not believed, and not asked.
fn read(
    vendor: Vendor,
    source: impl Read,
    original: Original,
    tap: &mut Tap<'_>,
) -> Result<(), ManifestError> {
    let (signers, issuers) = (Signers::new([], false), Authorities::new());
    let Original { bundle, limits, .. } = original;
    let context = Context {
        signers: &signers,
        issuers: &issuers,
        bundle,
        now: 0,
        limits,
        threads: NonZeroUsize::MIN,
    };
    let mut nobody = |_| ControlFlow::Continue(());
    let mut sink = Sink::new(&mut nobody, limits.entries, None).cutting(tap);
    let input = Input::new(source, limits.bytes);
    match decode::read(vendor, input, context, None, &mut sink) {
        // Nobody pauses it.
        Ok(_) | Err(Stop::BrokenOff | Stop::Paused(_)) => Ok(()),
        Err(Stop::Unusable(error)) => Err(error),
    }
}
