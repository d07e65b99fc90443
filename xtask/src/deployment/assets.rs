//! The bucket from which CloudFormation takes the functions' zips and the template: a small stack of its own.

use anyhow::{Context, Result};
use aws_config::SdkConfig;
use aws_sdk_s3::{operation::head_object::HeadObjectError, primitives::ByteStream};
use sha2::{Digest, Sha256};

use crate::aws::{Account, failure, s3};

/// What stands behind the stack's name in the name of the stack of its assets.
pub(crate) const SUFFIX: &str = "-assets";

/// The bucket's name, which is the same for each deployment of a stack in an account and a Region.
pub(crate) fn bucket_name(account: &Account, stack: &str) -> String {
    format!("{stack}{SUFFIX}-{}-{}", account.id, account.region)
}

/// The key under which a content is found: its hash.
pub(super) fn key(folder: &str, extension: &str, content: &[u8]) -> String {
    format!("{folder}/{:x}.{extension}", Sha256::digest(content))
}

/// Puts `content` under the key that is made of its hash, unless it is there.
pub(super) async fn upload(
    aws: &SdkConfig,
    bucket: &str,
    key: &str,
    content: Vec<u8>,
) -> Result<()> {
    let client = s3(aws);
    match client.head_object().bucket(bucket).key(key).send().await {
        Ok(_) => return Ok(()),
        Err(error) if error.as_service_error().is_some_and(HeadObjectError::is_not_found) => {}
        Err(error) => {
            return Err(failure(error)).with_context(|| format!("failed to look at {key}"));
        }
    }
    client
        .put_object()
        .bucket(bucket)
        .key(key)
        .body(ByteStream::from(content))
        .send()
        .await
        .map_err(failure)
        .with_context(|| format!("failed to upload {key} to {bucket}"))?;
    Ok(())
}
