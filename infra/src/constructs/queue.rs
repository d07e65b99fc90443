//! Queues.

use serde_json::{Value, json};

use super::{REQUIRE_TLS, tls_only};
use crate::intrinsics::{attribute, only_if, reference};
use crate::template::{Resource, Template};
use crate::values::with;

/// Fourteen days, the longest that SQS keeps a message: somebody must have the time to find it.
const RETENTION_SECONDS: u32 = 14 * 24 * 60 * 60;

/// Time for whoever took ten messages of failed devices to act on them, before SQS hands them out
/// again.
const ACTING_SECONDS: u32 = 5 * 60;

/// Why the queue has no key of the account's.
const ENCRYPTED: &str = "SQS encrypts the queue with a key of its own (SqsManagedSseEnabled), which \
                         the check does not look at; a key of KMS would have to admit EventBridge.";

/// A queue that is encrypted and takes TLS only.
#[derive(Debug)]
pub(crate) struct Queue {
    id: String,
}

impl Queue {
    /// Adds the queue of what could not be delivered; which rules may send to it is said when they
    /// are known, by [`accept_from`](Self::accept_from).
    pub(crate) fn of_undelivered(template: &mut Template, id: &str, name: &str) -> Self {
        Self::add(template, id, properties(name))
    }

    /// Adds the queue of devices that did not end well. Roles of this account send and receive by
    /// their own policies.
    pub(crate) fn of_failures(template: &mut Template, id: &str, name: &str) -> Self {
        let properties = with(properties(name), "VisibilityTimeout", json!(ACTING_SECONDS));
        let queue = Self::add(template, id, properties);
        let policy = queue.policy(&[queue.tls_only()]);
        template.add(&format!("{id}Policy"), policy.only_if(REQUIRE_TLS));
        queue
    }

    fn add(template: &mut Template, id: &str, properties: Value) -> Self {
        let resource = Resource::new("AWS::SQS::Queue", properties).disposable();
        template.add(id, resource.skip_check("CKV_AWS_27", ENCRYPTED));
        Self { id: id.to_owned() }
    }

    /// The queue's ARN.
    pub(crate) fn arn(&self) -> Value {
        attribute(&self.id, "Arn")
    }

    /// The queue's name.
    pub(crate) fn name(&self) -> Value {
        attribute(&self.id, "QueueName")
    }

    /// The queue's name, in a text that CloudFormation fills in.
    pub(crate) fn name_placeholder(&self) -> String {
        format!("${{{}.QueueName}}", self.id)
    }

    /// The queue in the console, behind its host.
    pub(crate) fn page(&self) -> String {
        // The console wants the queue's address, with its slashes encoded.
        format!(
            "/sqs/v3/home?region=${{AWS::Region}}#/queues/https%3A%2F%2Fsqs.${{AWS::Region}}.${{AWS::URLSuffix}}\
             %2F${{AWS::AccountId}}%2F${{{}.QueueName}}",
            self.id
        )
    }

    /// The queue's address.
    pub(crate) fn url(&self) -> Value {
        reference(&self.id)
    }

    /// Lets these rules, and no others, send messages.
    pub(crate) fn accept_from(&self, template: &mut Template, rule_arns: Vec<Value>) {
        let accept = json!({
            "Sid": "UndeliveredEvents",
            "Effect": "Allow",
            "Principal": { "Service": "events.amazonaws.com" },
            "Action": "sqs:SendMessage",
            "Resource": self.arn(),
            "Condition": { "ArnEquals": { "aws:SourceArn": rule_arns } },
        });
        let policy = self.policy(&[accept, only_if(REQUIRE_TLS, self.tls_only())]);
        template.add(&format!("{}Policy", self.id), policy);
    }

    fn policy(&self, statements: &[Value]) -> Resource {
        let document = json!({ "Version": "2012-10-17", "Statement": statements });
        Resource::new(
            "AWS::SQS::QueuePolicy",
            json!({ "Queues": [self.url()], "PolicyDocument": document }),
        )
    }

    fn tls_only(&self) -> Value {
        tls_only("TlsOnly", "sqs:*", self.arn())
    }
}

fn properties(name: &str) -> Value {
    json!({
        "QueueName": name,
        "MessageRetentionPeriod": RETENTION_SECONDS,
        "SqsManagedSseEnabled": true,
    })
}
