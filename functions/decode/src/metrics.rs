//! What the metrics say of a file.

use prepare::Signatures;
use telemetry::{
    Figures, MANIFESTS_FAILED, MANIFESTS_PASSED, SIGNATURES_FAILED, SIGNATURES_PASSED,
};

use crate::Answer;

/// The figures of a task that ended with `answer`. A file counts once, when it is decided what becomes
/// of it, and so do its signatures.
pub(crate) fn figures(answer: &Answer, signatures: Option<Signatures>) -> Figures {
    let mut figures = Figures::default();
    match answer {
        Answer::Work { .. } => figures.count(MANIFESTS_PASSED, 1),
        Answer::Nothing { .. } | Answer::Stop(_) => figures.count(MANIFESTS_FAILED, 1),
        Answer::Manifest { .. }
        | Answer::Filed { .. }
        | Answer::Wait { .. }
        | Answer::Continue { .. } => {}
    }
    if let Some(Signatures { passed, failed }) = signatures
        && passed + failed > 0
    {
        figures.count(SIGNATURES_PASSED, passed);
        figures.count(SIGNATURES_FAILED, failed);
    }
    figures
}

#[cfg(test)]
mod tests {
    use ledger::Stop;

    use super::*;

    fn work() -> Answer {
        Answer::Work {
            units_key: String::new(),
            entries: 3,
            devices: 2,
            refused: 1,
            units: 2,
            again: false,
        }
    }

    #[track_caller]
    fn check(
        answer: &Answer,
        signatures: Option<(u64, u64)>,
        expected: &[(telemetry::Metric, u64)],
    ) {
        let mut figures = Figures::default();
        for (metric, count) in expected {
            figures.count(*metric, *count);
        }
        let signatures = signatures.map(|(passed, failed)| Signatures { passed, failed });
        assert_eq!(self::figures(answer, signatures), figures);
    }

    #[test]
    fn a_file_counts_when_it_is_decided_what_becomes_of_it() {
        check(&work(), Some((0, 0)), &[(MANIFESTS_PASSED, 1)]);
        check(&Answer::Nothing { entries: 2 }, None, &[(MANIFESTS_FAILED, 1)]);
        let stop = Stop { code: String::new(), reason: String::new() };
        check(&Answer::Stop(stop), None, &[(MANIFESTS_FAILED, 1)]);
        let wait = Answer::Wait { attempt: 1, wait_seconds: 10, waiting_for: String::new() };
        check(&wait, None, &[]);
        let rest = Answer::Continue { attempt: 0, entries: 7, offset: Some(9), of: 10 };
        check(&rest, None, &[]);
    }

    #[test]
    fn signatures_that_were_checked_count_as_passed_and_failed() {
        let expected = [(MANIFESTS_PASSED, 1), (SIGNATURES_PASSED, 2), (SIGNATURES_FAILED, 0)];
        check(&work(), Some((2, 0)), &expected);
        let expected = [(MANIFESTS_FAILED, 1), (SIGNATURES_PASSED, 0), (SIGNATURES_FAILED, 5)];
        check(&Answer::Nothing { entries: 5 }, Some((0, 5)), &expected);
    }
}
