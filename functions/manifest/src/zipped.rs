//! Zip archives of files in a vendor's format.

use std::io::Read;

use crate::archive::{Budget, Metered, Name, Spool, Trouble, Zip, hides_key, judge};
use crate::context::Context;
use crate::entry::{Place, Warning};
use crate::error::ManifestError;
use crate::infineon::LeftOut;
use crate::input::Input;
use crate::leg::Spot;
use crate::plain;
use crate::reason::Reason;
use crate::sink::{Sink, Stop};
use crate::vendor::Vendor;

/// Reads every member like a file of its own. Archives within the archive are not opened.
pub(crate) fn read<'c, R: Read>(
    vendor: Vendor,
    mut input: Input<R>,
    context: Context<'c>,
    from: Option<&Spot>,
    sink: &mut Sink<'c>,
) -> Result<Vec<Warning>, Stop> {
    let limits = context.limits;
    let (first, inflated, mut within) = match from {
        Some(Spot::Member { index, inflated, plain }) => (*index, *inflated, plain.as_ref()),
        _ => (0, 0, None),
    };
    let spool = Spool::of_file(&mut input, limits)?;
    let mut zip = Zip::open(spool, limits).map_err(|trouble| trouble.at(Place::File, 0))?;
    let budget = Budget::new(limits.inflated_bytes);
    budget.charge(inflated).map_err(|fault| Trouble::from(fault).at(Place::File, sink.read()))?;
    let mut left_out = LeftOut::default();
    for index in 0..zip.len() {
        let read = sink.read();
        let member = zip.member(index).map_err(|fault| ManifestError::Archive {
            entries_read: read,
            place: Place::File,
            fault,
        })?;
        if member.is_folder {
            continue;
        }
        let name = member.name.as_str();
        if index < first {
            // An earlier leg read it. What is said of the file at last is told from its name.
            if vendor == Vendor::Infineon && judge(name) == Name::Usable {
                left_out.is_wanted(name, context.bundle);
            }
            continue;
        }
        let inflated = budget.charged();
        let pause = |index, plain| Stop::Paused(Box::new(Spot::Member { index, inflated, plain }));
        if index > first && sink.has_enough() {
            return Err(pause(index, None));
        }
        let place = || Place::member(name);
        let is_usable = match judge(name) {
            Name::Unsafe => {
                sink.refuse(place(), Reason::MemberName)?;
                continue;
            }
            Name::Usable => vendor != Vendor::Infineon || left_out.is_wanted(name, context.bundle),
            Name::PassedOver => false,
        };
        let mut opened = zip.open_member(&member).map_err(|trouble| trouble.at(place(), read))?;
        let mut bytes = Metered::new(&mut opened, &budget);
        if is_usable {
            let read = plain::read_member(vendor, &mut bytes, name, context, within.take(), sink);
            read.map_err(|stop| match stop {
                Stop::Paused(spot) => match *spot {
                    Spot::Plain(plain) => pause(index, Some(plain)),
                    spot => Stop::Paused(Box::new(spot)),
                },
                stop => stop,
            })?;
        } else if hides_key(&mut bytes).map_err(|error| Trouble::from(error).at(place(), read))? {
            return Err(ManifestError::PrivateKey { entries_read: read, place: place() }.into());
        }
    }
    Ok(Vec::from_iter(left_out.judge(context.bundle, sink.read())?))
}
