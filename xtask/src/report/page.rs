//! The report's page: fetched, written to a file, shown in a browser.

use std::{
    env, fs,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use aws_sdk_s3::operation::get_object::GetObjectError;
use ledger::RunFiles;

use crate::{
    advice::{Advise, with_hint},
    aws::failure,
    deployed::Deployed,
    progress::{self, say},
};

/// What opens files, here and there.
const OPENER: &str = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };

/// What opens a file hands it over and ends. Where it is still there after this time, it shows it.
const HANDING_OVER: Duration = Duration::from_secs(3);

/// The page of a run that has a report.
pub(super) async fn fetch(deployed: &Deployed, run: &str) -> Result<Vec<u8>> {
    let (bucket, key) = (deployed.places.runs()?, RunFiles::of(run).page());
    let failed = || format!("failed to read s3://{bucket}/{key}");
    match deployed.s3().get_object().bucket(bucket).key(&key).send().await {
        Ok(found) => Ok(found.body.collect().await.with_context(failed)?.to_vec()),
        Err(error) if error.as_service_error().is_some_and(GetObjectError::is_no_such_key) => {
            Err(with_hint(
                format!("the run `{run}` has a report, but no page"),
                "it was reported by an earlier version of Thingpress; the terminal shows what it says",
            ))
        }
        Err(error) => Err(failure(error)).with_context(failed).advise(|| {
            format!(
                "people who look at runs need the policy `{0}-operator` or `{0}-auditor`",
                deployed.stack
            )
        }),
    }
}

pub(super) fn write(page: &[u8], file: &Path) -> Result<()> {
    fs::write(file, page).with_context(|| format!("failed to write {}", file.display()))
}

/// Shows the page in a browser, or says where it is.
pub(super) fn open(page: &[u8], stack: &str, run: &str) -> Result<()> {
    let folder = folder().join(stack);
    // Names of devices are nobody else's business.
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&folder)
        .with_context(|| format!("failed to make the folder {}", folder.display()))?;
    let file = folder.join(format!("{run}.html"));
    write(page, &file)?;
    let place = progress::cyan(&file.display().to_string());
    if is_opened(&file) {
        say(&format!("The page is open in a browser: {place}"));
    } else {
        say(&format!("Nothing here opens a browser. Open the page yourself: {place}"));
    }
    Ok(())
}

/// Where programs keep what they can fetch again.
fn folder() -> PathBuf {
    let cache = env::var_os("XDG_CACHE_HOME").filter(|folder| !folder.is_empty());
    let cache = cache.map(PathBuf::from).filter(|folder| folder.is_absolute());
    let home = || env::home_dir().map(|home| home.join(".cache"));
    cache.or_else(home).unwrap_or_else(env::temp_dir).join("thingpress")
}

fn is_opened(file: &Path) -> bool {
    let quiet = Command::new(OPENER)
        .arg(file)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let Ok(mut opener) = quiet else { return false };
    let begun = Instant::now();
    while begun.elapsed() < HANDING_OVER {
        match opener.try_wait() {
            Ok(Some(status)) => return status.success(),
            Ok(None) => thread::sleep(Duration::from_millis(50)),
            Err(_) => return false,
        }
    }
    true
}
