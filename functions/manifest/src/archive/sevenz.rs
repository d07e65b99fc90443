//! 7z archives.
//!
//! The library decides by an archive's own numbers how much memory it takes, and inflates a packed
//! header without asking how large it becomes. So the header is unpacked and looked through here
//! first, and the library is given the archive with that plain header.

mod header;
mod spliced;

use std::io::{self, Read};

use sevenz_rust2::{Archive, ArchiveEntry, Block, BlockDecoder, EncoderMethod, Password};

use self::header::{PACKED, Walk};
use self::spliced::Spliced;
use super::fault::blamed;
use super::{ArchiveFault, Budget, Spool, Trouble};
use crate::context::Limits;
use crate::text;

/// What the dictionary of an archive may take of the memory. Infineon's real bundle has 16 MiB,
/// and 7-Zip's strongest setting for a desktop 64 MiB, or 128 MiB in newer versions.
const DICTIONARY_BYTES: u64 = 128 << 20;
/// What the list of members may take for each of them: 64 characters of name in UTF-16, sizes,
/// checksum and times.
const HEADER_BYTES_A_MEMBER: u64 = 160;

/// An archive whose header has been read.
pub(crate) struct SevenZ {
    source: Spliced,
    archive: Archive,
}

impl SevenZ {
    pub(crate) fn open(spool: Spool, limits: Limits) -> Result<Self, Trouble> {
        let too_many = ArchiveFault::TooManyMembers { limit: limits.members };
        let limit = limits.members.saturating_mul(HEADER_BYTES_A_MEMBER);
        let (mut source, mut header) = Spliced::open(spool, limit, too_many.clone())?;
        if header.is_empty() {
            return Ok(Self { source, archive: Archive::default() });
        }
        if header.first() == Some(&PACKED) {
            source.put_header(header::unpacking(&header, limits.members)?);
            let mut packed = Self::read(source)?;
            let size = packed.archive.files.first().map_or(0, |file| file.size);
            if size > limit {
                return Err(too_many.into());
            }
            header.clear();
            packed.each(&Budget::new(size), &|_| true, &mut |_, reader| {
                reader.read_to_end(&mut header)?;
                Ok(())
            })?;
            source = packed.source;
        }
        Walk::new(&header, limits.members).members()?;
        source.put_header(header);
        Self::read(source)
    }

    fn read(mut source: Spliced) -> Result<Self, Trouble> {
        let archive =
            Archive::read(&mut source, &Password::empty()).map_err(|error| match error {
                sevenz_rust2::Error::Io(error, _) if error.raw_os_error().is_some() => error.into(),
                _ => Trouble::Fault(ArchiveFault::HEADER),
            })?;
        Ok(Self { source, archive })
    }

    /// The members, folders included, in the order of the header.
    pub(crate) fn files(&self) -> &[ArchiveEntry] {
        &self.archive.files
    }

    /// Visits the members that are wanted, in their order. Of the others only those are inflated
    /// that are packed together with wanted ones, in front of them.
    pub(crate) fn each(
        &mut self,
        budget: &Budget,
        is_wanted: &dyn Fn(&ArchiveEntry) -> bool,
        visit: &mut dyn FnMut(&ArchiveEntry, &mut dyn Read) -> Result<(), Trouble>,
    ) -> Result<(), Trouble> {
        let Self { source, archive } = self;
        let password = Password::empty();
        let is_wanted = |file: &ArchiveEntry| !file.is_directory && is_wanted(file);
        for (index, block) in archive.blocks.iter().enumerate() {
            let decoder = BlockDecoder::new(1, index, archive, &password, source);
            let mut left = decoder.entries().iter().filter(|file| is_wanted(file)).count();
            if left == 0 {
                continue;
            }
            check(block)?;
            let mut trouble = None;
            let result = decoder.for_each_entries(&mut |file, reader| {
                let mut reader = Whole { reader, left: file.size };
                let visited = budget.charge(file.size).map_err(Trouble::Fault).and_then(|()| {
                    if is_wanted(file) {
                        left -= 1;
                        visit(file, &mut reader)
                    } else {
                        Ok(())
                    }
                });
                trouble = visited.err();
                Ok(trouble.is_none() && left > 0)
            });
            if let Some(trouble) = trouble {
                return Err(trouble);
            }
            result.map_err(|error| match error {
                sevenz_rust2::Error::Io(error, _) => error.into(),
                _ => Trouble::Fault(ArchiveFault::DAMAGED),
            })?;
            if left > 0 {
                return Err(ArchiveFault::DAMAGED.into());
            }
        }
        let files = archive.files.iter().zip(&archive.stream_map.file_block_index);
        for (file, _) in files.filter(|(file, block)| block.is_none() && is_wanted(file)) {
            visit(file, &mut io::empty())?;
        }
        Ok(())
    }
}

/// A member that must not end before its size, which the library does not mind.
struct Whole<'r> {
    reader: &'r mut dyn Read,
    left: u64,
}

impl Read for Whole<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer).map_err(blamed)?;
        if count == 0 && self.left > 0 && !buffer.is_empty() {
            return Err(ArchiveFault::DAMAGED.carry());
        }
        self.left = self.left.saturating_sub(u64::try_from(count).unwrap_or(u64::MAX));
        Ok(count)
    }
}

/// Refuses what cannot or must not be inflated, by the methods that the header names.
fn check(block: &Block) -> Result<(), ArchiveFault> {
    let ids = || block.coders.iter().map(sevenz_rust2::Coder::encoder_method_id);
    // By number and not by the library's error: that one depends on how the library was compiled.
    if ids().any(|id| id == EncoderMethod::ID_AES256_SHA256) {
        return Err(ArchiveFault::Encrypted);
    }
    for coder in &block.coders {
        let dictionary = match (coder.encoder_method_id(), coder.properties()) {
            (EncoderMethod::ID_COPY | EncoderMethod::ID_BCJ_X86, _) => 0,
            (EncoderMethod::ID_LZMA, [_, size @ ..]) => size
                .first_chunk()
                .map(|size| u64::from(u32::from_le_bytes(*size)))
                .ok_or(ArchiveFault::HEADER)?,
            (EncoderMethod::ID_LZMA2, [bits @ 0..=40]) => {
                u64::from(2 | (bits & 1)) << (bits / 2 + 11)
            }
            (EncoderMethod::ID_LZMA | EncoderMethod::ID_LZMA2, _) => {
                return Err(ArchiveFault::HEADER);
            }
            (id, _) => {
                let method = EncoderMethod::by_id(id)
                    .map_or_else(|| text::hex(id), |method| method.name().to_owned());
                return Err(ArchiveFault::Method { method });
            }
        };
        if dictionary > DICTIONARY_BYTES {
            return Err(ArchiveFault::Dictionary { limit: DICTIONARY_BYTES });
        }
    }
    Ok(())
}
