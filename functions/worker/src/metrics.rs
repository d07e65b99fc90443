//! What the metrics say of a unit.

use ledger::{Outcome, UnitLimits};
use telemetry::{
    ACTIVATIONS_FAILED, ACTIVATIONS_PASSED, CALLS, Figures, REGISTRATIONS_FAILED,
    REGISTRATIONS_PASSED, THROTTLED_CALLS,
};

use crate::Job;

/// The figures of a round, in which these devices ended and these calls were made.
pub(crate) fn figures(job: Job, ended: &[Outcome], limits: &UnitLimits) -> Figures {
    let mut figures = Figures::default();
    let counted = match job {
        Job::Register => Some((REGISTRATIONS_PASSED, REGISTRATIONS_FAILED)),
        Job::Activate => Some((ACTIVATIONS_PASSED, ACTIVATIONS_FAILED)),
        // In a dry run nothing was done to the devices, and how those of an undo ended is counted by Report.
        Job::Foresee | Job::Undo => None,
    };
    if let Some((passed, failed)) = counted.filter(|_| !ended.is_empty()) {
        let fine = ended.iter().filter(|device| device.outcome.is_fine()).count();
        figures.count(passed, number(fine));
        figures.count(failed, number(ended.len() - fine));
    }
    for (call, limits) in limits.calls.iter().filter(|(_, limits)| limits.calls > 0) {
        figures.count_by(CALLS, call, limits.calls);
        // Also where none was: an alarm wants to hear that all is well again.
        figures.count_by(THROTTLED_CALLS, call, limits.throttles);
    }
    figures
}

fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use ledger::{CallLimits, OutcomeKind};

    use super::*;

    fn ended(outcome: OutcomeKind) -> Outcome {
        Outcome {
            entry: 1,
            place: String::new(),
            id: String::new(),
            thing: String::new(),
            certificate_id: String::new(),
            outcome,
            code: String::new(),
            reason: String::new(),
            warnings: Vec::new(),
        }
    }

    fn limits(calls: &[(&str, u64, u64)]) -> UnitLimits {
        let calls = calls.iter().map(|(call, calls, throttles)| {
            let limits = CallLimits { calls: *calls, limited_seconds: 0.0, throttles: *throttles };
            ((*call).to_owned(), limits)
        });
        UnitLimits {
            began: 0.0,
            ended: 1.0,
            seconds: 1.0,
            devices: 1,
            runs: 1,
            calls: calls.collect(),
            outcomes: BTreeMap::new(),
            foreseen: BTreeMap::new(),
        }
    }

    #[test]
    fn devices_count_for_the_phase_and_calls_by_their_name() {
        let devices = [OutcomeKind::Created, OutcomeKind::Unchanged, OutcomeKind::Conflict];
        let limits =
            limits(&[("CreateThing", 4, 1), ("DescribeThing", 3, 0), ("UpdateThing", 0, 0)]);
        for (job, passed, failed) in [
            (Job::Register, REGISTRATIONS_PASSED, REGISTRATIONS_FAILED),
            (Job::Activate, ACTIVATIONS_PASSED, ACTIVATIONS_FAILED),
        ] {
            let mut expected = Figures::default();
            expected.count(passed, 2);
            expected.count(failed, 1);
            for (call, calls, throttles) in [("CreateThing", 4, 1), ("DescribeThing", 3, 0)] {
                expected.count_by(CALLS, call, calls);
                expected.count_by(THROTTLED_CALLS, call, throttles);
            }
            assert_eq!(figures(job, &devices.map(ended), &limits), expected);
        }
    }

    #[test]
    fn only_imports_and_activations_count_devices() {
        let limits = limits(&[("DescribeThing", 3, 0)]);
        let mut expected = Figures::default();
        expected.count_by(CALLS, "DescribeThing", 3);
        expected.count_by(THROTTLED_CALLS, "DescribeThing", 0);
        assert_eq!(figures(Job::Foresee, &[ended(OutcomeKind::Created)], &limits), expected);
        assert_eq!(figures(Job::Undo, &[ended(OutcomeKind::Removed)], &limits), expected);
    }

    #[test]
    fn a_round_in_which_nothing_ended_counts_no_device() {
        assert_eq!(figures(Job::Register, &[], &limits(&[])), Figures::default());
    }
}
