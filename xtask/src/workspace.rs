//! Where things are: the workspace's root and its target directory; and how cargo is called again from here.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

/// The workspace's root, wherever the command was started.
#[must_use]
pub fn root() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package).to_path_buf()
}

/// The directory for everything that can be made again.
#[must_use]
pub fn target() -> PathBuf {
    match env::var_os("CARGO_TARGET_DIR") {
        Some(dir) if !dir.is_empty() => root().join(dir),
        _ => root().join("target"),
    }
}

/// A cargo call as if from a shell at the root.
///
/// Cargo sets variables for the programs that it runs. Build scripts watch some of them, so handing them on would
/// compile the same crates again and again, once for each way of calling.
pub(crate) fn cargo() -> Command {
    without_cargo_variables(Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into())))
}

pub(crate) fn without_cargo_variables(mut command: Command) -> Command {
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
    use super::{is_set_by_cargo_run, root};

    #[test]
    fn the_root_holds_the_workspace() {
        let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
        assert!(manifest.contains("[workspace]"));
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
