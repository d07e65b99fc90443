//! What policies allow and forbid, in pieces that can be compared, and in statements that can be read.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::names;

/// Properties that hold a policy, or a list of them.
const DOCUMENTS: [&str; 5] =
    ["AssumeRolePolicyDocument", "KeyPolicy", "Policies", "PolicyDocument", "ResourcePolicy"];

/// One action on one resource: the smallest thing that can be allowed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Piece {
    effect: String,
    principal: String,
    condition: String,
    resource: String,
    action: String,
}

/// Actions that are allowed, or forbidden, on the same resources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Statement {
    /// `Allow` or `Deny`.
    pub(crate) effect: String,
    /// Who, where the policy belongs to a resource.
    pub(crate) principal: String,
    pub(crate) actions: Vec<String>,
    pub(crate) resources: Vec<String>,
    pub(crate) condition: String,
}

impl Statement {
    /// Whether it lets everybody in.
    pub(crate) fn is_public(&self) -> bool {
        self.effect == "Allow" && self.principal.split(", ").any(|who| who == "*")
    }
}

/// Everything that a resource's policies allow and forbid.
pub(super) fn of(properties: &Value) -> BTreeSet<Piece> {
    let mut pieces = BTreeSet::new();
    for name in DOCUMENTS {
        collect(properties.get(name), &mut pieces);
    }
    pieces
}

/// The properties without what [`of`] tells.
pub(super) fn without(properties: &Value) -> Value {
    let mut properties = properties.clone();
    if let Some(fields) = properties.as_object_mut() {
        for name in DOCUMENTS {
            fields.remove(name);
        }
    }
    properties
}

fn collect(value: Option<&Value>, pieces: &mut BTreeSet<Piece>) {
    match value {
        // A role's `Policies`.
        Some(Value::Array(policies)) => {
            for policy in policies {
                collect(policy.get("PolicyDocument"), pieces);
            }
        }
        Some(Value::Object(document)) => {
            for statement in list(document.get("Statement")) {
                pieces.extend(pieces_of(statement));
            }
        }
        _ => {}
    }
}

fn pieces_of(statement: &Value) -> Vec<Piece> {
    let text = |name: &str| statement.get(name).map(names::shown).unwrap_or_default();
    let texts = |name: &str| list(statement.get(name)).into_iter().map(names::shown);
    let principal = statement.get("Principal").map(principal).unwrap_or_default();
    let condition = statement.get("Condition").map(condition).unwrap_or_default();
    // A trust policy has no resource, and a statement may name what it leaves out.
    let not = |name: &str, others: &str| -> Vec<String> {
        let named: Vec<String> = texts(name).collect();
        if !named.is_empty() {
            return named;
        }
        let left_out: Vec<String> = texts(others).collect();
        if left_out.is_empty() {
            vec![String::new()]
        } else {
            vec![format!("all but {}", left_out.join(", "))]
        }
    };
    let resources = not("Resource", "NotResource");
    let mut pieces = Vec::new();
    for action in not("Action", "NotAction") {
        for resource in &resources {
            pieces.push(Piece {
                effect: text("Effect"),
                principal: principal.clone(),
                condition: condition.clone(),
                resource: resource.clone(),
                action: action.clone(),
            });
        }
    }
    pieces
}

/// Pieces put together again: first by the resources of an action, then by the actions of the same resources.
pub(super) fn grouped<'p>(pieces: impl Iterator<Item = &'p Piece>) -> Vec<Statement> {
    let mut by_action: BTreeMap<[&str; 4], Vec<String>> = BTreeMap::new();
    for Piece { effect, principal, condition, resource, action } in pieces {
        let key = [effect, principal, condition, action].map(String::as_str);
        by_action.entry(key).or_default().push(resource.clone());
    }
    let mut by_resources: BTreeMap<([&str; 3], Vec<String>), Vec<String>> = BTreeMap::new();
    for ([effect, principal, condition, action], resources) in by_action {
        let key = ([effect, principal, condition], resources);
        by_resources.entry(key).or_default().push(action.to_owned());
    }
    by_resources
        .into_iter()
        .map(|(([effect, principal, condition], resources), actions)| Statement {
            effect: effect.to_owned(),
            principal: principal.to_owned(),
            condition: condition.to_owned(),
            resources: resources.into_iter().filter(|resource| !resource.is_empty()).collect(),
            actions,
        })
        .collect()
}

/// Who: the services and accounts, whatever kind of principal they are.
fn principal(value: &Value) -> String {
    match value {
        Value::Object(kinds)
            if !kinds.keys().any(|kind| kind.starts_with("Fn::") || kind == "Ref") =>
        {
            let names: Vec<String> =
                kinds.values().flat_map(|names| list(Some(names))).map(names::shown).collect();
            names.join(", ")
        }
        other => names::shown(other),
    }
}

/// `aws:SourceAccount StringEquals AWS::AccountId`, one after another.
fn condition(value: &Value) -> String {
    let mut texts = Vec::new();
    for (operator, keys) in value.as_object().into_iter().flatten() {
        for (key, values) in keys.as_object().into_iter().flatten() {
            let values: Vec<String> = list(Some(values)).into_iter().map(names::shown).collect();
            texts.push(format!("{key} {operator} {}", values.join(", ")));
        }
    }
    texts.join(" and ")
}

fn list(value: Option<&Value>) -> Vec<&Value> {
    match value {
        Some(Value::Array(items)) => items.iter().collect(),
        Some(value) => vec![value],
        None => Vec::new(),
    }
}
