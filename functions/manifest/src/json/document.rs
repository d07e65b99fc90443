//! A JSON document that borrows from its text.
//!
//! It is refused for the same faults as by [`parse`](super::parse). What is read of it are texts,
//! and nothing is copied but those with escapes in them.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};

use super::JsonError;

/// An object with more members has a set of their names beside it while it is read.
const FEW: usize = 16;

/// A value, as far as signed documents are looked into.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value<'t> {
    Text(Cow<'t, str>),
    /// A whole number that is not negative.
    Number(u64),
    /// Any other number.
    OtherNumber,
    Null,
    Bool,
    Array(Vec<Self>),
    Object(Members<'t>),
}

/// The members of an object, no two of one name.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Members<'t>(Vec<(Cow<'t, str>, Value<'t>)>);

impl<'t> Value<'t> {
    /// Reads one document, and nothing after it.
    pub(crate) fn parse(text: &'t [u8], depth: usize) -> Result<Self, JsonError> {
        let fault = RefCell::new(None);
        let mut deserializer = serde_json::Deserializer::from_slice(text);
        let result = Strict { depth, fault: &fault }
            .deserialize(&mut deserializer)
            .and_then(|value| deserializer.end().map(|()| value));
        result.map_err(|error| {
            fault
                .into_inner()
                .unwrap_or(JsonError::Syntax { line: error.line(), column: error.column() })
        })
    }

    pub(crate) fn as_text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    pub(crate) const fn as_number(&self) -> Option<u64> {
        if let Self::Number(number) = self { Some(*number) } else { None }
    }

    pub(crate) const fn as_array(&self) -> Option<&[Self]> {
        if let Self::Array(values) = self { Some(values.as_slice()) } else { None }
    }

    pub(crate) const fn as_object(&self) -> Option<&Members<'t>> {
        if let Self::Object(members) = self { Some(members) } else { None }
    }
}

impl<'t> Members<'t> {
    pub(crate) fn get(&self, name: &str) -> Option<&Value<'t>> {
        self.0.iter().find(|(found, _)| found == name).map(|(_, value)| value)
    }

    /// The text of a member that is one.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.as_text()
    }

    pub(crate) fn contains(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Value<'t>)> {
        self.0.iter().map(|(name, value)| (name.as_ref(), value))
    }

    /// Whether both have a member of the same name.
    pub(crate) fn shares_a_name_with(&self, other: &Self) -> bool {
        let (few, many) = if self.0.len() < other.0.len() { (self, other) } else { (other, self) };
        if few.0.len() <= FEW {
            return few.0.iter().any(|(name, _)| many.contains(name));
        }
        let names: HashSet<&str> = few.0.iter().map(|(name, _)| name.as_ref()).collect();
        many.0.iter().any(|(name, _)| names.contains(name.as_ref()))
    }
}

/// Reads a value of any kind. serde's errors carry text only, so the fault is noted beside them.
#[derive(Clone, Copy)]
struct Strict<'f> {
    depth: usize,
    fault: &'f RefCell<Option<JsonError>>,
}

