use serde_json::json;

use super::*;
use crate::config::Config;
use crate::constructs::bucket::{Bucket, Purpose};
use crate::constructs::function::{Function, FunctionProps};
use crate::template::Template;

/// Derives from one state called `State` and gives the statements' ids, or the messages.
fn derived(state: &Value) -> Result<Vec<String>, Vec<String>> {
    let config = Config::parse("stack = \"acme\"\n[profile.default]\n").expect("a configuration");
    let mut template = Template::default();
    let bucket = Bucket::new(&mut template, "RunsBucket", "acme-runs", Purpose::Runs);
    let props = FunctionProps {
        name: "decode",
        code_key: "DecodeKey",
        memory_mb: 128,
        storage_mb: None,
        timeout_seconds: 1,
        runs: &bucket,
        grants: Vec::new(),
    };
    let function = Function::new(&mut template, "Decode", &config, props);
    let targets = [("Function", Target::Function(&function)), ("Bucket", Target::Bucket(&bucket))];
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
    let mut queue = task();
    queue["Resource"] = json!("arn:aws:states:::sqs:sendMessage");
    refused(
        &queue,
        "state `State` uses `arn:aws:states:::sqs:sendMessage`, whose actions are not in the table of documented ones",
    );
    let mut by_name = task();
    by_name["Parameters"]["FunctionName"] = json!("acme-decode");
    refused(&by_name, "state `State` must invoke a function that is named as `${...}`");
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
