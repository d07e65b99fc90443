//! A template as far as it can be filled in without an account: parameters, conditions, joined and nested text.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde_json::{Map, Value};

use super::Side;

/// A template with its parameters filled in.
#[derive(Clone, Debug, Default)]
pub(crate) struct Resolved {
    pub(super) resources: BTreeMap<String, Resource>,
    /// Outputs, mappings and the description.
    pub(super) others: Value,
}

/// One resource.
#[derive(Clone, Debug)]
pub(super) struct Resource {
    pub(super) kind: String,
    pub(super) properties: Value,
    /// What stands beside the properties: policies of deletion, dependencies.
    pub(super) attributes: Value,
    pub(super) is_retained: bool,
}

impl Resolved {
    pub(crate) fn of(side: &Side<'_>) -> Result<Self> {
        let mut template: Value =
            serde_json::from_str(side.template).context("the deployed template is not JSON")?;
        let parameters = parameters(&template, &side.parameters);
        let conditions: BTreeMap<String, bool> = section(&template, "Conditions")
            .map(|(name, condition)| (name.clone(), holds(condition, &parameters)))
            .collect();
        let values = Values { parameters, conditions };
        let mut resources = BTreeMap::new();
        for (id, resource) in section(&template, "Resources") {
            let condition = resource.get("Condition").and_then(Value::as_str);
            if condition.is_some_and(|name| !values.holds(name)) {
                continue;
            }
            let mut attributes = resource.as_object().cloned().unwrap_or_default();
            let properties = attributes.remove("Properties").unwrap_or_default();
            let kind = attributes.remove("Type");
            attributes.remove("Condition");
            attributes.remove("Metadata");
            let policy = attributes.get("DeletionPolicy").and_then(Value::as_str);
            let is_retained = policy.is_some_and(|policy| policy.starts_with("Retain"));
            resources.insert(
                id.clone(),
                Resource {
                    kind: kind.as_ref().and_then(Value::as_str).unwrap_or_default().to_owned(),
                    properties: values.fill(&properties).unwrap_or_default(),
                    is_retained,
                    attributes: Value::Object(attributes),
                },
            );
        }
        let mut others = Map::new();
        for name in ["Description", "Mappings", "Outputs"] {
            let taken = template.get_mut(name).map(Value::take).unwrap_or_default();
            others.insert(name.to_owned(), values.fill(&taken).unwrap_or_default());
        }
        Ok(Self { resources, others: Value::Object(others) })
    }

    /// The name of one resource of each type, as far as the template says it.
    pub(crate) fn names(&self) -> BTreeMap<String, String> {
        let mut names = BTreeMap::new();
        for resource in self.resources.values() {
            if let Some(name) = super::names::template_name(&resource.properties) {
                names.entry(resource.kind.clone()).or_insert(name);
            }
        }
        names
    }

    /// The names of the stack's buckets by their ids, as far as the template says them.
    pub(crate) fn buckets(&self, fill: impl Fn(&str) -> String) -> BTreeMap<String, String> {
        let buckets =
            self.resources.iter().filter(|(_, resource)| resource.kind == "AWS::S3::Bucket");
        buckets
            .filter_map(|(id, resource)| {
                Some((id.clone(), fill(&super::names::template_name(&resource.properties)?)))
            })
            .collect()
    }
}

fn section<'t>(template: &'t Value, name: &str) -> impl Iterator<Item = (&'t String, &'t Value)> {
    template.get(name).and_then(Value::as_object).into_iter().flatten()
}

/// The parameters' values; the defaults where none is given.
fn parameters(template: &Value, given: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    section(template, "Parameters")
        .map(|(name, parameter)| {
            let default = parameter.get("Default").and_then(Value::as_str).unwrap_or_default();
            (name.clone(), given.get(name).cloned().unwrap_or_else(|| default.to_owned()))
        })
        .collect()
}

/// Conditions of this project compare one parameter with one word.
fn holds(condition: &Value, parameters: &BTreeMap<String, String>) -> bool {
    let sides = condition.get("Fn::Equals").and_then(Value::as_array);
    let Some([one, other]) = sides.map(Vec::as_slice) else { return true };
    let value = |side: &Value| match side.get("Ref").and_then(Value::as_str) {
        Some(name) => parameters.get(name).cloned(),
        None => side.as_str().map(str::to_owned),
    };
    value(one) == value(other)
}

struct Values {
    parameters: BTreeMap<String, String>,
    conditions: BTreeMap<String, bool>,
}

impl Values {
    fn holds(&self, condition: &str) -> bool {
        self.conditions.get(condition).copied().unwrap_or(true)
    }

    /// The value with everything filled in that can be; none where it is left out.
    fn fill(&self, value: &Value) -> Option<Value> {
        match value {
            Value::Array(items) => {
                Some(Value::Array(items.iter().filter_map(|item| self.fill(item)).collect()))
            }
            Value::Object(fields) => self.fill_object(fields),
            Value::String(text) => Some(unfolded(text.clone())),
            _ => Some(value.clone()),
        }
    }

    fn fill_object(&self, fields: &Map<String, Value>) -> Option<Value> {
        if let (1, Some((name, argument))) = (fields.len(), fields.iter().next()) {
            match name.as_str() {
                "Ref" if argument == "AWS::NoValue" => return None,
                "Ref" => {
                    if let Some(value) =
                        argument.as_str().and_then(|name| self.parameters.get(name))
                    {
                        return Some(Value::String(value.clone()));
                    }
                }
                "Fn::If" => {
                    if let Some([condition, yes, no]) = argument.as_array().map(Vec::as_slice) {
                        let holds = condition.as_str().is_none_or(|name| self.holds(name));
                        return self.fill(if holds { yes } else { no });
                    }
                }
                "Fn::Join" => {
                    if let Some(text) = self.joined(argument) {
                        return Some(unfolded(text));
                    }
                }
                "Fn::Sub" => {
                    if let Some(text) = argument.as_str() {
                        return Some(self.substituted(text));
                    }
                }
                _ => {}
            }
        }
        let filled = fields
            .iter()
            .filter_map(|(name, value)| Some((name.clone(), self.fill(value)?)))
            .collect();
        Some(Value::Object(filled))
    }

    fn joined(&self, argument: &Value) -> Option<String> {
        let [separator, items] = argument.as_array()?.as_slice() else { return None };
        let items: Option<Vec<String>> = items
            .as_array()?
            .iter()
            .map(|item| match item {
                // One line of many may look like JSON by itself.
                Value::String(text) => Some(text.clone()),
                item => self.fill(item)?.as_str().map(str::to_owned),
            })
            .collect();
        Some(items?.join(separator.as_str()?))
    }

    /// Text in which only what CloudFormation knows is left open.
    fn substituted(&self, text: &str) -> Value {
        let text = self.parameters.iter().fold(text.to_owned(), |text, (name, value)| {
            text.replace(&format!("${{{name}}}"), value)
        });
        match unfolded(text) {
            Value::String(text) if text.contains("${") => {
                let mut fields = Map::new();
                fields.insert("Fn::Sub".to_owned(), Value::String(text));
                Value::Object(fields)
            }
            value => value,
        }
    }
}

/// A machine's definition, a dashboard's body: JSON in a text is compared value by value, too.
fn unfolded(text: String) -> Value {
    match serde_json::from_str(&text) {
        Ok(value @ Value::Object(_)) => value,
        _ => Value::String(text),
    }
}
