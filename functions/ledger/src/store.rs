//! Objects of the runs bucket.

use std::{fmt, marker::PhantomData, ops::Range, time::SystemTime};

use aws_sdk_s3::{
    Client,
    error::{DisplayErrorContext, ProvideErrorMetadata, SdkError},
    primitives::ByteStream,
    types::Object,
};
use serde::{Serialize, de::DeserializeOwned};
use tokio::io::{AsyncBufRead, AsyncBufReadExt, BufReader};

use crate::{LineError, ObjectWriter, Unfinished, to_line};

/// Tag of the files that the bucket's lifecycle removes after 30 days.
const PASSING: &str = "thingpress=passing";

/// How long an object is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// For good: the report, the results and the plan.
    Always,
    /// For 30 days: what is needed only while a run can be taken up again.
    Passing,
}

impl Keep {
    pub(crate) fn tagging(self) -> Option<String> {
        (self == Self::Passing).then(|| PASSING.to_owned())
    }
}

/// Whether [`Store::create`] made the object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Created {
    /// It did.
    New,
    /// There was one, and it was left as it is.
    Existed,
}

/// An object could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// S3 refused, or could not be reached.
    #[error("could not {action} `{key}`: {cause}")]
    S3 {
        /// What was tried, such as `read`.
        action: &'static str,
        /// Key of the object.
        key: String,
        /// S3's answer.
        cause: String,
    },
    /// The object is not what it should be.
    #[error("`{key}` is not readable as {expected}")]
    Malformed {
        /// Key of the object.
        key: String,
        /// What was expected.
        expected: &'static str,
        /// The parser's answer.
        source: serde_json::Error,
    },
    /// The results are not the table that they should be.
    #[error("`{key}` is not readable as a run's results")]
    Results {
        /// Key of the object.
        key: String,
    },
    /// A value could not be written as JSON.
    #[error(transparent)]
    Line(#[from] LineError),
}

impl StoreError {
    pub(crate) fn s3<E, R>(action: &'static str, key: &str, error: SdkError<E, R>) -> Self
    where
        E: std::error::Error + Send + Sync + 'static,
        R: fmt::Debug + Send + Sync + 'static,
    {
        Self::S3 { action, key: key.to_owned(), cause: DisplayErrorContext(error).to_string() }
    }

    /// Stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::S3 { .. } => "Ledger.Unavailable",
            Self::Malformed { .. } | Self::Results { .. } => "Ledger.Malformed",
            Self::Line(_) => "Ledger.Unwritable",
        }
    }
}

/// An object's key and when it was last written, as a listing tells.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The key.
    pub key: String,
    /// When the object was last written, where the listing says so.
    pub written: Option<SystemTime>,
    /// Its entity tag, which is another one where its content is; empty where the listing names none.
    pub etag: String,
    /// Its size.
    pub bytes: u64,
}

/// The runs bucket.
#[derive(Clone, Debug)]
pub struct Store {
    s3: Client,
    bucket: String,
}

impl Store {
    /// The bucket `bucket`.
    pub fn new(s3: Client, bucket: String) -> Self {
        Self { s3, bucket }
    }

    /// Name of the bucket.
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    pub(crate) fn client(&self) -> &Client {
        &self.s3
    }

    /// The JSON document `key`, or `None` where there is none.
    pub async fn read_json<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, StoreError> {
        let Some(bytes) = self.read(key).await? else { return Ok(None) };
        serde_json::from_slice(&bytes).map(Some).map_err(|source| StoreError::Malformed {
            key: key.to_owned(),
            expected: "JSON of the shape this version writes",
            source,
        })
    }

    /// The whole object `key`, or `None` where there is none. Only for objects known to be small.
    pub async fn read(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(body) = self.open(key, None).await? else { return Ok(None) };
        collect(key, body).await.map(Some)
    }

    /// A stretch of the object `key`, or `None` where there is none.
    pub async fn read_range(
        &self,
        key: &str,
        range: Range<u64>,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        if range.is_empty() {
            return Ok(Some(Vec::new()));
        }
        let Some(body) = self.open(key, Some(range)).await? else { return Ok(None) };
        collect(key, body).await.map(Some)
    }

    /// The lines of `key`, read as they are asked for; none where there is no such object.
    pub async fn lines<T: DeserializeOwned>(&self, key: &str) -> Result<Lines<T>, StoreError> {
        let body = self.open(key, None).await?.unwrap_or_default();
        Ok(Lines {
            key: key.to_owned(),
            reader: Box::new(BufReader::new(body.into_async_read())),
            line: Vec::new(),
            of: PhantomData,
        })
    }

