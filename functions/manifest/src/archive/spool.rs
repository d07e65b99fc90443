//! An archive set aside, because it is read from its end.

use std::io::{self, BufReader, Read, Seek, SeekFrom, Write as _};

use tempfile::SpooledTempFile;

use super::fault::{ArchiveFault, Trouble};
use crate::context::Limits;
use crate::entry::Place;
use crate::error::ManifestError;
use crate::input::Input;
use crate::sink::Stop;

/// What is kept in memory; larger archives lie in a temporary file without a name, which is gone
/// with the process whatever happens. Infineon's bundle of 200 chips has 276 KB.
const IN_MEMORY: usize = 8 << 20;

/// The bytes of an archive.
#[derive(Debug)]
pub(crate) struct Spool {
    // The libraries read single bytes, too.
    file: BufReader<SpooledTempFile>,
    length: u64,
    limit: u64,
}

impl Spool {
    fn new(limit: u64) -> Self {
        Self { file: BufReader::new(SpooledTempFile::new(IN_MEMORY)), length: 0, limit }
    }

    /// A whole file.
    pub(crate) fn of_file<R: Read>(input: &mut Input<R>, limits: Limits) -> Result<Self, Stop> {
        let mut spool = Self::new(limits.archive_bytes);
        loop {
            let chunk =
                input.chunk().map_err(|error| ManifestError::from_input(error, 0, limits.bytes))?;
            if chunk.is_empty() {
                return Ok(spool);
            }
            spool.push(chunk).map_err(|trouble| trouble.at(Place::File, 0))?;
            let count = chunk.len();
            input.consume(count);
        }
    }

    /// A member of an archive.
    pub(crate) fn of_member(source: &mut dyn Read, limit: u64) -> Result<Self, Trouble> {
        let mut spool = Self::new(limit);
        let mut buffer = vec![0; 64 << 10];
        loop {
            match source.read(&mut buffer) {
                Ok(0) => return Ok(spool),
                Ok(count) => spool.push(buffer.get(..count).unwrap_or_default())?,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Adds bytes at the end.
    fn push(&mut self, bytes: &[u8]) -> Result<(), Trouble> {
        self.length = self.length.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        if self.length > self.limit {
            return Err(ArchiveFault::TooLarge { limit: self.limit }.into());
        }
        self.file.get_mut().write_all(bytes).map_err(Trouble::Spool)
    }
}

impl Read for Spool {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.file.read(buffer)
    }
}

impl Seek for Spool {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Seek as _};

    use super::{IN_MEMORY, Spool};

    #[test]
    fn what_does_not_fit_into_memory_is_read_back_all_the_same() {
        let bytes: Vec<u8> = (0..=250).cycle().take(IN_MEMORY + 1_000).collect();
        let mut spool = Spool::of_member(&mut bytes.as_slice(), 64 << 20).unwrap();
        spool.rewind().unwrap();
        let mut read = Vec::new();
        spool.read_to_end(&mut read).unwrap();
        assert!(read == bytes);
    }
}
