//! Reads and verifies the file; writes the devices, the units of work and the entries refused.
//!
//! One pass: the body flows from S3 through the decoder's thread to the run's files, and nothing
//! of it is held but the digests by which duplicates are found. Where the function's time is nearly over
//! before the end, the state is saved, and the machine calls again.

use std::time::{Duration, Instant, SystemTime};

use aws_sdk_s3::Client;
use ledger::{
    CannotTakeUp, Earlier, Entries, Keep, ObjectWriter, Plan, Prepared, RunFiles, Store, UnitSizes,
    finished_file, within_task_limit,
};
use manifest::{Position, Summary};
use prepare::{Signatures, Sorting};
use tokio::sync::mpsc;

use crate::{
    Answer, DecodeError, Seen,
    body::Body,
    fingerprint::Fingerprint,
    leg::{LegEnd, Task, exhaust},
    object::{self, Stretch},
    reader,
    recognize::{name_of, stop, stop_gone, stop_with},
    run_files::Each,
    saved::{End, Next, Saved, save},
    sorter::Sorter,
};

/// A missing signer is looked for this often, [`WAIT_SECONDS`] apart: two minutes in all, because
/// people upload a manifest and its signer's certificate together, in any order.
const WAITS: u32 = 12;
const WAIT_SECONDS: u32 = 10;

/// A leg ends so long before the function's deadline: time to send what was sorted, and what the next leg
/// goes on with, some 200 MB for five million entries.
const RESERVE: Duration = Duration::from_mins(1);

/// How many parts wait between the decoder's thread and S3, beside the one that is on its way.
const PARTS: usize = 1;

pub(crate) async fn run(
    store: &Store,
    s3: &Client,
    run: &str,
    attempt: u32,
    deadline: SystemTime,
    seen: &mut Seen,
) -> Result<Answer, DecodeError> {
    let left = deadline.duration_since(SystemTime::now()).unwrap_or_default();
    let until = Instant::now() + left.saturating_sub(RESERVE);
    let files = RunFiles::of(run);
    let plan: Plan = store.read_json(&files.plan()).await?.ok_or(DecodeError::Missing("plan"))?;
    seen.dry = plan.dry;
    let wanted = match wanted(store, &plan).await? {
        Ok(wanted) => wanted,
        Err(refusal) => return stop(store, &files, refusal.code(), refusal.to_string()).await,
    };
    let run = Run { store, s3, files, plan, attempt, until, left: wanted.count() };
    match Saved::read(store, &run.files).await? {
        None => {
            let writers = Each::open(store, &run.files, Each::default(), Each::default());
            let start = Start {
                legs: 0,
                now: reader::now(),
                from: None,
                fingerprint: Fingerprint::default(),
                sorter: Sorter::new(wanted, Sorting::default(), UnitSizes::default()),
            };
            Box::pin(run.read(start, writers, seen)).await
        }
        Some(Saved { legs, now, next, files: unfinished, rest, duplicates }) => {
            tracing::info!(legs, "going on");
            let writers = Each::open(store, &run.files, unfinished, rest);
            match next {
                Next::Read { position, fingerprint, books, sizes } => {
                    let sorting = Sorting::going_on(books, &mut duplicates.as_slice())
                        .map_err(|_| DecodeError::Missing("readable state of the legs before"))?;
                    drop(duplicates);
                    let sorter = Sorter::new(wanted, sorting, sizes);
                    let from = Some(*position);
                    let start = Start { legs, now, from, fingerprint, sorter };
                    Box::pin(run.read(start, writers, seen)).await
                }
                Next::Fingerprint { fingerprint, end } => {
                    Box::pin(run.fingerprint((legs, now), fingerprint, end, writers, seen)).await
                }
                Next::Close { end } => run.close(end, writers, seen).await,
            }
        }
    }
}

/// A run whose file is decoded.
struct Run<'r> {
    store: &'r Store,
    s3: &'r Client,
    files: RunFiles,
    plan: Plan,
    attempt: u32,
    until: Instant,
    /// How many entries it takes up, where it takes up those of another one.
    left: Option<u64>,
}

/// What a leg begins with.
struct Start {
    /// How many are behind.
    legs: u32,
    /// When the first one began.
    now: i64,
    from: Option<Position>,
    fingerprint: Fingerprint,
    sorter: Sorter,
}

