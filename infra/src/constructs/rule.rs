//! Rules that start a state machine when something happened.

use serde_json::{Value, json};

use super::machine::Machine;
use super::queue::DeadLetterQueue;
use super::role::{Grant, Role, RoleProps};
use crate::intrinsics::{arn, attribute, reference};
use crate::template::{Resource, Template};
use crate::values::with;

/// What to make a rule from.
#[derive(Debug)]
pub(crate) struct RuleProps<'a> {
    /// Name of the rule and of its role's beginning.
    pub(crate) name: String,
    /// What the rule is for.
    pub(crate) description: String,
    /// The events that the rule takes.
    pub(crate) pattern: Value,
    /// The machine that each event starts.
    pub(crate) target: &'a Machine,
    /// The machine's input; the whole event where there is none.
    pub(crate) input: Option<String>,
    /// Where an event goes that could not be delivered.
    pub(crate) undelivered: &'a DeadLetterQueue,
}

/// A rule with a role that may start the one machine.
#[derive(Debug)]
pub(crate) struct Rule {
    id: String,
}

impl Rule {
    /// Adds a rule called `<id>Rule` and its role.
    pub(crate) fn new(template: &mut Template, id: &str, props: RuleProps<'_>) -> Self {
        let RuleProps { name, description, pattern, target, input, undelivered } = props;
        let role = Role::new(
            template,
            &format!("{id}RuleRole"),
            RoleProps {
                name: format!("{name}-rule"),
                service: "events.amazonaws.com",
                condition: Some(json!({
                    "StringEquals": { "aws:SourceAccount": reference("AWS::AccountId") },
                    "ArnEquals": { "aws:SourceArn": arn("events", &format!("rule/{name}")) },
                })),
                grants: vec![Grant::allow(
                    "StartMachine",
                    &["states:StartExecution"],
                    vec![target.arn()],
                )],
            },
        );
        let mut destination = json!({
            "Id": "machine",
            "Arn": target.arn(),
            "RoleArn": role.arn(),
            "DeadLetterConfig": { "Arn": undelivered.arn() },
        });
        if let Some(input) = input {
            destination = with(destination, "InputTransformer", json!({ "InputTemplate": input }));
        }
        let id = format!("{id}Rule");
        template.add(
            &id,
            Resource::new(
                "AWS::Events::Rule",
                json!({
                    "Name": name,
                    "Description": description,
                    "EventPattern": pattern,
                    "State": "ENABLED",
                    "Targets": [destination],
                }),
            ),
        );
        Self { id }
    }

    /// The rule's ARN.
    pub(crate) fn arn(&self) -> Value {
        attribute(&self.id, "Arn")
    }
}
