//! Roles and what they may do.

use serde_json::{Value, json};

use crate::intrinsics::{attribute, reference};
use crate::template::{Resource, Template};
use crate::values::with;

/// AWS counts the characters of all inline policies of a role together.
const POLICY_CHARACTERS: usize = 10_240;

/// One statement of a role's policy.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Grant {
    /// What the statement is for, for a reviewer: letters and digits.
    pub(crate) sid: String,
    effect: &'static str,
    actions: Vec<String>,
    resources: Vec<Value>,
    condition: Option<Value>,
}

impl Grant {
    /// Allows exact actions on exact resources.
    pub(crate) fn allow(sid: &str, actions: &[&str], resources: Vec<Value>) -> Self {
        Self::new(sid, "Allow", actions, resources)
    }

    /// Forbids actions, whatever else allows them.
    pub(crate) fn deny(sid: &str, actions: &[&str], resources: Vec<Value>) -> Self {
        Self::new(sid, "Deny", actions, resources)
    }

    fn new(sid: &str, effect: &'static str, actions: &[&str], resources: Vec<Value>) -> Self {
        let actions = actions.iter().map(|action| (*action).to_owned()).collect();
        Self { sid: sid.to_owned(), effect, actions, resources, condition: None }
    }

    /// Limits the statement.
    pub(crate) fn on_condition(self, condition: Value) -> Self {
        Self { condition: Some(condition), ..self }
    }

    /// Covers further resources, each once.
    pub(crate) fn extend(&mut self, resources: Vec<Value>) {
        for resource in resources {
            if !self.resources.contains(&resource) {
                self.resources.push(resource);
            }
        }
    }

    fn statement(self) -> Value {
        let statement = json!({
            "Sid": self.sid,
            "Effect": self.effect,
            "Action": self.actions,
            "Resource": self.resources,
        });
        match self.condition {
            Some(condition) => with(statement, "Condition", condition),
            None => statement,
        }
    }
}

/// What to make a role from.
#[derive(Debug)]
pub(crate) struct RoleProps {
    /// Name of the role.
    pub(crate) name: String,
    /// The service that takes the role.
    pub(crate) service: &'static str,
    /// When the service may take it.
    pub(crate) condition: Option<Value>,
    /// What the role may do; a grant on no resource is left out.
    pub(crate) grants: Vec<Grant>,
}

/// A role for one purpose; nothing managed is attached to it.
#[derive(Debug)]
pub(crate) struct Role {
    id: String,
}

impl Role {
    /// Adds a role.
    pub(crate) fn new(template: &mut Template, id: &str, props: RoleProps) -> Self {
        let RoleProps { name, service, condition, grants } = props;
        let mut trust = json!({
            "Effect": "Allow",
            "Principal": { "Service": service },
            "Action": "sts:AssumeRole",
        });
        if let Some(condition) = condition {
            trust = with(trust, "Condition", condition);
        }
        let statements: Vec<Value> = grants
            .into_iter()
            .filter(|grant| !grant.resources.is_empty())
            .map(Grant::statement)
            .collect();
        let characters = characters(&statements);
        if characters > POLICY_CHARACTERS {
            template.violation(
                id,
                format!(
                    "the role's policy would have {characters} characters, and AWS allows \
                     {POLICY_CHARACTERS}; name fewer policies, groups and types in the profiles"
                ),
            );
        }
        template.add(
            id,
            Resource::new(
                "AWS::IAM::Role",
                json!({
                    "RoleName": name,
                    "AssumeRolePolicyDocument": { "Version": "2012-10-17", "Statement": [trust] },
                    "Policies": [{
                        "PolicyName": "grants",
                        "PolicyDocument": { "Version": "2012-10-17", "Statement": statements },
                    }],
                }),
            ),
        );
        Self { id: id.to_owned() }
    }

    /// The role's ARN.
    pub(crate) fn arn(&self) -> Value {
        attribute(&self.id, "Arn")
    }
}

/// The condition that the service acts for this account and not for somebody else's.
pub(crate) fn own_account() -> Value {
    json!({ "StringEquals": { "aws:SourceAccount": reference("AWS::AccountId") } })
}

/// How long a policy becomes when CloudFormation has filled it in, at most.
fn characters(statements: &[Value]) -> usize {
    let filled = [
        ("{\"Fn::Sub\":", ""),
        ("${AWS::Partition}", "aws-us-gov"),
        ("${AWS::Region}", "ap-southeast-1"),
        ("${AWS::AccountId}", "123456789012"),
    ];
    let text = json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
    filled
        .iter()
        .fold(text, |text, (variable, value)| text.replace(variable, value))
        .chars()
        .count()
}
