//! Keeps this worker at its share of the rates while it carries out a unit.

use std::{
    convert::Infallible,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use ledger::{Ceilings, Leases, Plan, RunFiles, RunState, Store, StoreError, clock};
use registry::Pace;

/// A run that begins or ends changes the others' shares within this, where devices go quickly.
const SOONEST: Duration = Duration::from_secs(3);

/// And within this where they go slowly.
const LATEST: Duration = Duration::from_secs(10);

/// A look at the leases is a listing, which is charged as a write is: so many devices are to go by
/// between two of them.
const DEVICES_A_LOOK: f64 = 25.0;

/// The units with which a run begins.
const FIRST_UNITS: u64 = 20;

/// A run that begins uses this part of its share until the others may know of it.
const RESERVED: u32 = 2;

/// This worker's share, as it was found last.
#[derive(Debug)]
pub(crate) struct Share<'a> {
    pub(crate) store: &'a Store,
    pub(crate) leases: &'a Leases,
    pub(crate) pace: &'a Pace,
    pub(crate) plan: &'a Plan,
    /// Number of the unit.
    pub(crate) unit: u64,
    others_active: AtomicBool,
    most_runs: AtomicU32,
    /// How many workers share the rates, those of other runs included.
    sharers: AtomicU32,
    /// The ceilings that were passed on last.
    passed_on: Mutex<Ceilings>,
}

impl<'a> Share<'a> {
    /// The share that `state` leaves this worker.
    pub(crate) async fn take(
        store: &'a Store,
        leases: &'a Leases,
        pace: &'a Pace,
        plan: &'a Plan,
        unit: u64,
        state: &RunState,
    ) -> Result<Self, StoreError> {
        let share = Self {
            store,
            leases,
            pace,
            plan,
            unit,
            others_active: AtomicBool::default(),
            most_runs: AtomicU32::default(),
            sharers: AtomicU32::default(),
            passed_on: Mutex::default(),
        };
        share.apply(state, share.busy().await?);
        Ok(share)
    }

    /// Whether another run is active.
    pub(crate) const fn others_active(&self) -> &AtomicBool {
        &self.others_active
    }

    /// The most runs that were active at once while this unit was carried out.
    pub(crate) fn most_runs(&self) -> u32 {
        self.most_runs.load(Ordering::Relaxed)
    }

    /// Goes with the times until dropped.
    pub(crate) async fn keep(&self) -> Infallible {
        loop {
            let sharers = self.sharers.load(Ordering::Relaxed);
            clock::sleep(look_after(self.plan.rate.register_certificate, sharers)).await;
            // The share of a moment ago still serves; devices do not wait for a better one.
            if let Err(error) = Box::pin(self.refresh()).await {
                tracing::warn!(code = error.code(), "share not refreshed");
            }
        }
    }

    /// Passes on what this worker has found out about AWS IoT's quotas, where that is new.
    pub(crate) async fn pass_on(&self) -> Result<(), StoreError> {
        let ceilings = self.pace.ceilings();
        if is_old(&ceilings, &self.passed_on.lock().unwrap_or_else(PoisonError::into_inner)) {
            return Ok(());
        }
        self.leases.pass_on(&self.plan.run, &ceilings).await?;
        *self.passed_on.lock().unwrap_or_else(PoisonError::into_inner) = ceilings;
        Ok(())
    }

    async fn refresh(&self) -> Result<(), StoreError> {
        let (state, busy, ()) = futures::try_join!(
            self.leases.hold(&self.plan.run, clock::wall()),
            self.busy(),
            self.pass_on(),
        )?;
        self.apply(&state, busy);
        Ok(())
    }

    fn apply(&self, state: &RunState, busy: u32) {
        self.others_active.store(!state.others.is_empty(), Ordering::Relaxed);
        self.most_runs.fetch_max(state.active(), Ordering::Relaxed);
        // Before the others know of it, a run that begins would be more than the quotas admit.
        let begins = state.is_young && !state.others.is_empty() && self.unit <= FIRST_UNITS;
        let sharers =
            busy.saturating_mul(state.active()).saturating_mul(if begins { RESERVED } else { 1 });
        self.sharers.store(sharers, Ordering::Relaxed);
        self.pace.share(&self.plan.rate, sharers);
    }

