//! One object of the index.

use std::{fmt::Write as _, ops::Range};

use sha2::{Digest, Sha256};

use crate::{IndexError, Listed, RunTag};

/// How the keys of segments begin. Another format gets another number.
pub(super) const PREFIX: &str = "index/v1/";

/// Size of a record.
pub(super) const RECORD: usize = 24;
const RECORD_BYTES: u64 = 24;

/// A segment of so many records, 400 MB, is merged no more: it would take longer than it saves.
pub const STAYS: u64 = 1 << 24;

/// Segments of fewer records than this are all of one size.
const SMALLEST: u64 = 1 << 10;

/// That a name stands at a place in the results of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Record {
    /// The number of the name.
    pub(super) hash: u64,
    /// The run.
    pub run: RunTag,
    /// Where the entry's line begins in the run's `results.csv`, in bytes.
    pub offset: u64,
}

impl Record {
    pub(super) const fn hash(self) -> u64 {
        self.hash
    }

    fn write(self, to: &mut Vec<u8>) {
        to.extend_from_slice(&self.hash.to_be_bytes());
        to.extend_from_slice(&self.run.newest.to_be_bytes());
        to.extend_from_slice(&self.run.tag.to_be_bytes());
        to.extend_from_slice(&self.offset.to_be_bytes());
    }

    pub(super) fn read(bytes: &[u8; RECORD]) -> Self {
        let number = |range: Range<usize>| {
            let bytes = bytes.get(range).unwrap_or_default();
            bytes.iter().fold(0, |number: u64, byte| (number << 8) | u64::from(*byte))
        };
        let small = |range| u32::try_from(number(range)).unwrap_or_default();
        let run = RunTag { newest: small(8..12), tag: small(12..16) };
        Self { hash: number(0..8), run, offset: number(16..24) }
    }
}

/// Where records lie in their segment.
pub(super) fn bytes_of(records: &Range<u64>) -> Range<u64> {
    records.start * RECORD_BYTES..records.end * RECORD_BYTES
}

/// An object of the index, as its key tells. By records, and then by digest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Segment {
    records: u64,
    key: String,
}

impl Segment {
    /// A segment of records that are in order, and its content.
    pub(super) fn of(records: &[Record]) -> (Self, Vec<u8>) {
        let mut content = Vec::with_capacity(records.len() * RECORD);
        for record in records {
            record.write(&mut content);
        }
        let count = u64::try_from(records.len()).unwrap_or(u64::MAX);
        (Self::with(count, &Sha256::digest(&content)), content)
    }

    /// What these segments, in order, become when they are merged. Their keys stand for their
    /// content, and so does the merged one's.
    pub(super) fn merged_of(parts: &[Self]) -> Self {
        let mut digest = Sha256::new();
        for part in parts {
            digest.update(&part.key);
            digest.update(b"\n");
        }
        Self::with(parts.iter().map(Self::records).sum(), &digest.finalize())
    }

    fn with(records: u64, digest: &[u8]) -> Self {
        let mut key = format!("{PREFIX}{records:012}-");
        for byte in digest.iter().take(16) {
            // Writing to a text does not fail.
            let _ = write!(key, "{byte:02x}");
        }
        Self { records, key }
    }

    /// The segment that a listing shows; none where the object is something else.
    pub(super) fn listed(listed: &Listed) -> Option<Result<Self, IndexError>> {
        let name = listed.key.strip_prefix(PREFIX)?;
        let records: u64 = name.split('-').next()?.parse().ok()?;
        let segment = Self { records, key: listed.key.clone() };
        Some(match records.checked_mul(RECORD_BYTES) {
            Some(bytes) if bytes == listed.bytes => Ok(segment),
            _ => Err(segment.damaged("its size is not what its name says")),
        })
    }

    pub(super) fn key(&self) -> &str {
        &self.key
    }

    pub(super) const fn records(&self) -> u64 {
        self.records
    }

    /// Segments of the same level are of about the same size: each level is four times the one below. None
    /// for a segment that stays as it is.
    pub(super) fn level(&self) -> Option<u32> {
        (self.records < STAYS).then(|| (self.records / SMALLEST).max(1).ilog(4))
    }

    pub(super) fn damaged(&self, what: &'static str) -> IndexError {
        IndexError::Damaged { key: self.key.clone(), what }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_records_is_the_order_of_their_bytes() {
        let run = |newest, tag| RunTag { newest, tag };
        let records = [
            Record { hash: 1, run: run(9, 9), offset: 9 },
            Record { hash: 256, run: run(1, 9), offset: 9 },
            Record { hash: 256, run: run(2, 1), offset: 9 },
            Record { hash: 256, run: run(2, 3), offset: 4 },
            Record { hash: 256, run: run(2, 3), offset: u64::MAX },
        ];
        assert!(records.is_sorted());
        let (segment, content) = Segment::of(&records);
        let (each, rest) = content.as_chunks::<RECORD>();
        assert!(each.is_sorted() && rest.is_empty());
        let read: Vec<_> = each.iter().map(Record::read).collect();
        assert_eq!(read, records);
        assert_eq!(segment.records(), 5);
        assert!(segment.key().starts_with("index/v1/000000000005-"), "{}", segment.key());
    }

    #[test]
    fn a_level_is_four_times_the_one_below() {
        let level = |records| Segment { records, key: String::new() }.level();
        assert_eq!([1, 1_023, 4_095].map(level), [Some(0); 3]);
        assert_eq!([4_096, 16_383].map(level), [Some(1); 2]);
        assert_eq!(level(STAYS - 1), Some(6));
        assert_eq!(level(STAYS), None);
    }

    #[test]
    fn four_of_a_level_make_one_of_a_greater() {
        for records in [1_024, 4_096, 65_536, 4_194_304] {
            let part = Segment { records, key: String::new() };
            let merged = Segment { records: records * 4, key: String::new() };
            assert!(merged.level().is_none_or(|level| Some(level) > part.level()), "{records}");
        }
    }
}
