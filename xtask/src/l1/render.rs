//! Writes what the database says of a service's resource types as TOML, a line a property.

use std::{collections::BTreeMap, fmt::Write as _};

use anyhow::{Result, anyhow, bail};

use super::database::{Database, Definition, Property, Replaces, Type};

/// How every file begins.
pub(super) const HEADER: &str = "# Names and types of npm's @aws-cdk/aws-service-spec.";

/// The file of one service.
pub(super) fn service(database: &Database, version: &str, kinds: &[&str]) -> Result<String> {
    let mut text = format!(
        "{HEADER} Written by `cargo xtask l1`; changed by no hand.\n\
         # A property is `<type>; <remarks>`: `[T]` is a list, `{{T}}` a map, `A | B` one of both, `string(A, B)`\n\
         # one of these words; a capital letter begins the name of a type below.\n\n\
         version = {}\n",
        quoted(version)
    );
    for kind in kinds {
        let resource = database
            .resource(kind)
            .ok_or_else(|| anyhow!("the database does not know `{kind}`"))?;
        writeln!(text, "\n[\"{kind}\"]\nref = {}", quoted(&resource.reference()))?;
        if let Some(arn) = &resource.arn {
            writeln!(text, "arn = {}", quoted(arn))?;
        }
        let mut definitions = Definitions { database, kind, found: BTreeMap::new() };
        let mut attributes = String::new();
        for (name, attribute) in &resource.attributes {
            let kind = definitions.expression(&attribute.kind)?;
            writeln!(attributes, "{} = {}", key(name), quoted(&kind))?;
        }
        if !attributes.is_empty() {
            write!(text, "\n[\"{kind}\".attributes]\n{attributes}")?;
        }
        let properties = definitions.fields(&resource.properties)?;
        write!(text, "\n[\"{kind}\".properties]\n{properties}")?;
        let mut written = BTreeMap::new();
        // Types name further types, until every one is written.
        while let Some((name, definition)) = definitions.next_unwritten(&written) {
            written.insert(name, definitions.fields(&definition.properties)?);
        }
        for (name, fields) in written {
            write!(text, "\n[\"{kind}\".types.{name}]\n{fields}")?;
        }
    }
    Ok(text)
}

/// The types of its own that a resource type turned out to have.
struct Definitions<'d> {
    database: &'d Database,
    kind: &'d str,
    found: BTreeMap<&'d str, &'d Definition>,
}

impl<'d> Definitions<'d> {
    fn next_unwritten(
        &self,
        written: &BTreeMap<&str, String>,
    ) -> Option<(&'d str, &'d Definition)> {
        let mut found = self.found.iter();
        found.find(|(name, _)| !written.contains_key(*name)).map(|(name, found)| (*name, *found))
    }

    fn fields(&mut self, properties: &'d BTreeMap<String, Property>) -> Result<String> {
        let mut lines = String::new();
        for (name, property) in properties {
            let mut words = vec![self.expression(&property.kind)?];
            if property.required {
                words.push("required".to_owned());
            }
            match property.replaces {
                Replaces::No => {}
                Replaces::Yes => words.push("replaces".to_owned()),
                Replaces::Maybe => words.push("may replace".to_owned()),
            }
            writeln!(lines, "{} = {}", key(name), quoted(&words.join("; ")))?;
        }
        Ok(lines)
    }

    fn expression(&mut self, kind: &'d Type) -> Result<String> {
        Ok(match kind {
            Type::String { allowed } => enumerated("string", allowed),
            Type::Integer { allowed } => enumerated("integer", allowed),
            Type::Number => "number".to_owned(),
            Type::Boolean => "boolean".to_owned(),
            Type::Json => "json".to_owned(),
            Type::DateTime => "timestamp".to_owned(),
            Type::Tag => "tag".to_owned(),
            Type::Array { element } => format!("[{}]", self.expression(element)?),
            Type::Map { element } => format!("{{{}}}", self.expression(element)?),
            Type::Union { types } => {
                let mut words = Vec::new();
                for kind in types {
                    words.push(self.expression(kind)?);
                }
                words.sort();
                words.join(" | ")
            }
            Type::Ref { reference } => {
                let definition = self.database.definition(reference).ok_or_else(|| {
                    anyhow!("`{}` refers to a type that the database does not contain", self.kind)
                })?;
                let other = self.found.insert(&definition.name, definition);
                if other.is_some_and(|other| other.id != definition.id) {
                    bail!("`{}` has two types called `{}`", self.kind, definition.name);
                }
                definition.name.clone()
            }
            Type::Other => bail!("`{}` has a property of a type that is not known here", self.kind),
        })
    }
}

fn enumerated<T: ToString>(name: &str, allowed: &[T]) -> String {
    if allowed.is_empty() {
        return name.to_owned();
    }
    let words: Vec<String> = allowed.iter().map(T::to_string).collect();
    format!("{name}({})", words.join(", "))
}

/// A key, in quotation marks where TOML wants them.
fn key(name: &str) -> String {
    let is_bare = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    if is_bare { name.to_owned() } else { quoted(name) }
}

/// Text in quotation marks. What the database holds needs no further escapes than these.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
