//! Reads and verifies the file; writes the devices, the units of work and the entries refused.
//!
//! One pass: the body flows from S3 through the decoder's thread to the run's files, and nothing
//! of it is held but the digests by which duplicates are found.

use std::{io, ops::ControlFlow};

use aws_sdk_s3::Client;
use ledger::{Keep, Plan, Prepared, RunFiles, Store, finished_file, within_task_limit};
use manifest::{ManifestError, Summary};
use tokio::{sync::mpsc, task::JoinHandle};

use crate::{
    Answer, DecodeError,
    object::{self, Body},
    read::{Item, Reader},
    recognize::{name_of, stop, stop_gone},
    sorter::{Signatures, Sorter},
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
    signatures: &mut Option<Signatures>,
) -> Result<Answer, DecodeError> {
    let files = RunFiles::of(run);
    let mut plan: Plan =
        store.read_json(&files.plan()).await?.ok_or(DecodeError::Missing("plan"))?;
    let reader = match Reader::of(store, &plan).await? {
        Ok(reader) => reader,
        Err(error) => return stop(store, &files, error.code(), error.to_string()).await,
    };
    let Some(stream) = object::open(s3, &plan.source, None).await? else {
        return stop_gone(store, &files).await;
    };

    let (chunks, body) = object::channel();
    let pump = tokio::spawn(object::pump(stream, chunks));
    let (sender, mut items) = mpsc::channel(ENTRIES);
    let decoder = tokio::task::spawn_blocking(move || read_all(&reader, body, &sender));

    let mut sorter = Sorter::new(store, &files);
    while let Some(item) = items.recv().await {
        match item {
            Err(refusal) if refusal.lacks_signer && attempt < WAITS => {
                tracing::info!(attempt, "waiting for a signer");
                return Ok(Answer::Wait {
                    attempt: attempt + 1,
                    wait_seconds: WAIT_SECONDS,
                    waiting_for: refusal.outcome.reason,
                });
            }
            item => sorter.take(item).await?,
        }
    }
    let reading = finish(pump, decoder).await?;
    let (summary, broken) = match reading.outcome {
        Ok(summary) => (summary, None),
        Err(ManifestError::Read { text, .. }) => return Err(DecodeError::Source(text)),
        Err(error) => (Summary::default(), Some(error)),
    };
    *signatures = Some(sorter.signatures());
    let prepared = sorter.finish(reading.sha256, summary).await?;
    plan.prepared = Some(prepared.clone());
    store.write_json(&files.plan(), &plan, Keep::Always).await?;

    let Prepared { entries, devices, refused, units, sha256, .. } = prepared;
    tracing::info!(entries, devices, refused, units, "decoded");
    if let Some(error) = broken {
        let reason = format!(
            "`{}` cannot be read to its end: {error}. No device was touched",
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
    let again = store.read(&finished_file(&sha256)).await?.is_some();
    Ok(within_task_limit(Answer::Work {
        units_key: files.units(),
        entries,
        devices,
        refused,
        units,
        again,
    })?)
}

/// What became of the whole file.
struct Reading {
    sha256: String,
    outcome: Result<Summary, ManifestError>,
}

/// The decoder's thread: blocking, and stopped by nobody listening any more.
fn read_all(reader: &Reader, mut body: Body, items: &mpsc::Sender<Item>) -> io::Result<Reading> {
    let outcome = reader.read(&mut body, &mut |item| match items.blocking_send(item) {
        Ok(()) => ControlFlow::Continue(()),
        Err(_) => ControlFlow::Break(()),
    });
    if items.is_closed() {
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
