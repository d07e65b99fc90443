//! How long AWS IoT's quotas held the run up, and which one to raise for what effect.

use futures::{StreamExt, TryStreamExt, stream};
use ledger::{CallLimits, Limited, Rate, Rates, RunFiles, Store, StoreError, UnitLimits};

use crate::{
    page::Pace,
    words::{count, grouped},
};

/// Units that are fetched at a time. Most of the time goes by before S3 answers.
const AHEAD: usize = 64;

/// What held a run up for less does not matter.
const SECONDS: f64 = 5.0;
const PART: f64 = 0.1;

/// With throttles, and less than this part of the configured rate, the account's quota is below it.
const BELOW: f64 = 0.75;

/// AWS's quota of new device certificates a second, besides the one of the operation.
const CERTIFICATES_A_SECOND: f64 = 15.0;

/// What the workers of all units wrote down together, none where no unit was begun; and when each
/// made its calls of the operation that `pace` is about.
pub(crate) async fn collect(
    store: &Store,
    files: &RunFiles,
    units: u64,
    pace: Pace,
) -> Result<(Option<UnitLimits>, Pace), StoreError> {
    let read = stream::iter(1..=units)
        .map(async |unit| store.read_json::<UnitLimits>(&files.limits(unit)).await)
        .buffered(AHEAD);
    read.try_fold((None, pace), async |(sum, mut pace): (Option<UnitLimits>, Pace), unit| {
        if let Some(unit) = &unit {
            pace.add(unit);
        }
        let sum = match (sum, unit) {
            (Some(mut sum), Some(unit)) => {
                sum.add(&unit);
                Some(sum)
            }
            (sum, unit) => sum.or(unit),
        };
        Ok((sum, pace))
    })
    .await
}

/// The operations that held the run up, the one that did so longest first.
pub(crate) fn limited(limits: &UnitLimits, rates: &Rates) -> Vec<Limited> {
    let rates = rates.by_call();
    let run = Run::of(limits, &rates);
    let mut limited: Vec<_> =
        rates.iter().filter_map(|rate| run.limited(rate, limits.calls.get(rate.call)?)).collect();
    limited.sort_by(|one, other| other.seconds.total_cmp(&one.seconds));
    limited
}

/// A run, as far as its speed goes.
struct Run<'a> {
    limits: &'a UnitLimits,
    /// Seconds from the first device to the last.
    seconds: f64,
    /// What each operation allows, the narrowest first.
    bounds: Vec<Bound<'a>>,
}

/// How many devices a second an operation allows.
struct Bound<'a> {
    rate: &'a Rate,
    /// Calls that one device takes.
    calls: f64,
    devices: f64,
}

impl<'a> Run<'a> {
    fn of(limits: &'a UnitLimits, rates: &'a [Rate]) -> Self {
        let devices = number(limits.devices.max(1));
        let mut bounds: Vec<_> = rates
            .iter()
            .filter_map(|rate| {
                let calls = number(passed(limits.calls.get(rate.call)?)) / devices;
                (calls > 0.0).then(|| Bound { rate, calls, devices: rate.calls_a_second / calls })
            })
            .collect();
        bounds.sort_by(|one, other| one.devices.total_cmp(&other.devices));
        Self { limits, seconds: limits.ended - limits.began, bounds }
    }

    /// Workers wait side by side: what counts is the part of their time for which they waited.
    fn limited(&self, rate: &Rate, call: &CallLimits) -> Option<Limited> {
        let part = call.limited_seconds / self.limits.seconds.max(f64::MIN_POSITIVE);
        let seconds = part * self.seconds;
        (seconds >= SECONDS && part >= PART).then(|| Limited {
            call: rate.call.to_owned(),
            seconds: tenth(seconds),
            of_seconds: tenth(self.seconds),
            throttles: call.throttles,
            rate: rate.calls_a_second,
            advice: self.advice(rate, call, seconds),
        })
    }

    fn advice(&self, rate: &Rate, call: &CallLimits, seconds: f64) -> String {
        let shared = match self.limits.runs {
            0 | 1 => String::new(),
            runs => format!(", shared by up to {runs} runs,"),
        };
        let held =
            format!("{} held this run up for {seconds:.0} s of {:.0} s", rate.call, self.seconds);
        // Some throttles come with any quota that is used to its end.
        let came_through = number(passed(call)) / self.seconds * f64::from(self.limits.runs.max(1));
        if call.throttles * 20 > call.calls && came_through < BELOW * rate.calls_a_second {
            return format!(
                "{held}: AWS IoT throttled {} of its {} calls, so the account's quota is below the {} a second \
                 that `{}` in [rate] says, or others use it. Raise the quota, or write what it is into [rate]",
                count(call.throttles),
                count(call.calls),
                rate.calls_a_second,
                rate.key,
            );
        }
        let Some(at) = self.bounds.iter().position(|bound| bound.rate.call == rate.call) else {
            return held;
        };
        let Some(own) = self.bounds.get(at) else { return held };
        let most = format!(
            "{held}: at {} calls a second{shared} {} devices an hour are the most",
            rate.calls_a_second,
            an_hour(own.devices),
        );
        let Some(next) =
            self.bounds.get(at + 1).filter(|next| at == 0 && next.devices > own.devices)
        else {
            return most;
        };
        let raised = next.devices * own.calls;
        let also = if rate.call == "RegisterCertificateWithoutCA" && raised >= CERTIFICATES_A_SECOND
        {
            ". A further quota of AWS IoT limits new device certificates to 15 a second: raise both"
        } else {
            ""
        };
        format!(
            "{most}. Raised to {} (the quota, and `{}` in [rate]) it would be {}; then {} ({}) is next{also}",
            tenth(raised),
            rate.key,
            an_hour(next.devices),
            next.rate.call,
            next.rate.calls_a_second,
        )
    }
}