impl Strict<'_> {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        match self.depth.checked_sub(1) {
            Some(depth) => Ok(Self { depth, ..self }),
            None => Err(self.refuse(JsonError::TooDeep)),
        }
    }

    fn refuse<E: serde::de::Error>(self, fault: JsonError) -> E {
        self.fault.replace(Some(fault));
        E::custom("refused")
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value<'de>;

    fn deserialize<D: serde::Deserializer<'de>>(self, from: D) -> Result<Value<'de>, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value<'de>, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Value<'de>, E> {
        Ok(Value::Bool)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Value<'de>, E> {
        Ok(Value::OtherNumber)
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value<'de>, E> {
        Ok(Value::Number(number))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Value<'de>, E> {
        Ok(Value::OtherNumber)
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Value<'de>, E> {
        Ok(Value::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value<'de>, E> {
        Ok(Value::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Value<'de>, A::Error> {
        let inner = self.deeper()?;
        let mut values = Vec::new();
        while let Some(value) = sequence.next_element_seed(inner)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value<'de>, A::Error> {
        let inner = self.deeper()?;
        let mut object = Members::default();
        let mut many = HashSet::new();
        while let Some(name) = members.next_key_seed(Name)? {
            let is_there = if object.0.len() < FEW {
                object.contains(&name)
            } else {
                if many.is_empty() {
                    many.extend(object.0.iter().map(|(name, _)| name.clone()));
                }
                !many.insert(name.clone())
            };
            if is_there {
                return Err(self.refuse(JsonError::Duplicate(name.into_owned())));
            }
            let value = members.next_value_seed(inner)?;
            object.0.push((name, value));
        }
        Ok(Value::Object(object))
    }
}

/// Reads a member's name.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Cow<'de, str>;

    fn deserialize<D: serde::Deserializer<'de>>(self, from: D) -> Result<Cow<'de, str>, D::Error> {
        from.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = Cow<'de, str>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a name")
    }

    fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Borrowed(name))
    }

    fn visit_str<E>(self, name: &str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Owned(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use proptest::prelude::*;
    use serde_json::Value as Plain;

    use super::{FEW, Value};
    use crate::json::{JsonError, parse};

    /// What is read of a value that is read whole.
    fn read(value: &Plain) -> Value<'_> {
        match value {
            Plain::String(text) => Value::Text(Cow::Borrowed(text)),
            Plain::Number(number) => number.as_u64().map_or(Value::OtherNumber, Value::Number),
            Plain::Array(values) => Value::Array(values.iter().map(read).collect()),
            Plain::Object(members) => Value::Object(super::Members(
                members
                    .iter()
                    .map(|(name, value)| (Cow::Borrowed(name.as_str()), read(value)))
                    .collect(),
            )),
            Plain::Null => Value::Null,
            Plain::Bool(_) => Value::Bool,
        }
    }

    /// With the members in the order of their names.
    fn sorted(value: Value<'_>) -> Value<'_> {
        match value {
            Value::Array(values) => Value::Array(values.into_iter().map(sorted).collect()),
            Value::Object(mut members) => {
                members.0.sort_by(|(one, _), (other, _)| one.cmp(other));
                let members = members.0.into_iter().map(|(name, value)| (name, sorted(value)));
                Value::Object(super::Members(members.collect()))
            }
            other => other,
        }
    }

    #[track_caller]
    fn check(text: &[u8], depth: usize) {
        let whole = parse(text, depth);
        let borrowed = Value::parse(text, depth);
        let shown = String::from_utf8_lossy(text);
        match (&whole, borrowed) {
            (Ok(whole), Ok(borrowed)) => {
                assert_eq!(sorted(borrowed), sorted(read(whole)), "{shown}");
            }
            (Err(whole), borrowed) => assert_eq!(borrowed.as_ref().err(), Some(whole), "{shown}"),
            (Ok(_), Err(refused)) => panic!("{refused:?} of {shown}"),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

        /// Of the characters and words that mean something, so that many are documents.
        #[test]
        fn both_readers_say_the_same_of_any_text(
            tokens in prop::collection::vec(prop::sample::select(vec![
                "{", "}", "[", "]", ",", ":", "\"a\"", "\"b\"", "\"a\":", "\"b\":", "\"\\u0061\":", "\"x\\n\"", "1", "-1", "0.5",
                "1e999", "18446744073709551616", "true", "null", " ", "\n", "\"", "\\", "\u{e4}", "\"\u{e4}\"",
            ]), 0..24),
            depth in 0..4_usize,
        ) {
            check(tokens.concat().as_bytes(), depth);
        }

        #[test]
        fn both_readers_say_the_same_of_objects_of_any_size(
            names in prop::collection::vec(0..2_000_u32, 0..4 * FEW),
            cut in any::<prop::sample::Index>(),
        ) {
            let members: Vec<String> = names.iter().map(|name| format!(r#""{name}":[{name}]"#)).collect();
            let text = format!("{{{}}}", members.join(","));
            check(text.as_bytes(), 4);
            check(&text.as_bytes()[..cut.index(text.len())], 4);
        }
    }

    #[test]
    fn broken_text_is_refused_at_its_place() {
        for text in [&b"{} x"[..], b"", b"\"\xff\"", b"{\"\xff\":1}", b"[\"a\tb\"]", b"{\"a\":1,}"]
        {
            check(text, 9);
        }
    }

    #[test]
    fn a_member_twice_is_refused_however_many_there_are() {
        for others in [0, FEW - 1, FEW, 5 * FEW] {
            let others: Vec<_> = (0..others).map(|number| format!(r#""{number}":0,"#)).collect();
            let others = others.concat();
            let text = format!(r#"{{"a":1,{others}"\u0061":2,"#);
            assert_eq!(
                Value::parse(text.as_bytes(), 9),
                Err(JsonError::Duplicate("a".into())),
                "{text}"
            );
        }
    }

    #[test]
    fn names_that_two_objects_share_are_found() {
        let object = |from: usize, to: usize| {
            let members: Vec<_> = (from..to).map(|name| format!(r#""{name}":0"#)).collect();
            format!("{{{}}}", members.join(","))
        };
        for (one, other, expected) in [
            ((0, 3), (3, 6), false),
            ((0, 3), (2, 6), true),
            ((0, 3 * FEW), (3 * FEW, 9 * FEW), false),
            ((0, 3 * FEW), (3 * FEW - 1, 9 * FEW), true),
            ((0, 0), (0, 9), false),
        ] {
            let (one, other) = (object(one.0, one.1), object(other.0, other.1));
            let (one, other) = (
                Value::parse(one.as_bytes(), 9).unwrap(),
                Value::parse(other.as_bytes(), 9).unwrap(),
            );
            let (one, other) = (one.as_object().unwrap(), other.as_object().unwrap());
            assert_eq!(one.shares_a_name_with(other), expected);
            assert_eq!(other.shares_a_name_with(one), expected);
        }
    }
}
