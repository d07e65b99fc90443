//! How many functions AWS Lambda runs at a time in this account, against how many a run needs.

use std::collections::BTreeMap;

use aws_sdk_lambda::Client;
use serde_json::Value;

use super::{Finding, Patient};
use crate::aws::failure;

const TOPIC: &str = "concurrency";
/// AWS Lambda keeps this many for functions that have none reserved.
const UNRESERVED: u64 = 100;

pub(super) async fn look(patient: Patient<'_>) -> Vec<Finding> {
    let asked = Client::new(patient.aws).get_account_settings().send().await;
    let limit = match asked {
        Ok(settings) => settings.account_limit,
        Err(error) => {
            return vec![Finding::not_asked(TOPIC, format!("AWS Lambda: {:#}", failure(error)))];
        }
    };
    let Some(limit) = limit else {
        return vec![Finding::not_asked(TOPIC, "AWS Lambda does not tell the account's limit")];
    };
    let all = u64::try_from(limit.concurrent_executions).unwrap_or(0);
    let left = limit.unreserved_concurrent_executions.and_then(|left| u64::try_from(left).ok());
    let reserved = reserved(patient.template);
    findings(all, left.unwrap_or(all), u64::from(patient.config.concurrency()), &reserved)
}

/// What the template reserves, by the functions' names.
fn reserved(template: &str) -> BTreeMap<String, u64> {
    let template: Value = serde_json::from_str(template).unwrap_or_default();
    let resources = template.get("Resources").and_then(Value::as_object);
    let each = |(id, resource): (&String, &Value)| {
        let reserved = resource.pointer("/Properties/ReservedConcurrentExecutions")?.as_u64()?;
        Some((id.strip_suffix("Function").unwrap_or(id).to_lowercase(), reserved))
    };
    resources.into_iter().flatten().filter_map(each).collect()
}

fn findings(
    all: u64,
    unreserved: u64,
    workers: u64,
    reserved: &BTreeMap<String, u64>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let ask = "ask Service Quotas for more of AWS Lambda's concurrent executions";
    if unreserved < workers {
        findings.push(Finding::warning(
            TOPIC,
            format!(
                "{unreserved} executions of {all} are left, and a run has {workers} workers at a time: some wait their turn"
            ),
            ask,
        ));
    } else {
        findings.push(Finding::ok(
            TOPIC,
            format!(
                "{unreserved} executions of {all} are left; a run has {workers} workers at a time"
            ),
        ));
    }
    let sum: u64 = reserved.values().sum();
    if sum > 0 && all.saturating_sub(sum) < UNRESERVED {
        findings.push(Finding::error(
            TOPIC,
            format!(
                "[reserved_concurrency] takes {sum} of {all}, and AWS Lambda keeps {UNRESERVED} for other functions"
            ),
            format!("reserve less, or {ask}"),
        ));
    }
    for function in ["register", "activate"] {
        if let Some(reserved) = reserved.get(function).filter(|reserved| **reserved < workers) {
            findings.push(Finding::warning(
                TOPIC,
                format!("{reserved} executions are reserved for {function}, and a run has {workers} workers"),
                format!("write {function} = {workers} in [reserved_concurrency], or leave the line out"),
            ));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{super::Level, findings, reserved};

    #[track_caller]
    fn check(all: u64, left: u64, reserved: &[(&str, u64)], expected: &[(Level, &str)]) {
        let reserved: BTreeMap<String, u64> =
            reserved.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
        let found = findings(all, left, 8, &reserved);
        let found: Vec<(Level, &str)> =
            found.iter().map(|finding| (finding.level, finding.text.as_str())).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_new_account_has_few_executions() {
        check(
            1000,
            1000,
            &[],
            &[(Level::Ok, "1000 executions of 1000 are left; a run has 8 workers at a time")],
        );
        check(
            10,
            5,
            &[],
            &[(
                Level::Warning,
                "5 executions of 10 are left, and a run has 8 workers at a time: some wait their turn",
            )],
        );
    }

    #[test]
    fn what_is_reserved_leaves_a_hundred_and_serves_a_run() {
        check(
            200,
            200,
            &[("register", 101), ("activate", 4)],
            &[
                (Level::Ok, "200 executions of 200 are left; a run has 8 workers at a time"),
                (
                    Level::Error,
                    "[reserved_concurrency] takes 105 of 200, and AWS Lambda keeps 100 for other functions",
                ),
                (Level::Warning, "4 executions are reserved for activate, and a run has 8 workers"),
            ],
        );
    }

    #[test]
    fn what_is_reserved_is_read_from_the_template() {
        let template = r#"{"Resources": {
            "RegisterFunction": {"Properties": {"ReservedConcurrentExecutions": 8}},
            "ReportFunction": {"Properties": {}}
        }}"#;
        assert_eq!(reserved(template), BTreeMap::from([("register".to_owned(), 8)]));
    }
}
