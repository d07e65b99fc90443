use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::arrivals::{ARRIVALS, Arrival};
use super::*;
use crate::REQUIRE_TLS;

mod actions;
mod alarms;
mod dashboard;
mod derived;
mod machines;
mod options;
mod people;
mod roles;

const SAMPLE: &str = include_str!("../../thingpress.toml");
const EVERY_OPTION: &str = include_str!("tests/every_option.toml");

fn sample() -> Config {
    Config::parse(SAMPLE).unwrap_or_else(|error| panic!("{error}"))
}

/// The configuration with every option that the sample leaves at its default.
fn every_option() -> Config {
    Config::parse(EVERY_OPTION).unwrap_or_else(|error| panic!("{error}"))
}

fn template(config: &Config) -> Value {
    let text = synthesize(config).unwrap_or_else(|violations| panic!("{violations:?}"));
    serde_json::from_str(&text).expect("JSON")
}

fn resources<'t>(template: &'t Value, kind: &str) -> Vec<(&'t String, &'t Value)> {
    let resources = template["Resources"].as_object().expect("resources");
    resources.iter().filter(|(_, resource)| resource["Type"] == kind).collect()
}

#[test]
fn the_sample_gives_this_template() {
    insta::assert_snapshot!("template", synthesize(&sample()).expect("a template"));
}

#[test]
fn the_same_configuration_gives_the_same_bytes() {
    let first = synthesize(&sample()).expect("a template");
    let second = synthesize(&sample()).expect("a template");
    assert_eq!(first, second);
    let mut value: Value = serde_json::from_str(&first).expect("JSON");
    value.sort_all_objects();
    assert_eq!(first, format!("{value:#}\n"), "keys are sorted and the text is pretty");
}

#[test]
fn wrong_values_set_by_code_are_violations() {
    let mut config = sample();
    config.stack = "Acme".to_owned();
    config.rate.attach_policy = 0.0;
    let violations = synthesize(&config).expect_err("violations");
    let messages: Vec<String> = violations.iter().map(Violation::to_string).collect();
    assert_eq!(messages.len(), 2, "{messages:?}");
    assert!(messages[0].starts_with("`configuration`: `stack` must be"), "{messages:?}");
    assert!(
        messages[1].starts_with("`configuration`: `attach_policy` in [rate] must be"),
        "{messages:?}"
    );
}

#[test]
fn every_name_starts_with_the_stack() {
    let template = template(&sample());
    let names = ["BucketName", "FunctionName", "StateMachineName", "RoleName", "QueueName", "Name"];
    let mut found = BTreeSet::new();
    for (id, resource) in template["Resources"].as_object().expect("resources") {
        for name in names.iter().filter_map(|key| resource["Properties"][key].as_str()) {
            assert!(name.starts_with("acme-thingpress-"), "{id} is called {name}");
            assert!(name.len() <= 64, "{id} is called {name}");
            found.insert((resource["Type"].as_str(), name));
        }
    }
    let buckets: Vec<&str> = found
        .iter()
        .filter(|(kind, _)| *kind == Some("AWS::S3::Bucket"))
        .map(|(_, name)| *name)
        .collect();
    assert_eq!(
        buckets,
        [
            "acme-thingpress-espressif",
            "acme-thingpress-generated",
            "acme-thingpress-infineon",
            "acme-thingpress-mes",
            "acme-thingpress-microchip",
            "acme-thingpress-runs",
        ]
    );
}

#[test]
fn buckets_are_private_versioned_encrypted_and_outlive_the_stack() {
    let template = template(&sample());
    let buckets = resources(&template, "AWS::S3::Bucket");
    assert_eq!(buckets.len(), BUCKETS.len() + 1);
    for (id, bucket) in buckets {
        let properties = &bucket["Properties"];
        assert_eq!(bucket["DeletionPolicy"], "Retain", "{id}");
        assert_eq!(bucket["UpdateReplacePolicy"], "Retain", "{id}");
        assert_eq!(properties["VersioningConfiguration"]["Status"], "Enabled", "{id}");
        let encryption = &properties["BucketEncryption"]["ServerSideEncryptionConfiguration"][0];
        assert_eq!(encryption["ServerSideEncryptionByDefault"]["SSEAlgorithm"], "AES256", "{id}");
        let public = properties["PublicAccessBlockConfiguration"].as_object().expect("a block");
        assert_eq!(public.len(), 4, "{id}");
        assert!(public.values().all(|blocked| blocked == true), "{id}");
        assert_eq!(
            properties["OwnershipControls"]["Rules"][0]["ObjectOwnership"], "BucketOwnerEnforced",
            "{id}"
        );
        let policy = &template["Resources"][format!("{id}Policy")]["Properties"];
        assert_eq!(policy["Bucket"]["Ref"], id.as_str());
        let statement = &policy["PolicyDocument"]["Statement"][0];
        assert_eq!(statement["Effect"], "Deny", "{id}");
        assert_eq!(
            statement["Condition"],
            json!({ "Bool": { "aws:SecureTransport": "false" } }),
            "{id}"
        );
    }
}

