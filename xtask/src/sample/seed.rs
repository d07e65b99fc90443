//! What every key and every number of a sample is made from.

use openssl::sha::sha256;

/// A sample's seed. The same seed gives the same bytes on every machine and in every run.
#[derive(Clone, Debug)]
pub(super) struct Seed {
    prefix: Vec<u8>,
}

impl Seed {
    /// Two vendors have nothing in common, whatever the seed.
    pub(super) fn new(seed: u64, vendor: &str) -> Self {
        let prefix = [b"thingpress sample\0", &seed.to_be_bytes()[..], vendor.as_bytes(), b"\0"];
        Self { prefix: prefix.concat() }
    }

    /// Bytes for one purpose of one device.
    pub(super) fn bytes<const LENGTH: usize>(&self, purpose: &str, index: u64) -> [u8; LENGTH] {
        let start = [&self.prefix, purpose.as_bytes(), b"\0", &index.to_be_bytes()].concat();
        let mut bytes = [0; LENGTH];
        for (block, chunk) in (0_u64..).zip(bytes.chunks_mut(32)) {
            let digest = sha256(&[&start[..], &block.to_be_bytes()].concat());
            for (byte, random) in chunk.iter_mut().zip(digest) {
                *byte = random;
            }
        }
        bytes
    }

    /// A certificate's serial number: positive, and never shorter.
    pub(super) fn serial<const LENGTH: usize>(&self, purpose: &str, index: u64) -> [u8; LENGTH] {
        let mut serial = self.bytes(purpose, index);
        if let Some(first) = serial.first_mut() {
            *first = *first & 0x3f | 0x40;
        }
        serial
    }

    /// A number for one purpose of one device.
    pub(super) fn number(&self, purpose: &str, index: u64) -> u64 {
        u64::from_be_bytes(self.bytes(purpose, index))
    }

    /// A number of so many bits that no other index gets for the same purpose.
    pub(super) fn distinct(&self, purpose: &str, index: u64, bits: u32) -> u64 {
        let mask = u64::MAX.checked_shr(64 - bits).unwrap_or_default();
        // An odd factor has an inverse modulo a power of two, so no two products are equal.
        let factor = self.number(purpose, u64::MAX) | 1;
        index.wrapping_mul(factor).wrapping_add(self.number(purpose, u64::MAX - 1)) & mask
    }

    /// A UUID of version 4.
    pub(super) fn uuid(&self, purpose: &str, index: u64) -> String {
        let number = u128::from_be_bytes(self.bytes(purpose, index));
        let version = number & !(0xf << 76) | 0x4 << 76;
        let variant = version & !(0x3 << 62) | 0x2 << 62;
        let hex = format!("{variant:032x}");
        let mut rest = hex.as_str();
        let groups = [8, 4, 4, 4, 12].map(|length| {
            let (group, tail) = rest.split_at_checked(length).unwrap_or_default();
            rest = tail;
            group
        });
        groups.join("-")
    }

    /// Capital letters and digits, as vendors like their codes.
    pub(super) fn code<const LENGTH: usize>(&self, purpose: &str, index: u64) -> String {
        const LETTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
        let bytes = self.bytes::<LENGTH>(purpose, index).into_iter();
        let letters = bytes.filter_map(|byte| LETTERS.get(usize::from(byte) % LETTERS.len()));
        letters.copied().map(char::from).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::Seed;

    #[test]
    fn every_purpose_index_vendor_and_seed_has_bytes_of_its_own() {
        let of = |seed, vendor, purpose, index| -> [u8; 40] {
            Seed::new(seed, vendor).bytes(purpose, index)
        };
        let all = [
            of(1, "a", "key", 0),
            of(2, "a", "key", 0),
            of(1, "b", "key", 0),
            of(1, "a", "mac", 0),
            of(1, "a", "key", 1),
        ];
        assert_eq!(HashSet::from(all).len(), all.len());
        assert_eq!(of(1, "a", "key", 0), all[0]);
        assert_ne!(all[0][..8], all[0][32..], "the second block is another one");
    }

    #[test]
    fn distinct_numbers_are_distinct() {
        let seed = Seed::new(7, "a");
        let numbers: HashSet<u64> = (0..256).map(|index| seed.distinct("mac", index, 8)).collect();
        assert_eq!(numbers, (0..256).collect());
        assert!((0..100).any(|index| seed.distinct("mac", index, 48) >= 1 << 47));
    }

    #[test]
    fn a_uuid_says_its_version() {
        let seed = Seed::new(7, "a");
        for index in 0..20 {
            let uuid = seed.uuid("cn", index);
            let groups: Vec<_> = uuid.split('-').collect();
            assert_eq!(
                groups.iter().map(|group| group.len()).collect::<Vec<_>>(),
                [8, 4, 4, 4, 12]
            );
            assert!(
                groups[2].starts_with('4') && groups[3].starts_with(['8', '9', 'a', 'b']),
                "{uuid}"
            );
        }
    }
}
