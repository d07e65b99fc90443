//! The very version of a file that a run read.

use aws_sdk_s3::{config::http::HttpResponse, error::SdkError};

/// A version or an entity tag, where a request can be bound to it. A bucket without versions calls them `null`.
pub(crate) fn bound(text: &str) -> Option<String> {
    (!text.is_empty() && text != "null").then(|| text.to_owned())
}

/// Whether S3 says that this version is not there any more: deleted, or replaced by another one.
pub(crate) fn is_gone<E>(error: &SdkError<E, HttpResponse>) -> bool {
    let status = error.raw_response().map(|answer| answer.status().as_u16());
    matches!(status, Some(404 | 405 | 410 | 412))
}
