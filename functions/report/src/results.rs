//! Recounts every entry, and writes `results.csv` in the order of the manifest.

use futures::{Stream, TryStreamExt, pin_mut, stream};
use ledger::{
    Counts, Keep, Lines, ObjectWriter, Outcome, OutcomeKind, Prepared, Problem, RESULT_COLUMNS,
    RunFiles, Stop, Store, StoreError, Unit, Work, can_retry, parse_lines,
};

use crate::{
    ReportError,
    failures::Failures,
    index::{self, Indexed, Indexing},
    page::Rows,
    problems::Problems,
};

/// Units that are fetched ahead of the one being counted.
const AHEAD: usize = 16;

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

/// Counts every entry against the prepared list, and writes its line. `again` says what to do about
/// those whose worker failed.
pub(crate) async fn write(
    store: &Store,
    files: &RunFiles,
    prepared: &Prepared,
    stop: Option<&Stop>,
    indexing: Indexing,
    again: &str,
) -> Result<Recount, ReportError> {
    let results = store.writer(files.results(), Keep::Always);
    let mut book = Book::open(results, indexing).await?;
    book.counts.read = prepared.entries;

    let mut refused: Lines<Outcome> = store.lines(&files.rejected()).await?;
    let mut next_refused = refused.next_line().await?;
    let units = settled_units(store, files, stop, again).await?;
    pin_mut!(units);
    while let Some(Settled { unit, outcomes, names, strays }) = units.try_next().await? {
        book.strays += strays;
        for (outcome, names) in outcomes.into_iter().zip(names) {
            while let Some(earlier) = next_refused.take_if(|refused| refused.entry < outcome.entry)
            {
                book.enter(&earlier, None, &[]).await?;
                next_refused = refused.next_line().await?;
            }
            book.enter(&outcome, Some(unit), &names).await?;
        }
    }
    while let Some(outcome) = next_refused {
        book.enter(&outcome, None, &[]).await?;
        next_refused = refused.next_line().await?;
    }
    book.close().await
}

/// A unit with exactly one outcome for each of its devices.
struct Settled {
    unit: u64,
    outcomes: Vec<Outcome>,
    /// The further names of each device.
    names: Vec<Vec<String>>,
    /// Outcomes that belong to none of its devices, or are there twice.
    strays: u64,
}

async fn settled_units(
    store: &Store,
    files: &RunFiles,
    stop: Option<&Stop>,
    again: &str,
) -> Result<impl Stream<Item = Result<Settled, StoreError>>, StoreError> {
    let units: Lines<Unit> = store.lines(&files.units()).await?;
    let units = stream::try_unfold(units, async |mut units| {
        Ok(units.next_line().await?.map(|unit| (unit, units)))
    });
    Ok(units.map_ok(move |unit| settle(store, files, stop, again, unit)).try_buffered(AHEAD))
}

async fn settle(
    store: &Store,
    files: &RunFiles,
    stop: Option<&Stop>,
    again: &str,
    unit: Unit,
) -> Result<Settled, StoreError> {
    let work = store
        .read_range(&files.work(), unit.offset..unit.offset + unit.length)
        .await?
        .unwrap_or_default();
    let work: Vec<Work> = parse_lines(&files.work(), &work)?;
    let left = store.read(&files.outcomes(unit.unit)).await?.unwrap_or_default();
    let left: Vec<Outcome> = parse_lines(&files.outcomes(unit.unit), &left)?;
    let (outcomes, strays) = match_up(&work, left, |work| {
        let (code, reason) = match stop {
            Some(stop) => (
                stop.code.as_str(),
                format!("the run ended before this device's turn: {}", stop.reason),
            ),
            None => (
                "Run.UnitFailed",
                format!(
                    "the worker of unit {} failed for good before this device's turn. Its execution in Step Functions shows why; {again}",
                    unit.unit
                ),
            ),
        };
        work.outcome(OutcomeKind::NotAttempted, code, reason)
    });
    let names = work.into_iter().map(|work| work.names).collect();
    Ok(Settled { unit: unit.unit, outcomes, names, strays })
}

/// Whether the same file can succeed later; empty where there is nothing to try again.
fn retry(entry: &Outcome) -> &'static str {
    if entry.outcome.is_fine() {
        ""
    } else if can_retry(&entry.code) {
        "yes"
    } else {
        "no"
    }
}

/// One outcome for each device, in order; and how many of `left` belong to none.
fn match_up(
    work: &[Work],
    left: Vec<Outcome>,
    absent: impl Fn(&Work) -> Outcome,
) -> (Vec<Outcome>, u64) {
    let mut left: Vec<_> = left.into_iter().map(Some).collect();
    let outcomes = work
        .iter()
        .map(|work| {
            let belongs = |outcome: &&mut Option<Outcome>| {
                outcome.as_ref().is_some_and(|outcome| {
                    outcome.entry == work.entry && outcome.certificate_id == work.certificate_id
                })
            };
            left.iter_mut().find(belongs).and_then(Option::take).unwrap_or_else(|| absent(work))
        })
        .collect();
    let strays = left.iter().flatten().count();
    (outcomes, u64::try_from(strays).unwrap_or(u64::MAX))
}

