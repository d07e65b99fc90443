//! `cargo xtask runs`

mod table;

use std::{cmp::Ordering, process::ExitCode};

use anyhow::{Context, Result};
use aws_sdk_sfn::{primitives::DateTime, types::ExecutionStatus};
use ledger::{History, Store};
use serde::Serialize;
use serde_json::Value;
use tokio::task::JoinSet;

use crate::{
    aws::{self, failure},
    deployed::Deployed,
    destination::Destination,
    progress::{self, Paint, say},
    times,
    unindexed::Missing,
};

/// So many are shown, unless something else is asked for.
const SHOWN: u16 = 20;
/// So many keys are in an answer of S3's.
const PAGE: u16 = 1_000;
/// So many objects are read at a time.
const AT_ONCE: usize = 16;

/// List the runs, the latest first: when, file, vendor, profile, devices, verdict, duration
///
/// Runs that are still going come first. Times are UTC.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Show all runs
    #[arg(long, conflicts_with = "last")]
    all: bool,
    /// Show so many runs [default: 20]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    last: Option<u16>,
    /// Show the runs since this day or time, such as 2026-11-22 or 2026-11-22T09:30
    #[arg(long, value_name = "DATE")]
    since: Option<String>,
    /// Show the runs of one vendor: microchip, infineon, espressif, generated; or mes for device-infos
    #[arg(long, value_name = "VENDOR")]
    vendor: Option<manifest::Bucket>,
    #[command(flatten)]
    at: Destination,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// A run that has not ended.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Running {
    run: String,
    /// When it started, in seconds of the Unix epoch.
    started: f64,
    vendor: String,
    bucket: String,
    key: String,
    /// The run that it takes back, where it is an undo.
    #[serde(skip_serializing_if = "Option::is_none")]
    undoes: Option<String>,
}

