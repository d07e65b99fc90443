//! A deployment from its first look to its outputs.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use anyhow::{Result, bail};
use aws_config::SdkConfig;
use aws_sdk_cloudformation::{Client, types::Stack as Description};
use infra::Config;

use super::{
    Outputs, Stack, Template, asset_key, assets, assets_template, buckets, buckets::Owner,
    change_set, parameters, read_zips, stacks,
};
use crate::{
    advice::with_hint,
    aws::{Account, is_local},
    difference::{self, Difference, Resolved, Side},
    progress::{Paint, Step, say},
    question,
};

/// What is to be deployed, and how.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request<'a> {
    pub(crate) aws: &'a SdkConfig,
    pub(crate) account: &'a Account,
    pub(crate) config: &'a Config,
    pub(crate) template: &'a str,
    /// The role that CloudFormation takes.
    pub(crate) role_arn: Option<&'a str>,
    /// Whether every question is answered beforehand.
    pub(crate) yes: bool,
    /// Whether the difference is shown, and every resource that is done.
    pub(crate) in_full: bool,
}

/// Deploys the stack and follows it to its end. `build` makes the functions' zips; that takes minutes, so that
/// everything which can be refused is refused before.
pub(crate) async fn run(
    request: &Request<'_>,
    build: impl AsyncFnOnce() -> Result<BTreeMap<String, PathBuf>>,
) -> Result<Outputs> {
    let Request { aws, account, config, template, .. } = *request;
    let client = Client::new(aws);
    let name = config.stack.as_str();
    let existing = stacks::settle(&client, name, request.role_arn, request.yes).await?;
    let takes_up = look_at_buckets(request, &client, existing.as_ref()).await?;
    let zips = read_zips(&build().await?)?;
    let assets_bucket = assets::bucket_name(account, name);
    let parameters = parameters(aws, &assets_bucket, &zips);

    let deployed = match &existing {
        Some(stack) => Some((stack, stacks::template(&client, name).await?)),
        None => None,
    };
    let deployed = deployed.as_ref().map(|(stack, text)| stacks::side(stack, text));
    let desired = Side { template, parameters: parameters.clone() };
    if let (Some(stack), Some(deployed)) = (&existing, &deployed)
        && is_same(deployed, &desired)
    {
        return Ok(unchanged(name, stack, request.in_full));
    }

    let url = upload(request, &client, &assets_bucket, &zips).await?;
    let mut step = Step::begin(&format!("Deploying {name}"));
    change_set::clear_leftovers(&client, name).await;
    let stack = Stack {
        name,
        template: Template::Url(url),
        parameters,
        role_arn: request.role_arn,
        takes_up,
        // In the local cloud a stack takes seconds, and a hundred lines would hide what matters.
        tells_events: request.in_full && !is_local(aws),
    };
    let Some(set) = change_set::create(&client, &stack, existing.is_none()).await? else {
        drop(step);
        return match &existing {
            Some(existing) => Ok(unchanged(name, existing, request.in_full)),
            None => Err(with_hint(
                format!("CloudFormation finds nothing to create in {name}"),
                "look at the template: cargo xtask synth",
            )),
        };
    };
    if request.in_full {
        drop(step);
        let mut difference = Difference::between(deployed.as_ref(), &desired)?;
        set.amend(&mut difference);
        match agreed(name, &difference, request.yes) {
            Ok(true) => {}
            other => {
                set.discard(&client).await;
                other?;
                bail!("{name} is left as it is: nothing was changed");
            }
        }
        step = Step::moving(&format!("Deploying {name}"));
    }
    let ended = set.execute(&client, account, &stack, step).await?;
    Ok(Outputs { changed: true, values: stacks::outputs(&ended) })
}

fn unchanged(name: &str, stack: &Description, in_full: bool) -> Outputs {
    let note = if in_full { ": nothing to change" } else { "" };
    Step::moving(name).done(&format!("{name} is up to date{note}"));
    Outputs { changed: false, values: stacks::outputs(stack) }
}

/// Whether the same bytes are deployed with the same values.
fn is_same(deployed: &Side<'_>, desired: &Side<'_>) -> bool {
    let is_set = |(name, value): (&String, &String)| deployed.parameters.get(name) == Some(value);
    // What desired leaves out has its default.
    let is_default = !desired.parameters.contains_key(infra::REQUIRE_TLS)
        && deployed.parameters.get(infra::REQUIRE_TLS).is_some_and(|value| value != "true");
    deployed.template == desired.template && desired.parameters.iter().all(is_set) && !is_default
}

