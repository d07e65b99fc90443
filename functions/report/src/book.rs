//! The books of a run: every entry is counted once, and has its line in `results.csv`.

use std::io::Write as _;

use ledger::{
    Counts, ObjectWriter, OutcomeKind, OutcomeLine, Problem, RESULT_COLUMNS, Text, can_retry,
};

use crate::{
    ReportError,
    failures::Failures,
    index::{Indexed, Indexing},
    page::Rows,
    problems::Problems,
};

/// The warning of a device that stands in part, in a dry run.
const WOULD_UPDATE: &str = "Plan.WouldUpdate";

/// What recounting came to.
#[derive(Debug)]
pub(crate) struct Recount {
    pub(crate) counts: Counts,
    pub(crate) balanced: bool,
    pub(crate) problems: Vec<Problem>,
    pub(crate) warnings: Vec<Problem>,
    pub(crate) failures: Failures,
    /// What the page shows of the entries.
    pub(crate) rows: Rows,
    pub(crate) indexed: Indexed,
}

impl Recount {
    /// A run that stopped before it read an entry.
    pub(crate) fn of_no_entries() -> Self {
        Self {
            counts: Counts::default(),
            balanced: true,
            problems: Vec::new(),
            warnings: Vec::new(),
            failures: Failures::default(),
            rows: Rows::default(),
            indexed: Indexed::Yes,
        }
    }
}

/// The counts, and the results as they are written.
pub(crate) struct Book {
    results: ObjectWriter,
    /// How much of the results is written, in bytes.
    written: u64,
    /// The line that is being written.
    line: Vec<u8>,
    indexing: Indexing,
    counts: Counts,
    strays: u64,
    problems: Problems,
    warnings: Problems,
    failures: Failures,
    rows: Rows,
}

impl Book {
    /// The books of a run of whose file so many entries were read.
    pub(crate) async fn open(
        results: ObjectWriter,
        indexing: Indexing,
        read: u64,
    ) -> Result<Self, ReportError> {
        let mut book = Self {
            results,
            written: 0,
            line: Vec::new(),
            indexing,
            counts: Counts { read, ..Counts::default() },
            strays: 0,
            problems: Problems::default(),
            warnings: Problems::default(),
            failures: Failures::default(),
            rows: Rows::default(),
        };
        book.line.extend_from_slice(RESULT_COLUMNS.join(",").as_bytes());
        book.line.push(b'\n');
        book.pass_on().await?;
        Ok(book)
    }

    /// Notes that so many outcomes belong to no entry.
    pub(crate) const fn add_strays(&mut self, strays: u64) {
        self.strays += strays;
    }

    /// Enters what became of an entry: of one that was refused, or of a unit's device with its further names.
    pub(crate) async fn enter(
        &mut self,
        entry: &OutcomeLine<'_>,
        unit: Option<u64>,
        names: &[Text<'_>],
    ) -> Result<(), ReportError> {
        let own = [&entry.id, &entry.thing, &entry.certificate_id].map(AsRef::as_ref);
        let further = names.iter().map(AsRef::as_ref);
        self.indexing.add(own.into_iter().chain(further), self.written).await;
        self.counts.add(entry.outcome);
        self.note(entry);
        self.line.clear();
        write_line(&mut self.line, entry, unit, names);
        self.pass_on().await
    }

    /// What people are shown and told of is copied; of many entries that ended well nothing is.
    fn note(&mut self, entry: &OutcomeLine<'_>) {
        let is_fine = entry.outcome.is_fine();
        if is_fine && entry.warnings.is_empty() && self.rows.are_full() {
            return;
        }
        let entry = entry.to_outcome();
        self.rows.add(&entry);
        if !is_fine {
            self.problems.add(&entry.code, &entry.reason, &entry);
            self.failures.add(&entry);
        }
        for warning in &entry.warnings {
            self.warnings.add(&warning.code, &warning.reason, &entry);
        }
    }

    async fn pass_on(&mut self) -> Result<(), ReportError> {
        self.written += u64::try_from(self.line.len()).unwrap_or_default();
        Ok(self.results.write(&self.line).await?)
    }

    /// Makes the results appear.
    pub(crate) async fn close(self) -> Result<Recount, ReportError> {
        self.results.finish().await?;
        Ok(Recount {
            counts: self.counts,
            balanced: self.counts.balanced() && self.strays == 0,
            problems: self.problems.into_list(),
            warnings: self.warnings.into_list(),
            failures: self.failures,
            rows: self.rows,
            indexed: self.indexing.finish().await,
        })
    }
}

/// The columns are [`RESULT_COLUMNS`].
fn write_line(line: &mut Vec<u8>, entry: &OutcomeLine<'_>, unit: Option<u64>, names: &[Text<'_>]) {
    // A plan names what a device lacks where an import has nothing to say.
    let would = entry.warnings.iter().find(|warning| warning.code == WOULD_UPDATE);
    let would = would.filter(|_| entry.reason.is_empty());
    let reason = would.map_or(entry.reason.as_ref(), |warning| &warning.reason);
    number(line, Some(entry.entry));
    for text in [
        &entry.place,
        &entry.id,
        &entry.thing,
        &entry.certificate_id,
        entry.outcome.word(),
        &entry.code,
        reason,
        retry(entry.outcome, &entry.code),
    ] {
        line.push(b',');
        cell(line, text);
    }
    line.push(b',');
    number(line, unit);
    line.push(b',');
    let warnings: Vec<_> = entry.warnings.iter().map(|warning| warning.code.as_str()).collect();
    cell(line, &warnings.join(" "));
    line.push(b',');
    match names {
        [name] => cell(line, &without_semicolons(name.as_ref())),
        names => {
            let names: Vec<_> =
                names.iter().map(|name| without_semicolons(name.as_ref())).collect();
            cell(line, &names.join(";"));
        }
    }
    line.push(b'\n');
}

