//! A stack as CloudFormation knows it: looked at, waited for, deleted.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use aws_sdk_cloudformation::{
    Client,
    types::{Stack as Description, StackStatus},
};

use super::events::Events;
use crate::{
    advice::with_hint,
    aws::{failure, message},
    difference::Side,
    interrupt::{self, GoesOn},
    progress::Step,
    question,
};

/// The first look comes quickly, for a local cloud; later ones leave AWS in peace.
pub(super) const FIRST_PAUSE: Duration = Duration::from_millis(100);
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// A stack that rests for so long without a word has come to its end before anybody listened.
const END_PATIENCE: Duration = Duration::from_secs(20);

/// The stack, or none where it does not exist.
pub(crate) async fn describe(client: &Client, name: &str) -> Result<Option<Description>> {
    match client.describe_stacks().stack_name(name).send().await {
        Ok(found) => {
            let stack = found.stacks.unwrap_or_default().into_iter().next();
            Ok(stack.filter(|stack| status(stack) != "DELETE_COMPLETE"))
        }
        // A plain ValidationError; only its message tells it apart.
        Err(error) if message(&error).contains("does not exist") => Ok(None),
        Err(error) => {
            Err(failure(error)).with_context(|| format!("failed to look at stack {name}"))
        }
    }
}

/// The stack's status in CloudFormation's word.
pub(crate) fn status(stack: &Description) -> &str {
    stack.stack_status().map_or("", StackStatus::as_str)
}

/// The stack's outputs by their names.
pub(crate) fn outputs(stack: &Description) -> BTreeMap<String, String> {
    let pairs = stack.outputs().iter().filter_map(|output| {
        Some((output.output_key()?.to_owned(), output.output_value()?.to_owned()))
    });
    pairs.collect()
}

/// The values of the stack's parameters.
pub(crate) fn parameters(stack: &Description) -> BTreeMap<String, String> {
    let pairs = stack.parameters().iter().filter_map(|parameter| {
        Some((parameter.parameter_key()?.to_owned(), parameter.parameter_value()?.to_owned()))
    });
    pairs.collect()
}

/// The template that the stack was made from.
pub(crate) async fn template(client: &Client, name: &str) -> Result<String> {
    let got = client
        .get_template()
        .stack_name(name)
        .template_stage(aws_sdk_cloudformation::types::TemplateStage::Original)
        .send()
        .await
        .map_err(failure)
        .with_context(|| format!("failed to read the template of stack {name}"))?;
    got.template_body.with_context(|| format!("stack {name} has no template"))
}

/// The template and the parameters of a stack that holds something.
pub(crate) fn side<'a>(stack: &Description, template: &'a str) -> Side<'a> {
    Side { template, parameters: parameters(stack) }
}

/// The names in AWS of the stack's resources of a type, by their ids.
pub(crate) async fn resources(
    client: &Client,
    name: &str,
    kind: &str,
) -> Result<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    let mut pages = client.list_stack_resources().stack_name(name).into_paginator().items().send();
    while let Some(resource) = pages.next().await {
        let resource = resource
            .map_err(failure)
            .with_context(|| format!("failed to list the resources of stack {name}"))?;
        let is_there =
            resource.resource_status().is_none_or(|status| status.as_str() != "DELETE_COMPLETE");
        if let (true, Some(id), Some(physical), Some(of_kind)) = (
            is_there,
            resource.logical_resource_id(),
            resource.physical_resource_id(),
            resource.resource_type(),
        ) && of_kind == kind
        {
            found.insert(id.to_owned(), physical.to_owned());
        }
    }
    Ok(found)
}

/// What can be done with a stack in this status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Condition {
    /// Nothing is there yet, or a change set that nobody executed.
    ToCreate,
    ToUpdate,
    /// Somebody, or an earlier command, is at it.
    Busy,
    /// Its first deployment failed, so that it never held anything.
    NeverCreated,
    /// A deletion did not come to its end.
    HalfDeleted,
    /// An update failed, and so did the way back.
    Stuck,
}

pub(super) fn condition(status: Option<&StackStatus>) -> Condition {
    match status {
        None | Some(StackStatus::ReviewInProgress) => Condition::ToCreate,
        Some(
            StackStatus::RollbackComplete | StackStatus::RollbackFailed | StackStatus::CreateFailed,
        ) => Condition::NeverCreated,
        Some(StackStatus::DeleteFailed) => Condition::HalfDeleted,
        Some(StackStatus::UpdateRollbackFailed) => Condition::Stuck,
        Some(busy) if busy.as_str().ends_with("_IN_PROGRESS") => Condition::Busy,
        Some(_) => Condition::ToUpdate,
    }
}

