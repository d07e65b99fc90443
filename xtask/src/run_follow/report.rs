//! The report for a person at a terminal.

use std::fmt::Write as _;

use ledger::{can_retry, page_of, remedy};
use serde_json::Value;

use super::Report;
use crate::undo;

/// What can become of an entry, in the order of the books.
pub const OUTCOMES: [&str; 10] = [
    "created",
    "unchanged",
    "updated",
    "conflict",
    "rejected",
    "failed",
    "waiting",
    "not_attempted",
    "removed",
    "kept",
];

impl Report {
    /// Whether every device of the file ended well.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.verdict() == "done"
    }

    /// Whether the run gave up before it had read the file to its end, or before its first write.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.verdict() == "stopped"
    }

    /// Whether nothing was written to AWS IoT, and the report tells what an import would do.
    #[must_use]
    pub fn is_dry(&self) -> bool {
        self.json.get("dry") == Some(&Value::Bool(true))
    }

    /// The run's verdict: `done`, `done_with_failures` or `stopped`.
    #[must_use]
    pub fn verdict(&self) -> &str {
        self.json.get("verdict").and_then(Value::as_str).unwrap_or_default()
    }
}

/// The report as lines of text: the verdict, the books, the problems with what to do, and where the rest is.
#[must_use]
pub fn render(report: &Report) -> String {
    let json = &report.json;
    let text = |pointer: &str| json.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    if !text("/undoes").is_empty() {
        return undo::reported(report);
    }
    let is_dry = report.is_dry();
    let sentence = if is_dry {
        foreseen(report.verdict(), text("/stopped/code"))
    } else {
        sentence(report.verdict())
    };
    let mut lines = vec![format!("{}: {sentence}", text("/run"))];
    // A run that ended well has nothing to add, and one that stopped says why below.
    if report.verdict() == "done_with_failures" && !text("/summary").is_empty() {
        lines.push(format!("  {}", text("/summary")));
    }
    if json.get("balanced") == Some(&Value::Bool(false)) {
        lines.push(
            "  THE BOOKS DO NOT BALANCE: the outcomes do not add up to the entries that were read"
                .to_owned(),
        );
    }
    lines.push(format!("  {:<14} {:>9}", "entries read", count(json, "read")));
    for outcome in OUTCOMES {
        let number = count(json, outcome);
        if number > 0 {
            lines.push(format!("  {:<14} {number:>9}", words(outcome, is_dry)));
        }
    }
    if !text("/batch").is_empty() {
        lines.push(format!("  batch    {}", text("/batch")));
    }
    if let Some(stopped) = json.get("stopped") {
        let code = stopped.get("code").and_then(Value::as_str).unwrap_or_default();
        lines.push(problem(stopped, Some(can_retry(code))));
    }
    for list in ["problems", "warnings", "notes"] {
        let entries = json.get(list).and_then(Value::as_array).map(Vec::as_slice);
        let retry = |problem: &Value| problem.get("retry").and_then(Value::as_bool);
        let is_problem = list == "problems";
        lines.extend(
            entries
                .unwrap_or_default()
                .iter()
                .map(|each| problem(each, is_problem.then(|| retry(each).unwrap_or_default()))),
        );
    }
    for limited in json.get("limited").and_then(Value::as_array).into_iter().flatten() {
        if let Some(advice) = limited.get("advice").and_then(Value::as_str) {
            lines.push(format!("  {advice}"));
        }
    }
    if !text("/forecast/summary").is_empty() {
        lines.push(format!("  {}", text("/forecast/summary")));
    }
    lines.push(format!("  report   {}report.json", report.folder));
    if json.get("version").is_some() {
        lines.push(format!("  page     {}report.html", report.folder));
    }
    if !text("/results").is_empty() {
        lines.push(format!("  devices  {}", text("/results")));
    }
    lines.join("\n")
}

fn sentence(verdict: &str) -> String {
    match verdict {
        "done" => "every device ended well".to_owned(),
        "done_with_failures" => "not every device ended well".to_owned(),
        "stopped" => "the run was stopped".to_owned(),
        other => format!("verdict `{other}`"),
    }
}

