//! Puts pieces together to a file.

use std::collections::HashSet;
use std::io::{self, Seek, Write};

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::{Excerpt, Piece};
use crate::error::ManifestError;

/// A file that is being put together.
pub(super) struct Assembly<W: Write + Seek> {
    target: Target<W>,
    open: Option<Open>,
    names: HashSet<String>,
    entries: u64,
    /// The number of the first entry of the piece that was written last, as long as entries of the
    /// same piece come.
    piece: Option<u64>,
}

/// Where it goes. Whether it is to be an archive shows with the first piece.
enum Target<W: Write + Seek> {
    Plain(Option<W>),
    Archive(Box<ZipWriter<W>>),
}

/// The plain file that is being written: the counterpart of one in the original.
struct Open {
    file: u64,
    end: Vec<u8>,
}

impl<W: Write + Seek> Write for Target<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(Some(to)) => to.write(bytes),
            Self::Plain(None) => Err(io::ErrorKind::NotConnected.into()),
            Self::Archive(to) => to.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(Some(to)) => to.flush(),
            Self::Plain(None) => Ok(()),
            Self::Archive(to) => to.flush(),
        }
    }
}

impl<W: Write + Seek> Assembly<W> {
    pub(super) fn new(to: W) -> Self {
        Self {
            target: Target::Plain(Some(to)),
            open: None,
            names: HashSet::new(),
            entries: 0,
            piece: None,
        }
    }

    /// Takes the next entry of the original, whose number in the excerpt it gives where the entry is
    /// to be copied and can be.
    pub(super) fn take(
        &mut self,
        piece: Option<Piece<'_>>,
        is_wanted: bool,
    ) -> io::Result<Option<u64>> {
        let Some(piece) = piece else {
            self.piece = None;
            return Ok(None);
        };
        if piece.slice.at == 0 {
            self.piece = None;
        }
        if !is_wanted {
            return Ok(None);
        }
        let first = if let Some(first) = self.piece {
            first
        } else {
            self.write(&piece)?;
            let first = self.entries + 1;
            self.entries += piece.slice.of;
            self.piece = Some(first);
            first
        };
        Ok(Some(first + piece.slice.at))
    }

    fn write(&mut self, piece: &Piece<'_>) -> io::Result<()> {
        if self.open.as_ref().is_some_and(|open| open.file == piece.file) {
            self.target.write_all(piece.frame.between)?;
        } else {
            self.close()?;
            if let Some(name) = piece.member {
                self.start_member(name)?;
            }
            self.target.write_all(piece.frame.start)?;
            self.open = Some(Open { file: piece.file, end: piece.frame.end.to_vec() });
        }
        self.target.write_all(piece.slice.bytes)
    }

    fn start_member(&mut self, name: &str) -> io::Result<()> {
        if let Target::Plain(to) = &mut self.target
            && let Some(to) = to.take()
        {
            self.target = Target::Archive(Box::new(ZipWriter::new(to)));
        }
        let name = self.unused(name);
        match &mut self.target {
            Target::Archive(zip) => Ok(zip.start_file(name, SimpleFileOptions::default())?),
            Target::Plain(_) => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    /// The name, in a folder where the archive has it already: two archives of a bundle may have
    /// members of one name.
    fn unused(&mut self, name: &str) -> String {
        let mut unused = name.to_owned();
        let mut folder = 1;
        while !self.names.insert(unused.clone()) {
            folder += 1;
            unused = format!("{folder}/{name}");
        }
        unused
    }

    /// Ends device-infos: with their batch, where the original names one.
    pub(super) fn close_device_infos(&mut self, batch: Option<&str>) {
        if let Some(open) = &mut self.open {
            let batch = batch.map(|batch| serde_json::Value::from(batch).to_string());
            let batch = batch.map(|batch| format!(", \"batch_id\": {batch}")).unwrap_or_default();
            open.end = format!("\n]{batch}}}\n").into_bytes();
        }
    }

    fn close(&mut self) -> io::Result<()> {
        match self.open.take() {
            Some(open) => self.target.write_all(&open.end),
            None => Ok(()),
        }
    }

    pub(super) fn finish(mut self, end: Option<ManifestError>) -> io::Result<Excerpt> {
        self.close()?;
        let is_archive = matches!(self.target, Target::Archive(_));
        match self.target {
            Target::Plain(Some(mut to)) => to.flush()?,
            Target::Plain(None) => {}
            Target::Archive(zip) => zip.finish()?.flush()?,
        }
        Ok(Excerpt { entries: self.entries, is_archive, end })
    }
}
