//! What a run cost, roughly.
//!
//! An estimate, from the calls that the workers counted and the public prices of us-east-1, without
//! free tiers and discounts. What it leaves out is small: requests to S3 that read, logs, alarms, and
//! the seconds of Report.

use ledger::{CallLimits, Plan, UnitLimits};
use telemetry::float;

/// AWS IoT charges what touches the registry of things; certificates and policies are not on its price list.
const REGISTRY_CALLS: [&str; 11] = [
    "DescribeThing",
    "CreateThing",
    "UpdateThing",
    "AttachThingPrincipal",
    "AddThingToThingGroup",
    "ListThingPrincipals",
    "ListThingGroupsForThing",
    "ListPrincipalThings",
    "DetachThingPrincipal",
    "RemoveThingFromThingGroup",
    "DeleteThing",
];

/// US dollars, of us-east-1 in 2026.
const REGISTRY_CALL: f64 = 1.25e-6;
const TRANSITION: f64 = 25e-6;
const GIGABYTE_SECOND: f64 = 16.666_7e-6;
const INVOCATION: f64 = 0.2e-6;
const PUT: f64 = 5e-6;

/// A run's states besides its Map.
const TRANSITIONS: f64 = 18.0;
/// A child's start and its three states.
const TRANSITIONS_A_UNIT: f64 = 4.0;
/// Its intent, its outcomes, what it waited for, and its lease.
const PUTS_A_UNIT: f64 = 4.0;
/// Memory of a worker, and of Decode, which does most of what comes before the workers.
const WORKER_GIGABYTES: f64 = 0.25;
const DECODE_GIGABYTES: f64 = 1.73;

/// What a run took, or would take.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Effort {
    /// What the workers wrote down; none where no unit was begun.
    limits: Option<UnitLimits>,
    units: u64,
    /// When the run started, in seconds of the Unix epoch.
    started: Option<f64>,
}

impl Effort {
    pub(crate) fn of(
        limits: Option<UnitLimits>,
        plan: Option<&Plan>,
        started: Option<f64>,
    ) -> Self {
        let prepared = plan.and_then(|plan| plan.prepared.as_ref());
        Self { limits, units: prepared.map_or(0, |prepared| prepared.units), started }
    }

    /// What an import would take of the devices that a dry run looked at, with so many seconds of all
    /// workers together.
    pub(crate) fn foreseen(
        limits: &UnitLimits,
        plan: &Plan,
        started: Option<f64>,
        seconds: f64,
    ) -> Self {
        let calls = limits.foreseen.iter().map(|(call, calls)| {
            (call.clone(), CallLimits { calls: *calls, ..CallLimits::default() })
        });
        let limits = UnitLimits { seconds, calls: calls.collect(), ..limits.clone() };
        Self::of(Some(limits), Some(plan), started)
    }
}

/// US dollars.
pub(crate) fn estimate(effort: &Effort) -> f64 {
    let units = float(effort.units);
    let states = (TRANSITIONS + units * TRANSITIONS_A_UNIT) * TRANSITION;
    let Some(limits) = &effort.limits else { return states };
    let calls: u64 = REGISTRY_CALLS
        .iter()
        .filter_map(|call| limits.calls.get(*call))
        .map(|limits| limits.calls)
        .sum();
    let before = effort.started.map_or(0.0, |started| (limits.began - started).max(0.0));
    let gigabyte_seconds = limits.seconds * WORKER_GIGABYTES + before * DECODE_GIGABYTES;
    states
        + float(calls) * REGISTRY_CALL
        + gigabyte_seconds * GIGABYTE_SECOND
        + units * (INVOCATION + PUTS_A_UNIT * PUT)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use ledger::CallLimits;

    use super::*;

    fn limits(calls: &[(&str, u64)], seconds: f64) -> UnitLimits {
        let calls = calls.iter().map(|(call, calls)| {
            ((*call).to_owned(), CallLimits { calls: *calls, ..CallLimits::default() })
        });
        UnitLimits {
            began: 110.0,
            ended: 210.0,
            seconds,
            devices: 1,
            runs: 1,
            calls: calls.collect(),
            outcomes: BTreeMap::new(),
            foreseen: BTreeMap::new(),
        }
    }

    #[track_caller]
    fn check(effort: &Effort, expected: f64) {
        let estimate = estimate(effort);
        assert!((estimate - expected).abs() < expected * 0.02, "{estimate} is not {expected}");
    }

    #[test]
    fn a_million_devices_cost_what_the_price_lists_say() {
        let million = 1_000_000;
        let calls = [
            ("DescribeThing", million),
            ("RegisterCertificateWithoutCA", million),
            ("CreateThing", million),
            ("AttachThingPrincipal", million),
            ("AddThingToThingGroup", million),
            ("AttachPolicy", million),
        ];
        // 100 registrations a second, by one worker at a time.
        let effort =
            Effort { limits: Some(limits(&calls, 10_000.0)), units: 10_180, started: Some(100.0) };
        // Registry 5.00, Step Functions 1.02, Lambda 0.04, S3 0.20.
        check(&effort, 6.26);
    }

    #[test]
    fn a_run_that_stopped_early_cost_its_states() {
        check(&Effort::default(), 0.000_45);
    }

    #[test]
    fn registering_alone_costs_no_registry_call() {
        let calls = [("RegisterCertificateWithoutCA", 1_000_000), ("AttachPolicy", 1_000_000)];
        let effort = Effort { limits: Some(limits(&calls, 0.0)), units: 0, started: None };
        check(&effort, 0.000_45);
    }
}
