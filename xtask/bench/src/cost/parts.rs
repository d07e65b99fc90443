//! What the parts of a run take.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use manifest::Vendor;
use report::Taken;

use super::{Counted, MILLION, Run, Waited, transitions::Transitions};
use crate::{decode, process};

/// As long as Preflight and Report may run, which is more than they do.
const TIME_OUT: f64 = 900.0;

/// Entries that Decode is measured with.
const DECODED: u32 = 10_000;

/// What is known of a run of a million devices before it is measured.
#[derive(Debug)]
pub(super) struct Parts {
    /// Of each function, in gigabytes.
    pub(super) memory: BTreeMap<String, f64>,
    /// How many units there are of each size.
    pub(super) units: BTreeMap<u64, f64>,
    pub(super) transitions: Transitions,
}

/// The machine's states, and the workers.
pub(super) fn a_run(parts: &Parts, counted: &Counted, waited: &Waited) -> Run {
    let (devices, units) = (f64::from(MILLION), parts.units.values().sum::<f64>());
    let Transitions { run, unit } = parts.transitions;
    let seconds = waited.seconds * devices;
    let looks = waited.looks * seconds;
    let (mut puts, mut gets) = (looks, 0.0);
    for (size, count) in &parts.units {
        let of_one = counted.s3.get(size).copied().unwrap_or_default();
        puts += of_one.puts * count;
        gets += of_one.gets * count;
    }
    let taken = Taken {
        registry_calls: counted.registry * devices,
        transitions: run + units * unit,
        gigabyte_seconds: seconds * parts.memory_of("RegisterFunction"),
        invocations: units,
        puts,
        gets,
    };
    Run { taken, s3_calls: puts + gets }
}

/// Preflight, at most, and Decode at the rate at which this machine reads and verifies.
pub(super) fn preparing(parts: &Parts) -> Result<Taken> {
    let sample = decode::sample_of(Vendor::Microchip, DECODED)?;
    let file = sample.manifest.to_str().context("a path that is no text")?;
    let signer = sample.authorities.first().and_then(|path| path.to_str());
    let signer = signer.context("a sample without a signer")?;
    let usage = process::measure_child(&["decode", "microchip", file, "1", "--signer", signer])?;
    let seconds = usage.cpu_seconds * f64::from(MILLION) / f64::from(DECODED);
    let decode = seconds * parts.memory_of("DecodeMicrochipFunction");
    let preflight = TIME_OUT * parts.memory_of("PreflightFunction");
    // A continuation for each stretch of time that a function may run.
    let invocations = 2.0 + seconds / TIME_OUT;
    Ok(Taken { gigabyte_seconds: decode + preflight, invocations, ..Taken::default() })
}

/// Report, at most. It reads what each unit left.
pub(super) fn reporting(parts: &Parts) -> Taken {
    let units: f64 = parts.units.values().sum();
    Taken {
        gigabyte_seconds: TIME_OUT * parts.memory_of("ReportFunction"),
        invocations: 1.0,
        gets: units * 3.0,
        ..Taken::default()
    }
}

impl Parts {
    fn memory_of(&self, function: &str) -> f64 {
        self.memory.get(function).copied().unwrap_or(f64::NAN)
    }
}
