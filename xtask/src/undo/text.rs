//! What an undo did, or would do, for a person at a terminal.

use std::{collections::BTreeMap, io::Read};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::run_follow::{OUTCOMES, Report, problem};

/// So many of the devices that were not taken back are named; the results have all.
const SHOWN: usize = 20;

/// A device that was not taken back.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Kept {
    name: String,
    place: String,
    code: String,
    reason: String,
}

/// The devices in `results.csv` that were not taken back, one more than are shown.
pub(super) fn kept(results: impl Read) -> Result<Vec<Kept>> {
    let mut kept = Vec::new();
    for row in csv::Reader::from_reader(results).deserialize() {
        let row: BTreeMap<String, String> = row.context("results.csv is not what it should be")?;
        let cell = |name: &str| row.get(name).cloned().unwrap_or_default();
        if cell("outcome") == "removed" {
            continue;
        }
        let names = [cell("thing"), cell("id"), cell("certificate_id")];
        kept.push(Kept {
            name: names.into_iter().find(|name| !name.is_empty()).unwrap_or_default(),
            place: cell("place"),
            code: cell("code"),
            reason: cell("reason"),
        });
        if kept.len() > SHOWN {
            break;
        }
    }
    Ok(kept)
}

/// The report of an undo that was carried out at another time, as lines of text.
pub(crate) fn reported(report: &Report) -> String {
    render(report, &[])
}

/// The report as lines of text, with the devices that were not taken back; without them, what they have in common.
pub(super) fn render(report: &Report, kept: &[Kept]) -> String {
    let json = &report.json;
    let text = |pointer: &str| json.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let mut lines = vec![format!("{}: {}", text("/run"), text("/summary"))];
    if json.get("balanced") == Some(&Value::Bool(false)) {
        lines.push(
            "  THE BOOKS DO NOT BALANCE: the outcomes do not add up to the entries that were read"
                .to_owned(),
        );
    }
    for outcome in OUTCOMES {
        let count = json.pointer(&format!("/counts/{outcome}")).and_then(Value::as_u64);
        if let Some(count) = count.filter(|count| *count > 0) {
            let word = if is_dry(report) { conditional(outcome) } else { outcome };
            lines.push(format!("  {:<14} {count:>9}", word.replace('_', " ")));
        }
    }
    lines.extend(json.get("stopped").map(|stopped| problem(stopped, None)));
    if kept.is_empty() {
        let problems = json.get("problems").and_then(Value::as_array).into_iter().flatten();
        // Whether the file has to change is no question here.
        lines.extend(problems.map(|each| problem(each, None)));
    }
    for Kept { name, place, code, reason } in kept.iter().take(SHOWN) {
        lines.push(format!("  {name} ({place}): {code}: {reason}"));
    }
    if kept.len() > SHOWN {
        lines.push("  and others: the results name all of them".to_owned());
    }
    for limited in json.get("limited").and_then(Value::as_array).into_iter().flatten() {
        if let Some(advice) = limited.get("advice").and_then(Value::as_str) {
            lines.push(format!("  {advice}"));
        }
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

/// What the next command is, where there is one.
pub(super) fn next(report: &Report, option: &str, run: &str) -> Option<String> {
    let removed = report.json.pointer("/counts/removed").and_then(Value::as_u64);
    if !is_dry(report) || report.is_stopped() || removed.unwrap_or_default() == 0 {
        return None;
    }
    Some(format!("nothing was written yet. To do it: cargo xtask undo {run} {option} --yes"))
}

fn is_dry(report: &Report) -> bool {
    report.json.get("dry") == Some(&Value::Bool(true))
}

fn conditional(outcome: &str) -> &str {
    match outcome {
        "removed" => "would go",
        "kept" => "would stay",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn report(dry: bool) -> Report {
        let json = json!({
            "run": "undo-r-1", "undoes": "r-1", "dry": dry, "verdict": "done_with_failures",
            "summary": "2 of 3 devices of r-1 would be taken back",
            "counts": {"read": 3, "removed": 2, "kept": 1, "failed": 0},
            "results": "s3://acme-runs/runs/undo-r-1/results.csv",
        });
        Report { text: json.to_string(), json, folder: "s3://acme-runs/runs/undo-r-1/".into() }
    }

    const RESULTS: &str = "entry,place,id,thing,certificate_id,outcome,code,reason,retry,unit,warnings\n\
        1,line 1,01,device-1,aa,removed,,,,1,\n\
        2,line 2,02,device-2,bb,kept,Undo.StatusChanged,its certificate is INACTIVE,no,2,\n";

    #[test]
    fn what_is_kept_is_named_with_its_reason() {
        let kept = kept(RESULTS.as_bytes()).unwrap();
        insta::assert_snapshot!(render(&report(true), &kept), @r"
        undo-r-1: 2 of 3 devices of r-1 would be taken back
          would go               2
          would stay             1
          device-2 (line 2): Undo.StatusChanged: its certificate is INACTIVE
          report   s3://acme-runs/runs/undo-r-1/report.json
          devices  s3://acme-runs/runs/undo-r-1/results.csv
        ");
    }

    #[test]
    fn only_where_it_was_told_there_is_something_to_do() {
        let next = |dry| next(&report(dry), "--stack acme", "r-1");
        assert_eq!(
            next(true).as_deref(),
            Some("nothing was written yet. To do it: cargo xtask undo r-1 --stack acme --yes")
        );
        assert_eq!(next(false), None);
    }

    #[test]
    fn with_many_devices_the_results_are_pointed_at() {
        let line = |number| format!("{number},line {number},,d-{number},aa,kept,C.D,why,no,1,\n");
        let (head, _) = RESULTS.split_once('\n').unwrap();
        let results: String = (0..50).map(line).collect();
        let kept = kept(format!("{head}\n{results}").as_bytes()).unwrap();
        let text = render(&report(false), &kept);
        assert!(text.contains("d-19 ") && !text.contains("d-20 "), "{text}");
        assert!(text.contains("and others: the results name all of them"), "{text}");
    }
}
