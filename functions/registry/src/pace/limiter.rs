//! Which part of its share an operation uses, by what AWS IoT has answered.

use std::time::Duration;

use tokio::time::Instant;

/// A throttle after many successes takes the rate down to this part of it. Several workers' calls that
/// come together are more than AWS IoT admits at once, though they are not more than its quota: so a
/// throttle now and then costs little.
const KEPT: f64 = 0.97;

/// After so many calls at the ceiling the rate is back there, and begins to climb past it. The rate of
/// throttles is told in calls: a worker whose calls are rare waits longer for the same certainty.
const CALLS: f64 = 30.0;

/// The plateau is no shorter, so that answers to calls in flight are there before it ends.
const SHORTEST: Duration = Duration::from_secs(2);

/// And no longer, so that a quota that was raised is found in minutes.
const LONGEST: Duration = Duration::from_secs(20);

/// A throttle among so few calls that nothing can be told takes the rate down by one part of so many.
/// Calls that come together by chance are throttled together, and say less than they seem to.
const DOUBT: f64 = 12.0;

/// So many successes are taken for granted at the beginning.
const GRANTED: u32 = 9;

/// The least part that is used.
const LEAST: f64 = 0.001;

/// Keeps a rate just under what AWS IoT admits, and climbs back.
///
/// It climbs as TCP CUBIC does: quickly towards the ceiling, slowly around it, then faster and
/// faster past it, because the quota may have been raised, or another caller may have gone. All in
/// parts of the share, so that a share that changes takes effect at once.
///
/// How far a throttle takes it down is told by the successes before it: one in fifty calls is the edge
/// of the quota, and one in two is a rate that is twice what it should be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limiter {
    lowered: Option<Lowered>,
    /// Successes at the present rate.
    successes: u32,
}

/// What the last throttle led to.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Lowered {
    /// The part that succeeded then.
    ceiling: f64,
    at: Instant,
    /// After so long the rate is back at the ceiling.
    plateau: Duration,
}

impl Lowered {
    /// At `share` calls a second for the whole of this worker's share.
    fn new(ceiling: f64, share: f64, at: Instant) -> Self {
        let calls = Duration::try_from_secs_f64(CALLS / (ceiling * share)).unwrap_or(LONGEST);
        Self { ceiling, at, plateau: calls.clamp(SHORTEST, LONGEST) }
    }
}

impl Default for Limiter {
    fn default() -> Self {
        Self { lowered: None, successes: GRANTED }
    }
}

impl Limiter {
    /// One with a share of `share` calls a second that continues where another process was throttled `age` ago.
    pub(super) fn resumed(ceiling: f64, share: f64, age: Duration, now: Instant) -> Self {
        let at = now.checked_sub(age).unwrap_or(now);
        let ceiling = ceiling.clamp(LEAST, 1.0);
        Self { lowered: Some(Lowered::new(ceiling, share, at)), successes: GRANTED }
    }

    /// The part of the share to use, above 0 and at most 1.
    pub(super) fn part(&self, now: Instant) -> f64 {
        let Some(Lowered { ceiling, at, plateau }) = self.lowered else { return 1.0 };
        let time = now.saturating_duration_since(at).as_secs_f64() / plateau.as_secs_f64();
        let climbed = 1.0 + (1.0 - KEPT) * (time - 1.0).powi(3);
        (ceiling * climbed).clamp(LEAST, 1.0)
    }

    /// The last ceiling and when it was met, while it still holds the rate down.
    pub(super) fn ceiling(&self, now: Instant) -> Option<(f64, Instant)> {
        let Lowered { ceiling, at, .. } = self.lowered?;
        (self.part(now) < 1.0).then_some((ceiling, at))
    }

    /// A call that was sent at `sent` succeeded.
    pub(super) fn succeeded(&mut self, sent: Instant) {
        if self.is_current(sent) {
            self.successes = self.successes.saturating_add(1);
        }
    }

    /// A call that was sent at `sent` was throttled; the share is `share` calls a second.
    ///
    /// Calls in flight when the rate was lowered say nothing about the new rate.
    pub(super) fn throttled(&mut self, share: f64, sent: Instant, now: Instant) {
        if !self.is_current(sent) {
            return;
        }
        let admitted = 1.0 - 1.0 / (f64::from(self.successes) + DOUBT);
        let ceiling = self.part(now) * (admitted / KEPT).min(1.0);
        let lowered = Lowered::new(ceiling.max(LEAST), share, now);
        *self = Self { lowered: Some(lowered), successes: 0 };
    }