/// Empty where there is none.
fn number(line: &mut Vec<u8>, number: Option<u64>) {
    if let Some(number) = number {
        // Writing to memory does not fail.
        let _ = write!(line, "{number}");
    }
}

/// A text as CSV has it: in quotes where it holds what would end it.
fn cell(line: &mut Vec<u8>, text: &str) {
    if text.bytes().any(|byte| matches!(byte, b',' | b'"' | b'\n' | b'\r')) {
        line.push(b'"');
        line.extend_from_slice(text.replace('"', "\"\"").as_bytes());
        line.push(b'"');
    } else {
        line.extend_from_slice(text.as_bytes());
    }
}

/// Whether the same file can succeed later; empty where there is nothing to try again.
fn retry(outcome: OutcomeKind, code: &str) -> &'static str {
    match outcome {
        _ if outcome.is_fine() => "",
        _ if can_retry(code) => "yes",
        _ => "no",
    }
}

/// Only letters and digits of a name count, so that anything else may stand for a semicolon.
fn without_semicolons(name: &str) -> std::borrow::Cow<'_, str> {
    if name.contains([';', '\n', '\r']) {
        name.replace([';', '\n', '\r'], " ").into()
    } else {
        name.into()
    }
}

#[cfg(test)]
mod tests {
    use ledger::{Note, Outcome};

    use super::*;

    fn outcome(outcome: OutcomeKind, code: &str, reason: &str) -> Outcome {
        Outcome {
            entry: 7,
            place: "line 7".into(),
            id: "id".into(),
            thing: "thing".into(),
            certificate_id: "ff".into(),
            outcome,
            code: code.into(),
            reason: reason.into(),
            warnings: Vec::new(),
        }
    }

    fn line(outcome: &Outcome, unit: Option<u64>, names: &[&str]) -> String {
        let names: Vec<Text<'_>> = names.iter().copied().map(Text::from).collect();
        let mut line = Vec::new();
        write_line(&mut line, &outcome.into(), unit, &names);
        String::from_utf8(line).unwrap()
    }

    #[test]
    fn an_entry_is_a_line_with_a_cell_for_each_column() {
        let note = |code: &str| Note { code: code.into(), reason: "so".into() };
        let warnings = vec![note("A.One"), note("B.Two")];
        let created = Outcome { warnings, ..outcome(OutcomeKind::Created, "", "") };
        assert_eq!(
            line(&created, Some(3), &["01:02", "a;b\nc"]),
            "7,line 7,id,thing,ff,created,,,,3,A.One B.Two,01:02;a b c\n"
        );
        let waiting = outcome(OutcomeKind::Waiting, "Certificate.NotRegistered", "not yet");
        assert_eq!(
            line(&waiting, None, &[]),
            "7,line 7,id,thing,ff,waiting,Certificate.NotRegistered,not yet,yes,,,\n"
        );
        assert_eq!(line(&waiting, None, &["x;y"]).split(',').next_back(), Some("x y\n"));
    }

    #[test]
    fn results_say_whether_the_same_file_can_succeed_later() {
        assert_eq!(retry(OutcomeKind::Created, ""), "");
        assert_eq!(retry(OutcomeKind::Waiting, "Certificate.NotRegistered"), "yes");
        assert_eq!(retry(OutcomeKind::Rejected, "Manifest.Malformed"), "no");
    }

    #[test]
    fn a_plan_says_what_a_device_lacks_and_an_import_its_own_reason() {
        let would = Note { code: WOULD_UPDATE.into(), reason: "it lacks a group".into() };
        let entry = |reason| Outcome {
            warnings: vec![would.clone()],
            ..outcome(OutcomeKind::Updated, "", reason)
        };
        assert!(line(&entry(""), Some(1), &[]).contains(",updated,,it lacks a group,"));
        assert!(line(&entry("own"), Some(1), &[]).contains(",updated,,own,"));
    }

    #[test]
    fn cells_are_written_as_other_programs_write_csv() {
        for text in ["", " plain ", "a,b", "say \"no\"", "\"", "two\nlines", "\r", "ü;\t'", "=1+1"]
        {
            let mut own = b"1,".to_vec();
            cell(&mut own, text);
            own.push(b'\n');
            let mut csv = csv::Writer::from_writer(Vec::new());
            csv.write_record(["1", text]).unwrap();
            assert_eq!(own, csv.into_inner().unwrap(), "{text:?}");
        }
    }
}
