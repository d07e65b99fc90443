//! How large the functions are, and how soon they begin to work.
//!
//! A function's own program is started as AWS Lambda starts it, with a share of the processor's time
//! as a function of so much memory has it, against the Runtime API and endpoints of AWS that this
//! process plays. The clock runs from the program's first instruction to its first question for an
//! event.

mod begun;
mod first;
mod quota;
mod tls;

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, Result};
use xtask::functions;

pub(crate) use self::quota::begin;
use self::{
    begun::{Begun, Endpoints},
    tls::{Authority, Front},
};
use crate::figure::{Figure, RUNS, Series, Target};

/// The memory that starts are measured with, the least that a function of the stack has.
const MEMORY_MB: u32 = 256;

/// Starts of one run, of which the mean counts: the processor comes in parts of a period's length, and a
/// start ends in one or in the next.
const STARTS: usize = 25;

/// A port of this machine at which nobody listens: a network that is not there.
const NOBODY: &str = "http://127.0.0.1:9";

pub(crate) fn figures() -> Result<Vec<Figure>> {
    let mut figures = sizes()?;
    figures.extend(inits()?);
    figures.extend(first::figures()?);
    Ok(figures)
}

/// The size of each function's zip, as `deploy` uploads it.
fn sizes() -> Result<Vec<Figure>> {
    let zips = functions::build()?;
    let figure = |(name, zip): (&String, &PathBuf)| {
        let (size, most) = (fs::metadata(zip)?.len(), functions::largest_zip(name));
        let figure = Figure::counted(format!("start.{name}.zip"), "B", bytes(size));
        Ok(figure.target(Target::AtMost(bytes(most))))
    };
    zips.iter().map(figure).collect()
}

#[expect(clippy::cast_precision_loss, clippy::as_conversions, reason = "far below 2^52")]
const fn bytes(number: u64) -> f64 {
    number as f64
}

/// How long each function takes to ask for its first event.
fn inits() -> Result<Vec<Figure>> {
    let authority = Authority::new()?;
    let front = Front::of_nobody(&authority)?;
    let (address, bundle) = (front.endpoint(), authority.bundle());
    let mut figures = Vec::new();
    for name in functions::NAMES {
        // AWS Lambda's root certificates are one file, as these are; other Linuxes have each of them twice.
        let alone = Endpoints { s3: NOBODY, iot: NOBODY, sqs: NOBODY, bundle };
        let [time, processor] = init(name, "init", &alone)?;
        figures.extend([time.target(Target::AtMost(60.0)), processor]);
        let secure = Endpoints { s3: &address, iot: &address, sqs: &address, bundle };
        figures.extend(init(name, "init-tls", &secure)?);
    }
    Ok(figures)
}

/// The time that an init takes, and beside it that of the processor.
fn init(function: &str, what: &str, endpoints: &Endpoints<'_>) -> Result<[Figure; 2]> {
    let (mut time, mut processor) = (Series::default(), Series::default());
    let mut way = "";
    for _ in 0..RUNS {
        let (mut times, mut processors) = (Series::default(), Series::default());
        for _ in 0..STARTS {
            let begun = Begun::start(function, MEMORY_MB, endpoints)?;
            times.add(milliseconds(begun.init));
            processors.add(milliseconds(begun.processor));
            way = begun.way;
        }
        time.add(times.mean());
        processor.add(processors.mean());
    }
    Ok([
        Figure::measured(format!("start.{function}.{what}.{way}"), "ms", &time),
        Figure::measured(format!("start.{function}.{what}.processor"), "ms", &processor),
    ])
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// A path as the environment takes it.
fn text(path: &Path) -> Result<&str> {
    path.to_str().context("a path that is no text")
}
