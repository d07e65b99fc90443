//! Rules that start a state machine when something happened, or when it is time.

use serde_json::{Value, json};

use super::machine::Machine;
use super::queue::Queue;
use super::role::{Grant, Role, RoleProps};
use crate::config::Config;
use crate::intrinsics::{arn, attribute, reference};
use crate::template::{Resource, Template};
use crate::values::with;

/// What a rule waits for.
#[derive(Debug)]
pub(crate) enum Trigger {
    /// Events of this pattern.
    Events(Value),
    /// The time, as in `rate(15 minutes)`.
    Schedule(&'static str),
}

/// What to make a rule from.
#[derive(Debug)]
pub(crate) struct RuleProps<'a> {
    /// Name of the rule and of its role's beginning.
    pub(crate) name: String,
    /// What the rule is for.
    pub(crate) description: String,
    /// What the rule waits for.
    pub(crate) trigger: Trigger,
    /// The machine that each event starts.
    pub(crate) target: &'a Machine,
    /// The machine's input; the whole event where there is none.
    pub(crate) input: Option<String>,
    /// Where an event goes that could not be delivered.
    pub(crate) undelivered: &'a Queue,
}

/// A rule with a role that may start the one machine.
#[derive(Debug)]
pub(crate) struct Rule {
    id: String,
}

impl Rule {
    /// Adds a rule called `<id>Rule` and its role.
    pub(crate) fn new(
        template: &mut Template,
        id: &str,
        config: &Config,
        props: RuleProps<'_>,
    ) -> Self {
        let RuleProps { name, description, trigger, target, input, undelivered } = props;
        let role = Role::new(
            template,
            &format!("{id}RuleRole"),
            config,
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
        let properties = json!({
            "Name": name,
            "Description": description,
            "State": "ENABLED",
            "Targets": [destination],
        });
        let properties = match trigger {
            Trigger::Events(pattern) => with(properties, "EventPattern", pattern),
            Trigger::Schedule(expression) => {
                with(properties, "ScheduleExpression", json!(expression))
            }
        };
        template.add(&id, Resource::new("AWS::Events::Rule", properties));
        Self { id }
    }

    /// The rule's ARN.
    pub(crate) fn arn(&self) -> Value {
        attribute(&self.id, "Arn")
    }
}
