//! The entries of a run that did not end well, as a file that the same bucket takes, with their reasons beside it.
//!
//! Entries are copied as they stand in the file, so signatures still hold. A person puts right what can be put right, and
//! imports the file.

mod name;
mod reasons;

use std::{
    fs::{self, File},
    io::{BufReader, BufWriter, Seek},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use aws_config::SdkConfig;
use ledger::Source;
use manifest::{Choice, Copied, Limits, Original, excerpt};
use tempfile::NamedTempFile;

use self::{
    name::{Names, profile_folder},
    reasons::{Reasons, Row},
};
use crate::{
    advice::{Advise, with_hint},
    aws::failure,
    deployed::Deployed,
    destination::option_of,
    pinned::{bound, is_gone},
    run_follow::Places,
    temporary::download,
};

/// What was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// The run.
    run: String,
    /// The entries, where any could be copied.
    pub file: Option<PathBuf>,
    /// Their reasons, where any entry did not end well.
    pub reasons: Option<PathBuf>,
    /// Entries that did not end well and were copied.
    copied: u64,
    /// Entries that came along, because they belong to one group with those.
    along: u64,
    /// Entries that did not end well and are only in the reasons.
    left_out: u64,
    /// Why the file could not be read to its end.
    end: Option<String>,
    /// The profile that the file is to be imported with again, where it is chosen by a folder.
    profile: Option<String>,
    /// How the command line names the stack.
    option: String,
}

impl Written {
    /// What a person is told.
    #[must_use]
    pub fn sentence(&self) -> String {
        let Some(reasons) = &self.reasons else {
            return format!(
                "every entry of the run `{}` ended well: there is nothing to try again",
                self.run
            );
        };
        let reasons = reasons.display();
        let mut text = match &self.file {
            Some(file) => format!(
                "{} in {}, with the reasons in {reasons}",
                number(
                    self.copied,
                    "entry that did not end well is",
                    "entries that did not end well are"
                ),
                file.display()
            ),
            None => format!(
                "no entry that did not end well can be cut out of the file; the reasons are in {reasons}"
            ),
        };
        if self.along > 0 {
            let along = number(self.along, "entry of the same group", "entries of the same groups");
            text = format!("{text}; {along} came along");
        }
        if self.file.is_some() && self.left_out > 0 {
            let left_out = number(self.left_out, "entry", "entries");
            text =
                format!("{text}; {left_out} could not be cut out, and only the reasons name them");
        }
        if let Some(end) = &self.end {
            text = format!("{text}. The file itself cannot be read to its end: {end}");
        }
        text
    }

    /// What to do with the file.
    #[must_use]
    pub fn next_step(&self) -> Option<String> {
        let file = self.file.as_ref()?.display();
        let profile = self.profile.as_ref();
        let profile = profile.map(|profile| format!(" --profile {profile}")).unwrap_or_default();
        let option =
            if self.option.is_empty() { String::new() } else { format!(" {}", self.option) };
        Some(format!("when its entries are right: cargo xtask import {file}{option}{profile}"))
    }
}

fn number(count: u64, one: &str, several: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { several })
}

/// Writes the files of a run of this stack; for whoever has no [`Deployed`].
pub async fn write_from(aws: &SdkConfig, stack: &str, run: &str, to: &Path) -> Result<Written> {
    let places = Places::of(aws, stack).await?;
    let option = option_of(aws, stack);
    let deployed = Deployed { aws: aws.clone(), stack: stack.to_owned(), places, option };
    write(&deployed, run, to).await
}

/// Writes the entries of a run that did not end well, and their reasons, into the folder `to`.
pub(crate) async fn write(deployed: &Deployed, run: &str, to: &Path) -> Result<Written> {
    let report = deployed.report(run).await?;
    if let Some(other) = &report.undoes {
        return Err(with_hint(
            format!(
                "the run `{run}` took back `{other}`, and no other file makes it end otherwise"
            ),
            format!(
                "its results say why a device was kept; when that is put right, take it back again: \
                 cargo xtask undo {other} {}",
                deployed.option
            ),
        ));
    }
    if report.counts.read == 0 {
        let why = report.stopped.map(|stopped| format!(": {}", stopped.reason)).unwrap_or_default();
        return Err(with_hint(
            format!("the run `{run}` ended before it had read an entry of its file{why}"),
            format!(
                "when that is put right, have the file worked on again: cargo xtask redrive {run} {}; or import the \
                 file",
                deployed.option
            ),
        ));
    }
    if report.counts.fine() == report.counts.read {
        return Ok(Written { run: run.to_owned(), ..Written::default() });
    }
    let plan = deployed.plan(run).await?;
    let original = Original {
        bucket: plan.vendor.parse()?,
        bundle: plan.profile.bundle.parse()?,
        limits: Limits::default(),
    };
    let names = Names::of(&plan.source.key);
    names.check_free(to)?;
    let results = results(deployed, &report.results).await?;
    let source = source(deployed, &plan.source).await?;
    let written = cut(run, &source, &results, original, &names, to)?;
    let option = deployed.option.clone();
    Ok(Written { profile: profile(&plan.source.key, &plan.profile_name), option, ..written })
}

