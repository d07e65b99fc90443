//! Which actions a document names.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::values::listed;

/// The actions that the statements of a document name, those with wildcards left out.
pub fn named_actions(document: &Value) -> BTreeSet<String> {
    let mut actions = BTreeSet::new();
    collect(document, &mut actions);
    actions
}

fn collect(value: &Value, actions: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            if members.contains_key("Effect") {
                let named = ["Action", "NotAction"].into_iter().filter_map(|key| members.get(key));
                let named = named.flat_map(listed).filter_map(Value::as_str);
                actions.extend(named.filter(|action| !action.contains('*')).map(str::to_owned));
            }
            members.values().for_each(|member| collect(member, actions));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, actions)),
        _ => {}
    }
}
