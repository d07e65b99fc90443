//! The Python environment under `target/venv`: MiniStack and cargo-lambda, pinned and hashed.

use std::{
    env, fs,
    fs::File,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use crate::{advice::with_hint, progress::Step, workspace};

const REQUIREMENTS: &str = include_str!("../local/requirements.txt");
const CROSS_REQUIREMENTS: &str = include_str!("../local/requirements-cross.txt");

/// The oldest Python that every pinned package supports.
const OLDEST_PYTHON: (u32, u32) = (3, 10);

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
    let python = find_python()?;
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

/// The first Python that is new enough. `PYTHON` names another one.
fn find_python() -> Result<String> {
    let named = env::var("PYTHON").ok().filter(|name| !name.is_empty());
    let usual = ["python3", "python3.13", "python3.12", "python3.11", "python3.10", "python"];
    let candidates = match &named {
        Some(name) => vec![name.as_str()],
        None => usual.to_vec(),
    };
    let mut seen = Vec::new();
    for candidate in candidates {
        let Some(version) = python_version(candidate) else { continue };
        if version >= OLDEST_PYTHON {
            return Ok(candidate.to_owned());
        }
        seen.push(format!("{candidate} is {}.{}", version.0, version.1));
    }
    let (major, minor) = OLDEST_PYTHON;
    let found = if seen.is_empty() { "found none".to_owned() } else { seen.join(", ") };
    Err(with_hint(
        format!(
            "Python {major}.{minor} or newer is needed for the local cloud and the function build, {found}"
        ),
        "install one (Debian and Ubuntu: apt-get install python3 python3-venv), or name it: PYTHON=/path/to/python3",
    ))
}

fn python_version(python: &str) -> Option<(u32, u32)> {
    let code = "import sys; print(sys.version_info[0], sys.version_info[1])";
    let output = Command::new(python).args(["-c", code]).stderr(Stdio::null()).output().ok()?;
    parse_version(&String::from_utf8(output.stdout).ok()?)
}

fn parse_version(text: &str) -> Option<(u32, u32)> {
    let (major, minor) = text.trim().split_once(' ')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
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
    use super::{CROSS_REQUIREMENTS, REQUIREMENTS, last_words, parse_version};

    #[test]
    fn versions_are_compared_by_number() {
        assert!(parse_version("3 9\n").unwrap() < (3, 10));
        assert!(parse_version("3 13\n").unwrap() >= (3, 10));
        assert_eq!(parse_version("Python"), None);
    }

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
