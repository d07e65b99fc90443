//! Puts the entries of a run into the index of devices, and the run into the history.
//!
//! A report stands without either. What fails here is noted, and the next upkeep tries it again.

use std::time::Duration;

use ledger::{
    History, Index, IndexError, IndexWriter, Keep, Report, RunFiles, RunKind, RunTag, Store,
    StoreError, Unindexed, seconds_of_epoch,
};

/// So many records (100 MB) are merged while people wait for the report; upkeep merges the rest.
const SMALL_MERGE: u64 = 1 << 22;
const PATIENCE: Duration = Duration::from_secs(30);

/// Collects the names of a run's entries while its results are written.
#[derive(Debug)]
pub(crate) struct Indexing {
    /// None where the index could not be written, or where the run is not to be found.
    writer: Option<IndexWriter<Store>>,
    /// Whether the run is to be found. A dry run has done nothing that somebody would look for.
    is_wanted: bool,
}

/// Whether all names of a run are in the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Indexed {
    Yes,
    No,
}

impl Indexing {
    pub(crate) fn of(store: &Store, run: RunTag) -> Self {
        Self { writer: Some(IndexWriter::new(store.clone(), run)), is_wanted: true }
    }

    /// Of a dry run.
    pub(crate) const fn of_nothing() -> Self {
        Self { writer: None, is_wanted: false }
    }

    /// Adds the entry of these names, whose line begins at `offset`.
    pub(crate) async fn add<'n>(&mut self, names: impl IntoIterator<Item = &'n str>, offset: u64) {
        let Some(writer) = &mut self.writer else { return };
        if let Err(error) = writer.add(names, offset).await {
            tell(&error);
            self.writer = None;
        }
    }

    pub(crate) async fn finish(self) -> Indexed {
        let Some(writer) = self.writer else {
            return if self.is_wanted { Indexed::No } else { Indexed::Yes };
        };
        match writer.finish().await {
            Ok(()) => Indexed::Yes,
            Err(error) => {
                tell(&error);
                Indexed::No
            }
        }
    }
}

/// What a run of this name is in the index and in the history.
pub(crate) fn tag(run: &str, started: Option<f64>) -> RunTag {
    RunTag::of(run, started.unwrap_or_else(seconds_of_epoch))
}

/// Adds the run to the history, and notes where its names are not all in the index. Keeps the index small.
pub(crate) async fn note(store: &Store, run: RunTag, report: &Report, indexed: Indexed) {
    let history =
        store.write_json(&run.key(&report.run), &history(run, report), Keep::Always).await;
    if let Err(error) = &history {
        tracing::error!(code = error.code(), %error, "the run is not in the history");
    }
    let is_missing = history.is_err() || indexed == Indexed::No;
    if is_missing && let Err(error) = note_unindexed(store, &RunFiles::of(&report.run)).await {
        tracing::error!(code = error.code(), %error, "the run stays out of the index");
    }
    match tokio::time::timeout(PATIENCE, Index::new(store.clone()).merge(SMALL_MERGE)).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => tell(&error),
        Err(_) => tracing::warn!("the index is merged another time"),
    }
}

/// Notes that a run's names are to be put into the index.
pub(crate) async fn note_unindexed(store: &Store, files: &RunFiles) -> Result<(), StoreError> {
    store.write(&Unindexed::key(files), Vec::new(), Keep::Always).await
}

fn tell(error: &IndexError) {
    tracing::error!(code = error.code(), %error, "the index of devices is not as it should be");
}

/// The run as the history has it.
pub(crate) fn history(run: RunTag, report: &Report) -> History {
    let kind = match report {
        Report { undoes: Some(_), .. } => RunKind::Undo,
        Report { dry: true, .. } => RunKind::Plan,
        Report { resumes: Some(_), .. } => RunKind::Redrive,
        _ if report.vendor == "mes" => RunKind::Activate,
        _ => RunKind::Import,
    };
    let stopped = report.stopped.as_ref().map(|note| note.code.clone());
    let most = report.problems.first().map(|problem| problem.code.clone());
    History {
        run: report.run.clone(),
        kind,
        started: report.started.unwrap_or_else(|| f64::from(run.started())),
        ended: report.ended,
        bucket: report.source.bucket.clone(),
        key: report.source.key.clone(),
        vendor: report.vendor.clone(),
        profile: report.profile.clone(),
        verdict: report.verdict,
        counts: report.counts,
        code: stopped.or(most),
    }
}
