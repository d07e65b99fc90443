//! The devices on the page: of many, those first that did not end well.

use std::collections::BTreeMap;

use ledger::{Counts, LineError, Outcome, OutcomeKind, to_line};
use serde::Serialize;

use crate::{inert::visible, words};

/// So many entries are on the page, and in memory.
const MOST: usize = 10_000;

/// So many of them are there for whoever runs no scripts.
const STILL: usize = 100;

/// A reason of this many characters says enough on a page; `results.csv` has all of it.
const REASON: usize = 400;

/// No genuine name is longer than this; what stands for one in a broken entry can be.
const NAME: usize = 200;

/// The entries on the page, in the order of the manifest.
///
/// As long as all fit, all are there. Then those that ended well give way, the last ones first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rows {
    fine: Vec<Row>,
    others: Vec<Row>,
}

/// An entry, as people see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    entry: u64,
    pub(crate) place: String,
    pub(crate) id: String,
    pub(crate) thing: String,
    pub(crate) certificate_id: String,
    pub(crate) outcome: OutcomeKind,
    pub(crate) code: String,
    pub(crate) reason: String,
    /// Codes of its warnings.
    pub(crate) warnings: String,
}

impl Rows {
    pub(crate) fn add(&mut self, entry: &Outcome) {
        let full = self.are_full();
        if entry.outcome.is_fine() {
            if !full {
                self.fine.push(Row::of(entry));
            }
        } else if !full || self.fine.pop().is_some() {
            self.others.push(Row::of(entry));
        }
    }

    /// Whether an entry that ended well has no place any more.
    pub(crate) const fn are_full(&self) -> bool {
        self.fine.len() + self.others.len() >= MOST
    }

    /// In the order of the manifest.
    fn in_order(&self) -> Vec<&Row> {
        let mut rows: Vec<_> = self.fine.iter().chain(&self.others).collect();
        rows.sort_by_key(|row| row.entry);
        rows
    }

    /// Which entries these are.
    pub(crate) fn sentence(&self, counts: &Counts) -> String {
        let number = |length: usize| words::count(u64::try_from(length).unwrap_or(u64::MAX));
        let (fine, others) = (self.fine.len(), self.others.len());
        let all = words::count(counts.read);
        let shown = u64::try_from(fine + others).unwrap_or(u64::MAX);
        if shown >= counts.ended() {
            return match shown {
                0 => "The run read no entry.".to_owned(),
                1 => "The entry of the file.".to_owned(),
                _ => format!("All {} entries of the file.", words::count(shown)),
            };
        }
        let not_fine = counts.ended() - counts.fine();
        match (fine, others) {
            (_, 0) => {
                format!("The first {} of {all} entries; all of them ended well.", number(fine))
            }
            (0, _) => format!(
                "The first {} of the {} entries that did not end well, of {all} in all.",
                number(others),
                words::count(not_fine)
            ),
            _ => format!(
                "{} of {all} entries: the {} that did not end well, and the first {} of the others.",
                number(fine + others),
                number(others),
                number(fine)
            ),
        }
    }

    /// Whether some entries are not on the page.
    pub(crate) fn are_some_missing(&self, counts: &Counts) -> bool {
        u64::try_from(self.fine.len() + self.others.len()).is_ok_and(|shown| shown < counts.ended())
    }

    /// Those for whoever runs no scripts.
    pub(crate) fn still(&self) -> Vec<Row> {
        self.in_order().into_iter().take(STILL).cloned().collect()
    }

    /// The ways in which entries on the page ended, each with their number.
    pub(crate) fn choices(&self) -> Vec<Choice> {
        let mut choices: BTreeMap<OutcomeKind, u64> = BTreeMap::new();
        for row in self.fine.iter().chain(&self.others) {
            *choices.entry(row.outcome).or_default() += 1;
        }
        let choices = choices.into_iter();
        choices
            .map(|(kind, count)| Choice {
                word: kind.word(),
                label: kind.word().replace('_', " "),
                count: words::count(count),
            })
            .collect()
    }

