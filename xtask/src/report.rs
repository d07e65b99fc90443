//! `cargo xtask report`

mod page;

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context, Result};
use ledger::{RunFiles, Verdict};
use serde_json::Value;

use crate::{
    aws,
    deployed::{Deployed, run_name},
    destination::Destination,
    import::print,
    progress::{self, say},
    retry_file,
    run_follow::{self, render},
};

/// Exit status where not every device ended well.
const NOT_FINE: u8 = 1;
/// Exit status where the report could not be shown.
pub(crate) const NOT_CARRIED_OUT: u8 = 3;

/// Show a run's report: in the terminal, or as a page in a browser
///
/// Exit status: 0 the run ended well, 1 it did not, 2 wrong usage, 3 the report could not be shown.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The run: its name, its execution's ARN, or the address of one of its files [default: the latest run that has a report]
    #[arg(value_name = "RUN")]
    run: Option<String>,
    #[command(flatten)]
    at: Destination,
    /// Open the report's page in a browser
    #[arg(long)]
    open: bool,
    /// Write the report's page to a file
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Write the entries that did not end well to a folder: as a file that the same bucket takes, once they are put
    /// right, and beside it the reason of each
    #[arg(long, value_name = "DIR", num_args = 0..=1, default_missing_value = ".")]
    retry_file: Option<PathBuf>,
    /// Print nothing on stdout but report.json
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    aws::block_on(async {
        let deployed = Deployed::find(&args.at).await?;
        let run = match &args.run {
            Some(given) => run_name(given).to_owned(),
            None => deployed.latest().await?,
        };
        let report = deployed.report(&run).await?;
        show(&deployed, &run, args.json).await?;
        if args.open || args.html.is_some() {
            let page = page::fetch(&deployed, &run).await?;
            if let Some(file) = &args.html {
                page::write(&page, file)?;
                say(&format!("The page is in {}", progress::cyan(&file.display().to_string())));
            }
            if args.open {
                page::open(&page, &deployed.stack, &run)?;
            }
        }
        if let Some(folder) = &args.retry_file {
            let written = retry_file::write(&deployed, &run, folder).await?;
            say(&written.sentence());
            if let Some(next) = written.next_step() {
                say(&format!("{} {next}", progress::cyan("hint:")));
            }
        }
        let fine = report.verdict == Verdict::Done;
        Ok(if fine { ExitCode::SUCCESS } else { ExitCode::from(NOT_FINE) })
    })
}

/// Shows the report as it stands in the bucket: a later version may have written more than this one knows.
async fn show(deployed: &Deployed, run: &str, json: bool) -> Result<()> {
    let bytes = deployed.bytes(&RunFiles::of(run).report()).await?;
    let text = String::from_utf8(bytes.context("the report is not there any more")?)
        .context("the report is not UTF-8")?;
    let folder = format!("s3://{}/runs/{run}/", deployed.places.runs()?);
    let parsed: Value = serde_json::from_str(&text).context("the report is not JSON")?;
    let report = run_follow::Report { text, json: parsed, folder };
    if json {
        return print(&report);
    }
    progress::data(&format!("{}\n", render(&report)))?;
    Ok(())
}
