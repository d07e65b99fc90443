//! `cargo xtask destroy`

mod contents;

use std::{collections::BTreeMap, process::ExitCode};

use anyhow::{Context, Result, bail};
use aws_config::SdkConfig;
use aws_sdk_cloudformation::{Client, types::Stack as Description};
use aws_sdk_sfn::types::ExecutionStatus;

use crate::{
    advice::with_hint,
    aws::{self, Account, failure},
    deployment::{
        self,
        buckets::{self, Owner},
        stacks,
    },
    difference::{Difference, Fate, Side, of_type},
    local,
    place::Place,
    progress::{Paint, Step, say, yellow},
    question,
};

/// Delete what is deployed
///
/// The buckets stay with everything in them, and a later deployment takes them up again; --with-buckets deletes them,
/// too. What is in AWS IoT, devices and certificates, is never touched.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    place: Place,
    /// Empty and delete the buckets as well: files, reports, and every version of them
    #[arg(long)]
    with_buckets: bool,
    /// Go on although runs are active; they end where they are
    #[arg(long)]
    force: bool,
    /// Role that CloudFormation takes, instead of working with the caller's own permissions
    #[arg(long, value_name = "ARN")]
    role_arn: Option<String>,
    /// Answer every question with yes
    #[arg(long, short)]
    yes: bool,
}

/// What there is to be deleted.
struct Remains {
    stack: Option<Description>,
    template: Option<String>,
    assets: Option<Description>,
    /// The names of the buckets that are there, the one of the assets not among them.
    buckets: Vec<String>,
    assets_bucket: Option<String>,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    aws::block_on(async {
        let (aws, config) = args.place.find().await?;
        let account = Account::of(&aws).await?;
        let name = config.stack.as_str();
        deployment::introduce(&aws, &account, name);
        let client = Client::new(&aws);
        let remains = look(&aws, &client, &account, name, &deployment::template(&config)?).await?;
        let buckets_go = args.with_buckets && !remains.buckets.is_empty();
        let is_nothing = remains.stack.is_none()
            && remains.assets.is_none()
            && remains.assets_bucket.is_none()
            && !buckets_go;
        if is_nothing {
            say(&format!("There is nothing of {name} to delete"));
            for bucket in &remains.buckets {
                say(&format!("  the bucket {bucket} is still there; --with-buckets deletes it"));
            }
            return Ok(ExitCode::SUCCESS);
        }
        if !args.force {
            refuse_while_running(&aws, remains.stack.as_ref()).await?;
        }
        describe(&aws, &remains, args.with_buckets).await?;
        let agreed = if buckets_go {
            question::confirm_by_typing(
                "This cannot be undone: the files and reports are gone then.",
                name,
                args.yes,
            )?
        } else {
            question::confirm(&format!("Delete {name}?"), args.yes)?
        };
        if !agreed {
            bail!("{name} is left as it is: nothing was deleted");
        }
        if args.place.is_local() {
            local::forget_deployment()?;
        }
        delete(&aws, &client, &remains, args).await?;
        Ok(ExitCode::SUCCESS)
    })
}

async fn look(
    aws: &SdkConfig,
    client: &Client,
    account: &Account,
    name: &str,
    template: &str,
) -> Result<Remains> {
    let assets = format!("{name}{}", deployment::ASSETS_SUFFIX);
    let stack = stacks::wait_while_busy(client, name).await?;
    let assets = stacks::wait_while_busy(client, &assets).await?;
    for stack in stack.iter().chain(&assets) {
        stacks::refuse_foreign(client, stack).await?;
    }
    let deployed = match &stack {
        // Nothing but a change set that nobody executed.
        Some(stack) if stacks::status(stack) == "REVIEW_IN_PROGRESS" => None,
        Some(_) => Some(stacks::template(client, name).await?),
        None => None,
    };
    let mut names = match &stack {
        Some(_) => stacks::resources(client, name, "AWS::S3::Bucket").await?,
        None => BTreeMap::new(),
    };
    let in_stack: Vec<String> = names.values().cloned().collect();
    // Without the stack, or where the configuration changed, the names say which buckets are left.
    for (id, bucket) in deployment::bucket_names(template, account)? {
        names.entry(id).or_insert(bucket);
    }
    let owners = buckets::owners(aws, account, &names).await?;
    let s3 = aws::s3(aws);
    let mut ours = Vec::new();
    for (id, bucket) in names {
        let is_there = owners.get(&id) == Some(&Owner::Ourselves);
        // The local cloud does not keep the rules of a stack's buckets.
        let is_known = in_stack.contains(&bucket) || aws::is_local(aws);
        if is_there && (is_known || buckets::is_of_a_deployment(&s3, &bucket).await?) {
            ours.push(bucket);
        }
    }
    let bucket = deployment::assets_bucket(account, name);
    let owner = buckets::owner(&s3, account, &bucket).await?;
    Ok(Remains {
        stack,
        template: deployed,
        assets,
        buckets: ours,
        assets_bucket: (owner == Owner::Ourselves).then_some(bucket),
    })
}

