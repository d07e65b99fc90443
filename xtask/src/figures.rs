//! Numbers, durations and times, as people read them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_sdk_s3::primitives::{DateTime, DateTimeFormat};

/// `1,000,000`
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 device`, `1,000 devices`
pub(crate) fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(number), if number == 1 { one } else { many })
}

/// `40 s`, `2 min 10 s`, `3 h 20 min`, `4 days 3 h`
pub(crate) fn duration(seconds: f64) -> String {
    let whole = Duration::try_from_secs_f64(seconds.round()).unwrap_or_default().as_secs();
    let (minutes, hours, days) = (whole / 60, whole / 3_600, whole / 86_400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{whole} s"),
        (0, 0, _) => format!("{minutes} min {} s", whole % 60),
        (0, _, _) => format!("{hours} h {} min", minutes % 60),
        (1, _, _) => format!("1 day {} h", hours % 24),
        _ => format!("{days} days {} h", hours % 24),
    }
}

/// A rate, to the digit that tells something: `0.25`, `9.8`, `120`.
pub(crate) fn rate(a_second: f64) -> String {
    let text = match a_second {
        _ if a_second >= 99.95 => format!("{a_second:.0}"),
        _ if a_second >= 0.95 => format!("{a_second:.1}"),
        _ => format!("{a_second:.2}"),
    };
    // Configured rates are whole numbers most often.
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// A time, to the second: `2026-11-22T13:05:00Z`.
pub(crate) fn time(epoch_seconds: f64) -> String {
    let whole = Duration::try_from_secs_f64(epoch_seconds).unwrap_or_default().as_secs();
    let time = DateTime::from(UNIX_EPOCH + Duration::from_secs(whole));
    time.fmt(DateTimeFormat::DateTime).unwrap_or_default()
}

/// Seconds of the epoch; 0 for a time before it.
pub(crate) fn seconds_of(time: SystemTime) -> f64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::{counted, duration, grouped, rate, time};

    #[test]
    fn numbers_are_grouped_and_named() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(counted(1, "device", "devices"), "1 device");
        assert_eq!(counted(2_000, "device", "devices"), "2,000 devices");
    }

    #[test]
    fn a_duration_has_two_units_at_most() {
        let said = [0.2, 59.4, 130.0, 12_000.0, 86_400.0, 360_000.0].map(duration);
        assert_eq!(said, ["0 s", "59 s", "2 min 10 s", "3 h 20 min", "1 day 0 h", "4 days 4 h"]);
    }

    #[test]
    fn a_rate_has_the_digits_that_tell_something() {
        assert_eq!([0.25, 9.84, 10.0, 120.4, 0.0].map(rate), ["0.25", "9.8", "10", "120", "0"]);
    }

    #[test]
    fn a_time_is_utc_to_the_second() {
        assert_eq!(time(1_763_816_700.7), "2025-11-22T13:05:00Z");
    }
}
