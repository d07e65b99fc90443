//! Sorts the entries of a file into devices to work on and entries refused.

use std::collections::BTreeSet;

use ledger::{
    Keep, ObjectWriter, Outcome, OutcomeKind, Prepared, RunFiles, Store, StoreError, UnitSizes,
    Work,
};
use manifest::Summary;

use crate::{
    duplicates::{Duplicate, Duplicates},
    read::{self, Device, Item},
};

/// The run's files while they are written.
pub(crate) struct Sorter {
    work: ObjectWriter,
    units: ObjectWriter,
    rejected: ObjectWriter,
    sizes: UnitSizes,
    duplicates: Duplicates,
    signers: BTreeSet<String>,
    entries: u64,
    refused: u64,
    signatures: Signatures,
}

/// How many entries' signatures were checked, and what came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Signatures {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
}

impl Signatures {
    fn count(&mut self, item: &Item) {
        match item {
            Ok(device) => self.passed += u64::from(device.signer.is_some()),
            Err(refusal) => self.failed += u64::from(refusal.failed_signature),
        }
    }
}

impl Sorter {
    pub(crate) fn new(store: &Store, files: &RunFiles) -> Self {
        Self {
            work: store.writer(files.work(), Keep::Passing),
            units: store.writer(files.units(), Keep::Passing),
            rejected: store.writer(files.rejected(), Keep::Passing),
            sizes: UnitSizes::default(),
            duplicates: Duplicates::default(),
            signers: BTreeSet::new(),
            entries: 0,
            refused: 0,
            signatures: Signatures::default(),
        }
    }

    /// What the checks of signatures came to so far.
    pub(crate) const fn signatures(&self) -> Signatures {
        self.signatures
    }

    /// Takes the next entry.
    pub(crate) async fn take(&mut self, item: Item) -> Result<(), StoreError> {
        self.entries += 1;
        self.signatures.count(&item);
        let Device { work, certificate, signer } = match item {
            Ok(device) => device,
            Err(refusal) => return self.refuse(refusal.outcome).await,
        };
        if let Some(duplicate) =
            self.duplicates.take(work.entry, certificate.as_bytes(), &work.thing)
        {
            return self.refuse(conflict(&work, duplicate)).await;
        }
        self.signers.extend(signer.map(|signer| signer.to_string()));
        let length = self.work.write_line(&work).await?;
        let sample = if work.thing.is_empty() { &work.id } else { &work.thing };
        if let Some(unit) = self.sizes.push(sample, u64::try_from(length).unwrap_or(u64::MAX)) {
            self.units.write_line(&unit).await?;
        }
        Ok(())
    }

    async fn refuse(&mut self, outcome: Outcome) -> Result<(), StoreError> {
        self.refused += 1;
        self.rejected.write_line(&outcome).await.map(drop)
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
            entries: self.entries,
            devices: self.sizes.devices(),
            refused: self.refused,
            units: self.sizes.units(),
            sha256,
            signers: self.signers.into_iter().collect(),
            batch: summary.batch,
            notes: read::notes(&summary.notes),
        })
    }
}

/// The first of two entries is taken, because somebody has to be first; the second one is no
/// mistake of the entry's own.
fn conflict(work: &Work, duplicate: Duplicate) -> Outcome {
    let (code, reason) = match duplicate {
        Duplicate::Certificate { entry } => (
            "Manifest.DuplicateCertificate",
            format!("entry {entry} of this file has the same certificate; that one was taken"),
        ),
        Duplicate::Name { entry } => (
            "Manifest.DuplicateName",
            format!(
                "entry {entry} of this file gives the thing `{}` another certificate; that one was taken",
                work.thing
            ),
        ),
    };
    work.outcome(OutcomeKind::Conflict, code, reason)
}
