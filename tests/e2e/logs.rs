//! What the functions write into their logs: the run in every line, figures that are true, and nothing
//! of the devices' secrets.

use std::collections::BTreeMap;

use aws_sdk_sfn::types::ExecutionStatus;
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use crate::{
    factory::Made,
    samples::{self, Authority, Signer, standard},
    world::{Making, STACK, World},
};

const PROFILES: &str = r#"
[profile.default]
policies = ["sensor-base"]
thing_groups = ["sensors"]
thing_type = "sensor"

[profile.default.attributes]
note = "kept-to-ourselves-{fingerprint}"

[profile.factory]
policies = ["sensor-base"]
certificate_status = "inactive"
defer_things = true
"#;

const FUNCTIONS: [&str; 7] = [
    "preflight",
    "decode-microchip",
    "decode-generated",
    "decode-mes",
    "register",
    "activate",
    "report",
];

/// Everything that a function has logged, a line an element. The local cloud's machines may read it.
async fn logged(world: &World, function: &str) -> Vec<String> {
    let group = format!("/aws/lambda/{STACK}-{function}");
    let definition = json!({
        "StartAt": "Read",
        "States": {
            "Read": {
                "Type": "Task",
                "Resource": "arn:aws:states:::aws-sdk:cloudwatchlogs:filterLogEvents",
                "Parameters": { "LogGroupName": group },
                "End": true,
            },
        },
    });
    let sfn = &world.sfn;
    let import = world.machine("import");
    let role =
        sfn.describe_state_machine().state_machine_arn(import).send().await.unwrap().role_arn;
    let create = sfn.create_state_machine().name(format!("read-{function}")).role_arn(role);
    let machine = create.definition(definition.to_string()).send().await.unwrap().state_machine_arn;
    let started = sfn.start_execution().state_machine_arn(machine).send().await.unwrap();
    let ended = world
        .until("the log is read", async || {
            let describe = sfn.describe_execution().execution_arn(&started.execution_arn);
            let found = describe.send().await.unwrap();
            (found.status != ExecutionStatus::Running).then_some(found)
        })
        .await;
    assert_eq!(ended.status, ExecutionStatus::Succeeded, "{ended:?}");
    let read: Value = serde_json::from_str(ended.output().unwrap()).unwrap();
    let events = read["Events"].as_array().or(read["events"].as_array()).unwrap();
    events
        .iter()
        .map(|event| event["Message"].as_str().or(event["message"].as_str()).unwrap().to_owned())
        // AWS Lambda's own lines.
        .filter(|line| !["START ", "END ", "REPORT "].iter().any(|own| line.starts_with(own)))
        .collect()
}

/// The run that a line belongs to.
fn run_of(line: &Value) -> Option<&str> {
    let spans = line["spans"].as_array().into_iter().flatten();
    let mut places = spans.map(|span| &span["run"]).chain([&line["fields"]["run"], &line["run"]]);
    places.find_map(Value::as_str)
}

