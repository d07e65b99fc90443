//! Which entry was the first to use a digest.
//!
//! A hash table that doubles would need room for three times its records while it grows. This one
//! grows by little and in place. Digests are spread evenly, so a digest, read as a fraction, says
//! roughly where its record stands when all are in order. They are kept in order, with a slot in
//! ten left free; a new one pushes its neighbours on to the next free slot. When the free slots run
//! short, the records are spread over more slots, block by block, and a block that was emptied
//! is filled anew. So 20 bytes a record is the most that is ever in use, besides a block a shard.

use std::io::{self, Read, Write};
use std::mem;

/// A record is a digest's first twelve bytes and then an entry's number, so that records are in the
/// order of their digests. Entries are counted from 1: a free slot is 0.
type Record = u128;

const ENTRY_BITS: u32 = 32;
/// Each first byte of a digest has a shard of its own, so that one that is spread out anew is small.
const SHARDS: usize = 256;
const SHARD_BITS: u32 = 8;
/// How many records a block holds: 4 KiB.
const BLOCK: usize = 256;

/// The first entry of each digest.
#[derive(Debug)]
pub(super) struct Table {
    shards: Vec<Shard>,
}

/// A digest that is not there, and would be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Free {
    digest: Record,
}

#[derive(Debug, Default)]
struct Shard {
    /// The slots. Those behind the last block are free, too.
    blocks: Vec<Box<[Record; BLOCK]>>,
    /// Over how many slots the digests are spread. Records may be pushed beyond the last of them.
    spread: usize,
    taken: usize,
}

impl Default for Table {
    fn default() -> Self {
        Self { shards: (0..SHARDS).map(|_| Shard::default()).collect() }
    }
}

impl Table {
    /// The entry that has the digest, or leave to [`insert`](Self::insert) it.
    pub(super) fn find(&self, digest: &[u8; 32]) -> Result<u32, Free> {
        let digest = record_of(digest);
        let shard = self.shards.get(shard_of(digest));
        shard.and_then(|shard| shard.find(digest)).ok_or(Free { digest })
    }

    /// Takes for `entry` a digest that was not found.
    pub(super) fn insert(&mut self, free: Free, entry: u32) {
        if let Some(shard) = self.shards.get_mut(shard_of(free.digest)) {
            shard.insert(free.digest | Record::from(entry.max(1)));
        }
    }

    pub(super) fn write(&self, to: &mut dyn Write) -> io::Result<()> {
        let count: usize = self.shards.iter().map(|shard| shard.taken).sum();
        to.write_all(&u64::try_from(count).unwrap_or(u64::MAX).to_be_bytes())?;
        let mut records = self.shards.iter().flat_map(Shard::records);
        records.try_for_each(|record| to.write_all(&record.to_be_bytes()))
    }

    pub(super) fn read(from: &mut dyn Read) -> io::Result<Self> {
        let wrong = || io::Error::new(io::ErrorKind::InvalidData, "no digests in their order");
        let mut count = [0; 8];
        from.read_exact(&mut count)?;
        let mut table = Self::default();
        let mut last = None;
        for _ in 0..u64::from_be_bytes(count) {
            let mut record = [0; 16];
            from.read_exact(&mut record)?;
            let record = Record::from_be_bytes(record);
            let digest = record >> ENTRY_BITS;
            if last.is_some_and(|last| last >= digest) || record == digest << ENTRY_BITS {
                return Err(wrong());
            }
            last = Some(digest);
            table.shards.get_mut(shard_of(record)).ok_or_else(wrong)?.insert(record);
        }
        Ok(table)
    }
}

impl Shard {
    fn find(&self, digest: Record) -> Option<u32> {
        let (block, slot) = place(home(digest, self.spread));
        let mut skipped = slot;
        for block in self.blocks.iter().skip(block) {
            for record in block.iter().skip(mem::take(&mut skipped)) {
                if *record == 0 {
                    return None;
                }
                if *record >= digest {
                    return u32::try_from(*record ^ digest).ok();
                }
            }
        }
        None
    }

