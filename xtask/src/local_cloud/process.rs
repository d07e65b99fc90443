//! The MiniStack process: how it is started, recognised and ended.

use std::{
    env, fs,
    fs::File,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process_group};

use super::{ACCESS_KEY_ID, Options, REGION, SECRET_ACCESS_KEY};
use crate::venv;

/// Runs MiniStack, tied to whoever holds the other end of its standard input.
///
/// A test that is killed cannot clean up. Its end of the pipe is closed by the kernel all the same, and the
/// whole process group goes with it, functions included.
const TIED: &str = "\
import os, signal, sys, threading
def follow():
    sys.stdin.buffer.read()
    os.killpg(0, signal.SIGKILL)
threading.Thread(target=follow, daemon=True).start()
sys.argv = ['ministack']
from ministack.app import main
main()
";

/// The same without the tie, for a cloud that outlives the command that started it.
const FREE: &str = "\
import sys
sys.argv = ['ministack']
from ministack.app import main
main()
";

/// How often a state that somebody else changes is looked at.
const POLL: Duration = Duration::from_millis(50);

pub(super) fn log_file(dir: &Path) -> PathBuf {
    dir.join("ministack.log")
}

pub(super) fn spawn(options: &Options, port: u16, mqtt_port: u16, owned: bool) -> Result<Child> {
    let dir = &options.dir;
    let venv = venv::ensure()?;
    let temporary = dir.join("tmp");
    fs::create_dir_all(&temporary)
        .with_context(|| format!("failed to make {}", temporary.display()))?;
    let log = File::create(log_file(dir)).context("failed to open the local cloud's log")?;
    let endpoint =
        options.endpoint_override.clone().unwrap_or_else(|| format!("http://127.0.0.1:{port}"));
    let mut command = Command::new(venv.join("bin/python"));
    // The directory is there to be recognised by.
    command.args(["-c", if owned { TIED } else { FREE }]).arg(dir);
    // Only what is named here: profiles, proxies and credentials of the person's shell stay outside.
    command.env_clear();
    for name in ["PATH", "LANG"] {
        if let Some(value) = env::var_os(name) {
            command.env(name, value);
        }
    }
    command
        .env("GATEWAY_PORT", port.to_string())
        .env("IOT_MTLS_PORT", mqtt_port.to_string())
        .env("BIND_HOST", "127.0.0.1")
        .env("SFTP_ENABLED", "0")
        .env("AUTH", "true")
        .env("LAMBDA_EXECUTOR", "local")
        .env("MINISTACK_REGION", REGION)
        .env("AWS_ACCESS_KEY_ID", ACCESS_KEY_ID)
        .env("AWS_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY)
        .env("AWS_ENDPOINT_URL", endpoint)
        .env("PYTHONUNBUFFERED", "1")
        // Everything that it writes stays in its directory.
        .env("HOME", dir)
        .env("TMPDIR", &temporary)
        .env("S3_DATA_DIR", dir.join("s3"))
        .env("STATE_DIR", dir.join("state"))
        // It would look for containers of its own on the person's Docker daemon, and remove them.
        .env("DOCKER_HOST", format!("unix://{}", dir.join("no-docker.sock").display()))
        .envs(options.env.iter().map(|(name, value)| (name, value)))
        .current_dir(dir)
        .stdin(if owned { Stdio::piped() } else { Stdio::null() })
        .stdout(log.try_clone()?)
        .stderr(log)
        // A group of its own: an interrupt at the terminal is not meant for it, and the functions end with it.
        .process_group(0);
    command.spawn().context("failed to start MiniStack")
}

/// Whether the process is the cloud of this directory. Process ids are used again, after a restart of the machine at
/// the latest.
pub(super) fn is_ours(pid: u32, dir: &Path) -> bool {
    let command = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let mut arguments = command.split(|byte| *byte == 0);
    arguments.any(|argument| argument == FREE.as_bytes())
        && arguments.any(|argument| argument == dir.as_os_str().as_encoded_bytes())
}

/// Ends the process group: first politely, then not.
pub(super) fn end(pid: u32, mut child: Option<&mut Child>, patience: Duration) -> Result<()> {
    let Some(group) = i32::try_from(pid).ok().and_then(Pid::from_raw) else {
        bail!("{pid} is no process")
    };
    for signal in [Signal::TERM, Signal::KILL] {
        // An error means that nobody is left to get the signal, which the loop finds too.
        let _ = kill_process_group(group, signal);
        let started = Instant::now();
        while started.elapsed() < patience {
            if let Some(child) = child.as_deref_mut() {
                child.try_wait()?;
            }
            if !has_members(pid)? {
                return Ok(());
            }
            thread::sleep(POLL);
        }
    }
    bail!("process {pid} does not end");
}

/// Whether a process of the group still runs. One that ended but was not waited for does not count: its parent may
/// be a container's first process, which never waits.
fn has_members(group: u32) -> Result<bool> {
    for entry in fs::read_dir("/proc").context("failed to list the processes")? {
        let Ok(status) = fs::read_to_string(entry?.path().join("stat")) else { continue };
        if group_of_running(&status) == Some(group) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The process group in a line of `/proc/<pid>/stat`, unless the process has ended.
fn group_of_running(status: &str) -> Option<u32> {
    // The name of the program is in parentheses and may hold anything, parentheses included.
    let (_, rest) = status.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace();
    let state = fields.next()?;
    let group = fields.nth(1)?.parse().ok()?;
    (!matches!(state, "Z" | "X")).then_some(group)
}

#[cfg(test)]
mod tests {
    use super::{group_of_running, has_members, is_ours};

    #[test]
    fn the_group_is_read_behind_any_name() {
        assert_eq!(group_of_running("12 (a) b (c) S 1 10 10 0"), Some(10));
        assert_eq!(group_of_running("12 (python) Z 1 10 10 0"), None);
        assert_eq!(group_of_running("12 (python"), None);
    }

    #[test]
    fn a_group_that_nobody_has_is_empty() {
        // Process ids end at 4,194,304 on Linux.
        assert!(!has_members(4_194_305).unwrap());
    }

    #[test]
    fn a_strangers_process_is_not_ours() {
        assert!(!is_ours(1, "/".as_ref()));
    }
}
