//! A file that is there as a whole or not at all, whenever a command is interrupted.

use std::{
    fs::{File, Permissions},
    io::Write,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use tempfile::{Builder, NamedTempFile};

/// A file that is being written. Until it is [kept](Self::keep), one of that name stays as it is.
#[derive(Debug)]
pub(crate) struct WholeFile {
    file: NamedTempFile,
    path: PathBuf,
}

impl WholeFile {
    pub(crate) fn create(path: &Path) -> Result<Self> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let mut builder = Builder::new();
        // The umask takes away from it what it takes away from others.
        builder.prefix(".thingpress-").permissions(Permissions::from_mode(0o666));
        let file = builder.tempfile_in(folder.unwrap_or(Path::new(".")));
        let file = file.with_context(|| format!("failed to write {}", path.display()))?;
        Ok(Self { file, path: path.to_owned() })
    }

    pub(crate) fn as_file(&mut self) -> &mut File {
        self.file.as_file_mut()
    }

    /// Puts the file into its place.
    pub(crate) fn keep(self) -> Result<()> {
        let path = self.path;
        self.file
            .persist(&path)
            .map(drop)
            .with_context(|| format!("failed to write {}", path.display()))
    }
}

/// Writes a small file.
pub(crate) fn write(path: &Path, content: &[u8]) -> Result<()> {
    let mut file = WholeFile::create(path)?;
    let written = file.as_file().write_all(content);
    written.with_context(|| format!("failed to write {}", path.display()))?;
    file.keep()
}

#[cfg(test)]
mod tests {
    use std::{fs, io::Write};

    use super::{WholeFile, write};

    #[test]
    fn a_file_that_is_not_kept_leaves_the_one_before() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        write(&path, b"before").unwrap();
        let mut half = WholeFile::create(&path).unwrap();
        half.as_file().write_all(b"half").unwrap();
        drop(half);
        assert_eq!(fs::read(&path).unwrap(), b"before");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "nothing is left beside it");
        write(&path, b"after").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"after");
    }
}
