//! What a person sees whose machine lacks something.
#![expect(
    clippy::unwrap_used,
    reason = "a helper that panics fails the test that called it, as it should"
)]

use std::{env, fs, os::unix::fs::symlink, path::Path};

use assert_cmd::Command;

/// A machine that has only these of the tools.
fn machine(tools: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for tool in tools {
        let path = env::var_os("PATH").unwrap();
        let found =
            env::split_paths(&path).map(|folder| folder.join(tool)).find(|file| file.exists());
        symlink(found.unwrap(), folder.path().join(tool)).unwrap();
    }
    folder
}

fn launcher(path: &Path, command: &str) -> (Option<i32>, String) {
    let target = tempfile::tempdir().unwrap();
    let mut launcher = Command::cargo_bin("launcher").unwrap();
    launcher.arg(command).env("PATH", path).env("CARGO_TARGET_DIR", target.path());
    for name in ["CC", "PYTHON", "RUSTC"] {
        launcher.env_remove(name);
    }
    let output = launcher.output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn what_is_missing_is_named_with_one_command_that_installs_it() {
    let machine = machine(&["rustc", "cc", "make"]);
    let (status, said) = launcher(machine.path(), "demo");
    assert_eq!(status, Some(1));
    for sentence in [
        "error: perl with its usual modules is needed to build OpenSSL, and it does not run",
        "error: Python 3.10 or newer is needed for the local cloud, and none was found",
        "hint: Debian, Ubuntu: sudo apt-get install perl python3 python3-venv",
        "Fedora:         sudo dnf install perl-core python3",
    ] {
        assert!(said.contains(sentence), "`{sentence}` is not in:\n{said}");
    }
    assert!(!said.contains("make is needed"), "{said}");
}

#[test]
fn an_old_python_is_told_from_none() {
    let machine = machine(&["rustc", "cc", "make", "perl"]);
    let python = machine.path().join("python3");
    fs::write(&python, "#!/bin/sh\necho 3.9\n").unwrap();
    fs::set_permissions(&python, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    // The script needs a shell.
    symlink("/bin/sh", machine.path().join("sh")).unwrap();
    let (status, said) = launcher(machine.path(), "local");
    assert_eq!(status, Some(1));
    assert!(said.contains("python3 is 3.9"), "{said}");
}

#[test]
fn what_needs_no_python_does_not_ask_for_it() {
    let machine = machine(&["rustc", "make"]);
    let (status, said) = launcher(machine.path(), "synth");
    assert_eq!(status, Some(1));
    assert!(said.contains("`cc` does not run") && !said.contains("Python"), "{said}");
}

#[test]
fn without_rust_the_way_to_it_is_told() {
    let machine = machine(&[]);
    let (status, said) = launcher(machine.path(), "demo");
    assert_eq!(status, Some(1));
    assert!(said.contains("https://rustup.rs"), "{said}");
}
