//! Files that are no archives, and members of archives, by vendor.

use std::io::Read;

use crate::context::Context;
use crate::entry::Place;
use crate::error::ManifestError;
use crate::espressif::Espressif;
use crate::generated::Generated;
use crate::infineon::Infineon;
use crate::input::Input;
use crate::leg::{Plain, Resumable as _};
use crate::microchip::Microchip;
use crate::reason::Reason;
use crate::recognize::foreign;
use crate::sink::{Sink, Stop, located};
use crate::vendor::Vendor;

/// Reads a file that is no archive.
pub(crate) fn read<'c, R: Read>(
    vendor: Vendor,
    input: Input<R>,
    context: Context<'c>,
    from: Option<&Plain>,
    sink: &mut Sink<'c>,
) -> Result<(), Stop> {
    read_as(vendor, input, None, context, from, sink)
}

/// Reads a member of an archive like a file of its own. One that is something else costs itself
/// alone.
pub(crate) fn read_member<'c>(
    vendor: Vendor,
    member: &mut dyn Read,
    name: &str,
    context: Context<'c>,
    from: Option<&Plain>,
    sink: &mut Sink<'c>,
) -> Result<(), Stop> {
    let input = Input::new(member, context.limits.bytes);
    let found = match read_as(vendor, input, Some(name), context, from, sink) {
        Err(Stop::Unusable(ManifestError::WrongFormat { found, .. })) => found,
        Err(Stop::Unusable(ManifestError::Empty)) => foreign::EMPTY,
        other => return other,
    };
    sink.refuse(Place::member(name), Reason::MemberWrongFormat { found, expected: vendor })
}

fn read_as<'c, R: Read>(
    vendor: Vendor,
    input: Input<R>,
    member: Option<&str>,
    context: Context<'c>,
    from: Option<&Plain>,
    sink: &mut Sink<'c>,
) -> Result<(), Stop> {
    let before = sink.read().saturating_sub(from.map_or(0, |from| from.entries));
    let at = |error| located(error, member, before);
    match vendor {
        Vendor::Microchip => {
            let mut reader = Microchip::open(input, context).map_err(at)?;
            if sink.cuts() {
                return sink.cut(member, &mut reader);
            }
            from.map_or(Ok(()), |from| reader.go_on(from)).map_err(at)?;
            sink.drain(member, before, &mut reader, Microchip::read)
        }
        Vendor::Infineon => {
            let mut reader = Infineon::open(input, member, context).map_err(at)?;
            if sink.cuts() {
                return sink.cut(member, &mut reader);
            }
            from.map_or(Ok(()), |from| reader.go_on(from)).map_err(at)?;
            sink.drain(member, before, &mut reader, Infineon::read)
        }
        Vendor::Espressif => {
            let mut reader = Espressif::open(input, context).map_err(at)?;
            if sink.cuts() {
                return sink.cut(member, &mut reader);
            }
            from.map_or(Ok(()), |from| reader.go_on(from)).map_err(at)?;
            sink.drain(member, before, &mut reader, Espressif::read)
        }
        Vendor::Generated => {
            let mut reader = Generated::open(input, context).map_err(at)?;
            if sink.cuts() {
                return sink.cut(member, &mut reader);
            }
            from.map_or(Ok(()), |from| reader.go_on(from)).map_err(at)?;
            sink.drain(member, before, &mut reader, Generated::read)
        }
    }
}