    /// How many entries on the page did not end well.
    pub(crate) fn not_fine(&self) -> String {
        words::count(u64::try_from(self.others.len()).unwrap_or(u64::MAX))
    }

    /// How many entries are on the page.
    pub(crate) fn count(&self) -> String {
        words::count(u64::try_from(self.fine.len() + self.others.len()).unwrap_or(u64::MAX))
    }

    /// The rows as data for the page's script: JSON that is no markup, whatever is in it. What many
    /// rows have in common is there once.
    pub(crate) fn data(&self) -> Result<String, LineError> {
        let mut texts = Texts::default();
        let rows = self.in_order().into_iter();
        let rows: Vec<_> = rows
            .map(|row| Packed {
                place: &row.place,
                id: if row.id == row.thing { "" } else { &row.id },
                thing: &row.thing,
                certificate_id: &row.certificate_id,
                outcome: texts.number(row.outcome.word()),
                code: texts.number(&row.code),
                reason: texts.number(&row.reason),
                warnings: texts.number(&row.warnings),
            })
            .map(Packed::into_tuple)
            .collect();
        let kinds = Counts::default().by_kind().into_iter().map(|(kind, _)| kind);
        let fine = kinds.filter(|kind| kind.is_fine()).map(OutcomeKind::word).collect();
        let line = to_line(&Data { rows, fine, texts: texts.list })?;
        let line = String::from_utf8_lossy(&line);
        // These are in strings only, where JSON may spell them out.
        let line = line.trim_end().replace('<', "\\u003c").replace('>', "\\u003e");
        Ok(line.replace('&', "\\u0026"))
    }
}

impl Row {
    fn of(entry: &Outcome) -> Self {
        let warnings: Vec<_> = entry.warnings.iter().map(|warning| warning.code.as_str()).collect();
        Self {
            entry: entry.entry,
            place: cut(&entry.place, NAME),
            id: cut(&entry.id, NAME),
            thing: cut(&entry.thing, NAME),
            certificate_id: cut(&entry.certificate_id, NAME),
            outcome: entry.outcome,
            code: entry.code.clone(),
            reason: cut(&entry.reason, REASON),
            warnings: warnings.join(" "),
        }
    }

    /// The outcome for people.
    pub(crate) fn label(&self) -> String {
        self.outcome.word().replace('_', " ")
    }
}

/// At most so many characters of a text.
fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => visible(text.get(..end).unwrap_or_default()) + "…",
        None => visible(text),
    }
}

/// A choice of the page's filter.
#[derive(Debug)]
pub(crate) struct Choice {
    pub(crate) word: &'static str,
    pub(crate) label: String,
    pub(crate) count: String,
}

#[derive(Debug, Serialize)]
struct Data<'a> {
    /// Texts that rows name by their number.
    texts: Vec<String>,
    /// Words of the outcomes that are as they should be.
    fine: Vec<&'static str>,
    rows: Vec<Tuple<'a>>,
}

type Tuple<'a> = (&'a str, &'a str, &'a str, &'a str, usize, usize, usize, usize);

struct Packed<'a> {
    place: &'a str,
    /// Empty where it is the thing's name.
    id: &'a str,
    thing: &'a str,
    certificate_id: &'a str,
    outcome: usize,
    code: usize,
    reason: usize,
    warnings: usize,
}

impl<'a> Packed<'a> {
    /// The order that the script expects.
    fn into_tuple(self) -> Tuple<'a> {
        let Self { place, id, thing, certificate_id, outcome, code, reason, warnings } = self;
        (place, id, thing, certificate_id, outcome, code, reason, warnings)
    }
}

/// Texts, each once.
#[derive(Debug, Default)]
struct Texts {
    list: Vec<String>,
    numbers: BTreeMap<String, usize>,
}

