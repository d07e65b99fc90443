//! How long devices that were handed back wait before they are taken up again.

/// After this many rounds what is left over has failed: over a day at a minute a round.
pub(crate) const ROUNDS: u32 = 1_500;

const LONGEST: u32 = 60;

/// Seconds to wait after the round `round`.
pub(crate) fn seconds(round: u32) -> u32 {
    1_u32.checked_shl(round.min(30)).unwrap_or(LONGEST).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_minute() {
        let waits: Vec<_> = [0, 1, 5, 6, 7, 31, 32, ROUNDS].into_iter().map(seconds).collect();
        assert_eq!(waits, [1, 2, 32, 60, 60, 60, 60, 60]);
    }
}
