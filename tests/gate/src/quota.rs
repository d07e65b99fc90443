//! A quota as AWS keeps it: a token bucket.

use std::{str::FromStr, time::Instant};

use crate::operation::OPERATIONS;

/// Calls a second of one operation, and how many may come at once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quota {
    /// Calls a second.
    pub rate: f64,
    /// Calls that may come at once after a pause.
    pub burst: f64,
}

impl Quota {
    /// A quota of `rate` calls a second, of which `burst` may come at once.
    pub const fn new(rate: f64, burst: f64) -> Self {
        Self { rate, burst }
    }
}

/// A quota and the operation that it is for, as the command line has it: `CreateThing=100:20`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct QuotaFor {
    /// The operation.
    pub operation: &'static str,
    /// Its quota.
    pub quota: Quota,
}

impl FromStr for QuotaFor {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some((name, figures)) = text.split_once('=') else {
            return Err("write OPERATION=RATE or OPERATION=RATE:BURST".to_owned());
        };
        let operation = OPERATIONS
            .iter()
            .find(|operation| **operation == name)
            .ok_or_else(|| format!("`{name}` is none of {}", OPERATIONS.join(", ")))?;
        let figure = |text: &str| {
            text.parse()
                .ok()
                .filter(|figure| f64::is_finite(*figure) && *figure > 0.0)
                .ok_or_else(|| format!("`{text}` is no number above 0"))
        };
        let (rate, burst) = match figures.split_once(':') {
            Some((rate, burst)) => (figure(rate)?, figure(burst)?),
            None => (figure(figures)?, figure(figures)?.max(1.0)),
        };
        if burst < 1.0 {
            return Err("a burst below 1 would let no call pass".to_owned());
        }
        Ok(Self { operation, quota: Quota { rate, burst } })
    }
}

/// The calls that a quota still admits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bucket {
    quota: Quota,
    tokens: f64,
    filled: Instant,
}

impl Bucket {
    pub(crate) const fn full(quota: Quota, now: Instant) -> Self {
        Self { quota, tokens: quota.burst, filled: now }
    }

    /// Whether a call that comes `now` is within the quota.
    pub(crate) fn admits(&mut self, now: Instant) -> bool {
        let since = now.saturating_duration_since(self.filled).as_secs_f64();
        self.tokens = since.mul_add(self.quota.rate, self.tokens).min(self.quota.burst);
        self.filled = now;
        let admits = self.tokens >= 1.0;
        if admits {
            self.tokens -= 1.0;
        }
        admits
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn quotas_are_read_as_they_are_typed() {
        let read = "CreateThing=20:5".parse();
        let quota = Quota::new(20.0, 5.0);
        assert_eq!(read, Ok(QuotaFor { operation: "CreateThing", quota }));
        let without_burst: QuotaFor = "AttachPolicy=15".parse().unwrap();
        assert_eq!(without_burst.quota, Quota::new(15.0, 15.0));
        for wrong in
            ["", "CreateThing", "Create=1", "CreateThing=", "CreateThing=0", "CreateThing=9:nan"]
        {
            assert!(wrong.parse::<QuotaFor>().is_err(), "{wrong}");
        }
        assert!("CreateThing=9:0.5".parse::<QuotaFor>().is_err(), "it would admit nothing");
    }

    proptest! {
        #[test]
        fn no_stretch_of_time_admits_more_than_its_rate_and_the_burst(
            rate in 1.0..50.0_f64,
            burst in 1.0..20.0_f64,
            pauses in prop::collection::vec(0_u64..200, 1..300),
        ) {
            let mut now = Instant::now();
            let mut bucket = Bucket::full(Quota::new(rate, burst), now);
            let mut admitted = Vec::new();
            for pause in pauses {
                now += Duration::from_millis(pause);
                if bucket.admits(now) {
                    admitted.push(now);
                }
            }
            for (index, from) in admitted.iter().enumerate() {
                for (count, until) in (1_u32..).zip(&admitted[index..]) {
                    let seconds = (*until - *from).as_secs_f64();
                    prop_assert!(f64::from(count) <= burst + rate * seconds + 1e-6);
                }
            }
        }

        #[test]
        fn whoever_keeps_to_the_rate_is_never_refused(rate in 1.0..50.0_f64, burst in 1.0..20.0_f64) {
            let begun = Instant::now();
            let mut bucket = Bucket::full(Quota::new(rate, burst), begun);
            for call in 0..200_u32 {
                let due = begun + Duration::from_secs_f64((f64::from(call) + 1e-6) / rate);
                prop_assert!(bucket.admits(due));
            }
        }
    }
}
