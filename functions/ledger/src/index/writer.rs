//! Puts the entries of a run into the index.

use super::{Index, IndexError, Objects, Record, names};
use crate::RunTag;

/// So many records are in memory (12 MB); a run with more leaves several segments.
const IN_MEMORY: usize = 1 << 19;

/// A name that more entries of a run share is none by which a device is found; so many are kept.
pub const SHARED: usize = 16;

/// Collects the names of a run's entries.
#[derive(Debug)]
pub struct IndexWriter<O> {
    index: Index<O>,
    run: RunTag,
    records: Vec<Record>,
    /// What of a name counts, while it is added.
    text: String,
}

impl<O: Objects> IndexWriter<O> {
    /// For the entries of this run.
    pub fn new(objects: O, run: RunTag) -> Self {
        Self { index: Index::new(objects), run, records: Vec::new(), text: String::new() }
    }

    /// Adds the names of the entry whose line begins at `offset`. Each counts once, however it is written.
    pub async fn add<'n>(
        &mut self,
        names: impl IntoIterator<Item = &'n str>,
        offset: u64,
    ) -> Result<(), IndexError> {
        let first = self.records.len();
        for name in names {
            let Some(hash) = names::hash_in(name, &mut self.text) else { continue };
            let own = self.records.get(first..).unwrap_or_default();
            if own.iter().all(|record| record.hash() != hash) {
                self.records.push(Record { hash, run: self.run, offset });
            }
        }
        if self.records.len() < IN_MEMORY {
            return Ok(());
        }
        self.pass_on().await
    }

    /// Makes the last of them appear.
    pub async fn finish(mut self) -> Result<(), IndexError> {
        self.pass_on().await
    }

    async fn pass_on(&mut self) -> Result<(), IndexError> {
        let mut records = std::mem::take(&mut self.records);
        records.sort_unstable();
        let (mut last, mut alike) = (None, 0);
        records.retain(|record| {
            alike = if last == Some(record.hash()) { alike + 1 } else { 1 };
            last = Some(record.hash());
            alike <= SHARED
        });
        self.index.add(records).await
    }
}
