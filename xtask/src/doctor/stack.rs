//! The stack as it stands, and what has piled up in it.

use anyhow::{Context, Result};
use aws_sdk_cloudformation::Client;
use aws_sdk_sqs::types::QueueAttributeName;

use super::{Finding, Patient, arrivals};
use crate::{
    aws::failure,
    deployment::{self, buckets, stacks},
};

const TOPIC: &str = "stack";

pub(super) async fn look(patient: Patient<'_>, days: u32) -> Vec<Finding> {
    match try_to_look(patient, days).await {
        Ok(findings) => findings,
        Err(error) => vec![Finding::not_asked(TOPIC, format!("{error:#}"))],
    }
}

async fn try_to_look(patient: Patient<'_>, days: u32) -> Result<Vec<Finding>> {
    let name = &patient.config.stack;
    let client = Client::new(patient.aws);
    let Some(stack) = stacks::describe(&client, name).await? else {
        return not_deployed(patient).await;
    };
    let status = stacks::status(&stack);
    let mut findings = vec![of_status(name, status)];
    let outputs = stacks::outputs(&stack);
    if let Some(url) = outputs.get("UndeliveredQueueUrl") {
        findings.push(undelivered(patient, url).await);
    }
    findings.extend(arrivals::look(patient, &outputs, days).await);
    Ok(findings)
}

fn of_status(name: &str, status: &str) -> Finding {
    match status {
        "CREATE_COMPLETE" | "UPDATE_COMPLETE" | "IMPORT_COMPLETE" => {
            Finding::ok(TOPIC, format!("{name} is deployed"))
        }
        "UPDATE_ROLLBACK_COMPLETE" | "IMPORT_ROLLBACK_COMPLETE" => Finding::warning(
            TOPIC,
            format!("{name} works, but its last deployment failed ({status})"),
            "deploy again: cargo xtask deploy tells the cause",
        ),
        busy if busy.ends_with("_IN_PROGRESS") && busy != "REVIEW_IN_PROGRESS" => Finding::warning(
            TOPIC,
            format!("{name} is being changed ({status})"),
            "wait; cargo xtask deploy waits as well",
        ),
        _ => Finding::error(
            TOPIC,
            format!("{name} is not usable ({status})"),
            "cargo xtask deploy clears it away and deploys anew",
        ),
    }
}

/// Whether it could be: the names of its buckets are shared with the whole world.
async fn not_deployed(patient: Patient<'_>) -> Result<Vec<Finding>> {
    let Patient { aws, account, config, template } = patient;
    let names = deployment::bucket_names(template, account)?;
    let owners = buckets::owners(aws, account, &names).await?;
    let mut findings = vec![Finding::warning(
        TOPIC,
        format!("{} is not deployed", config.stack),
        "deploy it: cargo xtask deploy; or name another one: --stack NAME",
    )];
    if let Err(taken) = buckets::refuse_taken(&names, &owners) {
        findings.push(Finding::error(
            TOPIC,
            format!("{taken:#}"),
            "choose another `stack`, or bucket_names = \"account\"",
        ));
    }
    Ok(findings)
}

/// Events that started no run.
async fn undelivered(patient: Patient<'_>, url: &str) -> Finding {
    match messages(patient, url).await {
        Ok(0) => Finding::ok(TOPIC, "no event was left undelivered"),
        Ok(count) => Finding::warning(
            TOPIC,
            format!("{count} events could not be delivered, and started no run"),
            format!("look at the messages of {url}, then upload those files again"),
        ),
        Err(error) => Finding::not_asked(TOPIC, format!("{error:#}")),
    }
}

async fn messages(patient: Patient<'_>, url: &str) -> Result<u64> {
    let client = aws_sdk_sqs::Client::new(patient.aws);
    let attribute = QueueAttributeName::ApproximateNumberOfMessages;
    let asked =
        client.get_queue_attributes().queue_url(url).attribute_names(attribute.clone()).send();
    let asked = asked.await.map_err(failure).with_context(|| format!("failed to ask {url}"))?;
    let count = asked.attributes().and_then(|attributes| attributes.get(&attribute));
    count.context("the queue does not tell its messages")?.parse().context("no number of messages")
}