    /// Writes the JSON document `key`, over one that may be there.
    pub async fn write_json(
        &self,
        key: &str,
        value: &impl Serialize,
        keep: Keep,
    ) -> Result<(), StoreError> {
        self.write(key, to_line(value)?, keep).await
    }

    /// Writes lines of JSON to `key`, over those that may be there. Only for few lines.
    pub async fn write_lines<T: Serialize>(
        &self,
        key: &str,
        values: &[T],
        keep: Keep,
    ) -> Result<(), StoreError> {
        let mut body = Vec::new();
        for value in values {
            body.append(&mut to_line(value)?);
        }
        self.write(key, body, keep).await
    }

    /// Writes the object `key`, over one that may be there.
    pub async fn write(&self, key: &str, body: Vec<u8>, keep: Keep) -> Result<(), StoreError> {
        let request =
            self.s3.put_object().bucket(&self.bucket).key(key).set_tagging(keep.tagging());
        let sent = request.body(body.into()).send().await;
        sent.map(drop).map_err(|error| StoreError::s3("write", key, error))
    }

    /// Writes a page that browsers show, over one that may be there. It is kept for good.
    pub async fn write_page(&self, key: &str, page: String) -> Result<(), StoreError> {
        let request = self.s3.put_object().bucket(&self.bucket).key(key);
        let request = request.content_type("text/html; charset=utf-8");
        let sent = request.body(page.into_bytes().into()).send().await;
        sent.map(drop).map_err(|error| StoreError::s3("write", key, error))
    }

    /// Writes the JSON document `key` unless there is one already.
    pub async fn create(
        &self,
        key: &str,
        value: &impl Serialize,
        keep: Keep,
    ) -> Result<Created, StoreError> {
        self.create_raw(key, to_line(value)?, keep).await
    }

    /// Writes the object `key` unless there is one already.
    pub async fn create_raw(
        &self,
        key: &str,
        body: Vec<u8>,
        keep: Keep,
    ) -> Result<Created, StoreError> {
        let request =
            self.s3.put_object().bucket(&self.bucket).key(key).set_tagging(keep.tagging());
        match request.if_none_match("*").body(body.into()).send().await {
            Ok(_) => Ok(Created::New),
            Err(error)
                if matches!(
                    error.code(),
                    Some("PreconditionFailed" | "ConditionalRequestConflict")
                ) =>
            {
                Ok(Created::Existed)
            }
            Err(error) => Err(StoreError::s3("create", key, error)),
        }
    }

    /// A writer for an object of any size.
    pub fn writer(&self, key: String, keep: Keep) -> ObjectWriter {
        ObjectWriter::new(self.clone(), key, keep)
    }

    /// A writer for an object that another one has [put aside](ObjectWriter::put_aside).
    pub fn writer_going_on(
        &self,
        key: String,
        keep: Keep,
        unfinished: Unfinished,
        rest: Vec<u8>,
    ) -> ObjectWriter {
        self.writer(key, keep).going_on(unfinished, rest)
    }

    /// Deletes `key`; one that is not there is no error.
    pub async fn delete(&self, key: &str) -> Result<(), StoreError> {
        let sent = self.s3.delete_object().bucket(&self.bucket).key(key).send().await;
        sent.map(drop).map_err(|error| StoreError::s3("delete", key, error))
    }

    /// The keys that begin with `prefix`.
    pub async fn list(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        Ok(self.list_written(prefix).await?.into_iter().map(|listed| listed.key).collect())
    }

    /// The keys that begin with `prefix` and come after `after` in the order of keys.
    pub async fn list_after(&self, prefix: &str, after: &str) -> Result<Vec<String>, StoreError> {
        let listed = self.list_from(prefix, Some(after)).await?;
        Ok(listed.into_iter().map(|listed| listed.key).collect())
    }

    /// The first keys, at most so many, that begin with `prefix` and come after `after`. One call gives up to 1,000.
    pub async fn list_first(
        &self,
        prefix: &str,
        after: Option<&str>,
        most: u16,
    ) -> Result<Vec<String>, StoreError> {
        let request = self.s3.list_objects_v2().bucket(&self.bucket).prefix(prefix);
        let request = request.set_start_after(after.map(str::to_owned)).max_keys(i32::from(most));
        let page = request.send().await.map_err(|error| StoreError::s3("list", prefix, error))?;
        Ok(page.contents.into_iter().flatten().filter_map(|object| object.key).collect())
    }

