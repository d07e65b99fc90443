//! Figures, and the lines that they become.

use std::{
    collections::BTreeMap,
    io::{self, Write},
    time::{SystemTime, UNIX_EPOCH},
};

use serde_json::{Map, Value, json};

use crate::{Metric, MetricBy, NAMESPACE, STACK};

/// Figures of one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures {
    plain: Vec<(Metric, f64)>,
    /// By name and value of the second dimension.
    by: BTreeMap<(&'static str, String), Vec<(Metric, f64)>>,
}

impl Figures {
    /// Adds a figure.
    pub fn add(&mut self, metric: Metric, figure: f64) {
        self.plain.push((metric, figure));
    }

    /// Adds a count. CloudWatch keeps figures as floating point anyway.
    pub fn count(&mut self, metric: Metric, count: u64) {
        self.add(metric, float(count));
    }

    /// Adds a figure of a metric with a second dimension, for one value of that.
    pub fn add_by(&mut self, MetricBy { metric, dimension }: MetricBy, value: &str, figure: f64) {
        self.by.entry((dimension, value.to_owned())).or_default().push((metric, figure));
    }

    /// Adds a count of a metric with a second dimension.
    pub fn count_by(&mut self, metric: MetricBy, value: &str, count: u64) {
        self.add_by(metric, value, float(count));
    }

    /// One document for the figures without a second dimension, and one for each of its values.
    fn documents(&self, stack: &str, run: Option<&str>, milliseconds: u64) -> Vec<Value> {
        let plain =
            (!self.plain.is_empty()).then(|| document(stack, run, milliseconds, None, &self.plain));
        let by = self.by.iter().map(|((dimension, value), figures)| {
            document(stack, run, milliseconds, Some((dimension, value)), figures)
        });
        plain.into_iter().chain(by).collect()
    }
}

/// Whose figures they are.
#[derive(Clone, Debug)]
pub struct Telemetry {
    stack: String,
    silent: bool,
}

impl Telemetry {
    /// Figures of this stack.
    pub fn new(stack: impl Into<String>) -> Self {
        Self { stack: stack.into(), silent: false }
    }

    /// Figures that nobody reads, of a simulation.
    pub fn silent() -> Self {
        Self { stack: String::new(), silent: true }
    }

    /// Name of the stack.
    pub fn stack(&self) -> &str {
        &self.stack
    }

    /// Writes the figures into the function's log; `run` makes the lines findable. Figures are no
    /// reason to fail.
    pub fn emit(&self, run: Option<&str>, figures: &Figures) {
        if self.silent {
            return;
        }
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let milliseconds = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
        let mut lines = String::new();
        for document in figures.documents(&self.stack, run, milliseconds) {
            lines.push_str(&document.to_string());
            lines.push('\n');
        }
        // In one piece, so that no other line comes in between.
        let _ = io::stdout().lock().write_all(lines.as_bytes());
    }
}

fn document(
    stack: &str,
    run: Option<&str>,
    milliseconds: u64,
    second: Option<(&str, &str)>,
    figures: &[(Metric, f64)],
) -> Value {
    let dimensions: Vec<&str> =
        std::iter::once(STACK).chain(second.map(|(dimension, _)| dimension)).collect();
    let metrics: Vec<Value> = figures
        .iter()
        .map(|(metric, _)| json!({ "Name": metric.name, "Unit": metric.unit }))
        .collect();
    let about = json!({
        "Timestamp": milliseconds,
        "CloudWatchMetrics": [
            { "Namespace": NAMESPACE, "Dimensions": [dimensions], "Metrics": metrics },
        ],
    });
    let mut members = Map::new();
    members.insert("_aws".to_owned(), about);
    members.insert(STACK.to_owned(), json!(stack));
    members.extend(second.map(|(dimension, value)| (dimension.to_owned(), json!(value))));
    members.extend(run.map(|run| ("run".to_owned(), json!(run))));
    members.extend(figures.iter().map(|(metric, figure)| (metric.name.to_owned(), json!(figure))));
    Value::Object(members)
}

/// A count as a figure. Counts stay far below 2^52, up to which this is exact.
#[expect(
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "no lossless conversion exists, and a figure of CloudWatch is a float"
)]
pub const fn float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::{CALLS, DEVICES, ENTRIES_READ, METRICS, METRICS_BY, RUN_DURATION, THROTTLED_CALLS};

    #[track_caller]
    fn check(add: impl FnOnce(&mut Figures), run: Option<&str>, expected: &[Value]) {
        let mut figures = Figures::default();
        add(&mut figures);
        assert_eq!(figures.documents("acme", run, 1_700_000_000_123), expected);
    }

    #[test]
    fn figures_of_the_stack_share_a_line_that_names_the_run() {
        let expected = json!({
            "_aws": {
                "Timestamp": 1_700_000_000_123_u64,
                "CloudWatchMetrics": [{
                    "Namespace": "Thingpress",
                    "Dimensions": [["Stack"]],
                    "Metrics": [
                        { "Name": "EntriesRead", "Unit": "Count" },
                        { "Name": "RunDuration", "Unit": "Seconds" },
                    ],
                }],
            },
            "Stack": "acme",
            "run": "r-1",
            "EntriesRead": 10.0,
            "RunDuration": 1.5,
        });
        let add = |figures: &mut Figures| {
            figures.count(ENTRIES_READ, 10);
            figures.add(RUN_DURATION, 1.5);
        };
        check(add, Some("r-1"), &[expected]);
    }

    #[test]
    fn each_value_of_a_second_dimension_has_its_line() {
        let line = |dimension: &str, value: &str, names: &[&str], figures: &[(&str, f64)]| {
            let metrics: Vec<_> =
                names.iter().map(|name| json!({ "Name": name, "Unit": "Count" })).collect();
            let mut line = json!({
                "_aws": {
                    "Timestamp": 1_700_000_000_123_u64,
                    "CloudWatchMetrics": [{
                        "Namespace": "Thingpress",
                        "Dimensions": [["Stack", dimension]],
                        "Metrics": metrics,
                    }],
                },
                "Stack": "acme",
                dimension: value,
            });
            for (name, figure) in figures {
                line[*name] = json!(figure);
            }
            line
        };
        let add = |figures: &mut Figures| {
            figures.count_by(DEVICES, "failed", 2);
            figures.count_by(CALLS, "CreateThing", 7);
            figures.count_by(THROTTLED_CALLS, "CreateThing", 3);
            figures.count_by(DEVICES, "created", 1);
        };
        let both = [("Calls", 7.0), ("ThrottledCalls", 3.0)];
        let expected = [
            line("Call", "CreateThing", &["Calls", "ThrottledCalls"], &both),
            line("Outcome", "created", &["Devices"], &[("Devices", 1.0)]),
            line("Outcome", "failed", &["Devices"], &[("Devices", 2.0)]),
        ];
        check(add, None, &expected);
    }

    #[test]
    fn nothing_is_no_line() {
        check(|_| {}, Some("r-1"), &[]);
    }

    #[test]
    fn every_metric_has_a_name_of_its_own_and_a_unit_of_cloudwatchs() {
        let all: Vec<Metric> =
            METRICS.iter().copied().chain(METRICS_BY.iter().map(|by| by.metric)).collect();
        let names: BTreeSet<&str> = all.iter().map(|metric| metric.name).collect();
        assert_eq!(names.len(), all.len());
        for Metric { name, unit, means } in all {
            assert!(["Count", "Seconds", "None"].contains(&unit), "{name}");
            assert!(!means.is_empty() && !means.ends_with('.'), "{name}");
        }
    }
}