/// A run that is active would end where it is, without a report.
async fn refuse_while_running(aws: &SdkConfig, stack: Option<&Description>) -> Result<()> {
    let Some(stack) = stack else { return Ok(()) };
    let client = aws_sdk_sfn::Client::new(aws);
    let outputs = stacks::outputs(stack);
    let machines = ["ImportMachineArn", "ActivateMachineArn", "UndoMachineArn"];
    let mut runs = Vec::new();
    for machine in machines.iter().filter_map(|name| outputs.get(*name)) {
        let listed = client
            .list_executions()
            .state_machine_arn(machine)
            .status_filter(ExecutionStatus::Running)
            .send()
            .await;
        match listed {
            Ok(listed) => runs.extend(listed.executions.into_iter().map(|run| run.name)),
            // A machine that is gone runs nothing.
            Err(error)
                if error.as_service_error().is_some_and(
                    aws_sdk_sfn::operation::list_executions::ListExecutionsError::is_state_machine_does_not_exist,
                ) => {}
            Err(error) => {
                return Err(failure(error)).context("failed to look for active runs");
            }
        }
    }
    if runs.is_empty() {
        return Ok(());
    }
    Err(with_hint(
        format!("runs are active: {}", runs.join(", ")),
        "wait for their end; --force deletes nevertheless, and they end where they are",
    ))
}

/// Says what goes and what stays.
async fn describe(aws: &SdkConfig, remains: &Remains, with_buckets: bool) -> Result<()> {
    let paint = Paint::stderr();
    let (goes, stays) = match (&remains.stack, &remains.template) {
        (Some(stack), Some(template)) => {
            let nothing = Side { template: "{}", parameters: BTreeMap::new() };
            let deployed = stacks::side(stack, template);
            by_fate(&Difference::between(Some(&deployed), &nothing)?)
        }
        _ => (Vec::new(), Vec::new()),
    };
    say("");
    say(&paint.bold("Deleted"));
    if !goes.is_empty() {
        say(&format!("  {}", goes.join(", ")));
    }
    if remains.assets.is_some() || remains.assets_bucket.is_some() {
        say("  the functions' builds and templates, which any deployment makes again");
    }
    let mut contents = Vec::new();
    for bucket in &remains.buckets {
        let content = contents::count(&aws::s3(aws), bucket).await?;
        contents.push(format!("  bucket {bucket}: {content}"));
    }
    let s3 = contents.iter().map(String::as_str);
    if with_buckets {
        s3.for_each(|line| say(&format!("{line}; {}", yellow("older versions go, too"))));
        say(&paint.bold("Stays"));
    } else {
        say(&paint.bold("Stays"));
        s3.for_each(say);
    }
    for name in stays {
        say(&format!("  {name}"));
    }
    say("  everything in AWS IoT: devices, certificates, policies, groups and types");
    say("");
    Ok(())
}

/// What is deleted, counted by its kind; and what else than buckets is kept, by name.
fn by_fate(difference: &Difference) -> (Vec<String>, Vec<String>) {
    let mut goes: BTreeMap<String, usize> = BTreeMap::new();
    let mut stays = Vec::new();
    for resource in &difference.resources {
        let kind = of_type(&resource.kind);
        match resource.fate {
            Fate::Kept if resource.kind.starts_with("AWS::S3::Bucket") => {}
            Fate::Kept => {
                let name = resource.name.as_deref().unwrap_or(&resource.id);
                stays.push(format!("{kind} {name}"));
            }
            _ => *goes.entry(kind).or_default() += 1,
        }
    }
    let plural = |(kind, count): (String, usize)| match (count, kind.strip_suffix('y')) {
        (1, _) => format!("1 {kind}"),
        (_, Some(stem)) => format!("{count} {stem}ies"),
        _ => format!("{count} {kind}s"),
    };
    (goes.into_iter().map(plural).collect(), stays)
}

async fn delete(aws: &SdkConfig, client: &Client, remains: &Remains, args: &Args) -> Result<()> {
    let role_arn = args.role_arn.as_deref();
    if let Some(stack) = &remains.stack {
        stacks::delete(client, stack, role_arn).await?;
    }
    let s3 = aws::s3(aws);
    if args.with_buckets {
        for bucket in &remains.buckets {
            let mut step = Step::begin(&format!("Emptying {bucket}"));
            contents::empty(&s3, bucket, &mut step).await?;
            contents::delete(&s3, bucket).await?;
            step.done(&format!("{bucket} is deleted"));
        }
    }
    // The assets last: until here, another deployment or deletion can go on from what is there.
    if let Some(bucket) = &remains.assets_bucket {
        let mut step = Step::begin(&format!("Emptying {bucket}"));
        contents::empty(&s3, bucket, &mut step).await?;
        step.done(&format!("{bucket} is empty"));
    }
    if let Some(assets) = &remains.assets {
        stacks::delete(client, assets, role_arn).await?;
    }
    if let Some(bucket) = &remains.assets_bucket {
        contents::delete(&s3, bucket).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use infra::Config;

    use super::by_fate;
    use crate::difference::{Difference, Side};

    #[test]
    fn what_goes_is_counted_and_what_stays_is_named() {
        let config = Config::parse("stack = \"acme\"\n[profile.default]\n").unwrap();
        let template = infra::synthesize(&config).unwrap();
        let side = |template| Side { template, parameters: BTreeMap::new() };
        let difference = Difference::between(Some(&side(&template)), &side("{}")).unwrap();
        let (goes, stays) = by_fate(&difference);
        assert!(goes.iter().any(|text| text.ends_with(" functions")), "{goes:?}");
        assert!(goes.iter().any(|text| text.contains(" queue polic")), "{goes:?}");
        assert!(!stays.iter().any(|name| name.contains("bucket")), "{stays:?}");
    }
}
