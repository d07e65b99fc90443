//! The verdict in one sentence.

use ledger::{Counts, Problem, Report, Stop, Verdict};

/// What happened, for a person who reads nothing else.
pub(crate) fn sentence(
    counts: &Counts,
    balanced: bool,
    stop: Option<&Stop>,
    problems: &[Problem],
) -> String {
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

fn parts(counts: &Counts) -> String {
    let parts: Vec<_> = counts
        .by_kind()
        .into_iter()
        .filter(|(_, count)| *count > 0)
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
            sentence(&counts, true, None, &[]),
            "All 10 devices are as they should be: 9 created, 1 unchanged"
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
        let text = sentence(&counts, true, None, &[problem]);
        assert_eq!(
            text,
            "9 of 10 devices are as they should be: 9 created, 1 rejected. Most often: the signature is wrong (Signature.Invalid)"
        );
    }

    #[test]
    fn books_that_do_not_balance_come_before_all_else() {
        let counts = Counts { read: 10, created: 9, ..Counts::default() };
        assert!(
            sentence(&counts, false, None, &[])
                .starts_with("The books do not balance: 10 entries were read and 9")
        );
    }
}