#[test]
fn only_buckets_that_files_arrive_in_send_events_and_each_has_a_rule() {
    let template = template(&sample());
    let sending: Vec<&str> = resources(&template, "AWS::S3::Bucket")
        .into_iter()
        .map(|(_, bucket)| &bucket["Properties"])
        .filter(|properties| properties.get("NotificationConfiguration").is_some())
        .filter_map(|properties| properties["BucketName"].as_str())
        .collect();
    let mut expected: BTreeSet<String> =
        BUCKETS.iter().map(|name| format!("acme-thingpress-{name}")).collect();
    assert_eq!(sending.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>(), expected);
    for (id, rule) in resources(&template, "AWS::Events::Rule") {
        let properties = &rule["Properties"];
        let target = &properties["Targets"][0];
        assert_eq!(
            target["DeadLetterConfig"]["Arn"],
            json!({ "Fn::GetAtt": ["UndeliveredQueue", "Arn"] }),
            "{id}"
        );
        if properties["EventPattern"]["source"][0] == "aws.s3" {
            let bucket = properties["EventPattern"]["detail"]["bucket"]["name"][0]
                .as_str()
                .expect("a bucket");
            let name = bucket.strip_prefix("acme-thingpress-").expect("a name");
            assert!(expected.remove(bucket), "nothing arrives in {bucket}, or it has two rules");
            assert_eq!(target["Arn"], json!({ "Ref": "IngestMachine" }));
            assert_eq!(
                target["InputTransformer"]["InputTemplate"],
                format!("{{\"vendor\":\"{name}\",\"event\":<aws.events.event.json>}}")
            );
        } else if id == "WatchRule" {
            assert_eq!(target["Arn"], json!({ "Ref": "WatchMachine" }));
            assert_eq!(properties["ScheduleExpression"], "rate(15 minutes)");
            assert_eq!(properties.get("EventPattern"), None);
        } else {
            assert_eq!(target["Arn"], json!({ "Ref": "ClosingMachine" }));
            assert_eq!(target.get("InputTransformer"), None, "closing reads the whole event");
            let detail = &properties["EventPattern"]["detail"];
            assert_eq!(detail["status"], json!(["FAILED", "TIMED_OUT", "ABORTED"]));
            assert_eq!(
                detail["stateMachineArn"],
                json!([
                    { "Ref": "ImportMachine" },
                    { "Ref": "ActivateMachine" },
                    { "Ref": "UndoMachine" },
                ])
            );
        }
    }
    assert_eq!(resources(&template, "AWS::Events::Rule").len(), BUCKETS.len() + 2);
}

#[test]
fn only_the_stacks_own_rules_may_send_to_the_dead_letter_queue() {
    let template = template(&sample());
    let statements = &template["Resources"]["UndeliveredQueuePolicy"]["Properties"]["PolicyDocument"]
        ["Statement"];
    let allowed: Vec<&Value> = statements
        .as_array()
        .expect("statements")
        .iter()
        .filter(|statement| statement["Effect"] == "Allow")
        .collect();
    let [send] = allowed.as_slice() else { panic!("one statement allows, got {allowed:?}") };
    assert_eq!(send["Principal"], json!({ "Service": "events.amazonaws.com" }));
    assert_eq!(send["Action"], "sqs:SendMessage");
    let rules: Vec<Value> = resources(&template, "AWS::Events::Rule")
        .into_iter()
        .map(|(id, _)| json!({ "Fn::GetAtt": [id, "Arn"] }))
        .collect();
    let sources = send["Condition"]["ArnEquals"]["aws:SourceArn"].as_array().expect("sources");
    assert_eq!(sources.len(), rules.len());
    assert!(rules.iter().all(|rule| sources.contains(rule)), "{sources:?}");
    let queue = &template["Resources"]["UndeliveredQueue"]["Properties"];
    assert_eq!(queue["SqsManagedSseEnabled"], true);
    assert_eq!(queue["MessageRetentionPeriod"], 1_209_600);
}

#[test]
fn nobody_else_may_use_the_queues_and_the_topic_without_tls() {
    let template = template(&sample());
    for (policy, action) in [
        ("FailuresQueuePolicy", "sqs:*"),
        ("UndeliveredQueuePolicy", "sqs:*"),
        ("NoticesTopicPolicy", "sns:Publish"),
    ] {
        let policy = &template["Resources"][policy];
        let statements = policy["Properties"]["PolicyDocument"]["Statement"].as_array();
        let statement = statements.and_then(|all| all.last()).expect("a statement");
        // Off where the local cloud speaks plain HTTP: by the statement, or by the whole policy.
        let (switch, statement) = match statement.get("Fn::If") {
            Some(branches) => (&branches[0], &branches[1]),
            None => (&policy["Condition"], statement),
        };
        assert_eq!(switch, REQUIRE_TLS, "{policy}");
        assert_eq!(statement["Effect"], "Deny", "{policy}");
        assert_eq!(statement["Principal"], "*", "{policy}");
        assert_eq!(statement["Action"], action, "{policy}");
        let no_tls = json!({ "Bool": { "aws:SecureTransport": "false" } });
        assert_eq!(statement["Condition"], no_tls, "{policy}");
    }
    let failures = &template["Resources"]["FailuresQueue"]["Properties"];
    assert_eq!(failures["SqsManagedSseEnabled"], true);
    assert_eq!(failures["MessageRetentionPeriod"], 1_209_600);
}

