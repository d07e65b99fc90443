//! Sentences whose words in backticks are code.

use crate::inert::visible;

/// A part of a sentence.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) is_code: bool,
    pub(crate) text: String,
}

/// The parts of a sentence. A backtick without its other one is a character like any other.
pub(crate) fn marked(sentence: &str) -> Vec<Part> {
    let pieces: Vec<_> = sentence.split('`').collect();
    let mut parts: Vec<Part> = Vec::new();
    for (number, piece) in pieces.iter().enumerate() {
        let is_code = number % 2 == 1;
        match parts.last_mut() {
            Some(last) if is_code && number + 1 == pieces.len() => {
                last.text.push('`');
                last.text.push_str(&visible(piece));
            }
            _ => parts.push(Part { is_code, text: visible(piece) }),
        }
    }
    parts.retain(|part| !part.text.is_empty());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(sentence: &str, expected: &[(bool, &str)]) {
        let parts = marked(sentence);
        let parts: Vec<_> = parts.iter().map(|part| (part.is_code, part.text.as_str())).collect();
        assert_eq!(parts, expected);
    }

    #[test]
    fn words_in_backticks_are_code() {
        check("no marks", &[(false, "no marks")]);
        check("", &[]);
        check("set `a = 1` in it", &[(false, "set "), (true, "a = 1"), (false, " in it")]);
        check("`a` and `b`", &[(true, "a"), (false, " and "), (true, "b")]);
        check("one ` alone", &[(false, "one ` alone")]);
        check("`a` and ` alone", &[(true, "a"), (false, " and ` alone")]);
        check("``", &[]);
        check("`<b>\u{202e}`", &[(true, "<b>\\u{202e}")]);
    }
}
