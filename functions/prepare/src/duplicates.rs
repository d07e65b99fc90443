//! Finds the same certificate or the same thing name twice in one file.

use std::collections::{HashMap, hash_map::Entry};

use sha2::{Digest, Sha256};

/// What entries of this file have used already.
///
/// A digest is cut to 96 bits, so that an entry costs some 40 bytes; among a hundred million
/// entries the chance that any two meet by accident is below one in ten trillion.
#[derive(Debug, Default)]
pub(crate) struct Duplicates {
    certificates: HashMap<[u8; 12], u32>,
    names: HashMap<[u8; 12], u32>,
}

/// What an earlier entry of the file has already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Duplicate {
    Certificate { entry: u32 },
    Name { entry: u32 },
}

impl Duplicates {
    /// Takes the certificate and, unless it is empty, the thing name for `entry`.
    pub(crate) fn take(
        &mut self,
        entry: u64,
        certificate: &[u8; 32],
        thing: &str,
    ) -> Option<Duplicate> {
        let entry = u32::try_from(entry).unwrap_or(u32::MAX);
        let name = (!thing.is_empty()).then(|| cut(&Sha256::digest(thing).into()));
        let certificate = cut(certificate);
        if let Some(&entry) = self.certificates.get(&certificate) {
            return Some(Duplicate::Certificate { entry });
        }
        if let Some(name) = name {
            match self.names.entry(name) {
                Entry::Occupied(taken) => return Some(Duplicate::Name { entry: *taken.get() }),
                Entry::Vacant(free) => free.insert(entry),
            };
        }
        self.certificates.insert(certificate, entry);
        None
    }
}

fn cut(digest: &[u8; 32]) -> [u8; 12] {
    let mut cut = [0; 12];
    cut.iter_mut().zip(digest).for_each(|(to, from)| *to = *from);
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_entry_keeps_its_name_and_certificate() {
        let mut duplicates = Duplicates::default();
        assert_eq!(duplicates.take(1, &[1; 32], "a"), None);
        assert_eq!(duplicates.take(2, &[2; 32], "a"), Some(Duplicate::Name { entry: 1 }));
        assert_eq!(duplicates.take(3, &[1; 32], "b"), Some(Duplicate::Certificate { entry: 1 }));
        assert_eq!(
            duplicates.take(4, &[2; 32], "b"),
            None,
            "entries 2 and 3 were refused, and took nothing"
        );
    }

    #[test]
    fn devices_whose_things_come_later_have_no_names_to_share() {
        let mut duplicates = Duplicates::default();
        assert_eq!(duplicates.take(1, &[1; 32], ""), None);
        assert_eq!(duplicates.take(2, &[2; 32], ""), None);
    }
}
