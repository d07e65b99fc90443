//! What a simulation came to.

use std::collections::BTreeMap;

/// The calls of one operation, each by its second.
#[derive(Clone, Debug, Default)]
pub struct Calls {
    /// Those within the quota.
    pub admitted: Vec<f64>,
    /// Those that were throttled.
    pub throttled: Vec<f64>,
}

impl Calls {
    /// The part of the calls that were throttled.
    pub fn throttled_part(&self) -> f64 {
        let (admitted, throttled) = (float(self.admitted.len()), float(self.throttled.len()));
        if throttled == 0.0 { 0.0 } else { throttled / (admitted + throttled) }
    }

    /// The part of a quota of `rate` that was used from 5 % to 95 % of the calls, and not before second `from`.
    ///
    /// Above 1 where it is used whole, because a quota admits some calls at once after a pause.
    pub fn used(&self, rate: f64, from: f64) -> f64 {
        let edge = self.admitted.len() / 20;
        let middle = self.admitted.len().saturating_sub(2 * edge);
        let middle = self.admitted.iter().skip(edge).take(middle).filter(|second| **second >= from);
        let (mut count, mut first, mut last) = (0_u32, None, 0.0);
        for second in middle {
            first.get_or_insert(*second);
            last = *second;
            count += 1;
        }
        let seconds = last - first.unwrap_or(last);
        if seconds > 0.0 { f64::from(count - 1) / seconds / rate } else { 0.0 }
    }
}

/// What the runs of a simulation came to.
#[derive(Clone, Debug)]
pub struct Played {
    /// The calls of each operation of AWS IoT.
    pub calls: BTreeMap<&'static str, Calls>,
    /// Calls of S3 by the workers.
    pub s3_calls: u64,
    /// Devices that ended well.
    pub fine: u64,
    /// Devices that did not.
    pub failed: u64,
    /// Whether each device has its thing, its group and its policy, and is active where it was to be.
    pub whole: bool,
    /// Until the last run's last unit ended.
    pub seconds: f64,
}

impl Played {
    /// The calls of an operation.
    pub fn calls_of(&self, operation: &str) -> Calls {
        self.calls.get(operation).cloned().unwrap_or_default()
    }

    /// The part of all calls that were throttled.
    pub fn throttled_part(&self) -> f64 {
        let sum = |of: fn(&Calls) -> usize| float(self.calls.values().map(of).sum());
        let (admitted, throttled) =
            (sum(|calls| calls.admitted.len()), sum(|calls| calls.throttled.len()));
        if throttled == 0.0 { 0.0 } else { throttled / (admitted + throttled) }
    }

    /// The part of an operation's calls that were throttled, of the operation with most of them.
    pub fn worst_throttled_part(&self) -> f64 {
        self.calls.values().map(Calls::throttled_part).fold(0.0, f64::max)
    }
}

pub(crate) fn float(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::MAX, f64::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quota_is_used_whole_by_a_call_for_each_token() {
        let admitted: Vec<_> = (0..1_000).map(|call| f64::from(call) / 20.0).collect();
        let calls = Calls { admitted, throttled: vec![1.0; 250] };
        assert!((calls.used(20.0, 0.0) - 1.0).abs() < 1e-9);
        assert!((calls.used(40.0, 30.0) - 0.5).abs() < 1e-9);
        assert!((calls.throttled_part() - 0.2).abs() < 1e-9);
        assert!(calls.used(20.0, 60.0).abs() < 1e-9, "there was nothing then");
    }
}