impl Texts {
    fn number(&mut self, text: &str) -> usize {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = self.list.len();
        self.list.push(text.to_owned());
        self.numbers.insert(text.to_owned(), number);
        number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(number: u64, outcome: OutcomeKind) -> Outcome {
        Outcome {
            entry: number,
            place: format!("entry {number}"),
            id: String::new(),
            thing: String::new(),
            certificate_id: String::new(),
            outcome,
            code: String::new(),
            reason: String::new(),
            warnings: Vec::new(),
        }
    }

    /// The page of a run whose entries ended so, in this order.
    #[track_caller]
    fn check(ended: &[(OutcomeKind, u64)], first: u64, length: usize, sentence: &str) {
        let (mut rows, mut counts, mut number) = (Rows::default(), Counts::default(), 0);
        for (outcome, times) in ended {
            for _ in 0..*times {
                number += 1;
                counts.read += 1;
                counts.add(*outcome);
                rows.add(&entry(number, *outcome));
            }
        }
        let order = rows.in_order();
        assert!(order.is_sorted_by_key(|row| row.entry));
        assert_eq!((order.first().map_or(0, |row| row.entry), order.len()), (first, length));
        assert_eq!(rows.sentence(&counts), sentence);
        let missing = u64::try_from(length).unwrap() < number;
        assert_eq!(rows.are_some_missing(&counts), missing);
        assert_eq!(rows.still().len(), length.min(100));
    }

    #[test]
    fn few_entries_are_all_there() {
        use OutcomeKind::{Created, Failed};
        check(&[], 0, 0, "The run read no entry.");
        check(&[(Created, 1)], 1, 1, "The entry of the file.");
        check(&[(Created, 9_000), (Failed, 1_000)], 1, 10_000, "All 10,000 entries of the file.");
    }

    #[test]
    fn of_many_entries_those_come_first_that_did_not_end_well() {
        use OutcomeKind::{Created, Failed, Rejected};
        check(
            &[(Created, 10_001)],
            1,
            10_000,
            "The first 10,000 of 10,001 entries; all of them ended well.",
        );
        check(
            &[(Failed, 1), (Created, 20_000), (Rejected, 2)],
            1,
            10_000,
            "10,000 of 20,003 entries: the 3 that did not end well, and the first 9,997 of the others.",
        );
        check(
            &[(Created, 5), (Failed, 10_003)],
            6,
            10_000,
            "The first 10,000 of the 10,003 entries that did not end well, of 10,008 in all.",
        );
    }

    #[test]
    fn data_are_no_markup_whatever_is_in_them() {
        let mut rows = Rows::default();
        let thing = "</script><!--\u{2028}&amp;\u{202e}ü";
        rows.add(&Outcome { thing: thing.into(), ..entry(1, OutcomeKind::Created) });
        let data = rows.data().unwrap();
        assert!(data.is_ascii() && !data.contains(['<', '>', '&', '\n']), "{data}");
        let read: serde_json::Value = serde_json::from_str(&data).unwrap();
        assert_eq!(read["rows"][0][2], "</script><!--\\u{2028}&amp;\\u{202e}ü");
    }

    #[test]
    fn long_texts_are_cut_and_common_ones_are_there_once() {
        let mut rows = Rows::default();
        for number in 1..=3 {
            let [reason, id] = [1_000, 2_000].map(|length| "ü".repeat(length));
            rows.add(&Outcome { reason, id, ..entry(number, OutcomeKind::Failed) });
        }
        let read: serde_json::Value = serde_json::from_str(&rows.data().unwrap()).unwrap();
        let texts = read["texts"].as_array().unwrap();
        assert_eq!(texts.len(), 3, "the outcome, nothing, and the reason: {texts:?}");
        assert_eq!(texts[2], format!("{}…", "ü".repeat(400)));
        assert_eq!(read["rows"][0][1], format!("{}…", "ü".repeat(200)));
    }
}