/// The sums of all figures, by the metric's name and the second dimension's value.
fn figures(lines: &[Value]) -> BTreeMap<(String, String), f64> {
    let mut sums = BTreeMap::new();
    for line in lines {
        for directive in line["_aws"]["CloudWatchMetrics"].as_array().into_iter().flatten() {
            assert_eq!(directive["Namespace"], "Thingpress");
            assert_eq!(line["Stack"], STACK);
            let dimensions = directive["Dimensions"][0].as_array().unwrap();
            assert_eq!(dimensions[0], "Stack");
            let second =
                dimensions.get(1).map(|name| line[name.as_str().unwrap()].as_str().unwrap());
            for metric in directive["Metrics"].as_array().unwrap() {
                let name = metric["Name"].as_str().unwrap();
                let key = (name.to_owned(), second.unwrap_or_default().to_owned());
                *sums.entry(key).or_default() += line[name].as_f64().unwrap();
            }
        }
    }
    sums
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_name_the_run_tell_true_figures_and_hold_no_secret() {
    let world = Making::with(PROFILES).world().await;
    let authority = Authority::new("Test CA");
    let signer = Signer::new("Test Signer");
    world.import("microchip", "signer.der", signer.der.clone()).await;
    let mut elements: Vec<Value> =
        (1..=4).map(|number| samples::Device::new(number, &authority).element(&signer)).collect();
    elements[3]["signature"] = elements[2]["signature"].clone();
    let reel = world.import("microchip", "reel.json", json!(elements).to_string()).await;
    assert_eq!(reel.summary(), "4 read, 3 created, 1 rejected; red");

    let made = Made::new(&authority, "device-1");
    let list = standard(&made.certificate) + "\nbm8gY2VydGlmaWNhdGU=\n";
    let listed = world.import("generated", "factory/list.txt", list).await;
    assert_eq!(listed.summary(), "2 read, 1 created, 1 rejected; red");
    let infos = json!({ "batch_id": "b-1", "devices": [made.info()] }).to_string();
    let activated = world.activate("batch.json", infos).await;
    assert_eq!(activated.summary(), "1 read, 1 created");
    let stopped = world.import("generated", "nothing.txt", "").await;
    let runs = [&reel.name, &listed.name, &activated.name, &stopped.name];

    let certificate = BASE64_STANDARD.encode(&made.certificate);
    let serial = made.info()["attributes"]["DSN"].as_str().unwrap().to_owned();
    let secrets = ["BEGIN ", "kept-to-ourselves", serial.as_str(), &certificate[..40], "MII"];
    let mut all = Vec::new();
    for function in FUNCTIONS {
        let lines = logged(&world, function).await;
        assert!(!lines.is_empty(), "{function} logs");
        for line in lines {
            for secret in secrets {
                assert!(!line.contains(secret), "{function} logs `{secret}`: {line}");
            }
            let line: Value = serde_json::from_str(&line)
                .unwrap_or_else(|error| panic!("{function} logs no JSON, {error}: {line}"));
            assert!(run_of(&line).is_some(), "{function} does not name the run: {line}");
            all.push(line);
        }
    }
    for run in runs {
        assert!(all.iter().any(|line| run_of(line) == Some(run)), "{run} is in no log");
    }

    let figures = figures(&all);
    let by = telemetry::METRICS_BY.iter().map(|by| by.metric);
    let known: Vec<&str> =
        telemetry::METRICS.iter().copied().chain(by).map(|metric| metric.name).collect();
    for (name, _) in figures.keys() {
        assert!(known.contains(&name.as_str()), "{name} is not in the table of metrics");
    }
    let figure = |name: &str, second: &str| {
        figures.get(&(name.to_owned(), second.to_owned())).copied().unwrap_or_default()
    };
    let expected = [
        ("RunsFinished", "", 1.0),
        ("RunsWithFailures", "", 2.0),
        ("RunsStopped", "", 1.0),
        ("ManifestsPassed", "", 3.0),
        ("ManifestsFailed", "", 1.0),
        ("SignaturesPassed", "", 3.0),
        ("SignaturesFailed", "", 1.0),
        ("EntriesRead", "", 7.0),
        ("Devices", "created", 5.0),
        ("Devices", "rejected", 2.0),
        ("RegistrationsPassed", "", 4.0),
        ("RegistrationsFailed", "", 0.0),
        ("ActivationsPassed", "", 1.0),
        ("ActivationsFailed", "", 0.0),
    ];
    for (name, second, value) in expected {
        assert!((figure(name, second) - value).abs() < 1e-9, "{name} {second}: {figures:?}");
    }
    // The workers count what really passed.
    for call in ["RegisterCertificateWithoutCA", "CreateThing", "AttachPolicy", "UpdateCertificate"]
    {
        let passed = u32::try_from(world.gate.calls()[call]).unwrap();
        assert!((figure("Calls", call) - f64::from(passed)).abs() < 1e-9, "{call}: {figures:?}");
        assert!(figure("ThrottledCalls", call).abs() < 1e-9);
    }
    assert!(figure("RunDuration", "") > 0.0, "{figures:?}");
    // Four runs of some eighteen states each, and little else.
    let dollars = figure("EstimatedCost", "");
    assert!((0.0018..0.01).contains(&dollars), "{dollars} US dollars");
}
