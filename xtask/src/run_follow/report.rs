//! The report for a person at a terminal.

use std::fmt::Write as _;

use serde_json::Value;

use super::Report;

/// What can become of an entry, in the order of the books.
pub const OUTCOMES: [&str; 8] = [
    "created",
    "unchanged",
    "updated",
    "conflict",
    "rejected",
    "failed",
    "waiting",
    "not_attempted",
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

    /// The run's verdict: `done`, `done_with_failures` or `stopped`.
    #[must_use]
    pub fn verdict(&self) -> &str {
        self.json.get("verdict").and_then(Value::as_str).unwrap_or_default()
    }
}

/// The report as lines of text: the books, the problems, and where the rest is.
#[must_use]
pub fn render(report: &Report) -> String {
    let json = &report.json;
    let text = |pointer: &str| json.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let mut lines = vec![format!("{}: {}", text("/run"), sentence(report.verdict()))];
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
            lines.push(format!("  {:<14} {number:>9}", outcome.replace('_', " ")));
        }
    }
    if !text("/batch").is_empty() {
        lines.push(format!("  batch    {}", text("/batch")));
    }
    if let Some(stopped) = json.get("stopped") {
        lines.push(problem(stopped));
    }
    for list in ["problems", "warnings", "notes"] {
        let entries = json.get(list).and_then(Value::as_array).map(Vec::as_slice);
        lines.extend(entries.unwrap_or_default().iter().map(problem));
    }
    for limited in json.get("limited").and_then(Value::as_array).into_iter().flatten() {
        if let Some(advice) = limited.get("advice").and_then(Value::as_str) {
            lines.push(format!("  {advice}"));
        }
    }
    lines.push(format!("  report   {}report.json", report.folder));
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

fn count(json: &Value, outcome: &str) -> u64 {
    json.pointer(&format!("/counts/{outcome}")).and_then(Value::as_u64).unwrap_or_default()
}

fn problem(problem: &Value) -> String {
    let text = |pointer: &str| problem.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let number = problem.get("count").and_then(Value::as_u64).unwrap_or_default();
    // What stops a run, and what is noted about a file, is about no single entry.
    let times = match number {
        0 => String::new(),
        1 => " (1 entry)".to_owned(),
        _ => format!(" ({number} entries)"),
    };
    let mut line = format!("  {}{times}: {}", text("/code"), text("/reason"));
    if !text("/example/place").is_empty() {
        let _ = write!(line, "\n    for example {}", text("/example/place"));
        if !text("/example/id").is_empty() {
            let _ = write!(line, ", {}", text("/example/id"));
        }
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
            "counts": {"read": 10, "created": 9, "rejected": 1, "failed": 0},
            "problems": [{
                "code": "Signature.Invalid", "count": 1, "reason": "the signature does not fit the entry",
                "example": {"entry": 3, "place": "line 4", "id": "0123"},
            }],
            "warnings": [{"code": "Certificate.Expired", "count": 2, "reason": "expired", "example": {"entry": 1, "place": "line 1"}}],
            "notes": [{"code": "Infineon.OtherBundles", "reason": "there is more"}],
            "limited": [{"call": "AttachPolicy", "seconds": 60.0, "advice": "AttachPolicy held this run up for 60 s of 100 s"}],
            "results": "s3://acme-runs/runs/r-1/results.csv",
        }));
        insta::assert_snapshot!(render(&report), @r"
        r-1: not every device ended well
          entries read          10
          created                9
          rejected               1
          Signature.Invalid (1 entry): the signature does not fit the entry
            for example line 4, 0123
          Certificate.Expired (2 entries): expired
            for example line 1
          Infineon.OtherBundles: there is more
          AttachPolicy held this run up for 60 s of 100 s
          report   s3://acme-runs/runs/r-1/report.json
          devices  s3://acme-runs/runs/r-1/results.csv
        ");
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