/// Brings the stack into a state from which it can be deployed: waits for whoever is at it, and clears away what a
/// failed deployment left. Gives the stack, where there is one to be updated.
pub(super) async fn settle(
    client: &Client,
    name: &str,
    role_arn: Option<&str>,
    yes: bool,
) -> Result<Option<Description>> {
    loop {
        let Some(stack) = describe(client, name).await? else { return Ok(None) };
        let word = status(&stack).to_owned();
        refuse_foreign(client, &stack).await?;
        match condition(stack.stack_status()) {
            Condition::ToCreate => return Ok(None),
            Condition::ToUpdate => return Ok(Some(stack)),
            Condition::Busy => wait(client, &stack).await?,
            Condition::NeverCreated => {
                let question = format!(
                    "The first deployment of {name} failed ({word}), and what is left of it holds nothing. \
                     Delete it and deploy anew?"
                );
                consent(name, &question, yes)?;
                delete(client, &stack, role_arn).await?;
            }
            Condition::HalfDeleted => {
                let question = format!(
                    "The deletion of {name} did not come to its end ({word}). Delete the rest and deploy anew?"
                );
                consent(name, &question, yes)?;
                delete(client, &stack, role_arn).await?;
            }
            Condition::Stuck => {
                let question = format!(
                    "An update of {name} failed, and so did the way back ({word}). Go back once more, then deploy?"
                );
                consent(name, &question, yes)?;
                roll_back(client, &stack, role_arn).await?;
            }
        }
    }
}

/// Refuses a stack that something else made under the same name: it would be replaced by ours, or deleted.
pub(crate) async fn refuse_foreign(client: &Client, stack: &Description) -> Result<()> {
    // A change set that was never executed has made nothing yet.
    if condition(stack.stack_status()) == Condition::ToCreate {
        return Ok(());
    }
    let name = stack.stack_name().unwrap_or_default();
    let description = match stack.description().filter(|text| !text.is_empty()) {
        Some(description) => description.to_owned(),
        None => description_in(&template(client, name).await?),
    };
    if description.starts_with("Thingpress") {
        return Ok(());
    }
    Err(with_hint(
        format!("the stack {name} is not Thingpress's: it describes itself as \"{description}\""),
        "choose another name: `stack` in the configuration, or --stack NAME",
    ))
}

/// Empty where there is none, and where the template is no JSON, as ours always is.
fn description_in(template: &str) -> String {
    let template: serde_json::Value = serde_json::from_str(template).unwrap_or_default();
    let description = template.get("Description").and_then(serde_json::Value::as_str);
    description.unwrap_or_default().to_owned()
}

/// The stack as it is when nobody is at it.
pub(crate) async fn wait_while_busy(client: &Client, name: &str) -> Result<Option<Description>> {
    loop {
        match describe(client, name).await? {
            Some(stack) if condition(stack.stack_status()) == Condition::Busy => {
                wait(client, &stack).await?;
            }
            other => return Ok(other),
        }
    }
}

fn consent(name: &str, question: &str, yes: bool) -> Result<()> {
    if question::confirm(question, yes)? {
        return Ok(());
    }
    Err(with_hint(
        format!("stack {name} is left as it is"),
        "the CloudFormation console shows what happened to it",
    ))
}

/// Waits for the end of what somebody else began.
async fn wait(client: &Client, stack: &Description) -> Result<()> {
    let name = stack.stack_name().unwrap_or_default();
    let id = stack.stack_id().unwrap_or(name);
    let mut events = Events::since_now(client, id, true).await?;
    let who = events.author(client).await?.map(|who| format!(" by {who}")).unwrap_or_default();
    let mut step = Step::begin(&format!(
        "{name} is being changed already{who} ({}); waiting for its end",
        status(stack)
    ));
    let ended = follow(client, id, &mut events, &mut step, None).await?;
    step.done(&format!(
        "that has ended ({})",
        ended.as_ref().map_or("gone", |stack| status(stack))
    ));
    Ok(())
}

/// Follows a stack until nobody is at it any more. None: it is gone.
pub(super) async fn follow(
    client: &Client,
    id: &str,
    events: &mut Events,
    step: &mut Step,
    total: Option<usize>,
) -> Result<Option<Description>> {
    // An ARN ends in the stack's name and a number of CloudFormation's.
    let name = id.split('/').nth(1).unwrap_or(id).to_owned();
    interrupt::or(until_it_rests(client, id, events, step, total), || {
        GoesOn::with_hint(
            format!("CloudFormation goes on with the stack {name}, to its end"),
            "the same command again waits for that end first; the CloudFormation console shows how it stands",
        )
    })
    .await
}

