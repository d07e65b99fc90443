//! Puts the entries of a run into the index.

use super::{Index, IndexError, Names, Objects, Record};
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
}

impl<O: Objects> IndexWriter<O> {
    /// For the entries of this run.
    pub fn new(objects: O, run: RunTag) -> Self {
        Self { index: Index::new(objects), run, records: Vec::new() }
    }

    /// Adds the names of the entry whose line begins at `offset`.
    pub async fn add(&mut self, names: &Names, offset: u64) -> Result<(), IndexError> {
        let run = self.run;
        self.records.extend(names.hashes().map(|hash| Record { hash, run, offset }));
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
        let alike = records.chunk_by(|one, other| one.hash() == other.hash());
        let kept = alike.flat_map(|alike| alike.iter().take(SHARED)).copied().collect();
        self.index.add(kept).await
    }
}