/// Calls that were not throttled.
/// Calls that were not throttled.
pub(crate) const fn passed(call: &CallLimits) -> u64 {
    call.calls.saturating_sub(call.throttles)
}

fn tenth(figure: f64) -> f64 {
    (figure * 10.0).round() / 10.0
}

fn an_hour(devices_a_second: f64) -> String {
    let text = format!("{:.0}", devices_a_second * 3_600.0);
    grouped(&text)
}

/// Exact for any count that a run has.
fn number(count: u64) -> f64 {
    u32::try_from(count).map_or(f64::from(u32::MAX), f64::from)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;

    /// AWS's default quotas.
    fn rates() -> Rates {
        let rates = json!({
            "describe_thing": 350.0, "register_certificate": 10.0, "create_thing": 100.0, "update_thing": 100.0,
            "attach_thing_principal": 100.0, "add_thing_to_thing_group": 100.0, "attach_policy": 15.0,
            "list_thing_principals": 20.0, "describe_certificate": 10.0, "update_certificate": 10.0,
            "list_attached_policies": 15.0, "list_thing_groups": 10.0, "list_principal_things": 10.0,
        });
        serde_json::from_value(rates).unwrap()
    }

    /// A thousand devices in 100 seconds, by eight workers.
    fn limits(calls: &[(&str, u64, f64, u64)]) -> UnitLimits {
        let call = |&(name, calls, limited_seconds, throttles): &(&str, u64, f64, u64)| {
            (
                name.to_owned(),
                CallLimits { calls, limited_seconds: limited_seconds * 8.0, throttles },
            )
        };
        UnitLimits {
            began: 1_000.0,
            ended: 1_100.0,
            seconds: 800.0,
            devices: 1_000,
            runs: 1,
            calls: calls.iter().map(call).collect::<BTreeMap<_, _>>(),
            outcomes: BTreeMap::new(),
            foreseen: BTreeMap::new(),
        }
    }

    #[track_caller]
    fn check(limits: &UnitLimits, expected: &[(&str, f64, &str)]) {
        let limited = limited(limits, &rates());
        let limited: Vec<_> = limited
            .iter()
            .map(|limited| (limited.call.as_str(), limited.seconds, limited.advice.as_str()))
            .collect();
        assert_eq!(limited, expected);
    }

    #[test]
    fn the_quota_to_raise_is_named_with_its_effect() {
        let calls = [
            ("DescribeThing", 1_000, 1.0, 0),
            ("RegisterCertificateWithoutCA", 1_000, 95.0, 0),
            ("AttachPolicy", 1_000, 4.0, 0),
        ];
        check(
            &limits(&calls),
            &[(
                "RegisterCertificateWithoutCA",
                95.0,
                "RegisterCertificateWithoutCA held this run up for 95 s of 100 s: at 10 calls a second 36,000 devices \
             an hour are the most. Raised to 15 (the quota, and `register_certificate` in [rate]) it would be 54,000; \
             then AttachPolicy (15) is next. A further quota of AWS IoT limits new device certificates to 15 a \
             second: raise both",
            )],
        );
    }

    #[test]
    fn an_operation_that_a_device_needs_twice_counts_twice() {
        let calls =
            [("RegisterCertificateWithoutCA", 1_000, 0.0, 0), ("AttachPolicy", 2_000, 60.0, 0)];
        let shared = UnitLimits { runs: 2, ..limits(&calls) };
        check(
            &shared,
            &[(
                "AttachPolicy",
                60.0,
                "AttachPolicy held this run up for 60 s of 100 s: at 15 calls a second, shared by up to 2 runs, 27,000 \
             devices an hour are the most. Raised to 20 (the quota, and `attach_policy` in [rate]) it would be 36,000; \
             then RegisterCertificateWithoutCA (10) is next",
            )],
        );
    }

    #[test]
    fn a_quota_below_the_configured_rate_is_told() {
        let calls = [("RegisterCertificateWithoutCA", 600, 90.0, 200)];
        check(
            &limits(&calls),
            &[(
                "RegisterCertificateWithoutCA",
                90.0,
                "RegisterCertificateWithoutCA held this run up for 90 s of 100 s: AWS IoT throttled 200 of its 600 calls, \
             so the account's quota is below the 10 a second that `register_certificate` in [rate] says, or others \
             use it. Raise the quota, or write what it is into [rate]",
            )],
        );
    }

    #[test]
    fn a_quota_that_is_used_to_its_end_is_not_below_the_rate_for_being_throttled() {
        let calls = [("CreateThing", 11_000, 90.0, 1_000)];
        let fast = UnitLimits { devices: 10_000, ..limits(&calls) };
        check(
            &fast,
            &[(
                "CreateThing",
                90.0,
                "CreateThing held this run up for 90 s of 100 s: at 100 calls a second 360,000 devices an hour are the most",
            )],
        );
    }

    #[test]
    fn a_few_throttled_calls_are_not_taken_for_calls_of_devices() {
        let calls = [("CreateThing", 1_040, 90.0, 40)];
        check(
            &limits(&calls),
            &[(
                "CreateThing",
                90.0,
                "CreateThing held this run up for 90 s of 100 s: at 100 calls a second 360,000 devices an hour are the most",
            )],
        );
    }

    #[test]
    fn what_hardly_mattered_is_not_told() {
        check(&limits(&[("CreateThing", 1_000, 9.9, 0)]), &[]);
        let short = UnitLimits { ended: 1_004.0, ..limits(&[("CreateThing", 1_000, 90.0, 0)]) };
        check(&short, &[]);
    }
}
