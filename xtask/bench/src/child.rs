//! What is measured, each in a process of its own.

use std::{path::PathBuf, process::ExitCode};

use anyhow::Result;
use clap::Subcommand;
use xtask::bench::Form;

use crate::{decode, process, raw, start, table};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Stands between: runs a command and writes what it took
    Watch {
        told: PathBuf,
        #[arg(last = true)]
        command: Vec<String>,
    },
    /// Becomes a function, under a limit of the processor's time
    Limited { told: PathBuf, tasks: PathBuf, program: PathBuf },
    /// Measures what the machine allows, also with a bundle of Infineon's
    Raw { bundle: Option<PathBuf> },
    /// Reads a file, and drops what is in it
    Decode(decode::Reading),
    /// Makes devices of a file, and finds those that are there twice
    Prepare(decode::Reading),
    /// Shows figures that were measured somewhere else
    Show {
        series: PathBuf,
        #[command(flatten)]
        form: Form,
    },
}

pub(crate) fn run(command: &Command) -> Result<ExitCode> {
    match command {
        Command::Watch { told, command } => process::watch(told, command),
        Command::Limited { told, tasks, program } => start::begin(told, tasks, program),
        Command::Raw { bundle } => table::print(&raw::figures(bundle.as_deref())?, Form::default()),
        Command::Decode(reading) => process::tell(&reading.decode()?),
        Command::Prepare(reading) => process::tell(&reading.prepare()?),
        Command::Show { series, form } => {
            let figures = table::read(series)?;
            table::print(&figures, *form)?;
            return Ok(table::status(&figures));
        }
    }?;
    Ok(ExitCode::SUCCESS)
}
