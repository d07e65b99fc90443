//! What the machines' files must keep to, and what synth makes of them.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{resources, sample, template};
use crate::run_configuration;
use crate::stack::definitions::{ACTIVATE, CLOSING, IMPORT, INGEST, UNDO, WATCH};
use crate::template::references::placeholders;

const FILES: [(&str, &str); 6] = [
    ("activate", ACTIVATE),
    ("closing", CLOSING),
    ("import", IMPORT),
    ("ingest", INGEST),
    ("undo", UNDO),
    ("watch", WATCH),
];

/// The errors that AWS documents, and the integration that has them; every task has those without
/// one. A function's own errors are in the table of codes.
const ERRORS: [(&str, &str); 5] = [
    // What the local cloud calls the next one.
    ("ExecutionAlreadyExists", "arn:aws:states:::states:startExecution"),
    ("StepFunctions.ExecutionAlreadyExistsException", "arn:aws:states:::states:startExecution"),
    ("Lambda.TooManyRequestsException", "arn:aws:states:::lambda:invoke"),
    ("States.ALL", ""),
    ("States.DataLimitExceeded", ""),
];

/// Every code of the functions: a test of its own crate keeps it to what the functions return.
const CODES: &str = include_str!("../../../../functions/ledger/src/codes/table.rs");

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
pub(super) fn definition(template: &Value, machine: &str) -> String {
    let join = &template["Resources"][machine]["Properties"]["DefinitionString"]["Fn::Join"];
    let lines: Vec<&str> =
        join[1].as_array().expect("lines").iter().filter_map(Value::as_str).collect();
    lines.join(join[0].as_str().expect("a separator"))
}

#[test]
fn each_machine_deploys_its_file() {
    let template = template(&sample());
    assert_eq!(resources(&template, "AWS::StepFunctions::StateMachine").len(), FILES.len());
    for (machine, file) in
        [("ClosingMachine", CLOSING), ("IngestMachine", INGEST), ("WatchMachine", WATCH)]
    {
        assert_eq!(definition(&template, machine), file.trim_end(), "{machine}");
    }
    for (machine, maps) in [
        ("ImportMachine", ["Register", "Foresee"].as_slice()),
        ("ActivateMachine", &["Activate", "Foresee"]),
        ("UndoMachine", &["TakeBack"]),
    ] {
        let machine: Value = serde_json::from_str(&definition(&template, machine)).expect("JSON");
        assert_eq!(machine["States"]["Configuration"]["Result"], run_configuration(&sample()));
        for map in maps {
            assert_eq!(machine["States"][*map]["MaxConcurrency"], sample().concurrency());
        }
    }
    let kind = |machine: &str| &template["Resources"][machine]["Properties"]["StateMachineType"];
    for machine in ["ActivateMachine", "ClosingMachine", "ImportMachine", "UndoMachine"] {
        assert_eq!(kind(machine), "STANDARD", "{machine}");
    }
    for machine in ["IngestMachine", "WatchMachine"] {
        assert_eq!(kind(machine), "EXPRESS", "{machine}");
    }
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

/// The codes with which a function fails: those that can be caught.
fn codes_of_functions() -> BTreeSet<&'static str> {
    let (_, table) = CODES.split_once("const FUNCTION: ").expect("the functions' own codes");
    let (table, _) = table.split_once("];").expect("an end");
    let is_code = |text: &&str| text.contains('.') && !text.contains(' ');
    table.split('"').filter(is_code).collect()
}

