//! What a million devices take of AWS, and what it charges for that.
//!
//! Calls are counted for units of each size, which a million devices have in known numbers. What
//! goes by time, the workers' seconds and their looks at the leases, is measured while a worker
//! waits for its share of the quotas. Prices are the report's.

mod parts;
mod transitions;

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use infra::Config;
use ledger::UnitSizes;
use report::Taken;
use serde_json::{Value, json};
use xtask::deployment::{config_path, read_config};

use self::{
    parts::{Parts, a_run, preparing, reporting},
    transitions::Transitions,
};
use crate::{
    figure::{Figure, Target},
    register::{Cloud, DEVICES, Done, POLICIES_AND_GROUPS, Prepared},
};

const MILLION: u32 = 1_000_000;

/// Devices, about, of the unit that is waited for.
const WAITED: u64 = 100;

pub(crate) fn figures() -> Result<Vec<Figure>> {
    let config = read_config(&config_path(None))?;
    let prepared = Prepared::sample(DEVICES)?;
    let counted = count(&prepared)?;
    let transitions = Transitions::read()?;
    let (default, raised) = (rates(&config, 1.0), rates(&config, 10.0));
    let parts = Parts { memory: memory(&config)?, units: sizes(u64::from(MILLION)), transitions };
    let default = a_run(&parts, &counted, &wait(&prepared, &default)?);
    let raised = a_run(&parts, &counted, &wait(&prepared, &raised)?);
    let (preparing, reporting) = (preparing(&parts)?, reporting(&parts));

    let devices = f64::from(MILLION);
    let per_device = |count: f64| count / devices;
    let s3 = per_device(default.s3_calls);
    let states = per_device(default.taken.transitions);
    let least = u32::try_from(4 + POLICIES_AND_GROUPS)?;
    let dollars = |name: &str, value: f64| Figure::counted(format!("cost.{name}"), "USD", value);
    let (bill, besides) =
        (default.taken.bill(), preparing.bill().total() + reporting.bill().total());
    let total = bill.total() + besides;
    let total_raised = raised.taken.bill().total() + besides;
    Ok(vec![
        Figure::counted("calls.iot", "a device", counted.iot).target(Target::AtMost(least.into())),
        Figure::counted("calls.s3", "a device", s3),
        Figure::counted("calls.transitions", "a device", states),
        Figure::counted("calls.s3-and-transitions", "a device", s3 + states)
            .target(Target::AtMost(0.1)),
        dollars("registry", bill.registry).target(Target::AtMost(5.0)),
        dollars("states", bill.states),
        dollars("workers", bill.functions),
        dollars("requests", bill.requests),
        dollars("decode-and-preflight", preparing.bill().total()),
        dollars("report", reporting.bill().total()),
        dollars("million", total).target(Target::AtMost(7.5)),
        dollars("million.ten-times-the-quotas", total_raised).target(Target::AtMost(7.5)),
    ])
}

/// What was counted of a run that waits for nothing.
#[derive(Debug)]
struct Counted {
    /// Calls of AWS IoT, for a device.
    iot: f64,
    /// Those that AWS charges, for a device.
    registry: f64,
    /// Calls of S3, for a unit of so many devices.
    s3: BTreeMap<u64, Requests>,
}

/// Calls of S3.
#[derive(Clone, Copy, Debug, Default)]
struct Requests {
    /// Those that write or list.
    puts: f64,
    gets: f64,
    /// Those among them that list.
    lists: f64,
}

/// What was measured of a worker that waits for tokens.
#[derive(Debug)]
struct Waited {
    /// Of one worker, for a device.
    seconds: f64,
    /// In a second of one worker.
    looks: f64,
}

