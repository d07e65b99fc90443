//! Reads and verifies the manifest; writes the devices, the units of work and the entries refused.
//!
//! One pass: the body flows from S3 through the decoder's thread to the run's files, and nothing
//! of it is held but the digests by which duplicates are found.

use std::{
    collections::BTreeSet,
    io,
    time::{SystemTime, UNIX_EPOCH},
};

use aws_sdk_s3::Client;
use base64::{Engine, prelude::BASE64_STANDARD};
use ledger::{
    Keep, Note, ObjectWriter, Outcome, OutcomeKind, Plan, Prepared, RunFiles, Store, StoreError,
    UnitSizes, Work, within_task_limit,
};
use manifest::{
    Context, Decoded, Entry, EntryError, Limits, ManifestError, NameTemplate, Signers, Vendor,
};
use tokio::{sync::mpsc, task::JoinHandle};

use crate::{
    Answer, DecodeError,
    duplicates::{Duplicate, Duplicates},
    object::{self, Body},
    recognize::{name_of, stop, stop_gone},
    signers,
};

/// A missing signer is looked for this often, [`WAIT_SECONDS`] apart: two minutes in all, because
/// people upload a manifest and its signer's certificate together, in any order.
const WAITS: u32 = 12;
const WAIT_SECONDS: u32 = 10;

/// How many entries wait between the decoder's thread and the writers.
const ENTRIES: usize = 256;

/// What the decoder's thread sends: an entry, what is wrong with one, or why the file ends here.
type Reading = Result<Decoded, ManifestError>;

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
    let template = match plan
        .profile
        .thing_name
        .as_deref()
        .map_or_else(|| Ok(NameTemplate::default_for(vendor)), NameTemplate::parse)
    {
        Ok(template) => (!plan.profile.defer_things).then_some(template),
        Err(error) => {
            return stop(store, &files, "Preflight.NameTemplate", error.to_string()).await;
        }
    };
    let signers = signers::load(store, &plan.signers).await?;
    let Some(stream) = object::open(s3, &plan.source, None).await? else {
        return stop_gone(store, &files).await;
    };

    let (chunks, body) = object::channel();
    let pump = tokio::spawn(object::pump(stream, chunks));
    let (sender, mut entries) = mpsc::channel(ENTRIES);
    let decoder = tokio::task::spawn_blocking(move || decode_all(vendor, body, &signers, &sender));

    let mut sorter = Sorter::new(store, &files, template);
    let mut broken = None;
    while let Some(decoded) = entries.recv().await {
        match decoded {
            Ok(Err(error)) if attempt < WAITS && is_missing_signer(&error) => {
                tracing::info!(run, attempt, "waiting for a signer");
                return Ok(Answer::Wait {
                    attempt: attempt + 1,
                    wait_seconds: WAIT_SECONDS,
                    waiting_for: error.reason.to_string(),
                });
            }
            Ok(entry) => sorter.take(entry).await?,
            Err(ManifestError::Read { text, .. }) => return Err(DecodeError::Source(text)),
            Err(error) => broken = Some(error),
        }
    }
    let sha256 = finish(pump, decoder).await?;
    let prepared = sorter.finish(sha256).await?;
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

/// The decoder's thread: blocking, and stopped by nobody listening any more.
fn decode_all(
    vendor: Vendor,
    mut body: Body,
    signers: &Signers,
    entries: &mpsc::Sender<Reading>,
) -> io::Result<Option<String>> {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX));
    let context = Context { signers, now, limits: Limits::default() };
    for decoded in manifest::decode(vendor, &mut body, context) {
        if entries.blocking_send(decoded).is_err() {
            return Ok(None);
        }
    }
    body.finish().map(Some)
}

async fn finish(
    pump: JoinHandle<()>,
    decoder: JoinHandle<io::Result<Option<String>>>,
) -> Result<String, DecodeError> {
    let digest = decoder.await.map_err(|_| DecodeError::Decoder)?;
    pump.abort();
    digest.map_err(|error| DecodeError::Source(error.to_string()))?.ok_or(DecodeError::Decoder)
}

fn is_missing_signer(error: &EntryError) -> bool {
    error.reason.missing_signer().is_some()
}

/// Sorts entries into devices to register and entries refused.
struct Sorter {
    template: Option<NameTemplate>,
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
    fn new(store: &Store, files: &RunFiles, template: Option<NameTemplate>) -> Self {
        Self {
            template,
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
        if let Some(template) = &self.template {
            match template.name(&entry) {
                Ok(name) => work.thing = name,
                Err(error) => {
                    return self
                        .refuse(work.outcome(
                            OutcomeKind::Rejected,
                            error.code(),
                            error.to_string(),
                        ))
                        .await;
                }
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

    async fn finish(mut self, sha256: String) -> Result<Prepared, StoreError> {
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
        warnings: entry
            .warnings
            .iter()
            .map(|warning| Note { code: warning.code.to_owned(), reason: warning.text.clone() })
            .collect(),
    }
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
