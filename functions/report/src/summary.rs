//! The verdict in one sentence.

use ledger::{Counts, OutcomeKind, Problem, Report, Stop, Verdict};

/// What happened, for a person who reads nothing else.
pub(crate) fn sentence(
    counts: &Counts,
    balanced: bool,
    stop: Option<&Stop>,
    problems: &[Problem],
    resumes: Option<&str>,
) -> String {
    let sentence = of_counts(counts, balanced, stop, problems);
    match resumes {
        Some(earlier) => format!("{sentence}. This run took up what `{earlier}` had left"),
        None => sentence,
    }
}

fn of_counts(counts: &Counts, balanced: bool, stop: Option<&Stop>, problems: &[Problem]) -> String {
    if !balanced {
        return format!(
            "The books do not balance: {} entries were read and {} are accounted for once. Do not rely on this run; import the file again",
            counts.read,
            counts.ended()
        );
    }
    let ended = parts(counts);
    match stop {
        Some(stop) if counts.fine() == 0 => format!("No device was touched: {}", stop.reason),
        Some(stop) => format!("The run stopped on its way ({ended}): {}", stop.reason),
        None if counts.fine() == counts.read => {
            format!("All {} devices are as they should be: {ended}", counts.read)
        }
        None => {
            let most = problems
                .first()
                .map(|problem| format!(". Most often: {} ({})", problem.reason, problem.code))
                .unwrap_or_default();
            format!(
                "{} of {} devices are as they should be: {ended}{most}",
                counts.fine(),
                counts.read
            )
        }
    }
}

/// The same for a dry run: what an import would come to.
pub(crate) fn foreseen(
    counts: &Counts,
    balanced: bool,
    stop: Option<&Stop>,
    problems: &[Problem],
) -> String {
    if !balanced {
        return format!(
            "The books of this plan do not balance: {} entries were read and {} are accounted for once. Do not rely on it; plan the file again. Nothing was written",
            counts.read,
            counts.ended()
        );
    }
    if let Some(stop) = stop {
        // The plan itself came to no end, or has nothing to foresee: an import may well succeed.
        if ["Run.", "Plan."].iter().any(|own| stop.code.starts_with(own)) {
            return format!("Nothing was written, and nothing is foreseen: {}", stop.reason);
        }
        return format!("Nothing was written, and an import would stop as well: {}", stop.reason);
    }
    let fine = counts.by_kind().into_iter().filter(|(kind, count)| kind.is_fine() && *count > 0);
    let would: Vec<_> = fine.map(|(kind, count)| would(kind, count)).collect();
    let would = match would.as_slice() {
        [] => "do nothing".to_owned(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    };
    let text = format!("Nothing was written. Of {} devices, an import would {would}", counts.read);
    if counts.fine() == counts.read {
        return text;
    }
    let most = problems
        .first()
        .map(|problem| format!(". Most often: {} ({})", problem.reason, problem.code))
        .unwrap_or_default();
    format!(
        "{text}; {} would not end well: {}{most}",
        counts.read - counts.fine(),
        parts_of(counts, |kind| !kind.is_fine())
    )
}

/// What an import would do with so many devices.
fn would(kind: OutcomeKind, count: u64) -> String {
    match kind {
        OutcomeKind::Created => format!("create {count}"),
        OutcomeKind::Updated => format!("update {count}"),
        OutcomeKind::Unchanged => format!("leave {count} unchanged"),
        kind => format!("end {count} as {}", kind.word().replace('_', " ")),
    }
}

fn parts(counts: &Counts) -> String {
    parts_of(counts, |_| true)
}

fn parts_of(counts: &Counts, wanted: impl Fn(OutcomeKind) -> bool) -> String {
    let parts: Vec<_> = counts
        .by_kind()
        .into_iter()
        .filter(|(kind, count)| *count > 0 && wanted(*kind))
        .map(|(kind, count)| format!("{count} {}", kind.word().replace('_', " ")))
        .collect();
    parts.join(", ")
}

/// The cause that a red execution shows.
pub(crate) fn cause(report: &Report, address: &str) -> String {
    match report.verdict {
        Verdict::Done => String::new(),
        _ if report.results.is_empty() => format!("{}. Report: {address}", report.summary),
        _ => format!(
            "{}. Every entry with its reason: {}. Report: {address}",
            report.summary, report.results
        ),
    }
}

#[cfg(test)]
mod tests {
    use ledger::Example;

    use super::*;

    #[test]
    fn a_whole_success_says_so() {
        let counts = Counts { read: 10, created: 9, unchanged: 1, ..Counts::default() };
        assert_eq!(
            sentence(&counts, true, None, &[], None),
            "All 10 devices are as they should be: 9 created, 1 unchanged"
        );
    }

    #[test]
    fn a_run_that_took_up_another_one_names_it() {
        let counts = Counts { read: 2, created: 2, ..Counts::default() };
        assert_eq!(
            sentence(&counts, true, None, &[], Some("reel-1")),
            "All 2 devices are as they should be: 2 created. This run took up what `reel-1` had left"
        );
    }

    #[test]
    fn failures_name_the_most_frequent_reason() {
        let counts = Counts { read: 10, created: 9, rejected: 1, ..Counts::default() };
        let example = Example { entry: 4, place: "entry 4".into(), id: String::new() };
        let problem = Problem {
            code: "Signature.Invalid".into(),
            count: 1,
            reason: "the signature is wrong".into(),
            retry: false,
            example,
        };
        let text = sentence(&counts, true, None, &[problem], None);
        assert_eq!(
            text,
            "9 of 10 devices are as they should be: 9 created, 1 rejected. Most often: the signature is wrong (Signature.Invalid)"
        );
    }

    #[track_caller]
    fn check_foreseen(counts: Counts, expected: &str) {
        assert_eq!(foreseen(&counts, true, None, &[]), expected);
    }

    #[test]
    fn a_plan_says_what_would_be() {
        check_foreseen(
            Counts { read: 9, created: 9, ..Counts::default() },
            "Nothing was written. Of 9 devices, an import would create 9",
        );
        check_foreseen(
            Counts {
                read: 7,
                created: 1,
                unchanged: 2,
                updated: 1,
                conflict: 1,
                rejected: 2,
                ..Counts::default()
            },
            "Nothing was written. Of 7 devices, an import would create 1, leave 2 unchanged and update 1; 3 would not end well: 1 conflict, 2 rejected",
        );
        check_foreseen(
            Counts { read: 1, waiting: 1, ..Counts::default() },
            "Nothing was written. Of 1 devices, an import would do nothing; 1 would not end well: 1 waiting",
        );
        let stop = Stop { code: "Preflight.NoPolicy".into(), reason: "there is no policy".into() };
        assert_eq!(
            foreseen(&Counts::default(), true, Some(&stop), &[]),
            "Nothing was written, and an import would stop as well: there is no policy"
        );
        for code in ["Run.Stopped", "Run.Failed", "Run.TimedOut", "Plan.Certificate"] {
            let stop = Stop { code: code.into(), reason: "somebody stopped it".into() };
            assert_eq!(
                foreseen(&Counts::default(), true, Some(&stop), &[]),
                "Nothing was written, and nothing is foreseen: somebody stopped it"
            );
        }
    }

    #[test]
    fn books_that_do_not_balance_come_before_all_else() {
        let counts = Counts { read: 10, created: 9, ..Counts::default() };
        assert!(
            sentence(&counts, false, None, &[], None)
                .starts_with("The books do not balance: 10 entries were read and 9")
        );
    }
}
