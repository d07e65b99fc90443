//! Finds references to what the template, or a resource of it, does not have.

use serde_json::{Map, Value};

use super::Violation;
use super::intrinsic::Intrinsic;
pub(crate) use super::intrinsic::placeholders;
use crate::config::suggest;
use crate::l1;
use crate::values::{at, listed, members};

/// What CloudFormation itself defines, but for `AWS::NoValue`, which is no value.
const PSEUDO_PARAMETERS: [&str; 8] = [
    "AWS::AccountId",
    "AWS::NoValue",
    "AWS::NotificationARNs",
    "AWS::Partition",
    "AWS::Region",
    "AWS::StackId",
    "AWS::StackName",
    "AWS::URLSuffix",
];

/// The check that CloudFormation would make after the upload, made before it.
pub(super) fn check(template: &Value) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (section, value) in [("/Resources", "Properties"), ("/Outputs", "Value")] {
        for (id, entry) in members(template, section) {
            let mut references = References { template, construct: id, violations: Vec::new() };
            if let Some(condition) = entry.get("Condition").and_then(Value::as_str) {
                references.condition("Condition", condition);
            }
            for other in entry.get("DependsOn").into_iter().flat_map(listed) {
                references.resource("DependsOn", other.as_str().unwrap_or_default());
            }
            references.walk(value, at(entry, &format!("/{value}")));
            violations.extend(references.violations);
        }
    }
    violations
}

struct References<'t> {
    template: &'t Value,
    construct: &'t str,
    violations: Vec<Violation>,
}

impl References<'_> {
    fn walk(&mut self, path: &str, value: &Value) {
        match Intrinsic::of(value) {
            Some(Intrinsic::Ref(name)) => self.reference(path, name),
            Some(Intrinsic::GetAtt { resource, attribute }) => {
                self.attribute(path, resource, attribute);
            }
            Some(Intrinsic::Sub { text, own }) => {
                self.substituted(path, text, own);
                for (_, value) in own.into_iter().flatten() {
                    self.walk(path, value);
                }
            }
            Some(Intrinsic::If { condition, branches }) => {
                self.condition(path, condition);
                for branch in branches {
                    self.walk(path, branch);
                }
            }
            Some(
                Intrinsic::Join(parts) | Intrinsic::Split(parts) | Intrinsic::Select(parts),
            ) => {
                for part in parts {
                    self.walk(path, part);
                }
            }
            Some(Intrinsic::FindInMap { table, keys }) => {
                if at(self.template, "/Mappings").get(table).is_none() {
                    self.push(
                        path,
                        format!("refers to the table `{table}`, which the template does not contain"),
                    );
                }
                for key in keys {
                    self.walk(path, key);
                }
            }
            Some(Intrinsic::Malformed(name)) => self.push(
                path,
                format!("has a `{name}` that is not written as CloudFormation reads it, or is not known here"),
            ),
            None => self.children(path, value),
        }
    }

    fn children(&mut self, path: &str, value: &Value) {
        match value {
            Value::Object(members) => {
                for (key, member) in members {
                    self.walk(&format!("{path}.{key}"), member);
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.walk(&format!("{path}.{index}"), item);
                }
            }
            _ => {}
        }
    }

    /// `${!Text}` stands for `${Text}` itself.
    fn substituted(&mut self, path: &str, text: &str, own: Option<&Map<String, Value>>) {
        for placeholder in placeholders(text).filter(|name| !name.starts_with('!')) {
            if own.is_some_and(|own| own.contains_key(placeholder)) {
                continue;
            }
            match placeholder.split_once('.') {
                Some((resource, attribute)) => self.attribute(path, resource, attribute),
                None => self.reference(path, placeholder),
            }
        }
    }

    fn reference(&mut self, path: &str, name: &str) {
        let is_parameter = at(self.template, "/Parameters").get(name).is_some();
        if !is_parameter && !PSEUDO_PARAMETERS.contains(&name) {
            self.resource(path, name);
        }
    }

    fn condition(&mut self, path: &str, name: &str) {
        if at(self.template, "/Conditions").get(name).is_none() {
            self.push(
                path,
                format!("refers to the condition `{name}`, which the template does not contain"),
            );
        }
    }

    fn resource(&mut self, path: &str, name: &str) {
        if at(self.template, "/Resources").get(name).is_none() {
            self.push(path, format!("refers to `{name}`, which the template does not contain"));
        }
    }

    fn attribute(&mut self, path: &str, resource: &str, attribute: &str) {
        let Some(entry) = at(self.template, "/Resources").get(resource) else {
            if at(self.template, "/Parameters").get(resource).is_some() {
                return self.push(
                    path,
                    format!(
                        "refers to `{resource}`, which the template does not contain as a resource"
                    ),
                );
            }
            return self.resource(path, resource);
        };
        let name = at(entry, "/Type").as_str().unwrap_or_default();
        // That a resource type is not known is said where the resource is.
        let Ok(resource_type) = l1::resource_type(name) else { return };
        if !resource_type.attributes.contains_key(attribute) {
            let known: Vec<&str> = resource_type.attributes.keys().map(String::as_str).collect();
            self.push(
                path,
                format!(
                    "refers to `{resource}.{attribute}`, but {name} has no such attribute; {}",
                    suggest::hint(attribute, &known)
                ),
            );
        }
    }

    fn push(&mut self, path: &str, message: String) {
        self.violations.push(Violation {
            construct: self.construct.to_owned(),
            message: format!("`{path}` {message}"),
        });
    }
}

#[cfg(test)]
mod tests;
