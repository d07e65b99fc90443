//! `cargo xtask policies`

use std::{fs, path::PathBuf, process::ExitCode};

use anyhow::{Context, Result, anyhow};

use crate::{deployment, progress::say};

/// Write the IAM policies that a deployment needs before it begins
///
/// `deployer-policy.json` and `deployer-services-policy.json` together are for whoever deploys and destroys this stack;
/// `boundary-policy.json` is the managed policy that every role of the stack has to carry. They follow from the
/// configuration, so write them again when its `stack`, `bucket_names` or `permissions_boundary` has changed.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Configuration to read [default: the workspace's infra/thingpress.toml]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Folder to write them to
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let config = deployment::read_config(&deployment::config_path(args.config.as_deref()))?;
    let boundary = infra::boundary_policy(&config).map_err(|violations| {
        let list: Vec<String> = violations.iter().map(ToString::to_string).collect();
        anyhow!("the configuration gives no valid stack: {}", list.join("; "))
    })?;
    let boundary = ("boundary-policy.json", boundary);
    fs::create_dir_all(&args.out)
        .with_context(|| format!("failed to make {}", args.out.display()))?;
    for (name, text) in [boundary].iter().chain(&infra::deployer_policies(&config)) {
        let path = args.out.join(name);
        fs::write(&path, text).with_context(|| format!("failed to write {}", path.display()))?;
        say(&format!("{}", path.display()));
    }
    say(&format!(
        "the boundary has to be called {}; docs/people.md tells who needs which",
        infra::boundary_name(&config)
    ));
    Ok(ExitCode::SUCCESS)
}
