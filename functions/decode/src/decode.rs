//! Reads and verifies the file; writes the devices, the units of work and the entries refused.
//!
//! One pass: the body flows from S3 through the decoder's thread to the run's files, and nothing
//! of it is held but the digests by which duplicates are found.

use std::{io, ops::ControlFlow};

use aws_sdk_s3::Client;
use ledger::{
    CannotTakeUp, Earlier, Entries, Keep, Plan, Prepared, RunFiles, Store, finished_file,
    within_task_limit,
};
use manifest::{ManifestError, Summary};
use prepare::{Item, Reader};
use tokio::{sync::mpsc, task::JoinHandle};

use crate::{
    Answer, DecodeError, Seen,
    object::{self, Body},
    reader,
    recognize::{name_of, stop, stop_gone, stop_with},
    sorter::Sorter,
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
    seen: &mut Seen,
) -> Result<Answer, DecodeError> {
    let files = RunFiles::of(run);
    let mut plan: Plan =
        store.read_json(&files.plan()).await?.ok_or(DecodeError::Missing("plan"))?;
    seen.dry = plan.dry;
    let reader = match reader::of(store, &plan).await? {
        Ok(reader) => reader,
        Err(error) => return stop(store, &files, error.code(), error.to_string()).await,
    };
    let wanted = match wanted(store, &plan).await? {
        Ok(wanted) => wanted,
        Err(refusal) => return stop(store, &files, refusal.code(), refusal.to_string()).await,
    };
    let left = wanted.count();
    let Some(stream) = object::open(s3, &plan.source, None).await? else {
        return stop_gone(store, &files).await;
    };

    let (chunks, body) = object::channel();
    let pump = tokio::spawn(object::pump(stream, chunks));
    let (sender, mut items) = mpsc::channel(ENTRIES);
    let decoder = tokio::task::spawn_blocking(move || read_all(&reader, body, &sender));

    let mut sorter = Sorter::new(store, &files, wanted);
    while let Some(item) = items.recv().await {
        match item {
            Err(refusal)
                if refusal.lacks_signer && attempt < WAITS && sorter.wants(&refusal.outcome) =>
            {
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
    seen.signatures = Some(sorter.signatures());
    let prepared = sorter.finish(reading.sha256, summary).await?;
    // What an earlier run left does not stand whole, so a listing would spare no question.
    let again =
        plan.resumes.is_none() && store.read(&finished_file(&prepared.sha256)).await?.is_some();
    let prepared = Prepared { again, ..prepared };
    plan.prepared = Some(prepared.clone());
    store.write_json(&files.plan(), &plan, Keep::Always).await?;

    let Prepared { entries, devices, refused, units, again, .. } = prepared;
    tracing::info!(entries, devices, refused, units, "decoded");
    if let Some(error) = broken {
        return stop_with(store, &files, prepare::broken(name_of(&plan.source), &error)).await;
    }
    if let (Some(earlier), Some(absent)) =
        (&plan.resumes, left.and_then(|left| left.checked_sub(entries)))
        && absent > 0
    {
        let refusal = CannotTakeUp::OtherEntries { run: earlier.clone(), absent };
        return stop(store, &files, refusal.code(), refusal.to_string()).await;
    }
    if entries == 0 {
        return stop_with(store, &files, prepare::without_entries(name_of(&plan.source))).await;
    }
    if devices == 0 {
        return Ok(Answer::Nothing { entries });
    }
    Ok(within_task_limit(Answer::Work {
        units_key: files.units(),
        entries,
        devices,
        refused,
        units,
        again,
    })?)
}

/// The entries that this run works on: all, or those that the run which it takes up left undone.
async fn wanted(store: &Store, plan: &Plan) -> Result<Result<Entries, CannotTakeUp>, DecodeError> {
    let Some(earlier) = &plan.resumes else { return Ok(Ok(Entries::All)) };
    match Earlier::of(store, earlier).await? {
        Ok(earlier) => match earlier.check_bundle(plan) {
            Ok(()) => Ok(earlier.left(store).await?),
            Err(refusal) => Ok(Err(refusal)),
        },
        Err(refusal) => Ok(Err(refusal)),
    }
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
