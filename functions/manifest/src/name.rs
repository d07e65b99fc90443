//! The names that things get.

use std::fmt;
use std::str::FromStr;

use crate::entry::Entry;
use crate::template;
use crate::text;

/// The fields that a template may name, and what they are.
const FIELDS: [&str; 6] = ["cn", "unique_id", "mac", "chip_id", "serial", "fingerprint"];
/// AWS IoT's limit for thing names, in characters.
const LONGEST: usize = 128;

/// How things are named: text with fields in braces, such as `{cn}` or `sensor-{serial}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameTemplate {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Field(&'static str),
}

/// What is wrong with a template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// There is no such field.
    #[error("no field is called `{{{field}}}`: {}", known(nearest.as_deref()))]
    UnknownField {
        /// The field that was asked for.
        field: String,
        /// The field that was meant, probably.
        nearest: Option<String>,
    },
    /// Every thing would get the same name.
    #[error(
        "the template `{template}` names no field, so all things would get one name: \
         use for example `{{cn}}`"
    )]
    NoField {
        /// The template.
        template: String,
    },
    /// A brace has no counterpart.
    #[error(
        "a brace in the template `{template}` has no counterpart: fields are written as `{{cn}}`"
    )]
    Brace {
        /// The template.
        template: String,
    },
    /// The text around the fields holds what no thing name may have.
    #[error(
        "the character {character:?} in the template `{template}` may not be in a thing name: \
         use only a-z A-Z 0-9 : _ -"
    )]
    Character {
        /// The template.
        template: String,
        /// The character.
        character: char,
    },
}

impl TemplateError {
    /// Stable identifier.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "Name.Template"
    }
}

/// Why a device cannot be named by a template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// The device has no such field.
    #[error(
        "`thing_name` is \"{template}\", and this device has no `{field}`: {}",
        way_out(suggestion.as_ref())
    )]
    NoField {
        /// The template.
        template: String,
        /// The field that is missing.
        field: &'static str,
        /// A template that would do for this device.
        suggestion: Option<NameTemplate>,
    },
    /// AWS IoT does not allow the name.
    #[error("\"{name}\" cannot be a thing's name ({fault}): {}", way_out(suggestion.as_ref()))]
    Illegal {
        /// The name, shortened for messages.
        name: String,
        /// What is wrong with it.
        fault: NameFault,
        /// A template that would do for this device.
        suggestion: Option<NameTemplate>,
    },
}

/// Which part of AWS IoT's rule for names is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameFault {
    /// A character that names do not have.
    #[error("{0:?} is not among a-z A-Z 0-9 : _ -")]
    Character(char),
    /// Too long.
    #[error("it has {0} characters, and at most 128 are allowed")]
    Length(usize),
    /// Empty.
    #[error("it is empty")]
    Empty,
}

impl NameError {
    /// Stable identifier for reports.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoField { .. } => "Name.NoField",
            Self::Illegal { .. } => "Name.Illegal",
        }
    }
}

impl NameTemplate {
    /// Reads a template.
    pub fn parse(template: &str) -> Result<Self, TemplateError> {
        let brace = |_| TemplateError::Brace { template: template.to_owned() };
        let read = |part| match part {
            template::Part::Field(field) => Ok(Part::Field(known_field(field)?)),
            template::Part::Text(text) => match text.chars().find(|c| !is_allowed(*c)) {
                None => Ok(Part::Text(text.to_owned())),
                Some(character) => {
                    Err(TemplateError::Character { template: template.to_owned(), character })
                }
            },
        };
        let parts: Vec<_> = template::parts(template)
            .map_err(brace)?
            .into_iter()
            .map(read)
            .collect::<Result<_, _>>()?;
        if parts.iter().any(|part| matches!(part, Part::Field(_))) {
            Ok(Self { parts })
        } else {
            Err(TemplateError::NoField { template: template.to_owned() })
        }
    }

    /// What serves this device where the configuration says nothing: the MAC where the file gives
    /// one, because people know such devices by it, and otherwise the CN.
    #[must_use]
    pub fn default_for(entry: &Entry) -> Self {
        Self::of(if entry.fields.contains_key("mac") { "mac" } else { "cn" })
    }

    /// The name of a device's thing, checked against AWS IoT's rule. A name that breaks it is
    /// refused and never bent: two devices could end with one name.
    pub fn name(&self, entry: &Entry) -> Result<String, NameError> {
        let name = self.fill(entry).map_err(|field| NameError::NoField {
            template: self.to_string(),
            field,
            suggestion: suggestion(entry),
        })?;
        match fault(&name) {
            None => Ok(name),
            Some(fault) => Err(NameError::Illegal {
                name: text::excerpt(&name),
                fault,
                suggestion: suggestion(entry),
            }),
        }
    }

    fn of(field: &'static str) -> Self {
        Self { parts: vec![Part::Field(field)] }
    }

    /// The text, or the field that is missing.
    fn fill(&self, entry: &Entry) -> Result<String, &'static str> {
        self.parts
            .iter()
            .map(|part| match part {
                Part::Text(text) => Ok(text.as_str()),
                Part::Field(field) => entry.fields.get(*field).map(String::as_str).ok_or(*field),
            })
            .collect()
    }
}

impl FromStr for NameTemplate {
    type Err = TemplateError;

    fn from_str(template: &str) -> Result<Self, Self::Err> {
        Self::parse(template)
    }
}

impl fmt::Display for NameTemplate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.parts.iter().try_for_each(|part| match part {
            Part::Text(text) => formatter.write_str(text),
            Part::Field(field) => write!(formatter, "{{{field}}}"),
        })
    }
}

