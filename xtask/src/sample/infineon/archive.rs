//! 7z archives as Infineon's are: solid, with LZMA2 and the filter for x86 programs.

use std::{
    cell::RefCell,
    io::{self, Cursor, Read},
};

use anyhow::Result;
use sevenz_rust2::{
    ArchiveEntry, ArchiveWriter, EncoderConfiguration, EncoderMethod, NtTime, SourceReader,
    encoder_options::Lzma2Options,
};

/// The first of January 2025 in the time of Windows: tenths of microseconds since 1601.
pub(super) const TIME: u64 = 133_801_632_000_000_000;
/// `FILE_ATTRIBUTE_ARCHIVE`.
pub(super) const ATTRIBUTES: u32 = 32;
/// 16 MiB, the dictionary of Infineon's own archives.
const DICTIONARY: u32 = 16 << 20;

/// An archive whose members are asked for one after another, while it is made.
pub(super) fn archive(
    names: &[String],
    next: &mut dyn FnMut() -> Result<Vec<u8>>,
) -> Result<Vec<u8>> {
    let mut compression = Lzma2Options::from_level(5);
    compression.set_dictionary_size(DICTIONARY);
    let mut writer = ArchiveWriter::new(Cursor::new(Vec::new()))?;
    writer.set_content_methods(vec![
        compression.into(),
        EncoderConfiguration::new(EncoderMethod::BCJ_X86_FILTER),
    ]);
    let (next, failure) = (RefCell::new(next), RefCell::new(None));
    let member = || SourceReader::new(Member { next: &next, failure: &failure, content: None });
    let members = names.iter().map(|_| member()).collect();
    let entries = names.iter().map(|name| entry(name)).collect();
    let result = writer.push_archive_entries(entries, members).map(|_| ());
    // The writer knows only that a member could not be read.
    if let Some(error) = failure.take() {
        return Err(error);
    }
    result?;
    Ok(writer.finish()?.into_inner())
}

fn entry(name: &str) -> ArchiveEntry {
    ArchiveEntry {
        has_last_modified_date: true,
        last_modified_date: NtTime::new(TIME),
        has_windows_attributes: true,
        windows_attributes: ATTRIBUTES,
        ..ArchiveEntry::new_file(name)
    }
}

/// The content of a member, which is asked for when it is first read.
struct Member<'a, 'b> {
    next: &'a RefCell<&'b mut dyn FnMut() -> Result<Vec<u8>>>,
    failure: &'a RefCell<Option<anyhow::Error>>,
    content: Option<Cursor<Vec<u8>>>,
}

impl Read for Member<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.content.is_none() {
            let content = (self.next.borrow_mut())().map_err(|error| {
                self.failure.replace(Some(error));
                io::Error::other("a member cannot be made")
            })?;
            self.content = Some(Cursor::new(content));
        }
        self.content.as_mut().map_or(Ok(0), |content| content.read(buffer))
    }
}
