//! Compares the resources of a template with their types.

use serde_json::Value;

use super::kind::Kind;
use super::schema::{OnChange, Properties, Property};
use super::{ResourceType, resource_type};
use crate::config::suggest;
use crate::template::Violation;
use crate::template::intrinsic::{Intrinsic, is_no_value};
use crate::values::{at, members};

/// Longest text that a message repeats.
const SHOWN: usize = 40;

/// Everything about the resources that their types do not allow.
pub(crate) fn check(template: &Value) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (id, entry) in members(template, "/Resources") {
        let name = at(entry, "/Type").as_str().unwrap_or_default();
        match resource_type(name) {
            Ok(resource_type) => {
                let mut checker = Checker { template, name, resource_type, messages: Vec::new() };
                let properties = at(entry, "/Properties");
                checker.object("Properties", name, &resource_type.properties, properties);
                violations.extend(
                    checker
                        .messages
                        .into_iter()
                        .map(|message| Violation { construct: id.clone(), message }),
                );
            }
            Err(message) => violations.push(Violation { construct: id.clone(), message }),
        }
    }
    violations
}

struct Checker<'t> {
    template: &'t Value,
    name: &'t str,
    resource_type: &'static ResourceType,
    messages: Vec<String>,
}

impl Checker<'_> {
    /// A value that may be written out, or be made by CloudFormation.
    fn value(&mut self, path: &str, kind: &Kind, value: &Value) {
        match Intrinsic::of(value) {
            Some(Intrinsic::If { branches, .. }) => {
                for branch in branches.into_iter().filter(|branch| !is_no_value(branch)) {
                    self.value(path, kind, branch);
                }
            }
            Some(intrinsic) => {
                if let Some(given) = self.gives(&intrinsic).filter(|given| !kind.takes(given)) {
                    self.messages.push(format!(
                        "`{path}` must be {kind}, got {}, which gives {given}",
                        function(&intrinsic)
                    ));
                }
            }
            None => self.literal(path, kind, value),
        }
    }

    fn literal(&mut self, path: &str, kind: &Kind, value: &Value) {
        let fits = match kind {
            Kind::String(allowed) => value
                .as_str()
                .is_some_and(|text| allowed.is_empty() || allowed.iter().any(|word| word == text)),
            Kind::Integer(allowed) => {
                value.as_i64().is_some_and(|figure| allowed.is_empty() || allowed.contains(&figure))
            }
            Kind::Timestamp => value.is_string(),
            Kind::Number => value.is_number(),
            Kind::Boolean => value.is_boolean(),
            Kind::Json => value.is_object(),
            Kind::OneOf(kinds) => kinds.iter().any(|kind| self.would_fit(path, kind, value)),
            Kind::List(element) => {
                for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                    self.value(&format!("{path}.{index}"), element, item);
                }
                value.is_array()
            }
            Kind::Map(element) => {
                for (key, member) in value.as_object().into_iter().flatten() {
                    self.value(&format!("{path}.{key}"), element, member);
                }
                value.is_object()
            }
            Kind::Tag => {
                if value.is_object() {
                    self.object(path, "a tag", &tag(), value);
                }
                value.is_object()
            }
            Kind::Nested(name) => {
                let properties = self.resource_type.types.get(name);
                if let Some(properties) = properties.filter(|_| value.is_object()) {
                    let owner = format!("`{name}` of {}", self.name);
                    self.object(path, &owner, properties, value);
                }
                value.is_object()
            }
        };
        if !fits {
            self.messages.push(format!("`{path}` must be {kind}, got {}", shown(value)));
        }
    }

    fn would_fit(&self, path: &str, kind: &Kind, value: &Value) -> bool {
        let mut trial = Checker { messages: Vec::new(), ..*self };
        trial.literal(path, kind, value);
        trial.messages.is_empty()
    }

    fn object(&mut self, path: &str, owner: &str, properties: &Properties, value: &Value) {
        for (name, member) in value.as_object().into_iter().flatten() {
            let path = format!("{path}.{name}");
            match properties.get(name) {
                Some(_) if is_no_value(member) => {}
                Some(property) => self.value(&path, &property.kind, member),
                None => {
                    let known: Vec<&str> = properties.keys().map(String::as_str).collect();
                    let hint = suggest::hint(name, &known);
                    self.messages.push(format!("`{path}` is no property of {owner}; {hint}"));
                }
            }
        }
        for (name, property) in properties.iter().filter(|(_, property)| property.required) {
            let Property { kind, .. } = property;
            match value.get(name) {
                None => self
                    .messages
                    .push(format!("`{path}.{name}` is missing; {owner} requires it: {kind}")),
                Some(member) if may_be_absent(member) => self.messages.push(format!(
                    "`{path}.{name}` can be without a value; {owner} requires it: {kind}"
                )),
                Some(_) => {}
            }
        }
    }

    /// The type of what a function gives, where it is known before the deployment.
    fn gives(&self, intrinsic: &Intrinsic<'_>) -> Option<Kind> {
        let text = || Kind::String(Vec::new());
        let texts = || Kind::List(Box::new(text()));
        match intrinsic {
            Intrinsic::Ref("AWS::NotificationARNs") | Intrinsic::Split(_) => Some(texts()),
            Intrinsic::Ref(name) => {
                let parameter = at(self.template, "/Parameters").get(name);
                match parameter.map(|parameter| at(parameter, "/Type").as_str().unwrap_or_default())
                {
                    Some("Number") => Some(Kind::Number),
                    Some(kind) if kind == "CommaDelimitedList" || kind.starts_with("List<") => {
                        Some(texts())
                    }
                    _ => Some(text()),
                }
            }
            Intrinsic::GetAtt { resource, attribute } => {
                let resource = at(self.template, "/Resources").get(resource)?;
                let known = resource_type(at(resource, "/Type").as_str()?).ok()?;
                known.attributes.get(*attribute).cloned()
            }
            Intrinsic::Sub { .. } | Intrinsic::Join(_) => Some(text()),
            Intrinsic::Select(_)
            | Intrinsic::FindInMap { .. }
            | Intrinsic::If { .. }
            | Intrinsic::Malformed(_) => None,
        }
    }
}

