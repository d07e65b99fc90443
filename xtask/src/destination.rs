//! The stack that a command works with: one in an AWS account, or the local cloud's.

use std::env;

use anyhow::Result;
use aws_config::SdkConfig;

use crate::{advice::wrong_usage, aws, deployment, local, run_follow::Importer};

/// Where a command finds its stack.
#[derive(Debug, clap::Args)]
pub(crate) struct Destination {
    /// Work with the local cloud that `cargo xtask local start` started
    #[arg(long, conflicts_with = "stack")]
    local: bool,
    /// Work with this stack of the AWS account that the environment names [default: the one that
    /// `THINGPRESS_STACK` names]
    #[arg(long, value_name = "NAME")]
    stack: Option<String>,
}

impl Destination {
    /// The stack, seen by somebody who imports files.
    pub(crate) async fn importer(&self) -> Result<Importer> {
        let (aws, stack) = self.find().await?;
        if !self.local {
            deployment::announce(&aws).await?;
        }
        Importer::new(&aws, &stack).await
    }

    async fn find(&self) -> Result<(SdkConfig, String)> {
        if self.local {
            let (cloud, state) = local::running()?;
            return Ok((cloud.aws_config(), state.stack));
        }
        let stack = self
            .stack
            .clone()
            .or_else(|| env::var("THINGPRESS_STACK").ok().filter(|stack| !stack.is_empty()));
        let stack = stack.ok_or_else(|| {
            wrong_usage(
                "where to? Neither --local nor --stack is given",
                "the local cloud: --local; an AWS account: --stack NAME",
            )
        })?;
        Ok((aws::from_environment(None).await, stack))
    }
}
