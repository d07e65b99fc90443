//! Times as people read and write them. They are UTC, as in every report.

use anyhow::Result;
use aws_sdk_s3::primitives::{DateTime, DateTimeFormat};

use crate::advice::wrong_usage;

/// A time to the minute, such as `2026-11-22 09:30`.
pub(crate) fn minute(seconds: f64) -> String {
    let text = DateTime::from_secs_f64(seconds).fmt(DateTimeFormat::DateTime).unwrap_or_default();
    text.replace('T', " ").chars().take("2026-11-22 09:30".len()).collect()
}

/// A day, such as `2026-11-22`.
pub(crate) fn day(seconds: f64) -> String {
    minute(seconds).chars().take("2026-11-22".len()).collect()
}

/// How long something took, such as `48 s`, `12 min` and `3 h 20 min`.
pub(crate) fn duration(seconds: f64) -> String {
    let seconds = std::time::Duration::try_from_secs_f64(seconds).unwrap_or_default().as_secs();
    match (seconds / 3600, seconds % 3600 / 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes @ 1..10, seconds @ 1..) => format!("{minutes} min {seconds} s"),
        (0, minutes, _) => format!("{minutes} min"),
        (hours, 0, _) => format!("{hours} h"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

/// Seconds of the Unix epoch of a day, or of a day and a time.
pub(crate) fn seconds(text: &str) -> Result<f64> {
    let text = text.trim().replace(' ', "T");
    let zone = if text.ends_with('Z') { "" } else { "Z" };
    let whole = match text.len() {
        10 => format!("{text}T00:00:00Z"),
        16 => format!("{text}:00Z"),
        _ => format!("{text}{zone}"),
    };
    let time = DateTime::from_str(&whole, DateTimeFormat::DateTimeWithOffset);
    time.map(|time| time.as_secs_f64()).map_err(|_| {
        wrong_usage(format!("`{text}` is no date"), "write it as 2026-11-22, or 2026-11-22T09:30")
    })
}

#[cfg(test)]
mod tests {
    use super::{day, duration, minute, seconds};

    #[test]
    fn times_are_read_as_they_are_written() {
        assert_eq!(minute(1_795_339_800.9), "2026-11-22 09:30");
        assert_eq!(day(1_795_339_800.9), "2026-11-22");
        for text in
            ["2026-11-22 09:30", "2026-11-22T09:30", "2026-11-22T09:30:00Z", "2026-11-22T09:30:00"]
        {
            assert!((seconds(text).unwrap() - 1_795_339_800.0).abs() < 0.5, "{text}");
        }
        assert_eq!(minute(seconds("2026-11-22").unwrap()), "2026-11-22 00:00");
        assert!(seconds("yesterday").is_err() && seconds("22.11.2026").is_err());
    }

    #[test]
    fn durations_are_as_exact_as_they_matter() {
        let texts = [0.4, 48.0, 62.0, 600.0, 754.0, 7_200.0, 12_000.0].map(duration);
        assert_eq!(texts, ["0 s", "48 s", "1 min 2 s", "10 min", "12 min", "2 h", "3 h 20 min"]);
    }
}
