//! `cargo xtask doctor`

mod arrivals;
mod clock;
mod concurrency;
mod finding;
mod permissions;
mod quotas;
mod registry;
mod speed;
mod stack;

use std::process::ExitCode;

use anyhow::Result;
use aws_config::SdkConfig;
use infra::Config;
use serde_json::json;

use self::finding::{Finding, Level};
use crate::{
    aws::{self, Account},
    deployment,
    place::Place,
    progress::{self, Paint, Step},
};

pub use arrivals::run_name;

/// Look whether the account has what deploying and importing need
///
/// Identity, clock, permissions (by simulation), quotas against [rate], Lambda's concurrency, what the profiles name in
/// AWS IoT, the stack, its queues, and uploads that no run was started for. Nothing is changed.
///
/// Exit status: 0 no errors, 1 errors, 2 wrong usage.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    place: Place,
    /// Role that CloudFormation takes for the deployment; then its permissions are asked for
    #[arg(long, value_name = "ARN")]
    role_arn: Option<String>,
    /// Days back to look for uploads without a run
    #[arg(long, value_name = "DAYS", default_value_t = 7)]
    days: u32,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What every question is about.
#[derive(Clone, Copy, Debug)]
struct Patient<'a> {
    aws: &'a SdkConfig,
    account: &'a Account,
    config: &'a Config,
    template: &'a str,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    aws::block_on(async {
        let (aws, config) = args.place.find().await?;
        let template = deployment::template(&config)?;
        let (account, clock) = clock::look(&aws).await?;
        let patient =
            Patient { aws: &aws, account: &account, config: &config, template: &template };
        let step = Step::moving("Looking at the account");
        // The futures of a dozen clients are large.
        let findings = Box::pin(all(patient, args, clock)).await;
        drop(step);
        let has_errors = findings.iter().any(|finding| finding.level == Level::Error);
        if args.json {
            let value = json!({
                "stack": config.stack,
                "account": account.id,
                "region": account.region,
                "identity": account.identity,
                "findings": findings.iter().map(Finding::json).collect::<Vec<_>>(),
            });
            progress::data(&format!("{value:#}\n"))?;
        } else {
            let mut text = finding::lines(&findings, Paint::stdout()).join("\n");
            text.push('\n');
            progress::data(&text)?;
        }
        Ok(if has_errors { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    })
}

/// Every finding, in the order in which somebody would put things right. The questions do not wait for each other.
async fn all(patient: Patient<'_>, args: &Args, clock: Finding) -> Vec<Finding> {
    let Patient { account, .. } = patient;
    let identity = Finding::ok(
        "identity",
        format!("{} in account {}, Region {}", account.identity, account.id, account.region),
    );
    let (permissions, quotas, concurrency, registry, stack) = tokio::join!(
        permissions::look(patient, args.role_arn.as_deref()),
        quotas::look(patient),
        concurrency::look(patient),
        registry::look(patient),
        stack::look(patient, args.days),
    );
    let mut findings = vec![identity, clock];
    for more in [permissions, quotas, concurrency, registry, stack] {
        findings.extend(more);
    }
    findings
}
