//! Keeps the books over the entries of a file.

use std::collections::BTreeSet;

use ledger::{Outcome, OutcomeKind, Work};

use crate::{
    duplicates::{Duplicate, Duplicates},
    read::{Device, Item},
};

/// What the entries of a file came to so far.
#[derive(Debug, Default)]
pub struct Sorting {
    duplicates: Duplicates,
    signers: BTreeSet<String>,
    entries: u64,
    refused: u64,
    signatures: Signatures,
}

/// How many entries' signatures were checked, and what came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Signatures {
    /// Those that held.
    pub passed: u64,
    /// Those that did not.
    pub failed: u64,
}

impl Signatures {
    fn count(&mut self, item: &Item) {
        match item {
            Ok(device) => self.passed += u64::from(device.signer.is_some()),
            Err(refusal) => self.failed += u64::from(refusal.failed_signature),
        }
    }
}

impl Sorting {
    /// Takes the next entry: a device to work on, or what became of the entry.
    pub fn take(&mut self, item: Item) -> Result<Work, Box<Outcome>> {
        self.entries += 1;
        self.signatures.count(&item);
        let sorted = self.sort(item);
        self.refused += u64::from(sorted.is_err());
        sorted
    }

    /// Passes over an entry that is not to be worked on. It takes its certificate and its name all the
    /// same, and counts for nothing else.
    pub fn pass_over(&mut self, item: Item) {
        if let Ok(Device { work, certificate, .. }) = item {
            self.duplicates.take(work.entry, certificate.as_bytes(), &work.thing);
        }
    }

    fn sort(&mut self, item: Item) -> Result<Work, Box<Outcome>> {
        let Device { work, certificate, signer, .. } =
            item.map_err(|refusal| Box::new(refusal.outcome))?;
        if let Some(duplicate) =
            self.duplicates.take(work.entry, certificate.as_bytes(), &work.thing)
        {
            return Err(Box::new(conflict(&work, duplicate)));
        }
        self.signers.extend(signer.map(|signer| signer.to_string()));
        Ok(work)
    }

    /// Entries so far.
    pub const fn entries(&self) -> u64 {
        self.entries
    }

    /// Entries among them that give no device.
    pub const fn refused(&self) -> u64 {
        self.refused
    }

    /// What the checks of signatures came to so far.
    pub const fn signatures(&self) -> Signatures {
        self.signatures
    }

    /// Fingerprints of the signers that vouched for devices.
    pub fn into_signers(self) -> Vec<String> {
        self.signers.into_iter().collect()
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
