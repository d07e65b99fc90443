//! The report of a run, up to a million devices.
//!
//! The function's own program reports a run that nobody made: its files are made while they are read, so that a million
//! devices need no memory here. Every answer of S3 takes as long as in an account.

mod synthetic;

use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use ledger::{Report, RunFiles};
use serde_json::json;
use xtask::{bench, progress::say};

use self::synthetic::Synthetic;
use crate::{
    figure::{Figure, RUNS, Series, Target},
    process::Usage,
    stub::{function::Function, s3::S3, sqs::Sqs},
};

const SIZES: [u64; 4] = [1_000, 10_000, 100_000, MILLION];
const MILLION: u64 = 1_000_000;

/// What is asked of the report of a million devices.
const MOST_SECONDS: f64 = 60.0;
const MOST_BYTES: f64 = 128e6;

/// From a function's call to the first byte of S3's answer, in one Region.
const ANSWER: Duration = Duration::from_millis(20);

/// The function's timeout, and its share of a processor with its memory: see `infra/src/stack/functions.rs`.
const TIMEOUT: Duration = Duration::from_mins(15);
const SHARE: f64 = 1024.0 / 1769.0;

const RUN: &str = "measured-json-0123456789abcdef";

pub(crate) fn figures(wanted: bench::Report) -> Result<Vec<Figure>> {
    let sizes = wanted.devices.map_or(SIZES.to_vec(), |devices| vec![devices.into()]);
    let figures: Result<Vec<_>> = sizes.into_iter().map(of).collect();
    Ok(figures?.concat())
}

fn of(size: u64) -> Result<Vec<Figure>> {
    say(&format!("Making a run of {size} devices"));
    let (s3, sqs) = (S3::start()?, Sqs::start()?);
    s3.delay(ANSWER);
    let run = Synthetic::of(RUN, size)?;
    let (mut seconds, mut cpu, mut memory) =
        (Series::default(), Series::default(), Series::default());
    let mut calls = 0;
    for turn in 1..=RUNS {
        s3.remove("");
        run.put(&s3)?;
        let usage = report(&s3, &sqs, &run)?;
        say(&format!(
            "{turn} of {RUNS}: {:.1} s, {:.1} s of a processor, {:.0} MB",
            usage.seconds,
            usage.cpu_seconds,
            usage.peak_bytes / 1e6
        ));
        seconds.add(usage.seconds);
        cpu.add(usage.cpu_seconds);
        memory.add(usage.peak_bytes);
        calls = s3.calls().values().sum();
    }
    let name = |what: &str| format!("report.{size}.{what}");
    let figures = vec![
        Figure::measured(name("time"), "s", &seconds),
        Figure::measured(name("memory"), "B", &memory),
        Figure::measured(name("cpu"), "s", &cpu),
        // How long it takes where the processor is the narrower of the two, and waiting for S3 costs nothing.
        Figure::measured(name("cpu-in-lambda"), "s", &cpu.map(|cpu| cpu / SHARE)),
        Figure::counted(name("s3-calls"), "", float(calls)?),
    ];
    if size != MILLION {
        return Ok(figures);
    }
    let targets =
        [Some(Target::AtMost(MOST_SECONDS)), Some(Target::AtMost(MOST_BYTES)), None, None, None];
    let aimed = figures.into_iter().zip(targets);
    Ok(aimed
        .map(|(figure, target)| match target {
            Some(target) => figure.target(target),
            None => figure,
        })
        .collect())
}

/// One report, by a fresh process; and that it is true.
fn report(s3: &S3, sqs: &Sqs, run: &Synthetic) -> Result<Usage> {
    let endpoints = [s3.endpoint(), sqs.endpoint()];
    let [s3_endpoint, sqs_endpoint] = endpoints.each_ref().map(String::as_str);
    let queue = format!("{sqs_endpoint}/123456789012/measured-failures");
    let function = Function::start(
        "report",
        &[
            ("AWS_ENDPOINT_URL_S3", s3_endpoint),
            ("AWS_ENDPOINT_URL_SQS", sqs_endpoint),
            ("THINGPRESS_RUNS_BUCKET", "measured-runs"),
            ("THINGPRESS_FAILURES_QUEUE", &queue),
            ("THINGPRESS_STACK", "measured"),
        ],
    )?;
    let event = json!({
        "task": "report",
        "run": RUN,
        "execution": format!("arn:aws:states:us-east-1:123456789012:execution:measured-import:{RUN}"),
        "started": "2026-11-22T09:30:00.000Z",
        "state": {"vendor": "microchip", "object": synthetic::object()},
    });
    let (answer, usage) = function.measure(&event, TIMEOUT)?;
    ensure!(answer.get("next") == Some(&json!("done")), "the function answered {answer}");
    let files = RunFiles::of(RUN);
    let report = s3.get(&files.report()).context("the function wrote no report")?;
    let report: Report = serde_json::from_slice(&report)?;
    let results = s3.get(&files.results()).context("the function wrote no results")?;
    // Behind the last line there is nothing, which counts as a piece.
    let lines = results.split(|byte| *byte == b'\n').count() - 1;
    let expected = run.counts();
    if !report.balanced || report.counts != expected {
        bail!("the report is wrong: {:?} instead of {expected:?}", report.counts);
    }
    ensure!(u64::try_from(lines)? == expected.read + 1, "the results have {lines} lines");
    let (messages, not_fine) = (sqs.messages(), expected.read - expected.fine());
    ensure!(messages == not_fine, "{messages} messages for {not_fine} devices");
    Ok(usage)
}

fn float(count: u64) -> Result<f64> {
    Ok(f64::from(u32::try_from(count)?))
}
