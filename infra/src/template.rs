//! A CloudFormation template in the making.

pub(crate) mod intrinsic;
pub(crate) mod references;

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value, json};

use crate::intrinsics::reference;
use crate::l1;
use crate::values::with;

/// Something that keeps the template from being deployed as it was meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Id of the construct, or `configuration`.
    pub construct: String,
    /// What is wrong and what to do.
    pub message: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.construct, self.message)
    }
}

/// One resource of the template.
#[derive(Debug)]
pub(crate) struct Resource {
    kind: &'static str,
    properties: Value,
    removal: Option<&'static str>,
    condition: Option<&'static str>,
    skips: BTreeMap<&'static str, &'static str>,
}

impl Resource {
    /// A resource of a CloudFormation type, such as `AWS::S3::Bucket`.
    pub(crate) fn new(kind: &'static str, properties: Value) -> Self {
        Self { kind, properties, removal: None, condition: None, skips: BTreeMap::new() }
    }

    /// Keeps the resource when the stack is deleted or no longer contains it.
    pub(crate) fn retained(self) -> Self {
        Self { removal: Some("Retain"), ..self }
    }

    /// Makes the resource only where the switch is on.
    pub(crate) fn only_if(self, switch: &'static str) -> Self {
        Self { condition: Some(switch), ..self }
    }

    /// Deletes the resource and what it holds together with the stack; said out loud where it holds
    /// something.
    pub(crate) fn disposable(self) -> Self {
        Self { removal: Some("Delete"), ..self }
    }

    /// Answers one of checkov's checks with a reason instead of a change. The reason stands in the
    /// template, where a reviewer finds it.
    pub(crate) fn skip_check(mut self, check: &'static str, reason: &'static str) -> Self {
        self.skips.insert(check, reason);
        self
    }

    fn entry(&self) -> Value {
        let mut entry = json!({ "Type": self.kind, "Properties": self.properties });
        if let Some(condition) = self.condition {
            entry = with(entry, "Condition", json!(condition));
        }
        if let Some(removal) = self.removal {
            entry = with(entry, "DeletionPolicy", json!(removal));
            entry = with(entry, "UpdateReplacePolicy", json!(removal));
        }
        if !self.skips.is_empty() {
            let skips: Vec<Value> = self
                .skips
                .iter()
                .map(|(check, reason)| json!({ "id": check, "comment": reason }))
                .collect();
            entry = with(entry, "Metadata", json!({ "checkov": { "skip": skips } }));
        }
        entry
    }
}

/// What the constructs add themselves to.
#[derive(Debug, Default)]
pub(crate) struct Template {
    parameters: BTreeMap<String, Value>,
    conditions: BTreeMap<String, Value>,
    mappings: BTreeMap<String, Value>,
    resources: BTreeMap<String, Resource>,
    outputs: BTreeMap<String, Value>,
    violations: Vec<Violation>,
}

