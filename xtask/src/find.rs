//! `cargo xtask find`

mod connect;
mod policy;
mod registry;
mod runs;
mod text;

use std::process::ExitCode;

use anyhow::Result;
use ledger::{History, Store, normalized};
use serde::Serialize;

use self::{connect::Diagnosis, registry::Device, runs::Search};
use crate::{
    advice::wrong_usage,
    aws::{self, Account},
    deployed::Deployed,
    destination::Destination,
    progress::{self, say},
    times,
};

/// AWS IoT is asked about so many devices.
const DEVICES: usize = 3;

/// Find a device: its file and entry, the runs that had it, what AWS IoT says now, and whether it can connect
///
/// ID is its thing's name, its certificate's fingerprint or serial number, or the vendor's unique id, CN, MAC or chip id;
/// of device-infos also what the attributes call serial number, DSN or MAC. Upper and lower case, colons, dashes and
/// spaces do not count.
///
/// Exit status: 0 found, 1 not found, 2 wrong usage.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// By what the device is known
    #[arg(value_name = "ID")]
    id: String,
    /// Show all runs that had the device, instead of the latest five
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    at: Destination,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Everything that is known of a device.
#[derive(Debug, Serialize)]
struct Answer {
    id: String,
    account: String,
    region: String,
    #[serde(flatten)]
    search: Search,
    /// What AWS IoT says now.
    devices: Vec<Looked>,
}

/// A device as AWS IoT knows it, and what that means for it.
#[derive(Debug, Serialize)]
struct Looked {
    #[serde(flatten)]
    device: Device,
    #[serde(flatten)]
    diagnosis: Diagnosis,
}

impl Answer {
    fn is_found(&self) -> bool {
        !self.search.seen.is_empty() || self.devices.iter().any(|looked| looked.device.is_there())
    }
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    if normalized(&args.id).is_empty() {
        return Err(wrong_usage(
            format!("`{}` has no letter and no digit", args.id),
            "name the device by its thing, fingerprint, serial number, unique id, CN, MAC or chip id",
        ));
    }
    aws::block_on(async {
        let deployed = Deployed::find(&args.at).await?;
        let account = Account::of(&deployed.aws).await?;
        let runs = deployed.runs()?;
        let search = runs::search(&deployed, &runs, &args.id, args.all).await?;
        let looked = look(&deployed, &account, &args.id, &search).await;
        let (devices, failed) = match looked {
            Ok(devices) => (devices, None),
            Err(error) => (Vec::new(), Some(error)),
        };
        let Account { id: number, region, .. } = account;
        let id = args.id.trim().to_owned();
        let answer = Answer { id, account: number, region, search, devices };
        // What was found is shown also to whoever may not look at devices.
        match failed {
            Some(error) if args.json || !answer.is_found() => return Err(error),
            _ => show(&answer, args.json)?,
        }
        warn(&answer.search);
        if let Some(error) = failed {
            return Err(error);
        }
        if answer.is_found() {
            return Ok(ExitCode::SUCCESS);
        }
        say_not_found(&answer, &deployed, &runs).await?;
        Ok(ExitCode::FAILURE)
    })
}

/// What AWS IoT says of the devices that were found; where none was, of whatever has this name there.
async fn look(
    deployed: &Deployed,
    account: &Account,
    id: &str,
    search: &Search,
) -> Result<Vec<Looked>> {
    let now = ledger::seconds_of_epoch();
    let mut names = search.devices();
    names.truncate(DEVICES);
    if names.is_empty() {
        names.push(registry::Named::anything(id));
    }
    let mut devices = Vec::new();
    for named in names {
        let device = registry::look(deployed, account, named).await?;
        let diagnosis = connect::diagnose(&device, account, now);
        devices.push(Looked { device, diagnosis });
    }
    Ok(devices)
}

fn show(answer: &Answer, json: bool) -> Result<()> {
    if json {
        let text = serde_json::to_string_pretty(answer)?;
        progress::data(&format!("{text}\n"))?;
    } else if answer.is_found() {
        progress::data(&text::render(answer))?;
    }
    Ok(())
}

/// What the search could not see.
fn warn(search: &Search) {
    let warning = progress::yellow("warning:");
    search.unindexed.warn("a device of theirs is not found");
    for damaged in &search.damaged {
        say(&format!(
            "{warning} {damaged}; devices may be missing here. Delete everything under `index/` of the runs bucket, and \
             it is made again within a quarter of an hour"
        ));
    }
    if search.unresolved > 0 {
        say(&format!(
            "{warning} {} more places of the index do not lead to an entry: their runs are being reported, or somebody \
             changed their files",
            search.unresolved
        ));
    }
}

async fn say_not_found(answer: &Answer, deployed: &Deployed, runs: &Store) -> Result<()> {
    let Answer { id, account, region, search, .. } = answer;
    let keys = runs.list(History::ALL).await.map_err(|error| deployed.refused(error))?;
    let oldest = keys.last().and_then(|key| ledger::RunTag::of_key(key));
    let since = oldest.map_or_else(String::new, |(tag, _)| {
        format!(", the first of {}", times::day(f64::from(tag.started())))
    });
    say(&format!(
        "no device `{id}`: it is not among the {} names of the {} runs that the stack {} reported{since}, and AWS IoT \
         has no thing and no certificate of this name in {account}, {region}",
        search.names,
        keys.len(),
        deployed.stack,
    ));
    say(&format!(
        "{} was it imported by another stack, or in another account or Region? A run that is not at its end is not \
         searched: cargo xtask runs {}",
        progress::cyan("hint:"),
        deployed.option
    ));
    Ok(())
}
