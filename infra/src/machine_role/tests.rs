use serde_json::json;

use super::*;
use crate::config::Config;
use crate::constructs::bucket::{Bucket, BucketProps, Purpose};
use crate::constructs::function::{Function, FunctionProps};
use crate::constructs::key::Key;
use crate::constructs::queue::Queue;
use crate::constructs::topic::Topic;
use crate::template::Template;

/// Derives from one state called `State` and gives the statements' ids, or the messages.
fn derived(state: &Value) -> Result<Vec<String>, Vec<String>> {
    let config = Config::parse("stack = \"acme\"\n[profile.default]\n").expect("a configuration");
    let mut template = Template::default();
    let bucket = BucketProps { name: "runs", purpose: Purpose::Runs, key: None };
    let bucket = Bucket::new(&mut template, "RunsBucket", &config, bucket);
    let props = FunctionProps {
        name: "decode",
        code_key: "DecodeKey",
        memory_mb: 128,
        storage_mb: None,
        timeout_seconds: 1,
        runs: &bucket,
        environment: &[],
        grants: Vec::new(),
    };
    let function = Function::new(&mut template, "Decode", &config, props);
    let key = Key::new(&mut template, "Key", "acme");
    let topic = Topic::new(&mut template, "Topic", "acme-notices", &key);
    let queue = Queue::of_failures(&mut template, "Queue", "acme-failures");
    let functions = [function];
    let [function] = &functions;
    let targets = [
        ("Function", Target::Function(function)),
        ("Functions", Target::Functions { stem: "acme-decode", functions: &functions }),
        ("Bucket", Target::Bucket(&bucket)),
        ("Topic", Target::Topic(&topic)),
        ("Queue", Target::Queue(&queue)),
    ];
    let definition = json!({ "StartAt": "State", "States": { "State": state } }).to_string();
    let grants = derive("acme-import", &definition, &targets, None)?;
    Ok(grants.into_iter().map(|grant| grant.sid).collect())
}

fn task() -> Value {
    json!({
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": { "FunctionName": "${Function}" },
    })
}

fn map() -> Value {
    json!({
        "Type": "Map",
        "Label": "Work",
        "ItemReader": {
            "Resource": "arn:aws:states:::s3:getObject",
            "Parameters": { "Bucket": "${Bucket}", "Key": "units.jsonl" },
        },
        "ItemProcessor": {
            "ProcessorConfig": { "Mode": "DISTRIBUTED" },
            "States": { "Child": task() },
        },
        "ResultWriter": {
            "Resource": "arn:aws:states:::s3:putObject",
            "Parameters": { "Bucket": "${Bucket}", "Prefix.$": "States.Format('runs/{}/map', $.run)" },
        },
    })
}

#[test]
fn every_state_of_the_definition_counts() {
    assert_eq!(derived(&task()), Ok(vec!["InvokeFunctions".to_owned()]));
    let mut chosen = task();
    chosen["Parameters"] =
        json!({ "FunctionName.$": "States.Format('${Functions}-{}', $.vendor)" });
    assert_eq!(derived(&chosen), Ok(vec!["InvokeFunctions".to_owned()]));
    let arguments = json!({
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": { "FunctionName": "${Function}" },
    });
    assert_eq!(derived(&arguments), Ok(vec!["InvokeFunctions".to_owned()]));
    let pass = json!({ "States": { "A": { "Type": "Pass" } } });
    let invoke = json!({ "States": { "B": task() } });
    let branches = json!({ "Type": "Parallel", "Branches": [pass, invoke] });
    assert_eq!(derived(&branches), Ok(vec!["InvokeFunctions".to_owned()]));
    assert_eq!(derived(&json!({ "Type": "Pass" })), Ok(Vec::new()));
}

/// A task with an integration and its arguments.
fn calling(integration: &str, arguments: Value) -> Value {
    let resource = format!("arn:aws:states:::{integration}");
    json!({ "Type": "Task", "Resource": resource, "Parameters": arguments })
}

