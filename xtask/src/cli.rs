//! The commands, and how an error reaches the person who typed one.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::{
    advice, bench, check, config, demo, deploy, destroy, device_infos, diff, doctor, find, import,
    init, interrupt, l1, local, outputs, plan, policies, progress, reconcile, redrive, report,
    runs, sample, summary, synth, test, undo, watch,
};

/// Thingpress imports secure-element vendors' certificate manifests into AWS IoT Core
///
/// A first try, without any AWS account:
///
///   cargo xtask demo
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", verbatim_doc_comment)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::Args),
    Local(local::Args),
    Import(import::Args),
    DeviceInfos(device_infos::Args),
    Check(check::Args),
    Plan(plan::Args),
    Watch(watch::Args),
    Report(report::Args),
    Runs(runs::Args),
    Find(find::Args),
    Redrive(redrive::Args),
    Undo(undo::Args),
    Summary(summary::Args),
    Reconcile(reconcile::Args),
    Sample(sample::Args),
    Config(config::Args),
    Synth(synth::Args),
    Policies(policies::Args),
    L1(l1::Args),
    Init(init::Args),
    Deploy(deploy::Args),
    Diff(diff::Args),
    Destroy(destroy::Args),
    Outputs(outputs::Args),
    Doctor(doctor::Args),
    Test(test::Args),
    Bench(bench::Args),
}

/// Runs the command that the process was started with.
///
/// Exit status 2 is wrong usage everywhere; commands that judge files, runs or devices give 1 and 3 a meaning of their
/// own.
#[must_use]
pub fn main() -> ExitCode {
    let (result, failure) = match Cli::parse().command {
        Command::Demo(args) => (demo::run(&args), ExitCode::FAILURE),
        Command::Local(args) => (local::run(&args), ExitCode::FAILURE),
        Command::Import(args) => (import::run(&args), ExitCode::from(import::NOT_CARRIED_OUT)),
        Command::DeviceInfos(args) => (device_infos::run(&args), ExitCode::FAILURE),
        Command::Check(args) => (check::run(&args), ExitCode::from(import::NOT_CARRIED_OUT)),
        Command::Plan(args) => (plan::run(&args), ExitCode::from(import::NOT_CARRIED_OUT)),
        Command::Watch(args) => (watch::run(&args), ExitCode::from(import::NOT_CARRIED_OUT)),
        Command::Report(args) => (report::run(&args), ExitCode::from(report::NOT_CARRIED_OUT)),
        Command::Runs(args) => (runs::run(&args), ExitCode::FAILURE),
        Command::Find(args) => (find::run(&args), ExitCode::FAILURE),
        Command::Redrive(args) => (redrive::run(&args), ExitCode::from(import::NOT_CARRIED_OUT)),
        Command::Undo(args) => (undo::run(&args), ExitCode::from(import::NOT_CARRIED_OUT)),
        Command::Summary(args) => (summary::run(&args), ExitCode::FAILURE),
        Command::Reconcile(args) => {
            (reconcile::run(&args), ExitCode::from(import::NOT_CARRIED_OUT))
        }
        Command::Sample(args) => (sample::run(&args), ExitCode::FAILURE),
        Command::Config(args) => (config::run(&args), ExitCode::FAILURE),
        Command::Synth(args) => (synth::run(&args), ExitCode::FAILURE),
        Command::Policies(args) => (policies::run(&args), ExitCode::FAILURE),
        Command::L1(args) => (l1::run(&args), ExitCode::FAILURE),
        Command::Init(args) => (init::run(&args), ExitCode::FAILURE),
        Command::Deploy(args) => (deploy::run(&args), ExitCode::FAILURE),
        Command::Diff(args) => (diff::run(&args), ExitCode::from(diff::NOT_CARRIED_OUT)),
        Command::Destroy(args) => (destroy::run(&args), ExitCode::FAILURE),
        Command::Doctor(args) => (doctor::run(&args), ExitCode::FAILURE),
        Command::Outputs(args) => (outputs::run(&args), ExitCode::FAILURE),
        Command::Test(args) => (test::run(&args), ExitCode::FAILURE),
        Command::Bench(args) => (bench::run(&args), ExitCode::FAILURE),
    };
    match result {
        Ok(code) => code,
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            let status = advice::exit_status(&error);
            let word = match status {
                // Nothing failed: somebody has seen enough.
                Some(interrupt::INTERRUPTED) => progress::yellow("interrupted:"),
                _ => progress::red("error:"),
            };
            progress::say(&format!("{word} {error:#}"));
            for hint in advice::hints(&error) {
                progress::say(&format!("{} {hint}", progress::cyan("hint:")));
            }
            status.map_or(failure, ExitCode::from)
        }
    }
}

/// Whoever reads our output has read enough (`cargo xtask synth | head`).
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<std::io::Error>())
        .any(|cause| cause.kind() == std::io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Cli;

    #[test]
    fn arguments_are_consistent() {
        Cli::command().debug_assert();
    }
}
