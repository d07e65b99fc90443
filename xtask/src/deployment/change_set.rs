//! One stack, by a change set: created, looked at, executed, followed.

use std::{
    collections::BTreeSet,
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, Result, anyhow};
use aws_sdk_cloudformation::{
    Client,
    types::{
        Capability, Change, ChangeAction, ChangeSetStatus, ChangeSetType, ExecutionStatus,
        Parameter, Replacement, Stack as Description, StackStatus,
    },
};

use super::{Stack, Template, events, stacks};
use crate::{
    advice::{Advise, with_hint},
    aws::{Account, failure},
    difference::{Difference, Fate, ResourceDifference},
    progress::Step,
};

/// Beginning of the names of our change sets, by which leftovers of a killed deployment are known.
const PREFIX: &str = "deploy-";

/// A change set that can be executed.
#[derive(Debug)]
pub(super) struct ChangeSet {
    id: String,
    stack_id: String,
    is_creation: bool,
    changes: Vec<Change>,
}

/// Creates the change set and waits for it. None: there is nothing to change.
pub(super) async fn create(
    client: &Client,
    stack: &Stack<'_>,
    is_creation: bool,
) -> Result<Option<ChangeSet>> {
    let mut request = client
        .create_change_set()
        .stack_name(stack.name)
        .change_set_name(format!("{PREFIX}{}", milliseconds()))
        .change_set_type(if is_creation { ChangeSetType::Create } else { ChangeSetType::Update })
        .set_role_arn(stack.role_arn.map(str::to_owned))
        // Buckets of an earlier deployment become part of the stack again.
        .set_import_existing_resources(stack.takes_up.then_some(true))
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
        .map_err(failure)
        .with_context(|| format!("failed to create a change set for {}", stack.name))?;
    let id = created.id().context("CloudFormation gave the change set no id")?.to_owned();
    let stack_id = created.stack_id().unwrap_or(stack.name).to_owned();
    let mut pause = stacks::FIRST_PAUSE;
    loop {
        let state = client
            .describe_change_set()
            .change_set_name(&id)
            // A policy can name stacks, and not change sets.
            .stack_name(stack.name)
            .send()
            .await
            .map_err(failure)
            .with_context(|| format!("failed to look at the change set of {}", stack.name))?;
        match state.status() {
            Some(ChangeSetStatus::CreateComplete) => {
                let changes = changes(client, &id, stack.name).await?;
                return Ok(Some(ChangeSet { id, stack_id, is_creation, changes }));
            }
            Some(ChangeSetStatus::Failed) => {
                let reason = state.status_reason().unwrap_or("no reason given").to_owned();
                let reason = events::in_detail(client, reason, stack.name, Some(&id)).await;
                discard(client, &id, &stack_id, is_creation).await;
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
        pause = (pause * 2).min(stacks::LONGEST_PAUSE);
    }
}

async fn changes(client: &Client, id: &str, stack: &str) -> Result<Vec<Change>> {
    let mut changes = Vec::new();
    let request = client.describe_change_set().change_set_name(id).stack_name(stack);
    let mut pages = request.into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(failure).context("failed to read the change set")?;
        changes.extend(page.changes.unwrap_or_default());
    }
    Ok(changes)
}

/// Takes back a change set that is not executed, and the empty stack that was made for it.
async fn discard(client: &Client, id: &str, stack_id: &str, is_creation: bool) {
    // What stays behind does no harm: the next deployment takes it up.
    let _ = client.delete_change_set().change_set_name(id).stack_name(stack_id).send().await;
    let is_empty =
        |stack: &Description| stack.stack_status() == Some(&StackStatus::ReviewInProgress);
    if is_creation
        && stacks::describe(client, stack_id)
            .await
            .is_ok_and(|stack| stack.as_ref().is_some_and(is_empty))
    {
        let _ = client.delete_stack().stack_name(stack_id).send().await;
    }
}

/// Removes the change sets that earlier deployments left without executing them.
pub(super) async fn clear_leftovers(client: &Client, stack: &str) {
    // Nothing depends on them; CloudFormation only limits how many there are.
    let Ok(listed) = client.list_change_sets().stack_name(stack).send().await else { return };
    for summary in listed.summaries() {
        let is_ours = summary.change_set_name().is_some_and(|name| name.starts_with(PREFIX));
        let is_executed = matches!(
            summary.execution_status(),
            Some(ExecutionStatus::ExecuteInProgress | ExecutionStatus::ExecuteComplete)
        );
        if let (true, false, Some(id)) = (is_ours, is_executed, summary.change_set_id()) {
            let _ = client.delete_change_set().change_set_name(id).stack_name(stack).send().await;
        }
    }
}

impl ChangeSet {
    /// Adds what CloudFormation knows better: what is replaced, what is taken up, what follows from something else.
    pub(super) fn amend(&self, difference: &mut Difference) {
        for change in self.changes.iter().filter_map(Change::resource_change) {
            let Some(id) = change.logical_resource_id() else { continue };
            let known = difference.resource_mut(id).map(|known| &mut known.fate);
            match (change.action(), change.replacement(), known) {
                (Some(ChangeAction::Import), _, Some(fate)) => *fate = Fate::TakenUp,
                (Some(ChangeAction::Modify), Some(Replacement::True), Some(fate)) => {
                    *fate = Fate::Replaced;
                }
                (Some(ChangeAction::Modify), Some(Replacement::Conditional), Some(fate))
                    if *fate == Fate::Updated =>
                {
                    *fate = Fate::MayBeReplaced;
                }
                // Whatever refers to a changed resource is a modification, too, for CloudFormation; only where it is
                // made anew there is anything to tell.
                (Some(ChangeAction::Modify), Some(Replacement::True), None) => {
                    difference.resources.push(ResourceDifference {
                        id: id.to_owned(),
                        kind: change.resource_type().unwrap_or_default().to_owned(),
                        fate: Fate::Replaced,
                        changes: Vec::new(),
                        added: Vec::new(),
                        removed: Vec::new(),
                        name: change.physical_resource_id().map(str::to_owned),
                    });
                }
                _ => {}
            }
        }
    }

    /// Takes it back: nothing has happened.
    pub(super) async fn discard(self, client: &Client) {
        discard(client, &self.id, &self.stack_id, self.is_creation).await;
    }

    async fn begin(&self, client: &Client, account: &Account, stack: &Stack<'_>) -> Result<()> {
        let begun = client
            .execute_change_set()
            .change_set_name(&self.id)
            .stack_name(stack.name)
            // Who it was is then in every event.
            .client_request_token(events::token(&account.identity, milliseconds()))
            // A creation that fails leaves nothing behind, the empty buckets included.
            .retain_except_on_create(true)
            .send()
            .await;
        begun
            .map_err(failure)
            .with_context(|| format!("failed to execute the change set of {}", stack.name))?;
        Ok(())
    }

    /// Executes it and follows the stack to its end.
    pub(super) async fn execute(
        self,
        client: &Client,
        account: &Account,
        stack: &Stack<'_>,
        mut step: Step,
    ) -> Result<Description> {
        let mut events =
            events::Events::since_now(client, &self.stack_id, stack.tells_events).await?;
        self.begin(client, account, stack).await?;
        let ids: BTreeSet<&str> = self
            .changes
            .iter()
            .filter_map(|change| change.resource_change()?.logical_resource_id())
            .collect();
        let ended =
            stacks::follow(client, &self.stack_id, &mut events, &mut step, Some(ids.len())).await?;
        let status = ended.as_ref().and_then(Description::stack_status).cloned();
        match (ended, status) {
            (Some(ended), Some(StackStatus::CreateComplete | StackStatus::UpdateComplete)) => {
                let verb = if self.is_creation { "created" } else { "updated" };
                step.done(&format!("{} is {verb}", stack.name));
                Ok(ended)
            }
            (_, status) => {
                let cause = events.first_cause(client).await;
                let cause = cause.unwrap_or_else(|| "CloudFormation names no cause".to_owned());
                let status = status.as_ref().map_or("gone", StackStatus::as_str);
                Err(with_hint(
                    format!("stack {} ended as {status}: {cause}", stack.name),
                    format!(
                        "remove the cause and deploy again; all events: \
                         aws cloudformation describe-stack-events --stack-name {}",
                        stack.name
                    ),
                ))
            }
        }
    }
}

fn milliseconds() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis()
}

