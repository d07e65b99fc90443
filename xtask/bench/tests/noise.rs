//! What a person and a program get where the machine was too noisy: no figure, the reason, and a failure.
#![expect(
    clippy::unwrap_used,
    reason = "a helper that panics fails the test that called it, as it should"
)]

use std::{fs, path::PathBuf, process::Output};

use assert_cmd::Command;
use serde_json::{Value, json};

/// Figures as they come out of these runs.
fn show(runs: &Value, options: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let series: PathBuf = folder.path().join("series.json");
    fs::write(&series, runs.to_string()).unwrap();
    let mut bench = Command::cargo_bin("bench").unwrap();
    bench.args(["child", "show"]).arg(series).args(options).env("NO_COLOR", "1").output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn runs(values: &[f64]) -> Value {
    json!([{"name": "a.rate", "runs": values, "at_least": 90.0}])
}

const CALM: [f64; 5] = [95.0, 100.0, 105.0, 110.0, 124.0];
const SLOW: [f64; 5] = [80.0, 81.0, 82.0, 83.0, 84.0];
/// A third more than the median lies between the ends.
const NOISY: [f64; 5] = [94.0, 100.0, 105.0, 110.0, 130.0];

#[test]
fn calm_runs_give_their_median() {
    let output = show(&runs(&CALM), &[]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("a.rate  105 /s  ≥ 90.0"), "{}", text(&output.stdout));
}

#[test]
fn noisy_runs_give_no_figure_and_a_reason() {
    let output = show(&runs(&NOISY), &[]);
    assert_eq!(output.status.code(), Some(1));
    let (table, said) = (text(&output.stdout), text(&output.stderr));
    assert!(table.contains("too noisy") && table.contains("not reported"), "{table}");
    assert!(!table.contains("105"), "{table}");
    assert!(said.contains("a.rate: its runs differ by 34 %"), "{said}");
    assert!(said.contains("measure again while nothing else runs here"), "{said}");
}

#[test]
fn programs_get_null_for_a_noisy_figure() {
    let output = show(&runs(&NOISY), &["--json"]);
    assert_eq!(output.status.code(), Some(1));
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    let figure = &told["figures"][0];
    assert_eq!((&figure["value"], &figure["met"]), (&Value::Null, &Value::Null), "{told}");
    assert_eq!(figure["target"], 90.0);
    assert!(
        told["machine"].as_str().is_some_and(|machine| machine.contains("processor")),
        "{told}"
    );
}

#[test]
fn a_missed_target_is_a_failure() {
    let output = show(&runs(&SLOW), &["--json"]);
    assert_eq!(output.status.code(), Some(1));
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    let figure = &told["figures"][0];
    let keys: Vec<_> = figure.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["name", "value", "unit", "target", "limit", "spread", "met"]);
    assert_eq!((&figure["value"], &figure["met"]), (&json!(82.0), &json!(false)));
}
