//! From a file to the report of its run: upload, find the execution that the upload started, follow it.

pub(crate) mod execution;
mod places;
mod report;

use std::{collections::HashSet, io::Write, path::Path, time::Duration};

use anyhow::{Context, Result};
use aws_config::SdkConfig;
use aws_sdk_s3::{operation::get_object::GetObjectError, primitives::ByteStream};
use manifest::Bucket;
use serde_json::Value;
use tokio::time::Instant;

use crate::{
    advice::{Advise, with_hint},
    aws::{self, failure},
    deployed::Deployed,
    destination,
    interrupt::{self, GoesOn},
    progress::Step,
};

pub(crate) use places::Places;

pub use execution::Stage;
pub(crate) use report::problem;
pub use report::{OUTCOMES, render};

/// An upload starts its run within seconds; EventBridge promises no more than "at least once".
const START_PATIENCE: Duration = Duration::from_mins(1);
/// How long the report of a run that was stopped may take: it is written by another machine.
pub(crate) const CLOSING_PATIENCE: Duration = Duration::from_mins(1);
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// One deployed stack, seen by somebody who imports files.
#[derive(Clone, Debug)]
pub struct Importer {
    s3: aws_sdk_s3::Client,
    sfn: aws_sdk_sfn::Client,
    stack: String,
    /// How the command line names the stack.
    option: String,
    places: Places,
}

/// An object in a bucket that files arrive in, exactly this version of it.
#[derive(Clone, Debug)]
pub struct Uploaded {
    /// The bucket.
    pub bucket: String,
    /// The key.
    pub key: String,
    /// The version, where the bucket keeps versions.
    pub version: Option<String>,
    /// The ETag, without its quotation marks.
    pub etag: String,
    /// The machine whose run the upload starts.
    machine: String,
    /// Runs that were there before the upload and cannot be its own.
    earlier: HashSet<String>,
}

/// A run of the machine that imports, or of the one that activates.
#[derive(Clone, Debug)]
pub struct Run {
    /// The execution's name, by which its files and its report are found.
    pub name: String,
    /// The execution's ARN.
    pub arn: String,
}

/// What a run ended with.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// The file was a certificate by which others are checked, and is filed now. The value is the run's output.
    Filed(Value),
    /// The run reported on its devices.
    Report(Report),
}

/// A run's report and its address.
#[derive(Clone, Debug)]
pub struct Report {
    /// The bytes of `report.json`.
    pub text: String,
    /// The same, parsed.
    pub json: Value,
    /// `s3://<bucket>/runs/<run>/`, where the report and its tables are.
    pub folder: String,
}

impl Importer {
    /// For the stack of this name in the account that `aws` belongs to.
    pub async fn new(aws: &SdkConfig, stack: &str) -> Result<Self> {
        let places = Places::of(aws, stack).await?;
        Ok(Self {
            s3: aws::s3(aws),
            sfn: aws_sdk_sfn::Client::new(aws),
            stack: stack.to_owned(),
            option: destination::option_of(aws, stack),
            places,
        })
    }

    /// For a stack that was looked at already.
    pub(crate) fn of(deployed: &Deployed) -> Self {
        let Deployed { stack, places, option, .. } = deployed.clone();
        Self { s3: deployed.s3(), sfn: deployed.sfn(), stack, option, places }
    }

    /// How a command line names this stack.
    pub(crate) fn option(&self) -> &str {
        &self.option
    }

    /// Uploads a file to the bucket where it belongs.
    pub async fn upload(&self, to: impl Into<Bucket>, key: &str, path: &Path) -> Result<Uploaded> {
        let to = to.into();
        let machine = self.places.machine(to)?;
        let earlier = self.runs(machine).await?.into_iter().map(|run| run.arn).collect();
        let bucket = self.places.arrivals(to)?;
        let body = ByteStream::from_path(path)
            .await
            .with_context(|| format!("failed to read {}", path.display()))?;
        let put = async {
            let put = self.s3.put_object().bucket(bucket).key(key).body(body).send().await;
            put.map_err(failure)
                .with_context(|| {
                    format!("failed to upload {} to the bucket {bucket}", path.display())
                })
                .advise(|| {
                    format!(
                        "is the stack `{}` deployed there? cargo xtask deploy --stack NAME",
                        self.stack
                    )
                })
        };
        let put = interrupt::or(put, || {
            GoesOn::with_hint(
                format!(
                    "S3 keeps a file whole or not at all: where s3://{bucket}/{key} came through, its run goes on in \
                     the cloud"
                ),
                format!("look for it: cargo xtask watch {}", self.option),
            )
        })
        .await?;
        Ok(Uploaded {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            version: put.version_id().map(ToOwned::to_owned),
            etag: put.e_tag().unwrap_or_default().trim_matches('"').to_owned(),
            machine: machine.to_owned(),
            earlier,
        })
    }