    fn is_current(&self, sent: Instant) -> bool {
        self.lowered.is_none_or(|lowered| sent > lowered.at)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MILLISECOND: Duration = Duration::from_millis(1);

    /// Calls a second.
    const SHARE: f64 = 5.0;

    /// The plateau at the whole share.
    const PLATEAU: Duration = Duration::from_secs(6);

    #[test]
    fn a_throttle_lowers_the_rate_and_remembers_the_ceiling() {
        let begun = Instant::now();
        let mut limiter = Limiter::default();
        assert_eq!((limiter.part(begun), limiter.ceiling(begun)), (1.0, None));
        for _ in 0..40 {
            limiter.succeeded(begun);
        }
        limiter.throttled(SHARE, begun, begun);
        assert!((limiter.part(begun) - KEPT).abs() < 1e-9);
        assert_eq!(limiter.ceiling(begun), Some((1.0, begun)));
        let later = begun + PLATEAU;
        assert!((limiter.part(later) - 1.0).abs() < 1e-9, "back at the ceiling");
        assert_eq!(limiter.ceiling(later), None, "which is the whole share");
    }

    #[test]
    fn calls_that_were_in_flight_count_once() {
        let begun = Instant::now();
        let mut limiter = Limiter::default();
        limiter.throttled(SHARE, begun, begun + MILLISECOND);
        let once = limiter.part(begun + MILLISECOND);
        for _ in 0..63 {
            limiter.throttled(SHARE, begun, begun + MILLISECOND);
        }
        assert!((limiter.part(begun + MILLISECOND) - once).abs() < 1e-9);
    }

    #[test]
    fn the_climb_is_quick_below_the_ceiling_slow_around_it_and_quick_past_it() {
        let begun = Instant::now();
        let limiter = Limiter::resumed(0.5, SHARE, Duration::ZERO, begun);
        // Tenths of the plateau, which is twice as long at half the share.
        let part = |tenths: u32| limiter.part(begun + PLATEAU * 2 * tenths / 10);
        let climbed = |from, until| part(until) - part(from);
        assert!(climbed(0, 3) > 5.0 * climbed(8, 11));
        assert!(climbed(17, 20) > 5.0 * climbed(9, 12));
    }

    #[test]
    fn a_process_that_begins_later_is_on_the_same_curve() {
        let begun = Instant::now() + Duration::from_mins(10);
        let mut first = Limiter::default();
        first.throttled(SHARE, begun, begun);
        let later = begun + Duration::from_secs(4);
        let (ceiling, at) = first.ceiling(later).unwrap();
        let second = Limiter::resumed(ceiling, SHARE, later - at, later);
        for seconds in 0..30 {
            let then = later + Duration::from_secs(seconds);
            assert!((first.part(then) - second.part(then)).abs() < 1e-9);
        }
    }

    #[test]
    fn one_throttle_among_many_calls_costs_less_than_one_call() {
        let begun = Instant::now();
        let mut limiter = Limiter { successes: 200, ..Limiter::default() };
        limiter.throttled(SHARE, begun, begun);
        let tenths = (0..=600).map(|tenth| 1.0 - limiter.part(begun + MILLISECOND * 100 * tenth));
        let lost: f64 = tenths.map(|lost| lost * SHARE / 10.0).sum();
        assert!(lost < 1.0, "{lost} calls");
    }

    #[test]
    fn the_plateau_is_as_long_as_so_many_calls_take() {
        let plateau = |share| Lowered::new(0.5, share, Instant::now()).plateau.as_secs_f64();
        assert!((plateau(10.0) - 6.0).abs() < 1e-9, "30 calls at 5 a second");
        assert!((plateau(1.0) - 20.0).abs() < 1e-9, "a raised quota is found in time");
        assert!((plateau(1_000.0) - 2.0).abs() < 1e-9, "answers are there before it ends");
        assert!((plateau(0.0) - 20.0).abs() < 1e-9, "a share that makes no sense stalls nothing");
    }

    #[test]
    fn a_rate_at_twice_the_quota_is_found_within_seconds() {
        // Every second call is throttled until the rate is down to what is admitted.
        let (begun, mut limiter) = (Instant::now(), Limiter::default());
        let mut now = begun;
        let mut throttles = 0;
        while limiter.part(now) > 0.5 {
            now += Duration::from_secs_f64(1.0 / (SHARE * limiter.part(now)));
            limiter.succeeded(now);
            now += Duration::from_secs_f64(1.0 / (SHARE * limiter.part(now)));
            limiter.throttled(SHARE, now, now);
            throttles += 1;
        }
        assert!(throttles <= 10, "{throttles} throttles");
        assert!(now - begun < Duration::from_secs(10));
    }

    /// What happens at a step: pauses in milliseconds, then an answer.
    fn history() -> impl Strategy<Value = Vec<(u64, bool)>> {
        prop::collection::vec((0_u64..3_000, prop::bool::weighted(0.7)), 0..200)
    }

    fn lived(history: &[(u64, bool)]) -> (Limiter, Instant) {
        let (mut limiter, mut now) = (Limiter::default(), Instant::now());
        for (pause, success) in history {
            now += Duration::from_millis(*pause) + MILLISECOND;
            if *success {
                limiter.succeeded(now);
            } else {
                limiter.throttled(SHARE, now, now);
            }
            let part = limiter.part(now);
            assert!(part > 0.0 && part <= 1.0, "never above the share, and never still: {part}");
        }
        (limiter, now)
    }

    proptest! {
        #[test]
        fn the_fewer_calls_succeed_the_further_a_throttle_takes_the_rate_down(
            history in history(),
            successes in 0_u32..100,
            more in 1_u32..100,
        ) {
            let (limiter, now) = lived(&history);
            let now = now + Duration::from_secs(1);
            let after = |successes: u32| {
                let mut limiter = Limiter { successes, ..limiter };
                let before = limiter.part(now);
                limiter.throttled(SHARE, now, now);
                (limiter.part(now) / before, before)
            };
            let (few, before) = after(successes);
            let (many, _) = after(successes + more);
            prop_assert!(few <= many + 1e-9);
            prop_assert!(many <= KEPT + 1e-9 || before <= 2.0 * LEAST);
            prop_assert!(few >= 0.9, "one throttle alone proves little: {few}");
        }

        #[test]
        fn it_is_back_at_the_share_in_bounded_time(history in history()) {
            let (limiter, now) = lived(&history);
            prop_assert!(limiter.part(now + Duration::from_mins(12)) >= 1.0);
        }

        #[test]
        fn without_a_throttle_it_never_falls(history in history(), steps in prop::collection::vec(0_u64..2_000, 1..50)) {
            let (limiter, mut now) = lived(&history);
            for step in steps {
                let before = limiter.part(now);
                now += Duration::from_millis(step);
                prop_assert!(limiter.part(now) >= before);
            }
        }
    }
}
