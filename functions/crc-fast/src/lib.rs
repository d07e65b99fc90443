//! The checksums that the AWS SDK computes for S3, under the names of the crate that it asks for.
//!
//! `crc-fast` of crates.io knows a hundred checksums and carries a table for each, 680 KB that no
//! compression makes smaller: more than a tenth of a function's zip. S3 has three of them. The
//! workspace's `[patch.crates-io]` puts this crate in its place.
//!
//! CRC32 is what the SDK sends, and `crc32fast` computes it with the processor's instructions.
//! CRC64/NVME is what S3 gives with an object that was uploaded without a checksum; it is computed
//! eight bytes at a step.

mod sliced;

use sliced::Sliced;

/// A checksum of S3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrcAlgorithm {
    /// CRC32.
    Crc32IsoHdlc,
    /// CRC32C.
    Crc32Iscsi,
    /// CRC64/NVME.
    Crc64Nvme,
}

/// A checksum of bytes that come one after another.
#[derive(Clone, Debug)]
pub struct Digest(State);

#[derive(Clone, Debug)]
enum State {
    Crc32(crc32fast::Hasher),
    Sliced { sliced: &'static Sliced, register: u64 },
}

impl Digest {
    /// The checksum of nothing.
    pub fn new(algorithm: CrcAlgorithm) -> Self {
        let sliced = match algorithm {
            CrcAlgorithm::Crc32IsoHdlc => return Self(State::Crc32(crc32fast::Hasher::new())),
            CrcAlgorithm::Crc32Iscsi => Sliced::crc32c(),
            CrcAlgorithm::Crc64Nvme => Sliced::crc64_nvme(),
        };
        Self(State::Sliced { sliced, register: sliced.ones() })
    }

    /// Takes in further bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            State::Crc32(hasher) => hasher.update(bytes),
            State::Sliced { sliced, register } => *register = sliced.update(*register, bytes),
        }
    }

    /// The checksum, in its lowest bits.
    pub fn finalize(&self) -> u64 {
        match &self.0 {
            State::Crc32(hasher) => u64::from(hasher.clone().finalize()),
            State::Sliced { sliced, register } => register ^ sliced.ones(),
        }
    }
}

/// The checksum of these bytes.
pub fn checksum(algorithm: CrcAlgorithm, bytes: &[u8]) -> u64 {
    let mut digest = Digest::new(algorithm);
    digest.update(bytes);
    digest.finalize()
}

#[cfg(test)]
mod tests {
    use super::{CrcAlgorithm, Digest, checksum};

    /// What the catalogue of parametrised CRC algorithms gives for `123456789`.
    const CHECKS: [(CrcAlgorithm, u64); 3] = [
        (CrcAlgorithm::Crc32IsoHdlc, 0xcbf4_3926),
        (CrcAlgorithm::Crc32Iscsi, 0xe306_9283),
        (CrcAlgorithm::Crc64Nvme, 0xae8b_1486_0a79_9888),
    ];

    #[test]
    fn checksums_are_those_of_the_catalogue() {
        for (algorithm, expected) in CHECKS {
            assert_eq!(checksum(algorithm, b"123456789"), expected, "{algorithm:?}");
        }
    }

    #[test]
    fn nothing_has_the_checksum_zero() {
        for (algorithm, _) in CHECKS {
            assert_eq!(checksum(algorithm, b""), 0, "{algorithm:?}");
        }
    }

    #[test]
    fn it_is_the_same_however_the_bytes_are_cut() {
        let bytes: Vec<u8> = (0_u32..1000).map(|n| (n * n % 251).to_le_bytes()[0]).collect();
        for (algorithm, _) in CHECKS {
            let whole = checksum(algorithm, &bytes);
            for size in [1, 3, 7, 8, 9, 64, 999] {
                let mut digest = Digest::new(algorithm);
                bytes.chunks(size).for_each(|chunk| digest.update(chunk));
                assert_eq!(digest.finalize(), whole, "{algorithm:?} by {size}");
            }
        }
    }
}
