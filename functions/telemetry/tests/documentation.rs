//! The documentation names every metric as it is.

#![expect(
    clippy::unwrap_used,
    reason = "a test says by panicking that something is not as it should be"
)]

use std::{env, fmt::Write as _, fs, path::Path};

use telemetry::{METRICS, METRICS_BY, Metric};

const HEAD: &str = "| metric | by | unit | counts |\n|---|---|---|---|\n";

#[test]
fn the_documentation_has_every_metric() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/monitoring.md");
    let page = fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once(HEAD).unwrap();
    let (_, after) = rest.split_once("\n\n").unwrap();
    let expected = format!("{before}{HEAD}{}\n{after}", rows());
    if env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        fs::write(&path, &expected).unwrap();
    }
    assert!(
        fs::read_to_string(&path).unwrap() == expected,
        "docs/monitoring.md is not what the metrics say: write it with INSTA_UPDATE=always"
    );
}

fn rows() -> String {
    let mut rows = String::new();
    let plain = METRICS.iter().map(|metric| (*metric, String::new()));
    let by = METRICS_BY.iter().map(|by| (by.metric, format!(" `{}`", by.dimension)));
    for (Metric { name, unit, means }, dimension) in plain.chain(by) {
        writeln!(rows, "| `{name}` |{dimension} | {unit} | {means} |").unwrap();
    }
    rows
}
