//! The Python environment under `target/venv`: MiniStack and cargo-lambda, pinned and hashed.

use std::{
    fs,
    fs::File,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result};
use launcher::prerequisites;
use sha2::{Digest, Sha256};

use crate::{advice::with_hint, progress::Step, workspace};

const REQUIREMENTS: &str = include_str!("../local/requirements.txt");
const CROSS_REQUIREMENTS: &str = include_str!("../local/requirements-cross.txt");

/// Makes the environment where it is missing or out of date, and says where it is.
pub fn ensure() -> Result<PathBuf> {
    let venv = workspace::target().join("venv");
    fs::create_dir_all(workspace::target())?;
    // Two commands may need it at the same moment; the second one waits and finds it made.
    let lock = File::create(workspace::target().join("venv.lock"))?;
    lock.lock().context("failed to lock the Python environment")?;
    let marker = venv.join("requirements.sha256");
    let wanted = fingerprint(REQUIREMENTS);
    if fs::read_to_string(&marker).is_ok_and(|made| made == wanted) {
        return Ok(venv);
    }
    let step = Step::begin("Installing MiniStack and cargo-lambda under target/venv (once)");
    if venv.exists() {
        fs::remove_dir_all(&venv)
            .with_context(|| format!("failed to remove {}", venv.display()))?;
    }
    let python = prerequisites::python()
        .map_err(|missing| with_hint(missing.tools.join("; "), missing.remedy))?;
    let made = Command::new(&python).args(["-m", "venv"]).arg(&venv).output();
    let made = made.with_context(|| format!("failed to run {python}"))?;
    if !made.status.success() {
        // What it printed tells whether a package is missing; Debian ships venv as one of its own.
        return Err(with_hint(
            format!(
                "failed to make a Python environment: {}",
                last_words(&made.stdout, &made.stderr)
            ),
            "install Python's venv module (Debian and Ubuntu: apt-get install python3-venv)",
        ));
    }
    install(&venv, "requirements.txt", REQUIREMENTS)?;
    fs::write(&marker, wanted)?;
    step.done("Installed MiniStack and cargo-lambda");
    Ok(venv)
}

/// Adds the linker for another architecture, which is large and seldom needed.
pub(crate) fn ensure_cross_linker(venv: &Path) -> Result<()> {
    let marker = venv.join("requirements-cross.sha256");
    let wanted = fingerprint(CROSS_REQUIREMENTS);
    if fs::read_to_string(&marker).is_ok_and(|made| made == wanted) {
        return Ok(());
    }
    let step = Step::begin("Installing the linker for another architecture (once)");
    install(venv, "requirements-cross.txt", CROSS_REQUIREMENTS)?;
    fs::write(&marker, wanted)?;
    step.done("Installed the linker");
    Ok(())
}

fn install(venv: &Path, name: &str, requirements: &str) -> Result<()> {
    let file = venv.join(name);
    fs::write(&file, requirements)?;
    let pip = Command::new(venv.join("bin/python"))
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
        .args(["--no-deps", "--require-hashes", "--only-binary", ":all:", "--requirement"])
        .arg(&file)
        .stdin(Stdio::null())
        .output()
        .context("failed to run pip")?;
    if !pip.status.success() {
        return Err(with_hint(
            format!(
                "failed to install the packages of xtask/local/{name}: {}",
                last_words(&pip.stdout, &pip.stderr)
            ),
            "PyPI must be reachable; behind a proxy or a mirror, set HTTPS_PROXY or PIP_INDEX_URL",
        ));
    }
    Ok(())
}

fn fingerprint(requirements: &str) -> String {
    // An environment holds absolute paths, so one that was moved with its tree is made anew.
    let digest = Sha256::digest(format!("{}\n{requirements}", workspace::target().display()));
    format!("{digest:x}")
}

/// The end of what a program said: the line that matters, without the rest.
fn last_words(stdout: &[u8], stderr: &[u8]) -> String {
    let said = [stdout, stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned()).concat();
    let lines: Vec<&str> = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines.iter().rev().take(3).rev().copied().collect::<Vec<_>>().join(" / ")
}

#[cfg(test)]
mod tests {
    use super::{CROSS_REQUIREMENTS, REQUIREMENTS, last_words};

    #[test]
    fn every_requirement_is_pinned_and_hashed() {
        let both = format!("{REQUIREMENTS}{CROSS_REQUIREMENTS}");
        let requirements: Vec<&str> = both
            .lines()
            .filter(|line| line.starts_with(|first: char| first.is_ascii_alphabetic()))
            .collect();
        assert!(requirements.iter().any(|line| line.starts_with("ministack==")));
        for requirement in requirements {
            assert!(requirement.contains("==") && requirement.ends_with('\\'), "{requirement}");
        }
    }

    #[test]
    fn the_last_lines_are_kept_in_order() {
        assert_eq!(last_words(b"one\ntwo\n", b"\nthree\nfour\n"), "two / three / four");
    }
}
