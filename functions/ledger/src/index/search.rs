//! Which stretches of a segment to read for a name. Pure: somebody else reads them.

use std::ops::Range;

use super::{Record, segment::RECORD};

/// A read is at least of so many records (16 KB), which cost no more than one, and at most of so many (512 KB).
const NARROW: u64 = 682;
const WIDE: u64 = 21_845;

/// So many records of a name are enough: the newest runs'.
const ENOUGH: u64 = 100;

/// So often the place is computed. Where names are not as even as they should be, halving ends it.
const COMPUTED: u32 = 2;

/// A search in one segment.
#[derive(Debug)]
pub(super) struct Search {
    hash: u64,
    records: u64,
    /// The first record of the name, or of the next one, is in here or right behind.
    bracket: Range<u64>,
    /// No record before the bracket is greater than the one, and none behind it less than the other.
    least: u64,
    greatest: u64,
    reads: u32,
    /// Where the name's records go on, once their beginning is found.
    goes_on: Option<u64>,
    done: bool,
    found: Vec<Record>,
}

impl Search {
    /// A search for a name's number in a segment of so many records.
    pub(super) fn new(hash: u64, records: u64) -> Self {
        Self {
            hash,
            records,
            bracket: 0..records,
            least: 0,
            greatest: u64::MAX,
            reads: 0,
            goes_on: None,
            done: records == 0,
            found: Vec::new(),
        }
    }

    /// The records to read next; none at the end.
    pub(super) fn next(&self) -> Option<Range<u64>> {
        if self.done {
            return None;
        }
        if let Some(from) = self.goes_on {
            return Some(from..self.records.min(from + ENOUGH));
        }
        let Range { start, end } = self.bracket;
        let width = width(end - start);
        if end - start <= width {
            // And what may follow of the same name.
            return Some(start..self.records.min(end + ENOUGH));
        }
        let middle = if self.reads < COMPUTED { self.expected() } else { start.midpoint(end) };
        let from = middle.saturating_sub(width / 2).clamp(start, end - width);
        Some(from..from + width)
    }

    /// Takes what was read.
    pub(super) fn feed(&mut self, read: &Range<u64>, bytes: &[u8]) -> Result<(), &'static str> {
        let (records, rest) = bytes.as_chunks::<RECORD>();
        let records: Vec<Record> = records.iter().map(Record::read).collect();
        if !rest.is_empty() || u64::try_from(records.len()) != Ok(read.end - read.start) {
            return Err("it is shorter than its name says");
        }
        if !records.is_sorted() {
            return Err("its records are not in order");
        }
        self.reads += 1;
        let before = records.partition_point(|record| record.hash() < self.hash);
        let (less, others) = records.split_at(before);
        if self.goes_on.is_some() && !less.is_empty() {
            return Err("its records are not in order");
        }
        match (less.last(), others.first()) {
            // All of it comes before the name.
            (Some(last), None) => {
                self.narrow(read.end..self.bracket.end, last.hash(), self.greatest)
            }
            // The name may begin further ahead.
            (None, Some(first)) if self.goes_on.is_none() && read.start > self.bracket.start => {
                self.narrow(self.bracket.start..read.start, self.least, first.hash())
            }
            _ => {
                self.take(read, others);
                Ok(())
            }
        }
    }

    /// What was found: the newest runs first.
    pub(super) fn into_found(self) -> Vec<Record> {
        self.found
    }

    fn take(&mut self, read: &Range<u64>, others: &[Record]) {
        let same = others.iter().take_while(|record| record.hash() == self.hash).count();
        self.found.extend(others.iter().take(same));
        let may_go_on = same == others.len() && read.end < self.records;
        let is_enough = u64::try_from(self.found.len()).is_ok_and(|found| found >= ENOUGH);
        self.goes_on = Some(read.end);
        self.done = !may_go_on || is_enough;
    }

    fn narrow(&mut self, to: Range<u64>, least: u64, greatest: u64) -> Result<(), &'static str> {
        if to.start > to.end {
            // What lies behind the bracket is known to be greater, unless it is the segment's end.
            self.done = true;
            return if to.start >= self.records {
                Ok(())
            } else {
                Err("its records are not in order")
            };
        }
        if least > greatest {
            return Err("its records are not in order");
        }
        (self.bracket, self.least, self.greatest) = (to, least, greatest);
        self.done = self.bracket.start == self.records;
        Ok(())
    }

    /// Where the name must be, if names are even.
    fn expected(&self) -> u64 {
        let Range { start, end } = self.bracket;
        let part = u128::from(self.hash.saturating_sub(self.least)) * u128::from(end - start);
        let whole = u128::from(self.greatest.abs_diff(self.least)).max(1);
        start + u64::try_from(part / whole).unwrap_or(u64::MAX).min(end - start)
    }
}

