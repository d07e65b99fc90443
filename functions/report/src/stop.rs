//! Why a run ended before its devices' turn, where the machine itself knows.

use ledger::Stop;
use serde::Deserialize;

use crate::StatusChange;

/// The error that a state of the machine ended with.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Failure {
    /// Name of the error.
    #[serde(default)]
    pub error: String,
    /// The error in words; for a function, JSON with its message.
    #[serde(default)]
    pub cause: String,
}

/// What a function leaves in [`Failure::cause`].
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct FunctionError {
    error_message: String,
}

/// What to do about an import that did not come to its end.
pub(crate) const AGAIN: &str =
    "Upload the file again: what is done stays done, and only the rest is worked on";

/// What to do about a plan that did not come to its end.
pub(crate) const PLAN_AGAIN: &str = "Plan the file again";

/// What ended the machine, where something other than the run's own decision did.
pub(crate) fn of_machine(
    failure: Option<&Failure>,
    change: Option<&StatusChange>,
    again: &str,
) -> Option<Stop> {
    let (code, reason) = match (failure, change.map(|change| change.status.as_str())) {
        (Some(failure), _) => (
            "Run.Failed",
            format!(
                "a step failed for good with {}: {}. {again}",
                failure.error,
                words(&failure.cause)
            ),
        ),
        (None, Some("ABORTED")) => {
            ("Run.Stopped", format!("somebody stopped the run in Step Functions. {again}"))
        }
        (None, Some("TIMED_OUT")) => {
            ("Run.TimedOut", format!("the run took longer than its machine allows. {again}"))
        }
        (None, Some(status)) => {
            ("Run.Failed", format!("the run ended as {status} before it could report. {again}"))
        }
        (None, None) => return None,
    };
    Some(Stop { code: code.to_owned(), reason })
}

fn words(cause: &str) -> String {
    serde_json::from_str::<FunctionError>(cause)
        .map_or_else(|_| cause.to_owned(), |error| error.error_message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_functions_error_is_told_in_its_own_words() {
        let cause = r#"{"errorType":"Ledger.Unavailable","errorMessage":"could not read `plan.json`: timeout"}"#;
        let failure = Failure { error: "Ledger.Unavailable".into(), cause: cause.into() };
        let stop = of_machine(Some(&failure), None, AGAIN).unwrap();
        assert_eq!(stop.code, "Run.Failed");
        assert!(
            stop.reason
                .contains("with Ledger.Unavailable: could not read `plan.json`: timeout. Upload"),
            "{}",
            stop.reason
        );
    }

    #[test]
    fn each_status_of_a_machine_has_its_code() {
        for (status, code) in
            [("ABORTED", "Run.Stopped"), ("TIMED_OUT", "Run.TimedOut"), ("FAILED", "Run.Failed")]
        {
            let stop = of_machine(None, Some(&StatusChange::to(status)), AGAIN).unwrap();
            assert_eq!(stop.code, code);
        }
        assert_eq!(of_machine(None, None, AGAIN), None);
    }
}
