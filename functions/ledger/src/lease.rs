//! Which runs are active, so that they can share AWS IoT's quotas.
//!
//! A lease is an object `rate/active/<run>`, so it needs no standing service. It holds the rates
//! that AWS IoT was found to admit, for workers that begin later. A run that was stopped leaves
//! `rate/stopped/<run>`, and workers that it still has do nothing more. A lease that nobody renews is
//! a run that is stuck; `rate/stuck/<run>` says that people were told.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, SystemTime},
};

use serde::{Deserialize, Serialize};

use crate::{Keep, Listed, Store, StoreError};

const ACTIVE: &str = "rate/active/";
const STOPPED: &str = "rate/stopped/";
const STUCK: &str = "rate/stuck/";

/// A lease older than this belongs to a run that died. No function runs longer.
const EXPIRES: Duration = Duration::from_mins(15);

/// A lease younger than this need not be renewed yet.
const FRESH: Duration = Duration::from_mins(5);

/// Whoever works has seen a lease that is older than this.
const SEEN: Duration = Duration::from_secs(10);

/// So many other runs are asked what they have found out; the quotas are the same for all.
const ASKED: usize = 8;

/// People are told again of a run that is still stuck after this.
const TOLD_AGAIN: Duration = Duration::from_hours(24);

/// A run whose lease nobody has renewed for as long as a function can run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expired {
    /// Name of the run.
    pub run: String,
    /// When a worker was last heard of.
    pub since: SystemTime,
    /// Whether people were told within the last day.
    pub told: bool,
}

/// What the leases say about one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunState {
    /// The other runs that are active.
    pub others: Vec<String>,
    /// Whether this run was stopped.
    pub stopped: bool,
    /// Whether its lease was written so shortly before that workers of the others may not have seen it.
    pub is_young: bool,
}

impl RunState {
    /// How many runs are active, this one included.
    pub fn active(&self) -> u32 {
        u32::try_from(self.others.len()).unwrap_or(u32::MAX).saturating_add(1)
    }
}

/// The rate at which AWS IoT last began to throttle an operation.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ceiling {
    /// Calls a second of all workers together that succeeded.
    pub calls_a_second: f64,
    /// When that was, in seconds of the Unix epoch.
    pub at: f64,
}

/// Ceilings by AWS's name of the operation.
pub type Ceilings = BTreeMap<String, Ceiling>;

/// What a lease holds.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Lease {
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    ceilings: Ceilings,
}

/// All leases as they stand, for somebody who looks on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holders {
    /// The runs that share the rates.
    pub active: Vec<String>,
    /// The runs whose lease nobody renews.
    pub expired: Vec<Expired>,
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
        let (mut others, mut own, mut stopped) = (Vec::new(), None, false);
        for listed in self.store.list_written("rate/").await? {
            if listed.key.strip_prefix(STOPPED).is_some_and(|name| name == run) {
                stopped = true;
            }
            let Some(name) = listed.key.strip_prefix(ACTIVE) else { continue };
            let age =
                listed.written.and_then(|time| now.duration_since(time).ok()).unwrap_or_default();
            if name == run {
                own = Some(age);
            } else if age < EXPIRES {
                others.push(name.to_owned());
            }
        }
        match own {
            _ if stopped => {}
            Some(age) if age <= FRESH => {}
            Some(_) => self.write(run, &self.ceilings_of(run).await?).await?,
            None => self.write(run, &Ceilings::new()).await?,
        }
        Ok(RunState { others, stopped, is_young: own.is_none_or(|age| age < SEEN) })
    }

    /// What the active runs have found out about AWS IoT's quotas: the latest of each operation.
    pub async fn ceilings(&self, run: &str, state: &RunState) -> Result<Ceilings, StoreError> {
        let mut latest = self.ceilings_of(run).await?;
        for other in state.others.iter().take(ASKED) {
            merge(&mut latest, self.ceilings_of(other).await?);
        }
        Ok(latest)
    }

    /// Passes on what a worker of `run` has found out, for workers that begin later.
    pub async fn pass_on(&self, run: &str, found: &Ceilings) -> Result<(), StoreError> {
        let mut ceilings = self.ceilings_of(run).await?;
        merge(&mut ceilings, found.clone());
        self.write(run, &ceilings).await
    }

    /// Whether `run` was stopped. Asked between the intent and the first write: either the worker
    /// sees the mark, or whoever closes the run sees the intent and waits for the worker.
    pub async fn is_stopped(&self, run: &str) -> Result<bool, StoreError> {
        Ok(self.store.read(&format!("{STOPPED}{run}")).await?.is_some())
    }

    /// When `run` was stopped, where it was.
    pub async fn stopped(&self, run: &str) -> Result<Option<SystemTime>, StoreError> {
        self.store.written(&format!("{STOPPED}{run}")).await
    }

    /// Gives the lease of `run` back.
    pub async fn release(&self, run: &str) -> Result<(), StoreError> {
        self.store.delete(&format!("{ACTIVE}{run}")).await
    }

    /// The runs that nobody has worked on for 15 minutes, and that still hold their lease.
    pub async fn expired(&self, now: SystemTime) -> Result<Vec<Expired>, StoreError> {
        Ok(expired(self.store.list_written("rate/").await?, now))
    }

    /// Who shares the rates, and whose lease nobody renews. Holds none.
    pub async fn holders(&self, now: SystemTime) -> Result<Holders, StoreError> {
        Ok(holders(self.store.list_written("rate/").await?, now))
    }

    /// Notes that the execution `by` tells people of `run`.
    pub async fn note_stuck(&self, run: &str, by: &str) -> Result<(), StoreError> {
        self.store.write(&format!("{STUCK}{run}"), by.as_bytes().to_vec(), Keep::Passing).await
    }

    /// Whether it was this execution that noted it. A function that is tried again, because its answer was
    /// lost, finds the note of its first try, and nobody was told yet.
    pub async fn is_noted_by(&self, run: &str, by: &str) -> Result<bool, StoreError> {
        Ok(self.store.read(&format!("{STUCK}{run}")).await?.as_deref() == Some(by.as_bytes()))
    }

    /// Tells the workers that `run` still has to do nothing more. The first mark stays, because its
    /// time tells which units were begun before.
    pub async fn stop(&self, run: &str) -> Result<(), StoreError> {
        let key = format!("{STOPPED}{run}");
        self.store.create_raw(&key, Vec::new(), Keep::Passing).await.map(drop)
    }

    /// A lease that cannot be read tells nothing, and stands all the same.
    async fn ceilings_of(&self, run: &str) -> Result<Ceilings, StoreError> {
        let lease = self.store.read(&format!("{ACTIVE}{run}")).await?.unwrap_or_default();
        Ok(serde_json::from_slice::<Lease>(&lease).unwrap_or_default().ceilings)
    }

    async fn write(&self, run: &str, ceilings: &Ceilings) -> Result<(), StoreError> {
        let lease = Lease { ceilings: ceilings.clone() };
        self.store.write_json(&format!("{ACTIVE}{run}"), &lease, Keep::Passing).await
    }
}

