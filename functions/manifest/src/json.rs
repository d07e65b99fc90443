//! JSON without duplicate members.
//!
//! Which of two members of one name counts is a matter of the parser, so a signed document that has
//! both can mean one thing to its checker and another to its reader. Here such a document is
//! refused whole.

mod document;
mod reader;
mod scan;

use std::cell::RefCell;
use std::fmt;

use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

pub(crate) use self::document::{Members, Value as Borrowed};
pub(crate) use self::reader::{At, Items, Length, Reader};

/// What is wrong with a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum JsonError {
    /// It is no JSON from this byte on, counted from 1 within its line.
    Syntax { line: usize, column: usize },
    /// An object has two members of this name.
    Duplicate(String),
    /// It nests deeper than the limit.
    TooDeep,
}

/// Reads one document, and nothing after it.
pub(crate) fn parse(text: &[u8], depth: usize) -> Result<Value, JsonError> {
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
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("no JSON number"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut values = Vec::new();
        while let Some(value) = sequence.next_element_seed(inner)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            if object.contains_key(&name) {
                return Err(self.refuse(JsonError::Duplicate(name)));
            }
            let value = members.next_value_seed(inner)?;
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{JsonError, parse};

    #[test]
    fn every_kind_of_value_is_read() {
        let text = br#" {"a": [1, -2, 0.5, true, null, "x\n"], "b": {}} "#;
        assert_eq!(parse(text, 2), Ok(json!({"a": [1, -2, 0.5, true, null, "x\n"], "b": {}})));
    }

    #[test]
    fn a_member_twice_is_refused_at_any_depth_and_in_any_spelling() {
        for text in [r#"{"a":1,"a":1}"#, r#"{"b":[{"a":1,"c":2,"a":3}]}"#, r#"{"a":1,"\u0061":2}"#]
        {
            assert_eq!(parse(text.as_bytes(), 9), Err(JsonError::Duplicate("a".into())), "{text}");
        }
    }

    #[test]
    fn the_same_name_in_two_objects_is_no_duplicate() {
        assert!(parse(br#"[{"a":1},{"a":{"a":2}}]"#, 9).is_ok());
    }

    #[test]
    fn nesting_is_limited() {
        assert!(parse(b"[[1]]", 2).is_ok());
        assert_eq!(parse(b"[[[1]]]", 2), Err(JsonError::TooDeep));
        assert_eq!(parse(br#"{"a":{"b":{}}}"#, 2), Err(JsonError::TooDeep));
        assert!(parse("[".repeat(100_000).as_bytes(), usize::MAX).is_err());
    }

    #[test]
    fn nothing_may_follow() {
        assert_eq!(parse(b"{} x", 9), Err(JsonError::Syntax { line: 1, column: 4 }));
    }
}
