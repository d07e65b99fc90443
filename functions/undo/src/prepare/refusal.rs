//! Why a run cannot be taken back.

use ledger::{Plan, Stop};

fn stop(code: &str, reason: String) -> Stop {
    Stop { code: code.to_owned(), reason }
}

pub(super) fn no_such_run(run: &str) -> Stop {
    stop(
        "Undo.NoSuchRun",
        format!(
            "there is no run `{run}`, or it ended before its file was recognized. A run's name is that of its execution"
        ),
    )
}

/// A run that wrote nothing to AWS IoT.
pub(super) fn made_nothing(plan: &Plan) -> Option<Stop> {
    let run = &plan.run;
    let why = match plan {
        Plan { undoes: Some(other), .. } => {
            format!("it took back `{other}`. To have those devices again, import their file again")
        }
        Plan { dry: true, .. } => "it only told what an import would do".to_owned(),
        Plan { prepared: None, .. } => "it stopped before it had read its file".to_owned(),
        _ => return None,
    };
    Some(stop("Undo.MadeNothing", format!("`{run}` made nothing: {why}")))
}

pub(super) fn still_going(run: &str) -> Stop {
    stop(
        "Undo.StillGoing",
        format!(
            "`{run}` has no report yet: it is still going, or was stopped a moment ago. Wait for its report, then undo it"
        ),
    )
}

pub(super) fn expired(run: &str) -> Stop {
    stop(
        "Undo.Expired",
        format!(
            "the files that tell what `{run}` added were kept for 30 days, and are gone. Take its devices back by hand; `results.csv` of the run names them"
        ),
    )
}

pub(super) fn under_way(run: &str, other: &str) -> Stop {
    stop(
        "Undo.UnderWay",
        format!(
            "`{other}` takes `{run}` back already. Wait for its report, then undo what is left"
        ),
    )
}
