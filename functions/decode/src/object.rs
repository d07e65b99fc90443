//! The uploaded object: pinned once, then read as a blocking stream.

use std::io::{self, Read};

use aws_sdk_s3::{
    Client,
    error::{DisplayErrorContext, ProvideErrorMetadata},
    primitives::ByteStream,
};
use ledger::{Object, Source};
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;

use crate::DecodeError;

/// How many chunks of the body wait between the network and the decoder.
const CHUNKS: usize = 8;

/// Pins the version that the event named, or the newest that still has its entity tag.
///
/// `None` where that version is gone: the object was deleted or overwritten since.
pub(crate) async fn pin(s3: &Client, object: Object) -> Result<Option<Source>, DecodeError> {
    let Object { bucket, key, version, etag, uploader } = object;
    let request = s3.head_object().bucket(&bucket).key(&key);
    let request = match some(&version) {
        Some(version) => request.version_id(version),
        None => request.set_if_match(some(&etag)),
    };
    let head = match request.send().await {
        Ok(head) => head,
        Err(error) if is_gone(error.raw_response().map(|raw| raw.status().as_u16())) => {
            return Ok(None);
        }
        Err(error) => return Err(DecodeError::Source(DisplayErrorContext(error).to_string())),
    };
    Ok(Some(Source {
        version: head.version_id.unwrap_or(version),
        etag: head.e_tag.unwrap_or(etag),
        bytes: head.content_length.and_then(|bytes| u64::try_from(bytes).ok()).unwrap_or_default(),
        bucket,
        key,
        uploader,
    }))
}

/// Opens the pinned version, whole or only its beginning. `None` where it is gone.
pub(crate) async fn open(
    s3: &Client,
    source: &Source,
    first: Option<u64>,
) -> Result<Option<ByteStream>, DecodeError> {
    let Source { bucket, key, version, etag, .. } = source;
    let range = first.map(|bytes| format!("bytes=0-{}", bytes.saturating_sub(1)));
    let request = s3
        .get_object()
        .bucket(bucket)
        .key(key)
        .set_version_id(some(version))
        .set_if_match(some(etag))
        .set_range(range);
    match request.send().await {
        Ok(object) => Ok(Some(object.body)),
        Err(error)
            if error.code() == Some("NoSuchKey")
                || is_gone(error.raw_response().map(|raw| raw.status().as_u16())) =>
        {
            Ok(None)
        }
        Err(error) => Err(DecodeError::Source(DisplayErrorContext(error).to_string())),
    }
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty() && text != "null").then(|| text.to_owned())
}

/// Not found, gone, or no longer with the entity tag.
fn is_gone(status: Option<u16>) -> bool {
    matches!(status, Some(404 | 405 | 410 | 412))
}

/// Sends the body on in chunks until it ends or nobody reads any more.
pub(crate) async fn pump(mut body: ByteStream, chunks: mpsc::Sender<io::Result<Vec<u8>>>) {
    while let Some(chunk) = body.next().await {
        let chunk = chunk
            .map(|bytes| bytes.to_vec())
            .map_err(|error| io::Error::other(DisplayErrorContext(error).to_string()));
        let failed = chunk.is_err();
        if chunks.send(chunk).await.is_err() || failed {
            return;
        }
    }
}

/// A channel for [`pump`], and the blocking end of it.
pub(crate) fn channel() -> (mpsc::Sender<io::Result<Vec<u8>>>, Body) {
    let (sender, chunks) = mpsc::channel(CHUNKS);
    (sender, Body { chunks, chunk: Vec::new(), position: 0, digest: Sha256::new() })
}

/// The body as a blocking stream that fingerprints what it passes on.
#[derive(Debug)]
pub(crate) struct Body {
    chunks: mpsc::Receiver<io::Result<Vec<u8>>>,
    chunk: Vec<u8>,
    position: usize,
    digest: Sha256,
}

impl Body {
    /// Reads what is left, and gives the SHA-256 of the whole.
    pub(crate) fn finish(mut self) -> io::Result<String> {
        io::copy(&mut self, &mut io::sink())?;
        Ok(format!("{:x}", self.digest.finalize()))
    }
}

impl Read for Body {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        while self.position >= self.chunk.len() {
            let Some(chunk) = self.chunks.blocking_recv() else { return Ok(0) };
            self.chunk = chunk?;
            self.position = 0;
            self.digest.update(&self.chunk);
        }
        let read = self.chunk.get(self.position..).unwrap_or_default().read(to)?;
        self.position += read;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_is_passed_on_whole_and_fingerprinted() {
        let (sender, mut body) = channel();
        for chunk in ["ab", "", "c"] {
            sender.try_send(Ok(chunk.as_bytes().to_vec())).unwrap();
        }
        drop(sender);
        let mut first = [0; 1];
        body.read_exact(&mut first).unwrap();
        assert_eq!(&first, b"a");
        assert_eq!(
            body.finish().unwrap(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    #[test]
    fn a_connection_that_breaks_is_an_error_and_not_an_end() {
        let (sender, body) = channel();
        sender.try_send(Ok(b"ab".to_vec())).unwrap();
        sender.try_send(Err(io::Error::other("reset"))).unwrap();
        assert!(body.finish().is_err());
    }
}
