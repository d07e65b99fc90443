//! A quota as AWS keeps it: a token bucket.

/// A full bucket holds what comes within this part of a second. AWS does not publish it for AWS IoT; other services of
/// AWS, where it is published, admit more at once.
const BURST: f64 = 0.25;

/// The least that may come at once.
const LEAST_BURST: f64 = 5.0;

/// The calls that a quota still admits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Quota {
    rate: f64,
    tokens: f64,
    /// Seconds of the simulation.
    filled: f64,
}

impl Quota {
    pub(crate) fn full(rate: f64) -> Self {
        Self { rate, tokens: burst(rate), filled: 0.0 }
    }

    /// Whether a call is within the quota that comes after so many seconds.
    pub(crate) fn admits(&mut self, seconds: f64) -> bool {
        let since = seconds - self.filled;
        self.tokens = since.mul_add(self.rate, self.tokens).min(burst(self.rate));
        self.filled = seconds;
        let admits = self.tokens >= 1.0;
        if admits {
            self.tokens -= 1.0;
        }
        admits
    }
}

fn burst(rate: f64) -> f64 {
    (rate * BURST).max(LEAST_BURST)
}
