//! `cargo xtask outputs`

use std::{collections::BTreeMap, process::ExitCode};

use anyhow::Result;
use aws_sdk_cloudformation::Client;
use serde_json::json;

use crate::{
    advice::with_hint,
    aws::{self, Account},
    console::Console,
    deployment::stacks,
    place::Place,
    progress::{self, bold, faint},
};

/// Print the names and addresses of what is deployed: buckets, machines, queues, console links
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    place: Place,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    aws::block_on(async {
        let (aws, config) = args.place.find().await?;
        let account = Account::of(&aws).await?;
        let client = Client::new(&aws);
        let stack = stacks::describe(&client, &config.stack).await?.ok_or_else(|| {
            with_hint(
                format!("there is no stack {} in {}, {}", config.stack, account.id, account.region),
                "deploy it: cargo xtask deploy; or name another one: --stack NAME",
            )
        })?;
        let values = stacks::outputs(&stack);
        let links = Console::of(&account).links(&config.stack, &values);
        if args.json {
            let value = json!({
                "stack": config.stack,
                "status": stacks::status(&stack),
                "account": account.id,
                "region": account.region,
                "outputs": values,
                "links": links,
            });
            progress::data(&format!("{value:#}\n"))?;
        } else {
            print(&config.stack, &account, &values, aws.endpoint_url().is_some())?;
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// Ends of the outputs' names, and the headings that they belong under.
const SECTIONS: [(&str, &str); 4] =
    [("BucketName", "Buckets"), ("MachineArn", "Machines"), ("QueueUrl", "Queues"), ("", "More")];

/// Prints the outputs by what they are. A cloud that is not AWS's has no console.
pub(crate) fn print(
    stack: &str,
    account: &Account,
    values: &BTreeMap<String, String>,
    is_elsewhere: bool,
) -> Result<()> {
    let links =
        if is_elsewhere { BTreeMap::new() } else { Console::of(account).links(stack, values) };
    let mut text = Vec::new();
    let mut left: BTreeMap<&str, &str> =
        values.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    for (end, heading) in SECTIONS {
        let names: Vec<&str> = left.keys().copied().filter(|name| name.ends_with(end)).collect();
        if names.is_empty() {
            continue;
        }
        text.push(bold(heading));
        for name in names {
            let Some(value) = left.remove(name) else { continue };
            let short = name.strip_suffix(end).unwrap_or(name);
            text.push(format!("  {short:<12} {value}"));
            text.extend(links.get(name).map(|link| format!("  {:<12} {}", "", faint(link))));
        }
    }
    if let Some(link) = links.get("Stack") {
        text.extend([bold("Console"), format!("  {}", faint(link))]);
    }
    text.push(String::new());
    progress::data(&text.join("\n"))?;
    Ok(())
}
