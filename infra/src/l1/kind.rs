//! The types of properties and attributes, as `infra/l1` writes them.

use std::fmt;

/// The type of a property, of an attribute, or of what they are made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Text; where words are named, one of these.
    String(Vec<String>),
    /// A whole number; where figures are named, one of these.
    Integer(Vec<i64>),
    /// Any number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// An object without a form of its own, such as a policy.
    Json,
    /// Text with a time in it.
    Timestamp,
    /// An object with a `Key` and a `Value`.
    Tag,
    /// A list of one type.
    List(Box<Self>),
    /// An object whose members are of one type, whatever their names.
    Map(Box<Self>),
    /// One of several types.
    OneOf(Vec<Self>),
    /// An object of the form that the resource type has under this name.
    Nested(String),
}

impl Kind {
    /// Reads `string`, `[Rule]`, `{string}`, `json | string`, `string(Enabled, Disabled)`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let alternatives = split(text, " | ")?;
        if let [alone] = alternatives.as_slice() {
            return Self::parse_one(alone);
        }
        alternatives.into_iter().map(Self::parse_one).collect::<Option<_>>().map(Self::OneOf)
    }

    fn parse_one(text: &str) -> Option<Self> {
        let within = |open: &str, close: char| text.strip_prefix(open)?.strip_suffix(close);
        if let Some(element) = within("[", ']') {
            return Self::parse(element).map(Box::new).map(Self::List);
        }
        if let Some(element) = within("{", '}') {
            return Self::parse(element).map(Box::new).map(Self::Map);
        }
        if let Some(words) = within("string(", ')') {
            return Some(Self::String(words.split(", ").map(str::to_owned).collect()));
        }
        if let Some(figures) = within("integer(", ')') {
            let figures = figures.split(", ").map(|figure| figure.parse().ok());
            return figures.collect::<Option<_>>().map(Self::Integer);
        }
        Some(match text {
            "string" => Self::String(Vec::new()),
            "integer" => Self::Integer(Vec::new()),
            "number" => Self::Number,
            "boolean" => Self::Boolean,
            "json" => Self::Json,
            "timestamp" => Self::Timestamp,
            "tag" => Self::Tag,
            name => {
                let is_name = name.starts_with(|first: char| first.is_ascii_uppercase())
                    && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
                return is_name.then(|| Self::Nested(name.to_owned()));
            }
        })
    }

    /// Whether something of the other type may stand where this one is asked for.
    pub(super) fn takes(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::OneOf(kinds), _) => kinds.iter().any(|kind| kind.takes(other)),
            (_, Self::OneOf(kinds)) => kinds.iter().any(|kind| self.takes(kind)),
            (Self::String(_) | Self::Timestamp, Self::String(_) | Self::Timestamp)
            | (Self::Integer(_) | Self::Number, Self::Integer(_)) => true,
            (Self::List(wanted), Self::List(given)) | (Self::Map(wanted), Self::Map(given)) => {
                wanted.takes(given)
            }
            _ => self == other,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = |f: &mut fmt::Formatter<'_>, words: &[String]| match words {
            [word] => f.write_str(word),
            _ => write!(f, "one of {}", words.join(", ")),
        };
        match self {
            Self::String(allowed) if !allowed.is_empty() => {
                let quoted: Vec<String> =
                    allowed.iter().map(|word| format!("\"{word}\"")).collect();
                words(f, &quoted)
            }
            Self::Integer(allowed) if !allowed.is_empty() => {
                words(f, &allowed.iter().map(ToString::to_string).collect::<Vec<_>>())
            }
            Self::String(_) => f.write_str("text"),
            Self::Integer(_) => f.write_str("a whole number"),
            Self::Number => f.write_str("a number"),
            Self::Boolean => f.write_str("true or false"),
            Self::Json | Self::Map(_) => f.write_str("an object"),
            Self::Timestamp => f.write_str("text with a time"),
            Self::Tag => f.write_str("an object with `Key` and `Value`"),
            Self::List(_) => f.write_str("a list"),
            Self::OneOf(kinds) => {
                let kinds: Vec<String> = kinds.iter().map(ToString::to_string).collect();
                f.write_str(&kinds.join(" or "))
            }
            Self::Nested(name) => write!(f, "an object, `{name}`"),
        }
    }
}

/// The parts of a text between separators that stand outside of all brackets.
fn split<'t>(text: &'t str, separator: &str) -> Option<Vec<&'t str>> {
    let mut parts = Vec::new();
    let mut depth = 0_u32;
    let mut begin = 0;
    for (index, letter) in text.char_indices() {
        match letter {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.checked_sub(1)?,
            _ if depth == 0 && index >= begin && text.get(index..)?.starts_with(separator) => {
                parts.push(text.get(begin..index)?);
                begin = index + separator.len();
            }
            _ => {}
        }
    }
    parts.push(text.get(begin..)?);
    Some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Kind, shown: &str) {
        let kind = Kind::parse(text).expect(text);
        assert_eq!(kind, expected);
        assert_eq!(kind.to_string(), shown);
    }

    fn text() -> Kind {
        Kind::String(Vec::new())
    }

    #[test]
    fn every_type_can_be_written_and_told() {
        let words = |words: &[&str]| Kind::String(words.iter().map(|&word| word.into()).collect());
        check("string", text(), "text");
        check("string(On, Off)", words(&["On", "Off"]), "one of \"On\", \"Off\"");
        check("string(s3:A:*)", words(&["s3:A:*"]), "\"s3:A:*\"");
        check("integer", Kind::Integer(Vec::new()), "a whole number");
        check("integer(1, 30)", Kind::Integer(vec![1, 30]), "one of 1, 30");
        check("number", Kind::Number, "a number");
        check("boolean", Kind::Boolean, "true or false");
        check("json", Kind::Json, "an object");
        check("timestamp", Kind::Timestamp, "text with a time");
        check("tag", Kind::Tag, "an object with `Key` and `Value`");
        check("[string]", Kind::List(Box::new(text())), "a list");
        check("{[tag]}", Kind::Map(Box::new(Kind::List(Box::new(Kind::Tag)))), "an object");
        check("Code", Kind::Nested("Code".to_owned()), "an object, `Code`");
        check("json | string", Kind::OneOf(vec![Kind::Json, text()]), "an object or text");
        check(
            "{boolean | string(A | B)}",
            Kind::Map(Box::new(Kind::OneOf(vec![Kind::Boolean, words(&["A | B"])]))),
            "an object",
        );
    }

    #[test]
    fn what_is_no_type_is_none() {
        for text in ["", "text", "[", "[string", "string]", "{}", "integer(a)", "json |", "Co de"] {
            assert_eq!(Kind::parse(text), None, "{text}");
        }
    }

    #[test]
    fn what_a_reference_gives_fits_what_is_asked_for_or_not() {
        let takes = |wanted: &str, given: &str| {
            Kind::parse(wanted).expect(wanted).takes(&Kind::parse(given).expect(given))
        };
        assert!(takes("string(On, Off)", "string"), "its word is known to the deployment only");
        assert!(takes("json | string", "string") && takes("[string]", "[string]"));
        assert!(takes("number", "integer") && takes("timestamp", "string"));
        assert!(takes("string", "integer | string"), "CloudFormation finds out");
        assert!(!takes("integer", "string") && !takes("integer", "number"));
        assert!(!takes("[string]", "string") && !takes("string", "[string]"));
        assert!(!takes("[string]", "[integer]") && !takes("A", "B") && takes("A", "A"));
    }
}
