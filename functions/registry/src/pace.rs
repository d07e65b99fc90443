//! Keeps each operation at its share of the quota.

mod bucket;
mod limiter;
mod usage;

use std::{
    collections::{BTreeMap, HashMap},
    hash::{BuildHasher, RandomState},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use ledger::{Ceiling, Rates, clock, seconds_of_epoch};
use tokio::{
    sync::{Mutex as Turns, MutexGuard as Turn},
    time::Instant,
};

pub use self::usage::Usage;
use self::{bucket::Bucket, limiter::Limiter, usage::Meter};
use crate::Call;

/// Whoever waits looks this often whether the rate has changed.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// One token bucket an operation, kept for as long as the function's process lives.
///
/// Before the first [`share`](Self::share) nothing is held up.
#[derive(Debug)]
pub struct Pace {
    operations: HashMap<&'static str, Operation>,
}

/// What paces one operation.
#[derive(Debug)]
struct Operation {
    /// Devices wait in a line; the first one waits for the token.
    line: Turns<()>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Calls a second of all workers together, and how many there are; none before the first share.
    share: Option<(f64, u32)>,
    bucket: Bucket,
    limiter: Limiter,
    meter: Meter,
}

/// A token that was taken, and when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token {
    call: Call,
    taken: Instant,
}

impl Default for Pace {
    fn default() -> Self {
        Self::beginning(anywhere)
    }
}

impl Pace {
    /// Each operation begins with this part of its first token, 0 to 1.
    pub fn beginning(mut first: impl FnMut() -> f64) -> Self {
        let now = clock::now();
        let operations = Call::PACED.map(|call| (call.name(), Operation::new(first(), now)));
        Self { operations: operations.into_iter().collect() }
    }

    /// Sets the rates to this worker's share: one of `workers` equal ones.
    pub fn share(&self, rates: &Rates, workers: u32) {
        for call in Call::PACED {
            if let (Some(operation), Some(rate)) = (self.operation(call), call.rate(rates)) {
                operation.state().share = Some((rate, workers.max(1)));
            }
        }
    }

    /// Continues under the ceilings that other processes met, as if they had been met here.
    pub fn resume(&self, ceilings: &BTreeMap<String, Ceiling>) {
        let (now, epoch) = (clock::now(), seconds_of_epoch());
        for (name, ceiling) in ceilings {
            let Some(operation) = self.operations.get(name.as_str()) else { continue };
            let mut state = operation.state();
            let Some((rate, workers)) = state.share else { continue };
            let age = Duration::try_from_secs_f64(epoch - ceiling.at).unwrap_or_default();
            state.limiter = Limiter::resumed(
                ceiling.calls_a_second / rate,
                rate / f64::from(workers),
                age,
                now,
            );
        }
    }

    /// The ceilings that hold operations down now, for all workers together.
    pub fn ceilings(&self) -> BTreeMap<String, Ceiling> {
        let (now, epoch) = (clock::now(), seconds_of_epoch());
        let ceiling = |(name, operation): (&&'static str, &Operation)| {
            let state = operation.state();
            let (rate, _) = state.share?;
            let (part, at) = state.limiter.ceiling(now)?;
            let at = epoch - now.saturating_duration_since(at).as_secs_f64();
            Some(((*name).to_owned(), Ceiling { calls_a_second: part * rate, at }))
        };
        self.operations.iter().filter_map(ceiling).collect()
    }

    /// What each operation was used for since this was last asked, where it was used.
    pub fn usage(&self) -> BTreeMap<&'static str, Usage> {
        let now = clock::now();
        self.operations
            .iter()
            .map(|(name, operation)| (*name, operation.state().meter.read(now)))
            .filter(|(_, usage)| *usage != Usage::default())
            .collect()
    }

    /// Waits for this operation's next token.
    pub(crate) async fn take(&self, call: Call) -> Token {
        if let Some(operation) = self.operation(call) {
            operation.take().await;
        }
        Token { call, taken: clock::now() }
    }

    /// The call that the token was taken for was answered, and not throttled.
    pub(crate) fn succeeded(&self, token: Token) {
        if let Some(operation) = self.operation(token.call) {
            operation.state().limiter.succeeded(token.taken);
        }
    }

    /// The call that the token was taken for was throttled.
    pub(crate) fn throttled(&self, token: Token) {
        if let Some(operation) = self.operation(token.call) {
            let mut state = operation.state();
            let share = state.share.map_or(1.0, |(rate, workers)| rate / f64::from(workers));
            state.limiter.throttled(share, token.taken, clock::now());
            state.meter.throttled();
        }
    }

    fn operation(&self, call: Call) -> Option<&Operation> {
        self.operations.get(call.name())
    }
}

impl Operation {
    fn new(first: f64, now: Instant) -> Self {
        let bucket = Bucket::new(first, now);
        Self {
            line: Turns::default(),
            state: Mutex::new(State {
                share: None,
                bucket,
                limiter: Limiter::default(),
                meter: Meter::default(),
            }),
        }
    }

    /// Leaving while one waits takes no token.
    async fn take(&self) {
        let mut waiting = None;
        let _turn: Turn<'_, ()> = if let Ok(turn) = self.line.try_lock() {
            turn
        } else {
            waiting = Some(Waiting::begin(self));
            self.line.lock().await
        };
        loop {
            let now = clock::now();
            let taken = self.state().take(now);
            let Err(due) = taken else { return };
            waiting.get_or_insert_with(|| Waiting::begin(self));
            clock::sleep_until(due.min(now + LOOK_AGAIN)).await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn take(&mut self, now: Instant) -> Result<(), Instant> {
        if let Some((rate, workers)) = self.share {
            let part = self.limiter.part(now);
            self.bucket.take(now, part * rate / f64::from(workers))?;
        }
        self.meter.called();
        Ok(())
    }
}

/// Somebody who waits, until dropped.
struct Waiting<'a>(&'a Operation);

