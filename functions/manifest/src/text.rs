//! Small pieces of text for messages.

/// A value from a file, fit for a message: short, on one line, without control characters.
#[must_use]
pub fn excerpt(value: &str) -> String {
    shortened(value, 64)
}

/// The same of a file's name, which is longer: Infineon's have 30 to 80 characters.
pub(crate) fn name_excerpt(name: &str) -> String {
    shortened(name, 80)
}

fn shortened(value: &str, longest: usize) -> String {
    if value.len() <= longest && value.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return value.to_owned();
    }
    let mut text: String = value
        .chars()
        .take(longest)
        .map(|c| if is_unprintable(c) { '\u{fffd}' } else { c })
        .collect();
    if value.chars().nth(longest).is_some() {
        text.push('…');
    }
    text
}

/// Control characters, and those that turn the direction of the text around them.
fn is_unprintable(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut digits = Vec::with_capacity(bytes.len() * 2);
    for byte in bytes {
        digits.extend_from_slice(&[digit(byte >> 4), digit(byte & 15)]);
    }
    // Digits are text.
    String::from_utf8(digits).unwrap_or_default()
}

const fn digit(value: u8) -> u8 {
    if value < 10 { b'0' + value } else { b'a' + value - 10 }
}

/// The bytes that hex of either case stands for.
pub(crate) fn unhex(digits: &[u8]) -> Option<Vec<u8>> {
    let (pairs, odd) = digits.as_chunks::<2>();
    let digit = |digit: &u8| char::from(*digit).to_digit(16);
    let byte = |[high, low]: &[u8; 2]| u8::try_from(digit(high)? * 16 + digit(low)?).ok();
    if odd.is_empty() { pairs.iter().map(byte).collect() } else { None }
}

/// Seconds since 1970 as `YYYY-MM-DD`, in UTC.
#[must_use]
pub fn date(seconds: i64) -> String {
    // Years are counted from March, so that the leap day is a year's last, in eras of 400 years,
    // which all have 146,097 days. Day 0 of era 0 is 0000-03-01; 1970-01-01 is day 719,468.
    let days = seconds.div_euclid(86_400) + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::{date, excerpt, hex, name_excerpt, unhex};

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (seconds, expected) in [
            (0, "1970-01-01"),
            (-1, "1969-12-31"),
            (951_782_400, "2000-02-29"),
            (1_757_764_800, "2025-09-13"),
            (4_107_542_399, "2100-02-28"),
            (4_107_542_400, "2100-03-01"),
        ] {
            assert_eq!(date(seconds), expected);
        }
    }

    #[test]
    fn an_excerpt_is_short_and_on_one_line() {
        assert_eq!(excerpt("a\nb\u{202e}"), "a\u{fffd}b\u{fffd}");
        assert_eq!(excerpt(&"x".repeat(64)).chars().count(), 64);
        assert_eq!(excerpt(&"ü".repeat(1_000)).chars().count(), 65);
        assert_eq!(name_excerpt(&"ü".repeat(1_000)).chars().count(), 81);
    }

    #[test]
    fn hex_is_lower_case() {
        assert_eq!(hex(&[0x0a, 0xff]), "0aff");
        assert_eq!(unhex(b"0aFf"), Some(vec![0x0a, 0xff]));
        assert_eq!((unhex(b"0af"), unhex(b"0g")), (None, None));
    }
}
