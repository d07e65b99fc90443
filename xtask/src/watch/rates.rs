//! How fast a run goes, told by what its units of work came to.
//!
//! A worker says what a unit came to when the unit ends. So a rate is counted from one end of a unit to a later one: it
//! is true however many workers there are, and as fresh as the last unit.

use std::collections::BTreeMap;

use ledger::{Rates, UnitLimits};
use serde::Serialize;

/// Seconds that a rate is counted over, or back to the unit before the last one where units take longer.
const WINDOW: f64 = 60.0;
/// Where no unit has ended for so many times as long as units take, nothing is known of the rate now.
const STALE: f64 = 3.0;

/// How fast a run goes now.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Pace {
    /// Devices that ended, a second.
    pub(super) devices: f64,
    /// The operations of AWS IoT that were called, the one nearest to its quota first.
    pub(super) calls: Vec<CallPace>,
}

/// How fast an operation is called.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct CallPace {
    /// AWS's name of the operation.
    pub(super) call: String,
    /// Calls a second of this run.
    pub(super) a_second: f64,
    /// Calls a second that the configuration allows all runs together.
    pub(super) quota: f64,
}

impl CallPace {
    fn part(&self) -> f64 {
        self.a_second / self.quota
    }
}

/// The rates at the time `now`, in seconds of the epoch; none where the units do not tell.
pub(super) fn pace<'u>(
    units: impl Iterator<Item = &'u UnitLimits>,
    quotas: &Rates,
    now: f64,
) -> Option<Pace> {
    let mut units: Vec<_> = units.filter(|unit| unit.devices > 0).collect();
    units.sort_by(|one, other| one.ended.total_cmp(&other.ended));
    let last = *units.last()?;
    if now - last.ended > STALE * (last.ended - last.began).max(WINDOW / STALE) {
        return None;
    }
    let earlier = units.partition_point(|unit| unit.ended <= last.ended - WINDOW);
    // One unit at least, and what it is counted from.
    let (before, counted) = units.split_at(earlier.min(units.len() - 1));
    let began = counted.iter().map(|unit| unit.began).fold(f64::INFINITY, f64::min);
    let from = before.last().map_or(began, |unit| unit.ended);
    let seconds = last.ended - from;
    // A few devices at the very beginning tell no rate.
    if seconds < 1.0 {
        return None;
    }
    let mut sums: BTreeMap<&str, f64> = BTreeMap::new();
    for unit in counted {
        for (call, limits) in &unit.calls {
            *sums.entry(call).or_default() += number(limits.calls);
        }
    }
    let quotas = quotas.by_call();
    let calls = sums.into_iter().filter_map(|(call, calls)| {
        let quota = quotas.iter().find(|quota| quota.call == call)?.calls_a_second;
        Some(CallPace { call: call.to_owned(), a_second: calls / seconds, quota })
    });
    let mut calls: Vec<_> = calls.collect();
    calls.sort_by(|one, other| other.part().total_cmp(&one.part()));
    let devices = counted.iter().map(|unit| number(unit.devices)).sum::<f64>() / seconds;
    Some(Pace { devices, calls })
}

/// Counts of devices are far below what a float holds exactly.
pub(super) fn number(count: u64) -> f64 {
    u32::try_from(count).map_or(f64::from(u32::MAX), f64::from)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use ledger::{CallLimits, Rates, UnitLimits};

    use super::pace;

    fn quotas(each: f64) -> Rates {
        let keys = "describe_thing register_certificate create_thing update_thing attach_thing_principal \
                    add_thing_to_thing_group attach_policy list_thing_principals describe_certificate \
                    update_certificate list_attached_policies list_thing_groups list_principal_things";
        let rates: BTreeMap<_, _> = keys.split_whitespace().map(|key| (key, each)).collect();
        serde_json::from_value(serde_json::to_value(rates).unwrap()).unwrap()
    }

    fn unit(began: f64, ended: f64, devices: u64) -> UnitLimits {
        let call = CallLimits { calls: devices, ..CallLimits::default() };
        UnitLimits {
            began,
            ended,
            seconds: ended - began,
            devices,
            runs: 1,
            calls: BTreeMap::from([("CreateThing".to_owned(), call)]),
            outcomes: BTreeMap::new(),
            foreseen: BTreeMap::new(),
        }
    }

    #[track_caller]
    fn check(units: &[UnitLimits], now: f64, expected: Option<f64>) {
        let devices = pace(units.iter(), &quotas(20.0), now).map(|pace| pace.devices);
        assert_eq!(devices.map(|devices| (devices * 100.0).round() / 100.0), expected);
    }

    #[test]
    fn the_last_minute_counts_however_many_workers_there_are() {
        let alone: Vec<_> =
            (0_u32..20).map(|n| unit(f64::from(n) * 10.0, f64::from(n + 1) * 10.0, 100)).collect();
        check(&alone, 201.0, Some(10.0));
        let together: Vec<_> =
            (0_u32..40).map(|n| unit(f64::from(n) * 5.0, f64::from(n) * 5.0 + 20.0, 50)).collect();
        check(&together, 216.0, Some(10.0));
        let faster_now: Vec<_> = alone
            .into_iter()
            .chain((200_u32..260).map(|n| unit(f64::from(n), f64::from(n + 1), 40)))
            .collect();
        check(&faster_now, 261.0, Some(40.0));
    }

    #[test]
    fn units_longer_than_a_minute_are_counted_whole() {
        check(&[unit(0.0, 100.0, 100), unit(100.0, 200.0, 50)], 210.0, Some(0.5));
    }

    #[test]
    fn what_is_not_known_is_not_said() {
        check(&[], 0.0, None);
        check(&[unit(0.0, 0.4, 1)], 1.0, None);
        check(&[unit(0.0, 10.0, 100)], 69.0, Some(10.0));
        check(&[unit(0.0, 10.0, 100)], 71.0, None);
        check(&[unit(0.0, 100.0, 100)], 399.0, Some(1.0));
        check(&[unit(0.0, 100.0, 100)], 401.0, None);
    }

    #[test]
    fn the_operation_nearest_to_its_quota_comes_first() {
        let mut one = unit(0.0, 10.0, 100);
        one.calls
            .insert("AttachPolicy".to_owned(), CallLimits { calls: 150, ..CallLimits::default() });
        let pace = pace([one].iter(), &quotas(20.0), 10.0).unwrap();
        let calls: Vec<_> =
            pace.calls.iter().map(|call| (call.call.as_str(), call.a_second, call.quota)).collect();
        assert_eq!(calls, [("AttachPolicy", 15.0, 20.0), ("CreateThing", 10.0, 20.0)]);
    }
}
