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
        self.share_from(Instant::now(), rates, workers);
    }

    /// Waits for this operation's next token.
    pub(crate) async fn take(&self, call: Call) {
        let Some(due) = self.reserve(Instant::now(), call) else { return };
        sleep_until(due).await;
    }

    fn share_from(&self, now: Instant, rates: &Rates, workers: u32) {
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

    /// When the next token is due, for somebody who asks for it `now`.
    fn reserve(&self, now: Instant, call: Call) -> Option<Instant> {
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

    /// When somebody who begins at `now` has made so many calls, each as soon as it may be made.
    fn after(now: Instant, calls: u32, call: Call, pace: &Pace) -> Instant {
        (0..calls).fold(now, |now, _| pace.reserve(now, call).unwrap().max(now))
    }

    fn paced(now: Instant, calls_a_second: f64, workers: u32) -> Pace {
        let pace = Pace::default();
        pace.share_from(now, &rates(calls_a_second), workers);
        pace
    }

    #[test]
    fn calls_keep_to_the_share_of_the_rate() {
        let now = Instant::now();
        // Four workers have 25 a second each.
        let ended = after(now, 101, Call::AttachPolicy, &paced(now, 100.0, 4));
        assert_eq!(ended - now, Duration::from_secs(4));
    }

    #[test]
    fn operations_do_not_wait_for_each_other() {
        let now = Instant::now();
        let pace = paced(now, 1.0, 1);
        let later = after(now, 20, Call::RegisterCertificate, &pace);
        assert_eq!(after(later, 1, Call::CreateThing, &pace), later);
    }

    #[test]
    fn a_long_pause_does_not_become_a_flood() {
        let now = Instant::now();
        let pace = paced(now, 100.0, 1);
        let later = now + Duration::from_mins(1);
        let ended = after(later, 126, Call::AttachPolicy, &pace);
        assert_eq!(ended + BURST - later, Duration::from_millis(1_250));
    }

    #[tokio::test]
    async fn a_call_waits_for_its_token() {
        let begun = Instant::now();
        let pace = paced(begun, 100.0, 1);
        pace.take(Call::AttachPolicy).await;
        pace.take(Call::AttachPolicy).await;
        assert!(begun.elapsed() >= Duration::from_millis(10));
    }
}