/// What is wrong with the errors that a file's states try again or catch; those that are right are
/// noted.
fn wrong_errors(file: &Value, found: &mut BTreeSet<String>) -> Vec<String> {
    let codes = codes_of_functions();
    let mut wrong = Vec::new();
    groups(file, false, &mut |group, _| {
        for (state, body) in group["States"].as_object().expect("states") {
            for list in ["Retry", "Catch"] {
                let handlers: Vec<&Value> = body[list].as_array().into_iter().flatten().collect();
                for (index, handler) in handlers.iter().enumerate() {
                    let errors = handler["ErrorEquals"].as_array().expect("errors");
                    let is_last_alone = (errors.len(), index + 1) == (1, handlers.len());
                    for error in errors.iter().map(|error| error.as_str().expect("a name")) {
                        let documented = ERRORS.iter().find(|(name, _)| *name == error);
                        let exists = if let Some((_, integration)) = documented {
                            integration.is_empty() || body["Resource"] == *integration
                        } else {
                            let is_function = body["Resource"] == "arn:aws:states:::lambda:invoke";
                            is_function && codes.contains(error)
                        };
                        if !exists {
                            wrong.push(format!("{state}: nothing fails with {error}"));
                        } else if error == "States.ALL" && !is_last_alone {
                            wrong.push(format!("{state}: States.ALL must stand last and alone"));
                        }
                        found.insert(error.to_owned());
                    }
                }
            }
        }
    });
    wrong
}

#[test]
fn every_error_that_is_caught_exists() {
    let mut found = BTreeSet::new();
    for (name, file) in files() {
        assert_eq!(wrong_errors(&file, &mut found), Vec::<String>::new(), "{name}");
    }
    // Nothing stands in the table for a state that is gone.
    let unused: Vec<&str> =
        ERRORS.iter().map(|(name, _)| *name).filter(|name| !found.contains(*name)).collect();
    assert_eq!(unused, Vec::<&str>::new());
}

#[test]
fn an_error_that_nothing_fails_with_is_found() {
    #[track_caller]
    fn check(resource: &str, handlers: Value, expected: &[&str]) {
        let task = json!({ "Type": "Task", "Resource": resource, "Catch": handlers });
        let file = json!({ "States": { "Task": task } });
        assert_eq!(wrong_errors(&file, &mut BTreeSet::new()), expected);
    }
    let (invoke, start) =
        ("arn:aws:states:::lambda:invoke", "arn:aws:states:::states:startExecution");
    let caught = |error: &str| json!([{ "ErrorEquals": [error] }]);
    check(invoke, caught("Worker.UnitMalformed"), &[]);
    check(invoke, caught("Lambda.TooManyRequestsException"), &[]);
    check(invoke, caught("Worker.UnitMalformd"), &["Task: nothing fails with Worker.UnitMalformd"]);
    check(invoke, caught("States.All"), &["Task: nothing fails with States.All"]);
    check(
        invoke,
        caught("ExecutionAlreadyExists"),
        &["Task: nothing fails with ExecutionAlreadyExists"],
    );
    check(
        start,
        caught("Worker.UnitMalformed"),
        &["Task: nothing fails with Worker.UnitMalformed"],
    );
    check(
        start,
        json!([{ "ErrorEquals": ["States.ALL"] }, { "ErrorEquals": ["ExecutionAlreadyExists"] }]),
        &["Task: States.ALL must stand last and alone"],
    );
}

#[test]
fn a_retry_says_nothing_that_step_functions_does_not_read() {
    let read = [
        "BackoffRate",
        "Comment",
        "ErrorEquals",
        "IntervalSeconds",
        "JitterStrategy",
        "MaxAttempts",
        "MaxDelaySeconds",
    ];
    for (name, file) in files() {
        groups(&file, false, &mut |group, _| {
            for (state, body) in group["States"].as_object().expect("states") {
                for retrier in body["Retry"].as_array().into_iter().flatten() {
                    for field in retrier.as_object().expect("a retrier").keys() {
                        assert!(read.contains(&field.as_str()), "{name}, {state}: {field}");
                    }
                }
            }
        });
    }
}

