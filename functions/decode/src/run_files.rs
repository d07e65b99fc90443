//! The three files that entries are sorted into.

use ledger::{Keep, ObjectWriter, RunFiles, Store, StoreError, Unfinished};
use serde::{Deserialize, Serialize};

/// Something for each of the files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Each<T> {
    pub(crate) work: T,
    pub(crate) units: T,
    pub(crate) rejected: T,
}

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    Work,
    Units,
    Rejected,
}

impl<T> Each<T> {
    pub(crate) const fn get_mut(&mut self, which: Which) -> &mut T {
        match which {
            Which::Work => &mut self.work,
            Which::Units => &mut self.units,
            Which::Rejected => &mut self.rejected,
        }
    }
}

impl Each<ObjectWriter> {
    /// The files of a run, from their beginning or from where they were put aside.
    pub(crate) fn open(
        store: &Store,
        files: &RunFiles,
        unfinished: Each<Unfinished>,
        rest: Each<Vec<u8>>,
    ) -> Self {
        let open =
            |key, unfinished, rest| store.writer_going_on(key, Keep::Passing, unfinished, rest);
        Self {
            work: open(files.work(), unfinished.work, rest.work),
            units: open(files.units(), unfinished.units, rest.units),
            rejected: open(files.rejected(), unfinished.rejected, rest.rejected),
        }
    }

    /// Adds the last bytes.
    pub(crate) async fn add(&mut self, rest: Each<Vec<u8>>) -> Result<(), StoreError> {
        self.work.write_owned(rest.work).await?;
        self.units.write_owned(rest.units).await?;
        self.rejected.write_owned(rest.rejected).await
    }

    /// Sends everything of which parts were sent.
    pub(crate) async fn send_all(&mut self) -> Result<(), StoreError> {
        self.work.send_all().await?;
        self.units.send_all().await?;
        self.rejected.send_all().await
    }

    /// Leaves them for the next leg.
    pub(crate) async fn put_aside(self) -> Result<(Each<Unfinished>, Each<Vec<u8>>), StoreError> {
        let (work, work_rest) = self.work.put_aside().await?;
        let (units, units_rest) = self.units.put_aside().await?;
        let (rejected, rejected_rest) = self.rejected.put_aside().await?;
        let rest = Each { work: work_rest, units: units_rest, rejected: rejected_rest };
        Ok((Each { work, units, rejected }, rest))
    }

    /// Makes them appear.
    pub(crate) async fn finish(self) -> Result<(), StoreError> {
        self.work.finish().await?;
        self.units.finish().await?;
        self.rejected.finish().await
    }
}
