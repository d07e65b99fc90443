//! The uploaded object as a blocking stream, which is gone on with where it breaks off.

use std::{
    io::{self, Read},
    sync::Arc,
};

use aws_sdk_s3::{Client, error::DisplayErrorContext};
use bytes::Bytes;
use tokio::{
    runtime::Handle,
    sync::{OwnedSemaphorePermit, Semaphore, mpsc},
};

use crate::{
    fingerprint::Fingerprint,
    object::{self, Opened, Stretch},
};

/// How many bytes of the body wait between the network and the decoder, and in how many chunks.
const WAITING_BYTES: u32 = 4 << 20;
const WAITING_CHUNKS: usize = 512;

/// A chunk, and its share of the room for waiting ones.
type Chunk = (Bytes, OwnedSemaphorePermit);
type Chunks = mpsc::Receiver<io::Result<Chunk>>;

/// The body of the pinned object. It fingerprints what it passes on.
#[derive(Debug)]
pub(crate) struct Body {
    object: Object,
    runtime: Handle,
    chunks: Chunks,
    chunk: Option<Chunk>,
    /// Bytes of the file up to the end of the chunk.
    read: u64,
    fingerprint: Fingerprint,
}

/// An object that can be opened again.
#[derive(Clone, Debug)]
struct Object {
    s3: Client,
    source: ledger::Source,
}

impl Body {
    /// The body that was `opened` at its beginning, of whose file `fingerprint` covers the beginning.
    pub(crate) fn new(
        s3: &Client,
        source: &ledger::Source,
        opened: Opened,
        fingerprint: Fingerprint,
    ) -> Self {
        let object = Object { s3: s3.clone(), source: source.clone() };
        let runtime = Handle::current();
        let chunks = object.clone().pump(&runtime, 0, Some(opened));
        Self { object, runtime, chunks, chunk: None, read: 0, fingerprint }
    }

    /// The fingerprint of everything that was read so far.
    pub(crate) fn fingerprint(&self) -> Fingerprint {
        self.fingerprint.clone()
    }

    /// Reads what is left, for the fingerprint's sake; `false` where it is `enough` before.
    pub(crate) fn exhaust(&mut self, enough: &dyn Fn() -> bool) -> io::Result<bool> {
        self.go_on_at(self.fingerprint.bytes());
        while self.next_chunk()? {
            if enough() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The SHA-256 of the file, all of which was read.
    pub(crate) fn finish(self) -> String {
        self.fingerprint.finish()
    }

    /// Goes on at a byte of the file, unless it is the next one anyway.
    fn go_on_at(&mut self, offset: u64) {
        let waiting = self.chunk.as_ref().map_or(0, |(chunk, _)| chunk.len());
        if self.read.checked_sub(u64::try_from(waiting).unwrap_or(u64::MAX)) != Some(offset) {
            self.chunk = None;
            self.chunks = self.object.clone().pump(&self.runtime, offset, None);
            self.read = offset;
        }
    }

    /// Waits for the next chunk; `false` at the end of the file.
    fn next_chunk(&mut self) -> io::Result<bool> {
        self.chunk = None;
        let Some(chunk) = self.chunks.blocking_recv() else { return Ok(false) };
        let (bytes, room) = chunk?;
        self.fingerprint.take(self.read, &bytes)?;
        self.read += u64::try_from(bytes.len()).unwrap_or_default();
        self.chunk = Some((bytes, room));
        Ok(true)
    }
}

impl Read for Body {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some((chunk, _)) = &mut self.chunk
                && !chunk.is_empty()
            {
                let part = chunk.split_to(chunk.len().min(to.len()));
                return part.as_ref().read(to);
            }
            if !self.next_chunk()? {
                return Ok(0);
            }
        }
    }
}

impl manifest::Source for Body {
    fn go_to(&mut self, offset: u64) -> io::Result<()> {
        self.go_on_at(offset);
        Ok(())
    }
}

impl Object {
    /// Begins to fetch the bytes from `offset` on.
    fn pump(self, runtime: &Handle, offset: u64, opened: Option<Opened>) -> Chunks {
        let (sender, chunks) = mpsc::channel(WAITING_CHUNKS);
        runtime.spawn(async move {
            if let Err(error) = fetch(offset, opened, &self, &sender).await {
                // Where nobody listens any more, nobody wants to know.
                let _ = sender.send(Err(error)).await;
            }
        });
        chunks
    }
}

/// What can be opened anywhere.
trait Open: Sync {
    /// The bytes from `offset` on; none where there are no more.
    fn open(&self, offset: u64) -> impl Future<Output = io::Result<Option<Opened>>> + Send;
}

