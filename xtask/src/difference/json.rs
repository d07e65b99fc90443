//! The difference for a program.

use infra::OnChange;
use serde_json::{Value, json};

use super::{Change, Concern, Difference, Fate, ResourceDifference, Statement, names};

/// Everything that differs, and what of it is to be looked at.
pub(crate) fn json(difference: &Difference, concerns: &[Concern]) -> Value {
    json!({
        "new": difference.is_new,
        "resources": difference.resources.iter().map(resource).collect::<Vec<_>>(),
        "template": difference.others.iter().map(change).collect::<Vec<_>>(),
        "security": concerns.iter().map(|concern| json!({
            "kind": concern.kind.name(),
            "id": concern.id,
            "text": concern.text.replace('\n', ": "),
        })).collect::<Vec<_>>(),
    })
}

fn resource(resource: &ResourceDifference) -> Value {
    let (what, name) = names::construct(&resource.id, &resource.kind);
    let action = match resource.fate {
        Fate::Created => "create",
        Fate::TakenUp => "import",
        Fate::Updated => "update",
        Fate::Replaced => "replace",
        Fate::MayBeReplaced => "may_replace",
        Fate::Deleted => "delete",
        Fate::Kept => "retain",
    };
    json!({
        "construct": format!("{what} {name}"),
        "id": resource.id,
        "type": resource.kind,
        "name": resource.name,
        "action": action,
        "properties": resource.changes.iter().map(change).collect::<Vec<_>>(),
        "statements": {
            "added": resource.added.iter().map(statement).collect::<Vec<_>>(),
            "removed": resource.removed.iter().map(statement).collect::<Vec<_>>(),
        },
    })
}

fn change(change: &Change) -> Value {
    let effect = change.effect.map(|effect| match effect {
        OnChange::InPlace => "in_place",
        OnChange::Replaces => "replaces",
        OnChange::MayReplace => "may_replace",
    });
    json!({ "path": change.path, "old": change.old, "new": change.new, "effect": effect })
}

fn statement(statement: &Statement) -> Value {
    json!({
        "effect": statement.effect,
        "principal": (!statement.principal.is_empty()).then_some(&statement.principal),
        "actions": statement.actions,
        "resources": statement.resources,
        "condition": (!statement.condition.is_empty()).then_some(&statement.condition),
    })
}
