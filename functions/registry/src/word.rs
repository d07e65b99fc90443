//! The word that a device ends with: the one it would have had without an accident.

use ledger::{OutcomeKind, Stood, Work};

use crate::Situation;

/// Seconds by which AWS IoT's clock may be behind ours.
pub(crate) const CLOCK_TOLERANCE: f64 = 2.0;

/// The word for a device that ended well.
///
/// `stood` is what this try found, and `certificate_created` says when the certificate was
/// registered, where this try did not do it. What an earlier try of the unit had found goes first,
/// because what stands now may be that try's own work.
pub(crate) fn word(
    situation: Situation<'_>,
    work: &Work,
    stood: Option<Stood>,
    certificate_created: Option<f64>,
) -> OutcomeKind {
    let mut stood = stood;
    let mut registered_now = certificate_created.is_none();
    if let Some(earlier) = situation.earlier {
        match earlier.existing.get(&work.entry) {
            // The earlier try left it alone, so that what this one found is what was there.
            Some(Stood::Whole | Stood::Other) => {}
            noted => {
                stood = noted.copied();
                registered_now = certificate_created
                    .is_none_or(|created| created >= earlier.time - CLOCK_TOLERANCE);
            }
        }
    }
    match stood {
        Some(Stood::Whole) => OutcomeKind::Unchanged,
        // Phase 2 makes the thing; that the certificate was there is what it begins with.
        Some(Stood::Certificate) => OutcomeKind::Created,
        None | Some(Stood::Other) if registered_now => OutcomeKind::Created,
        None | Some(Stood::Other) if situation.profile.defer_things => OutcomeKind::Unchanged,
        None | Some(Stood::Part | Stood::Thing | Stood::Other) => OutcomeKind::Updated,
    }
}

/// Whether a certificate that was registered then is an earlier try's work.
pub(crate) fn is_of_earlier_try(situation: Situation<'_>, created: f64) -> bool {
    situation.earlier.is_some_and(|earlier| created >= earlier.time - CLOCK_TOLERANCE)
}

/// Whether what stands of a device that did not stand before may be an earlier try's work.
pub(crate) fn may_be_own(situation: Situation<'_>, work: &Work) -> bool {
    situation.earlier.is_some_and(|earlier| {
        matches!(earlier.existing.get(&work.entry), None | Some(Stood::Certificate | Stood::Thing))
    })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use ledger::{Intent, Profile};

    use super::*;
    use crate::tests::{Forgetful, work};

    const INTENT: f64 = 1_000.0;
    const LONG_BEFORE: Option<f64> = Some(INTENT - 60.0);

    /// The word of a second try that finds `stood`, after a first that had noted `noted`.
    #[track_caller]
    fn check(
        noted: Option<Stood>,
        stood: Option<Stood>,
        created: Option<f64>,
        defer_things: bool,
        expected: OutcomeKind,
    ) {
        let existing = noted.into_iter().map(|noted| (work().entry, noted)).collect();
        let earlier = Intent { time: INTENT, existing, ..Intent::default() };
        let profile = Profile { defer_things, ..Profile::default() };
        let situation = Situation {
            profile: &profile,
            earlier: Some(&earlier),
            others_active: &AtomicBool::new(false),
            memory: &Forgetful,
        };
        assert_eq!(word(situation, &work(), stood, created), expected);
    }

    /// The word of a first try.
    #[track_caller]
    fn first(stood: Option<Stood>, created: Option<f64>, defer_things: bool, word: OutcomeKind) {
        let profile = Profile { defer_things, ..Profile::default() };
        let situation = Situation {
            profile: &profile,
            earlier: None,
            others_active: &AtomicBool::new(false),
            memory: &Forgetful,
        };
        assert_eq!(super::word(situation, &work(), stood, created), word);
    }

    use OutcomeKind::{Created, Unchanged, Updated};
    use Stood::{Certificate, Other, Part, Thing, Whole};

    #[test]
    fn a_first_try_sees_for_itself() {
        first(None, None, false, Created);
        first(None, LONG_BEFORE, false, Updated);
        first(None, None, true, Created);
        first(None, LONG_BEFORE, true, Unchanged);
        first(Some(Certificate), LONG_BEFORE, false, Created);
        first(Some(Thing), None, false, Updated);
        first(Some(Part), LONG_BEFORE, false, Updated);
        first(Some(Whole), LONG_BEFORE, false, Unchanged);
        first(Some(Part), LONG_BEFORE, true, Updated);
    }

    #[test]
    fn what_this_run_registered_is_created_however_often_it_is_tried() {
        check(None, Some(Whole), Some(INTENT + 0.3), false, Created);
        check(None, Some(Part), Some(INTENT - 1.0), false, Created);
        check(None, Some(Thing), Some(INTENT + 1.0), false, Created);
        check(None, None, None, false, Created);
        check(None, None, Some(INTENT + 5.0), true, Created);
    }

    #[test]
    fn what_stood_before_keeps_the_word_of_the_first_look() {
        check(None, Some(Part), LONG_BEFORE, false, Updated);
        check(None, None, LONG_BEFORE, true, Unchanged);
        check(Some(Thing), Some(Whole), None, false, Updated);
        check(Some(Part), Some(Whole), LONG_BEFORE, false, Updated);
        check(Some(Whole), Some(Part), LONG_BEFORE, false, Updated);
        check(Some(Whole), Some(Whole), LONG_BEFORE, false, Unchanged);
    }

    #[test]
    fn a_device_of_phase_two_is_created_by_the_run_that_made_its_thing() {
        check(Some(Certificate), Some(Certificate), LONG_BEFORE, false, Created);
        check(Some(Certificate), Some(Thing), LONG_BEFORE, false, Created);
        check(Some(Certificate), Some(Whole), LONG_BEFORE, false, Created);
        check(Some(Certificate), Some(Whole), LONG_BEFORE, true, Created);
    }

    #[test]
    fn a_conflict_that_was_noted_and_is_gone_leaves_what_this_try_sees() {
        check(Some(Other), Some(Whole), LONG_BEFORE, false, Unchanged);
        check(Some(Other), Some(Certificate), LONG_BEFORE, false, Created);
        check(Some(Other), None, None, false, Created);
    }
}