impl<'a> Waiting<'a> {
    fn begin(operation: &'a Operation) -> Self {
        operation.state().meter.begins_to_wait(clock::now());
        Self(operation)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.state().meter.ends_waiting(clock::now());
    }
}

/// Somewhere between 0 and 1, elsewhere in each process.
fn anywhere() -> f64 {
    let random = RandomState::new().hash_one(0_u8) >> 32;
    f64::from(u32::try_from(random).unwrap_or_default()) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::tests::rates;

    fn paced(calls_a_second: f64, workers: u32) -> Pace {
        let pace = Pace::default();
        pace.share(&rates(calls_a_second), workers);
        pace
    }

    /// Seconds that so many calls take from `now` on, each made as soon as it may be made.
    fn seconds(calls: u32, now: Instant, state: &mut State) -> f64 {
        let ended = (0..calls).fold(now, |mut now, _| {
            while let Err(due) = state.take(now) {
                now = due.min(now + LOOK_AGAIN);
            }
            now
        });
        (ended - now).as_secs_f64()
    }

    #[test]
    fn calls_keep_to_the_share_of_the_rate() {
        let pace = paced(100.0, 4);
        let mut state = pace.operations["AttachPolicy"].state();
        // Four workers have 25 a second each.
        let took = seconds(250, Instant::now(), &mut state);
        assert!((9.9..10.1).contains(&took), "{took}");
    }

    #[test]
    fn a_share_that_changes_takes_effect_at_once() {
        let pace = paced(100.0, 4);
        let mut state = pace.operations["AttachPolicy"].state();
        let now = Instant::now();
        assert!(seconds(25, now, &mut state) > 0.9);
        state.share = Some((100.0, 1));
        let took = seconds(100, now + Duration::from_secs(1), &mut state);
        assert!((0.9..1.1).contains(&took), "{took}");
    }

    #[test]
    fn a_throttled_operation_slows_down_and_comes_back() {
        let pace = paced(100.0, 1);
        let mut state = pace.operations["AttachPolicy"].state();
        let now = Instant::now();
        state.limiter.throttled(100.0, now, now);
        let took = seconds(100, now, &mut state);
        assert!((1.015..1.1).contains(&took), "{took}");
        let took = seconds(1_000, now + Duration::from_mins(1), &mut state);
        // A pause of a minute is not made up for.
        assert!((9.9..10.1).contains(&took), "{took}");
    }

    #[tokio::test]
    async fn a_ceiling_is_the_same_for_a_worker_with_another_share() {
        let first = paced(100.0, 4);
        assert!(first.ceilings().is_empty());
        let token = first.take(Call::AttachPolicy).await;
        first.throttled(token);
        let ceilings = first.ceilings();
        let ceiling = ceilings["AttachPolicy"].calls_a_second;
        assert!((90.0..100.0).contains(&ceiling), "{ceilings:?}");
        assert_eq!(first.usage()["AttachPolicy"].throttles, 1);

        let second = paced(400.0, 2);
        second.resume(&ceilings);
        let again = second.ceilings();
        assert!((again["AttachPolicy"].calls_a_second - ceiling).abs() < 1e-6, "{again:?}");
        assert!((again["AttachPolicy"].at - ceilings["AttachPolicy"].at).abs() < 1.0);
    }

    #[tokio::test]
    async fn a_call_waits_for_its_token_and_not_for_other_operations() {
        let pace = paced(20.0, 1);
        let begun = Instant::now();
        for _ in 0..4 {
            pace.take(Call::AttachPolicy).await;
        }
        assert!(begun.elapsed() >= Duration::from_millis(150));
        let Usage { calls, limited, throttles } = pace.usage()["AttachPolicy"];
        assert_eq!((calls, throttles), (4, 0));
        assert!(limited <= begun.elapsed() && limited >= Duration::from_millis(150), "{limited:?}");
        assert!(!pace.usage().contains_key("CreateThing"));
    }

    #[tokio::test]
    async fn who_waits_in_line_sees_that_the_share_has_changed() {
        let pace = paced(0.1, 1);
        let devices = futures::future::join_all((0..10).map(|_| pace.take(Call::CreateThing)));
        let begun = Instant::now();
        let change = async { pace.share(&rates(10_000.0), 1) };
        futures::join!(devices, change);
        assert!(begun.elapsed() < LOOK_AGAIN * 2, "not the 100 seconds of the first share");
        assert!(pace.usage()["CreateThing"].limited <= begun.elapsed(), "ten at a time count once");
    }

    #[tokio::test]
    async fn who_leaves_the_line_takes_no_token() {
        let pace = paced(0.1, 1);
        for _ in 0..2 {
            let gone = pace.take(Call::CreateThing);
            let _ = tokio::time::timeout(Duration::from_millis(5), gone).await;
        }
        let Usage { calls, limited, .. } = pace.usage()["CreateThing"];
        assert_eq!(calls, 0);
        assert!(limited >= Duration::from_millis(9), "{limited:?}");
        assert_eq!(pace.usage().get("CreateThing"), None, "nobody waits any more");
    }

    #[test]
    fn processes_that_begin_together_do_not_call_together() {
        let first: Vec<_> = (0..100).map(|_| anywhere()).collect();
        assert!(first.iter().all(|first| (0.0..=1.0).contains(first)));
        let low = first.iter().filter(|first| **first < 0.5).count();
        assert!((20..80).contains(&low), "{first:?}");
    }
}
