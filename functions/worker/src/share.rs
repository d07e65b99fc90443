//! Keeps this worker at its share of the rates while it carries out a unit.

use std::{
    convert::Infallible,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::{Duration, SystemTime},
};

use ledger::{Ceilings, Leases, Plan, RunFiles, RunState, Store, StoreError};
use registry::Pace;
use tokio::time::sleep;

/// A run that begins or ends changes the others' shares within this.
const REFRESH: Duration = Duration::from_secs(3);

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
            sleep(REFRESH).await;
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
            self.leases.hold(&self.plan.run, SystemTime::now()),
            self.busy(),
            self.pass_on(),
        )?;
        self.apply(&state, busy);
        Ok(())
    }

    fn apply(&self, state: &RunState, busy: u32) {
        self.others_active.store(!state.others.is_empty(), Ordering::Relaxed);
        self.most_runs.fetch_max(state.active(), Ordering::Relaxed);
        self.pace.share(&self.plan.rate, busy.saturating_mul(state.active()));
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
