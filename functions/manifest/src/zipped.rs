//! Zip archives of files in a vendor's format.

use std::io::Read;

use crate::archive::{Budget, Metered, Name, Spool, Trouble, Zip, hides_key, judge};
use crate::context::Context;
use crate::entry::{Place, Warning};
use crate::error::ManifestError;
use crate::infineon::LeftOut;
use crate::input::Input;
use crate::plain;
use crate::reason::Reason;
use crate::sink::{Sink, Stop};
use crate::vendor::Vendor;

/// Reads every member like a file of its own. Archives within the archive are not opened.
pub(crate) fn read<'c, R: Read>(
    vendor: Vendor,
    mut input: Input<R>,
    context: Context<'c>,
    sink: &mut Sink<'c>,
) -> Result<Vec<Warning>, Stop> {
    let limits = context.limits;
    let spool = Spool::of_file(&mut input, limits)?;
    let mut zip = Zip::open(spool, limits).map_err(|trouble| trouble.at(Place::File, 0))?;
    let budget = Budget::new(limits.inflated_bytes);
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
            plain::read_member(vendor, &mut bytes, name, context, sink)?;
        } else if hides_key(&mut bytes).map_err(|error| Trouble::from(error).at(place(), read))? {
            return Err(ManifestError::PrivateKey { entries_read: read, place: place() }.into());
        }
    }
    Ok(Vec::from_iter(left_out.judge(context.bundle, sink.read())?))
}