/// The profile in force, where a folder of the key chose it. A dry run's stands behind the folder that makes it one.
fn profile(key: &str, in_force: &str) -> Option<String> {
    let folder = profile_folder(ledger::planned_key(key).unwrap_or(key))?;
    (folder == in_force).then(|| folder.to_owned())
}

async fn results(deployed: &Deployed, address: &str) -> Result<File> {
    let (bucket, key) = address
        .strip_prefix("s3://")
        .and_then(|address| address.split_once('/'))
        .context("the report names no results")?;
    let found = deployed.s3().get_object().bucket(bucket).key(key).send().await;
    let found = found
        .map_err(failure)
        .with_context(|| format!("failed to read {address}"))
        .advise(|| reads(&deployed.stack))?;
    download(found.body, address).await
}

/// Exactly the version that the run read.
async fn source(deployed: &Deployed, source: &Source) -> Result<File> {
    let Source { bucket, key, version, etag, .. } = source;
    let address = format!("s3://{bucket}/{key}");
    let get = deployed.s3().get_object().bucket(bucket).key(key);
    match get.set_version_id(bound(version)).set_if_match(bound(etag)).send().await {
        Ok(found) => download(found.body, &address).await,
        Err(error) if is_gone(&error) => Err(with_hint(
            format!(
                "the file {address} is not there any more in the version that the run read: it was deleted, or \
                     replaced by another one"
            ),
            "import it again, from wherever it came from: what is done stays done",
        )),
        Err(error) => Err(failure(error))
            .with_context(|| format!("failed to read {address}"))
            .advise(|| reads(&deployed.stack)),
    }
}

fn reads(stack: &str) -> String {
    format!("whoever reads uploaded files needs the policy `{stack}-operator`")
}

/// Copies the entries out of the file.
fn cut(
    run: &str,
    source: &File,
    results: &File,
    original: Original,
    names: &Names,
    to: &Path,
) -> Result<Written> {
    let wanted = reasons::not_fine(rewound(results)?)?;
    fs::create_dir_all(to)
        .with_context(|| format!("failed to make the folder {}", to.display()))
        .advise(|| "name a folder that you may write to".to_owned())?;
    let mut file = temporary(to)?;
    let mut sidecar = temporary(to)?;
    let mut reasons =
        Reasons::new(Row::all_of(rewound(results)?)?, BufWriter::new(sidecar.as_file_mut()))?;
    let last = wanted.last;
    let mut choose = |entry| match entry {
        _ if last.is_none_or(|last| entry > last) => Choice::Enough,
        _ if wanted.entries.has(entry) => Choice::Copy,
        _ => Choice::Leave,
    };
    let mut failed = None;
    let mut note = |Copied { entry, becomes }| {
        if failed.is_none() {
            failed = reasons.note(entry, becomes).err();
        }
    };
    let source = BufReader::new(rewound(source)?);
    let made =
        excerpt(source, original, &mut choose, BufWriter::new(file.as_file_mut()), &mut note)
            .with_context(|| format!("failed to write into {}", to.display()))
            .advise(|| "see that the disk has room, then run it again".to_owned())?;
    if let Some(error) = failed {
        return Err(error);
    }
    let (copied, left_out) = reasons.finish()?;
    let sidecar = keep(sidecar, &to.join(names.reasons()))?;
    let file = match copied {
        0 => None,
        _ => Some(keep(file, &to.join(names.file(made.is_archive)))?),
    };
    Ok(Written {
        run: run.to_owned(),
        file,
        reasons: Some(sidecar),
        copied,
        along: made.entries.saturating_sub(copied),
        left_out,
        end: made.end.map(|end| end.to_string()),
        profile: None,
        option: String::new(),
    })
}

fn rewound(file: &File) -> Result<&File> {
    let mut again = file;
    again.rewind().context("failed to go back in a temporary file")?;
    Ok(file)
}

/// A file that is only there when it is whole.
fn temporary(folder: &Path) -> Result<NamedTempFile> {
    NamedTempFile::new_in(folder)
        .with_context(|| format!("failed to write into {}", folder.display()))
        .advise(|| "name a folder that you may write to".to_owned())
}

fn keep(file: NamedTempFile, path: &Path) -> Result<PathBuf> {
    let kept = file.persist_noclobber(path).map_err(|error| error.error);
    kept.with_context(|| format!("failed to write {}", path.display()))?;
    readable(path)?;
    Ok(path.to_owned())
}

/// Temporary files are their owner's alone; this one is like any other that the person writes.
#[cfg(unix)]
fn readable(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o644))
        .with_context(|| format!("failed to make {} readable", path.display()))
}

#[cfg(not(unix))]
fn readable(_: &Path) -> Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests;