impl Open for Object {
    async fn open(&self, offset: u64) -> io::Result<Option<Opened>> {
        if offset >= self.source.bytes {
            return Ok(None);
        }
        let opened = object::open(&self.s3, &self.source, Stretch::From(offset)).await;
        match opened.map_err(|error| io::Error::other(error.to_string()))? {
            Some(opened) => Ok(Some(opened)),
            None => Err(io::Error::other("it was deleted or replaced meanwhile")),
        }
    }
}

/// Sends the bytes from `offset` on, until they end or nobody listens. A connection that breaks after it
/// brought something is made once more: reading a large file takes minutes.
async fn fetch(
    mut offset: u64,
    mut opened: Option<Opened>,
    object: &impl Open,
    chunks: &mpsc::Sender<io::Result<Chunk>>,
) -> io::Result<()> {
    let room = Arc::new(Semaphore::new(usize::try_from(WAITING_BYTES).unwrap_or(usize::MAX)));
    loop {
        let Opened { mut body, mut in_front } = match opened.take() {
            Some(opened) => opened,
            None => match object.open(offset).await? {
                Some(opened) => opened,
                None => return Ok(()),
            },
        };
        let begun = offset;
        let broken = loop {
            let bytes = match body.next().await {
                None => return Ok(()),
                Some(Err(error)) => break error,
                Some(Ok(bytes)) => behind(bytes, &mut in_front),
            };
            let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX).min(WAITING_BYTES);
            let Ok(room) = Arc::clone(&room).acquire_many_owned(length).await else {
                return Ok(());
            };
            offset += u64::try_from(bytes.len()).unwrap_or_default();
            if chunks.send(Ok((bytes, room))).await.is_err() {
                return Ok(());
            }
        };
        if offset == begun {
            return Err(io::Error::other(DisplayErrorContext(broken).to_string()));
        }
        tracing::warn!(offset, "the connection to the file broke, and is made once more");
    }
}

/// What of the bytes was asked for.
fn behind(mut bytes: Bytes, in_front: &mut u64) -> Bytes {
    let unwanted = usize::try_from(*in_front).unwrap_or(usize::MAX).min(bytes.len());
    *in_front -= u64::try_from(unwanted).unwrap_or(*in_front);
    bytes.split_off(unwanted)
}

#[cfg(test)]
mod tests {
    use std::{sync::Mutex, vec};

    use aws_sdk_s3::primitives::{ByteStream, SdkBody};

    use super::*;

    /// Gives the next of these each time, and notes at which bytes it was opened.
    struct Openings {
        streams: Mutex<vec::IntoIter<Answer>>,
        offsets: Mutex<Vec<u64>>,
    }

    type Answer = io::Result<Option<Opened>>;

    impl Open for Openings {
        async fn open(&self, offset: u64) -> Answer {
            self.offsets.lock().unwrap().push(offset);
            self.streams.lock().unwrap().next().unwrap()
        }
    }

    fn stream(text: &'static str, in_front: u64) -> Opened {
        Opened { body: ByteStream::new(SdkBody::from(text)), in_front }
    }

    /// What is fetched from `offset` on, and at which bytes the object was opened for it.
    #[track_caller]
    fn check(offset: u64, openings: Vec<Answer>, expected: &str, opened_at: &[u64]) {
        let object =
            Openings { streams: Mutex::new(openings.into_iter()), offsets: Mutex::default() };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let text = runtime.block_on(async {
            let (sender, mut chunks) = mpsc::channel(10);
            let end = fetch(offset, None, &object, &sender).await;
            drop(sender);
            let mut text = String::new();
            while let Some(chunk) = chunks.recv().await {
                text += std::str::from_utf8(&chunk.unwrap().0).unwrap();
            }
            end.err().map_or(text.clone(), |error| format!("{text}! {error}"))
        });
        assert_eq!(text, expected);
        assert_eq!(object.offsets.into_inner().unwrap(), opened_at);
    }

    #[test]
    fn a_body_is_fetched_to_its_end() {
        check(3, vec![Ok(Some(stream("abc", 0)))], "abc", &[3]);
        check(9, vec![Ok(None)], "", &[9]);
    }

    #[test]
    fn what_nobody_asked_for_is_passed_over() {
        check(2, vec![Ok(Some(stream("abcd", 2)))], "cd", &[2]);
        check(2, vec![Ok(Some(stream("ab", 2)))], "", &[2]);
    }

    #[test]
    fn an_object_that_cannot_be_opened_is_an_error_and_not_an_end() {
        check(0, vec![Err(io::Error::other("refused"))], "! refused", &[0]);
    }
}