#[test]
fn reports_stay_and_passing_files_expire() {
    let template = template(&sample());
    let rules = |bucket: &str| {
        template["Resources"][bucket]["Properties"]["LifecycleConfiguration"]["Rules"]
            .as_array()
            .expect("rules")
    };
    // Nothing but the tag makes a current object expire.
    let expiring: Vec<&Value> =
        rules("RunsBucket").iter().filter(|rule| rule.get("ExpirationInDays").is_some()).collect();
    let [passing] = expiring.as_slice() else { panic!("one rule expires, got {expiring:?}") };
    assert_eq!(passing["TagFilters"], json!([{ "Key": "thingpress", "Value": "passing" }]));
    assert_eq!(passing["ExpirationInDays"], 30);
    // A file that arrived is evidence, the replaced one too.
    for Arrival { bucket, .. } in ARRIVALS {
        for rule in rules(bucket) {
            assert_eq!(rule.get("ExpirationInDays"), None, "{bucket}");
            assert_eq!(rule.get("NoncurrentVersionExpiration"), None, "{bucket}");
        }
    }
}

#[test]
fn functions_take_their_zips_from_the_parameters() {
    let template = template(&sample());
    let parameters: BTreeSet<&str> = template["Parameters"]
        .as_object()
        .expect("parameters")
        .keys()
        .map(String::as_str)
        .collect();
    let mut expected = BTreeSet::from(PARAMETERS);
    expected.insert(REQUIRE_TLS);
    assert_eq!(parameters, expected);
    let functions = resources(&template, "AWS::Lambda::Function");
    assert_eq!(functions.len(), 11);
    for (id, function) in functions {
        let code = &function["Properties"]["Code"];
        assert_eq!(code["S3Bucket"], json!({ "Ref": "AssetsBucket" }));
        let key =
            if id.starts_with("Decode") { "DecodeKey" } else { &id.replace("Function", "Key") };
        assert_eq!(code["S3Key"], json!({ "Ref": key }));
        let environment = &function["Properties"]["Environment"]["Variables"];
        assert_eq!(environment["THINGPRESS_RUNS_BUCKET"], json!({ "Ref": "RunsBucket" }));
        assert_eq!(environment["THINGPRESS_STACK"], "acme-thingpress");
        let failures = (id == "ReportFunction").then(|| json!({ "Ref": "FailuresQueue" }));
        assert_eq!(environment.get("THINGPRESS_FAILURES_QUEUE"), failures.as_ref(), "{id}");
    }
}

#[test]
fn decode_has_room_for_two_archives() {
    let template = template(&sample());
    for (id, function) in resources(&template, "AWS::Lambda::Function") {
        let storage = function["Properties"].get("EphemeralStorage");
        let expected = id.starts_with("Decode").then(|| json!({ "Size": 1024 }));
        assert_eq!(storage, expected.as_ref(), "{id}");
    }
}

#[test]
fn the_configuration_reaches_functions_and_logs() {
    let mut config = sample();
    config.architecture = crate::Architecture::Arm64;
    config.log.retention_days = 30;
    let template = template(&config);
    for (id, function) in resources(&template, "AWS::Lambda::Function") {
        assert_eq!(function["Properties"]["Architectures"], json!(["arm64"]), "{id}");
    }
    let groups = resources(&template, "AWS::Logs::LogGroup");
    assert_eq!(groups.len(), 17);
    for (id, group) in groups {
        assert_eq!(group["Properties"]["RetentionInDays"], 30, "{id}");
    }
}

#[test]
fn outputs_tell_tools_what_there_is() {
    let template = template(&sample());
    let outputs = template["Outputs"].as_object().expect("outputs");
    assert_eq!(outputs["Vendors"]["Value"], "microchip,infineon,espressif,generated");
    for Arrival { bucket, .. } in ARRIVALS {
        assert_eq!(outputs[&format!("{bucket}Name")]["Value"], json!({ "Ref": bucket }));
    }
    assert_eq!(outputs["Profiles"]["Value"], "default,factory,gateway");
    assert_eq!(outputs["RunsBucketName"]["Value"], json!({ "Ref": "RunsBucket" }));
    assert_eq!(outputs["ImportMachineArn"]["Value"], json!({ "Ref": "ImportMachine" }));
    assert_eq!(outputs["ActivateMachineArn"]["Value"], json!({ "Ref": "ActivateMachine" }));
    assert_eq!(outputs["WatchMachineArn"]["Value"], json!({ "Ref": "WatchMachine" }));
    assert_eq!(outputs["NoticesTopicArn"]["Value"], json!({ "Ref": "NoticesTopic" }));
    assert_eq!(outputs["FailuresQueueUrl"]["Value"], json!({ "Ref": "FailuresQueue" }));
    assert_eq!(outputs["UndeliveredQueueUrl"]["Value"], json!({ "Ref": "UndeliveredQueue" }));
}
