//! How much of AWS IoT's quotas is used, and how much is throttled, in simulated time.

use std::{
    sync::{Mutex, PoisonError},
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result};
use simulation::{Begin, Job, Played, Rated, Scenario};
use xtask::progress::say;

use crate::figure::{Figure, RUNS, Series, Target};

const REGISTER: &str = "RegisterCertificateWithoutCA";
const ACTIVATE: &str = "UpdateCertificate";

/// AWS's default quota of registrations; the other operations' go along.
const DEFAULT: f64 = 10.0;

/// Until then, a rate that is configured wrong may be unknown.
const MINUTE: f64 = 60.0;

/// One call an hour, in calls a second.
const PER_HOUR: f64 = 1.0 / 3_600.0;

/// A scenario, and what is asked of it.
struct Subject {
    name: String,
    scenario: Scenario,
    asks: Asks,
}

/// What is asked of a scenario.
#[derive(Clone, Copy)]
enum Asks {
    /// The quota of registrations, from which second on so much of it is to be used, and the part of calls that may be
    /// throttled.
    Quota { rate: f64, from: f64, used: f64, throttled: f64 },
    /// So many devices an hour, told by the calls of this operation in the middle of the run.
    Hourly(f64, &'static str),
}

pub(crate) fn figures() -> Result<Vec<Figure>> {
    let (mut figures, mut failed) = (Vec::new(), 0.0);
    for subject in subjects()? {
        say(&format!("Simulating {}", subject.name));
        let runs = played(&subject.scenario, RUNS)?;
        failed += runs.iter().map(failed_in).fold(0.0, f64::max);
        figures.extend(subject.figures(&runs));
    }
    figures.push(Figure::counted("pacing.failed", "", failed).target(Target::AtMost(0.0)));
    Ok(figures)
}

impl Subject {
    fn figures(&self, runs: &[Played]) -> Vec<Figure> {
        let series = |of: &dyn Fn(&Played) -> f64| {
            let mut series = Series::default();
            for run in runs {
                series.add(of(run));
            }
            series
        };
        match self.asks {
            Asks::Quota { rate, from, used, throttled } => vec![
                simulated(
                    format!("pacing.{}.used", self.name),
                    "%",
                    &series(&|run| 100.0 * run.calls_of(REGISTER).used(rate, from)),
                )
                .target(Target::AtLeast(used)),
                simulated(
                    format!("pacing.{}.throttled", self.name),
                    "%",
                    &series(&|run| 100.0 * run.throttled_part()),
                )
                .target(Target::AtMost(throttled)),
                simulated(
                    format!("pacing.{}.throttled-worst", self.name),
                    "%",
                    &series(&|run| 100.0 * run.worst_throttled_part()),
                ),
            ],
            Asks::Hourly(devices, call) => vec![
                simulated(
                    format!("pacing.{}", self.name),
                    "/h",
                    &series(&|run| run.calls_of(call).used(PER_HOUR, 0.0)),
                )
                .target(Target::AtLeast(devices)),
            ],
        }
    }
}

/// The median of the seeds. Seeds differ, and not because the machine is noisy.
fn simulated(name: String, unit: &'static str, runs: &Series) -> Figure {
    Figure { spread: runs.spread(), ..Figure::counted(name, unit, runs.median()) }
}

fn devices_of(count: u64) -> f64 {
    u32::try_from(count).map_or(f64::MAX, f64::from)
}

/// Devices that failed, or lack something; one where it is not known how many.
fn failed_in(run: &Played) -> f64 {
    let failed = devices_of(run.failed);
    if run.whole { failed } else { failed.max(1.0) }
}

fn subjects() -> Result<Vec<Subject>> {
    let mut subjects = Vec::new();
    for (quota, devices) in [(10.0, 4_000), (100.0, 20_000), (1_000.0, 100_000)] {
        let truth = Rated::defaults_times(quota / DEFAULT)?;
        let twice = Rated::defaults_times(2.0 * quota / DEFAULT)?;
        let registered = |configured, runs: &[(u64, u64)], (from, used, throttled)| {
            let runs = runs.iter().map(|(after, devices)| Begin {
                after: Duration::from_secs(*after),
                devices: *devices,
            });
            let scenario = Scenario {
                job: Job::Register,
                quotas: truth.rates,
                configured,
                runs: runs.collect(),
            };
            (scenario, Asks::Quota { rate: quota, from, used, throttled })
        };
        let exact = (0.0, 97.0, 0.5);
        for (what, (scenario, asks)) in [
            ("exact", registered(truth, &[(0, devices)], exact)),
            ("double", registered(twice, &[(0, devices)], (MINUTE, 90.0, 3.0))),
            ("shared", registered(truth, &[(0, devices / 2), (7, devices / 2)], exact)),
        ] {
            subjects.push(Subject { name: format!("quota-{quota}.{what}"), scenario, asks });
        }
    }
    subjects.extend(owners()?);
    Ok(subjects)
}

/// What the product's owner reckons with.
fn owners() -> Result<[Subject; 2]> {
    let owned = |name: &str, job, call, hourly, settings: &[(&str, f64)]| {
        let configured = Rated::with(settings)?;
        let runs = vec![Begin { after: Duration::ZERO, devices: 20_000 }];
        let scenario = Scenario { job, quotas: configured.rates, configured, runs };
        let asks = Asks::Hourly(hourly, call);
        anyhow::Ok(Subject { name: format!("owner.{name}"), scenario, asks })
    };
    let registering = [("register_certificate", 28.0), ("attach_policy", 28.0)];
    let activating = [
        ("describe_certificate", 14.0),
        ("update_certificate", 14.0),
        ("attach_policy", 15.0),
        ("list_attached_policies", 15.0),
        ("list_principal_things", 15.0),
    ];
    Ok([
        owned("registrations", Job::Register, REGISTER, 100_000.0, &registering)?,
        owned("activations", Job::Activate, ACTIVATE, 50_000.0, &activating)?,
    ])
}

/// The scenario with so many seeds, on all processors.
fn played(scenario: &Scenario, runs: usize) -> Result<Vec<Played>> {
    let seeds = Mutex::new(1..=u64::try_from(runs)?);
    let played = Mutex::new(Vec::new());
    let next = || seeds.lock().unwrap_or_else(PoisonError::into_inner).next();
    let work = || {
        while let Some(seed) = next() {
            let run = scenario.play(100 * seed).with_context(|| format!("seed {seed}"));
            played.lock().unwrap_or_else(PoisonError::into_inner).push(run);
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get) {
            scope.spawn(work);
        }
    });
    played.into_inner().unwrap_or_else(PoisonError::into_inner).into_iter().collect()
}
