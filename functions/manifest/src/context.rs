//! What a reading depends on besides the bytes.

use crate::Signers;

/// What decoding needs to know from its caller.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The signers that may vouch for Microchip's entries.
    pub signers: &'a Signers,
    /// The present time in seconds since 1970. Only warnings depend on it.
    pub now: i64,
    /// Where an input is given up as too large.
    pub limits: Limits,
}

/// Budgets for an input that anybody may have made. Each has an error of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the whole file.
    pub bytes: u64,
    /// Entries of the whole file, refused ones included.
    pub entries: u64,
    /// Bytes of one entry: one element of a JSON array, one line, one PEM block.
    pub entry_bytes: usize,
    /// Nesting of JSON.
    pub depth: usize,
}

impl Default for Limits {
    /// - `entries`: five million. One core verifies at most some 6,000 signed entries a second, and
    ///   a Lambda function ends after 15 minutes, so more can never be read in one go.
    /// - `bytes`: 16 GiB, which is five million entries of 3.4 KB, the size of Microchip's real
    ///   ones.
    /// - `entry_bytes`: 256 KiB, four times the longest certificate that AWS IoT takes (65,536
    ///   characters).
    /// - `depth`: 16. Microchip's payloads nest five deep, and no document that we read comes near
    ///   it.
    fn default() -> Self {
        Self { bytes: 16 << 30, entries: 5_000_000, entry_bytes: 256 << 10, depth: 16 }
    }
}
