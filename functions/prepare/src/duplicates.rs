//! Finds the same certificate or the same thing name twice in one file.

mod table;

use std::io::{self, Read, Write};

use sha2::{Digest, Sha256};

use self::table::Table;

/// What entries of this file have used already.
///
/// A digest is cut to 96 bits, so that an entry costs less than 40 bytes; among a hundred million
/// entries the chance that any two meet by accident is below one in ten trillion.
#[derive(Debug, Default)]
pub struct Duplicates {
    certificates: Table,
    names: Table,
}

/// What an earlier entry of the file has already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Duplicate {
    /// The certificate.
    Certificate {
        /// Who has it.
        entry: u32,
    },
    /// The thing name.
    Name {
        /// Who has it.
        entry: u32,
    },
}

impl Duplicates {
    /// Takes the certificate and, unless it is empty, the thing name for `entry`.
    pub fn take(&mut self, entry: u64, certificate: &[u8; 32], thing: &str) -> Option<Duplicate> {
        let entry = u32::try_from(entry).unwrap_or(u32::MAX);
        let certificate = match self.certificates.find(certificate) {
            Ok(entry) => return Some(Duplicate::Certificate { entry }),
            Err(free) => free,
        };
        if !thing.is_empty() {
            match self.names.find(&Sha256::digest(thing).into()) {
                Ok(entry) => return Some(Duplicate::Name { entry }),
                Err(free) => self.names.insert(free, entry),
            }
        }
        self.certificates.insert(certificate, entry);
        None
    }

    /// Writes everything down for [`read`](Self::read): the certificates, then the names.
    ///
    /// Each begins with how many there are, as eight bytes. The records follow in the order of their
    /// digests, with twelve bytes of the digest and four of the entry's number. All numbers are
    /// big-endian. What was taken alone decides the bytes, and not the order of taking.
    pub fn write(&self, to: &mut dyn Write) -> io::Result<()> {
        self.certificates.write(to)?;
        self.names.write(to)
    }

    /// Reads what was written, and not a byte more.
    pub fn read(from: &mut dyn Read) -> io::Result<Self> {
        Ok(Self { certificates: Table::read(from)?, names: Table::read(from)? })
    }
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

    #[test]
    fn what_was_taken_is_still_taken_after_it_was_written_and_read() {
        let mut duplicates = Duplicates::default();
        duplicates.take(1, &[1; 32], "a");
        duplicates.take(2, &[2; 32], "");
        let mut bytes = Vec::new();
        duplicates.write(&mut bytes).unwrap();
        bytes.push(0);
        let mut rest = bytes.as_slice();
        let mut duplicates = Duplicates::read(&mut rest).unwrap();
        assert_eq!(rest, [0], "not a byte more is read");
        assert_eq!(duplicates.take(3, &[2; 32], "b"), Some(Duplicate::Certificate { entry: 2 }));
        assert_eq!(duplicates.take(3, &[3; 32], "a"), Some(Duplicate::Name { entry: 1 }));
        assert_eq!(duplicates.take(3, &[3; 32], "b"), None);
    }
}
