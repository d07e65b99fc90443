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
const GET: f64 = 0.4e-6;

/// A run's states besides its Map.
pub const TRANSITIONS: u64 = 18;
/// A child's start and its three states.
pub const TRANSITIONS_A_UNIT: u64 = 4;
/// Its look at the leases, its first intent, its outcomes, and what it waited for.
const PUTS_A_UNIT: f64 = 4.0;
/// A further intent for each hundred devices, and a look at the leases for each 25.
const PUTS_A_DEVICE: f64 = 0.05;
/// Memory of a worker, and of Decode, which does most of what comes before the workers.
const WORKER_GIGABYTES: f64 = 0.25;
const DECODE_GIGABYTES: f64 = 1.73;

/// Whether AWS IoT charges this operation.
pub fn is_charged(call: &str) -> bool {
    REGISTRY_CALLS.contains(&call)
}

/// What a run takes of what AWS charges.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Taken {
    /// Calls of AWS IoT, of those that [are charged](is_charged).
    pub registry_calls: f64,
    /// Transitions of Step Functions.
    pub transitions: f64,
    /// Lambda's seconds, each times the function's memory.
    pub gigabyte_seconds: f64,
    /// Invocations of Lambda functions.
    pub invocations: f64,
    /// Requests of S3 that write or list.
    pub puts: f64,
    /// Requests of S3 that read.
    pub gets: f64,
}

/// What AWS charges for it, in US dollars.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bill {
    /// AWS IoT's registry.
    pub registry: f64,
    /// Step Functions.
    pub states: f64,
    /// Lambda.
    pub functions: f64,
    /// S3.
    pub requests: f64,
}

impl Taken {
    /// What it costs.
    pub fn bill(&self) -> Bill {
        Bill {
            registry: self.registry_calls * REGISTRY_CALL,
            states: self.transitions * TRANSITION,
            functions: self.gigabyte_seconds * GIGABYTE_SECOND + self.invocations * INVOCATION,
            requests: self.puts * PUT + self.gets * GET,
        }
    }
}

impl Bill {
    /// All of it.
    pub fn total(&self) -> f64 {
        self.registry + self.states + self.functions + self.requests
    }
}

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
    taken(effort).bill().total()
}

fn taken(effort: &Effort) -> Taken {
    let units = float(effort.units);
    let transitions = float(TRANSITIONS) + units * float(TRANSITIONS_A_UNIT);
    let Some(limits) = &effort.limits else {
        return Taken { transitions, ..Taken::default() };
    };
    let charged = limits.calls.iter().filter(|(call, _)| is_charged(call));
    let calls: u64 = charged.map(|(_, limits)| limits.calls).sum();
    let before = effort.started.map_or(0.0, |started| (limits.began - started).max(0.0));
    Taken {
        registry_calls: float(calls),
        transitions,
        gigabyte_seconds: limits.seconds * WORKER_GIGABYTES + before * DECODE_GIGABYTES,
        invocations: units,
        puts: units * PUTS_A_UNIT + float(limits.devices) * PUTS_A_DEVICE,
        gets: 0.0,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use ledger::CallLimits;

    use super::*;

    fn limits(devices: u64, calls: &[(&str, u64)], seconds: f64) -> UnitLimits {
        let calls = calls.iter().map(|(call, calls)| {
            ((*call).to_owned(), CallLimits { calls: *calls, ..CallLimits::default() })
        });
        UnitLimits {
            began: 110.0,
            ended: 210.0,
            seconds,
            devices,
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
        // 10 registrations a second, by four workers.
        let limits = limits(million, &calls, 400_000.0);
        let effort = Effort { limits: Some(limits), units: 2_260, started: Some(100.0) };
        let bill = taken(&effort).bill();
        for (part, expected) in [
            (bill.registry, 5.00),
            (bill.states, 0.23),
            (bill.functions, 1.67),
            (bill.requests, 0.30),
        ] {
            assert!((part - expected).abs() < 0.01, "{part} is not {expected}: {bill:?}");
        }
        check(&effort, 7.19);
    }

    #[test]
    fn a_run_that_stopped_early_cost_its_states() {
        check(&Effort::default(), 0.000_45);
    }

    #[test]
    fn registering_alone_costs_no_registry_call() {
        let calls = [("RegisterCertificateWithoutCA", 1_000_000), ("AttachPolicy", 1_000_000)];
        let effort = Effort { limits: Some(limits(0, &calls, 0.0)), units: 0, started: None };
        check(&effort, 0.000_45);
    }
}
