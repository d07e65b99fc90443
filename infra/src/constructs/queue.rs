//! The queue of events that could not be delivered.

use serde_json::{Value, json};

use super::REQUIRE_TLS;
use crate::intrinsics::{attribute, only_if, reference};
use crate::template::{Resource, Template};

/// Fourteen days, the longest that SQS keeps a message: somebody must have the time to find it.
const RETENTION_SECONDS: u32 = 14 * 24 * 60 * 60;

/// A queue for the events that rules could not deliver.
#[derive(Debug)]
pub(crate) struct DeadLetterQueue {
    id: String,
}

impl DeadLetterQueue {
    /// Adds the queue; its policy follows when the rules are known.
    pub(crate) fn new(template: &mut Template, id: &str, name: &str) -> Self {
        let properties = json!({
            "QueueName": name,
            "MessageRetentionPeriod": RETENTION_SECONDS,
            "SqsManagedSseEnabled": true,
        });
        template.add(id, Resource::new("AWS::SQS::Queue", properties).disposable());
        Self { id: id.to_owned() }
    }

    /// The queue's ARN.
    pub(crate) fn arn(&self) -> Value {
        attribute(&self.id, "Arn")
    }

    /// The queue's address.
    pub(crate) fn url(&self) -> Value {
        reference(&self.id)
    }

    /// Lets these rules, and nobody else's, send messages.
    pub(crate) fn accept_from(&self, template: &mut Template, rule_arns: Vec<Value>) {
        let tls_only = json!({
            "Sid": "TlsOnly",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "sqs:*",
            "Resource": self.arn(),
            "Condition": { "Bool": { "aws:SecureTransport": "false" } },
        });
        let document = json!({
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "UndeliveredEvents",
                    "Effect": "Allow",
                    "Principal": { "Service": "events.amazonaws.com" },
                    "Action": "sqs:SendMessage",
                    "Resource": self.arn(),
                    "Condition": { "ArnEquals": { "aws:SourceArn": rule_arns } },
                },
                only_if(REQUIRE_TLS, tls_only),
            ],
        });
        template.add(
            &format!("{}Policy", self.id),
            Resource::new(
                "AWS::SQS::QueuePolicy",
                json!({ "Queues": [self.url()], "PolicyDocument": document }),
            ),
        );
    }
}