#[test]
fn every_file_of_the_folder_is_a_machine_of_the_stack() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../statemachines");
    let there: BTreeSet<String> = std::fs::read_dir(folder)
        .expect("the folder")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("a name"))
        .collect();
    let known = FILES.map(|(name, _)| format!("{name}.asl.json"));
    assert_eq!(there, BTreeSet::from(known));
}

/// Step Functions wants a name once in a machine, also where two Maps have states of their own.
#[test]
fn a_state_has_a_name_of_its_own_in_the_whole_machine() {
    for (name, file) in files() {
        let mut names = BTreeSet::new();
        groups(&file, false, &mut |group, _| {
            for state in group["States"].as_object().expect("states").keys() {
                assert!(names.insert(state.clone()), "{name}: {state}");
            }
        });
    }
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

/// The states in which a machine tells somebody, and keeps what nobody took.
const TELLING: [&str; 3] = [
    "arn:aws:states:::sns:publish",
    "arn:aws:states:::events:putEvents",
    "arn:aws:states:::sqs:sendMessage",
];

#[test]
fn a_notice_that_cannot_be_sent_fails_no_run_and_is_kept() {
    for (name, file) in files() {
        let mut told = Vec::new();
        groups(&file, false, &mut |group, _| {
            for (state, body) in group["States"].as_object().expect("states") {
                let Some(kind) = TELLING.iter().position(|kind| body["Resource"] == *kind) else {
                    continue;
                };
                told.push(kind);
                let catch = &body["Catch"][0];
                assert_eq!(
                    catch["ErrorEquals"],
                    serde_json::json!(["States.ALL"]),
                    "{name}, {state}"
                );
                assert_eq!(catch["Next"], body["Next"], "{name}, {state}: goes on all the same");
            }
        });
        told.sort_unstable();
        assert_eq!(told, [0, 1, 2], "{name} tells the topic and the bus, and keeps the rest");
    }
}

#[test]
fn subscribers_can_choose_by_stack_and_verdict() {
    // The local cloud drops the attributes of a message that a machine publishes.
    let mut found = 0;
    for (name, file) in files() {
        groups(&file, false, &mut |group, _| {
            for body in group["States"].as_object().expect("states").values() {
                let arguments = body.get("Parameters").or_else(|| body.get("Arguments"));
                let Some(attributes) = arguments.and_then(|all| all.get("MessageAttributes"))
                else {
                    continue;
                };
                found += 1;
                for attribute in ["stack", "verdict"] {
                    let attribute = &attributes[attribute];
                    assert_eq!(attribute["DataType"], "String", "{name}");
                    let value = attribute.get("StringValue").or(attribute.get("StringValue.$"));
                    assert!(value.is_some_and(Value::is_string), "{name}");
                }
            }
        });
    }
    assert_eq!(found, FILES.len());
}

#[test]
fn import_and_activate_end_alike() {
    let states = |file: &str| {
        let file: Value = serde_json::from_str(file).expect("JSON");
        [
            "Foresee",
            "Report",
            "HasNotice",
            "Notify",
            "Announce",
            "IsTold",
            "KeepNotice",
            "Verdict",
            "Done",
            "NotDone",
        ]
        .map(|state| file["States"][state].clone())
    };
    assert_eq!(states(IMPORT), states(ACTIVATE));
}

#[test]
fn a_file_that_takes_longer_than_a_function_may_run_is_read_on() {
    for (name, file) in [("import", IMPORT), ("activate", ACTIVATE)] {
        let file: Value = serde_json::from_str(file).expect("JSON");
        let states = &file["States"];
        let decode = &states["Decode"];
        assert_eq!(decode["ResultPath"], "$.decoded", "{name}");
        let choice = &states[decode["Next"].as_str().expect("a state")];
        let choices = choice["Choices"].as_array().expect("choices");
        let next: Vec<&Value> = choices
            .iter()
            .filter(|choice| choice["StringEquals"] == "continue")
            .map(|choice| &choice["Next"])
            .collect();
        assert_eq!(next, ["Decode"], "{name}");
    }
}
