//! What is in a bucket: counted, and removed with every version.

use std::fmt;

use anyhow::{Context, Result};
use aws_sdk_s3::{
    Client,
    types::{Delete, ObjectIdentifier},
};

use crate::{advice::with_hint, aws::failure, progress::Step};

/// Pages of a thousand objects that are counted; more take minutes and change nobody's mind.
const COUNTED_PAGES: usize = 10;

/// How much a bucket holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Content {
    objects: u64,
    bytes: u64,
    is_part: bool,
}

impl fmt::Display for Content {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.objects == 0 {
            return formatter.write_str("empty");
        }
        let least = if self.is_part { "at least " } else { "" };
        let plural = if self.objects == 1 { "" } else { "s" };
        write!(formatter, "{least}{} object{plural}, {}", self.objects, size(self.bytes))
    }
}

/// `12 KiB`: the largest unit that leaves a whole number.
fn size(bytes: u64) -> String {
    let units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
    let mut value = bytes;
    let mut unit = "bytes";
    for next in units.iter().skip(1) {
        if value < 1024 {
            break;
        }
        value /= 1024;
        unit = next;
    }
    format!("{value} {unit}")
}

/// Counts the objects, without their older versions.
pub(super) async fn count(s3: &Client, bucket: &str) -> Result<Content> {
    let mut content = Content::default();
    let mut pages = s3.list_objects_v2().bucket(bucket).into_paginator().send();
    let mut left = COUNTED_PAGES;
    while let Some(page) = pages.next().await {
        if left == 0 {
            content.is_part = true;
            break;
        }
        left -= 1;
        let page =
            page.map_err(failure).with_context(|| format!("failed to list what is in {bucket}"))?;
        for object in page.contents() {
            content.objects += 1;
            content.bytes += object.size().and_then(|size| u64::try_from(size).ok()).unwrap_or(0);
        }
    }
    Ok(content)
}

/// Removes every version of every object, deletion marks, and uploads that never ended.
pub(super) async fn empty(s3: &Client, bucket: &str, step: &mut Step) -> Result<()> {
    let failed = || format!("failed to empty {bucket}");
    let mut removed = 0;
    loop {
        // Always the first page: what it lists is gone before the next look.
        let page = s3.list_object_versions().bucket(bucket).send().await;
        let page = page.map_err(failure).with_context(failed)?;
        let versions = page.versions().iter().map(|each| (each.key(), each.version_id()));
        let marks = page.delete_markers().iter().map(|each| (each.key(), each.version_id()));
        let identifiers: Vec<ObjectIdentifier> = versions
            .chain(marks)
            .filter_map(|(key, version)| {
                let identifier = ObjectIdentifier::builder().key(key?);
                identifier.set_version_id(version.map(str::to_owned)).build().ok()
            })
            .collect();
        if identifiers.is_empty() {
            break;
        }
        let count = identifiers.len();
        let delete = Delete::builder().set_objects(Some(identifiers)).quiet(true).build()?;
        let answer = s3.delete_objects().bucket(bucket).delete(delete).send().await;
        let answer = answer.map_err(failure).with_context(failed)?;
        if let Some(error) = answer.errors().first() {
            return Err(with_hint(
                format!(
                    "{} of {bucket} cannot be deleted: {}",
                    error.key().unwrap_or_default(),
                    error.message().or(error.code()).unwrap_or_default()
                ),
                "s3:DeleteObjectVersion is needed; then repeat the command",
            ));
        }
        removed += count;
        step.moves_to(&format!("Emptying {bucket}: {removed} versions removed"));
    }
    loop {
        let listed = s3.list_multipart_uploads().bucket(bucket).send().await;
        let listed = listed.map_err(failure).with_context(failed)?;
        for upload in listed.uploads() {
            let abort = s3
                .abort_multipart_upload()
                .bucket(bucket)
                .set_key(upload.key().map(str::to_owned))
                .set_upload_id(upload.upload_id().map(str::to_owned));
            abort.send().await.map_err(failure).with_context(failed)?;
        }
        // What is aborted is not listed again.
        if listed.is_truncated() != Some(true) {
            return Ok(());
        }
    }
}

/// Deletes an empty bucket.
pub(super) async fn delete(s3: &Client, bucket: &str) -> Result<()> {
    match s3.delete_bucket().bucket(bucket).send().await {
        Ok(_) => Ok(()),
        Err(error) if error.raw_response().is_some_and(|raw| raw.status().as_u16() == 404) => {
            Ok(())
        }
        Err(error) => {
            Err(failure(error)).with_context(|| format!("failed to delete the bucket {bucket}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Content, size};

    #[test]
    fn a_size_has_the_largest_unit_that_fits() {
        assert_eq!(size(1023), "1023 bytes");
        assert_eq!(size(1024), "1 KiB");
        assert_eq!(size(5 * 1024 * 1024 * 1024), "5 GiB");
    }

    #[test]
    fn what_was_not_counted_to_the_end_says_so() {
        let check = |objects, is_part, expected: &str| {
            assert_eq!(Content { objects, bytes: 10, is_part }.to_string(), expected);
        };
        check(0, false, "empty");
        check(1, false, "1 object, 10 bytes");
        check(10_000, true, "at least 10000 objects, 10 bytes");
    }
}
