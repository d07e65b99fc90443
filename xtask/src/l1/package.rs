//! npm's package with the database.

use std::{
    fs::{self, File},
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context, Result, anyhow};
use flate2::read::GzDecoder;
use serde_json::Value;
use tempfile::TempDir;

use crate::{
    advice::{Advise, with_hint},
    progress::Step,
};

/// The package, and the version that `infra/l1` is made of.
const PACKAGE: &str = "@aws-cdk/aws-service-spec";
pub(super) const VERSION: &str = "0.1.216";
/// The database, in the unpacked package.
pub(super) const DATABASE: &str = "package/db.json.gz";

/// Fetches the pinned version into a folder that goes when it is dropped.
pub(super) fn fetch() -> Result<TempDir> {
    let folder = tempfile::tempdir().context("failed to make a folder")?;
    let step = Step::begin(&format!("Fetching {PACKAGE} {VERSION}"));
    let by_hand = || {
        format!(
            "where npm is, run `npm pack {PACKAGE}@{VERSION}`, unpack it, and name its db.json.gz with --db FILE"
        )
    };
    let npm = Command::new("npm")
        .args(["pack", "--silent", &format!("{PACKAGE}@{VERSION}")])
        .current_dir(&folder)
        .stdin(Stdio::null())
        .output()
        .context("failed to run npm")
        .advise(by_hand)?;
    if !npm.status.success() {
        let said = String::from_utf8_lossy(&npm.stderr);
        return Err(with_hint(format!("npm fetched no package: {}", said.trim()), by_hand()));
    }
    let name = String::from_utf8_lossy(&npm.stdout);
    let archive = folder.path().join(name.lines().last().unwrap_or_default().trim());
    unpack(&archive, folder.path())?;
    step.done(&format!("Fetched {PACKAGE} {VERSION}"));
    Ok(folder)
}

/// npm's archives are tar files under gzip, which every system's `tar` reads.
fn unpack(archive: &Path, folder: &Path) -> Result<()> {
    let mut tar = Command::new("tar")
        .args(["-xf", "-", "-C"])
        .arg(folder)
        .stdin(Stdio::piped())
        .spawn()
        .context("failed to run tar")?;
    let file =
        File::open(archive).with_context(|| format!("failed to open {}", archive.display()))?;
    if let Some(mut input) = tar.stdin.take() {
        std::io::copy(&mut GzDecoder::new(file), &mut input).context("failed to unpack")?;
    }
    let status = tar.wait().context("failed to wait for tar")?;
    status.success().then_some(()).ok_or_else(|| anyhow!("tar could not unpack the package"))
}

/// The version that the package says it has.
pub(super) fn version_beside(database: &Path) -> Result<String> {
    let manifest = database.with_file_name("package.json");
    let text = fs::read_to_string(&manifest)
        .with_context(|| format!("failed to read {}", manifest.display()))
        .advise(|| "leave the database in its unpacked package, which says its version".into())?;
    let manifest: Value = serde_json::from_str(&text)
        .with_context(|| format!("{} is no JSON", manifest.display()))?;
    let version = manifest.get("version").and_then(Value::as_str);
    version.map(str::to_owned).ok_or_else(|| anyhow!("the package says no version"))
}
