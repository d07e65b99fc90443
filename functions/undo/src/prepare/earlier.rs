//! What earlier runs took back of the same run.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt, TryStreamExt, stream};
use ledger::{Intent, Outcome, OutcomeKind, RunFiles, Stood, Store, StoreError};

/// Files that are read at once. A run of a million devices has tens of thousands.
const AT_ONCE: usize = 64;

/// What earlier runs took back.
#[derive(Debug, Default)]
pub(super) struct Earlier {
    /// The names of the runs.
    runs: Vec<String>,
    /// Which of them took a device back to its end, by entry. Of a million devices, a name each would be
    /// too much.
    removed: BTreeMap<u64, usize>,
    /// Entries of devices that one began with.
    begun: BTreeSet<u64>,
}

impl Earlier {
    /// What was taken back of the run `undone` before `own` began; or the name of a run that is still
    /// about it.
    pub(super) async fn read(
        store: &Store,
        undone: &RunFiles,
        own: &str,
    ) -> Result<Result<Self, String>, StoreError> {
        let mut earlier = Self::default();
        let prefix = undone.all_undone();
        for key in store.list(&prefix).await? {
            let Some(run) = key.strip_prefix(&prefix).filter(|run| *run != own) else { continue };
            let files = RunFiles::of(run);
            if store.written(&files.report()).await?.is_none() {
                return Ok(Err(run.to_owned()));
            }
            earlier.add(store, &files).await?;
        }
        Ok(Ok(earlier))
    }

    async fn add(&mut self, store: &Store, files: &RunFiles) -> Result<(), StoreError> {
        let intents = stream::iter(store.list(&files.intents()).await?);
        let mut intents = intents.map(|key| begun_with(store, key)).buffer_unordered(AT_ONCE);
        while let Some(begun) = intents.try_next().await? {
            self.begun.extend(begun);
        }
        let run = self.runs.len();
        self.runs.push(files.run().to_owned());
        let outcomes = stream::iter(store.list(&files.all_outcomes()).await?);
        let mut outcomes = outcomes.map(|key| removed(store, key)).buffer_unordered(AT_ONCE);
        while let Some(removed) = outcomes.try_next().await? {
            for entry in removed {
                self.removed.entry(entry).or_insert(run);
            }
        }
        Ok(())
    }

    /// The run that took a device back.
    pub(super) fn taken_back_by(&self, entry: u64) -> Option<&str> {
        self.runs.get(*self.removed.get(&entry)?).map(String::as_str)
    }

    /// Whether one began with a device.
    pub(super) fn has_begun(&self, entry: u64) -> bool {
        self.begun.contains(&entry)
    }
}

/// Entries of the devices that a part of a unit began with.
async fn begun_with(store: &Store, key: String) -> Result<Vec<u64>, StoreError> {
    let intent: Intent = store.read_json(&key).await?.unwrap_or_default();
    let whole = intent.existing.into_iter().filter(|(_, stood)| *stood == Stood::Whole);
    Ok(whole.map(|(entry, _)| entry).collect())
}

/// Entries of the devices that were taken back, of some outcomes.
async fn removed(store: &Store, key: String) -> Result<Vec<u64>, StoreError> {
    let mut outcomes = store.lines::<Outcome>(&key).await?;
    let mut removed = Vec::new();
    while let Some(outcome) = outcomes.next_line().await? {
        if outcome.outcome == OutcomeKind::Removed {
            removed.push(outcome.entry);
        }
    }
    Ok(removed)
}
