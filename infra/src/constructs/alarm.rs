//! Alarms, which tell people by the topic.

use serde_json::{Value, json};

use super::console;
use crate::config::Config;
use crate::metrics::{self, Metric};
use crate::template::{Resource, Template};

/// The longest description that CloudWatch takes.
const MAX_DESCRIPTION: usize = 1024;

/// What an alarm looks at.
#[derive(Clone, Debug)]
pub(crate) struct Watched {
    namespace: &'static str,
    metric: &'static str,
    dimensions: Vec<(&'static str, Value)>,
}

impl Watched {
    /// A metric of the stack's own functions.
    pub(crate) fn own(config: &Config, metric: Metric) -> Self {
        Self {
            namespace: metrics::NAMESPACE,
            metric: metric.name,
            dimensions: vec![(metrics::STACK, json!(config.stack))],
        }
    }

    /// A metric that an AWS service keeps of one of its resources.
    pub(crate) fn of_service(
        namespace: &'static str,
        metric: &'static str,
        dimension: &'static str,
        value: Value,
    ) -> Self {
        Self { namespace, metric, dimensions: vec![(dimension, value)] }
    }
}

/// When an alarm rings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rings {
    /// As soon as something is counted.
    AtOnce,
    /// When something was counted in three looks one after the other.
    WhenItLasts,
    /// While something is there.
    WhileThere,
    /// When something is found, by one who looks every fifteen minutes.
    WhenFound,
}

impl Rings {
    /// The statistic, the seconds of one look, and the looks that must find it.
    const fn figures(self) -> (&'static str, u32, u32) {
        match self {
            Self::AtOnce => ("Sum", 300, 1),
            Self::WhenItLasts => ("Sum", 300, 3),
            Self::WhileThere => ("Maximum", 300, 1),
            // Two looks long, so that one which comes a little late leaves no gap in which all seems well.
            Self::WhenFound => ("Maximum", 1_800, 1),
        }
    }
}

/// What to make an alarm from.
#[derive(Clone, Debug)]
pub(crate) struct AlarmProps {
    /// What happened and what to do, in whole sentences.
    pub(crate) description: String,
    /// Where in the console to look: what stands behind the console's address, `${...}` filled in.
    pub(crate) page: String,
    /// What it looks at.
    pub(crate) watched: Watched,
    /// When it rings.
    pub(crate) rings: Rings,
    /// Where the message goes.
    pub(crate) topic: Value,
}

/// An alarm that rings at the first count, and says when it is over. Where nothing is measured,
/// nothing happened.
#[derive(Debug)]
pub(crate) struct Alarm {
    id: String,
}

impl Alarm {
    /// Adds an alarm with the id `<id>Alarm`. Its name is made of the id: `RunsStuck` is `<stack>-runs-stuck`.
    pub(crate) fn new(
        template: &mut Template,
        id: &str,
        config: &Config,
        props: AlarmProps,
    ) -> Self {
        let alarm = Self { id: format!("{id}Alarm") };
        let AlarmProps { description, page, watched, rings, topic } = props;
        let (statistic, period_seconds, looks) = rings.figures();
        // What CloudFormation fills in makes it some 200 longer.
        if description.len() + page.len() + 200 > MAX_DESCRIPTION {
            template.violation(
                &alarm.id,
                format!("a description may have {MAX_DESCRIPTION} characters with its link"),
            );
        }
        let dimensions: Vec<Value> = watched
            .dimensions
            .iter()
            .map(|(name, value)| json!({ "Name": name, "Value": value }))
            .collect();
        let properties = json!({
            "AlarmName": format!("{}{}", config.stack, words(id)),
            "AlarmDescription": console::text_with_page(&description, &page),
            "Namespace": watched.namespace,
            "MetricName": watched.metric,
            "Dimensions": dimensions,
            "Statistic": statistic,
            "Period": period_seconds,
            "EvaluationPeriods": looks,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "Threshold": 1,
            "TreatMissingData": "notBreaching",
            "AlarmActions": [topic.clone()],
            "OKActions": [topic],
        });
        template.add(&alarm.id, Resource::new("AWS::CloudWatch::Alarm", properties));
        alarm
    }

    /// Id of the alarm's resource.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }
}

/// `RunsStuck` as `-runs-stuck`.
fn words(id: &str) -> String {
    let mut words = String::new();
    for letter in id.chars() {
        if letter.is_ascii_uppercase() {
            words.push('-');
        }
        words.push(letter.to_ascii_lowercase());
    }
    words
}
