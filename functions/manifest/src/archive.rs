//! Archives: what may be in them, and how much of it.
//!
//! 7z and zip are read from their end, so an archive is spooled first. Everything that its headers
//! tell is checked before anything is inflated, because the libraries take as much memory as the
//! headers say.

mod fault;
mod member;
mod sevenz;
mod spool;
mod zip;

use std::cell::Cell;
use std::io;

pub use self::fault::ArchiveFault;
pub(crate) use self::fault::Trouble;
pub(crate) use self::member::{Name, base_name, hides_key, judge};
pub(crate) use self::sevenz::SevenZ;
pub(crate) use self::spool::Spool;
pub(crate) use self::zip::Zip;

/// What may still come out of the archives of a file.
#[derive(Debug)]
pub(crate) struct Budget {
    limit: u64,
    // An archive is charged while one within it is, too.
    left: Cell<u64>,
}

impl Budget {
    pub(crate) const fn new(limit: u64) -> Self {
        Self { limit, left: Cell::new(limit) }
    }

    /// What came out so far.
    pub(crate) const fn charged(&self) -> u64 {
        self.limit.saturating_sub(self.left.get())
    }

    pub(crate) fn charge(&self, bytes: u64) -> Result<(), ArchiveFault> {
        let left = self.left.get().checked_sub(bytes);
        self.left.set(left.ok_or(ArchiveFault::InflatedTooLarge { limit: self.limit })?);
        Ok(())
    }
}

/// A member being read, for which what comes out is charged.
pub(crate) struct Metered<'m> {
    source: &'m mut dyn io::Read,
    budget: &'m Budget,
}

impl<'m> Metered<'m> {
    pub(crate) fn new(source: &'m mut dyn io::Read, budget: &'m Budget) -> Self {
        Self { source, budget }
    }
}

impl io::Read for Metered<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(buffer).map_err(fault::blamed)?;
        let bytes = u64::try_from(count).unwrap_or(u64::MAX);
        self.budget.charge(bytes).map_err(ArchiveFault::carry)?;
        Ok(count)
    }
}
