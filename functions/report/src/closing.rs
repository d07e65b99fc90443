//! A run that ended without reaching its own report: its last workers may still be busy.

use std::{collections::HashSet, time::SystemTime};

use ledger::{LONGEST_UNIT, Leases, RunFiles, Store, StoreError};
use serde::Deserialize;

const WAIT_SECONDS: u32 = 5;

/// The errors that a run ends with by its own verdict: failures, and stopped.
pub(crate) const OWN_ERRORS: [&str; 2] = ["DoneWithFailures", "Stopped"];

/// How an execution ended, as Step Functions' event tells.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StatusChange {
    /// Name of the run.
    pub name: String,
    /// ARN of the execution.
    pub execution_arn: String,
    /// Step Functions' word: `ABORTED`, `TIMED_OUT` or `FAILED`.
    pub status: String,
    /// Name of the error, where there was one.
    #[serde(default)]
    pub error: Option<String>,
    /// When it started, in milliseconds of the Unix epoch.
    #[serde(default)]
    start_date: Option<f64>,
}

impl StatusChange {
    /// When it started, in seconds of the Unix epoch.
    pub(crate) fn started(&self) -> Option<f64> {
        self.start_date.map(|milliseconds| milliseconds / 1000.0)
    }

    #[cfg(test)]
    pub(crate) fn to(status: &str) -> Self {
        Self {
            name: String::new(),
            execution_arn: String::new(),
            status: status.to_owned(),
            error: None,
            start_date: None,
        }
    }
}

/// Tells the run's workers to stop; returns how long to wait while some are still busy.
///
/// A busy worker has put its unit's intent and not yet its outcomes. One that puts its intent
/// later finds the mark and does nothing.
pub(crate) async fn wait_for_workers(
    store: &Store,
    leases: &Leases,
    files: &RunFiles,
) -> Result<Option<u32>, StoreError> {
    leases.stop(files.run()).await?;
    let finished: HashSet<_> = store
        .list(&files.all_outcomes())
        .await?
        .iter()
        .filter_map(|key| RunFiles::unit_of(key))
        .collect();
    let now = SystemTime::now();
    let busy = store.list_written(&files.intents()).await?.into_iter().any(|intent| {
        let age =
            intent.written.and_then(|written| now.duration_since(written).ok()).unwrap_or_default();
        age < LONGEST_UNIT
            && RunFiles::unit_of(&intent.key).is_some_and(|unit| !finished.contains(&unit))
    });
    Ok(busy.then_some(WAIT_SECONDS))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_event_of_an_execution_that_was_stopped_is_read() {
        // The shape that AWS documents.
        let event = json!({
            "executionArn": "arn:aws:states:us-east-1:123456789012:execution:acme-import:r-1",
            "stateMachineArn": "arn:aws:states:us-east-1:123456789012:stateMachine:acme-import",
            "name": "r-1", "status": "ABORTED", "startDate": 1_551_225_271_984_u64,
            "stopDate": 1_551_225_291_159_u64, "input": "{}", "inputDetails": {"included": true},
            "output": null, "outputDetails": null, "error": null, "cause": null,
        });
        let change: StatusChange = serde_json::from_value(event).unwrap();
        assert_eq!((change.name.as_str(), change.status.as_str()), ("r-1", "ABORTED"));
        assert_eq!(change.error, None);
        assert_eq!(change.started(), Some(1_551_225_271.984));
    }
}
