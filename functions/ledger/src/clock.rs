//! The time: the clock on the wall, as the run's files hold it, and the one by which workers wait.
//!
//! Whatever a worker does by the time goes through here, so that a simulation can move it: hours of
//! waiting for tokens pass in seconds, with the same code. See [`simulated`].

pub mod simulated;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

/// What the clock on the wall says.
pub fn wall() -> SystemTime {
    simulated::time().map_or_else(SystemTime::now, |(_, wall)| wall)
}

/// The same in seconds of the Unix epoch.
pub fn seconds_of_epoch() -> f64 {
    wall().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

/// An instant by which to wait.
pub fn now() -> Instant {
    simulated::time().map_or_else(Instant::now, |(now, _)| now)
}

/// Waits so long.
pub async fn sleep(duration: Duration) {
    sleep_until(now() + duration).await;
}

/// Waits until `due`.
pub async fn sleep_until(due: Instant) {
    if simulated::time().is_some() {
        simulated::Sleep::until(due).await;
    } else {
        tokio::time::sleep_until(due).await;
    }
}

/// What `future` comes to, where it ends by `due`.
pub async fn by<T>(due: Instant, future: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        value = future => Some(value),
        () = sleep_until(due) => None,
    }
}
