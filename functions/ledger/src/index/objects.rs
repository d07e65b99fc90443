//! What the index needs of a bucket; tests have one in memory, which counts.

use std::ops::Range;

use crate::{Keep, Listed, ObjectWriter, Store, StoreError};

/// Objects by key.
pub trait Objects: Clone + Send + Sync + 'static {
    /// An object that is being written.
    type Output: Output;

    /// The objects whose keys begin with `prefix`, in the order of keys.
    fn list(&self, prefix: &str) -> impl Future<Output = Result<Vec<Listed>, StoreError>> + Send;

    /// A stretch of an object; none where there is no such object.
    fn read_range(
        &self,
        key: &str,
        range: Range<u64>,
    ) -> impl Future<Output = Result<Option<Vec<u8>>, StoreError>> + Send;

    /// Writes an object, over one that may be there.
    fn write(
        &self,
        key: &str,
        content: Vec<u8>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Begins an object of any size.
    fn create(&self, key: &str) -> Self::Output;

    /// Deletes an object; one that is not there is no error.
    fn delete(&self, key: &str) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// An object that is being written, and appears at its end.
pub trait Output: Send {
    /// Adds bytes.
    fn write(&mut self, bytes: &[u8]) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Makes the object appear.
    fn finish(self) -> impl Future<Output = Result<(), StoreError>> + Send;
}

impl Objects for Store {
    type Output = ObjectWriter;

    async fn list(&self, prefix: &str) -> Result<Vec<Listed>, StoreError> {
        self.list_written(prefix).await
    }

    async fn read_range(
        &self,
        key: &str,
        range: Range<u64>,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        Self::read_range(self, key, range).await
    }

    async fn write(&self, key: &str, content: Vec<u8>) -> Result<(), StoreError> {
        Self::write(self, key, content, Keep::Always).await
    }

    fn create(&self, key: &str) -> ObjectWriter {
        self.writer(key.to_owned(), Keep::Always)
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        Self::delete(self, key).await
    }
}

impl Output for ObjectWriter {
    async fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        Self::write(self, bytes).await
    }

    async fn finish(self) -> Result<(), StoreError> {
        Self::finish(self).await
    }
}
