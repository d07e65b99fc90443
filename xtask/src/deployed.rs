//! A deployed stack, seen by somebody who asks about its runs.

use std::error::Error;

use anyhow::{Context, Result};
use aws_config::SdkConfig;
use aws_sdk_s3::{error::ProvideErrorMetadata, operation::get_object::GetObjectError};
use aws_sdk_sfn::types::{ExecutionListItem, ExecutionStatus};
use ledger::{Plan, Report, RunFiles, Store};
use serde::de::{DeserializeOwned, IgnoredAny};

use crate::{
    advice::{Advise, with_hint},
    aws::{self, failure},
    destination::Destination,
    run_follow::Places,
};

/// So many of the latest runs are looked through for one that has a report.
const LATEST: usize = 50;
/// So many runs of a machine are listed at most.
const LISTED: i32 = 100;

/// A deployed stack.
#[derive(Clone, Debug)]
pub(crate) struct Deployed {
    pub(crate) aws: SdkConfig,
    pub(crate) stack: String,
    pub(crate) places: Places,
    /// How the command line names this stack, for commands that are told to a person.
    pub(crate) option: String,
}

impl Deployed {
    /// The stack that the command line names.
    pub(crate) async fn find(destination: &Destination) -> Result<Self> {
        let (aws, stack) = destination.find().await?;
        let places = Places::of(&aws, &stack).await?;
        let option = destination.option(&stack);
        Ok(Self { aws, stack, places, option })
    }

    pub(crate) fn s3(&self) -> aws_sdk_s3::Client {
        aws::s3(&self.aws)
    }

    pub(crate) fn sfn(&self) -> aws_sdk_sfn::Client {
        aws_sdk_sfn::Client::new(&self.aws)
    }

    pub(crate) fn iot(&self) -> aws_sdk_iot::Client {
        aws_sdk_iot::Client::new(&self.aws)
    }

    /// The bucket of the runs' files.
    pub(crate) fn runs(&self) -> Result<Store> {
        Ok(Store::new(self.s3(), self.places.runs()?.to_owned()))
    }

    /// The report of a run that has ended.
    pub(crate) async fn report(&self, run: &str) -> Result<Report> {
        match self.json(&RunFiles::of(run).report()).await? {
            Some(report) => Ok(report),
            None => Err(self.why_no_report(run).await?),
        }
    }

    /// What a run set out to do.
    pub(crate) async fn plan(&self, run: &str) -> Result<Plan> {
        match self.json(&RunFiles::of(run).plan()).await? {
            Some(plan) => Ok(plan),
            None => Err(with_hint(
                format!("the run `{run}` has no plan: it ended before its file was recognized"),
                format!("why: cargo xtask report {run} {}", self.option),
            )),
        }
    }

    /// A JSON document of the runs bucket, where it is there.
    pub(crate) async fn json<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>> {
        let Some(bytes) = self.bytes(key).await? else { return Ok(None) };
        let document = serde_json::from_slice(&bytes);
        let bucket = self.places.runs()?;
        document
            .map(Some)
            .with_context(|| format!("s3://{bucket}/{key} is not what it should be"))
            .advise(|| {
                "it was written by another version of Thingpress, or replaced by somebody; the bucket keeps earlier \
                 versions"
                    .to_owned()
            })
    }

    /// An object of the runs bucket, where it is there.
    pub(crate) async fn bytes(&self, key: &str) -> Result<Option<Vec<u8>>> {
        let bucket = self.places.runs()?;
        let address = format!("s3://{bucket}/{key}");
        let body = match self.s3().get_object().bucket(bucket).key(key).send().await {
            Ok(found) => found.body,
            Err(error) if error.as_service_error().is_some_and(GetObjectError::is_no_such_key) => {
                return Ok(None);
            }
            Err(error) => {
                let policy = format!(
                    "people who look at runs need the policy `{0}-operator` or `{0}-auditor`",
                    self.stack
                );
                let is_denied = error.code() == Some("AccessDenied");
                let error = failure(error).context(format!("failed to read {address}"));
                // What the error itself advises is for whoever deploys.
                return if is_denied {
                    Err(with_hint(format!("{error:#}"), policy))
                } else {
                    Err(error).advise(|| policy)
                };
            }
        };
        let bytes = body.collect().await.with_context(|| format!("failed to read {address}"))?;
        Ok(Some(bytes.to_vec()))
    }

