//! What is said of a run that takes another one back.

use ledger::{Counts, Problem, Report, Stop, Verdict};

/// What to do about an undo that did not come to its end.
pub(crate) const AGAIN: &str = "Undo the run again: what is taken back stays so";

/// What happened, or would, for a person who reads nothing else. `run` is the one that is taken back.
pub(crate) fn sentence(
    run: &str,
    dry: bool,
    counts: &Counts,
    balanced: bool,
    stop: Option<&Stop>,
    problems: &[Problem],
) -> String {
    let Counts { read, removed, .. } = counts;
    if !balanced {
        return format!(
            "The books do not balance: {read} devices of {run} were to be taken back and {} are accounted for once. Do not rely on this run; undo {run} again",
            counts.ended()
        );
    }
    let are = if dry { "would be" } else { "are" };
    match stop {
        Some(stop) if *removed == 0 => format!("Nothing was taken back: {}", stop.reason),
        Some(stop) => format!(
            "The run stopped on its way ({removed} of {read} devices of {run} {are} taken back): {}",
            stop.reason
        ),
        None if *read == 0 => format!("{run} made nothing that could be taken back"),
        None if removed == read => {
            format!("All {read} devices of {run} {are} taken back: {}", nothing_left(dry))
        }
        None => {
            let most = problems
                .first()
                .map(|problem| format!(". Most often: {} ({})", problem.reason, problem.code))
                .unwrap_or_default();
            format!("{removed} of {read} devices of {run} {are} taken back{most}")
        }
    }
}

const fn nothing_left(dry: bool) -> &'static str {
    if dry {
        "nothing that it added would be left of them. Nothing was written yet"
    } else {
        "nothing that it added is left of them"
    }
}

/// The words for a notice's subject.
pub(crate) const fn words(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Done => "taken back",
        Verdict::DoneWithFailures => "taken back in part",
        Verdict::Stopped => "undo stopped",
    }
}

/// What people are to do next.
pub(crate) fn what_next(report: &Report) -> &'static str {
    match report.verdict {
        _ if !report.balanced => "do not rely on this run; undo again, and ask for help",
        Verdict::Done => "nothing",
        Verdict::Stopped => {
            "put right what the first lines say, and undo again; what is taken back stays so"
        }
        Verdict::DoneWithFailures => of_what_is_left(&report.problems),
    }
}

fn of_what_is_left(problems: &[Problem]) -> &'static str {
    let again = problems.iter().any(|problem| problem.retry);
    let kept = problems.iter().any(|problem| !problem.retry);
    match (again, kept) {
        (true, false) => "undo the run again: what is taken back stays so",
        (true, true) => {
            "undo the run again: what is taken back stays so. Of devices that were kept the column \
             `reason` of the results says what changed; take them back by hand where they are to go"
        }
        (false, _) => {
            "the column `reason` of the results says of each device that was kept what changed; take it \
             back by hand where it is to go"
        }
    }
}

#[cfg(test)]
mod tests {
    use ledger::Example;

    use super::*;

    fn problem(count: u64, retry: bool) -> Problem {
        Problem {
            code: "Undo.StatusChanged".into(),
            count,
            reason: "the device changed".into(),
            retry,
            example: Example { entry: 4, place: "line 4".into(), id: String::new() },
        }
    }

    #[track_caller]
    fn check(dry: bool, removed: u64, kept: u64, stop: Option<&str>, expected: &str) {
        let counts = Counts { read: removed + kept, removed, kept, ..Counts::default() };
        let stop = stop.map(|reason| Stop { code: "Run.Stopped".into(), reason: reason.into() });
        let problems: Vec<_> = (kept > 0).then(|| problem(kept, false)).into_iter().collect();
        assert_eq!(sentence("r-1", dry, &counts, true, stop.as_ref(), &problems), expected);
    }

    #[test]
    fn the_sentence_says_what_is_left_or_would_be() {
        let all = "All 3 devices of r-1 are taken back: nothing that it added is left of them";
        check(false, 3, 0, None, all);
        check(
            true,
            3,
            0,
            None,
            "All 3 devices of r-1 would be taken back: nothing that it added would be left of them. Nothing was written yet",
        );
        check(
            true,
            2,
            1,
            None,
            "2 of 3 devices of r-1 would be taken back. Most often: the device changed (Undo.StatusChanged)",
        );
        check(false, 0, 0, None, "r-1 made nothing that could be taken back");
        check(false, 0, 0, Some("no plan"), "Nothing was taken back: no plan");
        check(
            false,
            2,
            1,
            Some("somebody did"),
            "The run stopped on its way (2 of 3 devices of r-1 are taken back): somebody did",
        );
    }

    #[test]
    fn devices_that_can_succeed_later_are_undone_again_and_kept_ones_by_hand() {
        let next = |retries: &[bool]| {
            let problems: Vec<_> = retries.iter().map(|retry| problem(1, *retry)).collect();
            let next = of_what_is_left(&problems);
            (next.contains("undo the run again"), next.contains("by hand"))
        };
        assert_eq!(next(&[true, true]), (true, false));
        assert_eq!(next(&[false, true]), (true, true));
        assert_eq!(next(&[false]), (false, true));
    }

    #[test]
    fn books_that_do_not_balance_come_before_all_else() {
        let counts = Counts { read: 3, removed: 2, ..Counts::default() };
        let text = sentence("r-1", false, &counts, false, None, &[]);
        assert!(text.starts_with("The books do not balance: 3 devices of r-1"), "{text}");
    }
}
