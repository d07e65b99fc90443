//! What an operation was used for, and how long it held devices up.

use std::time::Duration;

use tokio::time::Instant;

/// What one operation was used for since it was last asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Calls made.
    pub calls: u64,
    /// How long at least one device waited for a token.
    pub limited: Duration,
    /// Calls that AWS IoT throttled.
    pub throttles: u64,
}

/// Counts calls, and the time in which anybody waits.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Meter {
    usage: Usage,
    waiting: u32,
    /// Since when somebody has waited.
    since: Option<Instant>,
}

impl Meter {
    pub(super) const fn called(&mut self) {
        self.usage.calls += 1;
    }

    pub(super) const fn throttled(&mut self) {
        self.usage.throttles += 1;
    }

    pub(super) fn begins_to_wait(&mut self, now: Instant) {
        self.waiting += 1;
        self.since.get_or_insert(now);
    }

    pub(super) fn ends_waiting(&mut self, now: Instant) {
        self.waiting = self.waiting.saturating_sub(1);
        if self.waiting == 0
            && let Some(since) = self.since.take()
        {
            self.usage.limited += now.saturating_duration_since(since);
        }
    }

    /// What there was since the last time; who waits still begins anew.
    pub(super) fn read(&mut self, now: Instant) -> Usage {
        if let Some(since) = &mut self.since {
            self.usage.limited += now.saturating_duration_since(*since);
            *since = now;
        }
        std::mem::take(&mut self.usage)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn devices_that_wait_at_the_same_time_are_counted_once() {
        let begun = Instant::now();
        let mut meter = Meter::default();
        let at = |seconds: u32| begun + SECOND * seconds;
        meter.begins_to_wait(at(0));
        meter.begins_to_wait(at(1));
        meter.ends_waiting(at(2));
        meter.ends_waiting(at(5));
        meter.begins_to_wait(at(8));
        meter.ends_waiting(at(9));
        assert_eq!(meter.read(at(20)).limited, SECOND * 6);
        assert_eq!(meter.read(at(21)), Usage::default(), "each time is told once");
    }

    #[test]
    fn who_still_waits_is_counted_up_to_now() {
        let begun = Instant::now();
        let mut meter = Meter::default();
        meter.begins_to_wait(begun);
        assert_eq!(meter.read(begun + SECOND * 2).limited, SECOND * 2);
        meter.ends_waiting(begun + SECOND * 3);
        assert_eq!(meter.read(begun + SECOND * 4).limited, SECOND);
    }
}
