//! An archive under another header.

use std::io::{self, Read, Seek, SeekFrom};

use super::super::{ArchiveFault, Spool, Trouble};

/// Magic and version (8), checksum of what follows (4), where the header is (8), its length (8) and
/// its checksum (4).
const START_BYTES: usize = 32;
const START_LENGTH: u64 = 32;
/// The magic, and version 0.4.
const MAGIC: [u8; 8] = *b"7z\xbc\xaf\x27\x1c\0\x04";

/// An archive as it lies in the spool, with a start and a header of its own in place of those that
/// came with it.
#[derive(Debug)]
pub(super) struct Spliced {
    spool: Spool,
    /// The length of what is in the spool.
    length: u64,
    start: Vec<u8>,
    header: Vec<u8>,
    at: u64,
}

impl Spliced {
    /// The archive, and the header that came with it, which is empty where the archive is.
    /// `too_large` is said of a header over the limit.
    pub(super) fn open(
        mut spool: Spool,
        limit: u64,
        too_large: ArchiveFault,
    ) -> Result<(Self, Vec<u8>), Trouble> {
        let length = spool.seek(SeekFrom::End(0))?;
        if length < START_LENGTH {
            return Err(Trouble::Truncated);
        }
        let mut start = [0; START_BYTES];
        spool.rewind()?;
        spool.read_exact(&mut start)?;
        let (offset, size, crc) = header_place(start)?;
        let at = offset.saturating_add(START_LENGTH);
        if at.saturating_add(size) > length {
            return Err(Trouble::Truncated);
        }
        if size > limit {
            return Err(too_large.into());
        }
        let mut header = Vec::new();
        spool.seek(SeekFrom::Start(at))?;
        (&mut spool).take(size).read_to_end(&mut header)?;
        if crc32fast::hash(&header) != crc {
            return Err(ArchiveFault::HEADER.into());
        }
        Ok((Self { spool, length, start: Vec::new(), header: Vec::new(), at: 0 }, header))
    }

    /// Puts a header behind everything else, and makes the start point to it.
    pub(super) fn put_header(&mut self, header: Vec<u8>) {
        let offset = self.length.saturating_sub(START_LENGTH).to_le_bytes();
        let place = [
            &offset[..],
            &length_of(&header).to_le_bytes(),
            &crc32fast::hash(&header).to_le_bytes(),
        ];
        let place = place.concat();
        self.start = [&MAGIC[..], &crc32fast::hash(&place).to_le_bytes(), &place].concat();
        self.header = header;
        self.at = 0;
    }
}

impl Read for Spliced {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = if self.at < START_LENGTH {
            rest(&self.start, self.at).read(buffer)?
        } else if self.at < self.length {
            let left = self.length - self.at;
            (&mut self.spool).take(left).read(buffer)?
        } else {
            rest(&self.header, self.at - self.length).read(buffer)?
        };
        self.at = self.at.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
        if self.at == START_LENGTH {
            self.spool.seek(SeekFrom::Start(START_LENGTH))?;
        }
        Ok(count)
    }
}

impl Seek for Spliced {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let end = self.length.saturating_add(length_of(&self.header));
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => end.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = at.ok_or(io::ErrorKind::InvalidInput)?;
        self.spool.seek(SeekFrom::Start(self.at.clamp(START_LENGTH, self.length)))?;
        Ok(self.at)
    }
}

/// Where the header is behind the start, how long it is, and its checksum.
fn header_place(start: [u8; START_BYTES]) -> Result<(u64, u64, u32), Trouble> {
    let (magic, place) = start.split_at(12);
    let [major, _, crc @ ..] = magic.split_at(6).1 else { return Err(Trouble::Truncated) };
    // Who packs writes the start last.
    if start.iter().skip(8).all(|byte| *byte == 0) {
        return Err(Trouble::Truncated);
    }
    if *major != 0 || crc32fast::hash(place).to_le_bytes() != crc {
        return Err(ArchiveFault::HEADER.into());
    }
    let mut walk = place;
    let mut number = || {
        let (number, rest) = walk.split_first_chunk::<8>()?;
        walk = rest;
        Some(u64::from_le_bytes(*number))
    };
    let (Some(offset), Some(size)) = (number(), number()) else { return Err(Trouble::Truncated) };
    let crc = walk.first_chunk().map_or(0, |crc| u32::from_le_bytes(*crc));
    Ok((offset, size, crc))
}

fn rest(bytes: &[u8], at: u64) -> &[u8] {
    usize::try_from(at).ok().and_then(|at| bytes.get(at..)).unwrap_or_default()
}

fn length_of(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}
