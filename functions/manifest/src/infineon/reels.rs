//! 7z bundles: archives in an archive, one for each reel of chips and each bundle of certificates.

use std::io::Read;

use super::member;
use super::names::{Kind, LeftOut};
use crate::archive::{ArchiveFault, Budget, Name, SevenZ, Spool, Trouble, hides_key, judge};
use crate::context::Context;
use crate::entry::{Place, Warning};
use crate::error::ManifestError;
use crate::input::Input;
use crate::reason::Reason;
use crate::sink::{Sink, Stop};

/// How many further members are named.
const NAMED: usize = 5;

/// Reads a bundle, or one of the archives in it that was given by itself.
pub(crate) fn read<'c, R: Read>(
    mut input: Input<R>,
    context: Context<'c>,
    sink: &mut Sink<'c>,
) -> Result<Vec<Warning>, Stop> {
    let limits = context.limits;
    sink.hold_together();
    let spool = Spool::of_file(&mut input, limits)?;
    let archive = SevenZ::open(spool, limits).map_err(|trouble| trouble.at(Place::File, 0))?;
    let budget = Budget::new(limits.inflated_bytes);
    if archive.files().iter().any(|file| Kind::of(file.name()) != Kind::Other) {
        return outer(archive, &budget, context, sink);
    }
    let mut left_out = LeftOut::default();
    inner(archive, &budget, &mut |name| left_out.is_wanted(name, context.bundle), context, sink)
        .map_err(|trouble| trouble.at(Place::File, sink.read()))?;
    Ok(Vec::from_iter(left_out.judge(context.bundle, sink.read())?))
}

/// Reads the wanted archives of a bundle.
fn outer<'c>(
    mut archive: SevenZ,
    budget: &Budget,
    context: Context<'c>,
    sink: &mut Sink<'c>,
) -> Result<Vec<Warning>, Stop> {
    let mut left_out = LeftOut::default();
    let mut others = Vec::new();
    let (mut is_there, mut is_matter) = (false, false);
    for file in archive.files().iter().filter(|file| !file.is_directory()) {
        match (judge(file.name()), Kind::of(file.name())) {
            (Name::Unsafe, _) => sink.refuse(Place::member(file.name()), Reason::MemberName)?,
            (Name::PassedOver, _) | (Name::Usable, Kind::Keys) => {}
            (Name::Usable, Kind::Matter) => is_matter = true,
            (Name::Usable, Kind::Other) => others.push(Place::member(file.name()).to_string()),
            (Name::Usable, Kind::Certificates(bundle)) => {
                if bundle == context.bundle.name() {
                    is_there = true;
                } else {
                    left_out.add(bundle);
                }
            }
        }
    }
    if !is_there && sink.read() == 0 {
        left_out.judge(context.bundle, 0)?;
        let (wanted, found) = (context.bundle, Vec::new());
        return Err(ManifestError::MissingBundle { wanted, found, is_matter }.into());
    }
    let wanted = Kind::Certificates(context.bundle.name().to_owned());
    let is_wanted = |name: &str| judge(name) == Name::Usable && Kind::of(name) == wanted;
    archive
        .each(budget, &|file| is_wanted(file.name()), &mut |file, reader| {
            let limit = context.limits.archive_bytes;
            let spool = if file.size() > limit {
                Err(ArchiveFault::TooLarge { limit }.into())
            } else {
                Spool::of_member(reader, limit)
            };
            spool
                .and_then(|spool| SevenZ::open(spool, context.limits))
                .and_then(|archive| inner(archive, budget, &mut |_| true, context, sink))
                .map_err(|trouble| trouble.at(Place::member(file.name()), sink.read()).into())
        })
        .map_err(|trouble| trouble.at(Place::File, sink.read()))?;
    let mut notes = Vec::from_iter(left_out.judge(context.bundle, sink.read())?);
    if !others.is_empty() {
        notes.push(other_members(&others));
    }
    Ok(notes)
}

/// Reads the certificates of an archive. Everything in it is one, or costs itself.
fn inner<'c>(
    mut archive: SevenZ,
    budget: &Budget,
    is_wanted: &mut dyn FnMut(&str) -> bool,
    context: Context<'c>,
    sink: &mut Sink<'c>,
) -> Result<(), Trouble> {
    let certificates = archive.files().iter().filter(|file| {
        !file.is_directory() && judge(file.name()) == Name::Usable && is_wanted(file.name())
    });
    let certificates = u64::try_from(certificates.count()).unwrap_or(u64::MAX);
    let limit = context.limits.solid_entries;
    if sink.read().saturating_add(certificates) > limit {
        return Err(ArchiveFault::TooLong { limit }.into());
    }
    archive.each(budget, &|_| true, &mut |file, reader| {
        if sink.has_enough() {
            return Err(ArchiveFault::OutOfTime.into());
        }
        let name = file.name();
        let place = || Place::member(name);
        let is_read = match judge(name) {
            Name::Unsafe => return Ok(sink.refuse(place(), Reason::MemberName)?),
            Name::PassedOver => false,
            Name::Usable => is_wanted(name),
        };
        if is_read {
            member::take(reader, name, context, sink)?;
        } else if hides_key(reader)? {
            let error = ManifestError::PrivateKey { entries_read: sink.read(), place: place() };
            return Err(Stop::from(error).into());
        }
        Ok(())
    })
}

fn other_members(names: &[String]) -> Warning {
    let first = names.get(..NAMED).unwrap_or(names).join(", ");
    let further = match names.len().saturating_sub(NAMED) {
        0 => String::new(),
        further => format!(" and {further} more"),
    };
    Warning {
        code: "Infineon.OtherMembers",
        text: format!("the file also holds {first}{further}, which was not read"),
    }
}
