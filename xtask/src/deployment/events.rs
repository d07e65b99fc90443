//! A stack's events, one line each, while it is being changed.

use std::collections::HashSet;

use anyhow::{Context, Result, anyhow};
use aws_sdk_cloudformation::{
    Client,
    types::{OperationEvent, StackEvent, ValidationStatus},
};

use crate::{
    aws::message,
    progress::{Step, red},
};

/// The events that a deployment causes, in the order in which they happened.
#[derive(Debug)]
pub(super) struct Events {
    stack: String,
    /// Whether every event gets a line, or only a failure does.
    in_full: bool,
    seen: HashSet<String>,
    first_cause: Option<String>,
}

impl Events {
    /// Leaves out what happened before.
    pub(super) async fn since_now(client: &Client, stack: &str, in_full: bool) -> Result<Self> {
        let mut events =
            Self { stack: stack.to_owned(), in_full, seen: HashSet::new(), first_cause: None };
        let earlier = events.fetch(client).await?;
        events.seen.extend(earlier.iter().filter_map(StackEvent::event_id).map(ToOwned::to_owned));
        Ok(events)
    }

    /// Prints what is new.
    pub(super) async fn print(&mut self, client: &Client, step: &Step) -> Result<()> {
        for event in self.fetch(client).await?.iter().rev() {
            self.seen.insert(event.event_id().unwrap_or_default().to_owned());
            if self.first_cause.is_none() {
                self.first_cause = cause(event);
            }
            if self.in_full || status(event).ends_with("_FAILED") {
                step.line(&line(event));
            }
        }
        Ok(())
    }

    /// What failed first; everything after it is mostly its consequence.
    pub(super) async fn first_cause(&self, client: &Client) -> Option<String> {
        let cause = self.first_cause.clone()?;
        Some(in_detail(client, cause, Subject::Stack(&self.stack)).await)
    }

    /// Unseen events, the latest first, which is the order in which CloudFormation lists them.
    async fn fetch(&self, client: &Client) -> Result<Vec<StackEvent>> {
        let mut unseen = Vec::new();
        let mut pages =
            client.describe_stack_events().stack_name(&self.stack).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page
                .map_err(|error| anyhow!(message(error)))
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

/// What failed a validation.
#[derive(Clone, Copy, Debug)]
pub(super) enum Subject<'a> {
    Stack(&'a str),
    ChangeSet(&'a str),
}

/// Failures that CloudFormation finds before it starts are only counted in the reason, which sends its reader to
/// another call for what they are. This makes that call.
pub(super) async fn in_detail(client: &Client, reason: String, subject: Subject<'_>) -> String {
    if !reason.contains("DescribeEvents") {
        return reason;
    }
    let request = match subject {
        Subject::Stack(name) => client.describe_events().stack_name(name),
        Subject::ChangeSet(id) => client.describe_events().change_set_name(id),
    };
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

    use super::cause;

    fn event(status: ResourceStatus, reason: &str) -> StackEvent {
        StackEvent::builder()
            .logical_resource_id("Queue")
            .resource_status(status)
            .resource_status_reason(reason)
            .build()
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
