//! `cargo xtask undo`

mod text;

use std::{
    fs::File,
    io::Seek,
    process::ExitCode,
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, Result};
use serde_json::json;

use crate::{
    advice::{Advise, with_hint},
    aws::{self, failure},
    deployed::{Deployed, run_name},
    destination::Destination,
    import::{print, status_of},
    progress::{self, Step, cyan, say},
    run_follow::{Importer, Outcome, Report, Run},
};

pub(crate) use self::text::reported;

/// The longest name that Step Functions takes.
const LONGEST_NAME: usize = 80;

/// Take back what a run added to AWS IoT, and only that: tell what would be done, and do it with --yes
///
/// Of a device that the run made, its certificate is deactivated, its policies and groups are taken off, and its thing
/// and its certificate are deleted. A device that was there before gets back what it had. A device that somebody changed
/// since the run is kept as it is, and named with the reason.
///
/// Exit status: 0 all devices are taken back, or would be, 1 some are kept, 2 wrong usage, 3 it could not be carried out.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Run to take back: its name, the ARN of its execution, or the address of its report
    #[arg(value_name = "RUN")]
    run: String,
    /// Do it; without this, nothing is written and it is only told
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    of: Destination,
    /// Print nothing on stdout but the report.json of the undo
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let run = run_name(&args.run);
    aws::block_on(async {
        let deployed = Deployed::find(&args.of).await?;
        let (report, kept) = Box::pin(undo(&deployed, run, !args.yes)).await?;
        if args.json {
            print(&report)?;
        } else {
            progress::data(&format!("{}\n", text::render(&report, &kept)))?;
        }
        if let Some(next) = text::next(&report, &deployed.option, run) {
            say(&format!("{} {next}", cyan("hint:")));
        }
        Ok(ExitCode::from(status_of(&report)))
    })
}

/// Starts the machine and follows it. Gives its report, and the devices that it did not take back.
async fn undo(deployed: &Deployed, run: &str, dry: bool) -> Result<(Report, Vec<text::Kept>)> {
    let made_by = deployed.report(run).await?;
    if let Some(other) = made_by.undoes {
        return Err(with_hint(
            format!("the run `{run}` took back `{other}`, and made nothing"),
            "to have those devices again, import their file again: cargo xtask import FILE",
        ));
    }
    let mut step = Step::begin(&format!("{run}: looking at what it added"));
    let started = start(deployed, run, dry).await?;
    let importer = Importer::of(deployed);
    let Outcome::Report(report) = importer.follow(&started, &mut step).await? else {
        return Err(anyhow::anyhow!("the run {} has no report", started.name));
    };
    drop(step);
    let kept = if report.is_done() || report.is_stopped() {
        Vec::new()
    } else {
        kept(&importer, &report).await?
    };
    Ok((report, kept))
}

async fn start(deployed: &Deployed, run: &str, dry: bool) -> Result<Run> {
    let machine = deployed.places.output("UndoMachineArn")?;
    let started = deployed
        .sfn()
        .start_execution()
        .state_machine_arn(machine)
        .name(execution_name(run, SystemTime::now()))
        .input(json!({ "run": run, "dry": dry }).to_string())
        .send()
        .await
        .map_err(failure)
        .with_context(|| format!("failed to start {machine}"))
        .advise(|| {
            format!("people who take runs back need the policy `{}-undo`", deployed.stack)
        })?;
    let arn = started.execution_arn;
    let name = arn.rsplit(':').next().unwrap_or(&arn).to_owned();
    Ok(Run { name, arn })
}

/// A name that says what is taken back, and that no other execution has.
fn execution_name(run: &str, now: SystemTime) -> String {
    let milliseconds = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let (before, after) = ("undo-", format!("-{milliseconds:x}"));
    let room = LONGEST_NAME - before.len() - after.len();
    let run: String = run.chars().take(room).collect();
    format!("{before}{run}{after}")
}

/// The devices that were not taken back, as far as they are shown.
async fn kept(importer: &Importer, report: &Report) -> Result<Vec<text::Kept>> {
    // Results can be larger than memory.
    let mut results: File = tempfile::tempfile().context("failed to make a temporary file")?;
    importer.results(report, &mut results).await?;
    results.rewind().context("failed to go back in a temporary file")?;
    text::kept(results)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::execution_name;

    #[test]
    fn an_execution_is_called_by_what_it_takes_back_and_when() {
        let now = UNIX_EPOCH + Duration::from_millis(0x1_9a8b_7c6d_5e4f);
        assert_eq!(execution_name("reel-7-0123", now), "undo-reel-7-0123-19a8b7c6d5e4f");
        let long = execution_name(&"r".repeat(80), now);
        assert_eq!(long.len(), 80);
        assert!(long.starts_with("undo-rrr") && long.ends_with("r-19a8b7c6d5e4f"), "{long}");
    }
}
