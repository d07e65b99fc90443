//! How fast it is, beside what the machine allows: what `cargo xtask bench` runs.
//!
//! One module a subject. Each gives [`Figure`]s, made of [`Series`](figure::Series) of at least five
//! runs. What is measured runs in a process of its own ([`process`]), so that its time and memory
//! are seen from outside.

mod child;
mod cost;
mod decode;
mod figure;
mod machine;
mod pacing;
mod process;
mod progress;
mod raw;
mod register;
mod report;
mod start;
mod stub;
mod table;

use std::{env, process::ExitCode};

use anyhow::Result;
use clap::Parser;
use xtask::{
    bench::{Args, Decode, Report, Subject},
    progress::{red, say, yellow},
};

use figure::Figure;

/// What `cargo xtask bench` runs, once it has built it.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench", bin_name = "cargo xtask bench")]
struct Cli {
    #[command(flatten)]
    args: Args,
}

/// What one of its own processes is asked for.
#[derive(Debug, Parser)]
#[command(name = "bench child")]
struct Child {
    #[command(subcommand)]
    command: child::Command,
}

fn main() -> ExitCode {
    let arguments = env::args_os();
    let done = if env::args_os().nth(1).is_some_and(|first| first == "child") {
        child::run(&Child::parse_from(arguments.skip(1)).command)
    } else {
        run(&Cli::parse_from(arguments).args)
    };
    done.unwrap_or_else(|error| {
        tell(&error);
        ExitCode::FAILURE
    })
}

fn tell(error: &anyhow::Error) {
    say(&format!("{} {error:#}", red("error:")));
}

fn run(args: &Args) -> Result<ExitCode> {
    if let Some(others) = machine::load_of_others() {
        say(&format!(
            "{} other programs use {others:.1} of this machine's processors: figures will be worse than they are, or too \
             noisy to be reported",
            yellow("warning:")
        ));
    }
    let (figures, all_measured) = match args.subject.as_ref().unwrap_or(&Subject::All) {
        Subject::Decode(args) => (decode::figures(args)?, true),
        Subject::Register => (register::figures()?, true),
        Subject::Pacing => (pacing::figures()?, true),
        Subject::Start => (start::figures()?, true),
        Subject::Cost => (cost::figures()?, true),
        Subject::Report(args) => (report::figures(*args)?, true),
        Subject::All => all(),
    };
    table::print(&figures, args.form)?;
    Ok(if all_measured { table::status(&figures) } else { ExitCode::FAILURE })
}

type Measure = fn() -> Result<Vec<Figure>>;

/// All subjects. One that fails costs no other.
fn all() -> (Vec<Figure>, bool) {
    let subjects: [(&str, Measure); 6] = [
        ("decode", || decode::figures(&Decode::default())),
        ("register", register::figures),
        ("pacing", pacing::figures),
        ("start", start::figures),
        ("cost", cost::figures),
        ("report", || report::figures(Report::default())),
    ];
    let (mut figures, mut all_measured) = (Vec::new(), true);
    for (name, subject) in subjects {
        match subject() {
            Ok(measured) => figures.extend(measured),
            Err(error) => {
                tell(&error.context(format!("`{name}` could not be measured")));
                all_measured = false;
            }
        }
    }
    (figures, all_measured)
}
