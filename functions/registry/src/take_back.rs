//! Takes back what another run added to a device, and only that, where nobody touched it since.
//!
//! The certificate is deactivated first and deleted last, so that a device which is half taken back
//! is not usable, and what is left of it can be found by its certificate.

mod difference;
mod judge;
mod observe;
mod remove;

use ledger::{OutcomeKind, Stood, ToUndo, Work};

use self::{
    judge::{Judgement, Question, judge},
    observe::{Observed, observe},
};
use crate::{
    CallError, Ending, Finding, Reason, Registry, Situation, act::Again, word::CLOCK_TOLERANCE,
};

/// What another run added to a device, and what is there of it now.
#[derive(Clone, Debug, PartialEq)]
pub struct ToTakeBack {
    undo: ToUndo,
    observed: Observed,
    /// What follows, where no earlier try has begun with the device.
    judgement: Judgement,
    dry: bool,
}

impl ToTakeBack {
    /// The same, with nothing to be taken back.
    pub(crate) fn only_told(self) -> Self {
        Self { dry: true, ..self }
    }

    /// To be noted before the first write: what was found whole is taken back, also where a later try
    /// finds only a part of it.
    pub(crate) fn stood(&self) -> Option<Stood> {
        match self.judgement {
            Judgement::Back(_) => Some(Stood::Whole),
            Judgement::Kept(_) => Some(Stood::Other),
            Judgement::Gone => None,
        }
    }
}

/// Looks at a device that is to be taken back. Writes nothing.
///
/// `profile` is the one by which the other run made it. `dry` says that nothing is to be taken back,
/// and only told what would be.
pub async fn look_to_take_back(
    registry: &Registry,
    profile: &ledger::Profile,
    work: &Work,
    undo: ToUndo,
    dry: bool,
) -> Result<Finding, CallError> {
    let observed = match (&undo.added, &undo.taken_back_by) {
        // What stands there now was made since, by somebody else.
        (_, Some(_)) | (None, None) => Observed::default(),
        (Some(added), None) => Box::pin(observe(registry, work, added)).await?,
    };
    let judgement = match (&undo.added, &undo.taken_back_by) {
        (_, Some(_)) => Judgement::Gone,
        (None, None) => Judgement::Kept(Reason::NotNoted),
        (Some(_), None) => decide(profile, work, &undo, &observed, undo.in_part),
    };
    Ok(Finding::ToTakeBack(Box::new(ToTakeBack { undo, observed, judgement, dry })))
}

fn decide(
    profile: &ledger::Profile,
    work: &Work,
    undo: &ToUndo,
    observed: &Observed,
    in_part: bool,
) -> Judgement {
    let Some(added) = &undo.added else { return Judgement::Kept(Reason::NotNoted) };
    judge(&Question { profile, work, added, undo, observed, in_part })
}

/// Takes a device back. An error means that it is to be taken up again, from the start.
pub(crate) async fn take_back(
    registry: &Registry,
    situation: Situation<'_>,
    work: &Work,
    found: ToTakeBack,
) -> Result<Ending, Again> {
    let ToTakeBack { undo, observed, judgement, dry } = found;
    let begun = situation
        .earlier
        .is_some_and(|earlier| earlier.existing.get(&work.entry) == Some(&Stood::Whole));
    let judgement = if begun && undo.taken_back_by.is_none() {
        decide(situation.profile, work, &undo, &observed, true)
    } else {
        judgement
    };
    let reason = match judgement {
        Judgement::Gone => None,
        Judgement::Kept(reason) => Some(reason),
        Judgement::Back(_) if dry => None,
        Judgement::Back(removals) => Box::pin(remove::carry_out(registry, work, &removals)).await?,
    };
    let outcome = reason.as_ref().map_or(OutcomeKind::Removed, Reason::outcome);
    Ok(Ending { outcome, reason, warnings: Vec::new() })
}

/// Whether a certificate is the other run's own, of those that it may have registered.
fn is_own(undo: &ToUndo, created: f64) -> bool {
    created >= undo.began - CLOCK_TOLERANCE
}

/// Whether a certificate was registered after the other run had ended.
fn is_later(undo: &ToUndo, created: f64) -> bool {
    created > undo.ended + CLOCK_TOLERANCE
}

#[cfg(test)]
mod tests;
