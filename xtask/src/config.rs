//! `cargo xtask config`

use std::{fs, io::Read, path::PathBuf, process::ExitCode};

use anyhow::{Context, Result, bail};
use clap::Subcommand;
use infra::predecessor::{self, Choices};

use crate::{advice::Advise, deployment, progress};

/// Check the configuration, or make one of the predecessor's parameters
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Check(CheckArgs),
    Import(ImportArgs),
}

/// Say everything that is wrong with a configuration, each mistake with its line
#[derive(Debug, clap::Args)]
struct CheckArgs {
    /// Configuration to read [default: the workspace's infra/thingpress.toml]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Turn the parameters of the Python application that Thingpress follows into a configuration
///
/// FILE is a samconfig.toml, CloudFormation's parameters in JSON, or words such as
/// IoTPolicies=base,sensor; `-` reads what is piped in. The configuration is printed.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct ImportArgs {
    file: PathBuf,
    /// Name of the deployment [default: the file's own]
    #[arg(long, value_name = "NAME")]
    stack: Option<String>,
    /// Environment of a samconfig.toml that has several
    #[arg(long, value_name = "NAME")]
    env: Option<String>,
    /// Write the configuration to this file, which must not exist yet
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    match &args.command {
        Command::Check(args) => check(args),
        Command::Import(args) => import(args),
    }
}

fn check(args: &CheckArgs) -> Result<ExitCode> {
    let path = deployment::config_path(args.config.as_deref());
    let config = deployment::read_config(&path)?;
    deployment::template(&config)?;
    let profiles: Vec<&str> = config.profiles.keys().map(String::as_str).collect();
    progress::say(&format!(
        "{} {}: the stack `{}` with the profiles {}",
        progress::good(),
        path.display(),
        config.stack,
        profiles.join(", ")
    ));
    Ok(ExitCode::SUCCESS)
}

fn import(args: &ImportArgs) -> Result<ExitCode> {
    let name = args.file.display();
    let source = if args.file.as_os_str() == "-" {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        fs::read_to_string(&args.file)
    };
    let source = source.with_context(|| format!("failed to read {name}"))?;
    let choices = Choices { environment: args.env.as_deref(), stack: args.stack.as_deref() };
    let imported = predecessor::import(&source, choices)
        .with_context(|| format!("{name} gives no configuration"))?;
    for remark in &imported.remarks {
        progress::say(&format!("{} {remark}", progress::cyan("note:")));
    }
    let Some(out) = &args.out else {
        progress::data(&imported.toml)?;
        return Ok(ExitCode::SUCCESS);
    };
    if out.exists() {
        bail!("{} exists already, and is left as it is: name another file", out.display());
    }
    fs::write(out, &imported.toml)
        .with_context(|| format!("failed to write {}", out.display()))
        .advise(|| "leave --out away, and the configuration is printed".into())?;
    progress::say(&format!("{} {} is written", progress::good(), out.display()));
    Ok(ExitCode::SUCCESS)
}
