//! The resource database of aws-cdk-lib, as far as names and types go.

use std::{collections::BTreeMap, fs::File, path::Path};

use anyhow::{Context, Result};
use flate2::read::GzDecoder;
use serde::Deserialize;

use crate::advice::Advise;

/// Resource types and the types that their properties are made of.
#[derive(Debug)]
pub(super) struct Database {
    resources: BTreeMap<String, Resource>,
    definitions: BTreeMap<String, Definition>,
}

impl Database {
    /// Reads `db.json.gz`.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let file =
            File::open(path).with_context(|| format!("failed to open {}", path.display()))?;
        let document: Document = serde_json::from_reader(GzDecoder::new(file))
            .with_context(|| format!("{} is no database of resource types", path.display()))
            .advise(|| "take db.json.gz of npm's @aws-cdk/aws-service-spec".into())?;
        let schema = document.schema;
        Ok(Self {
            resources: schema
                .resource
                .entities
                .into_iter()
                .map(|resource| (resource.name.clone(), resource))
                .collect(),
            definitions: schema
                .type_definition
                .entities
                .into_iter()
                .map(|definition| (definition.id.clone(), definition))
                .collect(),
        })
    }

    /// A resource type by its name, such as `AWS::S3::Bucket`.
    pub(super) fn resource(&self, name: &str) -> Option<&Resource> {
        self.resources.get(name)
    }

    /// What a reference stands for.
    pub(super) fn definition(&self, reference: &Reference) -> Option<&Definition> {
        self.definitions.get(&reference.id)
    }
}

#[derive(Deserialize)]
struct Document {
    schema: Schema,
}

#[derive(Deserialize)]
struct Schema {
    resource: Entities<Resource>,
    #[serde(rename = "typeDefinition")]
    type_definition: Entities<Definition>,
}

#[derive(Deserialize)]
struct Entities<T> {
    entities: Vec<T>,
}

/// One resource type.
#[derive(Debug, Deserialize)]
pub(super) struct Resource {
    #[serde(rename = "cloudFormationType")]
    name: String,
    pub(super) properties: BTreeMap<String, Property>,
    pub(super) attributes: BTreeMap<String, Attribute>,
    #[serde(rename = "arnTemplate")]
    pub(super) arn: Option<String>,
    #[serde(rename = "cfnRefIdentifier", default)]
    reference: Vec<String>,
    #[serde(rename = "primaryIdentifier", default)]
    identifier: Vec<String>,
}

impl Resource {
    /// What `Ref` gives: CloudFormation's identifier, unless the database says another thing.
    pub(super) fn reference(&self) -> String {
        let parts = if self.reference.is_empty() { &self.identifier } else { &self.reference };
        parts.join("|")
    }
}

/// A type of its own within a resource type.
#[derive(Debug, Deserialize)]
pub(super) struct Definition {
    #[serde(rename = "$id")]
    pub(super) id: String,
    pub(super) name: String,
    pub(super) properties: BTreeMap<String, Property>,
}

/// One property.
#[derive(Debug, Deserialize)]
pub(super) struct Property {
    #[serde(rename = "type")]
    pub(super) kind: Type,
    #[serde(default)]
    pub(super) required: bool,
    #[serde(rename = "causesReplacement", default)]
    pub(super) replaces: Replaces,
}

/// Whether changing a property replaces the resource.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(super) enum Replaces {
    #[default]
    No,
    Yes,
    Maybe,
}

/// One attribute, which `Fn::GetAtt` gives.
#[derive(Debug, Deserialize)]
pub(super) struct Attribute {
    #[serde(rename = "type")]
    pub(super) kind: Type,
}

/// A type of the database.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub(super) enum Type {
    String {
        #[serde(rename = "allowedValues", default)]
        allowed: Vec<String>,
    },
    Integer {
        #[serde(rename = "allowedValues", default)]
        allowed: Vec<i64>,
    },
    Number,
    Boolean,
    Json,
    DateTime,
    Tag,
    Array {
        element: Box<Self>,
    },
    Map {
        element: Box<Self>,
    },
    Union {
        types: Vec<Self>,
    },
    Ref {
        reference: Reference,
    },
    /// One that no resource type in use has; met, it is refused.
    #[serde(other)]
    Other,
}

/// A reference to a [`Definition`].
#[derive(Debug, Deserialize)]
pub(super) struct Reference {
    #[serde(rename = "$ref")]
    id: String,
}
