//! `cargo xtask diff`

use std::{collections::BTreeMap, process::ExitCode};

use anyhow::Result;
use aws_config::SdkConfig;
use aws_sdk_cloudformation::Client;
use infra::Config;
use serde_json::json;

use crate::{
    aws::{self, Account},
    deployment::{self, stacks},
    difference::{self, Difference, Side},
    functions,
    place::Place,
    progress::{self, Paint, cyan, say},
};

/// Exit status where something differs.
const DIFFERENT: u8 = 1;
/// Exit status where that could not be found out.
pub(crate) const NOT_CARRIED_OUT: u8 = 3;

/// Show what a deployment would change, without deploying
///
/// The functions' code is compared as it was built last; --build builds it first.
///
/// Exit status: 0 nothing differs, 1 something does, 2 wrong usage, 3 it could not be found out.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    place: Place,
    /// Build the functions before their code is compared
    #[arg(long)]
    build: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The code that is compared, and what there is to say about it.
struct Code {
    zips: BTreeMap<String, Vec<u8>>,
    remark: Option<&'static str>,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    aws::block_on(async {
        let (aws, config) = args.place.find().await?;
        let template = deployment::template(&config)?;
        let code = code(args, &config)?;
        let account = Account::of(&aws).await?;
        if !args.json {
            deployment::introduce(&aws, &account, &config.stack);
        }
        let (difference, status) = find(&aws, &account, &config, &template, &code).await?;
        let concerns = difference::concerns(&difference);
        if args.json {
            let mut value = difference::json(&difference, &concerns);
            if let Some(fields) = value.as_object_mut() {
                fields.insert("stack".to_owned(), json!(config.stack));
                fields.insert("status".to_owned(), json!(status));
                fields.insert("code".to_owned(), json!(code.remark.unwrap_or("compared")));
            }
            progress::data(&format!("{value:#}\n"))?;
        } else {
            show(&difference, &concerns)?;
            if let Some(remark) = code.remark {
                say(&format!("{} {remark}", cyan("note:")));
            }
        }
        Ok(if difference.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(DIFFERENT) })
    })
}

async fn find(
    aws: &SdkConfig,
    account: &Account,
    config: &Config,
    template: &str,
    code: &Code,
) -> Result<(Difference, Option<String>)> {
    let client = Client::new(aws);
    let stack = stacks::describe(&client, &config.stack).await?;
    let status = stack.as_ref().map(|stack| stacks::status(stack).to_owned());
    // One that was never created holds nothing.
    let holds = |status: &str| !matches!(status, "REVIEW_IN_PROGRESS" | "ROLLBACK_COMPLETE");
    let stack = stack.filter(|stack| holds(stacks::status(stack)));
    let deployed = match &stack {
        Some(_) => Some(stacks::template(&client, &config.stack).await?),
        None => None,
    };
    let bucket = deployment::assets_bucket(account, &config.stack);
    let mut desired =
        Side { template, parameters: deployment::parameters(aws, &bucket, &code.zips) };
    let deployed =
        stack.as_ref().zip(deployed.as_deref()).map(|(stack, text)| stacks::side(stack, text));
    if let Some(deployed) = &deployed {
        // What is not built cannot differ.
        for (name, value) in &deployed.parameters {
            let is_code = name.ends_with("Key");
            if is_code && !desired.parameters.contains_key(name) {
                desired.parameters.insert(name.clone(), value.clone());
            }
        }
    }
    Ok((Difference::between(deployed.as_ref(), &desired)?, status))
}

fn code(args: &Args, config: &Config) -> Result<Code> {
    if args.build {
        let zips = functions::build_for(config.architecture.name())?;
        return Ok(Code { zips: deployment::read_zips(&zips)?, remark: None });
    }
    Ok(match functions::built() {
        None => Code {
            zips: BTreeMap::new(),
            remark: Some("the functions are not built here, so that their code is not compared; --build builds them"),
        },
        Some(built) => Code {
            zips: deployment::read_zips(&built.zips)?,
            remark: built.is_stale.then_some(
                "the sources changed since the functions were built; --build compares what they are now",
            ),
        },
    })
}

fn show(difference: &Difference, concerns: &[difference::Concern]) -> Result<()> {
    let mut text = String::new();
    if difference.is_new {
        text.push_str("The stack is not there yet; a deployment would make:\n");
    }
    if difference.is_empty() {
        say(&format!("{} nothing differs", progress::green("✓")));
        return Ok(());
    }
    for line in difference::lines(difference, Paint::stdout()) {
        text.push_str(&line);
        text.push('\n');
    }
    if !concerns.is_empty() {
        text.push('\n');
        for line in difference::security_lines(concerns, Paint::stdout()) {
            text.push_str(&line);
            text.push('\n');
        }
    }
    progress::data(&text)?;
    Ok(())
}