    /// Why a run has no report (yet).
    async fn why_no_report(&self, run: &str) -> Result<anyhow::Error> {
        let mut denied = Vec::new();
        for machine in self.machines() {
            let status = match self.look(&machine, run).await? {
                Look::Stands(status) => status,
                Look::Nowhere => continue,
                Look::Denied => {
                    denied.push(called(&machine).to_owned());
                    continue;
                }
            };
            return Ok(match status {
                ExecutionStatus::Running | ExecutionStatus::PendingRedrive => with_hint(
                    format!("the run `{run}` is still going, and reports at its end"),
                    format!("follow it: cargo xtask watch {run} {}", self.option),
                ),
                status => with_hint(
                    format!("the run `{run}` ended as {}, and has no report yet", status.as_str()),
                    format!(
                        "it comes within minutes, from the machine {0}-closing; where it does not, look at that \
                         machine's executions",
                        self.stack
                    ),
                ),
            });
        }
        Ok(with_hint(
            no_run(&self.stack, run, &denied),
            format!(
                "`cargo xtask runs {}` lists them; in the console a run's name is the name of an execution",
                self.option
            ),
        ))
    }

    /// ARN of the execution that a run is; none where there is no such execution (any more), or where it is of a machine
    /// whose runs this person may not look at.
    pub(crate) async fn execution(&self, run: &str) -> Result<Option<String>> {
        for machine in self.machines() {
            if let Look::Stands(_) = self.look(&machine, run).await? {
                return Ok(Some(execution(&machine, run)));
            }
        }
        Ok(None)
    }

    /// The machines whose executions are runs.
    pub(crate) fn machines(&self) -> Vec<String> {
        let named = ["ImportMachineArn", "ActivateMachineArn", "UndoMachineArn"];
        named.iter().filter_map(|name| self.places.output(name).ok()).map(str::to_owned).collect()
    }

    /// The latest run that has a report.
    pub(crate) async fn latest(&self) -> Result<String> {
        let mut runs = self.executions(None).await?;
        runs.sort_by_key(|run| std::cmp::Reverse(run.start_date.as_nanos()));
        for run in runs.into_iter().take(LATEST) {
            let key = RunFiles::of(&run.name).report();
            if self.json::<IgnoredAny>(&key).await?.is_some() {
                return Ok(run.name);
            }
        }
        Err(with_hint(
            format!("no run of the stack `{}` has a report yet", self.stack),
            format!("upload a manifest, or import one: cargo xtask import FILE {}", self.option),
        ))
    }

    /// The latest executions of the machines, those with this status where one is given. Whoever uploads may look at
    /// the runs of one machine only: the others are left out, and it fails where none may be looked at.
    pub(crate) async fn executions(
        &self,
        status: Option<ExecutionStatus>,
    ) -> Result<Vec<ExecutionListItem>> {
        let (mut runs, mut refused, mut is_any) = (Vec::new(), None, false);
        for machine in self.machines() {
            let listed = self.sfn().list_executions().state_machine_arn(&machine);
            let listed = listed.set_status_filter(status.clone()).max_results(LISTED).send().await;
            let is_denied = listed.as_ref().is_err_and(|error| is_denied(error.code()));
            let listed = listed
                .map_err(failure)
                .with_context(|| format!("failed to list the runs of {machine}"));
            match listed {
                Ok(listed) => {
                    is_any = true;
                    runs.extend(listed.executions);
                }
                Err(error) if is_denied => refused = Some(error),
                Err(error) => return Err(error),
            }
        }
        match refused {
            // What the error itself advises is for whoever deploys.
            Some(error) if !is_any => Err(with_hint(
                format!("{error:#}"),
                format!(
                    "people who look at runs need the policy `{0}-operator` or `{0}-auditor`, or one of those for \
                     uploads",
                    self.stack
                ),
            )),
            _ => Ok(runs),
        }
    }

