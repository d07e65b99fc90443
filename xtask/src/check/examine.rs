//! Reads a file as the function `decode` does, and says what comes out of it.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read},
    num::NonZeroUsize,
    ops::ControlFlow,
    path::Path,
    thread,
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, Result};
use ledger::Stop;
use manifest::{Bucket, Bundle, Certificate, ManifestError, Summary, Vendor, date};
use prepare::Reader;
use sha2::{Digest, Sha256};

use super::{
    certificates::{Certificates, name_of},
    finding::{Chains, Counts, Finding, Names, Signatures, Verdict, Verifier, What},
    given::{self, Given, Is},
    settings::Settings,
    tally::Tally,
};
use crate::progress::Step;

/// The place of the file is told again after so many entries.
const ENTRIES_A_STEP: u64 = 1_000;

/// What files are examined with.
#[derive(Debug)]
pub(super) struct Examiner<'s> {
    settings: &'s Settings,
    certificates: &'s Certificates<'s>,
    keeps_all: bool,
    now: i64,
    threads: NonZeroUsize,
}

impl<'s> Examiner<'s> {
    pub(super) fn new(
        settings: &'s Settings,
        certificates: &'s Certificates<'s>,
        keeps_all: bool,
    ) -> Self {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX));
        let threads = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        Self { settings, certificates, keeps_all, now, threads }
    }

    pub(super) fn examine(&self, file: &Given, step: &mut Step) -> Result<Finding> {
        match &file.content {
            Is::Certificate(vendor, certificate) => self.verifier(&file.path, *vendor, certificate),
            Is::Refused(bucket, why) => self.refused(&file.path, *bucket, why.clone()),
            Is::Manifest(bucket) => self.entries(&file.path, *bucket, step),
        }
    }

    fn entries(&self, path: &Path, bucket: Bucket, step: &mut Step) -> Result<Finding> {
        let rules = match self.rules(bucket)? {
            Ok(rules) => rules,
            Err(why) => return self.refused(path, Some(bucket), why),
        };
        let mut file = Hashed::open(path)?;
        let mut tally = Tally::new(self.now, self.keeps_all);
        let end = rules.read(&mut file, &mut |item| {
            tally.take(item);
            if tally.read().is_multiple_of(ENTRIES_A_STEP) {
                step.moves_to(&format!("Checking {}: {} entries", path.display(), tally.read()));
            }
            ControlFlow::Continue(())
        });
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let (summary, stopped) = match end {
            Ok(summary) if tally.read() == 0 => (summary, Some(prepare::without_entries(&name))),
            Ok(summary) => (summary, None),
            Err(error) => (Summary::default(), Some(stop_of(&name, &error))),
        };
        let (bytes, sha256) =
            file.finish().with_context(|| format!("failed to read {}", path.display()))?;
        let sum = tally.finish(stopped.as_ref(), self.certificates);
        let verdict = if stopped.is_some() {
            Verdict::Unusable
        } else if sum.counts.devices < sum.counts.read {
            Verdict::SomeNotFine
        } else {
            Verdict::Fine
        };
        let is_other = stopped.as_ref().is_some_and(|stop| stop.code == "Manifest.WrongFormat");
        let what = match bucket {
            _ if is_other => What::Unknown,
            Bucket::Mes => What::DeviceInfos,
            Bucket::Vendor(_) => What::Manifest,
        };
        let is_infineon = bucket == Vendor::Infineon.into();
        Ok(Finding {
            what,
            vendor: Some(bucket.name().to_owned()),
            verdict,
            stopped,
            bytes,
            sha256,
            balanced: sum.counts.is_balanced(),
            counts: sum.counts,
            batch: summary.batch,
            bundle: is_infineon.then(|| self.settings.profile.bundle.clone()),
            part_numbers: sum.part_numbers,
            signatures: sum.signatures,
            chains: sum.chains,
            keys: sum.keys,
            validity: sum.validity,
            names: sum.names,
            problems: sum.problems,
            warnings: sum.warnings,
            notes: prepare::notes(&summary.notes),
            entries: sum.entries,
            ..self.blank(path)
        })
    }

    /// What the file is read with, or why the profile cannot be used.
    fn rules(&self, bucket: Bucket) -> Result<Result<Reader, Stop>> {
        let profile = &self.settings.profile;
        let Bucket::Vendor(vendor) = bucket else {
            return Ok(Ok(Reader::of_device_infos(profile)));
        };
        let bundle: Bundle = profile.bundle.parse()?;
        let trust = self.certificates.trust().clone();
        Ok(Reader::of_manifest(vendor, bundle, profile, trust, self.now, self.threads)
            .map_err(|error| Stop { code: error.code().to_owned(), reason: error.to_string() }))
    }

    fn verifier(&self, path: &Path, vendor: Vendor, certificate: &Certificate) -> Result<Finding> {
        let is_signer = vendor == Vendor::Microchip;
        let (bytes, sha256) = digest(path)?;
        let fingerprint = certificate.id();
        Ok(Finding {
            what: if is_signer { What::Signer } else { What::Authority },
            vendor: Some(vendor.name().to_owned()),
            bytes,
            sha256,
            certificate: Some(Verifier {
                name: name_of(certificate),
                fingerprint: fingerprint.to_string(),
                trusted: is_signer.then(|| self.certificates.why(&fingerprint)),
                key: certificate.key().to_string(),
                not_before: date(certificate.not_before()),
                not_after: date(certificate.not_after()),
            }),
            ..self.blank(path)
        })
    }

    fn refused(&self, path: &Path, bucket: Option<Bucket>, stop: Stop) -> Result<Finding> {
        let (bytes, sha256) = digest(path)?;
        Ok(Finding {
            vendor: bucket.map(|bucket| bucket.name().to_owned()),
            verdict: Verdict::Unusable,
            stopped: Some(stop),
            bytes,
            sha256,
            entries: self.keeps_all.then(Vec::new),
            ..self.blank(path)
        })
    }

    /// A finding that says nothing yet.
    fn blank(&self, path: &Path) -> Finding {
        Finding {
            file: path.display().to_string(),
            what: What::Unknown,
            vendor: None,
            verdict: Verdict::Fine,
            stopped: None,
            bytes: 0,
            sha256: String::new(),
            profile: self.settings.profile_name.clone(),
            configuration: self.settings.source.clone(),
            counts: Counts::default(),
            balanced: true,
            batch: None,
            bundle: None,
            part_numbers: BTreeMap::new(),
            signatures: Signatures::default(),
            chains: Chains::default(),
            keys: BTreeMap::new(),
            validity: None,
            names: Names::default(),
            certificate: None,
            problems: Vec::new(),
            warnings: Vec::new(),
            notes: Vec::new(),
            entries: None,
        }
    }
}

/// Why a file that could be opened cannot be read to its end.
fn stop_of(name: &str, error: &ManifestError) -> Stop {
    match error {
        ManifestError::PrivateKey { .. } => given::stop(error),
        error => prepare::broken(name, error),
    }
}

/// A file of which the bytes that pass are counted and fingerprinted.
struct Hashed {
    file: File,
    digest: Sha256,
    bytes: u64,
}

impl Hashed {
    fn open(path: &Path) -> Result<Self> {
        let file =
            File::open(path).with_context(|| format!("failed to read {}", path.display()))?;
        Ok(Self { file, digest: Sha256::new(), bytes: 0 })
    }

    /// Reads what is left.
    fn finish(mut self) -> io::Result<(u64, String)> {
        io::copy(&mut self, &mut io::sink())?;
        Ok((self.bytes, format!("{:x}", self.digest.finalize())))
    }
}

impl Read for Hashed {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(to)?;
        self.digest.update(to.get(..count).unwrap_or_default());
        self.bytes += u64::try_from(count).unwrap_or_default();
        Ok(count)
    }
}

fn digest(path: &Path) -> Result<(u64, String)> {
    Hashed::open(path)?.finish().with_context(|| format!("failed to read {}", path.display()))
}
