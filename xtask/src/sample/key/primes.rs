//! RSA keys without end, from few primes.

use anyhow::Result;
use openssl::bn::{BigNum, BigNumContext};

use super::{Key, RSA_EXPONENT};
use crate::sample::{in_order::in_order, seed::Seed};

/// Primes that are combined in pairs, each pair to the RSA key of one device.
///
/// A prime of 1,024 bits takes long to find, and a hundred thousand keys would take hours. With pairs, 448 primes are
/// enough. All keys differ and each works, but two keys that share a prime give each other away by their greatest
/// common divisor. That is good for samples and for nothing else.
pub(in crate::sample) struct Primes {
    primes: Vec<BigNum>,
}

impl Primes {
    /// Primes for so many devices. A device has the same pair however many devices there are.
    pub(in crate::sample) fn for_devices(seed: &Seed, devices: u64) -> Result<Self> {
        let (_, last) = pair(devices.saturating_sub(1));
        let primes = in_order(
            last + 1,
            |index| prime(seed, "prime", index),
            |primes| primes.collect::<Result<_>>(),
        )?;
        Ok(Self { primes })
    }

    /// The key pair of one device.
    pub(in crate::sample) fn key(&self, index: u64) -> Result<Key> {
        let (first, second) = pair(index);
        let prime = |at: u64| usize::try_from(at).ok().and_then(|at| self.primes.get(at));
        match (prime(first), prime(second)) {
            (Some(first), Some(second)) => Key::rsa(first, second),
            _ => anyhow::bail!("there are too few primes for device {index}"),
        }
    }
}

/// An RSA key that shares no prime with any other.
pub(in crate::sample) fn key(seed: &Seed, purpose: &str) -> Result<Key> {
    let (first, second) = (prime(seed, purpose, 0)?, prime(seed, purpose, 1)?);
    Key::rsa(&first, &second)
}

/// The pairs of different numbers in an order that never runs out: 0-1, 0-2, 1-2, 0-3, 1-3, 2-3, ..
fn pair(index: u64) -> (u64, u64) {
    let second = (8 * index + 1).isqrt().div_ceil(2);
    (index - second * (second - 1) / 2, second)
}

/// A prime of 1,024 bits whose upper two bits are set, so that the product of any two has 2,048 bits.
fn prime(seed: &Seed, purpose: &str, index: u64) -> Result<BigNum> {
    let mut context = BigNumContext::new()?;
    let mut candidate = BigNum::from_slice(&seed.bytes::<128>(purpose, index))?;
    candidate.set_bit(1_023)?;
    candidate.set_bit(1_022)?;
    candidate.set_bit(0)?;
    // OpenSSL chooses the number of checks by the size, and does not go below it.
    while candidate.mod_word(RSA_EXPONENT)? == 1
        || !candidate.is_prime_fasttest(0, &mut context, true)?
    {
        candidate.add_word(2)?;
    }
    Ok(candidate)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::pair;

    #[test]
    fn pairs_are_different_and_use_no_more_primes_than_they_must() {
        let pairs: BTreeSet<_> = (0..45).map(pair).collect();
        let expected = (0..10).flat_map(|second| (0..second).map(move |first| (first, second)));
        assert_eq!(pairs, expected.collect());
        assert_eq!(pair(99_999).1 + 1, 448);
    }
}
