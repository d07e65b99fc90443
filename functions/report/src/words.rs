//! Numbers as people read them.

use std::fmt::Write as _;

use telemetry::float;

/// A number, its digits in groups of three.
pub(crate) fn count(number: u64) -> String {
    grouped(&number.to_string())
}

/// Digits in groups of three.
pub(crate) fn grouped(digits: &str) -> String {
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A size in bytes, and from a kilobyte on in the unit that fits as well.
pub(crate) fn size(bytes: u64) -> String {
    let units = [(1e9, "GB"), (1e6, "MB"), (1e3, "kB")];
    let mut text = format!("{} bytes", count(bytes));
    if let Some((unit, name)) = units.iter().find(|(unit, _)| float(bytes) >= *unit) {
        // Writing to a text does not fail.
        let _ = write!(text, " ({:.1} {name})", float(bytes) / unit);
    }
    text
}

/// A time span, to a tenth of a second below ten seconds.
pub(crate) fn duration(seconds: f64) -> String {
    let seconds = seconds.max(0.0);
    if seconds < 9.95 {
        let text = format!("{seconds:.1}");
        return format!("{} s", text.trim_end_matches(".0"));
    }
    let rest = |unit: f64, of: f64| (seconds.round() % of / unit).floor();
    let parts = [
        ((seconds.round() / 3_600.0).floor(), "h"),
        (rest(60.0, 3_600.0), "min"),
        (rest(1.0, 60.0), "s"),
    ];
    let parts = parts.iter().filter(|(number, _)| *number > 0.0);
    parts.map(|(number, unit)| format!("{number} {unit}")).collect::<Vec<_>>().join(" ")
}

/// A time span that is not known exactly.
pub(crate) fn roughly(seconds: f64) -> String {
    if seconds < 1.5 {
        "a second".to_owned()
    } else if seconds < 120.0 {
        format!("{seconds:.0} seconds")
    } else if seconds < 2.0 * 3_600.0 {
        format!("{:.0} minutes", seconds / 60.0)
    } else {
        format!("{:.1} hours", seconds / 3_600.0)
    }
}

/// A sum of money, as exact as an estimate is.
pub(crate) fn money(dollars: f64) -> String {
    if dollars < 0.01 {
        "a cent (US) or less".to_owned()
    } else {
        format!("{dollars:.2} US dollars")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_numbers_are_in_groups() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(count), ["0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn a_size_has_the_unit_that_fits() {
        let sizes = [0, 999, 1_500, 27_000_000].map(size);
        let expected =
            ["0 bytes", "999 bytes", "1,500 bytes (1.5 kB)", "27,000,000 bytes (27.0 MB)"];
        assert_eq!(sizes, expected);
    }

    #[test]
    fn estimates_are_told_as_people_tell_them() {
        let told = [0.4, 30.0, 600.0, 10_000.0].map(roughly);
        assert_eq!(told, ["a second", "30 seconds", "10 minutes", "2.8 hours"]);
        assert_eq!([0.004, 1.5].map(money), ["a cent (US) or less", "1.50 US dollars"]);
    }

    #[test]
    fn a_time_span_is_as_exact_as_it_matters() {
        let spans = [0.0, 0.84, 9.99, 59.6, 3_600.0, 100_123.0].map(duration);
        assert_eq!(spans, ["0 s", "0.8 s", "10 s", "1 min", "1 h", "27 h 48 min 43 s"]);
    }
}
