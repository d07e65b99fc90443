//! CloudFormation's intrinsic functions as untyped values.

use serde_json::{Value, json};

/// What `Ref` gives for a resource or a parameter.
pub(crate) fn reference(id: &str) -> Value {
    json!({ "Ref": id })
}

/// An attribute of a resource.
pub(crate) fn attribute(id: &str, name: &str) -> Value {
    json!({ "Fn::GetAtt": [id, name] })
}

/// Text with `${...}` in it, for CloudFormation to fill.
pub(crate) fn sub(text: impl Into<String>) -> Value {
    json!({ "Fn::Sub": text.into() })
}

/// A value where the switch is on, and nothing where it is off.
pub(crate) fn only_if(switch: &str, value: Value) -> Value {
    json!({ "Fn::If": [switch, value, reference("AWS::NoValue")] })
}

/// The ARN of something in the deployment's own account and Region, which needs no resource of the
/// template.
pub(crate) fn arn(service: &str, resource: &str) -> Value {
    sub(format!(
        "arn:${{AWS::Partition}}:{service}:${{AWS::Region}}:${{AWS::AccountId}}:{resource}"
    ))
}
