//! `cargo xtask synth`

use std::{path::PathBuf, process::ExitCode};

use anyhow::Result;

use crate::{deployment, progress};

/// Print the CloudFormation template of the deployment
///
/// The same configuration gives the same bytes. Nothing is built and no account is asked, so the account and the
/// Region in the name of the assets' bucket are examples.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Configuration to read [default: the workspace's infra/thingpress.toml]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print the template of the small stack beside it, which holds the functions' zips
    #[arg(long)]
    assets: bool,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let config = deployment::read_config(&deployment::config_path(args.config.as_deref()))?;
    let template = if args.assets {
        deployment::assets_template(&format!("{}-assets-123456789012-us-east-1", config.stack))?
    } else {
        deployment::template(&config)?
    };
    progress::data(&template)?;
    Ok(ExitCode::SUCCESS)
}
