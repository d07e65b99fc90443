//! Entries of a file by their numbers, a bit each.

/// So many entries no file has: what names a higher number names none of a file's.
const HIGHEST: u64 = 16_000_000;

/// Which entries of a file are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entries {
    /// Every one.
    All,
    /// Those that were added.
    These {
        /// A bit for each entry, from 0.
        bits: Vec<u64>,
        /// How many are set.
        count: u64,
    },
}

impl Entries {
    /// Not one of them.
    pub const fn none() -> Self {
        Self::These { bits: Vec::new(), count: 0 }
    }

    /// Adds an entry. A number that no file's entry has is left out.
    pub fn add(&mut self, entry: u64) {
        let Self::These { bits, count } = self else { return };
        if entry > HIGHEST {
            return;
        }
        let (word, bit) = place(entry);
        if bits.len() <= word {
            bits.resize(word + 1, 0);
        }
        if let Some(word) = bits.get_mut(word)
            && *word & bit == 0
        {
            *word |= bit;
            *count += 1;
        }
    }

    /// Whether an entry is meant.
    pub fn has(&self, entry: u64) -> bool {
        let (word, bit) = place(entry);
        match self {
            Self::All => true,
            Self::These { bits, .. } => bits.get(word).is_some_and(|word| word & bit != 0),
        }
    }

    /// How many are meant; none where nobody has counted them.
    pub const fn count(&self) -> Option<u64> {
        match self {
            Self::All => None,
            Self::These { count, .. } => Some(*count),
        }
    }
}

fn place(entry: u64) -> (usize, u64) {
    (usize::try_from(entry / 64).unwrap_or(usize::MAX), 1 << (entry % 64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_meant_once_it_was_added() {
        let mut entries = Entries::none();
        assert_eq!((entries.has(64), entries.count()), (false, Some(0)));
        for entry in [64, 1, 5_000_000, 64] {
            entries.add(entry);
        }
        assert_eq!(entries.count(), Some(3));
        for entry in [0, 1, 2, 63, 64, 65, 128, 4_999_999, 5_000_000, u64::MAX] {
            assert_eq!(entries.has(entry), [1, 64, 5_000_000].contains(&entry), "{entry}");
        }
    }

    #[test]
    fn a_million_entries_take_a_bit_each_and_a_number_of_none_takes_nothing() {
        let mut entries = Entries::none();
        (1..=1_000_000).for_each(|entry| entries.add(entry));
        entries.add(u64::MAX);
        let Entries::These { bits, count } = entries else { panic!("all") };
        assert_eq!((bits.len() * 64 / 1_000, count), (1_000, 1_000_000));
    }

    #[test]
    fn all_are_meant_without_a_count() {
        let mut all = Entries::All;
        all.add(7);
        assert_eq!((all.has(7), all.has(u64::MAX), all.count()), (true, true, None));
    }
}