async fn until_it_rests(
    client: &Client,
    id: &str,
    events: &mut Events,
    step: &mut Step,
    total: Option<usize>,
) -> Result<Option<Description>> {
    let begun = Instant::now();
    let mut pause = FIRST_PAUSE;
    loop {
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
        // The events come first. A status alone may still be the one from before, because CloudFormation begins a
        // moment after it was told to; once the stack's own last event is there, the status is the last as well.
        events.print(client, step, total).await?;
        let Some(stack) = describe(client, id).await? else { return Ok(None) };
        let rests = condition(stack.stack_status()) != Condition::Busy;
        if rests && (events.tell_the_end() || begun.elapsed() > END_PATIENCE) {
            return Ok(Some(stack));
        }
    }
}

/// Deletes the stack and follows it to its end.
pub(crate) async fn delete(
    client: &Client,
    stack: &Description,
    role_arn: Option<&str>,
) -> Result<()> {
    let name = stack.stack_name().unwrap_or_default();
    // The name is free again at once; the id stays.
    let id = stack.stack_id().unwrap_or(name);
    let mut step = Step::begin(&format!("Deleting {name}"));
    let mut events = Events::since_now(client, id, false).await?;
    client
        .delete_stack()
        .stack_name(id)
        .set_role_arn(role_arn.map(str::to_owned))
        .send()
        .await
        .map_err(failure)
        .with_context(|| format!("failed to delete stack {name}"))?;
    let left = follow(client, id, &mut events, &mut step, None).await?;
    let Some(left) = left.filter(|left| status(left) != "REVIEW_IN_PROGRESS") else {
        step.done(&format!("{name} is deleted"));
        return Ok(());
    };
    let cause = events.first_cause(client).await;
    Err(with_hint(
        format!(
            "stack {name} is not deleted ({}): {}",
            status(&left),
            cause.unwrap_or_else(|| "CloudFormation names no cause".to_owned())
        ),
        "remove what it names, then repeat the command",
    ))
}

/// Goes back to what was there before a failed update, once more.
async fn roll_back(client: &Client, stack: &Description, role_arn: Option<&str>) -> Result<()> {
    let name = stack.stack_name().unwrap_or_default();
    let id = stack.stack_id().unwrap_or(name);
    let mut step = Step::begin(&format!("Going back to what {name} was"));
    let mut events = Events::since_now(client, id, false).await?;
    client
        .continue_update_rollback()
        .stack_name(id)
        .set_role_arn(role_arn.map(str::to_owned))
        .send()
        .await
        .map_err(failure)
        .with_context(|| format!("failed to roll back stack {name}"))?;
    let ended = follow(client, id, &mut events, &mut step, None).await?;
    let word = ended.as_ref().map_or("gone", |stack| status(stack));
    if condition(ended.as_ref().and_then(Description::stack_status)) == Condition::Stuck {
        let cause = events.first_cause(client).await.unwrap_or_default();
        return Err(with_hint(
            format!("stack {name} is still stuck ({word}): {cause}"),
            "the CloudFormation console offers to skip the resources that it names",
        ));
    }
    step.done(&format!("{name} is what it was ({word})"));
    Ok(())
}

/// Ids that are in both, for messages.
pub(super) fn joined(names: &BTreeSet<&str>) -> String {
    names.iter().copied().collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudformation::types::StackStatus;

    use super::{Condition, condition};

    #[track_caller]
    fn check(status: Option<StackStatus>, expected: Condition) {
        assert_eq!(condition(status.as_ref()), expected);
    }

    #[test]
    fn a_stack_is_created_once_and_updated_then() {
        check(None, Condition::ToCreate);
        check(Some(StackStatus::ReviewInProgress), Condition::ToCreate);
        check(Some(StackStatus::UpdateComplete), Condition::ToUpdate);
        check(Some(StackStatus::ImportComplete), Condition::ToUpdate);
        check(Some(StackStatus::UpdateRollbackComplete), Condition::ToUpdate);
    }

    #[test]
    fn every_accident_has_its_way_out() {
        check(Some(StackStatus::RollbackComplete), Condition::NeverCreated);
        check(Some(StackStatus::CreateFailed), Condition::NeverCreated);
        check(Some(StackStatus::DeleteFailed), Condition::HalfDeleted);
        check(Some(StackStatus::UpdateRollbackFailed), Condition::Stuck);
        check(Some(StackStatus::UpdateInProgress), Condition::Busy);
        check(Some(StackStatus::RollbackInProgress), Condition::Busy);
        check(Some(StackStatus::UpdateCompleteCleanupInProgress), Condition::Busy);
    }
}