fn count(prepared: &Prepared) -> Result<Counted> {
    let mut cloud = Cloud::without_quotas(prepared)?;
    let (mut iot, mut registry, mut s3) = (0.0, 0.0, BTreeMap::new());
    for unit in &prepared.units {
        let Done { iot: calls, s3: requests, .. } = cloud.carry_out(unit)?;
        iot += sum(&calls, |_| true);
        registry += sum(&calls, report::is_charged);
        let (ended, all): &mut (f64, Requests) = s3.entry(unit.count).or_default();
        *ended += 1.0;
        all.add(&Requests::of(&requests));
    }
    cloud.check_whole(DEVICES)?;
    let devices = f64::from(DEVICES);
    let s3 = s3.into_iter().map(|(count, (units, all))| (count, all.times(1.0 / units)));
    Ok(Counted { iot: iot / devices, registry: registry / devices, s3: s3.collect() })
}

/// Has one worker carry out a unit with its share of these rates.
fn wait(prepared: &Prepared, (rates, workers): &(Value, u32)) -> Result<Waited> {
    let mut cloud = Cloud::with_rates(prepared, rates, *workers)?;
    // The first one of a process is slower, by the connections that it opens.
    cloud.carry_out(prepared.unit_of(1)?)?;
    let unit = prepared.unit_of(WAITED)?;
    let Done { usage, s3, .. } = cloud.carry_out(unit)?;
    // One look is the unit's first, which is counted for the unit.
    let looks = Requests::of(&s3).lists - 1.0;
    let devices = f64::from(u32::try_from(unit.count)?);
    let seconds = usage.seconds;
    Ok(Waited { seconds: seconds / devices, looks: looks / seconds })
}

impl Requests {
    fn of(calls: &BTreeMap<&'static str, u64>) -> Self {
        let is_get = |call: &str| matches!(call, "GetObject" | "HeadObject");
        Self {
            puts: sum(calls, |call| !is_get(call)),
            gets: sum(calls, is_get),
            lists: sum(calls, |call| call == "ListObjectsV2"),
        }
    }

    fn add(&mut self, more: &Self) {
        self.puts += more.puts;
        self.gets += more.gets;
        self.lists += more.lists;
    }

    fn times(self, factor: f64) -> Self {
        Self { puts: self.puts * factor, gets: self.gets * factor, lists: self.lists * factor }
    }
}

fn sum(calls: &BTreeMap<&'static str, u64>, of: impl Fn(&str) -> bool) -> f64 {
    let counts = calls.iter().filter(|(call, _)| of(call)).map(|(_, count)| *count);
    counts.map(telemetry::float).sum()
}

/// How many units of each size a file of so many devices has.
fn sizes(devices: u64) -> BTreeMap<u64, f64> {
    let mut sizes = UnitSizes::default();
    let mut units: Vec<_> = (0..devices).filter_map(|_| sizes.push("", 1)).collect();
    units.extend(sizes.finish());
    units.into_iter().fold(BTreeMap::new(), |mut counts, unit| {
        *counts.entry(unit.count).or_default() += 1.0;
        counts
    })
}

/// The configuration's rates, so many times as high, and how many workers share them.
fn rates(config: &Config, times: f64) -> (Value, u32) {
    let mut config = config.clone();
    for (call, rate) in config.rate.entries() {
        if let Some(raised) = config.rate.entry_mut(call) {
            *raised = rate * times;
        }
    }
    let rates = infra::run_configuration(&config);
    (rates.get("rate").cloned().unwrap_or_else(|| json!({})), config.concurrency())
}

/// Memory of each function in gigabytes, by the name that it has in the template.
fn memory(config: &Config) -> Result<BTreeMap<String, f64>> {
    let template: Value = serde_json::from_str(&xtask::deployment::template(config)?)?;
    let resources = template.get("Resources").and_then(Value::as_object);
    let functions = resources.context("the template has no resources")?.iter();
    let memory = functions.filter_map(|(name, resource)| {
        let megabytes = resource.pointer("/Properties/MemorySize")?.as_f64()?;
        Some((name.clone(), megabytes / 1024.0))
    });
    Ok(memory.collect())
}

/// What was counted, and what comes out of it.
#[derive(Debug)]
struct Run {
    taken: Taken,
    s3_calls: f64,
}
