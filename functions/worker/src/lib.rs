//! Carries out one unit of devices: what the functions `register`, `activate`, `plan` and `undo`
//! have in common.
//!
//! They differ in their [`Job`], what is done to one device, and in what their roles allow.
//!
//! A device that fails is data: the worker writes its outcome, and answers with an error only
//! when it could not do its own work. It waits for nothing but its rate tokens; what it cannot
//! finish it hands back, and the machine takes it up again.

mod act;
mod attempt;
mod back_off;
mod error;
mod job;
mod limits;
mod memory;
mod metrics;
mod serve;
mod share;
mod stopped;
mod unit;

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::SystemTime,
};

use ledger::{
    Activations, Leases, Plan, RunFiles, RunState, Store, Unit, clock, within_task_limit,
};
use memory::UnitMemory;
use registry::{Pace, Registry, Types};
use serde::{Deserialize, Serialize};
use share::Share;
use telemetry::Telemetry;
use tracing::Instrument;

pub use error::WorkerError;
pub use job::Job;
pub use serve::{build, serve};
pub use unit::Tally;

/// What a child execution of a machine's Map sends.
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

impl Answer {
    /// For a unit of a stopped run.
    fn nothing_more(run: String, unit: Unit, round: u32) -> Self {
        Self { next: Next::Done, run, unit, round, wait_seconds: 0, counts: Tally::default() }
    }
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
    job: Job,
    store: Store,
    leases: Leases,
    activations: Activations,
    registry: Registry,
    pace: Arc<Pace>,
    telemetry: Telemetry,
    plan: Mutex<Option<Arc<Plan>>>,
    /// Whether the ceilings that others had met were taken over.
    resumed: AtomicBool,
}

impl Worker {
    /// A worker on the runs in `store`, which keeps `registry` at `pace`.
    pub fn new(
        job: Job,
        store: Store,
        registry: Registry,
        pace: Arc<Pace>,
        telemetry: Telemetry,
    ) -> Self {
        Self {
            job,
            leases: Leases::new(store.clone()),
            activations: Activations::new(store.clone()),
            store,
            registry,
            pace,
            telemetry,
            plan: Mutex::new(None),
            resumed: AtomicBool::new(false),
        }
    }

    /// Carries out one unit, as far as time and AWS IoT allow until `deadline`.
    pub async fn handle(&self, event: Event, deadline: SystemTime) -> Result<Answer, WorkerError> {
        let span = tracing::info_span!("unit", run = event.run, unit = event.unit.unit);
        Box::pin(self.carry_out(event, deadline)).instrument(span).await
    }

    async fn carry_out(&self, event: Event, deadline: SystemTime) -> Result<Answer, WorkerError> {
        let Event { run, unit, round } = event;
        let files = RunFiles::of(&run);
        let (key, stretch) = (files.work(), unit.offset..unit.offset + unit.length);
        // Side by side, because most of a small unit's time is spent waiting for S3.
        let (state, plan, work) = futures::try_join!(
            async { Ok(self.leases.hold(&run, clock::wall()).await?) },
            self.plan(&run),
            async { Ok(self.store.read_range(&key, stretch).await?) },
        )?;
        let work = work.ok_or(WorkerError::Missing("work"))?;
        let mut deadline = deadline;
        if state.stopped {
            tracing::warn!("the run was stopped");
            match stopped::finish_until(&self.store, &self.leases, &files, unit.unit).await? {
                Some(until) => deadline = deadline.min(until),
                None => return Ok(Answer::nothing_more(run, unit, round)),
            }
        }
        let share =
            Share::take(&self.store, &self.leases, &self.pace, &plan, unit.unit, &state).await?;
        self.resume(&run, &state).await?;
        let memory = UnitMemory { store: &self.store, files: &files, unit: unit.unit };
        let carrier = unit::Carrier {
            job: self.job,
            memory: &memory,
            telemetry: &self.telemetry,
            activations: &self.activations,
            registry: &self.registry,
            share: &share,
            files: files.clone(),
            finishes_stopped: state.stopped,
            last_round: round >= back_off::ROUNDS,
            types: Types::default(),
        };
        let ended = Box::pin(carrier.carry_out(&unit, &work, round, deadline));
        let counts = tokio::select! {
            counts = ended => counts?,
            never = share.keep() => match never {},
        };
        tracing::info!(
            round,
            devices = unit.count,
            done = counts.ended(),
            left = counts.left_over,
            "worked on a unit"
        );
        let (next, round, wait_seconds) = match counts.left_over {
            0 => (Next::Done, round, 0),
            _ => (Next::Again, round + 1, back_off::seconds(round)),
        };
        Ok(within_task_limit(Answer { next, run, unit, round, wait_seconds, counts })?)
    }

    /// A process that begins late continues where others stand.
    async fn resume(&self, run: &str, state: &RunState) -> Result<(), WorkerError> {
        if !self.resumed.load(Ordering::Relaxed) {
            self.pace.resume(&self.leases.ceilings(run, state).await?);
            self.resumed.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    /// The run's plan, read once by each process: a plan does not change while devices are registered.
    async fn plan(&self, run: &str) -> Result<Arc<Plan>, WorkerError> {
        let kept = self.plan.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(plan) = kept.filter(|plan| plan.run == run) {
            return Ok(plan);
        }
        let plan = self
            .store
            .read_json::<Plan>(&RunFiles::of(run).plan())
            .await?
            .ok_or(WorkerError::Missing("plan"))?;
        let plan = Arc::new(plan);
        *self.plan.lock().unwrap_or_else(PoisonError::into_inner) = Some(plan.clone());
        Ok(plan)
    }
}
