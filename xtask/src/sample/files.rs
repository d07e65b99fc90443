//! The files of a sample.

use std::{
    fs::{self, File},
    io::{BufWriter, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

use super::{
    Options, Sample,
    identity::{Device, Identities},
    in_order::in_order,
};
use crate::advice::{Advise, wrong_usage};

/// The folder that a sample is written into, and the name that its files share.
pub(super) struct Files<'a> {
    options: &'a Options,
    stem: String,
}

impl<'a> Files<'a> {
    /// Makes the folder where it is missing.
    pub(super) fn of(vendor: &str, options: &'a Options) -> Result<Self> {
        let folder = options.folder.display();
        fs::create_dir_all(&options.folder).map_err(|error| {
            wrong_usage(
                format!("{folder} cannot be made or is no folder: {error}"),
                "name a folder that you may write to: --out DIR",
            )
        })?;
        Ok(Self { options, stem: format!("{vendor}-{}", options.seed) })
    }

    /// The path of a file: `suffix` follows the shared name.
    pub(super) fn path(&self, suffix: &str) -> PathBuf {
        self.options.folder.join(format!("{}{suffix}", self.stem))
    }

    /// Writes a small file.
    pub(super) fn write(&self, suffix: &str, content: &[u8]) -> Result<PathBuf> {
        let path = self.path(suffix);
        written(&path, fs::write(&path, content))?;
        Ok(path)
    }

    /// Opens the manifest for writing.
    pub(super) fn create(&self, suffix: &str) -> Result<Output> {
        let path = self.path(suffix);
        let file = written(&path, File::create(&path))?;
        Ok(Output { path, writer: BufWriter::new(file) })
    }

    /// Opens the list of identities for writing.
    pub(super) fn identities(&self, further: &[&str]) -> Result<Identities> {
        let path = self.path(".identities.csv");
        Identities::create(&path, self.options.keys, further)
    }

    /// What was written.
    pub(super) fn sample(&self, manifest: PathBuf, authorities: Vec<PathBuf>) -> Sample {
        Sample {
            manifest,
            authorities,
            identities: self.path(".identities.csv"),
            devices: self.options.devices,
            signer: None,
        }
    }
}

/// A manifest that is being written.
pub(super) struct Output {
    path: PathBuf,
    writer: BufWriter<File>,
}

impl Output {
    pub(super) fn add(&mut self, bytes: impl AsRef<[u8]>) -> Result<()> {
        written(&self.path, self.writer.write_all(bytes.as_ref()))
    }

    pub(super) fn finish(mut self) -> Result<PathBuf> {
        written(&self.path, self.writer.flush())?;
        Ok(self.path)
    }
}

/// A manifest of one text a device.
pub(super) struct Listing<'a> {
    pub(super) files: &'a Files<'a>,
    /// What its name ends with.
    pub(super) extension: &'a str,
    pub(super) start: &'a str,
    pub(super) between: &'a str,
    pub(super) end: &'a str,
    /// Columns of the identities beyond the common ones.
    pub(super) columns: &'a [&'a str],
}

impl Listing<'_> {
    /// Writes the manifest and its identities while the devices are made.
    pub(super) fn write(
        &self,
        make: impl Fn(u64) -> Result<(Device, String)> + Sync,
    ) -> Result<Sample> {
        let files = self.files;
        let mut manifest = files.create(self.extension)?;
        let mut identities = files.identities(self.columns)?;
        manifest.add(self.start)?;
        in_order(files.options.devices, make, |devices| {
            for (number, device) in devices.enumerate() {
                let (device, text) = device?;
                if number > 0 {
                    manifest.add(self.between)?;
                }
                manifest.add(text)?;
                identities.note(&device)?;
            }
            Ok(())
        })?;
        manifest.add(self.end)?;
        identities.finish()?;
        Ok(files.sample(manifest.finish()?, Vec::new()))
    }
}

/// Names the file where writing it failed, and says what helps.
pub(super) fn written<T, E: Into<anyhow::Error>>(path: &Path, result: Result<T, E>) -> Result<T> {
    result
        .map_err(Into::into)
        .with_context(|| format!("failed to write {}", path.display()))
        .advise(|| {
            "see that the folder may be written to and the disk has room, then run it again".into()
        })
}
