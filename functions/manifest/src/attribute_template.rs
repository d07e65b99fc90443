//! The attributes that a product line gives its things.

use std::collections::BTreeMap;

use crate::attribute::{AttributeFault, check_attribute};
use crate::entry::{Entry, Warning};
use crate::template::{self, Part};
use crate::text;

/// The attributes of a product line: text, with fields of the entry in braces, such as `{mac}`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AttributeTemplates {
    templates: Vec<Template>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Template {
    attribute: String,
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    /// A field's name, in lower case as entries have it.
    Field(String),
}

/// A template of an attribute cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a brace in the attribute `{attribute}` has no counterpart: fields are written as `{{mac}}`"
)]
pub struct AttributeTemplateError {
    /// The attribute.
    pub attribute: String,
}

impl AttributeTemplateError {
    /// Stable identifier.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "Attribute.Template"
    }
}

/// Why a device cannot be given an attribute.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AttributeError {
    /// The device has no such field.
    #[error(
        "the profile fills the attribute `{attribute}` from `{{{field}}}`, and this device has only {known}: correct `attributes` in the profile, and import the file again"
    )]
    NoField {
        /// The attribute.
        attribute: String,
        /// The field that is missing.
        field: String,
        /// The fields that are there.
        known: String,
    },
    /// AWS IoT does not take the attribute.
    #[error("{0}; leave the attribute out of the profile or correct the file, and import it again")]
    Fault(#[from] AttributeFault),
}

impl AttributeError {
    /// Stable identifier for reports.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoField { .. } => "Attribute.NoField",
            Self::Fault(fault) => fault.code(),
        }
    }
}

impl AttributeTemplates {
    /// Reads the attributes of a profile.
    pub fn parse<'a>(
        attributes: impl IntoIterator<Item = (&'a String, &'a String)>,
    ) -> Result<Self, AttributeTemplateError> {
        let piece = |part: Part<'_>| match part {
            Part::Text(text) => Piece::Text(text.to_owned()),
            Part::Field(field) => Piece::Field(field.to_lowercase()),
        };
        let read = |(attribute, text): (&String, &String)| match template::parts(text) {
            Ok(parts) => Ok(Template {
                attribute: attribute.clone(),
                pieces: parts.into_iter().map(piece).collect(),
            }),
            Err(_) => Err(AttributeTemplateError { attribute: attribute.clone() }),
        };
        Ok(Self { templates: attributes.into_iter().map(read).collect::<Result<_, _>>()? })
    }

    /// A device's attributes. One whose fields are empty for this device is left out, with a
    /// warning: AWS IoT knows no empty value.
    pub fn fill(
        &self,
        entry: &Entry,
    ) -> Result<(BTreeMap<String, String>, Vec<Warning>), AttributeError> {
        let mut attributes = BTreeMap::new();
        let mut warnings = Vec::new();
        for template in &self.templates {
            let value = template.fill(entry)?;
            if value.is_empty() {
                warnings.push(empty(&template.attribute));
                continue;
            }
            check_attribute(&template.attribute, &value)?;
            attributes.insert(template.attribute.clone(), value);
        }
        Ok((attributes, warnings))
    }
}

impl Template {
    fn fill(&self, entry: &Entry) -> Result<String, AttributeError> {
        let values = self.pieces.iter().map(|piece| match piece {
            Piece::Text(text) => Ok(text.as_str()),
            Piece::Field(field) => {
                entry.fields.get(field.as_str()).map(String::as_str).ok_or_else(|| {
                    AttributeError::NoField {
                        attribute: self.attribute.clone(),
                        field: text::excerpt(field),
                        known: known(entry),
                    }
                })
            }
        });
        values.collect()
    }
}

fn known(entry: &Entry) -> String {
    let fields = entry.fields.keys().map(|field| format!("`{{{}}}`", text::excerpt(field)));
    fields.collect::<Vec<_>>().join(", ")
}

fn empty(attribute: &str) -> Warning {
    Warning {
        code: "Attribute.Empty",
        text: format!(
            "the file gives nothing for the attribute `{attribute}` of this device, so it was left out"
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::AttributeTemplates;

    #[test]
    fn a_lone_brace_is_refused_with_the_attribute() {
        let attributes = BTreeMap::from([("mac".to_owned(), "{mac".to_owned())]);
        let error = AttributeTemplates::parse(&attributes).unwrap_err();
        assert_eq!(error.code(), "Attribute.Template");
        assert!(error.to_string().contains("`mac`"), "{error}");
    }
}
