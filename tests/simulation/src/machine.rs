//! What the state machine does with a run's units, by `import.asl.json`.

use std::{
    collections::VecDeque,
    ops::Range,
    sync::{Arc, Mutex},
    time::Duration,
};

use anyhow::{Context as _, Result};
use futures::future::try_join_all;
use ledger::{Unit, clock};
use serde_json::Value;
use worker::{Event, Worker};

use crate::{random::Random, wire::lock};

/// Milliseconds from a child that ended to the next one's function: AWS starts an execution, and that
/// invokes a function.
const CHILD_STARTS: Range<f64> = 200.0..500.0;

/// Milliseconds of an invocation, beside the function's own time.
const INVOCATION: Range<f64> = 20.0..60.0;

/// Milliseconds until a new environment of the function takes its first event.
const COLD_START: Range<f64> = 200.0..400.0;

/// How long a function may run.
const TIMEOUT: Duration = Duration::from_mins(15);

/// The workers' function, with its environments that wait for another event.
pub(crate) struct Function {
    make: Box<dyn Fn() -> Worker>,
    idle: Mutex<Vec<Arc<Worker>>>,
    random: Random,
}

impl Function {
    pub(crate) fn new(make: impl Fn() -> Worker + 'static, seed: u64) -> Self {
        Self { make: Box::new(make), idle: Mutex::default(), random: Random::new(seed) }
    }

    /// Works on units, so many at a time, until all are done.
    pub(crate) async fn map(&self, run: &str, units: Vec<Unit>, concurrency: u32) -> Result<()> {
        let units = Mutex::new(VecDeque::from(units));
        let child = async || {
            loop {
                let Some(unit) = lock(&units).pop_front() else { return Ok(()) };
                self.child(run, unit).await?;
            }
        };
        try_join_all((0..concurrency).map(|_| child())).await.map(drop)
    }

    /// One child execution: until nothing of its unit is left over.
    async fn child(&self, run: &str, unit: Unit) -> Result<()> {
        clock::sleep(self.random.milliseconds(CHILD_STARTS)).await;
        let mut round = 0;
        loop {
            let event = Event { run: run.to_owned(), unit: unit.clone(), round };
            let answer = self.invoke(event).await?;
            if answer.get("next").and_then(Value::as_str) == Some("done") {
                return Ok(());
            }
            let number = |name: &str| answer.get(name).and_then(Value::as_u64).context("no number");
            round = u32::try_from(number("round")?)?;
            clock::sleep(Duration::from_secs(number("wait_seconds")?)).await;
        }
    }

    async fn invoke(&self, event: Event) -> Result<Value> {
        clock::sleep(self.random.milliseconds(INVOCATION)).await;
        let idle = lock(&self.idle).pop();
        let worker = if let Some(worker) = idle {
            worker
        } else {
            clock::sleep(self.random.milliseconds(COLD_START)).await;
            Arc::new((self.make)())
        };
        let answer = worker.handle(event, clock::wall() + TIMEOUT).await?;
        lock(&self.idle).push(worker);
        Ok(serde_json::to_value(answer)?)
    }
}
