//! What an import would take, from what a dry run foresaw of each device.

use ledger::{Forecast, Plan, Rate, UnitLimits};
use telemetry::float;

use crate::{
    cost::{self, Effort},
    words,
};

/// A child execution with its function and its files takes about so long, whatever its unit holds.
const UNIT_SECONDS: f64 = 0.8;

/// The import that these devices would have, at the configured rates and with no other run beside it.
///
/// The slowest operation sets the pace; in a small file, or with high rates, it is the units, which a
/// number of workers carry out side by side. Reading the file takes as long as it took the dry run.
pub(crate) fn forecast(limits: &UnitLimits, plan: &Plan, started: Option<f64>) -> Forecast {
    let units = plan.prepared.as_ref().map_or(0, |prepared| prepared.units);
    let workers = u64::from(plan.concurrency).clamp(1, units.max(1));
    let rates = plan.rate.by_call();
    let slowest = slowest(limits, &rates);
    let by_units = float(units) * UNIT_SECONDS / float(workers);
    let at_work = slowest.map_or(0.0, |slowest| slowest.seconds).max(by_units);
    let before = started.map_or(0.0, |started| (limits.began - started).max(0.0));
    let seconds = (before + at_work).ceil();
    let slowest = slowest.filter(|slowest| slowest.seconds >= by_units);
    let effort = Effort::foreseen(limits, plan, started, at_work * float(workers));
    let dollars = cost::estimate(&effort);
    Forecast {
        summary: sentence(seconds, dollars, slowest),
        seconds,
        limit: slowest.map(|slowest| slowest.rate.call.to_owned()).unwrap_or_default(),
        rate: slowest.map(|slowest| slowest.rate.calls_a_second).unwrap_or_default(),
        dollars,
        calls: limits.foreseen.clone(),
    }
}

/// An operation, how often it would be called, and how long that takes.
#[derive(Clone, Copy)]
struct Slowest<'a> {
    rate: &'a Rate,
    calls: u64,
    seconds: f64,
}

fn slowest<'a>(limits: &UnitLimits, rates: &'a [Rate]) -> Option<Slowest<'a>> {
    let each = rates.iter().filter_map(|rate| {
        let calls = *limits.foreseen.get(rate.call)?;
        Some(Slowest { rate, calls, seconds: float(calls) / rate.calls_a_second })
    });
    each.max_by(|one, other| one.seconds.total_cmp(&other.seconds))
}

fn sentence(seconds: f64, dollars: f64, slowest: Option<Slowest<'_>>) -> String {
    let limit = slowest.map_or_else(
        || "no quota limits it".to_owned(),
        |Slowest { rate, calls, .. }| {
            format!(
                "{} limits it, with {calls} calls at {} a second (`{}` in [rate])",
                rate.call, rate.calls_a_second, rate.key
            )
        },
    );
    format!(
        "An import would take about {} while no other run is active: {limit}. It would cost about {}, without free tiers and discounts",
        words::roughly(seconds),
        words::money(dollars)
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::assemble::tests::plan;

    /// The forecast of so many units, with these calls, that began 4 seconds after its dry run.
    fn of(units: u64, concurrency: u32, calls: &[(&str, u64)]) -> Forecast {
        let mut plan = plan();
        plan.concurrency = concurrency;
        plan.rate.register_certificate = 10.0;
        plan.rate.attach_policy = 15.0;
        plan.prepared.as_mut().unwrap().units = units;
        let limits = UnitLimits {
            began: 104.0,
            ended: 110.0,
            seconds: 6.0,
            devices: 1,
            runs: 1,
            calls: BTreeMap::new(),
            outcomes: BTreeMap::new(),
            foreseen: calls.iter().map(|(call, calls)| ((*call).to_owned(), *calls)).collect(),
        };
        forecast(&limits, &plan, Some(100.0))
    }

    #[test]
    fn the_slowest_operation_sets_the_pace() {
        let calls = [("RegisterCertificateWithoutCA", 10_000), ("AttachPolicy", 20_000)];
        let forecast = of(280, 8, &calls);
        assert_eq!(forecast.limit, "AttachPolicy");
        // 20,000 at 15 a second, and 4 seconds before.
        assert!((forecast.seconds - 1_338.0).abs() < 0.5, "{}", forecast.seconds);
        assert_eq!(
            forecast.summary,
            "An import would take about 22 minutes while no other run is active: AttachPolicy limits it, with 20000 \
             calls at 15 a second (`attach_policy` in [rate]). It would cost about 0.08 US dollars, without free tiers \
             and discounts"
        );
        assert_eq!(forecast.calls.len(), 2);
    }

    #[test]
    fn many_small_units_take_their_time_whatever_the_quotas_allow() {
        let forecast = of(100, 4, &[("RegisterCertificateWithoutCA", 100)]);
        // 100 units of 0.8 seconds by 4 workers, and 4 seconds before.
        assert!((forecast.seconds - 24.0).abs() < 0.5, "{}", forecast.seconds);
        assert_eq!(forecast.limit, "");
        assert!(forecast.summary.contains("no quota limits it"), "{}", forecast.summary);
    }
}
