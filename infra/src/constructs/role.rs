//! Roles and what they may do.

use serde_json::{Value, json};

use crate::config::Config;
use crate::intrinsics::{attribute, reference, sub};
use crate::template::{Resource, Template};
use crate::values::with;

/// AWS counts the characters of all inline policies of a role together.
const POLICY_CHARACTERS: usize = 10_240;

/// Why a role may attach policies without naming what it attaches them to.
const ATTACHES_POLICIES: &str = "AWS IoT's own policies are attached to certificates that do not \
                                 exist yet; the statement NeverToGroups keeps groups out.";
/// Why a role may detach policies without naming what it detaches them from.
const DETACHES_POLICIES: &str = "AWS IoT's own policies are detached from certificates that no \
                                 configuration names; the statement NeverFromGroups keeps groups out.";

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

    /// Where checkov takes the statement for the management of permissions without a limit: why it is fine.
    fn manages_policies(&self) -> Option<&'static str> {
        let has = |wanted: &str| self.actions.iter().any(|action| action == wanted);
        match self.effect {
            "Allow" if has("iot:AttachPolicy") => Some(ATTACHES_POLICIES),
            "Allow" if has("iot:DetachPolicy") => Some(DETACHES_POLICIES),
            _ => None,
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
    pub(crate) fn new(
        template: &mut Template,
        id: &str,
        config: &Config,
        props: RoleProps,
    ) -> Self {
        let RoleProps { name, service, condition, grants } = props;
        let mut trust = json!({
            "Effect": "Allow",
            "Principal": { "Service": service },
            "Action": "sts:AssumeRole",
        });
        if let Some(condition) = condition {
            trust = with(trust, "Condition", condition);
        }
        let manages_policies = grants.iter().find_map(Grant::manages_policies);
        let statements = statements(grants);
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
        let mut properties = json!({
            "RoleName": name,
            "AssumeRolePolicyDocument": { "Version": "2012-10-17", "Statement": [trust] },
            "Policies": [{
                "PolicyName": "grants",
                "PolicyDocument": { "Version": "2012-10-17", "Statement": statements },
            }],
        });
        if let Some(boundary) = &config.permissions_boundary {
            // IAM has no Regions.
            let arn = format!("arn:${{AWS::Partition}}:iam::${{AWS::AccountId}}:policy/{boundary}");
            properties = with(properties, "PermissionsBoundary", sub(arn));
        }
        let mut resource = Resource::new("AWS::IAM::Role", properties);
        if let Some(reason) = manages_policies {
            resource = resource.skip_check("CKV_AWS_109", reason);
        }
        template.add(id, resource);
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

/// The statements of a policy; a grant on no resource is left out.
pub(crate) fn statements(grants: Vec<Grant>) -> Vec<Value> {
    let grants = grants.into_iter().filter(|grant| !grant.resources.is_empty());
    grants.map(Grant::statement).collect()
}

/// How long a policy becomes when CloudFormation has filled it in, at most.
pub(crate) fn characters(statements: &[Value]) -> usize {
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
