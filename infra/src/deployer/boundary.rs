//! What any role of the stack can do at most, whatever its own policy says.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{arn, policy};
use crate::config::{Config, Encryption, Profile};
use crate::stack::synthesize;
use crate::template::Violation;
use crate::values::{at, members};

/// The boundary for the roles of a stack.
///
/// It follows from the roles themselves, so that it is never too narrow: each service's actions that any
/// role is allowed, on the stack's resources of that service. It does not depend on the names in the
/// profiles, so that a profile can change without it.
pub fn boundary_policy(config: &Config) -> Result<String, Vec<Violation>> {
    let mut actions: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let template = synthesize(&widest(config))?;
    let template: Value = serde_json::from_str(&template).unwrap_or_default();
    for (_, resource) in members(&template, "/Resources") {
        for policy in list(at(resource, "/Properties/Policies")) {
            for statement in list(at(policy, "/PolicyDocument/Statement")) {
                if at(statement, "/Effect") != "Allow" {
                    continue;
                }
                for action in list(at(statement, "/Action")).filter_map(Value::as_str) {
                    let service = action.split(':').next().unwrap_or_default();
                    let of_service = actions.entry(kind(service, action).to_owned()).or_default();
                    of_service.insert(action.to_owned());
                }
            }
        }
    }
    let mut statements: Vec<Value> = actions
        .into_iter()
        .map(|(kind, actions)| {
            json!({
                "Sid": sid(&kind),
                "Effect": "Allow",
                "Action": actions,
                "Resource": resources(&kind, &config.stack),
            })
        })
        .collect();
    // A boundary allows nothing that it does not name; this keeps it so, whoever adds to it later.
    statements.push(json!({
        "Sid": "NeverIdentities",
        "Effect": "Deny",
        "Action": ["iam:*", "organizations:*", "sts:*"],
        "Resource": "*",
    }));
    Ok(policy(statements))
}

/// The configuration under which roles need the most.
fn widest(config: &Config) -> Config {
    let names = || vec!["any".to_owned()];
    let profile = Profile {
        policies: names(),
        thing_groups: names(),
        thing_type: Some("any".to_owned()),
        ..Profile::default()
    };
    Config {
        encryption: Encryption::Kms,
        profiles: [("default".to_owned(), profile)].into(),
        ..config.clone()
    }
}

/// Log delivery is asked for without names, unlike the rest of CloudWatch Logs.
fn kind<'a>(service: &'a str, action: &str) -> &'a str {
    let own_logs = ["logs:CreateLogStream", "logs:PutLogEvents"];
    if service == "logs" && !own_logs.contains(&action) { "delivery" } else { service }
}

fn sid(kind: &str) -> String {
    let mut letters = kind.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

fn resources(kind: &str, stack: &str) -> Vec<String> {
    match kind {
        // AWS has no finer resource for log delivery, and for some of AWS IoT; devices have any name.
        "delivery" | "iot" => vec!["*".to_owned()],
        "events" => vec![arn("events", "event-bus/default")],
        // A key has no name; who may use it, the key's own policy and the roles' say.
        "kms" => vec![arn("kms", "key/*")],
        "lambda" => vec![arn("lambda", &format!("function:{stack}-*"))],
        "logs" => vec![arn("logs", &format!("log-group:/aws/lambda/{stack}-*"))],
        "s3" => vec![format!("arn:aws:s3:::{stack}-*")],
        "states" => ["execution", "stateMachine"]
            .map(|what| arn("states", &format!("{what}:{stack}-*")))
            .to_vec(),
        _ => vec![arn(kind, &format!("{stack}-*"))],
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}
