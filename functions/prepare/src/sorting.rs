//! Keeps the books over the entries of a file.

use std::{
    collections::BTreeSet,
    io::{self, Read, Write},
};

use ledger::{Outcome, OutcomeKind, Work};
use serde::{Deserialize, Serialize};

use crate::{
    duplicates::{Duplicate, Duplicates},
    read::{Device, Item},
};

/// What the entries of a file came to so far.
#[derive(Debug, Default)]
pub struct Sorting {
    duplicates: Duplicates,
    books: Books,
}

/// The books over the entries of a file, without what finds duplicates.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Books {
    signers: BTreeSet<String>,
    entries: u64,
    refused: u64,
    signatures: Signatures,
}

/// How many entries' signatures were checked, and what came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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
    /// Goes on with the books of another one, whose duplicates were [written down](Self::write_duplicates).
    pub fn going_on(books: Books, duplicates: &mut dyn Read) -> io::Result<Self> {
        Ok(Self { duplicates: Duplicates::read(duplicates)?, books })
    }

    /// The books, for another one to go on with.
    pub const fn books(&self) -> &Books {
        &self.books
    }

    /// Writes down what finds duplicates, for another one to go on with.
    pub fn write_duplicates(&self, to: &mut dyn Write) -> io::Result<()> {
        self.duplicates.write(to)
    }

    /// Takes the next entry: a device to work on, or what became of the entry.
    pub fn take(&mut self, item: Item) -> Result<Work, Box<Outcome>> {
        self.books.entries += 1;
        self.books.signatures.count(&item);
        let sorted = self.sort(item);
        self.books.refused += u64::from(sorted.is_err());
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
        self.books.signers.extend(signer.map(|signer| signer.to_string()));
        Ok(work)
    }

    /// Entries so far.
    pub const fn entries(&self) -> u64 {
        self.books.entries
    }

    /// Entries among them that give no device.
    pub const fn refused(&self) -> u64 {
        self.books.refused
    }

    /// What the checks of signatures came to so far.
    pub const fn signatures(&self) -> Signatures {
        self.books.signatures
    }

    /// Fingerprints of the signers that vouched for devices.
    pub fn into_signers(self) -> Vec<String> {
        self.books.signers.into_iter().collect()
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
