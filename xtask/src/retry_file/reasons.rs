//! Why the entries did not end well: a table beside the file.

use std::{
    fs::File,
    io::{BufReader, Read, Write},
};

use anyhow::{Context, Result};
use ledger::Entries;

const HEADER: [&str; 9] =
    ["entry_here", "entry", "place", "id", "thing", "outcome", "code", "reason", "retry"];
/// The columns of `results.csv` that it takes over: all but the first.
const TAKEN: usize = HEADER.len() - 1;

/// An entry that did not end well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    entry: u64,
    cells: [String; TAKEN],
}

/// The entries that did not end well.
pub(super) struct NotFine {
    pub(super) entries: Entries,
    /// The last of them.
    pub(super) last: Option<u64>,
}

pub(super) fn not_fine(results: &File) -> Result<NotFine> {
    let mut found = NotFine { entries: Entries::none(), last: None };
    for row in Row::all_of(results)? {
        let entry = row?.entry;
        found.entries.add(entry);
        found.last = found.last.max(Some(entry));
    }
    Ok(found)
}

impl Row {
    /// The lines of `results.csv` of entries that did not end well, in its order, which is the file's.
    pub(super) fn all_of<R: Read>(results: R) -> Result<impl Iterator<Item = Result<Self>>> {
        let mut csv = csv::Reader::from_reader(BufReader::new(results));
        let columns = csv.headers().context("the run's results have no header")?.clone();
        let column = |name: &str| columns.iter().position(|column| column == name);
        let mut places = [0; TAKEN];
        for (place, name) in places.iter_mut().zip(HEADER.into_iter().skip(1)) {
            *place = column(name)
                .with_context(|| format!("the run's results have no column `{name}`"))?;
        }
        Ok(csv.into_records().filter_map(move |record| {
            let record = match record.context("the run's results cannot be read") {
                Ok(record) => record,
                Err(error) => return Some(Err(error)),
            };
            let cells = places.map(|place| record.get(place).unwrap_or_default().to_owned());
            let [entry, .., retry] = &cells;
            // It says nothing of an entry that ended well.
            if retry.is_empty() {
                return None;
            }
            let entry = entry.parse().context("the run's results name an entry by no number");
            Some(entry.map(|entry| Self { entry, cells }))
        }))
    }
}

/// The table while it is written.
pub(super) struct Reasons<I: Iterator, W: Write> {
    rows: std::iter::Peekable<I>,
    table: csv::Writer<W>,
    copied: u64,
    left_out: u64,
}

impl<I: Iterator<Item = Result<Row>>, W: Write> Reasons<I, W> {
    pub(super) fn new(rows: I, to: W) -> Result<Self> {
        let mut table = csv::Writer::from_writer(to);
        table.write_record(HEADER).context("failed to write the reasons")?;
        Ok(Self { rows: rows.peekable(), table, copied: 0, left_out: 0 })
    }

    /// Notes what became of an entry of the file. They come in order.
    pub(super) fn note(&mut self, entry: u64, becomes: Option<u64>) -> Result<()> {
        while let Some(row) =
            self.rows.next_if(|row| row.as_ref().map_or(true, |row| row.entry <= entry))
        {
            let row = row?;
            let becomes = becomes.filter(|_| row.entry == entry);
            self.write(&row, becomes)?;
        }
        Ok(())
    }

    fn write(&mut self, row: &Row, becomes: Option<u64>) -> Result<()> {
        *(if becomes.is_some() { &mut self.copied } else { &mut self.left_out }) += 1;
        let here = becomes.map(|number| number.to_string()).unwrap_or_default();
        let cells = std::iter::once(&here).chain(&row.cells);
        self.table.write_record(cells).context("failed to write the reasons")
    }

    /// Notes the entries that the file was not read far enough for. Tells how many were copied, and how
    /// many were not.
    pub(super) fn finish(mut self) -> Result<(u64, u64)> {
        while let Some(row) = self.rows.next() {
            self.write(&row?, None)?;
        }
        self.table.flush().context("failed to write the reasons")?;
        Ok((self.copied, self.left_out))
    }
}
