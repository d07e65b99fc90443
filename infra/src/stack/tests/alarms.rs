//! Who is told of what.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{resources, sample, template};
use crate::metrics::{METRICS, NAMESPACE};

/// The metrics of AWS's services that the stack reads.
pub(super) const OF_SERVICES: [(&str, &str, &str); 10] = [
    ("AWS/Events", "MatchedEvents", "RuleName"),
    ("AWS/Lambda", "Duration", "FunctionName"),
    ("AWS/Lambda", "Errors", "FunctionName"),
    ("AWS/Lambda", "Invocations", "FunctionName"),
    ("AWS/Lambda", "Throttles", "FunctionName"),
    ("AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName"),
    ("AWS/States", "ExecutionThrottled", "StateMachineArn"),
    ("AWS/States", "ExecutionsFailed", "StateMachineArn"),
    ("AWS/States", "ExecutionsSucceeded", "StateMachineArn"),
    ("AWS/States", "ExecutionsTimedOut", "StateMachineArn"),
];

fn alarms(template: &Value) -> Vec<(&String, &Value)> {
    let alarms = resources(template, "AWS::CloudWatch::Alarm");
    alarms.into_iter().map(|(id, alarm)| (id, &alarm["Properties"])).collect()
}

#[test]
fn these_are_all_the_alarms() {
    let template = template(&sample());
    let names: Vec<&str> = alarms(&template)
        .iter()
        .map(|(_, alarm)| alarm["AlarmName"].as_str().expect("a name"))
        .collect();
    let expected = [
        "activate-errors",
        "activate-throttles",
        "closing-failed",
        "closing-timed-out",
        "decode-espressif-errors",
        "decode-espressif-throttles",
        "decode-generated-errors",
        "decode-generated-throttles",
        "decode-infineon-errors",
        "decode-infineon-throttles",
        "decode-mes-errors",
        "decode-mes-throttles",
        "decode-microchip-errors",
        "decode-microchip-throttles",
        "files-not-started",
        "ingest-throttled",
        "ingest-timed-out",
        "plan-errors",
        "plan-throttles",
        "preflight-errors",
        "preflight-throttles",
        "register-errors",
        "register-throttles",
        "report-errors",
        "report-throttles",
        "runs-stopped",
        "runs-stuck",
        "runs-with-failures",
        "signatures-failed",
        "undelivered-events",
        "undo-errors",
        "undo-throttles",
        "watch-failed",
        "watch-timed-out",
    ];
    assert_eq!(names, expected.map(|name| format!("acme-thingpress-{name}")));
}

#[test]
fn each_tells_the_topic_when_it_begins_and_when_it_is_over() {
    let template = template(&sample());
    for (id, alarm) in alarms(&template) {
        for actions in ["AlarmActions", "OKActions"] {
            assert_eq!(alarm[actions], json!([{ "Ref": "NoticesTopic" }]), "{id}");
        }
        assert_eq!(alarm["TreatMissingData"], "notBreaching", "{id}: no runs are no failure");
        assert_eq!(alarm["Threshold"], 1, "{id}");
        assert_eq!(alarm["ComparisonOperator"], "GreaterThanOrEqualToThreshold", "{id}");
    }
}

#[test]
fn each_says_what_happened_what_to_do_and_where_to_look() {
    let template = template(&sample());
    let consoles = template["Mappings"]["Consoles"].as_object().expect("a table");
    assert!(consoles.contains_key("aws") && consoles.contains_key("aws-cn"));
    for (id, alarm) in alarms(&template) {
        let parts = alarm["AlarmDescription"]["Fn::Join"][1].as_array().expect("parts");
        let [text, host, page] = parts.as_slice() else { panic!("{id}: {parts:?}") };
        let text = text.as_str().expect("a text");
        assert!(text.ends_with(". ") && text.matches(". ").count() > 1, "{id}: {text}");
        assert!(host.to_string().contains("{\"Ref\":\"AWS::Partition\"}"), "{id}: {host}");
        let page = page["Fn::Sub"].as_str().expect("a page");
        assert!(page.contains("?region=${AWS::Region}#/"), "{id}: {page}");
    }
}

#[test]
fn each_looks_at_a_metric_that_there_is() {
    let template = template(&sample());
    let mut own = BTreeSet::new();
    for (id, alarm) in alarms(&template) {
        let metric = alarm["MetricName"].as_str().expect("a metric");
        let dimensions = alarm["Dimensions"].as_array().expect("dimensions");
        let [dimension] = dimensions.as_slice() else { panic!("{id}: {dimensions:?}") };
        let name = dimension["Name"].as_str().expect("a name");
        if alarm["Namespace"] == NAMESPACE {
            assert!(METRICS.iter().any(|known| known.name == metric), "{id}: {metric}");
            assert_eq!(dimension, &json!({ "Name": "Stack", "Value": "acme-thingpress" }), "{id}");
            own.insert(metric);
        } else {
            let namespace = alarm["Namespace"].as_str().expect("a namespace");
            assert!(OF_SERVICES.contains(&(namespace, metric, name)), "{id}: {namespace} {metric}");
        }
    }
    let expected = ["RunsStopped", "RunsStuck", "RunsWithFailures", "SignaturesFailed"];
    assert_eq!(own, expected.into());
}

#[test]
fn what_is_looked_for_every_fifteen_minutes_rings_at_the_first_find() {
    let template = template(&sample());
    let figures = |id: &str| {
        let alarm = &template["Resources"][id]["Properties"];
        [&alarm["Statistic"], &alarm["Period"], &alarm["EvaluationPeriods"]].map(Value::clone)
    };
    assert_eq!(figures("RunsStuckAlarm"), [json!("Maximum"), json!(1_800), json!(1)]);
    assert_eq!(figures("UndeliveredEventsAlarm"), [json!("Maximum"), json!(300), json!(1)]);
    assert_eq!(figures("RegisterErrorsAlarm"), [json!("Sum"), json!(300), json!(1)]);
    // A function that was refused a start is tried again, so a single refusal is nobody's concern.
    assert_eq!(figures("RegisterThrottlesAlarm"), [json!("Sum"), json!(300), json!(3)]);
}
