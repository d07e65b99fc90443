//! The uploaded object: pinned once, then opened.

use aws_sdk_s3::{
    Client,
    error::{DisplayErrorContext, ProvideErrorMetadata},
    primitives::ByteStream,
};
use ledger::{Object, Source};

use crate::DecodeError;

/// Which of an object's bytes are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stretch {
    /// So many at the beginning.
    First(u64),
    /// All that have so many in front of them.
    From(u64),
}

/// An object's bytes, as S3 gives them.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) body: ByteStream,
    /// So many bytes come before those that were asked for: whoever gives no ranges gives the whole.
    pub(crate) in_front: u64,
}

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

/// Opens the pinned version. `None` where it is gone.
pub(crate) async fn open(
    s3: &Client,
    source: &Source,
    stretch: Stretch,
) -> Result<Option<Opened>, DecodeError> {
    let Source { bucket, key, version, etag, .. } = source;
    let range = match stretch {
        Stretch::First(bytes) => Some(format!("bytes=0-{}", bytes.saturating_sub(1))),
        Stretch::From(0) => None,
        Stretch::From(offset) => Some(format!("bytes={offset}-")),
    };
    let request = s3
        .get_object()
        .bucket(bucket)
        .key(key)
        .set_version_id(some(version))
        .set_if_match(some(etag))
        .set_range(range);
    match request.send().await {
        Ok(object) => {
            let in_front = match stretch {
                Stretch::From(offset) if object.content_range.is_none() => offset,
                _ => 0,
            };
            Ok(Some(Opened { body: object.body, in_front }))
        }
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
