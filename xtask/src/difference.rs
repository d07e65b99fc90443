//! What a deployment would change: the template that is deployed against the one to be deployed.
//!
//! Pure, and of our own: CloudFormation's change set names resources and properties, and neither the statements of a
//! role nor the states of a machine. What it knows better, whether a resource is replaced, is taken over from it.

mod json;
mod names;
mod render;
mod resolve;
mod security;
mod statements;

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use infra::OnChange;
use serde_json::Value;

pub(crate) use json::json;
pub(crate) use names::of_type;
pub(crate) use render::{lines, security_lines};
pub(crate) use resolve::Resolved;
pub(crate) use security::{Concern, concerns};
pub(crate) use statements::Statement;

/// A template together with the values of its parameters.
#[derive(Clone, Debug, Default)]
pub(crate) struct Side<'a> {
    pub(crate) template: &'a str,
    pub(crate) parameters: BTreeMap<String, String>,
}

/// Everything that differs.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Difference {
    /// Whether there is no stack yet.
    pub(crate) is_new: bool,
    pub(crate) resources: Vec<ResourceDifference>,
    /// Outputs, and what else the template says.
    pub(crate) others: Vec<Change>,
}

/// A resource that is not as it was.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ResourceDifference {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) fate: Fate,
    /// Properties that change. A new resource has none: everything about it is new.
    pub(crate) changes: Vec<Change>,
    /// What it allows and forbids from now on.
    pub(crate) added: Vec<Statement>,
    /// What it no longer allows or forbids.
    pub(crate) removed: Vec<Statement>,
    /// The name that it has in AWS, where the template gives it one.
    pub(crate) name: Option<String>,
}

/// What becomes of a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Created,
    /// It stands there already, and becomes part of the stack again.
    TakenUp,
    Updated,
    /// Another one is made, and this one goes.
    Replaced,
    /// CloudFormation decides only when it gets there.
    MayBeReplaced,
    Deleted,
    /// It leaves the stack and stays in the account.
    Kept,
}

/// One value that changes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Change {
    /// Keys and positions that lead to it.
    pub(crate) path: Vec<String>,
    pub(crate) old: Option<Value>,
    pub(crate) new: Option<Value>,
    /// What that does to the resource, as far as it is known.
    pub(crate) effect: Option<OnChange>,
}

impl Difference {
    /// Between what is deployed, if anything is, and what is to be.
    pub(crate) fn between(deployed: Option<&Side<'_>>, desired: &Side<'_>) -> Result<Self> {
        let old = deployed.map(Resolved::of).transpose()?.unwrap_or_default();
        let new = Resolved::of(desired)?;
        let ids: BTreeSet<&String> = old.resources.keys().chain(new.resources.keys()).collect();
        let resources = ids
            .into_iter()
            .filter_map(|id| resource(id, old.resources.get(id), new.resources.get(id)));
        let mut others = Vec::new();
        if deployed.is_some() {
            compare(&mut Vec::new(), Some(&old.others), Some(&new.others), &mut others);
        }
        Ok(Self { is_new: deployed.is_none(), resources: resources.collect(), others })
    }

    /// Whether everything is as it should be.
    pub(crate) fn is_empty(&self) -> bool {
        self.resources.is_empty() && self.others.is_empty()
    }

    pub(crate) fn resource_mut(&mut self, id: &str) -> Option<&mut ResourceDifference> {
        self.resources.iter_mut().find(|resource| resource.id == id)
    }
}

fn resource(
    id: &str,
    old: Option<&resolve::Resource>,
    new: Option<&resolve::Resource>,
) -> Option<ResourceDifference> {
    let fate = match (old, new) {
        (None, _) => Fate::Created,
        (Some(old), None) if old.is_retained => Fate::Kept,
        (Some(_), None) => Fate::Deleted,
        (Some(_), Some(_)) => Fate::Updated,
    };
    let known = new.or(old)?;
    let mut difference = ResourceDifference {
        id: id.to_owned(),
        kind: known.kind.clone(),
        fate,
        changes: Vec::new(),
        added: Vec::new(),
        removed: Vec::new(),
        name: names::physical(&known.properties),
    };
    let statements = |side: Option<&resolve::Resource>| {
        side.map(|side| statements::of(&side.properties)).unwrap_or_default()
    };
    let (before, after) = (statements(old), statements(new));
    difference.added = statements::grouped(after.difference(&before));
    difference.removed = statements::grouped(before.difference(&after));
    if let (Some(old), Some(new)) = (old, new) {
        if old.kind != new.kind {
            difference.fate = Fate::Replaced;
        }
        let [before, after] = [old, new].map(|side| statements::without(&side.properties));
        compare(&mut Vec::new(), Some(&before), Some(&after), &mut difference.changes);
        compare(
            &mut Vec::new(),
            Some(&old.attributes),
            Some(&new.attributes),
            &mut difference.changes,
        );
        for change in &mut difference.changes {
            let path: Vec<&str> = change.path.iter().map(String::as_str).collect();
            change.effect = infra::on_change(&new.kind, &path);
            difference.fate = match (difference.fate, change.effect) {
                (_, Some(OnChange::Replaces)) | (Fate::Replaced, _) => Fate::Replaced,
                (_, Some(OnChange::MayReplace)) => Fate::MayBeReplaced,
                (fate, _) => fate,
            };
        }
        let is_same = difference.changes.is_empty()
            && difference.added.is_empty()
            && difference.removed.is_empty()
            && difference.fate == Fate::Updated;
        if is_same {
            return None;
        }
    }
    Some(difference)
}

/// Notes every value under `path` that differs. Lists of plain values are compared as a whole, because their
/// positions say nothing.
fn compare(
    path: &mut Vec<String>,
    old: Option<&Value>,
    new: Option<&Value>,
    changes: &mut Vec<Change>,
) {
    match (old, new) {
        (Some(old), Some(new)) if old == new => {}
        (Some(Value::Object(old)), Some(Value::Object(new))) => {
            let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
            for key in keys {
                path.push(key.clone());
                compare(path, old.get(key), new.get(key), changes);
                path.pop();
            }
        }
        (Some(Value::Array(old)), Some(Value::Array(new)))
            if old.iter().chain(new).all(Value::is_object) =>
        {
            for index in 0..old.len().max(new.len()) {
                path.push(format!("[{index}]"));
                compare(path, old.get(index), new.get(index), changes);
                path.pop();
            }
        }
        _ => changes.push(Change {
            path: path.clone(),
            old: old.cloned(),
            new: new.cloned(),
            effect: None,
        }),
    }
}

#[cfg(test)]
mod tests;
