//! Chance that is the same for the same seed.

use std::{
    ops::Range,
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// Marsaglia's xorshift, multiplied: good enough to spread calls, and four lines.
#[derive(Debug)]
pub(crate) struct Random(Mutex<u64>);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        let random = Self(Mutex::new(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1));
        // Seeds that are alike give numbers that are alike, at first.
        for _ in 0..16 {
            random.part();
        }
        random
    }

    /// 0 to 1.
    pub(crate) fn part(&self) -> f64 {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *state ^= *state >> 12;
        *state ^= *state << 25;
        *state ^= *state >> 27;
        let high = state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32;
        u32::try_from(high).map_or(0.0, f64::from) / f64::from(u32::MAX)
    }

    /// So many milliseconds, each as likely.
    pub(crate) fn milliseconds(&self, range: Range<f64>) -> Duration {
        let milliseconds = (range.end - range.start).mul_add(self.part(), range.start);
        Duration::from_secs_f64(milliseconds / 1_000.0)
    }
}
