//! `cargo xtask deploy`

use std::process::ExitCode;

use anyhow::Result;

use crate::{
    aws::{self, Account},
    deployment::{self, Request},
    functions, local, outputs,
    place::Place,
    progress::{cyan, say},
};

/// Deploy Thingpress into an AWS account
///
/// Builds the functions, uploads them with the template to the bucket of a small stack `<stack>-assets`, shows what
/// would change, and creates or updates the stack by a change set. What concerns the account's security (permissions,
/// public access, deletion, replacement) is set apart and confirmed.
///
/// Credentials and Region come from the environment, as for the AWS CLI (`AWS_PROFILE`, `AWS_REGION`, ..). Running it
/// again without a change does nothing; after a failure or an interruption it goes on from what is there.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    place: Place,
    /// Role that CloudFormation takes, instead of working with the caller's own permissions
    #[arg(long, value_name = "ARN")]
    role_arn: Option<String>,
    /// Answer every question with yes
    #[arg(long, short)]
    yes: bool,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    aws::block_on(async {
        let (aws, config) = args.place.find().await?;
        // A wrong name, wrong credentials and a wrong template are found before minutes go into the build.
        let template = deployment::template(&config)?;
        let account = Account::of(&aws).await?;
        deployment::introduce(&aws, &account, &config.stack);
        if args.place.is_local() {
            local::forget_deployment()?;
        }
        let request = Request {
            aws: &aws,
            account: &account,
            config: &config,
            template: &template,
            role_arn: args.role_arn.as_deref(),
            yes: args.yes,
            in_full: true,
        };
        let build = async || functions::build_for(config.architecture.name());
        let deployed = deployment::run(&request, build).await?;
        outputs::print(&config.stack, &account, &deployed.values, aws.endpoint_url().is_some())?;
        if deployed.changed {
            next_steps(&config.stack);
        }
        Ok(ExitCode::SUCCESS)
    })
}

fn next_steps(stack: &str) {
    let steps = [
        format!("check the account: cargo xtask doctor --stack {stack}"),
        format!("import a manifest: cargo xtask import FILE --stack {stack}"),
    ];
    for step in steps {
        say(&format!("{} {step}", cyan("hint:")));
    }
}