/// Refuses names that cannot be had. Tells whether there are buckets that an earlier deployment left.
async fn look_at_buckets(
    request: &Request<'_>,
    client: &Client,
    existing: Option<&Description>,
) -> Result<bool> {
    let Request { aws, account, config, template, .. } = *request;
    let names = bucket_names(template, account)?;
    let ours = match existing {
        Some(_) => stacks::resources(client, &config.stack, "AWS::S3::Bucket").await?,
        None => BTreeMap::new(),
    };
    let in_stack: BTreeSet<&String> = ours.values().collect();
    let to_make: BTreeMap<String, String> =
        names.into_iter().filter(|(_, name)| !in_stack.contains(name)).collect();
    let owners = buckets::owners(aws, account, &to_make).await?;
    buckets::refuse_taken(&to_make, &owners)?;
    let retained: BTreeSet<&str> = owners
        .iter()
        .filter(|(_, owner)| **owner == Owner::Ourselves)
        .filter_map(|(id, _)| to_make.get(id).map(String::as_str))
        .collect();
    if retained.is_empty() {
        return Ok(false);
    }
    if is_local(aws) {
        return Err(with_hint(
            format!(
                "buckets of an earlier deployment are still there: {}",
                stacks::joined(&retained)
            ),
            format!(
                "AWS takes them up again, the local cloud cannot: cargo xtask destroy --stack {} --with-buckets",
                config.stack
            ),
        ));
    }
    say(&format!("Taking up again what an earlier deployment left: {}", stacks::joined(&retained)));
    Ok(true)
}

/// The names of the stack's buckets by their ids.
pub(crate) fn bucket_names(template: &str, account: &Account) -> Result<BTreeMap<String, String>> {
    let resolved = Resolved::of(&Side { template, parameters: BTreeMap::new() })?;
    Ok(resolved.buckets(|text| {
        text.replace("${AWS::AccountId}", &account.id).replace("${AWS::Region}", &account.region)
    }))
}

/// Brings zips and template to where CloudFormation finds them, and gives the template's address.
async fn upload(
    request: &Request<'_>,
    client: &Client,
    bucket: &str,
    zips: &BTreeMap<String, Vec<u8>>,
) -> Result<String> {
    let Request { aws, account, template, .. } = *request;
    ensure_assets(request, client, bucket).await?;
    for (name, zip) in zips {
        assets::upload(aws, bucket, &asset_key(name, zip), zip.clone()).await?;
    }
    let key = assets::key("templates", "json", template.as_bytes());
    assets::upload(aws, bucket, &key, template.as_bytes().to_vec()).await?;
    // The form with the bucket in the path; CloudFormation takes both.
    Ok(format!("https://s3.{}.{}/{bucket}/{key}", account.region, account.dns_suffix()))
}

/// Makes the stack of the assets what it should be.
async fn ensure_assets(request: &Request<'_>, client: &Client, bucket: &str) -> Result<()> {
    let name = format!("{}{}", request.config.stack, assets::SUFFIX);
    let template = assets_template(bucket)?;
    let existing = stacks::settle(client, &name, request.role_arn, request.yes).await?;
    if existing.is_some() && stacks::template(client, &name).await? == template {
        return Ok(());
    }
    let takes_up = existing.is_none()
        && !is_local(request.aws)
        && buckets::owner(&crate::aws::s3(request.aws), request.account, bucket).await?
            == Owner::Ourselves;
    let mut parameters = BTreeMap::new();
    if is_local(request.aws) {
        parameters.insert(infra::REQUIRE_TLS.to_owned(), "false".to_owned());
    }
    let step = Step::begin(&format!("Deploying {name}"));
    change_set::clear_leftovers(client, &name).await;
    let stack = Stack {
        name: &name,
        template: Template::Text(&template),
        parameters,
        role_arn: request.role_arn,
        takes_up,
        tells_events: false,
    };
    match change_set::create(client, &stack, existing.is_none()).await? {
        Some(set) => {
            set.execute(client, request.account, &stack, step).await?;
        }
        None => step.done(&format!("{name} is up to date")),
    }
    Ok(())
}

/// Shows what is about to happen, and asks where somebody has to answer for it.
fn agreed(name: &str, difference: &Difference, yes: bool) -> Result<bool> {
    say("");
    for line in difference::lines(difference, Paint::stderr()) {
        say(&line);
    }
    let concerns = difference::concerns(difference);
    if concerns.is_empty() {
        say("");
        return Ok(true);
    }
    say("");
    for line in difference::security_lines(&concerns, Paint::stderr()) {
        say(&line);
    }
    say("");
    question::confirm(&format!("Deploy {name} with these changes?"), yes)
}
