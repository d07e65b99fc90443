//! A process of its own for what is measured, seen from outside.

use std::{
    env,
    ffi::OsStr,
    fs,
    path::Path,
    process::{Command, Stdio},
    time::Instant,
};

use anyhow::{Context, Result, bail};
use nix::sys::{
    resource::{UsageWho, getrusage},
    time::TimeValLike as _,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// What a process took.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub(crate) struct Usage {
    pub(crate) seconds: f64,
    /// Of the processor, user and system together.
    pub(crate) cpu_seconds: f64,
    pub(crate) peak_bytes: f64,
}

/// Runs this program's hidden command `child` with these arguments, to its end.
pub(crate) fn measure_child(arguments: &[impl AsRef<OsStr>]) -> Result<Usage> {
    Ok(watched(arguments)?.0)
}

/// The same for a child that [tells](tell) something.
pub(crate) fn ask_child<T: DeserializeOwned>(
    arguments: &[impl AsRef<OsStr>],
) -> Result<(T, Usage)> {
    let (usage, told) = watched(arguments)?;
    Ok((serde_json::from_slice(&told).context("the measured process told nothing")?, usage))
}

/// What a child tells whoever runs it, which is all that may go to its stdout.
#[expect(clippy::print_stdout, reason = "the one who runs it reads there")]
pub(crate) fn tell(what: &impl Serialize) -> Result<()> {
    println!("{}", serde_json::to_string(what)?);
    Ok(())
}

/// Another process of this program stands between, whose only child it is: the kernel tells the
/// peak memory of all children together.
fn watched(arguments: &[impl AsRef<OsStr>]) -> Result<(Usage, Vec<u8>)> {
    let program = env::current_exe()?;
    let told = tempfile_path()?;
    let output = Command::new(&program)
        .args(["child", "watch"])
        .arg(&told)
        .arg("--")
        .arg(&program)
        .arg("child")
        .args(arguments)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        let arguments: Vec<_> =
            arguments.iter().map(|argument| argument.as_ref().to_string_lossy()).collect();
        bail!("`bench child {}` ended with {}", arguments.join(" "), output.status);
    }
    let usage = fs::read(&told).context("the watching process told nothing")?;
    fs::remove_file(&told)?;
    Ok((serde_json::from_slice(&usage)?, output.stdout))
}

fn tempfile_path() -> Result<std::path::PathBuf> {
    let folder = xtask::workspace::target().join("bench");
    fs::create_dir_all(&folder)?;
    Ok(folder.join(format!("usage-{}.json", std::process::id())))
}

/// What stands between: runs the command and tells what it took.
pub(crate) fn watch(told: &Path, command: &[String]) -> Result<()> {
    let (program, arguments) = command.split_first().context("no command")?;
    let begun = Instant::now();
    let status = Command::new(program).args(arguments).status()?;
    let seconds = begun.elapsed().as_secs_f64();
    if !status.success() {
        bail!("{program} ended with {status}");
    }
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let cpu = usage.user_time() + usage.system_time();
    #[expect(clippy::cast_precision_loss, clippy::as_conversions, reason = "far below 2^52")]
    let usage = Usage {
        seconds,
        cpu_seconds: cpu.num_microseconds() as f64 / 1e6,
        peak_bytes: usage.max_rss() as f64 * 1024.0,
    };
    fs::write(told, serde_json::to_vec(&usage)?)?;
    Ok(())
}