impl Run<'_> {
    /// Reads the file, or one leg of it.
    async fn read(
        self,
        start: Start,
        mut writers: Each<ObjectWriter>,
        seen: &mut Seen,
    ) -> Result<Answer, DecodeError> {
        let Start { legs, now, from, fingerprint, mut sorter } = start;
        let reader = match reader::of(self.store, &self.plan, now).await? {
            Ok(reader) => reader,
            Err(error) => {
                return stop(self.store, &self.files, error.code(), error.to_string()).await;
            }
        };
        let Some(body) = self.body(fingerprint).await? else {
            return stop_gone(self.store, &self.files).await;
        };
        let task = Task { reader, body, from, until: self.until, waits: self.attempt < WAITS };
        let (sender, mut parts) = mpsc::channel(PARTS);
        let thread = tokio::task::spawn_blocking(move || {
            let end = task.carry_out(&mut sorter, &sender);
            end.map(|end| (end, sorter))
        });
        while let Some((which, part)) = parts.recv().await {
            writers.get_mut(which).write_owned(part).await?;
        }
        let (end, sorter) = thread.await.map_err(|_| DecodeError::Crashed)??;
        let signatures = sorter.signatures();
        let (broken, fingerprint, summary) = match end {
            LegEnd::Waiting { reason } => {
                tracing::info!(attempt = self.attempt, "waiting for a signer");
                return Ok(Answer::Wait {
                    attempt: self.attempt + 1,
                    wait_seconds: WAIT_SECONDS,
                    waiting_for: reason,
                });
            }
            LegEnd::Paused { position, fingerprint } => {
                let (lines, sorting, sizes) = sorter.put_aside();
                writers.add(lines).await?;
                let (entries, offset) = (position.entries(), position.offset());
                let (position, books) = (Box::new(position), sorting.books().clone());
                let next = Next::Read { position, fingerprint, books, sizes };
                self.save((legs + 1, now), next, writers, Some(&sorting)).await?;
                return Ok(self.rest(entries, offset));
            }
            LegEnd::Whole { sha256, summary } => (None, Ok(sha256), summary),
            LegEnd::Broken { error, fingerprint } => {
                let broken = prepare::broken(name_of(&self.plan.source), &error);
                (Some(broken), fingerprint, Summary::default())
            }
        };
        let (sha256, fingerprint) = match fingerprint {
            Ok(sha256) => (sha256, None),
            Err(fingerprint) => (String::new(), Some(fingerprint)),
        };
        let (lines, prepared) = sorter.finish(sha256, summary).map_err(ledger::StoreError::from)?;
        writers.add(lines).await?;
        let end = End { prepared, signatures, broken };
        if let Some(fingerprint) = fingerprint {
            return self.put_off((legs + 1, now), fingerprint, end, writers).await;
        }
        if legs == 0 {
            // A call that is repeated reads everything again, and needs no state.
            return self.close(end, writers, seen).await;
        }
        Box::pin(self.save_and_close((legs + 1, now), end, writers, seen)).await
    }

    /// Reads the rest of a broken file for its fingerprint.
    async fn fingerprint(
        self,
        (legs, now): (u32, i64),
        fingerprint: Fingerprint,
        mut end: End,
        writers: Each<ObjectWriter>,
        seen: &mut Seen,
    ) -> Result<Answer, DecodeError> {
        let Some(body) = self.body(fingerprint).await? else {
            return stop_gone(self.store, &self.files).await;
        };
        let until = self.until;
        let exhausted = tokio::task::spawn_blocking(move || exhaust(body, until)).await;
        match exhausted.map_err(|_| DecodeError::Crashed)?? {
            Ok(sha256) => end.prepared.sha256 = sha256,
            Err(fingerprint) => {
                return self.put_off((legs + 1, now), fingerprint, end, writers).await;
            }
        }
        Box::pin(self.save_and_close((legs + 1, now), end, writers, seen)).await
    }

    /// Leaves the rest of a broken file to the next call.
    async fn put_off(
        self,
        legs: (u32, i64),
        fingerprint: Fingerprint,
        end: End,
        writers: Each<ObjectWriter>,
    ) -> Result<Answer, DecodeError> {
        let (entries, offset) = (end.prepared.entries, fingerprint.bytes());
        self.save(legs, Next::Fingerprint { fingerprint, end }, writers, None).await?;
        Ok(self.rest(entries, Some(offset)))
    }

    /// Saves that only the run's files are to appear, because an upload that was finished cannot be gone on
    /// with, and then makes them appear.
    async fn save_and_close(
        self,
        legs: (u32, i64),
        end: End,
        mut writers: Each<ObjectWriter>,
        seen: &mut Seen,
    ) -> Result<Answer, DecodeError> {
        writers.send_all().await?;
        let next = Next::Close { end: end.clone() };
        self.save(legs, next, writers, None).await?;
        let Some(saved) = Saved::read(self.store, &self.files).await? else {
            return Err(DecodeError::Missing("state of the legs before"));
        };
        let writers = Each::open(self.store, &self.files, saved.files, saved.rest);
        self.close(end, writers, seen).await
    }

    /// Makes the run's files appear, and tells what is in them.
    async fn close(
        self,
        end: End,
        writers: Each<ObjectWriter>,
        seen: &mut Seen,
    ) -> Result<Answer, DecodeError> {
        let End { prepared, signatures, broken } = end;
        seen.signatures = Some::<Signatures>(signatures);
        writers.finish().await?;
        let Self { store, files, mut plan, left, .. } = self;
        // What an earlier run left does not stand whole, so a listing would spare no question.
        let again =
            plan.resumes.is_none() && store.read(&finished_file(&prepared.sha256)).await?.is_some();
        let prepared = Prepared { again, ..prepared };
        plan.prepared = Some(prepared.clone());
        store.write_json(&files.plan(), &plan, Keep::Always).await?;

        let Prepared { entries, devices, refused, units, again, .. } = prepared;
        tracing::info!(entries, devices, refused, units, "decoded");
        if let Some(broken) = broken {
            return stop_with(store, &files, broken).await;
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

    /// The file's body, of which `fingerprint` covers the beginning. None where it is gone.
    async fn body(&self, fingerprint: Fingerprint) -> Result<Option<Body>, DecodeError> {
        let source = &self.plan.source;
        let opened = object::open(self.s3, source, Stretch::From(0)).await?;
        Ok(opened.map(|opened| Body::new(self.s3, source, opened, fingerprint)))
    }

    async fn save(
        &self,
        legs: (u32, i64),
        next: Next,
        writers: Each<ObjectWriter>,
        sorting: Option<&Sorting>,
    ) -> Result<(), DecodeError> {
        save(self.store, &self.files, legs, next, writers, sorting).await
    }

    fn rest(&self, entries: u64, offset: Option<u64>) -> Answer {
        tracing::info!(entries, offset, "the time is over; the next call goes on");
        Answer::Continue { attempt: self.attempt, entries, offset, of: self.plan.source.bytes }
    }
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
