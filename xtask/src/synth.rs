//! `cargo xtask synth`

use std::{path::PathBuf, process::ExitCode};

use anyhow::Result;

use crate::{deployment, progress};

/// Print the CloudFormation template of the deployment
///
/// The same configuration gives the same bytes. Nothing is built and no account is asked.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Configuration to read [default: the workspace's infra/thingpress.toml]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let config = deployment::read_config(&deployment::config_path(args.config.as_deref()))?;
    progress::data(&deployment::template(&config)?)?;
    Ok(ExitCode::SUCCESS)
}
