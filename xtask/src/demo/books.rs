//! What became of the entries: of one file, and of all.

use std::time::Duration;

use serde_json::Value;

use super::text::{good, paragraph};
use crate::{progress, run_follow::OUTCOMES};

/// The counts of several reports.
#[derive(Debug, Default)]
pub(super) struct Books {
    files: u64,
    read: u64,
    outcomes: [u64; OUTCOMES.len()],
}

impl Books {
    pub(super) fn add(&mut self, report: &Value) {
        self.files += 1;
        self.read += count(report, "read");
        for (sum, outcome) in self.outcomes.iter_mut().zip(OUTCOMES) {
            *sum += count(report, outcome);
        }
    }

    pub(super) const fn files(&self) -> u64 {
        self.files
    }

    pub(super) fn balance(&self) -> bool {
        self.read == self.outcomes.iter().sum::<u64>()
    }

    /// `48 read = 47 created + 1 rejected`
    pub(super) fn lines(&self) -> String {
        let parts: Vec<String> = OUTCOMES
            .iter()
            .zip(self.outcomes)
            .filter(|(_, count)| *count > 0)
            .map(|(outcome, count)| format!("{count} {}", outcome.replace('_', " ")))
            .collect();
        paragraph(&format!("{} entries read = {}", self.read, parts.join(" + ")), "  ")
    }
}

/// A report in a few lines.
pub(super) fn table(report: &Value, took: Duration) -> String {
    let mut lines: Vec<String> = OUTCOMES
        .iter()
        .map(|outcome| (outcome, count(report, outcome)))
        .filter(|(_, count)| *count > 0)
        .map(|(outcome, count)| format!("  {:<13} {count:>6}", outcome.replace('_', " ")))
        .collect();
    lines.insert(0, format!("  {:<13} {:>6}", "entries read", count(report, "read")));
    for list in ["problems", "warnings", "notes"] {
        let entries = report.get(list).and_then(Value::as_array).map(Vec::as_slice);
        for entry in entries.unwrap_or_default() {
            lines.push(explained(entry));
        }
    }
    let done = report.get("verdict").and_then(Value::as_str) == Some("done");
    let seconds = took.as_secs_f64();
    lines.push(if done {
        good(&format!("every device ended well ({seconds:.1} s)"))
    } else {
        format!("  {} not every device ended well ({seconds:.1} s)", progress::bad())
    });
    lines.join("\n")
}

/// A problem with its place, its code and the way out.
fn explained(problem: &Value) -> String {
    let text = |pointer: &str| problem.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let place = text("/example/place");
    let code = text("/code");
    let head = if place.is_empty() { code.to_owned() } else { format!("{place}: {code}") };
    format!("    {head}\n{}", paragraph(text("/reason"), "      "))
}

/// How many entries ended so.
pub(super) fn count(report: &Value, outcome: &str) -> u64 {
    report.pointer(&format!("/counts/{outcome}")).and_then(Value::as_u64).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::{Books, table};

    #[test]
    fn a_report_is_a_short_table_with_its_problems() {
        let report = json!({
            "verdict": "done_with_failures",
            "counts": {"read": 10, "created": 9, "rejected": 1, "failed": 0},
            "problems": [{
                "code": "Manifest.Malformed", "count": 1,
                "reason": "the entry is broken: the line is not base64, or a part of it is missing; get the file again",
                "example": {"entry": 4, "place": "line 4", "id": ""},
            }],
            "warnings": [],
        });
        insta::assert_snapshot!(table(&report, Duration::from_millis(1_250)), @r"
        entries read      10
        created            9
        rejected           1
          line 4: Manifest.Malformed
            the entry is broken: the line is not base64, or a part of it is missing;
            get the file again
        ✗ not every device ended well (1.2 s)
        ");
    }

    #[test]
    fn the_books_of_several_files_add_up() {
        let mut books = Books::default();
        books.add(&json!({"counts": {"read": 10, "created": 9, "rejected": 1}}));
        books.add(&json!({"counts": {"read": 3, "created": 2, "not_attempted": 1}}));
        assert!(books.balance());
        assert_eq!(books.lines(), "  13 entries read = 11 created + 1 rejected + 1 not attempted");
        books.add(&json!({"counts": {"read": 1}}));
        assert!(!books.balance());
    }
}
