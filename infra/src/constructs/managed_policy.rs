//! Policies for people, who attach them to their users, groups and roles.

use serde_json::{Value, json};

use super::role::{self, Grant};
use crate::config::Config;
use crate::template::{Resource, Template};

/// AWS's limit, in characters that are no white space.
const POLICY_CHARACTERS: usize = 6_144;

/// What to make a policy from.
#[derive(Debug)]
pub(crate) struct ManagedPolicyProps<'a> {
    /// What stands behind the stack in the name, such as `upload`.
    pub(crate) name: &'a str,
    /// Whom it is for.
    pub(crate) description: &'a str,
    /// What they may do.
    pub(crate) grants: Vec<Grant>,
}

/// Adds a policy called `<id>Policy`. It is attached to nobody.
pub(crate) fn add(
    template: &mut Template,
    id: &str,
    config: &Config,
    props: ManagedPolicyProps<'_>,
) {
    let id = format!("{id}Policy");
    let ManagedPolicyProps { name, description, grants } = props;
    let statements: Vec<Value> = role::statements(grants);
    let characters = role::characters(&statements);
    if characters > POLICY_CHARACTERS {
        template.violation(
            &id,
            format!(
                "the policy would have {characters} characters, and AWS allows {POLICY_CHARACTERS}"
            ),
        );
    }
    template.add(
        &id,
        Resource::new(
            "AWS::IAM::ManagedPolicy",
            json!({
                "ManagedPolicyName": format!("{}-{name}", config.stack),
                "Description": description,
                "PolicyDocument": { "Version": "2012-10-17", "Statement": statements },
            }),
        ),
    );
}
