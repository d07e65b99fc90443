//! Sorts the entries of a file into devices to work on and entries refused.

use ledger::{
    Entries, Keep, ObjectWriter, Outcome, Prepared, RunFiles, Store, StoreError, UnitSizes,
};
use manifest::Summary;
use prepare::{Item, Signatures, Sorting, number_of};

/// The run's files while they are written.
pub(crate) struct Sorter {
    work: ObjectWriter,
    units: ObjectWriter,
    rejected: ObjectWriter,
    sizes: UnitSizes,
    sorting: Sorting,
    wanted: Entries,
}

impl Sorter {
    /// Of the file, only the entries `wanted` are written down and counted.
    pub(crate) fn new(store: &Store, files: &RunFiles, wanted: Entries) -> Self {
        Self {
            work: store.writer(files.work(), Keep::Passing),
            units: store.writer(files.units(), Keep::Passing),
            rejected: store.writer(files.rejected(), Keep::Passing),
            sizes: UnitSizes::default(),
            sorting: Sorting::default(),
            wanted,
        }
    }

    /// What the checks of signatures came to so far.
    pub(crate) const fn signatures(&self) -> Signatures {
        self.sorting.signatures()
    }

    /// Whether this run works on the entry.
    pub(crate) fn wants(&self, entry: &Outcome) -> bool {
        self.wanted.has(entry.entry)
    }

    /// Takes the next entry.
    pub(crate) async fn take(&mut self, item: Item) -> Result<(), StoreError> {
        if !self.wanted.has(number_of(&item)) {
            self.sorting.pass_over(item);
            return Ok(());
        }
        let work = match self.sorting.take(item) {
            Ok(work) => work,
            Err(outcome) => return self.rejected.write_line(&*outcome).await.map(drop),
        };
        let length = self.work.write_line(&work).await?;
        let sample = if work.thing.is_empty() { &work.id } else { &work.thing };
        if let Some(unit) = self.sizes.push(sample, u64::try_from(length).unwrap_or(u64::MAX)) {
            self.units.write_line(&unit).await?;
        }
        Ok(())
    }

    /// Completes the files, and tells what is in them.
    pub(crate) async fn finish(
        mut self,
        sha256: String,
        summary: Summary,
    ) -> Result<Prepared, StoreError> {
        if let Some(unit) = self.sizes.finish() {
            self.units.write_line(&unit).await?;
        }
        self.work.finish().await?;
        self.units.finish().await?;
        self.rejected.finish().await?;
        Ok(Prepared {
            again: false,
            entries: self.sorting.entries(),
            devices: self.sizes.devices(),
            refused: self.sorting.refused(),
            units: self.sizes.units(),
            sha256,
            signers: self.sorting.into_signers(),
            batch: summary.batch,
            notes: prepare::notes(&summary.notes),
        })
    }
}
