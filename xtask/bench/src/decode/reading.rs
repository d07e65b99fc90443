//! What the process does that is measured: it reads one file, as the function `decode` would.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs::{self, File},
    num::NonZeroUsize,
    ops::ControlFlow,
    path::{Path, PathBuf},
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, Result, bail};
use ledger::Profile;
use manifest::{
    Authorities, Bucket, Bundle, Certificate, Content, Context, DeviceInfo, Entry, EntryError,
    Limits, ManifestError, Signers, decode, decode_device_infos, recognize,
};
use prepare::{Reader, Sorting, Trust};
use serde::{Deserialize, Serialize};

/// Which file is read, and with what.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Reading {
    pub(crate) bucket: Bucket,
    pub(crate) file: PathBuf,
    pub(crate) threads: NonZeroUsize,
    /// Who may vouch for it; all are trusted.
    #[arg(long = "signer")]
    pub(crate) signers: Vec<PathBuf>,
    #[arg(long, default_value_t)]
    pub(crate) bundle: Bundle,
}

/// What came out of it, and how long it took.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Found {
    /// From the first byte to the last entry; neither the start of the process nor reading certificates is in it.
    pub(crate) seconds: f64,
    pub(crate) entries: u32,
    /// Entries that were refused, by their code.
    pub(crate) refused: BTreeMap<String, u32>,
    /// Entries for which a signer vouched, whose signature held.
    pub(crate) signed: u32,
    /// Entries whose certificate was verified by that of its issuer.
    pub(crate) issued: u32,
    /// Why the file could not be read to its end, where it could not.
    pub(crate) unusable: Option<String>,
}

impl Reading {
    /// As arguments of the process that is to do it.
    pub(crate) fn arguments(&self, what: &str) -> Vec<OsString> {
        let Self { bucket, file, signers, bundle, threads } = self;
        let threads = threads.to_string().into();
        let mut arguments: Vec<OsString> =
            vec![what.into(), bucket.name().into(), file.into(), threads];
        for signer in signers {
            arguments.extend(["--signer".into(), signer.into()]);
        }
        arguments.extend(["--bundle".into(), bundle.name().into()]);
        arguments
    }

    /// Reads entries: verified, parsed and fingerprinted, and a factory's devices with their attributes checked.
    pub(crate) fn decode(&self) -> Result<Found> {
        let Trust { signers, issuers } = self.trust()?;
        let file = self.open()?;
        let mut found = Found::default();
        let begun = Instant::now();
        let end = match self.bucket {
            Bucket::Vendor(vendor) => {
                let context = Context {
                    signers: &signers,
                    issuers: &issuers,
                    bundle: self.bundle,
                    now: now(),
                    limits: Limits::default(),
                    threads: self.threads,
                };
                decode(vendor, file, context, &mut |entry| {
                    found.take_entry(entry);
                    ControlFlow::Continue(())
                })
            }
            Bucket::Mes => decode_device_infos(file, Limits::default(), &mut |device| {
                found.take_device(device);
                ControlFlow::Continue(())
            }),
        };
        found.seconds = begun.elapsed().as_secs_f64();
        Ok(found.ended(end.err()))
    }

    /// Makes devices of the entries, with names, as the function does it before it writes.
    pub(crate) fn prepare(&self) -> Result<Found> {
        let profile = Profile { bundle: self.bundle.to_string(), ..Profile::default() };
        let reader = match self.bucket {
            Bucket::Vendor(vendor) => {
                let trust = self.trust()?;
                Reader::of_manifest(vendor, self.bundle, &profile, trust, now(), self.threads)?
            }
            Bucket::Mes => Reader::of_device_infos(&profile),
        };
        let file = self.open()?;
        let (mut found, mut sorting) = (Found::default(), Sorting::default());
        let begun = Instant::now();
        let end = reader.read(file, &mut |item| {
            found.entries += 1;
            if let Err(outcome) = sorting.take(item) {
                found.refuse(&outcome.code);
            }
            ControlFlow::Continue(())
        });
        found.seconds = begun.elapsed().as_secs_f64();
        Ok(found.ended(end.err()))
    }

    fn trust(&self) -> Result<Trust> {
        let certificates: Vec<_> =
            self.signers.iter().map(|path| certificate(path)).collect::<Result<_>>()?;
        // Pinned as well as given: whoever names a certificate here trusts it.
        let mut signers = Signers::new(certificates.iter().map(Certificate::id), false);
        let mut issuers = Authorities::new();
        for certificate in certificates {
            signers.add(certificate.clone());
            issuers.add(certificate);
        }
        Ok(Trust { signers, issuers })
    }

    fn open(&self) -> Result<File> {
        let path = &self.file;
        File::open(path).with_context(|| format!("failed to read {}", path.display()))
    }
}

impl Found {
    fn take_entry(&mut self, entry: Result<Entry, EntryError>) {
        self.entries += 1;
        match entry {
            Ok(entry) => {
                self.signed += u32::from(entry.signer.is_some());
                self.issued += u32::from(entry.issuer.is_some());
            }
            Err(error) => self.refuse(error.reason.code()),
        }
    }

    fn take_device(&mut self, device: Result<DeviceInfo, EntryError>) {
        self.entries += 1;
        // The profile that the samples are made for has no type.
        match device.map(|device| device.check_attributes(false)) {
            Ok(Ok(())) => {}
            Ok(Err(reason)) => self.refuse(reason.code()),
            Err(error) => self.refuse(error.reason.code()),
        }
    }

    fn refuse(&mut self, code: &str) {
        match self.refused.get_mut(code) {
            Some(count) => *count += 1,
            None => drop(self.refused.insert(code.to_owned(), 1)),
        }
    }

    fn ended(self, error: Option<ManifestError>) -> Self {
        Self { unusable: error.map(|error| error.to_string()), ..self }
    }

    /// How many entries were refused.
    pub(crate) fn refusals(&self) -> u32 {
        self.refused.values().sum()
    }
}

fn certificate(path: &Path) -> Result<Certificate> {
    let shown = path.display();
    let bytes = fs::read(path).with_context(|| format!("failed to read {shown}"))?;
    match recognize(&bytes, true) {
        Content::Certificate(certificate) => Ok(*certificate),
        _ => bail!("{shown} is not a certificate: --signer takes one, as PEM, DER or base64"),
    }
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