fn holders(listed: Vec<Listed>, now: SystemTime) -> Holders {
    let leases =
        listed.iter().filter_map(|object| object.key.strip_prefix(ACTIVE)).map(str::to_owned);
    let mut active: Vec<String> = leases.collect();
    let expired = expired(listed, now);
    active.retain(|run| expired.iter().all(|expired| expired.run != *run));
    Holders { active, expired }
}

fn expired(listed: Vec<Listed>, now: SystemTime) -> Vec<Expired> {
    let age = |written: SystemTime| now.duration_since(written).unwrap_or_default();
    let told: BTreeSet<&str> = listed
        .iter()
        .filter(|object| object.written.is_some_and(|written| age(written) < TOLD_AGAIN))
        .filter_map(|object| object.key.strip_prefix(STUCK))
        .collect();
    let leases = listed.iter().filter_map(|object| {
        let (run, since) = (object.key.strip_prefix(ACTIVE)?, object.written?);
        let told = told.contains(run);
        (age(since) >= EXPIRES).then(|| Expired { run: run.to_owned(), since, told })
    });
    leases.collect()
}

/// Adds `more`; of two ceilings of an operation the later one holds.
fn merge(ceilings: &mut Ceilings, more: Ceilings) {
    for (call, ceiling) in more {
        let known = ceilings.entry(call).or_insert(ceiling);
        if ceiling.at > known.at {
            *known = ceiling;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_ceilings_the_later_one_holds() {
        let ceilings = |at, calls_a_second| {
            Ceilings::from([("CreateThing".to_owned(), Ceiling { calls_a_second, at })])
        };
        for (mut first, second) in
            [(ceilings(1.0, 9.0), ceilings(2.0, 8.0)), (ceilings(2.0, 8.0), ceilings(1.0, 9.0))]
        {
            merge(&mut first, second);
            assert_eq!(first, ceilings(2.0, 8.0));
        }
    }

    #[test]
    fn a_lease_that_nobody_renews_is_a_run_that_is_stuck_and_told_of_once_a_day() {
        let begun = SystemTime::UNIX_EPOCH;
        let minutes = |minutes| begun + Duration::from_mins(minutes);
        let now = minutes(10_000);
        let listed = |key: &str, written| Listed {
            key: key.to_owned(),
            written,
            etag: String::new(),
            bytes: 0,
        };
        let found = holders(
            vec![
                listed("rate/active/busy", Some(minutes(9_986))),
                listed("rate/active/dead", Some(minutes(9_985))),
                listed("rate/active/known", Some(minutes(9_000))),
                listed("rate/active/old", Some(minutes(8_000))),
                listed("rate/active/undated", None),
                listed("rate/stopped/other", Some(begun)),
                listed("rate/stuck/known", Some(minutes(10_000 - 24 * 60 + 1))),
                listed("rate/stuck/old", Some(minutes(10_000 - 24 * 60))),
            ],
            now,
        );
        let dead =
            |run: &str, since, told| Expired { run: run.to_owned(), since: minutes(since), told };
        assert_eq!(
            found.expired,
            [dead("dead", 9_985, false), dead("known", 9_000, true), dead("old", 8_000, false)]
        );
        assert_eq!(found.active, ["busy", "undated"], "those share the rates");
    }

    #[test]
    fn a_lease_without_a_ceiling_is_small_and_an_empty_one_is_none() {
        assert_eq!(serde_json::to_string(&Lease::default()).unwrap(), "{}");
        assert!(serde_json::from_slice::<Lease>(b"").is_err(), "taken as telling nothing");
    }
}
