//! A dashboard: rows of widgets, as CloudWatch draws them.

use serde_json::{Value, json};

use super::alarm::Alarm;
use super::console;
use crate::config::Config;
use crate::intrinsics::sub;
use crate::metrics::{self, Metric};
use crate::template::{Resource, Template};
use crate::values::with;

/// Stands in a text for the beginning of the console's addresses.
pub(crate) const CONSOLE: &str = "{console}";
/// How long one point of a line takes in.
const PERIOD_SECONDS: u32 = 300;

/// Widgets of one height, side by side. CloudWatch has 24 columns.
#[derive(Debug)]
pub(crate) struct Row {
    /// Height of all of them.
    pub(crate) height: u32,
    /// Each widget with its width.
    pub(crate) widgets: Vec<(u32, Widget)>,
}

/// What can be drawn.
#[derive(Debug)]
pub(crate) enum Widget {
    /// Markdown, with [`CONSOLE`] and `${...}` in it.
    Text(String),
    /// A light for each alarm, by its id.
    Alarms(&'static str, Vec<String>),
    /// Numbers, each for the whole time that the dashboard shows.
    Numbers(&'static str, Vec<Line>),
    /// Lines over time, and levels to compare them with.
    Lines(&'static str, Vec<Line>, Vec<Level>),
    /// Lines over time, one upon the other.
    Stacked(&'static str, Vec<Line>),
}

/// A metric, or what is computed of one.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    namespace: &'static str,
    metric: &'static str,
    dimensions: Vec<(&'static str, String)>,
    statistic: &'static str,
    label: String,
    a_second: bool,
}

/// A level that lines can be compared with.
#[derive(Clone, Debug)]
pub(crate) struct Level {
    /// What it is.
    pub(crate) label: String,
    /// Where it is.
    pub(crate) value: f64,
}

impl Line {
    /// A metric of the stack's own functions.
    pub(crate) fn own(
        config: &Config,
        metric: Metric,
        statistic: &'static str,
        label: &str,
    ) -> Self {
        Self {
            namespace: metrics::NAMESPACE,
            metric: metric.name,
            dimensions: vec![(metrics::STACK, config.stack.clone())],
            statistic,
            label: label.to_owned(),
            a_second: false,
        }
    }

    /// The sum of such a metric, a line for each value of its further dimension.
    pub(crate) fn each(config: &Config, metric: Metric) -> Vec<Self> {
        let lines = metric.dimension.iter().flat_map(|dimension| {
            dimension.values.iter().map(|value| {
                let mut line = Self::own(config, metric, "Sum", &value.replace('_', " "));
                line.dimensions.push((dimension.name, (*value).to_owned()));
                line
            })
        });
        lines.collect()
    }

    /// A metric that an AWS service keeps of one of its resources.
    pub(crate) fn of_service(
        (namespace, metric): (&'static str, &'static str),
        (dimension, value): (&'static str, String),
        statistic: &'static str,
        label: &str,
    ) -> Self {
        let dimensions = vec![(dimension, value)];
        let label = label.to_owned();
        Self { namespace, metric, dimensions, statistic, label, a_second: false }
    }

    /// The same, counted a second.
    pub(crate) fn a_second(self) -> Self {
        Self { a_second: true, ..self }
    }

    fn json(&self, index: usize) -> Vec<Value> {
        let mut metric = vec![json!(self.namespace), json!(self.metric)];
        for (name, value) in &self.dimensions {
            metric.extend([json!(name), json!(value)]);
        }
        let id = format!("m{index}");
        let shown = json!({ "id": id, "stat": self.statistic, "label": self.label });
        if !self.a_second {
            metric.push(shown);
            return vec![json!(metric)];
        }
        metric.push(with(shown, "visible", json!(false)));
        let computed = json!([{
            "expression": format!("{id}/PERIOD({id})"),
            "id": format!("e{index}"),
            "label": self.label,
        }]);
        vec![json!(metric), computed]
    }
}

/// Adds a dashboard of the stack's name.
pub(crate) fn add(template: &mut Template, id: &str, config: &Config, rows: &[Row]) {
    let mut body = json!({ "widgets": widgets(template, id, rows) });
    // Another crate of the build may have switched serde_json to insertion order.
    body.sort_all_objects();
    // Line by line, so that a change can be read in the template and its snapshot.
    let lines: Vec<Value> = format!("{body:#}").lines().map(filled).collect();
    template.add(
        id,
        Resource::new(
            "AWS::CloudWatch::Dashboard",
            json!({ "DashboardName": config.stack, "DashboardBody": { "Fn::Join": ["\n", lines] } }),
        ),
    );
}

/// The id of an alarm as a widget names it.
pub(crate) fn alarm(alarm: &Alarm) -> String {
    format!("${{{}.Arn}}", alarm.id())
}

fn widgets(template: &mut Template, id: &str, rows: &[Row]) -> Vec<Value> {
    let mut widgets = Vec::new();
    let mut y = 0;
    for row in rows {
        let mut x = 0;
        for (width, widget) in &row.widgets {
            let widget = with(widget.json(), "x", json!(x));
            let widget = with(with(widget, "y", json!(y)), "width", json!(width));
            widgets.push(with(widget, "height", json!(row.height)));
            x += width;
        }
        if x != 24 {
            template.violation(id, format!("a row of widgets must be 24 columns wide, got {x}"));
        }
        y += row.height;
    }
    widgets
}

impl Widget {
    fn json(&self) -> Value {
        let (kind, properties) = match self {
            Self::Text(markdown) => ("text", json!({ "markdown": markdown })),
            Self::Alarms(title, alarms) => ("alarm", json!({ "title": title, "alarms": alarms })),
            Self::Numbers(title, lines) => {
                let graph = with(graph(title, lines), "view", json!("singleValue"));
                ("metric", with(graph, "setPeriodToTimeRange", json!(true)))
            }
            Self::Lines(title, lines, levels) => {
                let levels: Vec<Value> = levels
                    .iter()
                    .map(|Level { label, value }| json!({ "label": label, "value": value }))
                    .collect();
                let graph = with(graph(title, lines), "view", json!("timeSeries"));
                ("metric", with(graph, "annotations", json!({ "horizontal": levels })))
            }
            Self::Stacked(title, lines) => {
                let graph = with(graph(title, lines), "view", json!("timeSeries"));
                ("metric", with(graph, "stacked", json!(true)))
            }
        };
        json!({ "type": kind, "properties": properties })
    }
}

fn graph(title: &str, lines: &[Line]) -> Value {
    let metrics: Vec<Value> =
        lines.iter().enumerate().flat_map(|(index, line)| line.json(index)).collect();
    json!({
        "title": title,
        "region": "${AWS::Region}",
        "period": PERIOD_SECONDS,
        "metrics": metrics,
    })
}

/// A line with what CloudFormation has to fill in.
fn filled(line: &str) -> Value {
    let part = |text: &str| if text.contains("${") { sub(text) } else { json!(text) };
    let mut parts = line.split(CONSOLE).map(part);
    let Some(first) = parts.next() else { return json!(line) };
    let rest: Vec<Value> = parts.flat_map(|part| [console::host(), part]).collect();
    if rest.is_empty() {
        return first;
    }
    let all: Vec<Value> = std::iter::once(first).chain(rest).collect();
    json!({ "Fn::Join": ["", all] })
}