    /// Waits for the run that an upload starts.
    pub async fn find_run(&self, uploaded: &Uploaded) -> Result<Run> {
        interrupt::or(self.wait_for_run(uploaded), || {
            GoesOn::with_hint(
                format!(
                    "s3://{}/{} is uploaded, and its run goes on in the cloud",
                    uploaded.bucket, uploaded.key
                ),
                format!("look for it: cargo xtask watch {}", self.option),
            )
        })
        .await
    }

    async fn wait_for_run(&self, uploaded: &Uploaded) -> Result<Run> {
        let begun = Instant::now();
        let mut others = uploaded.earlier.clone();
        let mut pause = FIRST_PAUSE;
        while begun.elapsed() < START_PATIENCE {
            for run in self.runs(&uploaded.machine).await? {
                if others.insert(run.arn.clone()) && uploaded.is_input(&self.input(&run).await?) {
                    return Ok(run);
                }
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        Err(with_hint(
            format!(
                "no run was started for s3://{}/{} within {} seconds",
                uploaded.bucket,
                uploaded.key,
                START_PATIENCE.as_secs()
            ),
            format!(
                "look at the executions of {0}-ingest, and at the queue {0}-undelivered",
                self.stack
            ),
        ))
    }

    /// Follows a run to its end, and reads its report.
    pub async fn follow(&self, run: &Run, step: &mut Step) -> Result<Outcome> {
        let goes_on = || GoesOn::run(&run.name, &run.arn, &self.option);
        interrupt::or(self.wait_for_end(run, step), goes_on).await
    }

    async fn wait_for_end(&self, run: &Run, step: &mut Step) -> Result<Outcome> {
        let mut pause = FIRST_PAUSE;
        let ended = loop {
            let execution = execution::describe(&self.sfn, &run.arn).await?;
            if execution.has_ended {
                break execution;
            }
            let stage = execution::stage(&self.sfn, &run.arn).await?;
            step.update(&format!("{}: {stage}", run.name));
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        };
        if let Some(output) = ended.filed() {
            return Ok(Outcome::Filed(output));
        }
        let begun = Instant::now();
        loop {
            if let Some(report) = self.report(&run.name).await? {
                return Ok(Outcome::Report(report));
            }
            if begun.elapsed() > CLOSING_PATIENCE {
                return Err(with_hint(
                    format!(
                        "run {} ended as {} without a report: {}",
                        run.name,
                        ended.status,
                        ended.why()
                    ),
                    format!("open the execution {} in the Step Functions console", run.arn),
                ));
            }
            step.update(&format!(
                "{}: ended as {}, waiting for its report",
                run.name, ended.status
            ));
            tokio::time::sleep(pause).await;
        }
    }

    /// The report of the run of this name, where it has one.
    pub async fn report(&self, run: &str) -> Result<Option<Report>> {
        let bucket = self.places.runs()?;
        let folder = format!("runs/{run}/");
        let key = format!("{folder}report.json");
        let Some(bytes) = self.object(bucket, &key).await? else { return Ok(None) };
        let text = String::from_utf8(bytes).context("the report is not UTF-8")?;
        let json = serde_json::from_str(&text).context("the report is not JSON")?;
        Ok(Some(Report { text, json, folder: format!("s3://{bucket}/{folder}") }))
    }

    /// Copies the results of a run, a line an entry, to where they are wanted.
    pub async fn results(&self, report: &Report, mut to: impl Write) -> Result<()> {
        let address = report.json.get("results").and_then(Value::as_str).unwrap_or_default();
        let (bucket, key) = address
            .strip_prefix("s3://")
            .and_then(|address| address.split_once('/'))
            .context("the report names no results")?;
        let found = self.open(bucket, key).await?;
        let mut body = found.with_context(|| format!("{address} is not there"))?;
        let failed = || format!("failed to copy {address}");
        while let Some(piece) = body.try_next().await.with_context(failed)? {
            to.write_all(&piece).with_context(failed)?;
        }
        to.flush().with_context(failed)
    }

    /// The content of an object, where it is there.
    async fn object(&self, bucket: &str, key: &str) -> Result<Option<Vec<u8>>> {
        let Some(body) = self.open(bucket, key).await? else { return Ok(None) };
        let bytes = body.collect().await;
        let bytes = bytes.with_context(|| format!("failed to read s3://{bucket}/{key}"))?;
        Ok(Some(bytes.to_vec()))
    }

    async fn open(&self, bucket: &str, key: &str) -> Result<Option<ByteStream>> {
        match self.s3.get_object().bucket(bucket).key(key).send().await {
            Ok(found) => Ok(Some(found.body)),
            Err(error) if error.as_service_error().is_some_and(GetObjectError::is_no_such_key) => {
                Ok(None)
            }
            Err(error) => {
                Err(failure(error)).with_context(|| format!("failed to read s3://{bucket}/{key}"))
            }
        }
    }

    /// The latest runs of a machine.
    async fn runs(&self, machine: &str) -> Result<Vec<Run>> {
        let listed = self
            .sfn
            .list_executions()
            .state_machine_arn(machine)
            .max_results(100)
            .send()
            .await
            .map_err(failure)
            .with_context(|| format!("failed to list the runs of {machine}"))
            .advise(|| {
                format!(
                    "is the stack `{}` deployed there? cargo xtask deploy --stack NAME",
                    self.stack
                )
            })?;
        let runs = listed.executions.into_iter();
        Ok(runs.map(|each| Run { name: each.name, arn: each.execution_arn }).collect())
    }

    async fn input(&self, run: &Run) -> Result<Value> {
        let found = self
            .sfn
            .describe_execution()
            .execution_arn(&run.arn)
            .send()
            .await
            .map_err(failure)
            .with_context(|| format!("failed to look at run {}", run.name))?;
        Ok(found.input().and_then(|input| serde_json::from_str(input).ok()).unwrap_or_default())
    }
}

impl Uploaded {
    /// Whether a run with this input works on the upload.
    fn is_input(&self, input: &Value) -> bool {
        let field = |name: &str| {
            input.pointer(&format!("/object/{name}")).and_then(Value::as_str).unwrap_or_default()
        };
        let is_version = match (field("version"), self.version.as_deref()) {
            // The local cloud's events name no version.
            ("", _) | (_, None) => field("etag").trim_matches('"') == self.etag,
            (started, Some(uploaded)) => started == uploaded,
        };
        field("bucket") == self.bucket && field("key") == self.key && is_version
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use serde_json::json;

    use super::Uploaded;

    fn uploaded() -> Uploaded {
        Uploaded {
            bucket: "b".into(),
            key: "a folder/ü.json".into(),
            version: Some("2".into()),
            etag: "e".into(),
            machine: String::new(),
            earlier: HashSet::new(),
        }
    }

    #[track_caller]
    fn check(object: serde_json::Value, expected: bool) {
        assert_eq!(
            uploaded().is_input(&json!({"vendor": "microchip", "object": object})),
            expected
        );
    }

    #[test]
    fn a_run_is_found_by_the_version() {
        check(
            json!({"bucket": "b", "key": "a folder/ü.json", "version": "2", "etag": "other"}),
            true,
        );
        check(json!({"bucket": "b", "key": "a folder/ü.json", "version": "1", "etag": "e"}), false);
    }

    #[test]
    fn without_a_version_the_content_counts() {
        check(json!({"bucket": "b", "key": "a folder/ü.json", "version": "", "etag": "e"}), true);
        check(json!({"bucket": "b", "key": "a folder/ü.json", "version": "", "etag": "f"}), false);
    }

    #[test]
    fn another_object_is_another_run() {
        check(json!({"bucket": "c", "key": "a folder/ü.json", "version": "2"}), false);
        check(json!({"bucket": "b", "key": "ü.json", "version": "2"}), false);
        check(json!({}), false);
    }
}
