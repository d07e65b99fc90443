//! How long AWS IoT's quotas held a run up.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::OutcomeKind;

/// `limits/<unit>.json`: what a unit's worker did and waited for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UnitLimits {
    /// When work on the unit began, in seconds of the Unix epoch.
    pub began: f64,
    /// When it ended.
    pub ended: f64,
    /// Seconds of work between the two; less where the unit was taken up again later.
    pub seconds: f64,
    /// Devices that ended.
    pub devices: u64,
    /// The most runs that shared the rates.
    pub runs: u32,
    /// By AWS's name of the operation.
    pub calls: BTreeMap<String, CallLimits>,
    /// The unit's devices that have an outcome, by what became of them: those of all rounds and tries.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub outcomes: BTreeMap<OutcomeKind, u64>,
    /// The calls that an import of these devices would make; only dry runs have them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub foreseen: BTreeMap<String, u64>,
}

/// What a unit's worker did with one operation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CallLimits {
    /// Calls made.
    pub calls: u64,
    /// Seconds in which at least one device waited for a token.
    pub limited_seconds: f64,
    /// Calls that AWS IoT throttled.
    pub throttles: u64,
}

impl UnitLimits {
    /// Adds what a later round, or another unit, came to.
    pub fn add(&mut self, other: &Self) {
        self.began = self.began.min(other.began);
        self.ended = self.ended.max(other.ended);
        self.seconds += other.seconds;
        self.devices += other.devices;
        self.runs = self.runs.max(other.runs);
        for (call, more) in &other.calls {
            let sum = self.calls.entry(call.clone()).or_default();
            sum.calls += more.calls;
            sum.limited_seconds += more.limited_seconds;
            sum.throttles += more.throttles;
        }
        for (kind, more) in &other.outcomes {
            *self.outcomes.entry(*kind).or_default() += more;
        }
        for (call, more) in &other.foreseen {
            *self.foreseen.entry(call.clone()).or_default() += more;
        }
    }
}

/// An operation that held a run up, in `report.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Limited {
    /// AWS's name of the operation.
    pub call: String,
    /// Seconds for which devices waited for it.
    pub seconds: f64,
    /// Seconds from the first device to the last.
    pub of_seconds: f64,
    /// How often AWS IoT throttled it.
    pub throttles: u64,
    /// Calls a second that the configuration allows all runs together.
    pub rate: f64,
    /// What that means, and what to raise for what effect.
    pub advice: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_of_a_unit_add_up() {
        let call =
            |calls, limited_seconds, throttles| CallLimits { calls, limited_seconds, throttles };
        let limits = |began, ended, devices, calls: &[(&str, CallLimits)]| UnitLimits {
            began,
            ended,
            seconds: ended - began,
            devices,
            runs: 1,
            calls: calls.iter().map(|(name, call)| ((*name).to_owned(), *call)).collect(),
            outcomes: BTreeMap::from([(OutcomeKind::Created, devices)]),
            foreseen: calls.iter().map(|(name, call)| ((*name).to_owned(), call.calls)).collect(),
        };
        let mut sum = limits(10.0, 14.0, 3, &[("A", call(5, 1.5, 1))]);
        sum.add(&limits(20.0, 21.0, 2, &[("A", call(2, 0.5, 0)), ("B", call(1, 0.0, 0))]));
        let calls = [("A", call(7, 2.0, 1)), ("B", call(1, 0.0, 0))];
        let expected = limits(10.0, 21.0, 5, &calls);
        assert_eq!(sum, UnitLimits { seconds: 5.0, ..expected });
    }
}
