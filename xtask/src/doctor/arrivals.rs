//! Uploads for which no run was started.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, Result};
use aws_sdk_s3::primitives::DateTime;
use sha2::{Digest, Sha256};

use super::{Finding, Patient};
use crate::aws::{self, failure, is_local};

const TOPIC: &str = "uploads";
/// Younger uploads may still be on their way; on the local cloud that takes less than a second.
const ON_ITS_WAY_SECONDS: i64 = 120;
const ON_ITS_WAY_HERE_SECONDS: i64 = 5;
/// Pages of a thousand that are read of each list.
const MOST_PAGES: usize = 20;
/// So many are named; the others are counted.
const NAMED: usize = 5;

/// The name of the run that an upload starts. The machine `ingest` makes it in the same way, so that an event which
/// is delivered twice starts one run.
#[must_use]
pub fn run_name(bucket: &str, key: &str, version: &str) -> String {
    let digest = format!("{:x}", Sha256::digest(format!("{bucket}/{key}@{version}")));
    let hash = digest.get(..16).unwrap_or_default();
    format!("{}-{hash}", readable_part(key))
}

/// The key's last 60 characters, with a hyphen for whatever an execution's name must not hold.
fn readable_part(key: &str) -> String {
    let mut plain = String::new();
    for letter in key.chars() {
        if letter.is_ascii_alphanumeric() || letter == '_' {
            plain.push(letter);
        } else if !plain.ends_with('\u{0}') {
            plain.push('\u{0}');
        }
    }
    let plain = plain.replace('\u{0}', "-");
    let cut = plain.len().saturating_sub(60);
    plain.get(cut..).unwrap_or_default().to_owned()
}

/// Folder placeholders and what desktops leave behind start no run.
fn is_file(key: &str) -> bool {
    let name = key.rsplit('/').next().unwrap_or_default();
    let is_desktops = ["thumbs.db", "desktop.ini"].contains(&name.to_lowercase().as_str());
    !(name.is_empty() || name.starts_with('.') || is_desktops)
}

/// A version of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Upload {
    bucket: String,
    key: String,
    version: String,
}

pub(super) async fn look(
    patient: Patient<'_>,
    outputs: &BTreeMap<String, String>,
    days: u32,
) -> Vec<Finding> {
    match without_run(patient, outputs, days).await {
        Ok(lost) if lost.is_empty() => {
            vec![Finding::ok(TOPIC, format!("every one of the last {days} days has its run"))]
        }
        Ok(lost) => {
            let mut findings: Vec<Finding> = lost
                .iter()
                .take(NAMED)
                .map(|upload| {
                    Finding::warning(
                        TOPIC,
                        format!("s3://{}/{} started no run", upload.bucket, upload.key),
                        "upload it again; if that starts none either, look at the undelivered events",
                    )
                })
                .collect();
            if lost.len() > NAMED {
                let more = lost.len() - NAMED;
                findings
                    .push(Finding::not_asked(TOPIC, format!("{more} more started none either")));
            }
            findings
        }
        Err(error) => vec![Finding::not_asked(TOPIC, format!("{error:#}"))],
    }
}

async fn without_run(
    patient: Patient<'_>,
    outputs: &BTreeMap<String, String>,
    days: u32,
) -> Result<Vec<Upload>> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = i64::try_from(now.as_secs()).context("the clock is far in the future")?;
    let window = Duration::from_hours(24).as_secs() * u64::from(days);
    let since = now - i64::try_from(window).context("so many days")?;
    let on_its_way =
        if is_local(patient.aws) { ON_ITS_WAY_HERE_SECONDS } else { ON_ITS_WAY_SECONDS };
    let mut uploads = Vec::new();
    for (name, bucket) in outputs {
        if name.ends_with("BucketName") && name != "RunsBucketName" {
            uploads.extend(uploads_of(patient, bucket, since, now - on_its_way).await?);
        }
    }
    if uploads.is_empty() {
        return Ok(uploads);
    }
    let mut runs = BTreeSet::new();
    for machine in ["ImportMachineArn", "ActivateMachineArn"] {
        if let Some(arn) = outputs.get(machine) {
            runs.extend(runs_of(patient, arn, since).await?);
        }
    }
    let mut lost = Vec::new();
    for upload in uploads {
        if !has_run(&upload, &runs, is_local(patient.aws))
            && !has_files(patient, outputs, &upload).await?
        {
            lost.push(upload);
        }
    }
    Ok(lost)
}

/// Whether one of the runs is the upload's. The local cloud's events name no version, so that there the readable
/// part has to do.
fn has_run(upload: &Upload, runs: &BTreeSet<String>, by_key_alone: bool) -> bool {
    if by_key_alone {
        let beginning = format!("{}-", readable_part(&upload.key));
        return runs.iter().any(|run| {
            run.strip_prefix(&beginning).is_some_and(|hash| hash.len() == 16 && !hash.contains('-'))
        });
    }
    runs.contains(&run_name(&upload.bucket, &upload.key, &upload.version))
}