    /// How an execution stands, where there is one of this name.
    pub(crate) async fn status(&self, machine: &str, run: &str) -> Result<Option<ExecutionStatus>> {
        match self.look(machine, run).await? {
            Look::Stands(status) => Ok(Some(status)),
            Look::Nowhere => Ok(None),
            Look::Denied => Err(with_hint(
                format!("you may not look at the run `{run}`"),
                format!("people who look at all runs need the policy `{}-operator`", self.stack),
            )),
        }
    }

    /// Looks for a machine's execution of this name.
    async fn look(&self, machine: &str, run: &str) -> Result<Look> {
        let arn = execution(machine, run);
        let described = self.sfn().describe_execution().execution_arn(&arn).send().await;
        match described {
            Ok(execution) => Ok(Look::Stands(execution.status)),
            Err(error)
                if error.as_service_error().is_some_and(|error| {
                    error.is_execution_does_not_exist() || error.is_invalid_arn()
                }) =>
            {
                Ok(Look::Nowhere)
            }
            Err(error) if is_denied(error.code()) => Ok(Look::Denied),
            Err(error) => {
                Err(failure(error)).with_context(|| format!("failed to look at the run {run}"))
            }
        }
    }

    /// An error of the runs bucket, or of the index in it. The most frequent one is about permissions.
    pub(crate) fn refused(&self, error: impl Error + Send + Sync + 'static) -> anyhow::Error {
        let bucket = self.places.runs().unwrap_or_default();
        let text = error.to_string();
        if text.contains("AccessDenied") || text.contains("Forbidden") {
            return with_hint(
                format!("you may not read the bucket {bucket}"),
                format!(
                    "people who look at runs need the policy `{0}-operator` or `{0}-auditor`",
                    self.stack
                ),
            );
        }
        anyhow::Error::new(error).context(format!("failed to read s3://{bucket}"))
    }
}

/// What looking for an execution comes to.
enum Look {
    Stands(ExecutionStatus),
    Nowhere,
    /// Whoever uploads may look at the runs of one machine only.
    Denied,
}

fn is_denied(code: Option<&str>) -> bool {
    matches!(code, Some("AccessDeniedException" | "AccessDenied"))
}

/// A machine's name.
fn called(machine: &str) -> &str {
    machine.rsplit(':').next().unwrap_or(machine)
}

/// That there is no such run, as far as this person may look. `denied` are the machines where they may not.
fn no_run(stack: &str, run: &str, denied: &[String]) -> String {
    let sentence = format!("the stack `{stack}` has no run `{run}`");
    if denied.is_empty() {
        return sentence;
    }
    format!("{sentence}, or it is one of {}, at whose runs you may not look", denied.join(" or "))
}

/// ARN of a machine's execution.
pub(crate) fn execution(machine: &str, run: &str) -> String {
    format!("{}:{run}", machine.replacen(":stateMachine:", ":execution:", 1))
}

/// The name in what people copy: the name itself, an execution's ARN, or the address of one of the run's files.
pub(crate) fn run_name(given: &str) -> &str {
    let given = given.trim();
    if let Some((_, rest)) = given.split_once("/runs/") {
        return rest.split('/').next().unwrap_or(rest);
    }
    if given.starts_with("arn:") { given.rsplit(':').next().unwrap_or(given) } else { given }
}

#[cfg(test)]
mod tests {
    use super::{no_run, run_name};

    #[test]
    fn where_somebody_may_not_look_is_said() {
        assert_eq!(no_run("acme", "r-1", &[]), "the stack `acme` has no run `r-1`");
        assert_eq!(
            no_run("acme", "r-1", &["acme-activate".into(), "acme-undo".into()]),
            "the stack `acme` has no run `r-1`, or it is one of acme-activate or acme-undo, at whose runs you may not look"
        );
    }

    #[test]
    fn a_runs_name_is_found_in_what_people_copy() {
        for given in [
            "reel-7-json-0123",
            " reel-7-json-0123\n",
            "arn:aws:states:us-east-1:000000000000:execution:acme-import:reel-7-json-0123",
            "s3://acme-runs/runs/reel-7-json-0123/report.json",
            "s3://acme-runs/runs/reel-7-json-0123",
        ] {
            assert_eq!(run_name(given), "reel-7-json-0123");
        }
    }
}
