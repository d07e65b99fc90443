//! Writes an object of any size with bounded memory.

use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use serde::Serialize;

use crate::{Keep, Store, StoreError, to_line};

/// Bytes of a part. S3 takes 10,000 parts, so that an object may have 80 GB.
const PART_BYTES: usize = 8 * 1024 * 1024;

/// Collects bytes and sends them in parts; an object of one part is put at once.
///
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

#[derive(Debug)]
struct Upload {
    id: String,
    parts: Vec<CompletedPart>,
}

impl ObjectWriter {
    pub(crate) fn new(store: Store, key: String, keep: Keep) -> Self {
        Self { store, key, keep, buffer: Vec::new(), upload: None }
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
        if self.buffer.len() >= PART_BYTES {
            self.send_part().await?;
        }
        Ok(())
    }

    /// Makes the object appear under its key.
    pub async fn finish(mut self) -> Result<(), StoreError> {
        if self.upload.is_none() {
            return self.store.write(&self.key, self.buffer, self.keep).await;
        }
        if !self.buffer.is_empty() {
            self.send_part().await?;
        }
        let Some(Upload { id, parts }) = self.upload else { return Ok(()) };
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
        let request = self
            .store
            .client()
            .complete_multipart_upload()
            .bucket(self.store.bucket())
            .key(&self.key);
        let sent = request.upload_id(id).multipart_upload(parts).send().await;
        sent.map(drop).map_err(|error| StoreError::s3("complete the upload of", &self.key, error))
    }

    async fn send_part(&mut self) -> Result<(), StoreError> {
        let (client, bucket) = (self.store.client(), self.store.bucket());
        if self.upload.is_none() {
            let request = client
                .create_multipart_upload()
                .bucket(bucket)
                .key(&self.key)
                .set_tagging(self.keep.tagging());
            let created = request
                .send()
                .await
                .map_err(|error| StoreError::s3("begin the upload of", &self.key, error))?;
            self.upload =
                Some(Upload { id: created.upload_id.unwrap_or_default(), parts: Vec::new() });
        }
        let Some(upload) = &mut self.upload else { return Ok(()) };
        let number = i32::try_from(upload.parts.len() + 1).unwrap_or(i32::MAX);
        let body = std::mem::take(&mut self.buffer);
        let request = client
            .upload_part()
            .bucket(bucket)
            .key(&self.key)
            .upload_id(&upload.id)
            .part_number(number);
        let sent = request
            .body(body.into())
            .send()
            .await
            .map_err(|error| StoreError::s3("upload a part of", &self.key, error))?;
        upload
            .parts
            .push(CompletedPart::builder().part_number(number).set_e_tag(sent.e_tag).build());
        Ok(())
    }
}
