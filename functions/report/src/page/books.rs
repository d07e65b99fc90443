//! The balance as a picture: a bar with a part for each way in which entries ended.

use ledger::Counts;
use telemetry::float;

use crate::words;

/// A part of the bar is at least so wide, of a hundred, that a single device in a million is seen.
const NARROWEST: f64 = 0.8;

/// The entries that ended in one way.
#[derive(Debug, PartialEq)]
pub(crate) struct Share {
    /// The outcome as files have it; the style sheet has its colour.
    pub(crate) word: &'static str,
    /// The same for people.
    pub(crate) label: String,
    pub(crate) means: &'static str,
    pub(crate) count: String,
    pub(crate) percent: String,
    /// Where its part of the bar begins, and how wide it is, of a hundred.
    pub(crate) from: String,
    pub(crate) width: String,
}

/// The ways in which entries ended, without those in which none did.
pub(crate) fn shares(counts: &Counts) -> Vec<Share> {
    let ended: Vec<_> = counts.by_kind().into_iter().filter(|(_, count)| *count > 0).collect();
    let numbers: Vec<_> = ended.iter().map(|(_, count)| *count).collect();
    let mut from = 0.0;
    let parts = ended.into_iter().zip(tenths(&numbers)).zip(widths(&numbers));
    parts
        .map(|(((kind, count), tenths), width)| {
            let share = Share {
                word: kind.word(),
                label: kind.word().replace('_', " "),
                means: kind.means(),
                count: words::count(count),
                percent: percent(tenths, numbers.len()),
                from: format!("{from:.3}"),
                width: format!("{width:.3}"),
            };
            from += width;
            share
        })
        .collect()
}

/// The balance as a line: `1,000 entries read = 990 created + 10 rejected`.
pub(crate) fn equation(counts: &Counts) -> String {
    let parts: Vec<_> = counts
        .by_kind()
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .map(|(kind, count)| format!("{} {}", words::count(count), kind.word().replace('_', " ")))
        .collect();
    let ended = if parts.is_empty() { "0".to_owned() } else { parts.join(" + ") };
    let sign = if counts.balanced() { "=" } else { "≠" };
    if counts.read == 0 && parts.is_empty() {
        return "No entry was read".to_owned();
    }
    let read = if counts.read == 1 { "entry" } else { "entries" };
    format!("{} {read} read {sign} {ended}", words::count(counts.read))
}

/// Each number's part in tenths of a percent. They add up to a hundred percent: what rounding down
/// leaves goes to those that lost most by it.
fn tenths(numbers: &[u64]) -> Vec<u64> {
    let total = u128::from(numbers.iter().sum::<u64>().max(1));
    let exact = numbers.iter().map(|number| u128::from(*number) * 1_000);
    let mut parts: Vec<_> =
        exact.enumerate().map(|(at, part)| (at, part / total, part % total)).collect();
    let given: u128 = parts.iter().map(|(_, tenths, _)| tenths).sum();
    let left = usize::try_from(1_000_u128.saturating_sub(given)).unwrap_or_default();
    parts.sort_by_key(|(_, _, rest)| std::cmp::Reverse(*rest));
    for (_, tenths, _) in parts.iter_mut().take(left) {
        *tenths += 1;
    }
    parts.sort_by_key(|(at, _, _)| *at);
    parts.into_iter().map(|(_, tenths, _)| u64::try_from(tenths).unwrap_or_default()).collect()
}

/// What rounds to nothing is not nothing, and what rounds to everything is not everything.
fn percent(tenths: u64, of: usize) -> String {
    match tenths {
        0 => "< 0.1 %".to_owned(),
        1_000 if of > 1 => "> 99.9 %".to_owned(),
        _ => format!("{}.{} %", tenths / 10, tenths % 10),
    }
}

/// Each number's part of the bar, of a hundred. What the narrowest get more, the others give.
fn widths(numbers: &[u64]) -> Vec<f64> {
    let total = float(numbers.iter().sum::<u64>().max(1));
    let exact: Vec<_> = numbers.iter().map(|number| float(*number) / total * 100.0).collect();
    let (narrow, wide): (Vec<f64>, Vec<f64>) = exact.iter().partition(|width| **width < NARROWEST);
    let room = narrow.iter().fold(100.0, |room, _| room - NARROWEST);
    let scale = room / wide.iter().sum::<f64>().max(f64::MIN_POSITIVE);
    exact
        .into_iter()
        .map(|width| if width < NARROWEST { NARROWEST } else { width * scale })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(counts: Counts, expected: &[(&str, &str)]) {
        let shares = shares(&counts);
        let found: Vec<_> =
            shares.iter().map(|share| (share.label.as_str(), share.percent.as_str())).collect();
        assert_eq!(found, expected);
        let widths: Vec<f64> = shares.iter().map(|share| share.width.parse().unwrap()).collect();
        assert!((widths.iter().sum::<f64>() - 100.0).abs() < 0.01, "{widths:?}");
        assert!(widths.iter().all(|width| *width >= NARROWEST), "{widths:?}");
        let mut from = 0.0;
        for (share, width) in shares.iter().zip(widths) {
            assert!((share.from.parse::<f64>().unwrap() - from).abs() < 0.01, "{shares:?}");
            from += width;
        }
    }

    #[test]
    fn each_outcome_has_its_part_of_the_bar() {
        let all = Counts { read: 4, created: 4, ..Counts::default() };
        check(all, &[("created", "100.0 %")]);
        let some = Counts { read: 8, created: 6, not_attempted: 2, ..Counts::default() };
        check(some, &[("created", "75.0 %"), ("not attempted", "25.0 %")]);
    }

    #[test]
    fn one_of_a_million_is_seen() {
        let counts = Counts { read: 1_000_000, created: 999_999, failed: 1, ..Counts::default() };
        check(counts, &[("created", "> 99.9 %"), ("failed", "< 0.1 %")]);
    }

    #[test]
    fn parts_add_up_to_a_hundred_percent() {
        for numbers in [&[1, 1, 1][..], &[7], &[1, 2, 3, 5, 7, 11, 13], &[999_999, 1], &[5; 8]] {
            assert_eq!(tenths(numbers).iter().sum::<u64>(), 1_000, "{numbers:?}");
        }
        check(
            Counts { read: 3, created: 1, updated: 1, failed: 1, ..Counts::default() },
            &[("created", "33.4 %"), ("updated", "33.3 %"), ("failed", "33.3 %")],
        );
    }

    #[test]
    fn the_books_are_a_sum() {
        let counts = Counts { read: 1_010, created: 1_000, rejected: 10, ..Counts::default() };
        assert_eq!(equation(&counts), "1,010 entries read = 1,000 created + 10 rejected");
        let lost = Counts { read: 2, created: 1, ..Counts::default() };
        assert_eq!(equation(&lost), "2 entries read ≠ 1 created");
        assert_eq!(equation(&Counts::default()), "No entry was read");
    }
}
