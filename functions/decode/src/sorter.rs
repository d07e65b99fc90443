//! Sorts the entries of a file into devices to work on and entries refused.
//!
//! This is done on the decoder's own thread, down to the bytes of the run's files: what passes to the
//! thread that talks to S3 is whole parts.

use ledger::{Entries, LineError, Outcome, PART_BYTES, Prepared, UnitSizes, add_line};
use manifest::Summary;
use prepare::{Item, Signatures, Sorting, number_of};

use crate::run_files::{Each, Which};

/// What becomes of the entries, as the lines of the run's files.
#[derive(Debug)]
pub(crate) struct Sorter {
    wanted: Entries,
    sorting: Sorting,
    sizes: UnitSizes,
    lines: Each<Vec<u8>>,
}

impl Sorter {
    /// Of the file, only the entries `wanted` are written down and counted. `sorting` and `sizes` are those
    /// of the entries before.
    pub(crate) fn new(wanted: Entries, sorting: Sorting, sizes: UnitSizes) -> Self {
        Self { wanted, sorting, sizes, lines: Each::default() }
    }

    /// What the checks of signatures came to so far.
    pub(crate) const fn signatures(&self) -> Signatures {
        self.sorting.signatures()
    }

    /// Whether this run works on the entry.
    pub(crate) fn wants(&self, entry: &Outcome) -> bool {
        self.wanted.has(entry.entry)
    }

    /// Takes the next entry, and gives the parts of files that it fills.
    pub(crate) fn take(
        &mut self,
        item: Item,
    ) -> Result<impl Iterator<Item = (Which, Vec<u8>)> + use<>, LineError> {
        if self.wanted.has(number_of(&item)) {
            self.write(item)?;
        } else {
            self.sorting.pass_over(item);
        }
        let full = [Which::Work, Which::Units, Which::Rejected].map(|which| {
            let lines = self.lines.get_mut(which);
            (lines.len() >= PART_BYTES).then(|| (which, std::mem::take(lines)))
        });
        Ok(full.into_iter().flatten())
    }

    fn write(&mut self, item: Item) -> Result<(), LineError> {
        let work = match self.sorting.take(item) {
            Ok(work) => work,
            Err(outcome) => return add_line(&mut self.lines.rejected, &*outcome).map(drop),
        };
        let length = add_line(&mut self.lines.work, &work)?;
        let sample = if work.thing.is_empty() { &work.id } else { &work.thing };
        if let Some(unit) = self.sizes.push(sample, u64::try_from(length).unwrap_or(u64::MAX)) {
            add_line(&mut self.lines.units, &unit)?;
        }
        Ok(())
    }

    /// Ends a leg: gives the lines that fill no part, and what the next leg goes on with.
    pub(crate) fn put_aside(self) -> (Each<Vec<u8>>, Sorting, UnitSizes) {
        (self.lines, self.sorting, self.sizes)
    }

    /// Ends the file: gives the last lines, and tells what is in the files.
    pub(crate) fn finish(
        mut self,
        sha256: String,
        summary: Summary,
    ) -> Result<(Each<Vec<u8>>, Prepared), LineError> {
        if let Some(unit) = self.sizes.finish() {
            add_line(&mut self.lines.units, &unit)?;
        }
        let prepared = Prepared {
            again: false,
            entries: self.sorting.entries(),
            devices: self.sizes.devices(),
            refused: self.sorting.refused(),
            units: self.sizes.units(),
            sha256,
            signers: self.sorting.into_signers(),
            batch: summary.batch,
            notes: prepare::notes(&summary.notes),
        };
        Ok((self.lines, prepared))
    }
}
