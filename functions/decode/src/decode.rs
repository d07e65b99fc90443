//! Reads and verifies the manifest; writes the devices, the units of work and the entries refused.
//!
//! One pass: the body flows from S3 through the decoder's thread to the run's files, and nothing
//! of it is held but the digests by which duplicates are found.

use std::{
    collections::BTreeSet,
    io,
    ops::ControlFlow,
    time::{SystemTime, UNIX_EPOCH},
};

use aws_sdk_s3::Client;
use base64::{Engine, prelude::BASE64_STANDARD};
use ledger::{
    Keep, Note, ObjectWriter, Outcome, OutcomeKind, Plan, Prepared, Profile, RunFiles, Store,
    StoreError, UnitSizes, Work, within_task_limit,
};
use manifest::{
    Authorities, Bundle, Context, Decoded, Entry, EntryError, Limits, ManifestError, NameError,
    NameTemplate, Signers, Summary, TemplateError, Vendor, Warning,
};
use tokio::{sync::mpsc, task::JoinHandle};

use crate::{
    Answer, DecodeError, certificates,
    duplicates::{Duplicate, Duplicates},
    object::{self, Body},
    recognize::{name_of, stop, stop_gone},
};

/// A missing signer is looked for this often, [`WAIT_SECONDS`] apart: two minutes in all, because
/// people upload a manifest and its signer's certificate together, in any order.
const WAITS: u32 = 12;
const WAIT_SECONDS: u32 = 10;

/// How many entries wait between the decoder's thread and the writers.
const ENTRIES: usize = 256;

pub(crate) async fn run(
    store: &Store,
    s3: &Client,
    run: &str,
    attempt: u32,
) -> Result<Answer, DecodeError> {
    let files = RunFiles::of(run);
    let mut plan: Plan =
        store.read_json(&files.plan()).await?.ok_or(DecodeError::Missing("plan"))?;
    let Ok(vendor) = plan.vendor.parse::<Vendor>() else {
        return Err(DecodeError::Missing("known vendor"));
    };
    let Ok(bundle) = plan.profile.bundle.parse::<Bundle>() else {
        return Err(DecodeError::Missing("known bundle"));
    };
    let naming = match Naming::of(&plan.profile) {
        Ok(naming) => naming,
        Err(error) => {
            return stop(store, &files, "Preflight.NameTemplate", error.to_string()).await;
        }
    };
    let trust = Trust {
        signers: certificates::signers(store, &plan.signers).await?,
        issuers: certificates::issuers(store, vendor).await?,
        bundle,
    };
    let Some(stream) = object::open(s3, &plan.source, None).await? else {
        return stop_gone(store, &files).await;
    };

    let (chunks, body) = object::channel();
    let pump = tokio::spawn(object::pump(stream, chunks));
    let (sender, mut entries) = mpsc::channel(ENTRIES);
    let decoder = tokio::task::spawn_blocking(move || decode_all(vendor, body, &trust, &sender));

    let mut sorter = Sorter::new(store, &files, naming);
    while let Some(decoded) = entries.recv().await {
        match decoded {
            Err(error) if attempt < WAITS && is_missing_signer(&error) => {
                tracing::info!(run, attempt, "waiting for a signer");
                return Ok(Answer::Wait {
                    attempt: attempt + 1,
                    wait_seconds: WAIT_SECONDS,
                    waiting_for: error.reason.to_string(),
                });
            }
            entry => sorter.take(entry).await?,
        }
    }
    let reading = finish(pump, decoder).await?;
    let (summary, broken) = match reading.outcome {
        Ok(summary) => (summary, None),
        Err(ManifestError::Read { text, .. }) => return Err(DecodeError::Source(text)),
        Err(error) => (Summary::default(), Some(error)),
    };
    let prepared = sorter.finish(reading.sha256, summary).await?;
    plan.prepared = Some(prepared.clone());
    store.write_json(&files.plan(), &plan, Keep::Always).await?;

    let Prepared { entries, devices, refused, units, .. } = prepared;
    tracing::info!(run, entries, devices, refused, units, "decoded");
    if let Some(error) = broken {
        let reason = format!(
            "`{}` cannot be read to its end: {error}. No device was registered",
            name_of(&plan.source)
        );
        return stop(store, &files, error.code(), reason).await;
    }
    if entries == 0 {
        let reason = format!("`{}` has no entries", name_of(&plan.source));
        return stop(store, &files, "Manifest.Empty", reason).await;
    }
    if devices == 0 {
        return Ok(Answer::Nothing { entries });
    }
    Ok(within_task_limit(Answer::Register {
        units_key: files.units(),
        entries,
        devices,
        refused,
        units,
    })?)
}

/// Who is trusted, and what is wanted: what decoding depends on beside the file.
struct Trust {
    signers: Signers,
    issuers: Authorities,
    bundle: Bundle,
}

/// What became of the whole file.
struct Reading {
    sha256: String,
    outcome: Result<Summary, ManifestError>,
}

/// The decoder's thread: blocking, and stopped by nobody listening any more.
fn decode_all(
    vendor: Vendor,
    mut body: Body,
    trust: &Trust,
    entries: &mpsc::Sender<Decoded>,
) -> io::Result<Reading> {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX));
    let Trust { signers, issuers, bundle } = trust;
    let context = Context { signers, issuers, bundle: *bundle, now, limits: Limits::default() };
    let outcome = manifest::decode(vendor, &mut body, context, &mut |decoded| match entries
        .blocking_send(decoded)
    {
        Ok(()) => ControlFlow::Continue(()),
        Err(_) => ControlFlow::Break(()),
    });
    if entries.is_closed() {
        // Nobody listens any more, so nobody wants the rest of the file either.
        return Err(io::ErrorKind::BrokenPipe.into());
    }
    Ok(Reading { sha256: body.finish()?, outcome })
}