    fn insert(&mut self, record: Record) {
        // With fewer slots left, a free one would be far.
        if (self.taken + 1) * 100 > self.spread * 91 {
            self.spread_out();
        }
        self.taken += 1;
        let (block, slot) = place(home(record, self.spread));
        self.reach(block);
        let mut pushed = record;
        let mut skipped = slot;
        for block in self.blocks.iter_mut().skip(block) {
            for slot in block.iter_mut().skip(mem::take(&mut skipped)) {
                if *slot == 0 {
                    *slot = pushed;
                    return;
                }
                if pushed < *slot {
                    mem::swap(slot, &mut pushed);
                }
            }
        }
        let mut block = empty_block();
        block.iter_mut().take(1).for_each(|slot| *slot = pushed);
        self.blocks.push(block);
    }

    /// Spreads the records over so many slots that 82 in 100 are taken.
    fn spread_out(&mut self) {
        let spread = BLOCK.max((self.taken + 1) * 100 / 82);
        let mut emptied = Vec::new();
        let mut next = 0;
        for mut old in mem::take(&mut self.blocks) {
            for record in old.iter_mut().map(mem::take).filter(|record| *record != 0) {
                let at = home(record, spread).max(next);
                next = at + 1;
                let (block, slot) = place(at);
                while self.blocks.len() <= block {
                    self.blocks.push(emptied.pop().unwrap_or_else(empty_block));
                }
                if let Some(slot) = self.blocks.get_mut(block).and_then(|it| it.get_mut(slot)) {
                    *slot = record;
                }
            }
            emptied.push(old);
        }
        self.spread = spread;
    }

    /// Makes blocks up to this one.
    fn reach(&mut self, block: usize) {
        while self.blocks.len() <= block {
            self.blocks.push(empty_block());
        }
    }

    fn records(&self) -> impl Iterator<Item = Record> {
        self.blocks.iter().flat_map(|block| block.iter().copied()).filter(|record| *record != 0)
    }
}

/// The record of a digest, without an entry.
fn record_of(digest: &[u8; 32]) -> Record {
    let first = digest.first_chunk().copied().unwrap_or_default();
    (Record::from_be_bytes(first) >> ENTRY_BITS) << ENTRY_BITS
}

fn shard_of(record: Record) -> usize {
    usize::try_from(record >> (Record::BITS - SHARD_BITS)).unwrap_or_default()
}

/// The slot that the record would have, were all spread evenly over so many.
fn home(record: Record, spread: usize) -> usize {
    let fraction = u64::try_from((record << SHARD_BITS) >> u64::BITS).unwrap_or(u64::MAX);
    let slots = u64::try_from(spread).unwrap_or(u64::MAX);
    let home = (u128::from(fraction) * u128::from(slots)) >> u64::BITS;
    usize::try_from(home).unwrap_or_default()
}

/// The block that a slot is in, and where in it.
const fn place(slot: usize) -> (usize, usize) {
    (slot / BLOCK, slot % BLOCK)
}

