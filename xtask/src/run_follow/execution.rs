//! What Step Functions tells about a run that is under way.

use std::fmt;

use anyhow::{Context, Result};
use aws_sdk_sfn::{Client, types::ExecutionStatus};
use serde_json::Value;

use crate::aws::failure;

/// The Maps of the machines that import, activate and take back.
const MAPS: [&str; 4] = ["Register", "Activate", "Foresee", "TakeBack"];

/// The state that finds a signer missing.
const DECODE: &str = "Decode";

/// How many of the latest events are looked through for the state that the run is in.
const EVENTS: i32 = 25;

/// Where a run is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    /// In the state of this name.
    State(String),
    /// In the Map of this name: so many units of work are finished, of so many.
    Units {
        /// The Map's name.
        map: String,
        /// Units that ended, well or not.
        finished: i64,
        /// All units of the run.
        total: i64,
    },
}

impl fmt::Display for Stage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::State(name) => formatter.write_str(name),
            Self::Units { map, finished, total } => {
                write!(formatter, "{map}, {finished} of {total} units of work")
            }
        }
    }
}

/// A run as it stands.
#[derive(Clone, Debug)]
pub(crate) struct Execution {
    pub(crate) has_ended: bool,
    pub(crate) status: String,
    /// When it started and when it ended, in seconds of the epoch.
    pub(crate) started: f64,
    pub(crate) ended: Option<f64>,
    output: Option<Value>,
    error: Option<String>,
    cause: Option<String>,
}

impl Execution {
    /// The output of a run whose file was a certificate, which was filed.
    pub(crate) fn filed(&self) -> Option<Value> {
        let output = self.output.as_ref()?;
        (output.get("next")?.as_str()? == "filed").then(|| output.clone())
    }

    /// Error and cause, as far as the run names them.
    pub(crate) fn why(&self) -> String {
        let parts: Vec<&str> =
            [&self.error, &self.cause].into_iter().flatten().map(String::as_str).collect();
        if parts.is_empty() { "it names no cause".to_owned() } else { parts.join(": ") }
    }
}

pub(crate) async fn describe(client: &Client, arn: &str) -> Result<Execution> {
    let found = client
        .describe_execution()
        .execution_arn(arn)
        .send()
        .await
        .map_err(failure)
        .with_context(|| format!("failed to look at {arn}"))?;
    Ok(Execution {
        has_ended: !matches!(
            found.status,
            ExecutionStatus::Running | ExecutionStatus::PendingRedrive
        ),
        status: found.status.as_str().to_owned(),
        started: found.start_date.as_secs_f64(),
        ended: found.stop_date.map(|date| date.as_secs_f64()),
        output: found.output().and_then(|output| serde_json::from_str(output).ok()),
        error: found.error,
        cause: found.cause,
    })
}

/// Where the run is now.
pub(crate) async fn stage(client: &Client, arn: &str) -> Result<Stage> {
    let state = state_name(client, arn).await?;
    if !MAPS.contains(&state.as_str()) {
        return Ok(Stage::State(state));
    }
    // The count is for the eye only: whoever may not ask for it follows the run all the same.
    Ok(match units(client, arn).await {
        Ok(Some((finished, total))) => Stage::Units { map: state, finished, total },
        Ok(None) | Err(_) => Stage::State(state),
    })
}

async fn state_name(client: &Client, arn: &str) -> Result<String> {
    let history = client
        .get_execution_history()
        .execution_arn(arn)
        .reverse_order(true)
        .include_execution_data(false)
        .max_results(EVENTS)
        .send()
        .await
        .map_err(failure)
        .with_context(|| format!("failed to read the history of {arn}"))?;
    let entered = history.events().iter().find_map(|event| event.state_entered_event_details());
    Ok(entered.map_or_else(|| "started".to_owned(), |details| details.name().to_owned()))
}

/// Units that ended, well or not, and all units.
async fn units(client: &Client, arn: &str) -> Result<Option<(i64, i64)>> {
    let runs = client
        .list_map_runs()
        .execution_arn(arn)
        .send()
        .await
        .map_err(failure)
        .with_context(|| format!("failed to list the units of work of {arn}"))?;
    let Some(run) = runs.map_runs().first() else { return Ok(None) };
    let run = client
        .describe_map_run()
        .map_run_arn(run.map_run_arn())
        .send()
        .await
        .map_err(failure)
        .with_context(|| format!("failed to count the units of work of {arn}"))?;
    Ok(run.item_counts().map(|counts| {
        let ended = counts.succeeded() + counts.failed() + counts.timed_out() + counts.aborted();
        (ended, counts.total())
    }))
}

/// What a run waits for that waits for the certificate of its manifest's signer.
pub(crate) async fn waits_for(client: &Client, arn: &str) -> Option<String> {
    let history = client.get_execution_history().execution_arn(arn).reverse_order(true);
    let history = history.include_execution_data(true).max_results(EVENTS).send().await.ok()?;
    let mut exited = history.events().iter().filter_map(|event| event.state_exited_event_details());
    let decoded = exited.find(|details| details.name() == DECODE)?;
    let output: Value = serde_json::from_str(decoded.output()?).ok()?;
    output.pointer("/decoded/step/waiting_for")?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Execution;

    fn ended(output: serde_json::Value) -> Execution {
        Execution {
            has_ended: true,
            status: "SUCCEEDED".into(),
            started: 0.0,
            ended: Some(1.0),
            output: Some(output),
            error: None,
            cause: None,
        }
    }

    #[test]
    fn a_filed_certificate_is_told_from_a_report() {
        assert!(ended(json!({"next": "filed", "sha256": "00"})).filed().is_some());
        assert!(ended(json!({"next": "report", "verdict": "done"})).filed().is_none());
        assert!(ended(json!("filed")).filed().is_none());
    }

    #[test]
    fn error_and_cause_are_told_together() {
        let mut execution = ended(json!({}));
        assert_eq!(execution.why(), "it names no cause");
        execution.error = Some("Stopped".into());
        execution.cause = Some("by hand".into());
        assert_eq!(execution.why(), "Stopped: by hand");
    }
}