/// Whether AWS IoT allows this as the name of a thing.
#[must_use]
pub fn is_thing_name(name: &str) -> bool {
    fault(name).is_none()
}

/// AWS IoT's rule for names of things and of types: 1 to 128 of `a-zA-Z0-9:_-`.
pub(crate) fn fault(name: &str) -> Option<NameFault> {
    if let Some(character) = name.chars().find(|character| !is_allowed(*character)) {
        return Some(NameFault::Character(character));
    }
    match name.len() {
        0 => Some(NameFault::Empty),
        1..=LONGEST => None,
        length => Some(NameFault::Length(length)),
    }
}

const fn is_allowed(character: char) -> bool {
    matches!(character, 'a'..='z' | 'A'..='Z' | '0'..='9' | ':' | '_' | '-')
}

/// The first template of one field that names this device, the readable ones first.
fn suggestion(entry: &Entry) -> Option<NameTemplate> {
    ["unique_id", "chip_id", "mac", "cn", "serial", "fingerprint"]
        .into_iter()
        .map(NameTemplate::of)
        .find(|template| template.fill(entry).is_ok_and(|name| fault(&name).is_none()))
}

fn way_out(suggestion: Option<&NameTemplate>) -> String {
    match suggestion {
        Some(template) => {
            format!("set `thing_name = \"{template}\"` in the profile, and import the file again")
        }
        None => "no other field of it can be a name either".to_owned(),
    }
}

fn known_field(field: &str) -> Result<&'static str, TemplateError> {
    FIELDS.into_iter().find(|known| *known == field).ok_or_else(|| TemplateError::UnknownField {
        field: text::excerpt(field),
        nearest: nearest(field).map(str::to_owned),
    })
}

fn known(nearest: Option<&str>) -> String {
    nearest.map_or_else(
        || format!("use one of {{{}}}", FIELDS.join("}, {")),
        |nearest| format!("did you mean `{{{nearest}}}`?"),
    )
}

/// The known field that is reached with the fewest changes, where they are few.
fn nearest(field: &str) -> Option<&'static str> {
    let plain: String = field
        .to_ascii_lowercase()
        .chars()
        .map(|c| if c == '-' { '_' } else { c })
        .take(32)
        .collect();
    FIELDS
        .into_iter()
        .map(|known| (distance(&plain, known), known))
        .filter(|(changes, known)| *changes <= known.len().div_ceil(3))
        .min_by_key(|(changes, _)| *changes)
        .map(|(_, known)| known)
}

/// Levenshtein's distance.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (at, left) in a.chars().enumerate() {
        let mut diagonal = at;
        let mut before = at + 1;
        let mut next = vec![before];
        for (right, above) in b.chars().zip(row.iter().skip(1)) {
            before = (diagonal + usize::from(left != right)).min(before + 1).min(above + 1);
            next.push(before);
            diagonal = *above;
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, NameFault, NameTemplate, distance, fault};

    #[track_caller]
    fn refused(template: &str, expected: &str) {
        let error = NameTemplate::parse(template).unwrap_err();
        assert_eq!(error.code(), "Name.Template");
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn a_template_is_displayed_as_it_was_written() {
        for template in ["{cn}", "sensor-{serial}:{chip_id}_x", "{mac}{fingerprint}{unique_id}"] {
            assert_eq!(NameTemplate::parse(template).unwrap().to_string(), template);
        }
    }

    #[test]
    fn an_unknown_field_is_refused_with_the_nearest_known_one() {
        refused("{CN}", "no field is called `{CN}`: did you mean `{cn}`?");
        refused("{uniqueid}", "no field is called `{uniqueid}`: did you mean `{unique_id}`?");
        refused("{chip-id}", "no field is called `{chip-id}`: did you mean `{chip_id}`?");
        refused(
            "{colour}",
            "no field is called `{colour}`: use one of {cn}, {unique_id}, {mac}, {chip_id}, {serial}, \
             {fingerprint}",
        );
    }

    #[test]
    fn a_template_must_tell_things_apart_and_make_sense() {
        refused(
            "sensor",
            "the template `sensor` names no field, so all things would get one name: \
             use for example `{cn}`",
        );
        refused(
            "",
            "the template `` names no field, so all things would get one name: use for example `{cn}`",
        );
        let brace =
            "a brace in the template `{cn` has no counterpart: fields are written as `{cn}`";
        refused("{cn", brace);
        refused("cn}", &brace.replace("`{cn` has", "`cn}` has"));
        refused(
            "my {cn}",
            "the character ' ' in the template `my {cn}` may not be in a thing name: \
             use only a-z A-Z 0-9 : _ -",
        );
    }

    #[test]
    fn names_follow_the_rule_of_aws_iot() {
        assert_eq!(fault("aZ09:_-"), None);
        assert_eq!(fault(""), Some(NameFault::Empty));
        assert_eq!(fault("a b"), Some(NameFault::Character(' ')));
        assert_eq!(fault("gerät"), Some(NameFault::Character('ä')));
        assert_eq!(fault(&"x".repeat(LONGEST)), None);
        assert_eq!(fault(&"x".repeat(LONGEST + 1)), Some(NameFault::Length(129)));
    }

    #[test]
    fn distance_counts_changes() {
        for (a, b, changes) in
            [("", "mac", 3), ("mac", "mac", 0), ("mca", "mac", 2), ("uniqueid", "unique_id", 1)]
        {
            assert_eq!(distance(a, b), changes, "{a} {b}");
        }
    }
}