/// CloudFormation's tags, which look the same everywhere.
fn tag() -> Properties {
    let text =
        Property { kind: Kind::String(Vec::new()), required: true, on_change: OnChange::InPlace };
    ["Key", "Value"].into_iter().map(|name| (name.to_owned(), text.clone())).collect()
}

fn may_be_absent(value: &Value) -> bool {
    match Intrinsic::of(value) {
        Some(Intrinsic::If { branches, .. }) => branches.into_iter().any(may_be_absent),
        _ => is_no_value(value),
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) if text.chars().count() > SHOWN => {
            format!("the text \"{}...\"", text.chars().take(SHOWN).collect::<String>())
        }
        Value::String(text) => format!("the text \"{text}\""),
        Value::Number(number) => format!("the number {number}"),
        Value::Bool(flag) => flag.to_string(),
        Value::Null => "null".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}

fn function(intrinsic: &Intrinsic<'_>) -> String {
    match intrinsic {
        Intrinsic::Ref(name) => format!("the `Ref` of `{name}`"),
        Intrinsic::GetAtt { resource, attribute } => {
            format!("the attribute `{resource}.{attribute}`")
        }
        Intrinsic::Sub { .. } => "a `Fn::Sub`".to_owned(),
        Intrinsic::Join(_) => "a `Fn::Join`".to_owned(),
        Intrinsic::Split(_) => "a `Fn::Split`".to_owned(),
        Intrinsic::Select(_) => "a `Fn::Select`".to_owned(),
        Intrinsic::FindInMap { .. } => "a `Fn::FindInMap`".to_owned(),
        Intrinsic::If { .. } => "a `Fn::If`".to_owned(),
        Intrinsic::Malformed(name) => format!("a `{name}`"),
    }
}

#[cfg(test)]
mod tests;
