//! The commands, and how an error reaches the person who typed one.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::{
    advice, config, demo, deploy, destroy, device_infos, diff, doctor, import, init, l1, local,
    outputs, policies, progress, sample, synth, test,
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
}

/// Runs the command that the process was started with.
///
/// Exit status 2 is wrong usage everywhere; `import` gives 1 and 3 a meaning of their own.
#[must_use]
pub fn main() -> ExitCode {
    let (result, failure) = match Cli::parse().command {
        Command::Demo(args) => (demo::run(&args), ExitCode::FAILURE),
        Command::Local(args) => (local::run(&args), ExitCode::FAILURE),
        Command::Import(args) => (import::run(&args), ExitCode::from(import::NOT_CARRIED_OUT)),
        Command::DeviceInfos(args) => (device_infos::run(&args), ExitCode::FAILURE),
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
    };
    match result {
        Ok(code) => code,
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            progress::say(&format!("{} {error:#}", progress::red("error:")));
            for hint in advice::hints(&error) {
                progress::say(&format!("{} {hint}", progress::cyan("hint:")));
            }
            advice::exit_status(&error).map_or(failure, ExitCode::from)
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