/// How many records to read where the name may be at any of `records` places. The place of even names is
/// computed with an error of half the square root of their number; three times that on each side misses one in hundreds.
fn width(records: u64) -> u64 {
    (3 * records.isqrt()).clamp(NARROW, WIDE)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        RunTag,
        index::segment::{Segment, bytes_of},
    };

    fn record(hash: u64, offset: u64) -> Record {
        Record { hash, run: RunTag { newest: 0, tag: 0 }, offset }
    }

    /// The content of a segment.
    fn content(records: &[Record]) -> Vec<u8> {
        Segment::of(records).1
    }

    /// Searches a segment; what it found, and in how many reads of how many records in all.
    fn search(content: &[u8], hash: u64) -> (Vec<Record>, u32, u64) {
        let mut search = Search::new(hash, u64::try_from(content.len() / RECORD).unwrap());
        let (mut reads, mut read) = (0, 0);
        while let Some(range) = search.next() {
            let bytes = bytes_of(&range);
            let [from, to] = [bytes.start, bytes.end].map(|at| usize::try_from(at).unwrap());
            search.feed(&range, &content[from..to]).unwrap();
            reads += 1;
            read += range.end - range.start;
        }
        (search.into_found(), reads, read)
    }

    fn bound(records: usize) -> u32 {
        COMPUTED + u64::try_from(records).unwrap().div_ceil(NARROW).max(1).ilog2() + 3
    }

    /// Even numbers, without a generator of random ones.
    fn even(count: u64) -> Vec<Record> {
        let mut records: Vec<_> =
            (0..count).map(|n| record(crate::index::names::hash(&n.to_string()), n)).collect();
        records.sort_unstable();
        records
    }

    #[test]
    fn names_are_even_so_that_one_read_finds_nearly_every_one() {
        let records = even(300_000);
        let content = content(&records);
        let mut several = 0;
        for wanted in records.iter().step_by(97) {
            let (found, reads, read) = search(&content, wanted.hash());
            assert_eq!(found, [*wanted]);
            assert!(reads <= 3 && read < 4 * 2_000, "{reads} reads of {read} records");
            several += u32::from(reads > 1);
        }
        assert!(several < 30, "{several} of 3,093 took more than one read");
    }

    #[test]
    fn a_name_that_is_not_there_is_not_found() {
        let records = even(50_000);
        for hash in [0, 1, u64::MAX, u64::MAX / 2, records[777].hash() + 1] {
            assert_eq!(search(&content(&records), hash).0, []);
        }
        assert_eq!(search(&[], 7).1, 0);
    }

    #[test]
    fn of_a_name_that_thousands_have_some_are_enough() {
        let records: Vec<_> = (0..5_000).map(|n| record(7, n)).collect();
        let (found, reads, _) = search(&content(&records), 7);
        assert!((100..=5_000).contains(&found.len()) && reads <= bound(5_000));
        assert_eq!(found[0], records[0], "the newest run's first");
    }

    #[test]
    fn what_is_not_in_order_or_too_short_is_damaged() {
        let content = content(&[record(5, 0), record(4, 0)]);
        assert!(Search::new(5, 2).feed(&(0..2), &content).is_err());
        assert!(Search::new(5, 2).feed(&(0..2), &content[..24]).is_err());
        assert!(Search::new(5, 2).feed(&(0..2), &content[..47]).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

        /// However uneven they are: whole numbers near each other, and many alike.
        #[test]
        fn every_record_is_found_in_few_reads(
            mut hashes in prop::collection::vec(
                prop_oneof![0_u64..50, any::<u64>(), (u64::MAX - 3000)..=u64::MAX, 1_u64 << 40..(1 << 40) + 9_000],
                0..6_000,
            ),
            others in prop::collection::vec(any::<u64>(), 10),
        ) {
            hashes.sort_unstable();
            let records: Vec<_> = (0..).zip(&hashes).map(|(n, hash)| record(*hash, n)).collect();
            let content = content(&records);
            for hash in hashes.iter().step_by(61).chain(&others) {
                let expected: Vec<_> =
                    records.iter().filter(|record| record.hash() == *hash).copied().collect();
                let (found, reads, _) = search(&content, *hash);
                prop_assert!(expected.starts_with(&found));
                prop_assert!(found.len() == expected.len() || found.len() >= 100);
                prop_assert!(reads <= bound(records.len()), "{reads} reads of {}", records.len());
            }
        }
    }
}
