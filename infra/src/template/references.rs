//! Finds references to what the template does not contain.

use serde_json::Value;

use super::Violation;
use crate::values::{at, members};

/// The check that CloudFormation would make after the upload, made before it.
pub(super) fn check(template: &Value) -> Vec<Violation> {
    let known = |name: &str| {
        let mut sections = ["/Parameters", "/Conditions", "/Resources"].iter();
        name.starts_with("AWS::")
            || sections.any(|section| at(template, section).get(name).is_some())
    };
    let mut violations = Vec::new();
    for section in ["/Resources", "/Outputs"] {
        for (id, entry) in members(template, section) {
            let mut names = Vec::new();
            collect(entry, &mut names);
            violations.extend(names.into_iter().filter(|name| !known(name)).map(|name| {
                Violation {
                    construct: id.clone(),
                    message: format!("refers to `{name}`, which the template does not contain"),
                }
            }));
        }
    }
    violations
}

fn collect<'v>(value: &'v Value, names: &mut Vec<&'v str>) {
    match value {
        Value::Object(object) => {
            for (key, inner) in object {
                match (key.as_str(), inner) {
                    ("Ref" | "Condition", Value::String(name)) => names.push(name),
                    ("Fn::If", Value::Array(branches)) => {
                        names.extend(branches.first().and_then(Value::as_str));
                        branches.iter().skip(1).for_each(|branch| collect(branch, names));
                    }
                    ("Fn::GetAtt", Value::Array(path)) => {
                        names.extend(path.first().and_then(Value::as_str));
                    }
                    ("Fn::Sub", Value::String(text)) => {
                        names.extend(placeholders(text).filter_map(resource));
                    }
                    _ => collect(inner, names),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, names)),
        _ => {}
    }
}

/// What a placeholder of `Fn::Sub` refers to; `${!Text}` stands for `${Text}` itself.
fn resource(placeholder: &str) -> Option<&str> {
    if placeholder.starts_with('!') { None } else { placeholder.split('.').next() }
}

/// The names between `${` and `}`.
pub(crate) fn placeholders(text: &str) -> impl Iterator<Item = &str> {
    text.split("${").skip(1).filter_map(|rest| rest.split_once('}').map(|(name, _)| name))
}
