//! A token bucket whose rate may change at any time.

use std::time::Duration;

use tokio::time::Instant;

/// How long a pause is made up for, in seconds: longer than it takes from one unit to the next.
const CREDIT: f64 = 8.0;

/// After a longer pause than this nothing is made up for: others have used what this worker did not.
const FORGOTTEN: Duration = Duration::from_secs(15);

/// While a pause is made up for, calls follow each other faster by this.
const CATCH_UP: f64 = 1.15;

/// Calls that come together within this part of a second need not be spread: timers are no finer.
const GRAIN: f64 = 0.05;

/// The least rate that is kept, in calls a second, so that a wrong configuration stalls nothing for good.
const SLOWEST: f64 = 0.01;

/// Tokens that accrue with time. A call needs one.
///
/// A worker that was kept from calling, because it put an intent or began a unit, makes that up:
/// other workers' calls do not fill the gap. But it does so slowly, because AWS's own bucket does
/// not remember for long either.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bucket {
    /// Tokens of the rate itself, with credit.
    due: f64,
    /// Tokens that keep calls apart while credit is used up.
    apart: f64,
    at: Instant,
}

impl Bucket {
    /// A bucket with a part of its first token, 0 to 1: processes that begin together do not all call at once.
    pub(super) const fn new(first: f64, now: Instant) -> Self {
        Self { due: first, apart: 1.0, at: now }
    }

    /// Takes a token that is due `now` at `rate` calls a second; otherwise says when to ask again.
    pub(super) fn take(&mut self, now: Instant, rate: f64) -> Result<(), Instant> {
        let rate = rate.max(SLOWEST);
        let since = now.saturating_duration_since(self.at).as_secs_f64();
        self.at = self.at.max(now);
        let faster = rate * CATCH_UP;
        self.due = since.mul_add(rate, self.due).min((rate * CREDIT).max(1.0));
        if since > FORGOTTEN.as_secs_f64() {
            self.due = self.due.min(1.0);
        }
        self.apart = since.mul_add(faster, self.apart).min((faster * GRAIN).max(1.0));
        let missing = ((1.0 - self.due) / rate).max((1.0 - self.apart) / faster);
        if missing > 0.0 {
            // Rounded up to what an instant can tell, so that whoever comes then does not come too early.
            return Err(now + Duration::from_secs_f64(missing) + Duration::from_micros(1));
        }
        self.due -= 1.0;
        self.apart -= 1.0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The moments, in seconds, of calls that are each made as soon as they may be, and after pauses.
    fn calls(rate: f64, pauses: &[u32]) -> Vec<f64> {
        let begun = Instant::now();
        let mut bucket = Bucket::new(0.5, begun);
        let mut now = begun;
        let mut calls = Vec::new();
        for pause in pauses {
            now += Duration::from_millis(u64::from(*pause));
            while let Err(due) = bucket.take(now, rate) {
                assert!(due > now, "a wait has an end that is not yet there");
                now = due;
            }
            calls.push((now - begun).as_secs_f64());
        }
        calls
    }

    #[test]
    fn calls_keep_to_the_rate() {
        let ended = *calls(25.0, &[0; 101]).last().unwrap();
        assert!((4.0..4.1).contains(&ended), "100 calls at 25 a second took {ended} s");
    }

    #[test]
    fn a_pause_is_made_up_for_without_a_flood() {
        let mut pauses = vec![0; 81];
        pauses[10] = 700;
        let calls = calls(10.0, &pauses);
        let apart: Vec<_> = calls.windows(2).map(|two| two[1] - two[0]).collect();
        assert!(apart.iter().all(|apart| *apart > 0.086), "{apart:?}");
        let ended = calls.last().unwrap();
        assert!((7.9..8.1).contains(ended), "80 calls took {ended} s");
    }

    #[test]
    fn timers_do_not_bound_a_high_rate() {
        // Each call comes a millisecond late, as it would after a sleep.
        let ended = *calls(20_000.0, &[1; 500]).last().unwrap();
        assert!(ended < 0.6, "each millisecond's call was let through: {ended}");
    }

    proptest! {
        #[test]
        fn no_stretch_of_time_sees_more_than_the_rate_and_its_credit(
            rate in 0.1..200.0_f64,
            pauses in prop::collection::vec(prop_oneof![4 => Just(0_u32), 1 => 0_u32..5_000], 1..200),
        ) {
            let calls = calls(rate, &pauses);
            for (index, from) in calls.iter().enumerate() {
                for (count, until) in (1_u32..).zip(&calls[index..]) {
                    let (count, seconds) = (f64::from(count), until - from);
                    prop_assert!(count <= rate * (seconds + CREDIT) + 1.01, "with credit");
                    let apart = rate * CATCH_UP;
                    prop_assert!(count <= apart * (seconds + GRAIN) + 1.01, "while it catches up");
                }
            }
        }

        #[test]
        fn a_call_comes_within_its_interval(rate in 0.02..200.0_f64, count in 2_usize..50) {
            let calls = calls(rate, &vec![0; count]);
            for two in calls.windows(2) {
                prop_assert!(two[1] - two[0] <= 1.0 / rate + 1e-3);
            }
        }
    }
}
