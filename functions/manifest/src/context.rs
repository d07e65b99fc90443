//! What a reading depends on besides the bytes.

use std::num::NonZeroUsize;

use crate::certificate::Authorities;
use crate::infineon::Bundle;
use crate::signers::Signers;

/// What decoding needs to know from its caller.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The signers that may vouch for Microchip's entries.
    pub signers: &'a Signers,
    /// The authorities by which Infineon's certificates are checked.
    pub issuers: &'a Authorities,
    /// Which of the certificates of Infineon's chips are wanted.
    pub bundle: Bundle,
    /// The present time in seconds since 1970. Only warnings depend on it.
    pub now: i64,
    /// Where an input is given up as too large.
    pub limits: Limits,
    /// How many threads look into entries, the caller's own included. What is found does not depend
    /// on it.
    pub threads: NonZeroUsize,
}

/// Budgets for an input that anybody may have made. Each has an error of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the whole file.
    pub bytes: u64,
    /// Entries of the whole file, refused ones included.
    pub entries: u64,
    /// Bytes of one entry: one element of a JSON array, one line, one PEM block, one row, one group
    /// of XML, one certificate of an archive.
    pub entry_bytes: usize,
    /// Nesting of JSON and XML.
    pub depth: usize,
    /// Bytes of an archive as it lies there, be it the file or an archive within it.
    pub archive_bytes: u64,
    /// Bytes that come out of all archives of a file.
    pub inflated_bytes: u64,
    /// Members of one archive.
    pub members: u64,
    /// Entries of a 7z archive, which cannot be read in legs.
    pub solid_entries: u64,
}

impl Default for Limits {
    /// - `entries`: five million, which at the default quotas take almost six days to register.
    /// - `bytes`: 16 GiB, which is five million entries of 3.4 KB, the size of Microchip's real
    ///   ones.
    /// - `entry_bytes`: 256 KiB, four times the longest certificate that AWS IoT takes (65,536
    ///   characters).
    /// - `depth`: 16. Microchip's payloads nest five deep, and no document that we read comes near
    ///   it.
    /// - `archive_bytes`: 256 MiB. An archive is read from its end, so it has to lie somewhere as a
    ///   whole, and so has the one within it; a Lambda function has 512 MiB of storage for both.
    ///   Infineon's real ones take some 450 bytes a chip and bundle.
    /// - `inflated_bytes`: 4 GiB, five million certificates of 850 bytes as PEM, the size of
    ///   Infineon's real ones.
    /// - `members`: a million. A reel holds some thousand chips, and the list of an archive's
    ///   members is held in memory, with some 250 bytes a member.
    /// - `solid_entries`: half a million. The slowest that Infineon's certificates can be, P-384 under
    ///   an authority that was uploaded, take a core up to a millisecond each, and a Lambda function
    ///   ends after 15 minutes.
    fn default() -> Self {
        Self {
            bytes: 16 << 30,
            entries: 5_000_000,
            entry_bytes: 256 << 10,
            depth: 16,
            archive_bytes: 256 << 20,
            inflated_bytes: 4 << 30,
            members: 1_000_000,
            solid_entries: 500_000,
        }
    }
}
