//! Which part of its share an operation uses, by what AWS IoT has answered.

use std::time::Duration;

use tokio::time::Instant;

/// What is kept of the rate that succeeded.
const KEPT: f64 = 0.85;

/// After so long the rate is back at the ceiling, and begins to climb past it.
const PLATEAU: Duration = Duration::from_secs(10);

/// So many answers back, success is judged.
const ANSWERS: u32 = 16;

/// With fewer answers than this there is no judging how many succeed.
const FEWEST: u32 = 4;

/// One throttle takes the rate down to no less than this part of it.
const STEEPEST: f64 = 0.125;

/// The least part that is used.
const LEAST: f64 = 0.001;

/// Keeps a rate just under what AWS IoT admits, and climbs back.
///
/// It climbs as TCP CUBIC does: quickly towards the ceiling, slowly around it, then faster and
/// faster past it, because the quota may have been raised, or another caller may have gone. All in
/// parts of the share, so that a share that changes takes effect at once.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Limiter {
    lowered: Option<Lowered>,
    /// The last answers at the present rate, a bit each, set for a success; the last one is the lowest.
    answers: u16,
    known: u32,
}

/// What the last throttle led to.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Lowered {
    /// The part that succeeded then.
    ceiling: f64,
    at: Instant,
}

impl Limiter {
    /// One that continues where another process was throttled `age` ago.
    pub(super) fn resumed(ceiling: f64, age: Duration, now: Instant) -> Self {
        let at = now.checked_sub(age).unwrap_or(now);
        let ceiling = ceiling.clamp(LEAST, 1.0);
        Self { lowered: Some(Lowered { ceiling, at }), ..Self::default() }
    }

    /// The part of the share to use, above 0 and at most 1.
    pub(super) fn part(&self, now: Instant) -> f64 {
        let Some(Lowered { ceiling, at }) = self.lowered else { return 1.0 };
        let time = now.saturating_duration_since(at).as_secs_f64() / PLATEAU.as_secs_f64();
        let climbed = 1.0 + (1.0 - KEPT) * (time - 1.0).powi(3);
        (ceiling * climbed).clamp(LEAST, 1.0)
    }

    /// The last ceiling and when it was met, while it still holds the rate down.
    pub(super) fn ceiling(&self, now: Instant) -> Option<(f64, Instant)> {
        let Lowered { ceiling, at } = self.lowered?;
        (self.part(now) < 1.0).then_some((ceiling, at))
    }

    /// A call that was sent at `sent` succeeded.
    pub(super) fn succeeded(&mut self, sent: Instant) {
        if self.is_current(sent) {
            self.remember(true);
        }
    }

    /// A call that was sent at `sent` was throttled.
    ///
    /// Calls in flight when the rate was lowered say nothing about the new rate.
    pub(super) fn throttled(&mut self, sent: Instant, now: Instant) {
        if !self.is_current(sent) {
            return;
        }
        self.remember(false);
        let ceiling = (self.part(now) * self.success()).max(LEAST);
        *self = Self { lowered: Some(Lowered { ceiling, at: now }), ..Self::default() };
    }

    fn is_current(&self, sent: Instant) -> bool {
        self.lowered.is_none_or(|lowered| sent > lowered.at)
    }

    fn remember(&mut self, success: bool) {
        self.answers = self.answers << 1 | u16::from(success);
        self.known = (self.known + 1).min(ANSWERS);
    }

    /// The part of the last calls that succeeded.
    fn success(&self) -> f64 {
        if self.known < FEWEST {
            return 1.0;
        }
        (f64::from(self.answers.count_ones()) / f64::from(self.known)).max(STEEPEST)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MILLISECOND: Duration = Duration::from_millis(1);

    #[test]
    fn a_throttle_lowers_the_rate_and_remembers_the_ceiling() {
        let begun = Instant::now();
        let mut limiter = Limiter::default();
        assert_eq!((limiter.part(begun), limiter.ceiling(begun)), (1.0, None));
        limiter.throttled(begun, begun);
        assert!((limiter.part(begun) - 0.85).abs() < 1e-9);
        assert_eq!(limiter.ceiling(begun), Some((1.0, begun)));
        let later = begun + PLATEAU;
        assert!((limiter.part(later) - 1.0).abs() < 1e-9, "back at the ceiling");
        assert_eq!(limiter.ceiling(later), None, "which is the whole share");
    }

    #[test]
    fn calls_that_were_in_flight_count_once() {
        let begun = Instant::now();
        let mut limiter = Limiter::default();
        for _ in 0..64 {
            limiter.throttled(begun, begun + MILLISECOND);
        }
        assert!((limiter.part(begun + MILLISECOND) - 0.85).abs() < 1e-9);
    }

    #[test]
    fn the_climb_is_quick_below_the_ceiling_slow_around_it_and_quick_past_it() {
        let begun = Instant::now();
        let limiter = Limiter::resumed(0.5, Duration::ZERO, begun);
        let part = |seconds: u64| limiter.part(begun + Duration::from_secs(seconds));
        let climbed = |from, until| part(until) - part(from);
        assert!(climbed(0, 3) > 5.0 * climbed(8, 11));
        assert!(climbed(17, 20) > 5.0 * climbed(9, 12));
    }

    #[test]
    fn a_process_that_begins_later_is_on_the_same_curve() {
        let begun = Instant::now() + Duration::from_mins(10);
        let mut first = Limiter::default();
        first.throttled(begun, begun);
        let later = begun + Duration::from_secs(4);
        let (ceiling, at) = first.ceiling(later).unwrap();
        let second = Limiter::resumed(ceiling, later - at, later);
        for seconds in 0..30 {
            let then = later + Duration::from_secs(seconds);
            assert!((first.part(then) - second.part(then)).abs() < 1e-9);
        }
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
                limiter.throttled(now, now);
            }
            let part = limiter.part(now);
            assert!(part > 0.0 && part <= 1.0, "never above the share, and never still: {part}");
        }
        (limiter, now)
    }

    proptest! {
        #[test]
        fn after_a_throttle_the_rate_is_below_what_succeeded(
            history in history(),
            answers in prop::collection::vec(any::<bool>(), 3..16),
        ) {
            let (mut limiter, mut now) = lived(&history);
            now += Duration::from_secs(1);
            // Everything that was answered since the last throttle; with the throttle to come, at least four.
            limiter.answers = 0;
            limiter.known = 0;
            for success in &answers {
                limiter.remember(*success);
            }
            now += MILLISECOND;
            let before = limiter.part(now);
            let successes = answers.iter().filter(|success| **success).count();
            let fraction = f64::from(u8::try_from(successes).unwrap())
                / f64::from(u8::try_from(answers.len() + 1).unwrap());
            limiter.throttled(now, now);
            let allowed = KEPT * before * fraction.max(STEEPEST);
            prop_assert!(limiter.part(now) <= allowed.max(LEAST) + 1e-9);
        }

        #[test]
        fn it_is_back_at_the_share_in_bounded_time(history in history()) {
            let (limiter, now) = lived(&history);
            prop_assert!(limiter.part(now + Duration::from_mins(4)) >= 1.0);
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
