//! Objects that are read from a file of their own: they can be larger than memory, and archives are read from their end.

use std::{
    fs::File,
    io::{Seek, Write},
};

use anyhow::{Context, Result};
use aws_sdk_s3::primitives::ByteStream;

/// Copies the body of the object at `address` into an unnamed file, which stands at its beginning.
pub(crate) async fn download(mut body: ByteStream, address: &str) -> Result<File> {
    let failed = || format!("failed to read {address}");
    let mut file = tempfile::tempfile().context("failed to make a temporary file")?;
    while let Some(piece) = body.try_next().await.with_context(failed)? {
        file.write_all(&piece).context("failed to write a temporary file")?;
    }
    file.rewind().context("failed to read a temporary file")?;
    Ok(file)
}
