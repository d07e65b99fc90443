//! Whether there is something to take back of a device, and what.

use ledger::{
    Added, AddedThing, CertificateStatus, CertificateStood, HALF_DONE, Intent, Outcome,
    OutcomeKind, Plan, Stood, ToUndo, Work,
};

/// The codes of devices that were left between two calls.
const CUT_OFF: [&str; 3] = ["Aws.Throttled", "Aws.Unavailable", "Worker.OutOfTime"];

/// What is noted about a device.
#[derive(Clone, Debug, Default)]
pub(super) struct Noted<'a> {
    /// How it ended; none where nobody came to write that down.
    pub(super) outcome: Option<&'a Outcome>,
    /// What was found before the first write to it.
    pub(super) intent: Option<&'a Intent>,
    /// That its certificate turned out to be registered already, or its thing to stand.
    pub(super) stood: Option<&'a CertificateStood>,
    /// When the run had ended.
    pub(super) ended: f64,
    /// Whether an earlier undo began with it.
    pub(super) begun: bool,
    /// The earlier undo that took it back.
    pub(super) taken_back_by: Option<&'a str>,
}

/// What there is to take back of a device; nothing where the run did not touch it.
pub(super) fn to_undo(plan: &Plan, work: &Work, noted: &Noted<'_>) -> Option<ToUndo> {
    let is_whole = match noted.outcome {
        None => false,
        Some(ended) => match ended.outcome {
            OutcomeKind::Created | OutcomeKind::Updated => true,
            OutcomeKind::Unchanged | OutcomeKind::Rejected => return None,
            _ if may_have_left_something(ended) => false,
            _ => return None,
        },
    };
    let added = added(plan, work, noted);
    // Of a device that was not finished there may be something, where the run set out to add it.
    if !is_whole && added.is_none() && !has_raced(noted) {
        return None;
    }
    Some(ToUndo {
        added,
        began: noted.intent.map(|intent| intent.time).unwrap_or_default(),
        ended: noted.ended,
        in_part: !is_whole || noted.begun,
        taken_back_by: noted.taken_back_by.map(str::to_owned),
    })
}

/// Whether something may have been written for a device that did not end well.
fn may_have_left_something(ended: &Outcome) -> bool {
    ended.reason.contains(HALF_DONE) || CUT_OFF.contains(&ended.code.as_str())
}

/// Whether somebody else may have made the device, or its thing, at the same moment.
fn has_raced(noted: &Noted<'_>) -> bool {
    noted.stood.is_some_and(|stood| stood.raced)
}

fn added(plan: &Plan, work: &Work, noted: &Noted<'_>) -> Option<Added> {
    // What the intent says the run makes may be another's, and is not to be deleted.
    if has_raced(noted) {
        return None;
    }
    let intent = noted.intent?;
    let Some(added) = intent.added.get(&work.entry) else {
        return made_by_earlier_version(plan, work, noted, intent);
    };
    let Some(CertificateStood { lacked, had, .. }) = noted.stood else {
        return Some(added.clone());
    };
    Some(Added {
        certificate: false,
        policies: lacked.clone(),
        had_policies: had.clone(),
        ..added.clone()
    })
}

/// An earlier version noted only what stood. Of a device of which nothing did, all is the run's own.
fn made_by_earlier_version(
    plan: &Plan,
    work: &Work,
    noted: &Noted<'_>,
    intent: &Intent,
) -> Option<Added> {
    let is_activation = plan.is_of_factory();
    let is_new = match intent.existing.get(&work.entry) {
        None => !is_activation,
        Some(Stood::Certificate) => is_activation,
        Some(_) => false,
    };
    let is_created = noted.outcome.is_some_and(|ended| ended.outcome == OutcomeKind::Created);
    if !is_created || !is_new {
        return None;
    }
    let profile = &plan.profile;
    let is_deferred = profile.defer_things && !is_activation;
    let is_bare = is_deferred && profile.certificate_status == CertificateStatus::Inactive;
    Some(Added {
        certificate: !is_activation,
        thing: (!is_deferred).then_some(AddedThing::Made),
        attachment: !is_deferred,
        groups: if is_deferred { Vec::new() } else { profile.thing_groups.clone() },
        policies: if is_bare { Vec::new() } else { profile.policies.clone() },
        activation: is_activation,
        ..Added::default()
    })
}

#[cfg(test)]
mod tests;
