//! Where entries go, and where they get their numbers.

use std::ops::ControlFlow;

use crate::entry::Place;
use crate::error::{Decoded, EntryError, ManifestError};
use crate::reason::Reason;

/// Why reading ends before the file does.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The caller has enough.
    BrokenOff,
    /// The file is unusable from here on.
    Unusable(ManifestError),
}

impl From<ManifestError> for Stop {
    fn from(error: ManifestError) -> Self {
        Self::Unusable(error)
    }
}

/// Hands entries to the caller, numbered over the whole file.
pub(crate) struct Sink<'e> {
    entries: &'e mut dyn FnMut(Decoded) -> ControlFlow<()>,
    limit: u64,
    read: u64,
}

impl<'e> Sink<'e> {
    pub(crate) fn new(entries: &'e mut dyn FnMut(Decoded) -> ControlFlow<()>, limit: u64) -> Self {
        Self { entries, limit, read: 0 }
    }

    /// How many entries were handed on, refused ones included.
    pub(crate) const fn read(&self) -> u64 {
        self.read
    }

    /// Hands on an entry, under the next number.
    pub(crate) fn take(&mut self, mut decoded: Decoded) -> Result<(), Stop> {
        if self.read >= self.limit {
            return Err(ManifestError::TooManyEntries { limit: self.limit }.into());
        }
        self.read += 1;
        match &mut decoded {
            Ok(entry) => entry.number = self.read,
            Err(error) => error.number = self.read,
        }
        match (self.entries)(decoded) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(Stop::BrokenOff),
        }
    }

    /// Hands on an entry that is refused before it was looked into.
    pub(crate) fn refuse(&mut self, place: Place, reason: Reason) -> Result<(), Stop> {
        self.take(Err(EntryError { number: 0, place, id: String::new(), reason }))
    }

    /// Hands on everything that a reader of one plain file gives. Where the file is a member of an
    /// archive, `member` is its name.
    pub(crate) fn drain(
        &mut self,
        member: Option<&str>,
        mut next: impl FnMut() -> Result<Option<Decoded>, ManifestError>,
    ) -> Result<(), Stop> {
        let before = self.read;
        while let Some(mut decoded) = next().map_err(|error| located(error, member, before))? {
            if let Some(member) = member {
                match &mut decoded {
                    Ok(entry) => entry.place.put_within(member),
                    Err(error) => error.place.put_within(member),
                }
            }
            self.take(decoded)?;
        }
        Ok(())
    }
}

/// What a reader of one plain file says about it, for the whole file.
pub(crate) fn located(error: ManifestError, member: Option<&str>, before: u64) -> Stop {
    match member {
        Some(member) => error.within(member, before).into(),
        None => error.into(),
    }
}
