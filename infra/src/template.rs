//! A CloudFormation template in the making.

pub(crate) mod references;

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value, json};

use crate::intrinsics::reference;
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
}

impl Resource {
    /// A resource of a CloudFormation type, such as `AWS::S3::Bucket`.
    pub(crate) fn new(kind: &'static str, properties: Value) -> Self {
        Self { kind, properties, removal: None, condition: None }
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
}

/// What the constructs add themselves to.
#[derive(Debug, Default)]
pub(crate) struct Template {
    parameters: BTreeMap<String, Value>,
    conditions: BTreeMap<String, Value>,
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
        let resources: Map<String, Value> = self
            .resources
            .iter()
            .map(|(id, resource)| {
                let mut entry = json!({ "Type": resource.kind, "Properties": resource.properties });
                if let Some(condition) = resource.condition {
                    entry = with(entry, "Condition", json!(condition));
                }
                if let Some(removal) = resource.removal {
                    entry = with(entry, "DeletionPolicy", json!(removal));
                    entry = with(entry, "UpdateReplacePolicy", json!(removal));
                }
                (id.clone(), entry)
            })
            .collect();
        let mut template = json!({
            "AWSTemplateFormatVersion": "2010-09-09",
            "Description": description,
            "Parameters": self.parameters,
            "Conditions": self.conditions,
            "Resources": resources,
            "Outputs": self.outputs,
        });
        self.violations.extend(references::check(&template));
        if !self.violations.is_empty() {
            return Err(self.violations);
        }
        // Another crate of the build may have switched serde_json to insertion order.
        template.sort_all_objects();
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

    #[test]
    fn reports_every_violation_at_once() {
        let mut template = Template::default();
        template.add("Same", Resource::new("AWS::SQS::Queue", json!({})));
        template.add("Same", Resource::new("AWS::SQS::Queue", json!({})));
        template
            .add("not-legal", Resource::new("AWS::SQS::Queue", json!({ "A": reference("Gone") })));
        template.add(
            "Text",
            Resource::new("AWS::SQS::Queue", json!({ "A": [sub("${Lost.Arn}/${!Kept}/${Same}")] })),
        );
        template.output("Out", "An output", attribute("Missing", "Arn"));
        assert_eq!(
            messages(template),
            [
                "`Same`: two constructs have this id; choose another for one of them",
                "`not-legal`: an id of CloudFormation is made of letters and digits only",
                "`Text`: refers to `Lost`, which the template does not contain",
                "`not-legal`: refers to `Gone`, which the template does not contain",
                "`Out`: refers to `Missing`, which the template does not contain",
            ]
        );
    }

    #[test]
    fn a_switch_is_on_unless_the_deployment_turns_it_off() {
        let mut template = Template::default();
        template.switch("Strict", "A switch");
        let queue =
            || Resource::new("AWS::SQS::Queue", json!({ "A": only_if("Strict", json!(1)) }));
        template.add("Queue", queue().only_if("Strict"));
        let text = template.finish("a test").expect("a template");
        let template: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(template["Parameters"]["Strict"]["Default"], "true");
        let condition = json!({ "Fn::Equals": [{ "Ref": "Strict" }, "true"] });
        assert_eq!(template["Conditions"]["Strict"], condition);
        assert_eq!(template["Resources"]["Queue"]["Condition"], "Strict");
        let mut template = Template::default();
        template.add("Queue", queue().only_if("Strict"));
        let message = "`Queue`: refers to `Strict`, which the template does not contain";
        assert_eq!(messages(template), [message, message]);
    }

    #[test]
    fn what_outlives_the_stack_is_said() {
        let mut template = Template::default();
        let queue = || Resource::new("AWS::SQS::Queue", json!({}));
        template.add("Kept", queue().retained());
        template.add("Gone", queue().disposable());
        template.add("Empty", queue());
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
