//! Entries are looked into side by side, and handed on in the order of the file.
//!
//! The thread that reads the file only takes it apart. What it takes out waits in batches for
//! whoever is free: the threads of the crew, or the reading thread itself, where it would have to
//! wait. A few batches are under way at a time, so memory does not grow with the file.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crate::certificate::Issuers;
use crate::error::{Decoded, ManifestError};

/// A batch is full with so many entries, or with so many bytes of them.
const BATCH_ENTRIES: usize = 128;
const BATCH_BYTES: usize = 256 << 10;
/// So many batches are under way for each thread.
const BATCHES_A_THREAD: usize = 4;

/// What looking into an entry ends with: an error that is the whole file's, such as a private key,
/// ends the reading.
pub(crate) type Verdict = Result<Decoded, ManifestError>;

type Task<'c> = Box<dyn FnOnce(&mut Issuers) -> Verdict + Send + 'c>;

/// An entry that was taken out of a file.
pub(crate) struct Taken<'c> {
    state: State<'c>,
    /// How much memory it takes, more or less.
    bytes: usize,
    /// The archive's member that it is from, and how many entries were read before that member.
    member: Option<(String, u64)>,
}

enum State<'c> {
    /// Nothing is left to be done.
    Known(Box<Decoded>),
    /// It is still to be looked into.
    Open(Task<'c>),
}

impl<'c> Taken<'c> {
    /// An entry of which everything is known.
    pub(crate) fn known(decoded: Decoded) -> Self {
        let bytes = decoded.as_ref().map_or(0, |entry| entry.certificate.der().len());
        Self { state: State::Known(Box::new(decoded)), bytes, member: None }
    }

    /// An entry of so many bytes that `task` looks into, on any thread.
    pub(crate) fn open(
        bytes: usize,
        task: impl FnOnce(&mut Issuers) -> Verdict + Send + 'c,
    ) -> Self {
        Self { state: State::Open(Box::new(task)), bytes, member: None }
    }

    /// The same as an entry of an archive's member, before which so many entries were read.
    pub(crate) fn within(self, member: Option<&str>, before: u64) -> Self {
        Self { member: member.map(|name| (name.to_owned(), before)), ..self }
    }

    /// Looks into the entry.
    pub(crate) fn judge(self, issuers: &mut Issuers) -> Verdict {
        let mut verdict = match self.state {
            State::Known(decoded) => Ok(*decoded),
            State::Open(task) => task(issuers),
        };
        if let Some((member, before)) = self.member {
            match &mut verdict {
                Ok(Ok(entry)) => entry.place.put_within(&member),
                Ok(Err(error)) => error.place.put_within(&member),
                Err(_) => verdict = verdict.map_err(|error| error.within(&member, before)),
            }
        }
        verdict
    }
}

/// What the threads of a crew share.
#[derive(Default)]
pub(crate) struct Crew<'c> {
    batches: Mutex<Batches<'c>>,
    changed: Condvar,
}

#[derive(Default)]
struct Batches<'c> {
    waiting: VecDeque<Batch<'c>>,
    is_over: bool,
}

struct Batch<'c> {
    entries: Vec<Taken<'c>>,
    verdicts: SyncSender<Vec<Verdict>>,
}

impl Batch<'_> {
    fn judge(self, issuers: &mut Issuers) {
        let mut verdicts = Vec::with_capacity(self.entries.len());
        for entry in self.entries {
            let verdict = entry.judge(issuers);
            let is_end = verdict.is_err();
            verdicts.push(verdict);
            if is_end {
                break;
            }
        }
        // Where nobody listens any more, the reading has ended.
        let _ = self.verdicts.send(verdicts);
    }
}

impl<'c> Crew<'c> {
    /// What a thread of the crew does, until the work is over.
    pub(crate) fn work(&self) {
        let mut issuers = Issuers::default();
        while let Some(batch) = self.wait() {
            batch.judge(&mut issuers);
        }
    }

    /// Sends the threads home. What still waits is not looked into.
    pub(crate) fn end(&self) {
        let mut batches = self.lock();
        batches.is_over = true;
        batches.waiting.clear();
        self.changed.notify_all();
    }

    fn wait(&self) -> Option<Batch<'c>> {
        let mut batches = self.lock();
        loop {
            if batches.is_over {
                return None;
            }
            if let Some(batch) = batches.waiting.pop_front() {
                return Some(batch);
            }
            batches = self.changed.wait(batches).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn put(&self, batch: Batch<'c>) {
        self.lock().waiting.push_back(batch);
        self.changed.notify_one();
    }

    fn take(&self) -> Option<Batch<'c>> {
        self.lock().waiting.pop_front()
    }

    /// A thread that panicked ends the whole reading anyway.
    fn lock(&self) -> MutexGuard<'_, Batches<'c>> {
        self.batches.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The entries on their way through a crew, in the order of the file.
pub(crate) struct Line<'c> {
    crew: Arc<Crew<'c>>,
    /// How many batches may be under way.
    most: usize,
    /// The batch that is being filled.
    filling: Vec<Taken<'c>>,
    bytes: usize,
    under_way: VecDeque<Receiver<Vec<Verdict>>>,
}

impl<'c> Line<'c> {
    pub(crate) fn new(crew: Arc<Crew<'c>>, threads: usize) -> Self {
        let most = threads.saturating_mul(BATCHES_A_THREAD);
        Self { crew, most, filling: Vec::new(), bytes: 0, under_way: VecDeque::new() }
    }

    /// Takes the next entry.
    pub(crate) fn put(&mut self, taken: Taken<'c>) {
        self.bytes = self.bytes.saturating_add(taken.bytes);
        self.filling.push(taken);
        if self.filling.len() >= BATCH_ENTRIES || self.bytes >= BATCH_BYTES {
            self.send();
        }
    }

    /// What is to be handed on before more is put.
    pub(crate) fn due(&mut self, issuers: &mut Issuers) -> Option<Vec<Verdict>> {
        (self.under_way.len() >= self.most).then(|| self.next(issuers)).flatten()
    }

    /// What is to be handed on when nothing more is put.
    pub(crate) fn rest(&mut self, issuers: &mut Issuers) -> Option<Vec<Verdict>> {
        if !self.filling.is_empty() {
            self.send();
        }
        self.next(issuers)
    }

    fn send(&mut self) {
        let (sender, receiver) = sync_channel(1);
        self.bytes = 0;
        let entries = std::mem::take(&mut self.filling);
        self.crew.put(Batch { entries, verdicts: sender });
        self.under_way.push_back(receiver);
    }

    /// The verdicts of the first batch. As long as they are not there, this thread helps.
    fn next(&mut self, issuers: &mut Issuers) -> Option<Vec<Verdict>> {
        let first = self.under_way.pop_front()?;
        loop {
            match first.try_recv() {
                Ok(verdicts) => return Some(verdicts),
                // The thread that had the batch panicked, which ends the reading.
                Err(TryRecvError::Disconnected) => return None,
                Err(TryRecvError::Empty) => match self.crew.take() {
                    Some(batch) => batch.judge(issuers),
                    None => return first.recv().ok(),
                },
            }
        }
    }
}
