//! The time, as the run's files hold it.

use std::time::{SystemTime, UNIX_EPOCH};

/// Seconds of the Unix epoch.
pub fn seconds_of_epoch() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}