/// The counts, and the results as they are written.
struct Book {
    csv: csv::Writer<Vec<u8>>,
    results: ObjectWriter,
    /// How much of the results is written, in bytes.
    written: u64,
    indexing: Indexing,
    counts: Counts,
    strays: u64,
    problems: Problems,
    warnings: Problems,
    failures: Failures,
    rows: Rows,
}

impl Book {
    async fn open(results: ObjectWriter, indexing: Indexing) -> Result<Self, ReportError> {
        let mut csv = csv::Writer::from_writer(Vec::new());
        csv.write_record(RESULT_COLUMNS)?;
        let mut book = Self {
            csv,
            results,
            written: 0,
            indexing,
            counts: Counts::default(),
            strays: 0,
            problems: Problems::default(),
            warnings: Problems::default(),
            failures: Failures::default(),
            rows: Rows::default(),
        };
        book.pass_on().await?;
        Ok(book)
    }

    async fn enter(
        &mut self,
        entry: &Outcome,
        unit: Option<u64>,
        names: &[String],
    ) -> Result<(), ReportError> {
        self.indexing.add(&index::names(entry, names), self.written).await;
        self.counts.add(entry.outcome);
        self.rows.add(entry);
        if !entry.outcome.is_fine() {
            self.problems.add(&entry.code, &entry.reason, entry);
            self.failures.add(entry);
        }
        for warning in &entry.warnings {
            self.warnings.add(&warning.code, &warning.reason, entry);
        }
        // A plan names what a device lacks where an import has nothing to say.
        let would = entry.warnings.iter().find(|warning| warning.code == WOULD_UPDATE);
        let reason =
            would.filter(|_| entry.reason.is_empty()).map_or(&entry.reason, |it| &it.reason);
        let warnings: Vec<_> = entry.warnings.iter().map(|warning| warning.code.as_str()).collect();
        self.csv.write_record([
            entry.entry.to_string().as_str(),
            &entry.place,
            &entry.id,
            &entry.thing,
            &entry.certificate_id,
            entry.outcome.word(),
            &entry.code,
            reason,
            retry(entry),
            &unit.map(|unit| unit.to_string()).unwrap_or_default(),
            &warnings.join(" "),
            &in_one_cell(names),
        ])?;
        self.pass_on().await
    }

    async fn pass_on(&mut self) -> Result<(), ReportError> {
        let written = std::mem::replace(&mut self.csv, csv::Writer::from_writer(Vec::new()));
        let lines = written.into_inner().map_err(|error| csv::Error::from(error.into_error()))?;
        self.written += u64::try_from(lines.len()).unwrap_or_default();
        Ok(self.results.write(&lines).await?)
    }

    async fn close(mut self) -> Result<Recount, ReportError> {
        self.pass_on().await?;
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

/// Only letters and digits of a name count, so that anything else may stand for a semicolon.
fn in_one_cell(names: &[String]) -> String {
    let names: Vec<_> = names.iter().map(|name| name.replace([';', '\n', '\r'], " ")).collect();
    names.join(";")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn work(entry: u64) -> Work {
        Work {
            entry,
            place: format!("entry {entry}"),
            id: String::new(),
            thing: format!("thing-{entry}"),
            certificate_id: format!("{entry:064}"),
            certificate: String::new(),
            thing_type: None,
            attributes: BTreeMap::new(),
            names: Vec::new(),
            warnings: Vec::new(),
        }
    }

    fn created(entry: u64) -> Outcome {
        work(entry).outcome(OutcomeKind::Created, "", String::new())
    }

    #[track_caller]
    fn check(left: Vec<Outcome>, expected: &[(u64, OutcomeKind)], expected_strays: u64) {
        let absent =
            |work: &Work| work.outcome(OutcomeKind::NotAttempted, "Run.UnitFailed", String::new());
        let (outcomes, strays) = match_up(&[work(1), work(2)], left, absent);
        let outcomes: Vec<_> =
            outcomes.iter().map(|outcome| (outcome.entry, outcome.outcome)).collect();
        assert_eq!((outcomes.as_slice(), strays), (expected, expected_strays));
    }

    #[test]
    fn results_say_whether_the_same_file_can_succeed_later() {
        let ended = |outcome, code| retry(&work(1).outcome(outcome, code, String::new()));
        assert_eq!(ended(OutcomeKind::Created, ""), "");
        assert_eq!(ended(OutcomeKind::Waiting, "Certificate.NotRegistered"), "yes");
        assert_eq!(ended(OutcomeKind::Rejected, "Manifest.Malformed"), "no");
    }

    #[test]
    fn every_device_has_exactly_one_outcome() {
        check(
            vec![created(2), created(1)],
            &[(1, OutcomeKind::Created), (2, OutcomeKind::Created)],
            0,
        );
        check(vec![created(2)], &[(1, OutcomeKind::NotAttempted), (2, OutcomeKind::Created)], 0);
        check(vec![], &[(1, OutcomeKind::NotAttempted), (2, OutcomeKind::NotAttempted)], 0);
    }

    #[test]
    fn an_outcome_that_belongs_to_no_device_is_noticed() {
        check(
            vec![created(1), created(2), created(2)],
            &[(1, OutcomeKind::Created), (2, OutcomeKind::Created)],
            1,
        );
        let alien = Outcome { certificate_id: "ff".into(), ..created(1) };
        check(
            vec![alien, created(2)],
            &[(1, OutcomeKind::NotAttempted), (2, OutcomeKind::Created)],
            1,
        );
    }
}
