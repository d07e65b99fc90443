//! `cargo xtask test`

use std::{ffi::OsString, process::ExitCode};

use anyhow::{Context, Result};

use crate::{advice::with_hint, functions, workspace};

/// Run every test of the project, the whole-system ones included
///
/// Builds the functions and installs the local cloud first, because the whole-system tests need both.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Give tests of random input their full number of cases, which takes minutes
    #[arg(long)]
    long: bool,
    /// Take every single action away from every function's role, instead of a sample of them
    #[arg(long)]
    iam_complete: bool,
    /// Further arguments for `cargo test`, such as `--package manifest` or a test's name
    #[arg(last = true, value_name = "ARGUMENTS")]
    arguments: Vec<OsString>,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    functions::build()?;
    let names_packages =
        args.arguments.iter().filter_map(|argument| argument.to_str()).any(is_package_option);
    let host = workspace::host().context("`rustc -vV` does not say what this machine is")?;
    let status = workspace::cargo("test", &host)
        .args(["--config", "xtask/tests.toml"])
        .args((!names_packages).then_some("--workspace"))
        .args(&args.arguments)
        .envs(args.long.then_some(("THINGPRESS_LONG", "1")))
        .envs(args.iam_complete.then_some(("THINGPRESS_IAM_COMPLETE", "1")))
        // A snapshot that differs is a failure, not a file to review later.
        .env("INSTA_UPDATE", "no")
        .status()
        .context("failed to run cargo")?;
    if status.success() {
        return Ok(ExitCode::SUCCESS);
    }
    Err(with_hint(
        "tests failed; their names are above",
        "one test alone: cargo xtask test -- --package NAME TEST -- --nocapture",
    ))
}

/// Cargo takes either the whole workspace or packages by name.
fn is_package_option(argument: &str) -> bool {
    argument == "-p" || argument.starts_with("--package")
}
