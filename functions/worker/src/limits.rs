//! Writes down how long AWS IoT's quotas held a unit up.

use std::collections::BTreeMap;

use ledger::{
    CallLimits, Keep, Outcome, OutcomeKind, RunFiles, Store, StoreError, UnitLimits, clock,
    seconds_of_epoch,
};
use registry::Pace;
use tokio::time::Instant;

/// Measures from when it is made.
#[derive(Debug)]
pub(crate) struct Stopwatch<'a> {
    pace: &'a Pace,
    began: f64,
    instant: Instant,
}

impl<'a> Stopwatch<'a> {
    pub(crate) fn start(pace: &'a Pace) -> Self {
        // What a unit left behind that failed belongs to nobody.
        pace.usage();
        Self { pace, began: seconds_of_epoch(), instant: clock::now() }
    }

    /// What was measured, in which `devices` ended and up to `runs` shared the rates.
    pub(crate) fn read(&self, devices: u64, runs: u32) -> UnitLimits {
        let calls = self.pace.usage().into_iter().map(|(call, usage)| {
            let limits = CallLimits {
                calls: usage.calls,
                limited_seconds: usage.limited.as_secs_f64(),
                throttles: usage.throttles,
            };
            (call.to_owned(), limits)
        });
        let seconds = (clock::now() - self.instant).as_secs_f64();
        UnitLimits {
            began: self.began,
            ended: self.began + seconds,
            seconds,
            devices,
            runs,
            calls: calls.collect(),
            outcomes: BTreeMap::new(),
            foreseen: BTreeMap::new(),
        }
    }
}

/// The unit's devices by what became of them.
pub(crate) fn by_kind(outcomes: &[Outcome]) -> BTreeMap<OutcomeKind, u64> {
    let mut counts = BTreeMap::new();
    for outcome in outcomes {
        *counts.entry(outcome.outcome).or_default() += 1;
    }
    counts
}

/// Adds what a round came to. Its outcomes are those of the earlier rounds, too.
pub(crate) async fn add(
    store: &Store,
    files: &RunFiles,
    unit: u64,
    round: u32,
    limits: UnitLimits,
) -> Result<(), StoreError> {
    let key = files.limits(unit);
    let earlier: Option<UnitLimits> = if round > 0 { store.read_json(&key).await? } else { None };
    let sum = match earlier {
        None => limits,
        Some(mut earlier) => {
            earlier.add(&limits);
            UnitLimits { outcomes: limits.outcomes, ..earlier }
        }
    };
    store.write_json(&key, &sum, Keep::Passing).await
}
