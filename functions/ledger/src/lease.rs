//! Which runs are active, so that they can share AWS IoT's quotas.
//!
//! A lease is an object `rate/active/<run>`, so it needs no standing service. A run that was
//! stopped leaves `rate/stopped/<run>`, and workers that it still has do nothing more.

use std::time::{Duration, SystemTime};

use crate::{Store, StoreError};

const ACTIVE: &str = "rate/active/";
const STOPPED: &str = "rate/stopped/";

/// A lease older than this belongs to a run that died. No function runs longer.
const EXPIRES: Duration = Duration::from_mins(15);

/// A lease younger than this need not be renewed yet.
const FRESH: Duration = Duration::from_mins(5);

/// What the leases say about one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunState {
    /// How many runs are active, this one included; at least 1.
    pub active: u32,
    /// Whether this run was stopped.
    pub stopped: bool,
}

/// The leases in the runs bucket.
#[derive(Clone, Debug)]
pub struct Leases {
    store: Store,
}

impl Leases {
    /// The leases kept in `store`.
    pub fn new(store: Store) -> Self {
        Self { store }
    }

    /// Holds the lease of `run` and says who else is there.
    pub async fn hold(&self, run: &str, now: SystemTime) -> Result<RunState, StoreError> {
        let (mut others, mut renew, mut stopped) = (0, true, false);
        for listed in self.store.list_written("rate/").await? {
            if listed.key.strip_prefix(STOPPED).is_some_and(|name| name == run) {
                stopped = true;
            }
            let Some(name) = listed.key.strip_prefix(ACTIVE) else { continue };
            let age =
                listed.written.and_then(|time| now.duration_since(time).ok()).unwrap_or_default();
            if name == run {
                renew = age > FRESH;
            } else if age < EXPIRES {
                others += 1;
            }
        }
        if renew && !stopped {
            self.store.write(&format!("{ACTIVE}{run}"), Vec::new(), crate::Keep::Passing).await?;
        }
        Ok(RunState { active: others + 1, stopped })
    }

    /// Whether `run` was stopped. Asked between the intent and the first write: either the worker
    /// sees the mark, or whoever closes the run sees the intent and waits for the worker.
    pub async fn is_stopped(&self, run: &str) -> Result<bool, StoreError> {
        Ok(self.store.read(&format!("{STOPPED}{run}")).await?.is_some())
    }

    /// Gives the lease of `run` back.
    pub async fn release(&self, run: &str) -> Result<(), StoreError> {
        self.store.delete(&format!("{ACTIVE}{run}")).await
    }

    /// Tells the workers that `run` still has to do nothing more.
    pub async fn stop(&self, run: &str) -> Result<(), StoreError> {
        self.store.write(&format!("{STOPPED}{run}"), Vec::new(), crate::Keep::Passing).await
    }
}
