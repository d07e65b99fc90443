//! `cargo xtask deploy`

use std::{path::PathBuf, process::ExitCode};

use anyhow::Result;

use crate::{aws, deployment, functions, progress, progress::say};

/// Deploy Thingpress into an AWS account
///
/// Builds the functions, uploads them with the template to the bucket of a small stack `<stack>-assets`, and creates
/// or updates the stack by a change set. Credentials and region come from the environment, as for the AWS CLI
/// (`AWS_PROFILE`, `AWS_REGION`, ..). Running it again without a change does nothing.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name of the stack, instead of the configuration's `stack`; bucket names start with it
    #[arg(long, value_name = "NAME")]
    stack: Option<String>,
    /// AWS region, instead of the environment's
    #[arg(long, value_name = "REGION")]
    region: Option<String>,
    /// Configuration to deploy [default: the workspace's infra/thingpress.toml]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let mut config = deployment::read_config(&deployment::config_path(args.config.as_deref()))?;
    if let Some(stack) = &args.stack {
        config.stack.clone_from(stack);
    }
    // A wrong name, wrong credentials and a wrong template are found before minutes go into the build.
    deployment::template(&config)?;
    let outputs = aws::block_on(async {
        let aws = aws::from_environment(args.region.as_deref()).await;
        deployment::announce(&aws).await?;
        let functions = functions::build_for(config.architecture.name())?;
        deployment::deploy(&aws, &config, &functions).await
    })?;
    for (name, value) in &outputs.values {
        progress::data(&format!("{name} = {value}\n"))?;
    }
    say(&format!(
        "{} upload a manifest: cargo xtask import FILE --stack {}",
        progress::cyan("hint:"),
        config.stack
    ));
    Ok(ExitCode::SUCCESS)
}
