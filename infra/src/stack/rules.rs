//! What starts the machines.

use serde_json::json;

use super::arrivals::ARRIVALS;
use super::channels::Channels;
use super::machines::Machines;
use crate::config::Config;
use crate::constructs::rule::{Rule, RuleProps, Trigger};
use crate::names;
use crate::template::Template;

/// As often as a lease of a run that nobody works on any more expires.
const WATCH_EVERY: &str = "rate(15 minutes)";

pub(super) fn rules(
    template: &mut Template,
    config: &Config,
    channels: &Channels,
    machines: &Machines,
) {
    let stack = &config.stack;
    let undelivered = &channels.undelivered;
    let arrivals = ARRIVALS.map(|arrival| {
        let props = RuleProps {
            description: format!(
                "A file arrived in the bucket for {}: its run is started",
                arrival.takes
            ),
            trigger: Trigger::Events(json!({
                "source": ["aws.s3"],
                "detail-type": ["Object Created"],
                "detail": { "bucket": { "name": [names::bucket(config, arrival.name)] } },
            })),
            name: format!("{stack}-{}", arrival.name),
            target: &machines.ingest,
            input: Some(format!(
                r#"{{"vendor":"{}","event":<aws.events.event.json>}}"#,
                arrival.name
            )),
            undelivered,
        };
        Rule::new(template, arrival.rule, config, props).arn()
    });
    let props = RuleProps {
        name: format!("{stack}-closing"),
        description: "A run ended badly: its report is written if it has none".to_owned(),
        // The children of a Map have a machine ARN of their own, `<machine>/<label>`, and do not
        // match.
        trigger: Trigger::Events(json!({
            "source": ["aws.states"],
            "detail-type": ["Step Functions Execution Status Change"],
            "detail": {
                "stateMachineArn": [
                    machines.import.arn(),
                    machines.activate.arn(),
                    machines.undo.arn(),
                ],
                "status": ["FAILED", "TIMED_OUT", "ABORTED"],
            },
        })),
        target: &machines.closing,
        input: None,
        undelivered,
    };
    let closing = Rule::new(template, "Closing", config, props).arn();
    let props = RuleProps {
        name: format!("{stack}-watch"),
        description: "Looks for runs that nobody works on any more".to_owned(),
        trigger: Trigger::Schedule(WATCH_EVERY),
        target: &machines.watch,
        input: None,
        undelivered,
    };
    let watch = Rule::new(template, "Watch", config, props).arn();
    undelivered.accept_from(template, arrivals.into_iter().chain([closing, watch]).collect());
}
