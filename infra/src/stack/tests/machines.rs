//! What the machines' files must keep to, and what synth makes of them.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{resources, sample, template};
use crate::run_configuration;
use crate::stack::definitions::{ACTIVATE, CLOSING, IMPORT, INGEST};
use crate::template::references::placeholders;

const FILES: [(&str, &str); 4] =
    [("activate", ACTIVATE), ("closing", CLOSING), ("import", IMPORT), ("ingest", INGEST)];

/// The errors that AWS documents; a function's own error would be known by its `code()`.
const ERRORS: [&str; 5] = [
    "ExecutionAlreadyExists",
    "Lambda.TooManyRequestsException",
    "States.ALL",
    "States.DataLimitExceeded",
    "StepFunctions.ExecutionAlreadyExistsException",
];

/// Calls `visit` with every group of states: the machine's own, and those of each Map.
fn groups(processor: &Value, inside_map: bool, visit: &mut impl FnMut(&Value, bool)) {
    visit(processor, inside_map);
    for state in processor["States"].as_object().expect("states").values() {
        if state["Type"] == "Map" {
            groups(&state["ItemProcessor"], true, visit);
        }
        assert_ne!(state["Type"], "Parallel", "not looked into here");
    }
}

fn files() -> impl Iterator<Item = (&'static str, Value)> {
    FILES.into_iter().map(|(name, text)| (name, serde_json::from_str(text).expect(name)))
}

/// The definition as CloudFormation puts it together.
fn definition(template: &Value, machine: &str) -> String {
    let join = &template["Resources"][machine]["Properties"]["DefinitionString"]["Fn::Join"];
    let lines: Vec<&str> =
        join[1].as_array().expect("lines").iter().filter_map(Value::as_str).collect();
    lines.join(join[0].as_str().expect("a separator"))
}

#[test]
fn each_machine_deploys_its_file() {
    let template = template(&sample());
    assert_eq!(resources(&template, "AWS::StepFunctions::StateMachine").len(), FILES.len());
    for (machine, file) in [("ClosingMachine", CLOSING), ("IngestMachine", INGEST)] {
        assert_eq!(definition(&template, machine), file.trim_end(), "{machine}");
    }
    for (machine, map) in [("ImportMachine", "Register"), ("ActivateMachine", "Activate")] {
        let machine: Value = serde_json::from_str(&definition(&template, machine)).expect("JSON");
        assert_eq!(machine["States"]["Configuration"]["Result"], run_configuration(&sample()));
        assert_eq!(machine["States"][map]["MaxConcurrency"], sample().concurrency());
    }
    let kinds: Vec<Value> = ["ActivateMachine", "ClosingMachine", "ImportMachine", "IngestMachine"]
        .map(|machine| template["Resources"][machine]["Properties"]["StateMachineType"].clone())
        .to_vec();
    assert_eq!(kinds, ["STANDARD", "STANDARD", "STANDARD", "EXPRESS"]);
}

#[test]
fn every_placeholder_is_substituted_and_none_extra() {
    let template = template(&sample());
    for (id, machine) in resources(&template, "AWS::StepFunctions::StateMachine") {
        let definition = definition(&template, id);
        let used: BTreeSet<&str> = placeholders(&definition).collect();
        let given =
            machine["Properties"]["DefinitionSubstitutions"].as_object().expect("substitutions");
        assert_eq!(used, given.keys().map(String::as_str).collect::<BTreeSet<_>>(), "{id}");
        assert!(!used.is_empty(), "{id}");
    }
}

#[test]
fn machines_log_errors_without_the_data_of_devices() {
    let template = template(&sample());
    for (id, machine) in resources(&template, "AWS::StepFunctions::StateMachine") {
        let logging = &machine["Properties"]["LoggingConfiguration"];
        assert_eq!(logging["Level"], "ERROR", "{id}");
        assert_eq!(logging["IncludeExecutionData"], false, "{id}");
        let group = &template["Resources"][format!("{id}Logs")]["Properties"]["LogGroupName"];
        assert!(
            group.as_str().expect("a name").starts_with("/aws/vendedlogs/states/acme-thingpress-"),
            "{id}"
        );
    }
}

#[test]
fn children_of_a_map_never_ask_for_their_own_execution() {
    let mut seen = 0;
    for (name, file) in files() {
        groups(&file, false, &mut |group, inside_map| {
            if inside_map {
                seen += 1;
                assert!(!group.to_string().contains("$$.Execution"), "{name}");
                assert!(!group.to_string().contains("$states.context.Execution"), "{name}");
            }
        });
    }
    assert!(seen > 0, "no file has a Map");
}

#[test]
fn every_error_that_is_caught_exists() {
    let mut found = BTreeSet::new();
    for (name, file) in files() {
        groups(&file, false, &mut |group, _| {
            for (state, body) in group["States"].as_object().expect("states") {
                for list in ["Retry", "Catch"] {
                    let handlers: Vec<&Value> =
                        body[list].as_array().into_iter().flatten().collect();
                    for (index, handler) in handlers.iter().enumerate() {
                        let errors = handler["ErrorEquals"].as_array().expect("errors");
                        for error in errors.iter().filter_map(Value::as_str) {
                            assert!(ERRORS.contains(&error), "{name}, {state}: {error}");
                            found.insert(error.to_owned());
                        }
                        if errors.iter().any(|error| error == "States.ALL") {
                            // Step Functions refuses it elsewhere.
                            assert_eq!(
                                (errors.len(), index + 1),
                                (1, handlers.len()),
                                "{name}, {state}"
                            );
                        }
                    }
                }
            }
        });
    }
    assert_eq!(found, ERRORS.iter().map(|error| (*error).to_owned()).collect::<BTreeSet<_>>());
}

#[test]
fn every_state_is_reached_and_every_next_exists() {
    for (name, file) in files() {
        groups(&file, false, &mut |group, _| {
            let states: BTreeSet<&str> =
                group["States"].as_object().expect("states").keys().map(String::as_str).collect();
            let mut reached = BTreeSet::from([group["StartAt"].as_str().expect("a start")]);
            for body in group["States"].as_object().expect("states").values() {
                let branches = ["Choices", "Catch"]
                    .into_iter()
                    .flat_map(|list| body[list].as_array().into_iter().flatten());
                let ways =
                    branches.map(|branch| &branch["Next"]).chain([&body["Next"], &body["Default"]]);
                reached.extend(ways.filter_map(Value::as_str));
            }
            assert_eq!(reached, states, "{name}");
        });
    }
}

#[test]
fn every_task_is_tried_again() {
    for (name, file) in files() {
        groups(&file, false, &mut |group, _| {
            for (state, body) in group["States"].as_object().expect("states") {
                // A Retry on the Map would run everything again.
                let retried = body["Retry"].as_array().is_some_and(|retry| !retry.is_empty());
                assert_eq!(retried, body["Type"] == "Task", "{name}, {state}");
            }
        });
    }
}
