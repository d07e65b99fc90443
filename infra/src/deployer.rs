//! What whoever deploys must be allowed, and the boundary of what the stack's roles can ever do: the
//! table to review.
//!
//! Accounts and Regions are `*`, so that one file serves wherever the stack is deployed; a policy
//! reaches no further than its own account. Names are the stack's.

mod boundary;
mod foundation;
mod services;

use serde_json::{Value, json};

use crate::config::Config;
use crate::values::with;

use foundation::foundation;
use services::services;

pub use boundary::boundary_policy;

/// The tag by which the stack's key is known, since a key has no name. Its value is the stack's.
pub(crate) const KEY_TAG: &str = "thingpress";

/// One statement, and for which types of resources it is.
pub(crate) struct Row {
    sid: &'static str,
    /// The types whose handlers call these actions; none for what the command line itself asks.
    #[cfg_attr(not(test), expect(dead_code, reason = "a test holds the actions to the types"))]
    pub(crate) serves: &'static [&'static str],
    pub(crate) actions: &'static [&'static str],
    resources: Vec<String>,
    condition: Option<Value>,
}

impl Row {
    fn statement(&self) -> Value {
        let statement = json!({
            "Sid": self.sid,
            "Effect": "Allow",
            "Action": self.actions,
            "Resource": self.resources,
        });
        match &self.condition {
            Some(condition) => with(statement, "Condition", condition.clone()),
            None => statement,
        }
    }
}

/// The policies that together let somebody deploy and destroy this stack, each by the name of its file.
///
/// There are two because AWS allows a policy 6,144 characters.
#[must_use]
pub fn deployer_policies(config: &Config) -> [(&'static str, String); 2] {
    [
        ("deployer-policy.json", document(&foundation(config))),
        ("deployer-services-policy.json", document(&services(config))),
    ]
}

/// The name of the boundary that roles must carry: the configuration's, or `<stack>-boundary`.
#[must_use]
pub fn boundary_name(config: &Config) -> String {
    config.permissions_boundary.clone().unwrap_or_else(|| format!("{}-boundary", config.stack))
}

fn document(rows: &[Row]) -> String {
    let statements: Vec<Value> = rows.iter().map(Row::statement).collect();
    policy(statements)
}

fn policy(statements: Vec<Value>) -> String {
    let mut policy = json!({ "Version": "2012-10-17", "Statement": statements });
    // Another crate of the build may have switched serde_json to insertion order.
    policy.sort_all_objects();
    format!("{policy:#}\n")
}

/// A name in any account and Region.
fn arn(service: &str, resource: &str) -> String {
    format!("arn:aws:{service}:*:*:{resource}")
}

/// IAM has no Regions.
fn iam(resource: &str) -> String {
    format!("arn:aws:iam::*:{resource}")
}

#[cfg(test)]
mod tests;
