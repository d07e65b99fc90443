//! Samples to measure with, kept in `target/bench` from one run to the next.

use std::{
    ffi::OsString,
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use manifest::{Bucket, Vendor};
use serde::{Deserialize, Serialize};
use xtask::{
    progress::Step,
    sample::{self, Options, Sample},
    workspace,
};

/// Another seed would give other devices, and other counts of instructions.
const SEED: u64 = 1;
/// Whose devices a factory's sample names.
const OF_MES: Vendor = Vendor::Microchip;

const NOTE: &str = "note.json";

/// What is noted beside a sample, once it is whole: its files by their names in the same folder.
#[derive(Debug, Deserialize, Serialize)]
struct Note {
    /// Fingerprint of the code that made it.
    code: String,
    manifest: OsString,
    authorities: Vec<OsString>,
    identities: OsString,
    signer: Option<String>,
}

/// A sample of so many devices. It is made again where the code that makes samples has changed.
pub(crate) fn sample_of(bucket: impl Into<Bucket>, devices: u32) -> Result<Sample> {
    let bucket = bucket.into();
    let folder = workspace::target().join("bench").join(format!("{}-{devices}", bucket.name()));
    let (path, code) = (folder.join(NOTE), fingerprint()?);
    if let Some(sample) = kept(&folder, &code, devices) {
        return Ok(sample);
    }
    let step = Step::begin(&format!("Making a sample of {devices} devices for {bucket}"));
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    let options = Options { devices: devices.into(), seed: SEED, folder, keys: false };
    let sample = match bucket {
        Bucket::Vendor(vendor) => sample::write(vendor, &options)?,
        Bucket::Mes => sample::mes::write(OF_MES, &options)?,
    };
    let Sample { manifest, authorities, identities, signer, .. } = &sample;
    let note = Note {
        code,
        manifest: name_of(manifest),
        authorities: authorities.iter().map(|path| name_of(path)).collect(),
        identities: name_of(identities),
        signer: signer.clone(),
    };
    fs::write(&path, serde_json::to_vec(&note)?)?;
    step.done(&format!("Made a sample of {devices} devices for {bucket}"));
    Ok(sample)
}

fn kept(folder: &Path, code: &str, devices: u32) -> Option<Sample> {
    let note: Note = serde_json::from_slice(&fs::read(folder.join(NOTE)).ok()?).ok()?;
    let there = |name: &OsString| Some(folder.join(name)).filter(|path| path.exists());
    (note.code == code).then_some(())?;
    Some(Sample {
        manifest: there(&note.manifest)?,
        authorities: note.authorities.iter().map(there).collect::<Option<_>>()?,
        identities: there(&note.identities)?,
        devices: devices.into(),
        signer: note.signer,
    })
}

fn name_of(path: &Path) -> OsString {
    path.file_name().unwrap_or_default().to_owned()
}

/// Of the sources that make samples.
fn fingerprint() -> Result<String> {
    let root = workspace::root().join("xtask/src");
    let mut hasher = DefaultHasher::new();
    SEED.hash(&mut hasher);
    let mut sources = vec![root.join("sample.rs")];
    below(&root.join("sample"), &mut sources)
        .context("failed to look at the code that makes samples")?;
    sources.sort();
    for source in sources {
        fs::read(&source)?.hash(&mut hasher);
    }
    Ok(format!("{:016x}", hasher.finish()))
}

fn below(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { below(&path, files)? } else { files.push(path) }
    }
    Ok(())
}
