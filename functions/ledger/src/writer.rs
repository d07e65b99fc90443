//! Writes an object of any size with bounded memory.

use aws_sdk_s3::{
    error::ProvideErrorMetadata,
    types::{CompletedMultipartUpload, CompletedPart},
};
use serde::{Deserialize, Serialize};
use tokio::task::JoinHandle;

use crate::{Keep, Store, StoreError, to_line};

/// Bytes of a part. S3 takes 10,000 parts, so that an object may have 80 GB.
pub const PART_BYTES: usize = 8 * 1024 * 1024;

/// Collects bytes and sends them in parts; an object of one part is put at once.
///
/// A part is on its way while the next one is collected, and there are never more than these two.
/// Nothing appears under the key before [`finish`](Self::finish). A writer that is dropped leaves
/// at most an unfinished upload, which the bucket's lifecycle removes.
#[derive(Debug)]
pub struct ObjectWriter {
    store: Store,
    key: String,
    keep: Keep,
    buffer: Vec<u8>,
    upload: Option<Upload>,
}

/// Parts of an object that are there already, by which another process can go on.
///
/// The parts have their numbers, so that one which is sent again takes the place of the one before.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unfinished {
    /// None where nothing was sent yet.
    upload: Option<String>,
    /// The parts' entity tags, in their order.
    parts: Vec<Option<String>>,
}

#[derive(Debug)]
struct Upload {
    id: String,
    parts: Vec<Option<String>>,
    on_its_way: Option<JoinHandle<Result<Option<String>, StoreError>>>,
}

impl ObjectWriter {
    pub(crate) fn new(store: Store, key: String, keep: Keep) -> Self {
        Self { store, key, keep, buffer: Vec::new(), upload: None }
    }

    /// Goes on with an object that another writer has [put aside](Self::put_aside).
    pub(crate) fn going_on(self, unfinished: Unfinished, rest: Vec<u8>) -> Self {
        let Unfinished { upload, parts } = unfinished;
        let upload = upload.map(|id| Upload { id, parts, on_its_way: None });
        Self { buffer: rest, upload, ..self }
    }

    /// Adds a line of JSON; returns its length in bytes.
    pub async fn write_line(&mut self, value: &impl Serialize) -> Result<usize, StoreError> {
        let line = to_line(value)?;
        self.write(&line).await?;
        Ok(line.len())
    }

    /// Adds bytes.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.buffer.extend_from_slice(bytes);
        self.send_full().await
    }

    /// Adds bytes, which are not copied where they are the next part.
    pub async fn write_owned(&mut self, bytes: Vec<u8>) -> Result<(), StoreError> {
        if self.buffer.is_empty() {
            self.buffer = bytes;
            return self.send_full().await;
        }
        self.write(&bytes).await
    }

    /// Makes the object appear under its key.
    pub async fn finish(mut self) -> Result<(), StoreError> {
        if self.upload.is_none() {
            return self.store.write(&self.key, self.buffer, self.keep).await;
        }
        if !self.buffer.is_empty() {
            self.send_part().await?;
        }
        self.arrive().await?;
        let Some(Upload { id, parts, .. }) = self.upload else { return Ok(()) };
        let numbered = (1..).zip(parts).map(|(number, tag)| {
            CompletedPart::builder().part_number(number).set_e_tag(tag).build()
        });
        let parts = CompletedMultipartUpload::builder().set_parts(Some(numbered.collect())).build();
        let (client, bucket) = (self.store.client(), self.store.bucket());
        let request = client.complete_multipart_upload().bucket(bucket).key(&self.key);
        match request.upload_id(id).multipart_upload(parts).send().await {
            Ok(_) => Ok(()),
            // Whoever finished it before was not heard.
            Err(error)
                if error.code() == Some("NoSuchUpload")
                    && self.store.written(&self.key).await?.is_some() =>
            {
                Ok(())
            }
            Err(error) => Err(StoreError::s3("complete the upload of", &self.key, error)),
        }
    }

    /// Leaves the object unfinished, for another writer to go on with: what was sent, and what was not.
    pub async fn put_aside(mut self) -> Result<(Unfinished, Vec<u8>), StoreError> {
        self.arrive().await?;
        let unfinished = match self.upload {
            None => Unfinished::default(),
            Some(Upload { id, parts, .. }) => Unfinished { upload: Some(id), parts },
        };
        Ok((unfinished, self.buffer))
    }

    /// Sends everything, so that only [`finish`](Self::finish) is left to be done. What was never more
    /// than a part stays.
    pub async fn send_all(&mut self) -> Result<(), StoreError> {
        if self.upload.is_some() && !self.buffer.is_empty() {
            self.send_part().await?;
        }
        self.arrive().await
    }

    async fn send_full(&mut self) -> Result<(), StoreError> {
        if self.buffer.len() >= PART_BYTES { self.send_part().await } else { Ok(()) }
    }

    /// Waits for the part that is on its way.
    async fn arrive(&mut self) -> Result<(), StoreError> {
        let Some(upload) = &mut self.upload else { return Ok(()) };
        let Some(part) = upload.on_its_way.take() else { return Ok(()) };
        let sent = part.await.map_err(|error| StoreError::S3 {
            action: "upload a part of",
            key: self.key.clone(),
            cause: error.to_string(),
        })?;
        upload.parts.push(sent?);
        Ok(())
    }

    async fn send_part(&mut self) -> Result<(), StoreError> {
        self.begin().await?;
        self.arrive().await?;
        let Some(upload) = &mut self.upload else { return Ok(()) };
        let number = i32::try_from(upload.parts.len() + 1).unwrap_or(i32::MAX);
        let request = self.store.client().upload_part().bucket(self.store.bucket()).key(&self.key);
        let request = request.upload_id(&upload.id).part_number(number);
        let request = request.body(std::mem::take(&mut self.buffer).into());
        let key = self.key.clone();
        upload.on_its_way = Some(tokio::spawn(async move {
            let sent = request.send().await;
            sent.map(|sent| sent.e_tag)
                .map_err(|error| StoreError::s3("upload a part of", &key, error))
        }));
        Ok(())
    }

    async fn begin(&mut self) -> Result<(), StoreError> {
        if self.upload.is_some() {
            return Ok(());
        }
        let (client, bucket) = (self.store.client(), self.store.bucket());
        let request = client.create_multipart_upload().bucket(bucket).key(&self.key);
        let created = request
            .set_tagging(self.keep.tagging())
            .send()
            .await
            .map_err(|error| StoreError::s3("begin the upload of", &self.key, error))?;
        let id = created.upload_id.unwrap_or_default();
        self.upload = Some(Upload { id, parts: Vec::new(), on_its_way: None });
        Ok(())
    }
}
