//! A run that ended without reaching its own report: its last workers may still be busy.

use std::{collections::HashSet, time::SystemTime};

use ledger::{LONGEST_UNIT, Leases, RunFiles, Store, StoreError};
use serde::Deserialize;

const WAIT_SECONDS: u32 = 5;

/// How the machine ended.
#[derive(Debug, Deserialize)]
pub struct Closing {
    /// Step Functions' word: `ABORTED`, `TIMED_OUT` or `FAILED`.
    pub status: String,
}

/// Tells the run's workers to stop; returns how long to wait while some are still busy.
///
/// A busy worker has put its unit's intent and not yet its outcomes. One that puts its intent
/// later finds the mark and does nothing.
pub(crate) async fn wait_for_workers(
    store: &Store,
    leases: &Leases,
    files: &RunFiles,
) -> Result<Option<u32>, StoreError> {
    leases.stop(files.run()).await?;
    let finished: HashSet<_> = store
        .list(&files.all_outcomes())
        .await?
        .iter()
        .filter_map(|key| RunFiles::unit_of(key))
        .collect();
    let now = SystemTime::now();
    let busy = store.list_written(&files.intents()).await?.into_iter().any(|intent| {
        let age =
            intent.written.and_then(|written| now.duration_since(written).ok()).unwrap_or_default();
        age < LONGEST_UNIT
            && RunFiles::unit_of(&intent.key).is_some_and(|unit| !finished.contains(&unit))
    });
    Ok(busy.then_some(WAIT_SECONDS))
}
