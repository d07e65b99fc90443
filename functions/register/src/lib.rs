//! One unit of certificates becomes registered devices.
//!
//! A device that fails is data: the worker writes its outcome, and answers with an error only
//! when it could not do its own work. It waits for nothing but its rate tokens; what it cannot
//! finish it hands back, and the machine takes it up again.

mod back_off;
mod error;
mod unit;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

use ledger::{Leases, Plan, RunFiles, Store, Unit, within_task_limit};
use registry::{Pace, Registry};
use serde::{Deserialize, Serialize};

pub use error::RegisterError;
pub use unit::Tally;

/// What a child execution of the import machine sends.
#[derive(Debug, Deserialize)]
pub struct Event {
    /// Name of the run.
    pub run: String,
    /// The stretch of work.
    pub unit: Unit,
    /// How often devices of this unit were handed back.
    pub round: u32,
}

/// Where the child execution goes next, and what it needs for that.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Answer {
    next: Next,
    run: String,
    unit: Unit,
    round: u32,
    wait_seconds: u32,
    counts: Tally,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Next {
    Done,
    Again,
}

/// What a function's process keeps from one unit to the next.
#[derive(Debug)]
pub struct Worker {
    store: Store,
    leases: Leases,
    registry: Registry,
    pace: Arc<Pace>,
    plan: Mutex<Option<Arc<Plan>>>,
}

impl Worker {
    /// A worker on the runs in `store`, which keeps `registry` at `pace`.
    pub fn new(store: Store, registry: Registry, pace: Arc<Pace>) -> Self {
        Self { leases: Leases::new(store.clone()), store, registry, pace, plan: Mutex::new(None) }
    }

    /// Carries out one unit, as far as time and AWS IoT allow until `deadline`.
    pub async fn handle(
        &self,
        event: Event,
        deadline: SystemTime,
    ) -> Result<Answer, RegisterError> {
        let Event { run, unit, round } = event;
        let state = self.leases.hold(&run, SystemTime::now()).await?;
        if state.stopped {
            tracing::warn!(run, unit = unit.unit, "the run was stopped; nothing is registered");
            return Ok(Answer {
                next: Next::Done,
                run,
                unit,
                round,
                wait_seconds: 0,
                counts: Tally::default(),
            });
        }
        let plan = self.plan(&run).await?;
        self.pace.share(&plan.rate, plan.concurrency.saturating_mul(state.active));
        let carried = unit::Carrier {
            store: &self.store,
            leases: &self.leases,
            registry: &self.registry,
            plan: &plan,
            files: RunFiles::of(&run),
            others_active: state.active > 1,
            last_round: round >= back_off::ROUNDS,
        };
        let counts = carried.carry_out(&unit, round, deadline).await?;
        tracing::info!(
            run,
            unit = unit.unit,
            round,
            devices = unit.count,
            done = counts.ended(),
            left = counts.left_over,
            "unit"
        );
        let (next, round, wait_seconds) = match counts.left_over {
            0 => (Next::Done, round, 0),
            _ => (Next::Again, round + 1, back_off::seconds(round)),
        };
        Ok(within_task_limit(Answer { next, run, unit, round, wait_seconds, counts })?)
    }

    /// The run's plan, read once by each process: a plan does not change while devices are registered.
    async fn plan(&self, run: &str) -> Result<Arc<Plan>, RegisterError> {
        let kept = self.plan.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(plan) = kept.filter(|plan| plan.run == run) {
            return Ok(plan);
        }
        let plan = self
            .store
            .read_json::<Plan>(&RunFiles::of(run).plan())
            .await?
            .ok_or(RegisterError::Missing("plan"))?;
        let plan = Arc::new(plan);
        *self.plan.lock().unwrap_or_else(PoisonError::into_inner) = Some(plan.clone());
        Ok(plan)
    }
}