/// The verdict on a dry run. `code` is why it stopped, where it did.
fn foreseen(verdict: &str, code: &str) -> String {
    // These are about the plan itself: somebody stopped it, a step of it failed, or there is nothing to plan.
    let is_its_own = ["Run.", "Plan."].iter().any(|own| code.starts_with(own));
    let end = match verdict {
        "done" => "every device would end well".to_owned(),
        "done_with_failures" => "not every device would end well".to_owned(),
        "stopped" if is_its_own => {
            "the plan was stopped, which says nothing of an import".to_owned()
        }
        "stopped" => "an import would be stopped as well".to_owned(),
        other => format!("verdict `{other}`"),
    };
    format!("a plan, and nothing was written; {end}")
}

/// What became of entries, or would.
fn words(outcome: &str, is_dry: bool) -> String {
    let would = match outcome {
        "created" => "would create",
        "updated" => "would update",
        _ => outcome,
    };
    let words = if is_dry { would } else { outcome };
    words.replace('_', " ")
}

fn count(json: &Value, outcome: &str) -> u64 {
    json.pointer(&format!("/counts/{outcome}")).and_then(Value::as_u64).unwrap_or_default()
}

/// What entries have in common. `retry` says whether trying again can help, where something failed.
pub(crate) fn problem(problem: &Value, retry: Option<bool>) -> String {
    let text = |pointer: &str| problem.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let number = problem.get("count").and_then(Value::as_u64).unwrap_or_default();
    // What stops a run, and what is noted about a file, is about no single entry.
    let times = match number {
        0 => String::new(),
        1 => " (1 entry)".to_owned(),
        _ => format!(" ({number} entries)"),
    };
    let code = text("/code");
    let mut line = format!("  {code}{times}: {}", text("/reason"));
    let mut more = |words: &str| {
        // Writing to a text does not fail.
        let _ = write!(line, "\n    {words}");
    };
    let (place, id) = (text("/example/place"), text("/example/id"));
    match (place, id) {
        ("", _) => {}
        (_, "") => more(&format!("for example {place}")),
        _ => more(&format!("for example {place}, {id}")),
    }
    if !remedy(code).is_empty() {
        more(&format!("what to do: {}", remedy(code)));
    }
    match retry {
        Some(true) => more("trying again can help: the same file can succeed later"),
        Some(false) => more("trying again does not help: the file itself has to change"),
        None => {}
    }
    if !remedy(code).is_empty() {
        more(&format!("more: {}", page_of(code)));
    }
    line
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Report, render};

    fn report(json: serde_json::Value) -> Report {
        Report { text: json.to_string(), json, folder: "s3://acme-runs/runs/r-1/".into() }
    }

    #[test]
    fn the_books_and_the_problems_are_shown() {
        let report = report(json!({
            "run": "r-1", "verdict": "done_with_failures", "balanced": true,
            "summary": "9 of 10 devices are as they should be: 9 created, 1 rejected",
            "version": "0.1.0",
            "counts": {"read": 10, "created": 9, "rejected": 1, "failed": 0},
            "problems": [{
                "code": "Signature.Invalid", "count": 1, "reason": "the signature does not fit the entry",
                "retry": false, "example": {"entry": 3, "place": "line 4", "id": "0123"},
            }],
            "warnings": [{"code": "Certificate.Expired", "count": 2, "reason": "expired", "example": {"entry": 1, "place": "line 1"}}],
            "notes": [{"code": "Infineon.OtherBundles", "reason": "there is more"}],
            "limited": [{"call": "AttachPolicy", "seconds": 60.0, "advice": "AttachPolicy held this run up for 60 s of 100 s"}],
            "results": "s3://acme-runs/runs/r-1/results.csv",
        }));
        insta::assert_snapshot!(render(&report), @r"
        r-1: not every device ended well
          9 of 10 devices are as they should be: 9 created, 1 rejected
          entries read          10
          created                9
          rejected               1
          Signature.Invalid (1 entry): the signature does not fit the entry
            for example line 4, 0123
            what to do: Do not use the device on the word of this file. Get the file again from the vendor, and do not edit it.
            trying again does not help: the file itself has to change
            more: docs/codes.md#signatureinvalid
          Certificate.Expired (2 entries): expired
            for example line 1
            what to do: Ask the vendor: AWS IoT lets a device connect only as long as its certificate is valid.
            more: docs/codes.md#certificateexpired
          Infineon.OtherBundles: there is more
            what to do: Import the file with another profile if you need the other set as well: `bundle` chooses it.
            more: docs/codes.md#infineonotherbundles
          AttachPolicy held this run up for 60 s of 100 s
          report   s3://acme-runs/runs/r-1/report.json
          page     s3://acme-runs/runs/r-1/report.html
          devices  s3://acme-runs/runs/r-1/results.csv
        ");
    }

    #[test]
    fn a_plan_is_told_in_conditional_words() {
        let report = report(json!({
            "run": "plan-r-1", "dry": true, "verdict": "done", "balanced": true,
            "counts": {"read": 10, "created": 7, "unchanged": 2, "updated": 1},
            "warnings": [{
                "code": "Plan.WouldUpdate", "count": 1, "reason": "an import would make its thing",
                "example": {"entry": 3, "place": "line 4", "id": "0123"},
            }],
            "forecast": {"summary": "An import would take about 17 minutes"},
            "results": "s3://acme-runs/runs/plan-r-1/results.csv",
        }));
        insta::assert_snapshot!(render(&report), @r"
        plan-r-1: a plan, and nothing was written; every device would end well
          entries read          10
          would create           7
          unchanged              2
          would update           1
          Plan.WouldUpdate (1 entry): an import would make its thing
            for example line 4, 0123
            what to do: Nothing: an import adds what is named.
            more: docs/codes.md#planwouldupdate
          An import would take about 17 minutes
          report   s3://acme-runs/runs/r-1/report.json
          devices  s3://acme-runs/runs/plan-r-1/results.csv
        ");
    }

    #[test]
    fn what_stops_only_the_plan_says_nothing_of_an_import() {
        let text = |code: &str| {
            render(&report(json!({
                "run": "plan-r-1", "dry": true, "verdict": "stopped",
                "stopped": {"code": code, "reason": "why"},
            })))
        };
        let foreseen = "an import would be stopped as well";
        assert!(text("Preflight.NoPolicy").contains(foreseen));
        for own in ["Run.Stopped", "Run.Failed", "Plan.Certificate"] {
            let text = text(own);
            assert!(!text.contains(foreseen), "{text}");
            assert!(text.contains("says nothing of an import"), "{text}");
        }
    }

    #[test]
    fn an_undo_is_told_in_its_own_words() {
        let text = render(&report(json!({
            "run": "undo-r-1", "undoes": "r-1", "verdict": "done_with_failures", "balanced": true,
            "summary": "2 of 3 devices of r-1 are taken back",
            "counts": {"read": 3, "removed": 2, "kept": 1},
            "problems": [{
                "code": "Undo.StatusChanged", "count": 1, "reason": "its certificate is INACTIVE", "retry": false,
                "example": {"entry": 2, "place": "line 2", "id": "02"},
            }],
            "version": "0.1.0",
        })));
        assert!(text.starts_with("undo-r-1: 2 of 3 devices of r-1 are taken back\n"), "{text}");
        assert!(
            text.contains("Undo.StatusChanged (1 entry): its certificate is INACTIVE"),
            "{text}"
        );
        assert!(text.contains("report.html") && !text.contains("the file itself"), "{text}");
        assert!(!text.contains("ended well"), "{text}");
    }

    #[test]
    fn the_batch_of_a_factory_is_named() {
        let text = render(&report(json!({"run": "r", "verdict": "done", "batch": "lot-7"})));
        assert!(text.contains("\n  batch    lot-7\n"), "{text}");
    }

    #[test]
    fn a_run_that_stopped_says_why() {
        let text = render(&report(json!({
            "run": "r", "verdict": "stopped", "balanced": true,
            "stopped": {"code": "Manifest.Empty", "reason": "the file is empty"},
        })));
        assert!(text.contains("  Manifest.Empty: the file is empty"), "{text}");
        assert!(!text.contains("devices"), "a run without entries has no results: {text}");
    }

    #[test]
    fn unbalanced_books_cannot_be_overlooked() {
        let text = render(&report(
            json!({"run": "r", "verdict": "done_with_failures", "balanced": false}),
        ));
        assert!(text.contains("DO NOT BALANCE"), "{text}");
    }
}
