//! A stack's events, one line each, while it is being changed.

use std::collections::HashSet;

use anyhow::{Context, Result};
use aws_sdk_cloudformation::{
    Client,
    types::{OperationEvent, StackEvent, ValidationStatus},
};

use crate::{
    aws::failure,
    progress::{Step, red},
};

/// The events that a deployment causes, in the order in which they happened.
#[derive(Debug)]
pub(super) struct Events {
    stack: String,
    /// Whether every resource that is done gets a line, or only a failure does.
    in_full: bool,
    seen: HashSet<String>,
    done: HashSet<String>,
    first_cause: Option<String>,
    /// Whether the latest word about the stack itself is that it has come to an end.
    is_at_end: bool,
}

impl Events {
    /// Leaves out what happened before.
    pub(super) async fn since_now(client: &Client, stack: &str, in_full: bool) -> Result<Self> {
        let mut events = Self {
            stack: stack.to_owned(),
            in_full,
            seen: HashSet::new(),
            done: HashSet::new(),
            first_cause: None,
            is_at_end: false,
        };
        let earlier = events.fetch(client).await?;
        events.seen.extend(earlier.iter().filter_map(StackEvent::event_id).map(ToOwned::to_owned));
        Ok(events)
    }

    /// Prints what is new, and moves the step on: so many resources are done, of so many.
    pub(super) async fn print(
        &mut self,
        client: &Client,
        step: &mut Step,
        total: Option<usize>,
    ) -> Result<()> {
        for event in self.fetch(client).await?.iter().rev() {
            self.seen.insert(event.event_id().unwrap_or_default().to_owned());
            if self.first_cause.is_none() {
                self.first_cause = cause(event);
            }
            let status = status(event);
            let is_done = status.ends_with("_COMPLETE");
            if status.ends_with("_FAILED") || (self.in_full && is_done) {
                step.line(&line(event));
            }
            let id = event.logical_resource_id().unwrap_or_default();
            // The stack is among its own resources.
            if event.physical_resource_id() == event.stack_id() {
                self.is_at_end = !status.ends_with("_IN_PROGRESS");
            } else if is_done {
                self.done.insert(id.to_owned());
            }
            if let Some(total) = total {
                let stack = event.stack_name().unwrap_or_default();
                let done = self.done.len().min(total);
                step.moves_to(&format!("{stack}: {done} of {total} resources, {id}"));
            }
        }
        Ok(())
    }

    /// Whether what was going on has come to its end.
    pub(super) const fn tell_the_end(&self) -> bool {
        self.is_at_end
    }

    /// Who began what is going on, where it was this command.
    pub(super) async fn author(&self, client: &Client) -> Result<Option<String>> {
        let latest = client.describe_stack_events().stack_name(&self.stack).send().await;
        let latest = latest
            .map_err(failure)
            .with_context(|| format!("failed to read the events of stack {}", self.stack))?;
        let token = latest.stack_events().first().and_then(StackEvent::client_request_token);
        Ok(token.and_then(author).map(str::to_owned))
    }

    /// What failed first; everything after it is mostly its consequence.
    pub(super) async fn first_cause(&self, client: &Client) -> Option<String> {
        let cause = self.first_cause.clone()?;
        Some(in_detail(client, cause, &self.stack, None).await)
    }

    /// Unseen events, the latest first, which is the order in which CloudFormation lists them.
    async fn fetch(&self, client: &Client) -> Result<Vec<StackEvent>> {
        let mut unseen = Vec::new();
        let mut pages =
            client.describe_stack_events().stack_name(&self.stack).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page
                .map_err(failure)
                .with_context(|| format!("failed to read the events of stack {}", self.stack))?;
            for event in page.stack_events.unwrap_or_default() {
                if event.event_id().is_some_and(|id| self.seen.contains(id)) {
                    return Ok(unseen);
                }
                unseen.push(event);
            }
        }
        Ok(unseen)
    }
}

/// Failures that CloudFormation finds before it starts are only counted in the reason, which sends its reader to
/// another call for what they are. This makes that call.
pub(super) async fn in_detail(
    client: &Client,
    reason: String,
    stack: &str,
    change_set: Option<&str>,
) -> String {
    if !reason.contains("DescribeEvents") {
        return reason;
    }
    let request = client
        .describe_events()
        .stack_name(stack)
        .set_change_set_name(change_set.map(str::to_owned));
    // Where that fails too, the reason as it came is the best there is.
    let Ok(found) = request.send().await else { return reason };
    let failures: Vec<String> =
        found.operation_events().iter().filter_map(validation_failure).collect();
    if failures.is_empty() { reason } else { failures.join("; ") }
}

fn validation_failure(event: &OperationEvent) -> Option<String> {
    let reason = event.validation_status_reason()?;
    let failed = event.validation_status() == Some(&ValidationStatus::Failed);
    failed.then(|| format!("{}: {reason}", event.logical_resource_id().unwrap_or_default()))
}

/// A mark for the events of one deployment: `xtask-<who>-<when>`.
pub(super) fn token(identity: &str, milliseconds: u128) -> String {
    let who = identity.rsplit(['/', ':']).next().unwrap_or_default();
    let who: String = who
        .chars()
        .map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' })
        .take(80)
        .collect();
    format!("xtask-{who}-{milliseconds}")
}

fn author(token: &str) -> Option<&str> {
    Some(token.strip_prefix("xtask-")?.rsplit_once('-')?.0)
}

fn status(event: &StackEvent) -> &str {
    event.resource_status().map_or("", |status| status.as_str())
}

fn line(event: &StackEvent) -> String {
    let id = event.logical_resource_id().unwrap_or_default();
    let kind = event.resource_type().unwrap_or_default();
    let status = status(event);
    let reason =
        event.resource_status_reason().map(|reason| format!("  {reason}")).unwrap_or_default();
    let shown = format!("{status:<24}");
    let shown = if status.ends_with("_FAILED") { red(&shown) } else { shown };
    format!("  {shown} {kind:<32} {id}  {reason}").trim_end().to_owned()
}

/// What a failed resource says, unless it was only stopped because of another one.
fn cause(event: &StackEvent) -> Option<String> {
    let reason = event.resource_status_reason()?;
    let is_consequence = reason.contains("cancelled");
    (status(event).ends_with("_FAILED") && !is_consequence)
        .then(|| format!("{}: {reason}", event.logical_resource_id().unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudformation::types::{ResourceStatus, StackEvent};

    use super::{author, cause, token};

    fn event(status: ResourceStatus, reason: &str) -> StackEvent {
        StackEvent::builder()
            .logical_resource_id("Queue")
            .resource_status(status)
            .resource_status_reason(reason)
            .build()
    }

    #[test]
    fn who_deploys_can_be_read_from_the_events() {
        let token = token("arn:aws:sts::123456789012:assumed-role/Admin/alice@acme.com", 17);
        assert_eq!(token, "xtask-alice-acme-com-17");
        assert_eq!(author(&token), Some("alice-acme-com"));
        assert_eq!(author("Console-CreateStack-1"), None);
    }

    #[test]
    fn the_cause_is_the_failure_and_not_its_consequence() {
        assert_eq!(
            cause(&event(ResourceStatus::CreateFailed, "Resource creation cancelled")),
            None
        );
        assert_eq!(
            cause(&event(ResourceStatus::CreateInProgress, "Resource creation Initiated")),
            None
        );
        assert_eq!(
            cause(&event(ResourceStatus::CreateFailed, "name taken")).as_deref(),
            Some("Queue: name taken")
        );
    }
}
