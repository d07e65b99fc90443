//! Keeps the index of devices whole and small: brings in runs that are missing, and merges.
//!
//! Runs are missing that could not be put in, and at first all that are older than the index. So whoever
//! deletes everything under `index/` gets it made again of the runs' results.

use std::{
    collections::BTreeMap,
    time::{Duration, UNIX_EPOCH},
};

use futures::{StreamExt, TryStreamExt, stream};
use ledger::{
    History, Index, Keep, Report, RunFiles, RunTag, Store, StoreError, Unindexed, seconds_of_epoch,
};
use tokio::time::Instant;

use crate::{
    Answer, ReportError,
    index::{self, Indexed, Indexing},
    stored::Results,
};

/// How long it is at it. What is left has its turn a quarter of an hour later.
const PATIENCE: Duration = Duration::from_secs(90);

/// So much longer a run has that was begun in time. The machine waits for both, and half a minute more.
const GRACE: Duration = Duration::from_secs(30);

/// Seconds from one upkeep to the next.
const INTERVAL: f64 = 900.0;

/// So many runs are noted at a time.
const AT_ONCE: usize = 16;

pub(crate) async fn carry_out(store: &Store) -> Result<Answer, ReportError> {
    let until = Instant::now() + PATIENCE;
    if store.read(Unindexed::COMPLETE).await?.is_none() {
        note_all(store).await?;
    }
    let mut missing = store.list(Unindexed::ALL).await?;
    begin_elsewhere(&mut missing, seconds_of_epoch());
    let known = if missing.is_empty() { BTreeMap::new() } else { known(store).await? };
    let (mut indexed, mut left) = (0, missing.len());
    for key in missing {
        if Instant::now() >= until {
            break;
        }
        let run = key.strip_prefix(Unindexed::ALL).unwrap_or_default();
        let brought = bring_in(store, run, known.get(run).copied());
        let Ok(brought) = tokio::time::timeout_at(until + GRACE, brought).await else {
            tracing::warn!(run, "the run is brought into the index another time");
            break;
        };
        if brought? == Indexed::No {
            break;
        }
        store.delete(&key).await?;
        indexed += 1;
        left -= 1;
    }
    let index = Index::new(store.clone());
    // A merge that is broken off leaves everything as it was.
    let merged = tokio::time::timeout_at(until, index.merge(u64::MAX)).await.unwrap_or(Ok(0))?;
    let segments = index.size().await?;
    tracing::info!(indexed, missing = left, merged, segments, "the index of devices is kept");
    Ok(Answer::Kept { indexed, missing: left, merged, segments })
}

/// Each upkeep begins with another run, so that one which takes too long holds up the others once.
fn begin_elsewhere(missing: &mut [String], now: f64) {
    let upkeeps = Duration::try_from_secs_f64(now / INTERVAL).unwrap_or_default().as_secs();
    let first = usize::try_from(upkeeps).unwrap_or_default().checked_rem(missing.len());
    missing.rotate_left(first.unwrap_or_default());
}

/// Notes every run as one that is not in the index.
async fn note_all(store: &Store) -> Result<(), StoreError> {
    let runs = store.folders("runs/").await?;
    let names = runs.iter().filter_map(|folder| folder.split('/').nth(1));
    let noted = stream::iter(names)
        .map(async |run| index::note_unindexed(store, &RunFiles::of(run)).await)
        .buffer_unordered(AT_ONCE);
    noted.try_collect::<()>().await?;
    store.write(Unindexed::COMPLETE, Vec::new(), Keep::Always).await
}

/// The runs of the history, with the tags that they have there.
async fn known(store: &Store) -> Result<BTreeMap<String, RunTag>, StoreError> {
    let keys = store.list(History::ALL).await?;
    let tags = keys.iter().filter_map(|key| RunTag::of_key(key));
    Ok(tags.map(|(tag, run)| (run.to_owned(), tag)).collect())
}

/// Puts a run into the index again, from its results, and into the history where it is not there.
///
/// One without a report is not at its end, and one that nobody can read has nothing to bring in.
async fn bring_in(store: &Store, run: &str, known: Option<RunTag>) -> Result<Indexed, ReportError> {
    let files = RunFiles::of(run);
    let report: Report = match store.read_json(&files.report()).await {
        Ok(Some(report)) => report,
        Ok(None) => return Ok(Indexed::Yes),
        Err(error @ StoreError::Malformed { .. }) => {
            tracing::error!(code = error.code(), %error, "a run stays out of the index");
            return Ok(Indexed::Yes);
        }
        Err(error) => return Err(error.into()),
    };
    let tag = match (known, report.started) {
        (Some(tag), _) => tag,
        // The run had this tag when it was reported; its records may be there, and its history not.
        (None, Some(started)) => RunTag::of(run, started),
        (None, None) => RunTag::of(run, began(store, &files).await?),
    };
    let mut indexing = if report.dry { Indexing::of_nothing() } else { Indexing::of(store, tag) };
    let mut results = Results::open(store, files.results()).await?;
    while let Some(entries) = results.next_entries().await? {
        for (offset, names) in entries {
            indexing.add(&names, offset).await;
        }
    }
    let indexed = indexing.finish().await;
    if indexed == Indexed::Yes && known.is_none() {
        let history = index::history(tag, &report);
        store.write_json(&tag.key(run), &history, Keep::Always).await?;
    }
    Ok(indexed)
}

/// About when a run began whose report does not tell: its plan is the first that it writes.
async fn began(store: &Store, files: &RunFiles) -> Result<f64, StoreError> {
    let plan = store.written(&files.plan()).await?;
    let written = match plan {
        Some(written) => Some(written),
        None => store.written(&files.report()).await?,
    };
    let since = written.and_then(|written| written.duration_since(UNIX_EPOCH).ok());
    Ok(since.map_or_else(seconds_of_epoch, |since| since.as_secs_f64()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_run_has_its_turn_to_be_the_first() {
        let begin = |upkeep: f64| {
            let mut missing = ["a", "b", "c"].map(String::from);
            begin_elsewhere(&mut missing, upkeep * INTERVAL + 7.0);
            missing.concat()
        };
        assert_eq!([0.0, 1.0, 2.0, 3.0].map(begin), ["abc", "bca", "cab", "abc"]);
        begin_elsewhere(&mut [], 1e9);
    }
}
