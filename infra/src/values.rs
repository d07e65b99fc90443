//! Reading and changing JSON without the panics of its index operator.

use serde_json::Value;

/// What stands at a JSON pointer; null where there is nothing.
pub(crate) fn at<'v>(value: &'v Value, pointer: &str) -> &'v Value {
    value.pointer(pointer).unwrap_or(&Value::Null)
}

/// The members of the object at a JSON pointer; none where there is no object.
pub(crate) fn members<'v>(
    value: &'v Value,
    pointer: &str,
) -> impl Iterator<Item = (&'v String, &'v Value)> {
    at(value, pointer).as_object().into_iter().flatten()
}

/// The object with one more member.
pub(crate) fn with(mut object: Value, key: &str, member: Value) -> Value {
    if let Value::Object(members) = &mut object {
        members.insert(key.to_owned(), member);
    }
    object
}

/// The items of a list, or the one value that stands alone.
pub(crate) fn listed(value: &Value) -> &[Value] {
    value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice)
}
