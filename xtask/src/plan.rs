//! `cargo xtask plan`

use std::{
    collections::BTreeMap,
    io::{Read, Seek},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::{Context, Result};
use manifest::Bucket;
use serde::Deserialize;

use crate::{
    advice::wrong_usage,
    aws,
    destination::Destination,
    import::{check_profile, file::File, file::Kind, print, status_of},
    progress::{self, Step, cyan, say},
    run_follow::{Importer, Outcome, Report, render},
};

/// So many differences are printed; the results have all.
const DIFFERENCES: usize = 10;

/// Foresee what importing files would do to every device, and how long it takes and what it costs
///
/// The cloud looks at its registry and writes nothing to it: what would be created, what stands already, what would be
/// added and what is in the way. What a file is, is found from its content.
///
/// Exit status, as `import` would give: 0 all devices would be fine, 1 some would not, 2 wrong usage, 3 the import
/// could not be carried out.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Manifests and device-infos
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Vendor of all files, instead of what their content says: microchip, infineon,
    /// espressif, generated; or mes for device-infos
    #[arg(long, value_name = "VENDOR")]
    vendor: Option<Bucket>,
    /// Profile of the configuration that the devices would get
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
    let files =
        args.files.iter().map(|path| look(path, args.vendor)).collect::<Result<Vec<_>>>()?;
    aws::block_on(async {
        let importer = args.to.importer().await?;
        let mut worst = 0;
        for file in &files {
            worst = worst.max(plan(&importer, file, args).await?);
        }
        Ok(ExitCode::from(worst))
    })
}

fn look(path: &std::path::Path, vendor: Option<Bucket>) -> Result<File> {
    let file = File::look(path, vendor)?;
    if file.kind == Kind::Authority {
        return Err(wrong_usage(
            format!("{} is the certificate of a signer or of an authority", path.display()),
            "there is nothing to plan about it: upload it with `cargo xtask import`, and plan the manifests then",
        ));
    }
    Ok(file)
}

/// Plans one file, and gives the exit status that it asks for.
async fn plan(importer: &Importer, file: &File, args: &Args) -> Result<u8> {
    let name = file.path.display();
    let mut step = Step::begin(&format!("Uploading {name}, to be planned"));
    let folders = [Some(ledger::PLAN_FOLDER), args.profile.as_deref(), Some(file.name.as_str())];
    let key = folders.into_iter().flatten().collect::<Vec<_>>().join("/");
    let uploaded = importer.upload(file.bucket, &key, &file.path).await?;
    step.update(&format!("Waiting for the run of s3://{}/{}", uploaded.bucket, uploaded.key));
    let run = importer.find_run(&uploaded).await?;
    let Outcome::Report(report) = importer.follow(&run, &mut step).await? else {
        // A plan files nothing.
        step.done(&format!("{name}: there is nothing to plan"));
        return Ok(0);
    };
    drop(step);
    if args.json {
        print(&report)?;
    } else {
        progress::data(&format!("{}\n", render(&report)))?;
        let differences = differences(importer, &report).await?;
        if differences.len() > 1 {
            progress::data(&table(&differences))?;
        }
        hint(&report, &name.to_string(), importer.option(), args);
    }
    Ok(status_of(&report))
}

fn hint(report: &Report, name: &str, option: &str, args: &Args) {
    if report.is_stopped() {
        return;
    }
    let profile =
        args.profile.as_ref().map(|profile| format!(" --profile {profile}")).unwrap_or_default();
    let vendor =
        args.vendor.map(|vendor| format!(" --vendor {}", vendor.name())).unwrap_or_default();
    let hint = cyan("hint:");
    say(&format!("{hint} every entry with its reason: aws s3 cp {}results.csv -", report.folder));
    say(&format!("{hint} to carry it out: cargo xtask import {name} {option}{vendor}{profile}"));
}

/// A line of the results, as far as it tells what would be added.
#[derive(Debug, Deserialize)]
struct Line {
    outcome: String,
    reason: String,
}

/// What would be added to devices that stand in part, and to how many each, the most first.
async fn differences(importer: &Importer, report: &Report) -> Result<Vec<(String, u64)>> {
    let updated = report.json.pointer("/counts/updated").and_then(serde_json::Value::as_u64);
    if updated.unwrap_or_default() == 0 {
        return Ok(Vec::new());
    }
    // Results can be larger than memory.
    let mut results = tempfile::tempfile().context("failed to make a temporary file")?;
    importer.results(report, &mut results).await?;
    results.rewind().context("failed to go back in a temporary file")?;
    grouped(results)
}

fn grouped(results: impl Read) -> Result<Vec<(String, u64)>> {
    let mut groups = BTreeMap::new();
    for line in csv::Reader::from_reader(results).deserialize() {
        let Line { outcome, reason } = line.context("results.csv is not what it should be")?;
        if outcome == "updated" {
            *groups.entry(reason).or_default() += 1;
        }
    }
    let mut groups: Vec<(String, u64)> = groups.into_iter().collect();
    // The order of the texts stays where the numbers are the same.
    groups.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    Ok(groups)
}

fn table(differences: &[(String, u64)]) -> String {
    let mut lines = vec!["  what would be updated".to_owned()];
    lines.extend(differences.iter().take(DIFFERENCES).map(|(difference, count)| {
        let what = difference.strip_prefix("an import would ").unwrap_or(difference);
        format!("  {count:>9} {what}")
    }));
    let others = differences.len().saturating_sub(DIFFERENCES);
    if others > 0 {
        lines.push(format!("  and {others} other differences, which the results name"));
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn the_folder_is_the_one_that_the_functions_and_the_policies_know() {
        assert_eq!(ledger::PLAN_FOLDER, infra::PLAN_FOLDER);
    }

    #[test]
    fn differences_are_told_once_each_the_most_frequent_first() {
        let results = "entry,outcome,code,reason\n\
                       1,updated,,an import would attach the policy `a` to its certificate\n\
                       2,created,,\n\
                       3,updated,,an import would make its thing\n\
                       4,updated,,an import would make its thing\n\
                       5,conflict,Thing.OtherType,another type\n";
        let text = table(&grouped(results.as_bytes()).unwrap());
        insta::assert_snapshot!(text, @r"
          what would be updated
                  2 make its thing
                  1 attach the policy `a` to its certificate
        ");
    }

    #[test]
    fn more_differences_than_anybody_reads_are_counted() {
        let many: Vec<_> = (0..13).map(|number| (format!("an import would {number}"), 1)).collect();
        assert!(table(&many).ends_with("  and 3 other differences, which the results name\n"));
    }

    #[test]
    fn a_certificate_to_check_others_by_is_wrong_usage() {
        let folder = tempfile::tempdir().unwrap();
        let options =
            sample::Options { devices: 1, seed: 1, folder: folder.path().to_owned(), keys: false };
        let sample = sample::write(manifest::Vendor::Microchip, &options).unwrap();
        let error = look(&sample.authorities[0], None).unwrap_err();
        assert_eq!(crate::advice::exit_status(&error), Some(2));
        assert!(error.to_string().contains("is the certificate of a signer"), "{error:#}");
    }
}
