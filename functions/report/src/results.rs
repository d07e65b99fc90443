//! Recounts every entry, and writes `results.csv` in the order of the manifest.

use futures::{TryStreamExt, pin_mut};
use ledger::{Keep, Lines, Outcome, OutcomeLine, Prepared, RunFiles, Store};

use crate::{
    ReportError,
    book::{Book, Recount},
    index::Indexing,
    units::{self, Absence},
};

/// Counts every entry against the prepared list, and writes its line.
pub(crate) async fn write(
    store: &Store,
    files: &RunFiles,
    prepared: &Prepared,
    absence: Absence<'_>,
    indexing: Indexing,
) -> Result<Recount, ReportError> {
    let results = store.writer(files.results(), Keep::Always);
    let mut book = Book::open(results, indexing, prepared.entries).await?;
    let mut refused: Lines<Outcome> = store.lines(&files.rejected()).await?;
    let mut next_refused = refused.next_line().await?;
    let stretches = units::stretches(store, files).await?;
    pin_mut!(stretches);
    while let Some(stretch) = stretches.try_next().await? {
        for unit in stretch.settle(files, absence) {
            let unit = unit?;
            book.add_strays(unit.strays);
            for (device, outcome) in &unit.devices {
                while let Some(earlier) =
                    next_refused.take_if(|refused| refused.entry < outcome.entry)
                {
                    book.enter(&OutcomeLine::from(&earlier), None, &[]).await?;
                    next_refused = refused.next_line().await?;
                }
                book.enter(outcome, Some(unit.unit), &device.names).await?;
            }
        }
    }
    while let Some(outcome) = next_refused {
        book.enter(&OutcomeLine::from(&outcome), None, &[]).await?;
        next_refused = refused.next_line().await?;
    }
    book.close().await
}
