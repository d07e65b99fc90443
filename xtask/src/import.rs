//! `cargo xtask import`

pub(crate) mod file;

use std::{path::PathBuf, process::ExitCode};

use anyhow::Result;
use manifest::Bucket;
use serde_json::Value;

use self::file::{File, Kind};
use crate::{
    advice::wrong_usage,
    aws,
    destination::Destination,
    progress::{self, Step, say},
    run_follow::{Importer, Outcome, Report, render},
};

/// Exit status where not every device ended well.
pub(crate) const SOME_NOT_FINE: u8 = 1;
/// Exit status where a run could not be carried out, or stopped by itself.
pub(crate) const NOT_CARRIED_OUT: u8 = 3;

/// Import manifests and activate devices: upload each file, follow its run, print its report
///
/// What a file is, is found from its content: a vendor's manifest, or a factory's device-infos. A certificate that signs Microchip's manifests, or Infineon's devices, is a
/// FILE, too: it is uploaded before the manifests, which can be verified then.
///
/// Exit status: 0 all devices are fine, 1 some are not, 2 wrong usage, 3 a run could not be carried out.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Manifests, certificates of their signers and authorities, and device-infos
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Vendor of all files, instead of what their content says: microchip, infineon,
    /// espressif, generated; or mes for device-infos
    #[arg(long, value_name = "VENDOR")]
    vendor: Option<Bucket>,
    /// Profile of the configuration that the devices get; it becomes the first folder of the key
    #[arg(long, value_name = "PROFILE")]
    profile: Option<String>,
    #[command(flatten)]
    to: Destination,
    /// Print nothing on stdout but each run's report.json, one after another
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    check_profile(args.profile.as_deref())?;
    let mut files =
        args.files.iter().map(|path| File::look(path, args.vendor)).collect::<Result<Vec<_>>>()?;
    // Manifests are verified by signers and authorities, and what is activated is registered before. The order is
    // kept otherwise.
    files.sort_by_key(|file| (file.kind != Kind::Authority, file.bucket == Bucket::Mes));
    aws::block_on(async {
        let importer = args.to.importer().await?;
        let mut worst = 0;
        for file in &files {
            worst = worst.max(import(&importer, file, args).await?);
        }
        Ok(ExitCode::from(worst))
    })
}

/// Whether a profile of this name can be a folder of a key.
pub(crate) fn check_profile(profile: Option<&str>) -> Result<()> {
    let is_none = |profile: &&str| {
        profile.is_empty() || profile.contains('/') || *profile == ledger::PLAN_FOLDER
    };
    match profile.filter(is_none) {
        None => Ok(()),
        Some(profile) => Err(wrong_usage(
            format!("`{profile}` is no profile"),
            "name one as in [profile.NAME] of the configuration; what lies in the folder `plan` is planned and not \
             imported: cargo xtask plan FILE",
        )),
    }
}

/// Imports one file, and gives the exit status that it asks for.
async fn import(importer: &Importer, file: &File, args: &Args) -> Result<u8> {
    let name = file.path.display();
    let mut step = Step::begin(&format!("Uploading {name}"));
    let folder = match file.kind {
        Kind::Manifest => args.profile.as_deref(),
        // Whoever verifies belongs to no profile, and may be uploaded by other people: see docs/people.md.
        Kind::Authority => Some(infra::SIGNERS_FOLDER),
    };
    let key = folder.map_or_else(|| file.name.clone(), |folder| format!("{folder}/{}", file.name));
    let uploaded = importer.upload(file.bucket, &key, &file.path).await?;
    step.update(&format!("Waiting for the run of s3://{}/{}", uploaded.bucket, uploaded.key));
    let run = importer.find_run(&uploaded).await?;
    match importer.follow(&run, &mut step).await? {
        Outcome::Filed(output) => {
            step.done(&format!("{name}: {}", filed_sentence(&output)));
            Ok(0)
        }
        Outcome::Report(report) => {
            drop(step);
            show(&report, args.json, importer.option())?;
            Ok(status_of(&report))
        }
    }
}

/// Prints a run's report: as it is for programs, or in words. `option` is the command line's, by which
/// the run's stack is found.
pub(crate) fn show(report: &Report, json: bool, option: &str) -> Result<()> {
    if json {
        return print(report);
    }
    progress::data(&format!("{}\n", render(report)))?;
    let hint = progress::cyan("hint:");
    if !report.is_done() {
        say(&format!(
            "{hint} the results name every entry with its reason: aws s3 cp {}results.csv -",
            report.folder
        ));
    }
    let run = report.json.get("run").and_then(Value::as_str).unwrap_or_default();
    if can_go_on(report) {
        say(&format!(
            "{hint} when that is put right, what can still succeed is tried again, and nothing else: cargo xtask redrive {run} {option}"
        ));
    }
    say(&format!("{hint} the report as a page: cargo xtask report {run} --open {option}"));
    Ok(())
}

/// Prints report.json as it is, and the end of its line.
pub(crate) fn print(report: &Report) -> Result<()> {
    let end = if report.text.ends_with('\n') { "" } else { "\n" };
    progress::data(&format!("{}{end}", report.text))?;
    Ok(())
}

/// Whether anything that did not end well can still succeed with the same file.
fn can_go_on(report: &Report) -> bool {
    let problems = report.json.get("problems").and_then(Value::as_array).into_iter().flatten();
    let mut retry = problems.filter_map(|problem| problem.get("retry").and_then(Value::as_bool));
    let stopped = report.json.pointer("/stopped/code").and_then(Value::as_str);
    retry.any(|retry| retry) || stopped.is_some_and(ledger::can_retry)
}

/// The exit status that a run's end asks for.
pub(crate) fn status_of(report: &Report) -> u8 {
    if report.is_done() {
        0
    } else if report.is_stopped() {
        NOT_CARRIED_OUT
    } else {
        SOME_NOT_FINE
    }
}

fn filed_sentence(output: &Value) -> String {
    let summary = output.get("summary").and_then(Value::as_str);
    summary.unwrap_or("the certificate is filed").to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Report, can_go_on, status_of};

    #[track_caller]
    fn check(verdict: &str, expected: u8) {
        let report = Report {
            text: String::new(),
            json: json!({"verdict": verdict}),
            folder: String::new(),
        };
        assert_eq!(status_of(&report), expected);
    }

    #[test]
    fn the_exit_status_follows_the_verdict() {
        check("done", 0);
        check("done_with_failures", 1);
        check("stopped", 3);
        check("a later word", 1);
    }

    #[test]
    fn a_run_is_worth_taking_up_where_the_same_file_can_succeed() {
        let can = |json| can_go_on(&Report { text: String::new(), json, folder: String::new() });
        assert!(can(json!({"problems": [{"retry": false}, {"retry": true}]})));
        assert!(can(json!({"stopped": {"code": "Preflight.NoPolicy"}, "problems": []})));
        assert!(!can(json!({"stopped": {"code": "Manifest.PrivateKey"}})));
        assert!(!can(json!({"problems": [{"retry": false}]})));
    }
}
