//! Zip archives.

use std::io::{self, BufReader, Read, Seek};

use ::zip::result::ZipError;
use ::zip::{CompressionMethod, ZipArchive};

use super::{ArchiveFault, Trouble};
use crate::context::Limits;

/// What stands before each member in the list of members.
const LISTED: [u8; 4] = *b"PK\x01\x02";
/// What stands behind the list, and how many bytes follow it at least.
const END: [u8; 4] = *b"PK\x05\x06";
const END_BYTES: u64 = 18;

/// An archive whose list of members has been read.
pub(crate) struct Zip<R> {
    archive: ZipArchive<R>,
}

/// One member, as the list has it.
#[derive(Debug)]
pub(crate) struct Member {
    /// Its name, folders included.
    pub name: String,
    pub is_folder: bool,
    index: usize,
}

impl<R: Read + Seek> Zip<R> {
    pub(crate) fn open(mut source: R, limits: Limits) -> Result<Self, Trouble> {
        let too_many = ArchiveFault::TooManyMembers { limit: limits.members };
        // The library makes room for as many members as the archive says it has.
        let Signs { members, has_end } = Signs::of(&mut source)?;
        if members > limits.members {
            return Err(too_many.into());
        }
        if !has_end {
            return Err(Trouble::Truncated);
        }
        source.rewind()?;
        let archive = ZipArchive::new(source).map_err(|error| match error {
            ZipError::Io(error) if error.raw_os_error().is_some() => Trouble::Io(error),
            ZipError::UnsupportedArchive(_) => {
                ArchiveFault::Malformed("it is one of several volumes, or of an unknown kind")
                    .into()
            }
            _ => ArchiveFault::HEADER.into(),
        })?;
        if archive.has_duplicate_names() {
            // The library gives only the last of them.
            let twice = "two of its members have the same name, so one of them would be lost";
            return Err(ArchiveFault::Malformed(twice).into());
        }
        Ok(Self { archive })
    }

    /// The number of members, folders included.
    pub(crate) fn len(&self) -> usize {
        self.archive.len()
    }

    /// The n-th member, counted from 0.
    pub(crate) fn member(&self, index: usize) -> Result<Member, ArchiveFault> {
        let data = self.archive.by_index_data(index).map_err(|_| ArchiveFault::HEADER)?;
        let name = data.name().map_err(|_| ArchiveFault::HEADER)?.into_owned();
        Ok(Member { name, is_folder: data.is_dir(), index })
    }

    /// The content of a member.
    pub(crate) fn open_member(&mut self, member: &Member) -> Result<impl Read + '_, Trouble> {
        let data = self.archive.by_index_data(member.index).map_err(|_| ArchiveFault::HEADER)?;
        if data.encrypted() {
            return Err(ArchiveFault::Encrypted.into());
        }
        let method = data.compression();
        if !matches!(method, CompressionMethod::Stored | CompressionMethod::Deflated) {
            let method = method.to_string();
            return Err(ArchiveFault::Method { method }.into());
        }
        self.archive.by_index(member.index).map_err(|error| match error {
            ZipError::Io(error) => error.into(),
            _ => ArchiveFault::DAMAGED.into(),
        })
    }
}

/// What is found by going through the whole archive.
#[derive(Debug, Default)]
struct Signs {
    /// How many members are listed at most: the list has no other way to name one.
    members: u64,
    /// Whether what ends an archive is there, as a whole.
    has_end: bool,
}

impl Signs {
    fn of(source: &mut (impl Read + Seek)) -> io::Result<Self> {
        source.rewind()?;
        let mut signs = Self::default();
        let mut last = [0; 4];
        let mut since_end = 0;
        for byte in BufReader::with_capacity(64 << 10, source).bytes() {
            last.rotate_left(1);
            if let Some(end) = last.last_mut() {
                *end = byte?;
            }
            signs.members += u64::from(last == LISTED);
            since_end = if last == END { 1 } else { since_end + u64::from(since_end > 0) };
            signs.has_end |= since_end > END_BYTES;
        }
        Ok(signs)
    }
}
