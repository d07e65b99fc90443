//! One stack, by a change set: created, executed, followed.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, Result, anyhow, bail};
use aws_config::SdkConfig;
use aws_sdk_cloudformation::{
    Client,
    types::{
        Capability, ChangeSetStatus, ChangeSetType, Parameter, Stack as Description, StackStatus,
    },
};

use super::{Outputs, Stack, Template, events};
use crate::{
    advice::{Advise, with_hint},
    aws::{is_local, message},
    progress::Step,
};

/// The first look comes quickly, for a local cloud; later ones leave AWS in peace.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Makes the stack what it should be.
pub(super) async fn apply(aws: &SdkConfig, stack: &Stack<'_>) -> Result<Outputs> {
    let client = Client::new(aws);
    let step = Step::begin(&format!("Deploying {}", stack.name));
    let existing = describe(&client, stack.name).await?;
    let kind = kind_for(stack.name, existing.as_ref().and_then(Description::stack_status))?;
    let Some(id) = create(&client, stack, kind.clone()).await? else {
        step.done(&format!("{} is up to date", stack.name));
        return Ok(Outputs { changed: false, values: outputs(existing.as_ref()) });
    };
    // In the local cloud a stack takes seconds, and a hundred lines would hide what matters.
    let mut events = events::Events::since_now(&client, stack.name, !is_local(aws)).await?;
    client
        .execute_change_set()
        .change_set_name(&id)
        .send()
        .await
        .map_err(|error| anyhow!(message(error)))
        .with_context(|| format!("failed to execute the change set of {}", stack.name))?;
    let mut pause = FIRST_PAUSE;
    loop {
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
        // The description comes first: events that came before its status are then all to be had.
        let now = describe(&client, stack.name).await?;
        events.print(&client, &step).await?;
        let Some(status) = now.as_ref().and_then(Description::stack_status) else {
            bail!("stack {} is gone", stack.name);
        };
        if status.as_str().ends_with("_IN_PROGRESS") {
            continue;
        }
        if matches!(status, StackStatus::CreateComplete | StackStatus::UpdateComplete) {
            let verb = if kind == ChangeSetType::Create { "created" } else { "updated" };
            step.done(&format!("{} is {verb}", stack.name));
            return Ok(Outputs { changed: true, values: outputs(now.as_ref()) });
        }
        let cause = events
            .first_cause(&client)
            .await
            .unwrap_or_else(|| "CloudFormation names no cause".to_owned());
        return Err(with_hint(
            format!("stack {} ended as {}: {cause}", stack.name, status.as_str()),
            format!(
                "all of its events: aws cloudformation describe-stack-events --stack-name {}",
                stack.name
            ),
        ));
    }
}

/// Whether the stack is to be created or updated, or neither is possible now.
fn kind_for(name: &str, status: Option<&StackStatus>) -> Result<ChangeSetType> {
    let Some(status) = status else { return Ok(ChangeSetType::Create) };
    match status {
        // What an earlier change set left that was never executed.
        StackStatus::ReviewInProgress => Ok(ChangeSetType::Create),
        StackStatus::RollbackComplete | StackStatus::RollbackFailed | StackStatus::CreateFailed => {
            Err(with_hint(
                format!(
                    "stack {name} was never created: its first deployment failed ({})",
                    status.as_str()
                ),
                format!(
                    "delete what is left of it, then deploy again: aws cloudformation delete-stack --stack-name {name}"
                ),
            ))
        }
        StackStatus::UpdateRollbackFailed | StackStatus::DeleteFailed => Err(with_hint(
            format!("stack {name} is stuck ({})", status.as_str()),
            "open it in the CloudFormation console, which offers the way out",
        )),
        busy if busy.as_str().ends_with("_IN_PROGRESS") => Err(with_hint(
            format!("stack {name} is being changed by somebody else ({})", busy.as_str()),
            "wait until that has ended, then deploy again",
        )),
        _ => Ok(ChangeSetType::Update),
    }
}