/// Whether the run left files: executions are forgotten after three months.
async fn has_files(
    patient: Patient<'_>,
    outputs: &BTreeMap<String, String>,
    upload: &Upload,
) -> Result<bool> {
    let Some(bucket) = outputs.get("RunsBucketName") else { return Ok(false) };
    let name = run_name(&upload.bucket, &upload.key, &upload.version);
    let listed = aws::s3(patient.aws)
        .list_objects_v2()
        .bucket(bucket)
        .prefix(format!("runs/{name}/"))
        .max_keys(1)
        .send()
        .await;
    let listed =
        listed.map_err(failure).with_context(|| format!("failed to look into {bucket}"))?;
    Ok(!listed.contents().is_empty())
}

async fn uploads_of(
    patient: Patient<'_>,
    bucket: &str,
    since: i64,
    until: i64,
) -> Result<Vec<Upload>> {
    let client = aws::s3(patient.aws);
    let mut uploads = Vec::new();
    let (mut key_marker, mut version_marker) = (None, None);
    for _ in 0..MOST_PAGES {
        let page = client
            .list_object_versions()
            .bucket(bucket)
            .set_key_marker(key_marker)
            .set_version_id_marker(version_marker)
            .send()
            .await
            .map_err(failure)
            .with_context(|| format!("failed to list what is in {bucket}"))?;
        for version in page.versions() {
            let is_recent = version
                .last_modified()
                .map(DateTime::secs)
                .is_some_and(|modified| (since..=until).contains(&modified));
            if let (true, Some(key), Some(id)) = (is_recent, version.key(), version.version_id())
                && is_file(key)
            {
                uploads.push(Upload {
                    bucket: bucket.to_owned(),
                    key: key.to_owned(),
                    version: id.to_owned(),
                });
            }
        }
        (key_marker, version_marker) = (page.next_key_marker, page.next_version_id_marker);
        if key_marker.is_none() {
            break;
        }
    }
    Ok(uploads)
}

/// The names of a machine's runs, the latest first in Step Functions' lists.
async fn runs_of(patient: Patient<'_>, machine: &str, since: i64) -> Result<Vec<String>> {
    let client = aws_sdk_sfn::Client::new(patient.aws);
    let mut runs = Vec::new();
    let mut pages = client.list_executions().state_machine_arn(machine).into_paginator().send();
    let mut left = MOST_PAGES;
    while let Some(page) = pages.next().await {
        let page = page
            .map_err(failure)
            .with_context(|| format!("failed to list the runs of {machine}"))?;
        let oldest = page.executions.last().map(|run| run.start_date.secs());
        runs.extend(page.executions.into_iter().map(|run| run.name));
        left -= 1;
        if left == 0 || oldest.is_some_and(|oldest| oldest < since) {
            break;
        }
    }
    Ok(runs)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Upload, has_run, is_file, readable_part, run_name};

    #[test]
    fn the_readable_part_is_the_keys_end_in_plain_letters() {
        let check = |key: &str, expected: &str| assert_eq!(readable_part(key), expected);
        check("gateway/manifest 1.json", "gateway-manifest-1-json");
        check("a -- b__c", "a-b__c");
        check("München/ü.csv", "M-nchen-csv");
        check(&"x".repeat(70), &"x".repeat(60));
    }

    #[test]
    fn a_runs_name_ends_with_a_hash_of_bucket_key_and_version() {
        // printf 'acme-mes/a.json@7' | sha256sum
        assert_eq!(run_name("acme-mes", "a.json", "7"), "a-json-c9f87f1cb7899d3c");
        let name = run_name("acme-mes", "a.json", "7");
        assert_ne!(name, run_name("acme-mes", "a.json", "8"));
        assert_ne!(name, run_name("acme-runs", "a.json", "7"));
    }

    #[test]
    fn what_is_no_file_starts_no_run() {
        for key in ["folder/", "a/.DS_Store", "Thumbs.db", "x/Desktop.ini"] {
            assert!(!is_file(key), "{key}");
        }
        assert!(is_file("a/b.json"));
    }

    #[test]
    fn an_upload_is_known_by_its_runs_name() {
        let upload = Upload { bucket: "b".into(), key: "a.json".into(), version: "7".into() };
        let runs = BTreeSet::from([run_name("b", "a.json", "7")]);
        assert!(has_run(&upload, &runs, false));
        assert!(has_run(&upload, &runs, true));
        let later = Upload { version: "8".into(), ..upload.clone() };
        assert!(!has_run(&later, &runs, false));
        assert!(!has_run(&Upload { key: "b.json".into(), ..upload }, &runs, true));
    }
}