    /// How many workers of this run are busy. When fewer units are left than there could be
    /// workers, the share of those that have nothing to do goes to the others.
    async fn busy(&self) -> Result<u32, StoreError> {
        let workers = self.plan.concurrency.max(1);
        let units = self.plan.prepared.as_ref().map_or(0, |prepared| prepared.units);
        let before = units.saturating_sub(u64::from(workers) * 2);
        if self.unit <= before {
            return Ok(workers);
        }
        let files = RunFiles::of(&self.plan.run);
        let finished =
            self.store.list_after(&files.all_outcomes(), &files.outcomes(before)).await?.len();
        Ok(busy(workers, units - before, finished))
    }
}

/// How long after a look at the leases the next one is due, where so many workers share the rate at
/// which devices go by.
fn look_after(rate: f64, sharers: u32) -> Duration {
    let seconds = DEVICES_A_LOOK * f64::from(sharers.max(1)) / rate;
    Duration::try_from_secs_f64(seconds).map_or(LATEST, |after| after.clamp(SOONEST, LATEST))
}

/// Of `last` units at the end of a run, `finished` have ended.
fn busy(workers: u32, last: u64, finished: usize) -> u32 {
    let open = last.saturating_sub(u64::try_from(finished).unwrap_or(u64::MAX));
    u32::try_from(open).unwrap_or(u32::MAX).clamp(1, workers)
}

/// Whether each ceiling was passed on before. A clock read twice does not say the same to the last digit.
fn is_old(ceilings: &Ceilings, passed_on: &Ceilings) -> bool {
    ceilings.iter().all(|(call, ceiling)| {
        passed_on.get(call).is_some_and(|before| (before.at - ceiling.at).abs() < 0.1)
    })
}

#[cfg(test)]
mod tests {
    use ledger::Ceiling;

    use super::*;

    #[test]
    fn idle_workers_leave_their_share_to_the_busy_ones() {
        assert_eq!(busy(8, 16, 0), 8);
        assert_eq!(busy(8, 16, 8), 8);
        assert_eq!(busy(8, 16, 11), 5);
        assert_eq!(busy(8, 16, 15), 1);
        assert_eq!(busy(8, 16, 16), 1, "this unit's own outcomes, from an earlier round");
        assert_eq!(busy(8, 1, 0), 1, "a file of one unit has the whole share of its run");
    }

    #[test]
    fn leases_are_looked_at_for_so_many_devices_but_within_seconds() {
        let seconds = |rate, sharers| look_after(rate, sharers).as_secs_f64();
        assert!((seconds(20.0, 4) - 5.0).abs() < 1e-9, "25 devices at 5 a second");
        assert!((seconds(10.0, 4) - 10.0).abs() < 1e-9);
        assert!((seconds(10.0, 8) - 10.0).abs() < 1e-9, "a share of half the rate waits no longer");
        assert!((seconds(1_000.0, 20) - 3.0).abs() < 1e-9);
        assert!((seconds(0.0, 4) - 10.0).abs() < 1e-9, "a rate that makes no sense stalls nothing");
        assert!((seconds(10.0, 0) - 3.0).abs() < 1e-9, "before the first look");
    }

    #[test]
    fn a_ceiling_is_passed_on_once() {
        let met =
            |at| Ceilings::from([("CreateThing".to_owned(), Ceiling { calls_a_second: 9.0, at })]);
        assert!(is_old(&Ceilings::new(), &Ceilings::new()));
        assert!(!is_old(&met(5.0), &Ceilings::new()));
        assert!(is_old(&met(5.0), &met(5.001)));
        assert!(!is_old(&met(9.0), &met(5.0)));
        assert!(is_old(&Ceilings::new(), &met(5.0)), "it is overcome; its time tells that");
    }
}
