//! Where things are: the workspace's root and its target directory; and how cargo is called again
//! from a program that cargo runs.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The packages under `functions/` that become a Lambda function.
pub const FUNCTIONS: [&str; 7] =
    ["activate", "decode", "plan", "preflight", "register", "report", "undo"];

/// The workspace's root, wherever the command was started.
#[must_use]
pub fn root() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.ancestors().nth(2).unwrap_or(package).to_path_buf()
}

/// The directory for everything that can be made again.
#[must_use]
pub fn target() -> PathBuf {
    match env::var_os("CARGO_TARGET_DIR") {
        Some(dir) if !dir.is_empty() => root().join(dir),
        _ => root().join("target"),
    }
}

/// This machine's target triple.
///
/// Cargo is given it explicitly wherever the workspace is built, because cargo-lambda does so too:
/// then the functions, the command line and the tests share what they have in common.
#[must_use]
pub fn host() -> Option<String> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("-vV").stderr(Stdio::null()).output().ok()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    said.lines().find_map(|line| line.strip_prefix("host: ")).map(ToOwned::to_owned)
}

/// A cargo call as if from a shell at the root, in the profile and for the target of all builds.
#[must_use]
pub fn cargo(command: &str, host: &str) -> Command {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut cargo = without_cargo_variables(Command::new(cargo));
    cargo.args([command, "--release", "--target", host]);
    cargo
}

/// The command as if from a shell at the root.
///
/// Cargo sets variables for the programs that it runs. Build scripts watch some of them, so handing
/// them on would compile the same crates again and again, once for each way of calling.
#[must_use]
pub fn without_cargo_variables(mut command: Command) -> Command {
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(is_set_by_cargo_run) {
            command.env_remove(name);
        }
    }
    command.current_dir(root());
    command
}

fn is_set_by_cargo_run(name: &str) -> bool {
    const PREFIXES: [&str; 4] = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"];
    const NAMES: [&str; 2] = ["CARGO_PRIMARY_PACKAGE", "CARGO_TARGET_TMPDIR"];
    PREFIXES.iter().any(|prefix| name.starts_with(prefix)) || NAMES.contains(&name)
}

#[cfg(test)]
mod tests {
    use std::env;

    use super::{host, is_set_by_cargo_run, root};

    #[test]
    fn the_root_holds_the_workspace() {
        let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
        assert!(manifest.contains("[workspace]"));
    }

    #[test]
    fn the_host_is_this_machine() {
        assert!(host().unwrap().starts_with(env::consts::ARCH));
    }

    #[test]
    fn the_users_own_cargo_settings_are_handed_on() {
        assert!(is_set_by_cargo_run("CARGO_PKG_NAME"));
        for kept in
            ["CARGO_HOME", "CARGO_TARGET_DIR", "CARGO_NET_OFFLINE", "CARGO_PROFILE_RELEASE_LTO"]
        {
            assert!(!is_set_by_cargo_run(kept), "{kept}");
        }
    }
}
