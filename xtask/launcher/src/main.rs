//! What `cargo xtask` starts: looks the machine over, then builds and runs the command line.
#![expect(clippy::print_stderr, reason = "it talks to the person at the terminal")]

use std::env;
use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode};
use std::thread;
use std::time::{Duration, Instant};

use launcher::{prerequisites, workspace};

/// A fresh build is known to be fresh well within this.
const PATIENCE: Duration = Duration::from_secs(2);

fn main() -> ExitCode {
    let arguments: Vec<OsString> = env::args_os().skip(1).collect();
    let command = arguments.first().and_then(|command| command.to_str()).unwrap_or_default();
    let Some(host) = workspace::host() else {
        eprintln!("error: `rustc` does not run\nhint: install Rust (https://rustup.rs)");
        return ExitCode::FAILURE;
    };
    let xtask = workspace::target().join(&host).join("release/xtask");
    let (is_built, need) = (xtask.exists(), needs(command));
    if command == "demo" || !is_built {
        match prerequisites::check(need) {
            Ok(found) if command == "demo" => eprintln!("This machine has {found}"),
            Ok(_) => {}
            Err(missing) => {
                for tool in missing.tools {
                    eprintln!("error: {tool}");
                }
                eprintln!("hint: {}", missing.remedy.replace('\n', "\n      "));
                return ExitCode::FAILURE;
            }
        }
    }
    if let Err(code) = build(&host, is_built, need) {
        return code;
    }
    let failed = Command::new(&xtask).args(arguments).exec();
    eprintln!("error: failed to run {}: {failed}", xtask.display());
    ExitCode::FAILURE
}

/// What only prints or writes files needs no Python.
fn needs(command: &str) -> prerequisites::Need {
    match command {
        "synth" | "sample" | "check" | "l1" | "help" => prerequisites::Need::Build,
        _ => prerequisites::Need::BuildAndPython,
    }
}

/// The first build takes minutes, and shows cargo's progress. Later ones say nothing unless they take
/// their time.
fn build(host: &str, is_built: bool, need: prerequisites::Need) -> Result<(), ExitCode> {
    let mut command = workspace::cargo("build", host);
    command.args(["--package", "xtask"]);
    if is_built {
        command.arg("--quiet");
    } else {
        eprintln!("Building everything (once; some ten minutes on a small machine)");
        // The functions will be wanted next, and together they keep all processors busy.
        if need == prerequisites::Need::BuildAndPython {
            command.args(workspace::FUNCTIONS.iter().flat_map(|name| ["--package", name]));
        }
    }
    let failed = |error| {
        eprintln!("error: failed to run cargo: {error}");
        ExitCode::FAILURE
    };
    let mut child = command.spawn().map_err(failed)?;
    let begun = Instant::now();
    let mut told = !is_built;
    loop {
        match child.try_wait().map_err(failed)? {
            Some(status) if status.success() => return Ok(()),
            // Cargo has said why.
            Some(_) => return Err(ExitCode::FAILURE),
            None => {}
        }
        if !told && begun.elapsed() > PATIENCE {
            told = true;
            eprintln!("Building the command line, because its code has changed");
        }
        thread::sleep(Duration::from_millis(20));
    }
}
