//! Reads a file of `infra/l1`.

use std::collections::BTreeMap;

use toml::{Table, Value};

use super::kind::Kind;

/// What changing a property does to its resource.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum OnChange {
    /// The resource stays, and what it holds.
    #[default]
    InPlace,
    /// It depends on the value.
    MayReplace,
    /// Another resource takes its place.
    Replaces,
}

/// A property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Property {
    pub(crate) kind: Kind,
    pub(crate) required: bool,
    pub(crate) on_change: OnChange,
}

/// Properties by their names.
pub(crate) type Properties = BTreeMap<String, Property>;

/// A resource type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ResourceType {
    /// The attribute or property whose value `Ref` gives.
    pub(crate) reference: String,
    /// The form of the resource's ARN.
    pub(crate) arn: Option<String>,
    /// What `Fn::GetAtt` gives.
    pub(crate) attributes: BTreeMap<String, Kind>,
    /// What the resource is made of.
    pub(crate) properties: Properties,
    /// The types that only this resource type has.
    pub(crate) types: BTreeMap<String, Properties>,
}

/// The resource types of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Service {
    /// The version of the database that the file is made of.
    pub(crate) version: String,
    pub(crate) resource_types: BTreeMap<String, ResourceType>,
}

impl Service {
    /// Reads a file, or says where it is not what `cargo xtask l1` writes.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut table: Table = text.parse().map_err(|error| format!("no TOML: {error}"))?;
        let version = take_text(&mut table, "version")?;
        let resource_types = table
            .into_iter()
            .map(|(name, value)| {
                let resource_type = resource_type(value).map_err(|at| format!("{name}: {at}"))?;
                Ok((name, resource_type))
            })
            .collect::<Result<_, String>>()?;
        Ok(Self { version, resource_types })
    }
}

fn resource_type(value: Value) -> Result<ResourceType, String> {
    let mut table = as_table(value)?;
    let reference = take_text(&mut table, "ref")?;
    let arn = table.contains_key("arn").then(|| take_text(&mut table, "arn")).transpose()?;
    let attributes = take_table(&mut table, "attributes")?
        .into_iter()
        .map(|(name, value)| {
            let kind = value.as_str().and_then(Kind::parse);
            kind.ok_or_else(|| format!("attribute {name} has no type")).map(|kind| (name, kind))
        })
        .collect::<Result<_, String>>()?;
    let own = properties(take_table(&mut table, "properties")?)?;
    let types = take_table(&mut table, "types")?
        .into_iter()
        .map(|(name, value)| Ok((name, properties(as_table(value)?)?)))
        .collect::<Result<_, String>>()?;
    Ok(ResourceType { reference, arn, attributes, properties: own, types })
}

fn properties(table: Table) -> Result<Properties, String> {
    table
        .into_iter()
        .map(|(name, value)| {
            let property = value.as_str().and_then(property);
            property.ok_or_else(|| format!("{name} has no type")).map(|property| (name, property))
        })
        .collect()
}

/// Reads `string; required; replaces`.
fn property(text: &str) -> Option<Property> {
    let mut words = text.split("; ");
    let kind = Kind::parse(words.next()?)?;
    let mut property = Property { kind, required: false, on_change: OnChange::InPlace };
    for word in words {
        match word {
            "required" => property.required = true,
            "replaces" => property.on_change = OnChange::Replaces,
            "may replace" => property.on_change = OnChange::MayReplace,
            _ => return None,
        }
    }
    Some(property)
}

fn take_text(table: &mut Table, key: &str) -> Result<String, String> {
    match table.remove(key) {
        Some(Value::String(text)) => Ok(text),
        _ => Err(format!("`{key}` is missing")),
    }
}

/// A table that may be left out.
fn take_table(table: &mut Table, key: &str) -> Result<Table, String> {
    table.remove(key).map_or_else(|| Ok(Table::new()), as_table)
}

fn as_table(value: Value) -> Result<Table, String> {
    match value {
        Value::Table(table) => Ok(table),
        _ => Err("no table".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(Service::parse(text).expect_err(text), expected);
    }

    #[test]
    fn a_file_that_is_not_of_the_form_is_told_with_its_place() {
        check("[A]", "`version` is missing");
        check("version = \"1\"\nA = 1", "A: no table");
        check("version = \"1\"\n[A]", "A: `ref` is missing");
        let begin = "version = \"1\"\n[A]\nref = \"Id\"\n";
        check(&format!("{begin}[A.attributes]\nArn = \"text\""), "A: attribute Arn has no type");
        check(&format!("{begin}[A.properties]\nB = \"string; maybe\""), "A: B has no type");
        check(&format!("{begin}[A.types]\nB = \"string\""), "A: no table");
        assert!(Service::parse("=").expect_err("no TOML").starts_with("no TOML: "));
    }
}
