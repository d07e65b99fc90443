//! MACs, as the vendors' files have them.

use crate::reason::Reason;
use crate::text;

/// A MAC without the colons, dashes and blanks that it may come with. The case stays, because
/// things are named so. What the bits say is not looked at: vendors number as they like.
pub(crate) fn parse(value: &str) -> Result<String, Reason> {
    let digits: String = value
        .chars()
        .filter(|character| !matches!(character, ':' | '-') && !character.is_ascii_whitespace())
        .collect();
    if digits.len() == 12 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        Ok(digits)
    } else {
        Err(Reason::Mac { found: text::excerpt(value.trim()) })
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn separators_go_and_the_case_stays() {
        for text in ["aAbB00112233", "aA:bB:00:11:22:33", " aA-bB-00-11-22-33 ", "aAbB 0011 2233"] {
            assert_eq!(parse(text).as_deref(), Ok("aAbB00112233"), "{text}");
        }
        for text in ["", "aabb0011223", "aabb001122334", "aabb0011223g", "aa.bb.00.11.22.33"] {
            let reason = parse(text).unwrap_err();
            assert_eq!(reason.code(), "Manifest.Mac", "{text}");
            assert!(reason.to_string().contains(&format!("`{text}`")), "{reason}");
        }
    }
}