async fn finish(
    pump: JoinHandle<()>,
    decoder: JoinHandle<io::Result<Reading>>,
) -> Result<Reading, DecodeError> {
    let reading = decoder.await.map_err(|_| DecodeError::Crashed)?;
    pump.abort();
    reading.map_err(|error| DecodeError::Source(error.to_string()))
}

fn is_missing_signer(error: &EntryError) -> bool {
    error.reason.missing_signer().is_some()
}

/// How things are named.
enum Naming {
    /// As suits each entry.
    Default,
    Template(NameTemplate),
    /// Not yet: the things come later.
    Deferred,
}

impl Naming {
    fn of(profile: &Profile) -> Result<Self, TemplateError> {
        match &profile.thing_name {
            Some(template) => {
                let template = NameTemplate::parse(template)?;
                Ok(if profile.defer_things { Self::Deferred } else { Self::Template(template) })
            }
            None if profile.defer_things => Ok(Self::Deferred),
            None => Ok(Self::Default),
        }
    }

    /// Empty where the thing comes later.
    fn name(&self, entry: &Entry) -> Result<String, NameError> {
        match self {
            Self::Default => NameTemplate::default_for(entry).name(entry),
            Self::Template(template) => template.name(entry),
            Self::Deferred => Ok(String::new()),
        }
    }
}

/// Sorts entries into devices to register and entries refused.
struct Sorter {
    naming: Naming,
    work: ObjectWriter,
    units: ObjectWriter,
    rejected: ObjectWriter,
    sizes: UnitSizes,
    duplicates: Duplicates,
    signers: BTreeSet<String>,
    entries: u64,
    refused: u64,
}

impl Sorter {
    fn new(store: &Store, files: &RunFiles, naming: Naming) -> Self {
        Self {
            naming,
            work: store.writer(files.work(), Keep::Passing),
            units: store.writer(files.units(), Keep::Passing),
            rejected: store.writer(files.rejected(), Keep::Passing),
            sizes: UnitSizes::default(),
            duplicates: Duplicates::default(),
            signers: BTreeSet::new(),
            entries: 0,
            refused: 0,
        }
    }

    async fn take(&mut self, entry: Decoded) -> Result<(), StoreError> {
        self.entries += 1;
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => return self.refuse(unreadable(error)).await,
        };
        let mut work = work(&entry);
        match self.naming.name(&entry) {
            Ok(name) => work.thing = name,
            Err(error) => {
                let (code, reason) = (error.code(), error.to_string());
                return self.refuse(work.outcome(OutcomeKind::Rejected, code, reason)).await;
            }
        }
        if let Some(duplicate) =
            self.duplicates.take(work.entry, entry.certificate.id().as_bytes(), &work.thing)
        {
            let (code, reason) = match duplicate {
                Duplicate::Certificate { entry } => (
                    "Manifest.DuplicateCertificate",
                    format!(
                        "entry {entry} of this file has the same certificate; that one was taken"
                    ),
                ),
                Duplicate::Name { entry } => (
                    "Manifest.DuplicateName",
                    format!(
                        "entry {entry} of this file gives the thing `{}` another certificate; that one was taken",
                        work.thing
                    ),
                ),
            };
            return self.refuse(work.outcome(OutcomeKind::Conflict, code, reason)).await;
        }
        self.signers.extend(entry.signer.map(|signer| signer.to_string()));
        let length = self.work.write_line(&work).await?;
        let sample = if work.thing.is_empty() { &work.id } else { &work.thing };
        if let Some(unit) = self.sizes.push(sample, u64::try_from(length).unwrap_or(u64::MAX)) {
            self.units.write_line(&unit).await?;
        }
        Ok(())
    }

    async fn refuse(&mut self, outcome: Outcome) -> Result<(), StoreError> {
        self.refused += 1;
        self.rejected.write_line(&outcome).await.map(drop)
    }

    async fn finish(mut self, sha256: String, summary: Summary) -> Result<Prepared, StoreError> {
        if let Some(unit) = self.sizes.finish() {
            self.units.write_line(&unit).await?;
        }
        self.work.finish().await?;
        self.units.finish().await?;
        self.rejected.finish().await?;
        Ok(Prepared {
            entries: self.entries,
            devices: self.sizes.devices(),
            refused: self.refused,
            units: self.sizes.units(),
            sha256,
            signers: self.signers.into_iter().collect(),
            notes: notes(&summary.notes),
        })
    }
}

fn work(entry: &Entry) -> Work {
    Work {
        entry: entry.number,
        place: entry.place.to_string(),
        id: entry.id.clone(),
        thing: String::new(),
        certificate_id: entry.certificate.id().to_string(),
        certificate: BASE64_STANDARD.encode(entry.certificate.der()),
        warnings: notes(&entry.warnings),
    }
}

fn notes(warnings: &[Warning]) -> Vec<Note> {
    warnings
        .iter()
        .map(|warning| Note { code: warning.code.to_owned(), reason: warning.text.clone() })
        .collect()
}

fn unreadable(error: EntryError) -> Outcome {
    Outcome {
        entry: error.number,
        place: error.place.to_string(),
        id: error.id,
        thing: String::new(),
        certificate_id: String::new(),
        outcome: OutcomeKind::Rejected,
        code: error.reason.code().to_owned(),
        reason: error.reason.to_string(),
        warnings: Vec::new(),
    }
}