/// What is listed.
#[derive(Debug, Serialize)]
struct Listing {
    running: Vec<Running>,
    ended: Vec<History>,
    /// How many runs are not in the index yet, and may not be listed; `null` where that is not known.
    unindexed: Missing,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let wanted = Wanted::of(args)?;
    aws::block_on(async {
        let deployed = Deployed::find(&args.at).await?;
        let mut running = running(&deployed).await?;
        running.retain(|run| wanted.is_vendor(&run.vendor));
        let runs = deployed.runs()?;
        let unindexed = Missing::of(&deployed, &runs).await?;
        let ended = ended(&deployed, &runs, &wanted).await?;
        // One that ends while this looks is in both.
        running.retain(|run| !ended.iter().any(|ended| ended.run == run.run));
        let listing = Listing { running, ended, unindexed };
        listing.unindexed.warn("they may be missing here");
        if args.json {
            let text = serde_json::to_string_pretty(&listing)?;
            progress::data(&format!("{text}\n"))?;
            return Ok(ExitCode::SUCCESS);
        }
        let paint = Paint::stdout();
        progress::data(&table::render(&listing, paint, ledger::seconds_of_epoch()))?;
        if listing.running.is_empty() && listing.ended.is_empty() {
            say(&wanted.none(&deployed.stack));
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// Which runs are asked for.
struct Wanted<'a> {
    /// How many that have ended.
    most: usize,
    since: Option<f64>,
    vendor: Option<&'a str>,
}

impl<'a> Wanted<'a> {
    fn of(args: &'a Args) -> Result<Self> {
        let since = args.since.as_deref().map(times::seconds).transpose()?;
        let is_open = args.all || (since.is_some() && args.last.is_none());
        let most = if is_open { usize::MAX } else { args.last.unwrap_or(SHOWN).into() };
        Ok(Self { most, since, vendor: args.vendor.map(manifest::Bucket::name) })
    }

    fn is_vendor(&self, vendor: &str) -> bool {
        self.vendor.is_none_or(|wanted| wanted == vendor)
    }

    fn none(&self, stack: &str) -> String {
        let of = self.vendor.map_or_else(String::new, |vendor| format!(" of {vendor}"));
        let since =
            self.since.map_or_else(String::new, |since| format!(" since {}", times::minute(since)));
        format!("the stack {stack} has no run{of}{since}")
    }
}

/// The runs that have ended: one listing, and a small object each.
async fn ended(deployed: &Deployed, runs: &Store, wanted: &Wanted<'_>) -> Result<Vec<History>> {
    let end = wanted.since.map(History::end_of_since);
    let mut ended = Vec::new();
    let mut after: Option<String> = None;
    while ended.len() < wanted.most {
        let left = u16::try_from(wanted.most - ended.len()).unwrap_or(PAGE).min(PAGE);
        // Of one vendor there may be few.
        let page = if wanted.vendor.is_some() { PAGE } else { left };
        let keys = runs.list_first(History::ALL, after.as_deref(), page).await;
        let keys = keys.map_err(|error| deployed.refused(error))?;
        let is_last = keys.len() < usize::from(page);
        after = keys.last().cloned();
        let is_since = |key: &String| end.as_ref().is_none_or(|end| key < end);
        let in_time = keys.iter().take_while(|key| is_since(key)).count();
        let is_end = is_last || in_time < keys.len();
        for keys in keys.get(..in_time).unwrap_or_default().chunks(AT_ONCE) {
            let found = read(deployed, keys).await?;
            ended.extend(found.into_iter().filter(|run| wanted.is_vendor(&run.vendor)));
            if ended.len() >= wanted.most {
                break;
            }
        }
        if is_end {
            break;
        }
    }
    // A key tells seconds only.
    let times = |run: &History| (run.started, run.ended);
    ended.sort_by(|one, other| times(other).partial_cmp(&times(one)).unwrap_or(Ordering::Equal));
    ended.truncate(wanted.most);
    Ok(ended)
}

/// Reads some runs' entries, in order.
async fn read(deployed: &Deployed, keys: &[String]) -> Result<Vec<History>> {
    let mut reads = JoinSet::new();
    for (number, key) in keys.iter().cloned().enumerate() {
        let deployed = deployed.clone();
        reads.spawn(async move { (number, deployed.json::<History>(&key).await) });
    }
    let mut found = Vec::new();
    while let Some(read) = reads.join_next().await {
        let (number, history) = read.context("reading the history was broken off")?;
        found.extend(history?.map(|history| (number, history)));
    }
    found.sort_by_key(|(number, _)| *number);
    Ok(found.into_iter().map(|(_, history)| history).collect())
}

/// The runs that are going on, the latest first.
async fn running(deployed: &Deployed) -> Result<Vec<Running>> {
    let sfn = deployed.sfn();
    let mut running = Vec::new();
    for machine in deployed.machines() {
        let listed = sfn.list_executions().state_machine_arn(&machine);
        let mut pages =
            listed.status_filter(ExecutionStatus::Running).into_paginator().items().send();
        while let Some(execution) = pages.next().await {
            let execution = execution
                .map_err(failure)
                .with_context(|| format!("failed to list the runs of {machine}"))?;
            let described = sfn.describe_execution().execution_arn(&execution.execution_arn);
            let described = described.send().await.map_err(failure);
            let described = described
                .with_context(|| format!("failed to look at the run {}", execution.name))?;
            let input = described.input().unwrap_or_default();
            running.push(started(&execution.name, &execution.start_date, input));
        }
    }
    running.sort_by(|one, other| other.started.total_cmp(&one.started));
    Ok(running)
}

/// A run by what it was started with.
fn started(run: &str, time: &DateTime, input: &str) -> Running {
    let input: Value = serde_json::from_str(input).unwrap_or_default();
    let text = |pointer: &str| {
        input.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    Running {
        run: run.to_owned(),
        started: time.as_secs_f64(),
        vendor: text("/vendor"),
        bucket: text("/object/bucket"),
        key: text("/object/key"),
        // The others' inputs name no run.
        undoes: input.get("run").and_then(Value::as_str).map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_goes_is_known_by_what_it_was_started_with() {
        let of = |input| started("r", &DateTime::from_secs(1), input);
        let import =
            of(r#"{"vendor": "microchip", "object": {"bucket": "b", "key": "reel.json"}}"#);
        assert_eq!((import.key.as_str(), import.undoes), ("reel.json", None));
        let undo = of(r#"{"run": "reel-json-01", "dry": true}"#);
        assert_eq!((undo.key.as_str(), undo.undoes.as_deref()), ("", Some("reel-json-01")));
    }
}
