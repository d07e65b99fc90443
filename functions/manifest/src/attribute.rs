//! What AWS IoT takes as attributes of a thing.

/// AWS IoT's limit for names of attributes, in characters.
const LONGEST_NAME: usize = 128;
/// AWS IoT's limit for values of attributes, in characters.
const LONGEST_VALUE: usize = 800;
/// How many attributes a thing may have that has no type.
const WITHOUT_TYPE: usize = 3;
/// How many attributes a thing may have that has a type.
const WITH_TYPE: usize = 50;

/// Why AWS IoT would not take an attribute, or so many of them. The text names no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AttributeFault {
    /// The name breaks AWS IoT's rule.
    #[error(
        "an attribute cannot be called `{name}` ({fault}): names are 1 to 128 of \
         a-z A-Z 0-9 _ . , @ / : # -"
    )]
    Name {
        /// The name, shortened for messages.
        name: String,
        /// What is wrong with it.
        fault: TextFault,
    },
    /// The value breaks AWS IoT's rule.
    #[error(
        "the value of the attribute `{name}` cannot be stored ({fault}): values are at most 800 of \
         a-z A-Z 0-9 _ . , @ / : # = [ ] -"
    )]
    Value {
        /// The attribute's name.
        name: String,
        /// What is wrong with the value.
        fault: TextFault,
    },
    /// The value is a number, or something else that is no text.
    #[error("the value of the attribute `{name}` is {found}: write it as text, in quotation marks")]
    NotText {
        /// The attribute's name, shortened for messages.
        name: String,
        /// What it is, with its article.
        found: &'static str,
    },
    /// More attributes than a thing may have.
    #[error("{}", too_many(*count, *has_type))]
    TooMany {
        /// How many there are.
        count: usize,
        /// Whether the thing has a type.
        has_type: bool,
    },
}

/// What is wrong with a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextFault {
    /// A character that is not allowed there.
    #[error("it has {0:?} in it")]
    Character(char),
    /// Too long.
    #[error("it has {0} characters")]
    Length(usize),
    /// Empty.
    #[error("it is empty")]
    Empty,
}

impl AttributeFault {
    /// Stable identifier for reports.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Name { .. } => "Attribute.Name",
            Self::Value { .. } => "Attribute.Value",
            Self::NotText { .. } => "Attribute.NotText",
            Self::TooMany { .. } => "Attribute.TooMany",
        }
    }
}

/// Whether AWS IoT takes this attribute. An empty value is none: it would remove the attribute.
pub fn check_attribute(name: &str, value: &str) -> Result<(), AttributeFault> {
    let shown = || crate::text::excerpt(name);
    if let Some(fault) = text_fault(name, LONGEST_NAME, is_in_name) {
        return Err(AttributeFault::Name { name: shown(), fault });
    }
    match text_fault(value, LONGEST_VALUE, is_in_value) {
        Some(fault) => Err(AttributeFault::Value { name: shown(), fault }),
        None => Ok(()),
    }
}

/// Whether a thing may have so many attributes.
pub fn check_attributes(count: usize, has_type: bool) -> Result<(), AttributeFault> {
    let most = if has_type { WITH_TYPE } else { WITHOUT_TYPE };
    if count <= most { Ok(()) } else { Err(AttributeFault::TooMany { count, has_type }) }
}

fn text_fault(text: &str, longest: usize, is_allowed: fn(char) -> bool) -> Option<TextFault> {
    if let Some(character) = text.chars().find(|character| !is_allowed(*character)) {
        return Some(TextFault::Character(character));
    }
    match text.len() {
        0 => Some(TextFault::Empty),
        length if length > longest => Some(TextFault::Length(length)),
        _ => None,
    }
}

fn is_in_name(character: char) -> bool {
    character.is_ascii_alphanumeric()
        || matches!(character, '_' | '.' | ',' | '@' | '/' | ':' | '#' | '-')
}

fn is_in_value(character: char) -> bool {
    is_in_name(character) || matches!(character, '=' | '[' | ']')
}

fn too_many(count: usize, has_type: bool) -> String {
    if has_type {
        format!("{count} attributes, and a thing has at most {WITH_TYPE}: leave some out")
    } else {
        format!(
            "{count} attributes, and a thing without a type has at most {WITHOUT_TYPE}: give the \
             profile a `thing_type`, or the device a `deviceType`"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::{AttributeFault, TextFault, check_attribute, check_attributes};

    #[track_caller]
    fn check(name: &str, value: &str, expected: Option<(&str, TextFault)>) {
        let found = check_attribute(name, value).err();
        let found = found.map(|fault| match fault {
            AttributeFault::Name { fault: text, .. }
            | AttributeFault::Value { fault: text, .. } => (fault.code(), text),
            other => panic!("{other}"),
        });
        assert_eq!(found, expected, "{name}={value}");
    }

    #[test]
    fn names_and_values_keep_to_the_rule_of_aws_iot() {
        check("aZ09_.,@/:#-", "aZ09_.,@/:#=[]-", None);
        check(&"n".repeat(128), &"v".repeat(800), None);
        check("", "v", Some(("Attribute.Name", TextFault::Empty)));
        check("a b", "v", Some(("Attribute.Name", TextFault::Character(' '))));
        check("a=b", "v", Some(("Attribute.Name", TextFault::Character('='))));
        check("größe", "v", Some(("Attribute.Name", TextFault::Character('ö'))));
        check(&"n".repeat(129), "v", Some(("Attribute.Name", TextFault::Length(129))));
        check("n", "", Some(("Attribute.Value", TextFault::Empty)));
        check("n", "rev B", Some(("Attribute.Value", TextFault::Character(' '))));
        check("n", "1+1", Some(("Attribute.Value", TextFault::Character('+'))));
        check("n", &"v".repeat(801), Some(("Attribute.Value", TextFault::Length(801))));
    }

    #[test]
    fn a_thing_without_a_type_has_three_attributes_and_one_with_a_type_fifty() {
        for (count, has_type, fits) in
            [(3, false, true), (4, false, false), (50, true, true), (51, true, false)]
        {
            let checked = check_attributes(count, has_type);
            assert_eq!(checked.is_ok(), fits, "{count} {has_type}");
            if let Err(fault) = checked {
                assert_eq!(fault, AttributeFault::TooMany { count, has_type });
                assert!(fault.to_string().starts_with(&count.to_string()), "{fault}");
            }
        }
    }

    #[test]
    fn no_message_holds_a_value() {
        let fault = check_attribute("DSN", "secret value").unwrap_err();
        assert!(!fault.to_string().contains("secret"), "{fault}");
        assert!(fault.to_string().contains("`DSN`"), "{fault}");
    }
}
