//! `cargo xtask bench`: what can be measured, and how it is asked for.
//!
//! The measuring itself is a program of its own, `xtask/bench`, which reads the same arguments.

use std::{
    env,
    num::NonZeroU32,
    path::PathBuf,
    process::{Command, ExitCode},
};

use anyhow::{Context, Result};
use manifest::{Bucket, Bundle};

use crate::{functions, progress::say, workspace};

/// Measure how fast it is, beside its targets and what this machine allows
///
/// Each figure is the median of at least five runs, each run in a process of its own. It stands beside its target, and,
/// where the machine sets a limit, beside that limit as it was measured in the same minutes. A figure whose runs differ
/// by more than 30 % of their median is not reported, so measure while nothing else runs on the machine.
///
/// Builds the functions and the measuring program first, which takes some minutes the first time. Progress goes to stderr, the
/// figures to stdout. docs/performance.md tells how each is measured.
///
/// Exit status: 0 every target is met, 1 one is missed, or a figure could not be measured, 2 wrong usage.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to measure [default: all]
    #[command(subcommand)]
    pub subject: Option<Subject>,
    /// How the figures are printed.
    #[command(flatten)]
    pub form: Form,
}

/// How the figures are printed: as a table, unless something else is wanted.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub struct Form {
    /// Print the machine and the figures as one JSON document
    #[arg(long, global = true)]
    pub json: bool,
    /// Print the figures as a table in Markdown
    #[arg(long, global = true, conflicts_with = "json")]
    pub markdown: bool,
}

/// What can be measured.
#[derive(Debug, clap::Subcommand)]
pub enum Subject {
    Decode(Decode),
    /// Registering devices: processor time and calls a device
    Register,
    /// Keeping to quotas, in simulated time
    Pacing,
    /// Size and start of the functions
    Start,
    /// What a million devices cost
    Cost,
    Report(Report),
    /// All of it
    All,
}

/// Reading and verifying files: rate, memory, instructions; and the function that does it
///
/// Without options: samples of every vendor and of a factory, 100,000 entries each (Infineon 10,000 chips), which are made
/// once and kept in target/bench; their memory from 1,000 to 1,000,000 entries; the function `decode` on a local cloud; and,
/// where valgrind is installed, the instructions that an entry takes, compared with xtask/bench/instructions.toml.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Decode {
    /// Only files of this vendor: microchip, infineon, espressif, generated; or mes for device-infos
    #[arg(long, value_name = "VENDOR")]
    pub vendor: Option<Bucket>,
    /// Measure this file of yours instead of samples: a manifest or device-infos, also in a zip or 7z
    #[arg(long, value_name = "FILE", requires = "vendor")]
    pub file: Option<PathBuf>,
    /// Certificate of whoever signed the file or issued its devices' certificates; may be given several times
    #[arg(long = "signer", value_name = "FILE", requires = "file")]
    pub signers: Vec<PathBuf>,
    /// Which set of an Infineon bundle is read: E0E0 (the default), E0E1, E0E2
    #[arg(long, value_name = "SET", requires = "file")]
    pub bundle: Option<Bundle>,
    /// Measure rate and memory with samples of so many entries, and nothing else
    #[arg(long, value_name = "N", conflicts_with = "file")]
    pub entries: Option<NonZeroU32>,
    /// Count instructions only, and keep the counts as what later ones are compared with
    #[arg(long, conflicts_with_all = ["file", "entries"])]
    pub keep: bool,
}

/// The report of a million devices
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub struct Report {
    /// Report a run of so many devices, a multiple of 1,000, instead of one of each size
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1_000..))]
    pub devices: Option<u32>,
}

impl Subject {
    /// Whether the functions themselves are measured.
    const fn needs_functions(&self) -> bool {
        match self {
            Self::Decode(Decode { file, entries, keep, .. }) => {
                file.is_none() && entries.is_none() && !*keep
            }
            _ => true,
        }
    }
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    if args.subject.as_ref().is_none_or(Subject::needs_functions) {
        functions::build()?;
    }
    let host = workspace::host().context("`rustc -vV` does not say what this machine is")?;
    let program = workspace::target().join(&host).join("release/bench");
    let mut build = workspace::cargo("build", &host);
    build.args(["--package", "bench", "--bin", "bench"]);
    if program.exists() {
        build.arg("--quiet");
    } else {
        say("Building the measuring program (once; a minute or two)");
    }
    if !build.status().context("failed to run cargo")?.success() {
        // The compiler has said why.
        return Ok(ExitCode::FAILURE);
    }
    // It runs in the folder of the call, from where a file may be named. What follows the program's name and `bench` it
    // parses as it was parsed here.
    let status = Command::new(&program).args(env::args_os().skip(2)).status();
    let status = status.with_context(|| format!("failed to run {}", program.display()))?;
    Ok(status
        .code()
        .and_then(|code| u8::try_from(code).ok())
        .map_or(ExitCode::FAILURE, ExitCode::from))
}
