//! What AWS CloudFormation's resource types look like: their properties, attributes and types, and
//! whether a change replaces a resource.
//!
//! The files of `infra/l1` are made by `cargo xtask l1` of the database that aws-cdk-lib's own
//! classes are made of.

mod actions;
mod check;
mod kind;
mod schema;
mod types;

use std::sync::OnceLock;

pub use actions::named_actions;
pub(crate) use check::check;
use kind::Kind;
pub use schema::OnChange;
pub(crate) use schema::ResourceType;
use schema::Service;
pub use types::{RESOURCE_TYPES, file_of};

/// A file, which is read when a resource type of its service is asked for.
struct File {
    name: &'static str,
    text: &'static str,
    service: OnceLock<Result<Service, String>>,
}

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        [$(File {
            name: $name,
            text: include_str!(concat!("../l1/", $name)),
            service: OnceLock::new(),
        }),*]
    };
}

static FILES: [File; 10] = files![
    "cloudwatch.toml",
    "events.toml",
    "iam.toml",
    "kms.toml",
    "lambda.toml",
    "logs.toml",
    "s3.toml",
    "sns.toml",
    "sqs.toml",
    "stepfunctions.toml",
];

/// What is known of a resource type, or why nothing is.
pub(crate) fn resource_type(name: &str) -> Result<&'static ResourceType, String> {
    let file = file_of(name).and_then(|file| FILES.iter().find(|known| known.name == file));
    let Some(file) = file else { return Err(unknown(name)) };
    match file.service.get_or_init(|| Service::parse(file.text)) {
        Ok(service) => service.resource_types.get(name).ok_or_else(|| unknown(name)),
        Err(message) => {
            Err(format!("infra/l1/{} cannot be read ({message}): run `cargo xtask l1`", file.name))
        }
    }
}

fn unknown(name: &str) -> String {
    format!("infra/l1 does not know `{name}`: add it to RESOURCE_TYPES and run `cargo xtask l1`")
}

/// What changing a property does to its resource; `None` where the type or the property is not
/// known.
///
/// The path begins below `Properties`. It may name the index of a list's item, or leave it out.
/// Where a change replaces the resource, so does a change of anything beneath.
pub fn on_change(resource_type: &str, property_path: &[&str]) -> Option<OnChange> {
    let resource_type = self::resource_type(resource_type).ok()?;
    let (first, rest) = property_path.split_first()?;
    let property = resource_type.properties.get(*first)?;
    Some(property.on_change.max(beneath(resource_type, &property.kind, rest)?))
}

fn beneath(resource_type: &ResourceType, kind: &Kind, path: &[&str]) -> Option<OnChange> {
    let Some((first, rest)) = path.split_first() else { return Some(OnChange::InPlace) };
    match kind {
        Kind::Json => Some(OnChange::InPlace),
        Kind::Tag => {
            (rest.is_empty() && ["Key", "Value"].contains(first)).then_some(OnChange::InPlace)
        }
        Kind::Map(element) => beneath(resource_type, element, rest),
        Kind::List(element) => {
            let is_index = first.bytes().all(|byte| byte.is_ascii_digit());
            beneath(resource_type, element, if is_index { rest } else { path })
        }
        Kind::OneOf(kinds) => kinds.iter().find_map(|kind| beneath(resource_type, kind, path)),
        Kind::Nested(name) => {
            let property = resource_type.types.get(name)?.get(*first)?;
            Some(property.on_change.max(beneath(resource_type, &property.kind, rest)?))
        }
        Kind::String(_) | Kind::Integer(_) | Kind::Number | Kind::Boolean | Kind::Timestamp => None,
    }
}

#[cfg(test)]
mod tests;
