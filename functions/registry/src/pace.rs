//! Keeps each operation at its share of the quota.

use std::{collections::HashMap, sync::Mutex, time::Duration};

use ledger::Rates;
use tokio::time::{Instant, sleep_until};

use crate::Call;

/// How far a pause may be made up for: a call that came late lets the next ones follow sooner.
const BURST: Duration = Duration::from_millis(250);

/// The least rate that is kept, in calls a second, so that a wrong configuration stalls nothing for good.
const SLOWEST: f64 = 0.01;

/// One token bucket an operation, kept for as long as the function's process lives.
///
/// A bucket is the time of its next free slot: taking a token moves it on by one interval.
#[derive(Debug, Default)]
pub struct Pace {
    slots: Mutex<HashMap<&'static str, Slot>>,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    interval: Duration,
    next: Instant,
}

impl Pace {
    /// Sets the rates to this worker's share: one of `workers` equal ones.
    pub fn share(&self, rates: &Rates, workers: u32) {
        let now = Instant::now();
        let mut slots = self.slots.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        for call in Call::PACED {
            let Some(rate) = call.rate(rates) else { continue };
            let interval = Duration::from_secs_f64(f64::from(workers.max(1)) / rate.max(SLOWEST));
            slots
                .entry(call.name())
                .and_modify(|slot| slot.interval = interval)
                .or_insert(Slot { interval, next: now });
        }
    }

    /// Waits for this operation's next token.
    pub(crate) async fn take(&self, call: Call) {
        let Some(due) = self.reserve(call) else { return };
        sleep_until(due).await;
    }

    fn reserve(&self, call: Call) -> Option<Instant> {
        let now = Instant::now();
        let mut slots = self.slots.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let slot = slots.get_mut(call.name())?;
        let due = slot.next.max(now.checked_sub(BURST).unwrap_or(now));
        slot.next = due + slot.interval;
        Some(due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::tests::rates;

    async fn seconds_for(calls: u32, call: Call, pace: &Pace) -> f64 {
        let begun = Instant::now();
        for _ in 0..calls {
            pace.take(call).await;
        }
        begun.elapsed().as_secs_f64()
    }

    #[tokio::test(start_paused = true)]
    async fn calls_keep_to_the_share_of_the_rate() {
        let pace = Pace::default();
        pace.share(&rates(100.0), 4);
        // Two workers' runs of four units each would have an eighth; four workers have 25 a second.
        let seconds = seconds_for(101, Call::AttachPolicy, &pace).await;
        assert!(
            (4.0 - BURST.as_secs_f64()..=4.01).contains(&seconds),
            "101 calls at 25 a second took {seconds} s"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn operations_do_not_wait_for_each_other() {
        let pace = Pace::default();
        pace.share(&rates(1.0), 1);
        seconds_for(20, Call::RegisterCertificate, &pace).await;
        assert!(seconds_for(1, Call::CreateThing, &pace).await < 0.01);
    }

    #[tokio::test(start_paused = true)]
    async fn a_long_pause_does_not_become_a_flood() {
        let pace = Pace::default();
        pace.share(&rates(100.0), 1);
        tokio::time::sleep(Duration::from_mins(1)).await;
        let seconds = seconds_for(126, Call::AttachPolicy, &pace).await;
        assert!(seconds >= 0.99, "126 calls at 100 a second after a pause took {seconds} s");
    }
}
