//! The stack that a command works with: one in an AWS account, or the local cloud's.

use std::env;

use anyhow::Result;
use aws_config::SdkConfig;

use crate::{
    advice::wrong_usage, aws, deployed::Deployed, deployment, local, run_follow::Importer,
};

const LOCAL: &str = "--local";

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
        Ok(Importer::of(&Deployed::find(self).await?))
    }

    /// How the command line names this stack, for commands that are told to a person.
    pub(crate) fn option(&self, stack: &str) -> String {
        if self.local { LOCAL.to_owned() } else { format!("--stack {stack}") }
    }

    /// The cloud, and the name of the stack in it. Says which account it is.
    pub(crate) async fn find(&self) -> Result<(SdkConfig, String)> {
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
        let aws = aws::from_environment(None).await;
        deployment::announce(&aws).await?;
        Ok((aws, stack))
    }
}

/// The same where no command line names it: a cloud on this machine is the local one.
pub(crate) fn option_of(aws: &SdkConfig, stack: &str) -> String {
    if aws::is_local(aws) { LOCAL.to_owned() } else { format!("--stack {stack}") }
}