impl Template {
    /// Adds a resource; ids are contract, since a changed id replaces the resource, so they are
    /// chosen by hand.
    pub(crate) fn add(&mut self, id: &str, resource: Resource) {
        if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            self.violation(id, "an id of CloudFormation is made of letters and digits only");
        }
        if self.resources.insert(id.to_owned(), resource).is_some() {
            self.violation(id, "two constructs have this id; choose another for one of them");
        }
    }

    /// Adds a parameter, which the deployment fills in.
    pub(crate) fn parameter(&mut self, name: &str, description: &str) {
        let parameter = json!({ "Type": "String", "Description": description, "MinLength": 1 });
        self.parameters.insert(name.to_owned(), parameter);
    }

    /// Adds a parameter that is "true" unless the deployment says "false", and a condition of the
    /// same name.
    pub(crate) fn switch(&mut self, name: &str, description: &str) {
        let parameter = json!({
            "Type": "String",
            "Description": description,
            "AllowedValues": ["true", "false"],
            "Default": "true",
        });
        self.parameters.insert(name.to_owned(), parameter);
        self.conditions.insert(name.to_owned(), json!({ "Fn::Equals": [reference(name), "true"] }));
    }

    /// Adds a table in which CloudFormation looks values up by two keys.
    pub(crate) fn mapping(
        &mut self,
        name: &str,
        entries: impl IntoIterator<Item = (&'static str, &'static str, Value)>,
    ) {
        let mut table = json!({});
        for (first, second, value) in entries {
            let row = table.get(first).cloned().unwrap_or_else(|| json!({}));
            table = with(table, first, with(row, second, value));
        }
        self.mappings.insert(name.to_owned(), table);
    }

    /// Adds an output, which tools and people read after the deployment.
    pub(crate) fn output(&mut self, name: &str, description: &str, value: Value) {
        self.outputs.insert(name.to_owned(), json!({ "Description": description, "Value": value }));
    }

    /// Notes what is wrong with a construct; all of it is reported together.
    pub(crate) fn violation(&mut self, construct: &str, message: impl Into<String>) {
        self.violations
            .push(Violation { construct: construct.to_owned(), message: message.into() });
    }

    /// The template as JSON with sorted keys, or everything that is wrong with it.
    pub(crate) fn finish(mut self, description: &str) -> Result<String, Vec<Violation>> {
        let resources: Map<String, Value> =
            self.resources.iter().map(|(id, resource)| (id.clone(), resource.entry())).collect();
        let mut template =
            json!({ "AWSTemplateFormatVersion": "2010-09-09", "Description": description });
        let sections = [
            ("Mappings", json!(self.mappings)),
            ("Parameters", json!(self.parameters)),
            ("Conditions", json!(self.conditions)),
            ("Resources", Value::Object(resources)),
            ("Outputs", json!(self.outputs)),
        ];
        for (name, section) in sections {
            if section.as_object().is_some_and(|members| !members.is_empty()) {
                template = with(template, name, section);
            }
        }
        // Another crate of the build may have switched serde_json to insertion order.
        template.sort_all_objects();
        self.violations.extend(references::check(&template));
        self.violations.extend(l1::check(&template));
        if !self.violations.is_empty() {
            return Err(self.violations);
        }
        Ok(format!("{template:#}\n"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intrinsics::{attribute, only_if, sub};

    fn messages(template: Template) -> Vec<String> {
        template
            .finish("a test")
            .expect_err("violations")
            .iter()
            .map(Violation::to_string)
            .collect()
    }

    fn queue(properties: Value) -> Resource {
        Resource::new("AWS::SQS::Queue", properties)
    }

    #[test]
    fn reports_every_violation_at_once() {
        let mut template = Template::default();
        template.add("Same", queue(json!({})));
        template.add("Same", queue(json!({})));
        template.add("not-legal", queue(json!({ "QueueName": reference("Gone") })));
        let tags =
            json!([{ "Key": "a", "Value": sub("${Lost.Arn}/${!Kept}/${Same}/${Same.Arm}") }]);
        template.add("Text", queue(json!({ "Tags": tags, "DelaySeconds": "0" })));
        template.output("Out", "An output", attribute("Missing", "Arn"));
        assert_eq!(
            messages(template),
            [
                "`Same`: two constructs have this id; choose another for one of them",
                "`not-legal`: an id of CloudFormation is made of letters and digits only",
                "`Text`: `Properties.Tags.0.Value` refers to `Lost`, which the template does not contain",
                "`Text`: `Properties.Tags.0.Value` refers to `Same.Arm`, but AWS::SQS::Queue has no such attribute; did you mean `Arn`?",
                "`not-legal`: `Properties.QueueName` refers to `Gone`, which the template does not contain",
                "`Out`: `Value` refers to `Missing`, which the template does not contain",
                "`Text`: `Properties.DelaySeconds` must be a whole number, got the text \"0\"",
            ]
        );
    }

    #[test]
    fn a_switch_is_on_unless_the_deployment_turns_it_off() {
        let mut template = Template::default();
        template.switch("Strict", "A switch");
        let switched =
            || queue(json!({ "DelaySeconds": only_if("Strict", json!(1)) })).only_if("Strict");
        template.add("Queue", switched());
        let text = template.finish("a test").expect("a template");
        let template: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(template["Parameters"]["Strict"]["Default"], "true");
        let condition = json!({ "Fn::Equals": [{ "Ref": "Strict" }, "true"] });
        assert_eq!(template["Conditions"]["Strict"], condition);
        assert_eq!(template["Resources"]["Queue"]["Condition"], "Strict");
        let mut template = Template::default();
        template.add("Queue", switched());
        let refers = "refers to the condition `Strict`, which the template does not contain";
        assert_eq!(
            messages(template),
            [
                format!("`Queue`: `Condition` {refers}"),
                format!("`Queue`: `Properties.DelaySeconds` {refers}"),
            ]
        );
    }

    #[test]
    fn a_check_that_is_left_out_says_why() {
        let mut template = Template::default();
        template.add("Queue", queue(json!({})).skip_check("B", "two").skip_check("A", "one"));
        let text = template.finish("a test").expect("a template");
        let template: Value = serde_json::from_str(&text).expect("JSON");
        let skips = json!([{ "id": "A", "comment": "one" }, { "id": "B", "comment": "two" }]);
        assert_eq!(template["Resources"]["Queue"]["Metadata"]["checkov"]["skip"], skips);
    }

    #[test]
    fn what_outlives_the_stack_is_said() {
        let mut template = Template::default();
        template.add("Kept", queue(json!({})).retained());
        template.add("Gone", queue(json!({})).disposable());
        template.add("Empty", queue(json!({})));
        let text = template.finish("a test").expect("a template");
        let template: Value = serde_json::from_str(&text).expect("JSON");
        for (id, policy) in [("Kept", "Retain"), ("Gone", "Delete")] {
            assert_eq!(template["Resources"][id]["DeletionPolicy"], policy);
            assert_eq!(template["Resources"][id]["UpdateReplacePolicy"], policy);
        }
        let empty = json!({ "Type": "AWS::SQS::Queue", "Properties": {} });
        assert_eq!(template["Resources"]["Empty"], empty);
        assert!(text.ends_with("}\n"));
    }
}
