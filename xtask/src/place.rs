//! Which configuration, under which name, and where: what deploying, looking and destroying have in common.

use std::{env, path::PathBuf};

use anyhow::Result;
use aws_config::SdkConfig;
use infra::Config;

use crate::{aws, deployment, local};

/// The stack that a command is about.
#[derive(Debug, clap::Args)]
pub(crate) struct Place {
    /// Configuration to read [default: the workspace's infra/thingpress.toml]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Value in place of the configuration's, such as `rate.register_certificate=20`; as often as needed
    #[arg(long = "set", value_name = "KEY=VALUE")]
    settings: Vec<String>,
    /// Name of the stack [default: what `THINGPRESS_STACK` says, or the configuration]
    #[arg(long, value_name = "NAME")]
    stack: Option<String>,
    /// AWS Region, instead of the environment's
    #[arg(long, value_name = "REGION", conflicts_with = "local")]
    region: Option<String>,
    /// Work with the local cloud that `cargo xtask local start` started
    #[arg(long)]
    local: bool,
}

impl Place {
    /// The configuration, with everything of the command line in it, and the cloud.
    pub(crate) async fn find(&self) -> Result<(SdkConfig, Config)> {
        let named = self.stack.clone().or_else(|| {
            let is_set = self
                .settings
                .iter()
                .any(|setting| setting.split('=').next().is_some_and(|key| key.trim() == "stack"));
            env::var("THINGPRESS_STACK").ok().filter(|stack| !stack.is_empty() && !is_set)
        });
        if self.local {
            let (cloud, state) = local::running()?;
            let path = self.config.clone().unwrap_or(state.config);
            let config = deployment::read_config_with(&path, &self.settings)?;
            let stack = self.stack.clone().unwrap_or(state.stack);
            return Ok((cloud.aws_config(), deployment::for_local_cloud(config, &stack)));
        }
        let path = deployment::config_path(self.config.as_deref());
        let mut config = deployment::read_config_with(&path, &self.settings)?;
        if let Some(stack) = named {
            config.stack = stack;
        }
        Ok((aws::from_environment(self.region.as_deref()).await, config))
    }

    /// Whether it is the local cloud that this command line names itself.
    pub(crate) fn is_local(&self) -> bool {
        self.local
    }
}