    /// The folders right below `prefix`, each with its slash.
    pub async fn folders(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        let request = self.s3.list_objects_v2().bucket(&self.bucket).prefix(prefix).delimiter("/");
        let mut pages = request.into_paginator().send();
        let mut folders = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| StoreError::s3("list", prefix, error))?;
            let found = page.common_prefixes.into_iter().flatten();
            folders.extend(found.filter_map(|folder| folder.prefix));
        }
        Ok(folders)
    }

    /// The keys that begin with `prefix`, with the time when each was written.
    pub async fn list_written(&self, prefix: &str) -> Result<Vec<Listed>, StoreError> {
        self.list_from(prefix, None).await
    }

    /// One page of the keys that begin with `prefix` and come after `after`, at most 1,000 of them; and whether there
    /// are more.
    pub async fn list_page_after(
        &self,
        prefix: &str,
        after: &str,
    ) -> Result<(Vec<Listed>, bool), StoreError> {
        let request = self.s3.list_objects_v2().bucket(&self.bucket).prefix(prefix);
        let page = request.start_after(after).send().await;
        let page = page.map_err(|error| StoreError::s3("list", prefix, error))?;
        let more = page.is_truncated.unwrap_or_default();
        Ok((page.contents.into_iter().flatten().filter_map(listed).collect(), more))
    }

    /// When `key` was last written; none where there is no such object.
    pub async fn written(&self, key: &str) -> Result<Option<SystemTime>, StoreError> {
        let listed = self.list_written(key).await?;
        Ok(listed.into_iter().find(|listed| listed.key == key).and_then(|listed| listed.written))
    }

    async fn list_from(
        &self,
        prefix: &str,
        after: Option<&str>,
    ) -> Result<Vec<Listed>, StoreError> {
        let request = self.s3.list_objects_v2().bucket(&self.bucket).prefix(prefix);
        let request = request.set_start_after(after.map(str::to_owned));
        let mut pages = request.into_paginator().send();
        let mut all = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| StoreError::s3("list", prefix, error))?;
            all.extend(page.contents.into_iter().flatten().filter_map(listed));
        }
        Ok(all)
    }

    pub(crate) async fn open(
        &self,
        key: &str,
        range: Option<Range<u64>>,
    ) -> Result<Option<ByteStream>, StoreError> {
        let range = range.map(|range| format!("bytes={}-{}", range.start, range.end - 1));
        match self.s3.get_object().bucket(&self.bucket).key(key).set_range(range).send().await {
            Ok(object) => Ok(Some(object.body)),
            Err(error) if error.code() == Some("NoSuchKey") => Ok(None),
            Err(error) => Err(StoreError::s3("read", key, error)),
        }
    }
}

fn listed(object: Object) -> Option<Listed> {
    Some(Listed {
        key: object.key?,
        written: object.last_modified.and_then(|time| SystemTime::try_from(time).ok()),
        etag: object.e_tag.unwrap_or_default(),
        bytes: object.size.and_then(|bytes| u64::try_from(bytes).ok()).unwrap_or_default(),
    })
}

/// Piece by piece into their place: the SDK's own way would keep all pieces, and then copy byte by byte.
async fn collect(key: &str, mut body: ByteStream) -> Result<Vec<u8>, StoreError> {
    let (length, _) = body.size_hint();
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
    while let Some(piece) = body.next().await {
        let piece = piece.map_err(|error| StoreError::S3 {
            action: "read",
            key: key.to_owned(),
            cause: DisplayErrorContext(error).to_string(),
        })?;
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

/// Lines of JSON, read from S3 as they are asked for.
pub struct Lines<T> {
    key: String,
    reader: Box<dyn AsyncBufRead + Send + Unpin>,
    line: Vec<u8>,
    of: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned> Lines<T> {
    /// The next line, or `None` at the end.
    pub async fn next_line(&mut self) -> Result<Option<T>, StoreError> {
        self.line.clear();
        let read = self.reader.read_until(b'\n', &mut self.line).await;
        let read = read.map_err(|error| StoreError::S3 {
            action: "read",
            key: self.key.clone(),
            cause: error.to_string(),
        })?;
        if read == 0 {
            return Ok(None);
        }
        serde_json::from_slice(&self.line).map(Some).map_err(|source| StoreError::Malformed {
            key: self.key.clone(),
            expected: "lines of JSON",
            source,
        })
    }
}

impl<T> fmt::Debug for Lines<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lines").field("key", &self.key).finish_non_exhaustive()
    }
}