#[test]
fn telling_needs_the_topic_and_its_key_the_bus_and_the_queue() {
    let allowed = |state: &Value, expected: &[&str]| {
        let expected = expected.iter().map(|sid| (*sid).to_owned()).collect();
        assert_eq!(derived(state), Ok(expected));
    };
    let publish = calling("sns:publish", json!({ "TopicArn": "${Topic}", "Message": "x" }));
    allowed(&publish, &["EncryptNotices", "PublishNotices"]);
    let event = json!({ "Source": "thingpress", "DetailType": "x", "Detail": {} });
    allowed(&calling("events:putEvents", json!({ "Entries": [event] })), &["PutEvents"]);
    let send = calling("sqs:sendMessage", json!({ "QueueUrl": "${Queue}", "MessageBody": "x" }));
    allowed(&send, &["SendMessages"]);
}

#[test]
fn what_is_told_goes_to_the_stacks_own_topic_queue_and_bus() {
    let refused = |state: &Value, message: &str| {
        assert_eq!(derived(state), Err(vec![format!("state `State` {message}")]));
    };
    for topic in ["arn:aws:sns:us-east-1:123456789012:other", "${Queue}", "${Gone}"] {
        let publish = calling("sns:publish", json!({ "TopicArn": topic }));
        refused(&publish, "must publish to a topic that is named as `${...}`");
    }
    let telephone = calling("sns:publish", json!({ "PhoneNumber": "+123" }));
    refused(&telephone, "must publish to a topic that is named as `${...}`");
    let send = calling("sqs:sendMessage", json!({ "QueueUrl.$": "$.url" }));
    refused(&send, "must send to a queue that is named as `${...}`");
    for entries in [
        json!([]),
        json!([{ "Source": "thingpress", "EventBusName": "other" }]),
        json!([{ "Source": "thingpress" }, { "EventBusName.$": "$.bus" }]),
    ] {
        let put = calling("events:putEvents", json!({ "Entries": entries }));
        refused(&put, "must put its events on the default bus");
    }
}

#[test]
fn a_distributed_map_needs_its_children_its_reader_and_its_writer() {
    let all = [
        "StartChildren",
        "FollowChildren",
        "RedriveChildren",
        "ReadItems",
        "WriteResults",
        "InvokeFunctions",
    ];
    assert_eq!(derived(&map()), Ok(all.map(str::to_owned).to_vec()));
    let mut bare = map();
    let state = bare.as_object_mut().expect("a state");
    state.remove("ItemReader");
    state.remove("ResultWriter");
    let left = ["StartChildren", "FollowChildren", "RedriveChildren", "InvokeFunctions"];
    assert_eq!(derived(&bare), Ok(left.map(str::to_owned).to_vec()));
    let mut inline = map();
    inline["ItemProcessor"]["ProcessorConfig"]["Mode"] = json!("INLINE");
    assert_eq!(derived(&inline), Ok(vec!["InvokeFunctions".to_owned()]));
}

#[test]
fn what_cannot_be_derived_is_refused() {
    let refused =
        |state: &Value, message: &str| assert_eq!(derived(state), Err(vec![message.to_owned()]));
    let mut unknown = task();
    unknown["Resource"] = json!("arn:aws:states:::dynamodb:putItem");
    refused(
        &unknown,
        "state `State` uses `arn:aws:states:::dynamodb:putItem`, whose actions are not in the table of documented ones",
    );
    let mut by_name = task();
    by_name["Parameters"]["FunctionName"] = json!("acme-decode");
    refused(&by_name, "state `State` must invoke a function that is named as `${...}`");
    for format in
        ["States.Format('${Function}-{}', $.name)", "States.Format('{}', $.name)", "$.name"]
    {
        by_name["Parameters"] = json!({ "FunctionName.$": format });
        refused(&by_name, "state `State` must invoke a function that is named as `${...}`");
    }
    let mut by_name = task();
    by_name["Resource"] = json!("arn:aws:states:::states:startExecution");
    for machine in ["acme-import", "{% $chosen ? '${Bucket}' : 'acme-import' %}"] {
        by_name["Parameters"] = json!({ "StateMachineArn": machine });
        refused(&by_name, "state `State` must start a machine that is named as `${...}`");
    }
    let mut no_label = map();
    no_label.as_object_mut().expect("a state").remove("Label");
    assert_eq!(
        derived(&no_label),
        Err(vec![
            "state `State` needs a `Label`, by which its children's ARNs are known".to_owned()
        ])
    );
    let mut key_from_state = map();
    key_from_state["ItemReader"]["Parameters"] = json!({ "Bucket": "${Bucket}", "Key.$": "$.key" });
    refused(
        &key_from_state,
        "state `State` takes a key from its state, so the role must be told which objects it means",
    );
}