/// Creates the change set and waits for it. None: there is nothing to change.
async fn create(client: &Client, stack: &Stack<'_>, kind: ChangeSetType) -> Result<Option<String>> {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut request = client
        .create_change_set()
        .stack_name(stack.name)
        .change_set_name(format!("deploy-{}", since_epoch.as_millis()))
        .change_set_type(kind)
        // The functions' and the machines' roles have fixed names.
        .capabilities(Capability::CapabilityNamedIam);
    request = match &stack.template {
        Template::Text(text) => request.template_body(*text),
        Template::Url(url) => request.template_url(url),
    };
    for (key, value) in &stack.parameters {
        request = request
            .parameters(Parameter::builder().parameter_key(key).parameter_value(value).build());
    }
    let created = request
        .send()
        .await
        .map_err(|error| anyhow!(message(error)))
        .with_context(|| format!("failed to create a change set for {}", stack.name))?;
    let id = created.id().context("CloudFormation gave the change set no id")?.to_owned();
    let mut pause = FIRST_PAUSE;
    loop {
        let state = client
            .describe_change_set()
            .change_set_name(&id)
            .send()
            .await
            .map_err(|error| anyhow!(message(error)))
            .with_context(|| format!("failed to look at the change set of {}", stack.name))?;
        match state.status() {
            Some(ChangeSetStatus::CreateComplete) => return Ok(Some(id)),
            Some(ChangeSetStatus::Failed) => {
                let reason = state.status_reason().unwrap_or("no reason given").to_owned();
                let reason =
                    events::in_detail(client, reason, events::Subject::ChangeSet(&id)).await;
                // A change set that stays behind does no harm, and is no reason to hide the one above.
                let _ = client.delete_change_set().change_set_name(&id).send().await;
                if is_without_changes(&reason) {
                    return Ok(None);
                }
                return Err(anyhow!(
                    "CloudFormation refuses the change set of {}: {reason}",
                    stack.name
                ))
                .advise(|| "look at the template: cargo xtask synth".into());
            }
            _ => tokio::time::sleep(pause).await,
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// CloudFormation has no status for it, only these two sentences.
fn is_without_changes(reason: &str) -> bool {
    reason.contains("didn't contain changes") || reason.contains("No updates are to be performed")
}

/// The stack, or none where it does not exist.
async fn describe(client: &Client, name: &str) -> Result<Option<Description>> {
    match client.describe_stacks().stack_name(name).send().await {
        Ok(found) => Ok(found.stacks.unwrap_or_default().into_iter().next()),
        Err(error) => {
            let text = message(error);
            // A plain ValidationError; only its message tells it apart.
            if text.contains("does not exist") {
                return Ok(None);
            }
            Err(anyhow!(text)).with_context(|| format!("failed to look at stack {name}"))
        }
    }
}

fn outputs(stack: Option<&Description>) -> BTreeMap<String, String> {
    let outputs = stack.map(Description::outputs).unwrap_or_default();
    outputs
        .iter()
        .filter_map(|output| {
            Some((output.output_key()?.to_owned(), output.output_value()?.to_owned()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudformation::types::{ChangeSetType, StackStatus};

    use super::{is_without_changes, kind_for};
    use crate::advice::hints;

    #[test]
    fn a_stack_is_created_once_and_updated_then() {
        assert_eq!(kind_for("s", None).unwrap(), ChangeSetType::Create);
        assert_eq!(
            kind_for("s", Some(&StackStatus::ReviewInProgress)).unwrap(),
            ChangeSetType::Create
        );
        assert_eq!(
            kind_for("s", Some(&StackStatus::UpdateComplete)).unwrap(),
            ChangeSetType::Update
        );
        assert_eq!(
            kind_for("s", Some(&StackStatus::UpdateRollbackComplete)).unwrap(),
            ChangeSetType::Update
        );
    }

    #[test]
    fn a_stack_that_cannot_be_changed_says_what_to_do() {
        let failed = kind_for("s", Some(&StackStatus::RollbackComplete)).unwrap_err();
        assert!(hints(&failed).concat().contains("delete-stack --stack-name s"));
        let busy = kind_for("s", Some(&StackStatus::UpdateInProgress)).unwrap_err();
        assert!(busy.to_string().contains("somebody else"));
    }

    #[test]
    fn nothing_to_do_is_told_from_a_refusal() {
        assert!(is_without_changes(
            "The submitted information didn't contain changes. Submit different information"
        ));
        assert!(is_without_changes("No updates are to be performed."));
        assert!(!is_without_changes("Template error: unresolved resource dependencies"));
    }
}