/// CloudFormation has no status for it, only these two sentences.
fn is_without_changes(reason: &str) -> bool {
    reason.contains("didn't contain changes") || reason.contains("No updates are to be performed")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use aws_sdk_cloudformation::Client;

    use super::{Stack, Template, create, is_without_changes};
    use crate::{
        aws::{
            Account, block_on,
            recorded::{Answer, serve},
        },
        difference::{Difference, Fate, Side},
    };

    const fn recorded(to: &'static str, body: &'static str) -> Answer {
        Answer { to, status: 200, headers: "", body }
    }

    const CREATED: Answer = recorded(
        "Action=CreateChangeSet",
        "<CreateChangeSetResponse><CreateChangeSetResult><Id>arn:set</Id><StackId>arn:stack</StackId>\
         </CreateChangeSetResult></CreateChangeSetResponse>",
    );

    const DESCRIBED: Answer = recorded(
        "Action=DescribeChangeSet",
        "<DescribeChangeSetResponse><DescribeChangeSetResult><Status>CREATE_COMPLETE</Status><Changes>\
         <member><Type>Resource</Type><ResourceChange><Action>Import</Action>\
         <LogicalResourceId>RunsBucket</LogicalResourceId><ResourceType>AWS::S3::Bucket</ResourceType>\
         </ResourceChange></member></Changes></DescribeChangeSetResult></DescribeChangeSetResponse>",
    );

    const TEMPLATE: &str = r#"{"Resources": {"RunsBucket": {"Type": "AWS::S3::Bucket"}}}"#;

    const fn stack(takes_up: bool) -> Stack<'static> {
        Stack {
            name: "acme",
            template: Template::Text(TEMPLATE),
            parameters: BTreeMap::new(),
            role_arn: Some("arn:aws:iam::1:role/deployer"),
            takes_up,
            tells_events: false,
        }
    }

    #[test]
    fn buckets_of_an_earlier_deployment_are_taken_up_again() {
        // A change set that is made without it finds no answer.
        let aws = serve(vec![Answer { to: "ImportExistingResources=true", ..CREATED }, DESCRIBED]);
        let client = Client::new(&aws);
        let set = block_on(async { create(&client, &stack(true), true).await }).unwrap().unwrap();
        let side = Side { template: TEMPLATE, parameters: BTreeMap::new() };
        let mut difference = Difference::between(None, &side).unwrap();
        set.amend(&mut difference);
        assert_eq!(difference.resources[0].fate, Fate::TakenUp);
    }

    #[test]
    fn a_creation_leaves_no_buckets_behind_where_it_fails() {
        let aws = serve(vec![
            Answer { to: "RoleARN=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fdeployer", ..CREATED },
            DESCRIBED,
            recorded(
                "RetainExceptOnCreate=true",
                "<ExecuteChangeSetResponse><ExecuteChangeSetResult/></ExecuteChangeSetResponse>",
            ),
        ]);
        let account = Account {
            id: "1".into(),
            region: "eu-central-1".into(),
            partition: "aws".into(),
            identity: "arn:aws:iam::1:user/alice".into(),
        };
        let begun = block_on(async {
            let client = Client::new(&aws);
            let set = create(&client, &stack(false), true).await?.unwrap();
            set.begin(&client, &account, &stack(false)).await
        });
        begun.unwrap();
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
