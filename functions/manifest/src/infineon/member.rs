//! Members of an archive, nearly all of which hold one certificate.
//!
//! The reading thread only takes such a member out of the archive, because inflating is what it has
//! to do alone; whoever is free looks into it.

use std::io::Read;

use super::{Device, Maker, chain, is_xml, known, names};
use crate::certificate::Issuers;
use crate::context::Context;
use crate::crew::{Taken, Verdict};
use crate::entry::Place;
use crate::error::{EntryError, ManifestError};
use crate::plain;
use crate::reason::Reason;
use crate::recognize::{self, HEAD_BYTES, foreign};
use crate::sink::{Sink, Stop, located};
use crate::vendor::Vendor;

/// A certificate as PEM has some 850 bytes, with an RSA key some 1,500.
const USUAL_BYTES: usize = 2 << 10;

/// Takes a member. What it gives is the same as by [`plain::read_member`], which also reads what is
/// no single certificate by its size or form.
pub(super) fn take<'c>(
    member: &mut dyn Read,
    name: &str,
    context: Context<'c>,
    sink: &mut Sink<'c>,
) -> Result<(), Stop> {
    if sink.cuts() {
        return plain::read_member(Vendor::Infineon, member, name, context, None, sink);
    }
    let before = sink.read();
    let mut bytes = Vec::with_capacity(USUAL_BYTES);
    // A byte more than a head, so that a member of exactly that size is seen to end.
    let most = u64::try_from(HEAD_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    (&mut *member).take(most).read_to_end(&mut bytes).map_err(|error| {
        let error = ManifestError::from_input(error.into(), 0, context.limits.bytes);
        located(error, Some(name), before)
    })?;
    let length = bytes.len();
    let fits = length <= HEAD_BYTES.min(context.limits.entry_bytes)
        && u64::try_from(length).is_ok_and(|length| length <= context.limits.bytes);
    if !fits || is_xml(&bytes) {
        let mut member = bytes.as_slice().chain(member);
        return plain::read_member(Vendor::Infineon, &mut member, name, context, None, sink);
    }
    let known_as = name.to_owned();
    let look = move |issuers: &mut Issuers| verdict(&bytes, &known_as, context, issuers);
    sink.take(Taken::open(length, look).within(Some(name), before))
}

fn verdict(bytes: &[u8], name: &str, context: Context<'_>, issuers: &mut Issuers) -> Verdict {
    let place = Place::File;
    let text = bytes.get(recognize::mark_length(bytes)..).unwrap_or_default();
    let known = known(recognize::recognize(bytes, true), bytes);
    let found = match known.and_then(|known| chain(known, text, true)) {
        Ok(chain) => {
            let device = names::chip_id(name).map(|id| Device { field: "chip_id", id });
            return Ok(Maker { context }.checked(1, place, device, chain, issuers));
        }
        Err(ManifestError::WrongFormat { found, .. }) => found,
        Err(ManifestError::Empty) => foreign::EMPTY,
        Err(error) => return Err(error),
    };
    let (number, id) = (0, String::new());
    let reason = Reason::MemberWrongFormat { found, expected: Vendor::Infineon };
    Ok(Err(EntryError { number, place, id, reason }))
}