fn empty_block() -> Box<[Record; BLOCK]> {
    Box::new([0; BLOCK])
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::{collection::vec, prelude::*};

    use super::{BLOCK, ENTRY_BITS, SHARDS, Table};

    /// Digests that share most of their bytes, so that they crowd one another.
    fn digests() -> impl Strategy<Value = Vec<[u8; 32]>> {
        let crowded = (0_u8..3, any::<u16>(), prop_oneof![Just(0), Just(0xff), any::<u8>()]);
        vec(crowded, 0..2_000).prop_map(|digests| {
            digests
                .into_iter()
                .map(|(shard, last, between)| {
                    let [high, low] = last.to_be_bytes();
                    let mut digest = [between; 32];
                    (digest[0], digest[10], digest[11]) = (shard, high, low);
                    digest
                })
                .collect()
        })
    }

    fn evenly(count: u32) -> impl Iterator<Item = [u8; 32]> {
        use sha2::{Digest, Sha256};
        (0..count).map(|number| Sha256::digest(number.to_be_bytes()).into())
    }

    fn fill(digests: impl IntoIterator<Item = [u8; 32]>) -> Table {
        let mut table = Table::default();
        for (digest, entry) in digests.into_iter().zip(1..) {
            if let Err(free) = table.find(&digest) {
                table.insert(free, entry);
            }
        }
        table
    }

    fn written(table: &Table) -> Vec<u8> {
        let mut bytes = Vec::new();
        table.write(&mut bytes).unwrap();
        bytes
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn the_first_entry_of_a_digest_is_found_and_no_other(digests in digests()) {
            let mut table = Table::default();
            let mut expected: HashMap<[u8; 32], u32> = HashMap::new();
            for (digest, entry) in digests.iter().zip(1..) {
                let first = expected.get(digest).copied();
                prop_assert_eq!(table.find(digest).ok(), first);
                if let Err(free) = table.find(digest) {
                    table.insert(free, entry);
                    expected.insert(*digest, entry);
                }
            }
            for (digest, entry) in &expected {
                prop_assert_eq!(table.find(digest).ok(), Some(*entry));
            }
        }

        #[test]
        fn what_is_written_is_read_again_whatever_the_order_of_taking(digests in digests()) {
            let table = fill(digests.clone());
            let bytes = written(&table);
            let mut rest = bytes.as_slice();
            let read = Table::read(&mut rest).unwrap();
            prop_assert!(rest.is_empty());
            prop_assert_eq!(&written(&read), &bytes);
            for digest in &digests {
                prop_assert_eq!(read.find(digest).ok(), table.find(digest).ok());
            }
            let digests_of = |bytes: &[u8]| -> Vec<u8> {
                bytes[8..].chunks(16).flat_map(|record| record[..12].to_vec()).collect()
            };
            let other = written(&fill(digests.into_iter().rev()));
            prop_assert_eq!(digests_of(&other), digests_of(&bytes));
        }
    }

    #[test]
    fn a_record_takes_at_most_20_bytes_at_any_time_besides_a_block_a_shard() {
        let mut table = Table::default();
        for (digest, taken) in evenly(100_000).zip(1..) {
            table.insert(table.find(&digest).unwrap_err(), taken);
            if taken % 1_000 == 0 {
                let blocks: usize = table.shards.iter().map(|shard| shard.blocks.len()).sum();
                let taken = usize::try_from(taken).unwrap();
                let most = 20 * taken + (SHARDS + 1) * BLOCK * 16;
                assert!(blocks * BLOCK * 16 <= most, "{blocks} blocks for {taken} records");
            }
        }
    }

    #[test]
    fn records_stand_close_to_where_they_are_looked_for() {
        let table = fill(evenly(100_000));
        let mut pushed = 0;
        for shard in &table.shards {
            let slots = shard.blocks.iter().flat_map(|block| block.iter());
            let taken = slots.enumerate().filter(|(_, record)| **record != 0);
            pushed += taken.map(|(slot, it)| slot - super::home(*it, shard.spread)).sum::<usize>();
        }
        assert!(pushed < 8 * 100_000, "{pushed} slots for 100,000 records");
    }

    #[test]
    fn what_is_out_of_order_or_has_no_entry_is_not_read() {
        let record = |digest: u128, entry: u128| ((digest << ENTRY_BITS) | entry).to_be_bytes();
        for (records, is_fine) in [
            ([record(1, 1), record(2, 1)], true),
            ([record(2, 1), record(1, 1)], false),
            ([record(1, 1), record(1, 2)], false),
            ([record(1, 1), record(2, 0)], false),
        ] {
            let bytes = [&2_u64.to_be_bytes()[..], &records.concat()].concat();
            assert_eq!(Table::read(&mut bytes.as_slice()).is_ok(), is_fine, "{records:?}");
        }
        let short = [&2_u64.to_be_bytes()[..], &record(1, 1)].concat();
        assert!(Table::read(&mut short.as_slice()).is_err());
    }
}
