//! `cargo xtask summary`

mod count;
mod document;

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Result;
use aws_config::SdkConfig;
use serde_json::json;

use self::{
    count::Counter,
    document::{Kind, Summary, differences},
};
use crate::{
    advice::wrong_usage,
    aws::{self, Account},
    figures, local,
    progress::{Step, cyan, data, say, yellow},
    whole_file,
};

/// Count what AWS IoT holds: things by type, groups, policies, certificates by status
///
/// Needs no stack. The account is counted by listings, 250 objects a page and at most 5 pages a second of each kind,
/// which is half of AWS's default quota: a million things and their certificates take some 15 minutes.
///
/// Before and after an import:
///
///   cargo xtask summary --out before.json
///   cargo xtask summary --since before.json
///
/// Exit status: 0 all was counted, 1 something may not be asked, or it failed, 2 wrong usage.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// AWS Region, instead of the environment's
    #[arg(long, value_name = "REGION", conflicts_with = "local")]
    region: Option<String>,
    /// Count the local cloud that `cargo xtask local start` started
    #[arg(long)]
    local: bool,
    /// Say what has changed since the summary that FILE holds
    #[arg(long, value_name = "FILE")]
    since: Option<PathBuf>,
    /// Write the summary as JSON into FILE, for --since
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Print JSON: the summary, and with --since also the differences
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    // A file that cannot be read is told before minutes of counting.
    let before = args.since.as_deref().map(read).transpose()?;
    let summary = aws::block_on(async {
        let aws = if args.local {
            local::running()?.0.aws_config()
        } else {
            aws::from_environment(args.region.as_deref()).await
        };
        Box::pin(count(&aws, before.as_ref())).await
    })?;
    if let Some(path) = &args.out {
        whole_file::write(path, &serde_json::to_vec_pretty(&summary)?)?;
    }
    show(args, &summary, before.as_ref())?;
    for kind in summary.not_asked.keys() {
        say(&format!(
            "{} {} may not be asked: it takes {}, which a stack's policies operator and auditor allow",
            yellow("warning:"),
            kind.words(),
            kind.action()
        ));
    }
    if let Some(path) = &args.out {
        let path = path.display();
        say(&format!("{} later: cargo xtask summary --since {path}", cyan("hint:")));
    }
    let is_whole = summary.not_asked.is_empty();
    Ok(if is_whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Counts the account, unless it is another one than that of the summary to compare with.
async fn count(aws: &SdkConfig, before: Option<&Summary>) -> Result<Summary> {
    let account = Account::of(aws).await?;
    if let Some(before) =
        before.filter(|before| (&before.account, &before.region) != (&account.id, &account.region))
    {
        return Err(wrong_usage(
            format!(
                "that summary is of account {} in {}, and this is account {} in {}",
                before.account, before.region, account.id, account.region
            ),
            "set AWS_PROFILE and --region to what was counted then",
        ));
    }
    let step = Step::begin(&format!("Counting account {} in {}", account.id, account.region));
    let counter = Counter::new(&aws_sdk_iot::Client::new(aws), step);
    let asked = Box::pin(counter.all()).await?;
    let mut summary = Summary {
        identity: account.identity,
        account: account.id,
        region: account.region,
        at: figures::time(ledger::seconds_of_epoch()),
        ..Summary::default()
    };
    for (kind, count) in asked {
        match count {
            Ok(count) => drop(summary.counts.insert(kind, count)),
            Err(refusal) => drop(summary.not_asked.insert(kind, refusal)),
        }
    }
    Ok(summary)
}

fn show(args: &Args, summary: &Summary, before: Option<&Summary>) -> Result<()> {
    let found = before.map(|before| summary.since(before));
    if args.json {
        let mut value = serde_json::to_value(summary)?;
        if let (Some(object), Some(before), Some(found)) = (value.as_object_mut(), before, &found) {
            object.insert("since".to_owned(), json!({"at": before.at, "differences": found}));
        }
        return Ok(data(&format!("{value:#}\n"))?);
    }
    let mut text = summary.text();
    if let (Some(before), Some(found)) = (before, &found) {
        text = format!("{text}\n\n{}", differences(found, &before.at));
        for kind in summary.incomparable(before) {
            say(&format!(
                "{} {} are not compared: only one of the two summaries has them",
                yellow("warning:"),
                Kind::words(kind)
            ));
        }
    }
    Ok(data(&(text + "\n"))?)
}

fn read(path: &Path) -> Result<Summary> {
    let shown = path.display();
    let text = fs::read(path).map_err(|error| {
        wrong_usage(format!("cannot read {shown}: {error}"), "name a file that `--out` has written")
    })?;
    serde_json::from_slice(&text).map_err(|error| {
        wrong_usage(
            format!("{shown} is no summary: {error}"),
            "name a file that `cargo xtask summary --out FILE` or `--json` has written",
        )
    })
}
