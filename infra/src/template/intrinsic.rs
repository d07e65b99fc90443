//! Reads CloudFormation's intrinsic functions back out of a template.

use serde_json::{Map, Value};

use crate::values::at;

/// An intrinsic function of the template, with what it is given.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Intrinsic<'v> {
    /// What stands for a resource, or a parameter's value.
    Ref(&'v str),
    /// A resource's attribute.
    GetAtt { resource: &'v str, attribute: &'v str },
    /// Text with `${...}` in it, and the names that it brings along.
    Sub { text: &'v str, own: Option<&'v Map<String, Value>> },
    /// One text of several.
    Join(&'v [Value]),
    /// A list of the parts of a text.
    Split(&'v [Value]),
    /// One item of a list.
    Select(&'v [Value]),
    /// A value of one of the template's tables.
    FindInMap { table: &'v str, keys: [&'v Value; 2] },
    /// One value or another.
    If { condition: &'v str, branches: [&'v Value; 2] },
    /// A function that is not written as CloudFormation reads it, or that is not known here.
    Malformed(&'v str),
}

impl<'v> Intrinsic<'v> {
    /// The function that a value is, if it is one.
    pub(crate) fn of(value: &'v Value) -> Option<Self> {
        let members = value.as_object().filter(|members| members.len() == 1)?;
        let (name, given) = members.iter().next()?;
        if name != "Ref" && !name.starts_with("Fn::") {
            return None;
        }
        Some(Self::read(name, given).unwrap_or(Self::Malformed(name)))
    }

    fn read(name: &str, given: &'v Value) -> Option<Self> {
        let items = given.as_array().map(Vec::as_slice);
        match (name, items) {
            ("Ref", _) => given.as_str().map(Self::Ref),
            ("Fn::GetAtt", Some([resource, attribute])) => {
                Some(Self::GetAtt { resource: resource.as_str()?, attribute: attribute.as_str()? })
            }
            ("Fn::Sub", None) => Some(Self::Sub { text: given.as_str()?, own: None }),
            ("Fn::Sub", Some([text, own])) => {
                Some(Self::Sub { text: text.as_str()?, own: Some(own.as_object()?) })
            }
            ("Fn::Join", Some([separator, parts])) => separator
                .is_string()
                .then(|| parts.as_array().map_or(std::slice::from_ref(parts), Vec::as_slice))
                .map(Self::Join),
            ("Fn::Split", Some([separator, _])) => {
                separator.is_string().then(|| items.map(Self::Split))?
            }
            ("Fn::Select", Some([_, _])) => items.map(Self::Select),
            ("Fn::FindInMap", Some([table, first, second])) => {
                Some(Self::FindInMap { table: table.as_str()?, keys: [first, second] })
            }
            ("Fn::If", Some([condition, then, otherwise])) => {
                Some(Self::If { condition: condition.as_str()?, branches: [then, otherwise] })
            }
            _ => None,
        }
    }
}

/// Whether the value says that there is none.
pub(crate) fn is_no_value(value: &Value) -> bool {
    at(value, "/Ref") == "AWS::NoValue"
}

/// The names between `${` and `}`.
pub(crate) fn placeholders(text: &str) -> impl Iterator<Item = &str> {
    text.split("${").skip(1).filter_map(|rest| rest.split_once('}').map(|(name, _)| name))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_function_is_read_or_said_to_be_malformed() {
        let malformed = |value: Value, name: &str| {
            assert_eq!(Intrinsic::of(&value), Some(Intrinsic::Malformed(name)));
        };
        malformed(json!({ "Ref": 1 }), "Ref");
        malformed(json!({ "Fn::GetAtt": "Queue.Arn" }), "Fn::GetAtt");
        malformed(json!({ "Fn::GetAtt": ["Queue"] }), "Fn::GetAtt");
        malformed(json!({ "Fn::Sub": ["${A}"] }), "Fn::Sub");
        malformed(json!({ "Fn::Join": ["a"] }), "Fn::Join");
        malformed(json!({ "Fn::If": ["A", 1] }), "Fn::If");
        malformed(json!({ "Fn::FindInMap": ["A", "B"] }), "Fn::FindInMap");
        malformed(json!({ "Fn::Cidr": [] }), "Fn::Cidr");
        assert_eq!(Intrinsic::of(&json!({ "Ref": "A", "B": 1 })), None);
        assert_eq!(Intrinsic::of(&json!({ "Reference": "A" })), None);
        assert_eq!(Intrinsic::of(&json!({ "Ref": "A" })), Some(Intrinsic::Ref("A")));
        let value = json!({ "Fn::GetAtt": ["A", "B.C"] });
        let read = Intrinsic::GetAtt { resource: "A", attribute: "B.C" };
        assert_eq!(Intrinsic::of(&value), Some(read));
    }
}
