//! Duplicate events, killed workers and stopped runs.

use std::time::Duration;

use aws_sdk_sfn::types::ExecutionStatus;
use gate::{Refusal, Then, kill_function};
use serde_json::json;
use tokio::time::sleep;

use crate::{
    samples::{Authority, parameters, standard},
    world::{Making, Run, SIX_CALLS, STACK, World, bucket, device},
};

fn list(authority: &Authority, devices: u32) -> String {
    (0..devices)
        .map(|number| standard(authority.leaf(&format!("device-{number}"))) + "\n")
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_event_twice_is_one_run() {
    let world = Making::with(SIX_CALLS).world().await;
    let run = world.import("generated", "list.txt", list(&Authority::new("Test CA"), 2)).await;
    let arn = world.execution(&run.name);
    let started = world.sfn.describe_execution().execution_arn(arn).send().await.unwrap();
    let input: serde_json::Value = serde_json::from_str(started.input().unwrap()).unwrap();

    let ingests = world
        .sfn
        .list_executions()
        .state_machine_arn(world.machine("ingest"))
        .send()
        .await
        .unwrap();
    let ingest = ingests.executions().first().expect("the ingest machine ran");
    let ingest =
        world.sfn.describe_execution().execution_arn(ingest.execution_arn()).send().await.unwrap();
    let event: serde_json::Value = serde_json::from_str(ingest.input().unwrap()).unwrap();
    assert_eq!(
        event["event"]["detail"]["object"]["key"], input["object"]["key"],
        "the event that started the run"
    );

    for delivery in 1..=3 {
        let again = world
            .sfn
            .start_execution()
            .state_machine_arn(world.machine("ingest"))
            .name(format!("delivery-{delivery}"));
        let again = again.input(event.to_string()).send().await.unwrap();
        let ended = world
            .until("the event is taken", async || {
                let found = world
                    .sfn
                    .describe_execution()
                    .execution_arn(&again.execution_arn)
                    .send()
                    .await
                    .unwrap();
                (found.status != ExecutionStatus::Running).then_some(found)
            })
            .await;
        assert_eq!(ended.status, ExecutionStatus::Succeeded, "a duplicate is no error");
    }
    assert_eq!(world.runs().await, [run.name.as_str()]);
    let uploader = format!("{} from 127.0.0.1", world.account());
    assert_eq!(input["object"]["uploader"], uploader, "who put the object, as the event tells");
    assert_eq!(run.report().source.uploader, uploader);

    let mut overwritten = event.clone();
    overwritten["event"]["detail"]["object"]["sequencer"] = json!("FFFFFFFFFFFFFFFF");
    overwritten["event"]["detail"]["object"]["version-id"] = json!("another-version");
    // An event need not tell who put the object.
    let detail = overwritten["event"]["detail"].as_object_mut().unwrap();
    detail.remove("requester");
    detail.remove("source-ip-address");
    let start = world.sfn.start_execution().state_machine_arn(world.machine("ingest"));
    start.input(overwritten.to_string()).send().await.unwrap();
    let another = world.next_run(&[run.name]).await;
    let report = world.ended(&another).await;
    assert_eq!(report.report().source.uploader, "", "another version is another run");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_killed_between_two_calls_ends_with_the_same_word() {
    // Between any two of the six calls, at one device after the other.
    let operations = [
        "DescribeThing",
        "RegisterCertificateWithoutCA",
        "CreateThing",
        "AttachThingPrincipal",
        "AddThingToThingGroup",
        "AttachPolicy",
    ];
    let world = Making::with(SIX_CALLS).waiting("0.1").world().await;
    let authority = Authority::new("Test CA");
    let mut tries = 0;
    for (operation, then) in
        operations.into_iter().flat_map(|at| [(at, Then::PassOn), (at, Then::Lose)])
    {
        let name = format!("killed-at-{operation}-{then:?}");
        let leaf = authority.leaf(&name);
        let gate = world.gate.address;
        world.gate.strike_at(operation, 1, async move || {
            kill_function(gate, &format!("{STACK}-register"));
            then
        });
        let run = world.import("generated", &format!("{name}.txt"), standard(&leaf)).await;
        assert_eq!(run.summary(), "1 read, 1 created", "{name}");
        let id = manifest::CertificateId::of(&leaf).to_string();
        assert_eq!(world.device(&name).await, Some(device(&id, &["sensor-base"])), "{name}");
        tries += 2;
        assert_eq!(world.gate.calls()["DescribeThing"], tries, "the unit was tried twice: {name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_killed_in_the_middle_of_a_large_unit_ends_with_the_same_words() {
    let world = Making::with(SIX_CALLS).waiting("0.1").world().await;
    // The last unit has 60 devices, which are looked at and noted in two parts.
    let devices = 1_060;
    let key = rcgen::KeyPair::generate().unwrap();
    let leaf = |number| parameters(&format!("device-{number:04}")).self_signed(&key).unwrap();
    let list: String = (0..devices).map(|number| standard(leaf(number).der()) + "\n").collect();
    let gate = world.gate.address;
    world.gate.strike_at("RegisterCertificateWithoutCA", 1_040, async move || {
        kill_function(gate, &format!("{STACK}-register"));
        Then::PassOn
    });
    let run = world.import("generated", "list.txt", list).await;
    assert_eq!(run.summary(), format!("{devices} read, {devices} created"));
    let intents = world.s3.list_objects_v2().bucket(bucket("runs"));
    let prefix = format!("runs/{}/intents/00000191", run.name);
    let intents = intents.prefix(prefix).send().await.unwrap();
    let names: Vec<_> =
        intents.contents().iter().filter_map(|intent| intent.key()?.rsplit('/').next()).collect();
    assert_eq!(names, ["00000191-1.json", "00000191.json"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_run_is_closed_with_a_report() {
    let world = Making::with(SIX_CALLS).registering_at(10.0).world().await;
    let devices = 120;
    world.upload("generated", "list.txt", list(&Authority::new("Test CA"), devices)).await;
    let name = world.next_run(&[]).await;
    let registered = "RegisterCertificateWithoutCA";
    world
        .until("some are registered", async || {
            (world.gate.calls().get(registered)? > &20).then_some(())
        })
        .await;
    let arn = world.execution(&name);
    world.sfn.stop_execution().execution_arn(&arn).send().await.unwrap();

    let run = world.ended(&name).await;
    assert_eq!(run.status, ExecutionStatus::Aborted);
    let (code, reason) = run.stop();
    assert_eq!(code, "Run.Stopped");
    assert!(reason.contains("somebody stopped the run"), "{reason}");
    let counts = run.report().counts;
    assert_eq!(counts.created + counts.not_attempted, u64::from(devices));
    assert!(counts.created > 0 && counts.not_attempted > 0, "{counts:?}");

    // The report told the truth, and goes on telling it: nothing is registered after it.
    world.until("the children end", async || no_child_runs(&world, &arn).await.then_some(())).await;
    let created = usize::try_from(counts.created).unwrap();
    assert_eq!(world.registered().await, (created, created));

    let rest = world.import("generated", "list.txt", list_again(&world).await).await;
    assert_eq!(
        rest.summary(),
        format!("{devices} read, {} created, {created} unchanged", counts.not_attempted)
    );
}

/// Imports one device, stops the run at that call, and lets the call go on when `file` is there.
async fn stop_at(world: &World, operation: &'static str, file: fn(&str) -> String) -> Run {
    let (sfn, s3, machine) = (world.sfn.clone(), world.s3.clone(), world.machine("import"));
    world.gate.strike_at(operation, 1, async move || {
        let runs = sfn.list_executions().state_machine_arn(machine).send().await.unwrap();
        let run = runs.executions.into_iter().next().unwrap();
        sfn.stop_execution().execution_arn(run.execution_arn).send().await.unwrap();
        let awaited = s3.head_object().bucket(bucket("runs")).key(file(&run.name));
        while awaited.clone().send().await.is_err() {
            sleep(Duration::from_millis(50)).await;
        }
        // Long enough for a report that does not wait to be written.
        sleep(Duration::from_secs(2)).await;
        Then::PassOn
    });
    let list = list(&Authority::new("Test CA"), 1);
    let run = world.import("generated", "list.txt", list).await;
    let arn = world.execution(&run.name);
    world.until("the children end", async || no_child_runs(world, &arn).await.then_some(())).await;
    run
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_busy_when_its_run_is_stopped_is_waited_for() {
    let world = Making::with(SIX_CALLS).waiting("0.2").world().await;
    let run = stop_at(&world, "CreateThing", |run| format!("rate/stopped/{run}")).await;
    assert_eq!(run.summary(), "1 read, 1 created; red");
    assert_eq!(world.registered().await, (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_killed_while_its_run_is_stopped_is_taken_up_again_and_waited_for() {
    let world = Making::with(SIX_CALLS).waiting("0.2").world().await;
    let gate = world.gate.address;
    // Its intent is there, and half of the device; nobody but a second try can tell what became of it.
    world.gate.strike_at("AttachThingPrincipal", 1, async move || {
        kill_function(gate, &format!("{STACK}-register"));
        Then::Lose
    });
    let run = stop_at(&world, "CreateThing", |run| format!("rate/stopped/{run}")).await;
    assert_eq!(run.summary(), "1 read, 1 created; red");
    assert_eq!(world.gate.calls()["AttachThingPrincipal"], 2, "the worker was killed");
    let certificates = &world.device("device-0").await.unwrap().certificates;
    assert_eq!(certificates.as_slice()[0].2, ["sensor-base"], "and the device is whole");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_still_looks_when_its_run_is_closed_registers_nothing() {
    let world = Making::with(SIX_CALLS).waiting("0.2").world().await;
    let run = stop_at(&world, "DescribeThing", |run| format!("runs/{run}/report.json")).await;
    assert_eq!(run.summary(), "1 read, 1 not attempted; red");
    assert_eq!(world.registered().await, (0, 0));
}

async fn list_again(world: &World) -> Vec<u8> {
    let object =
        world.s3.get_object().bucket(bucket("generated")).key("list.txt").send().await.unwrap();
    object.body.collect().await.unwrap().to_vec()
}

async fn no_child_runs(world: &World, arn: &str) -> bool {
    let runs = world.sfn.list_map_runs().execution_arn(arn).send().await.unwrap();
    for run in runs.map_runs() {
        let run = world.sfn.describe_map_run().map_run_arn(run.map_run_arn()).send().await.unwrap();
        let counts = run.execution_counts().unwrap();
        if counts.running() + counts.pending() > 0 {
            return false;
        }
    }
    true
}

#[tokio::test(flavor = "multi_thread")]
async fn throttling_and_faults_slow_a_run_and_fail_no_device() {
    let world = Making::with(SIX_CALLS).waiting("0.1").world().await;
    // More in a row than the SDK tries by itself, so that devices are handed back.
    for operation in [
        "DescribeThing",
        "RegisterCertificateWithoutCA",
        "CreateThing",
        "AttachThingPrincipal",
        "AttachPolicy",
    ] {
        world.gate.refuse(operation, 7, Refusal::Throttled);
        world.gate.refuse(operation, 7, Refusal::InternalFailure);
    }
    let run = world.import("generated", "list.txt", list(&Authority::new("Test CA"), 5)).await;
    assert_eq!(run.summary(), "5 read, 5 created");
    assert_eq!(world.registered().await, (5, 5));
    assert!(world.gate.calls()["AttachPolicy"] >= 19, "{:?}", world.gate.calls());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_lost_changes_no_word() {
    let world = Making::with(SIX_CALLS).world().await;
    for operation in ["RegisterCertificateWithoutCA", "CreateThing", "AttachThingPrincipal"] {
        world.gate.strike_at(operation, 1, async || Then::LoseAnswer);
    }
    let run = world.import("generated", "list.txt", list(&Authority::new("Test CA"), 3)).await;
    assert_eq!(run.summary(), "3 read, 3 created");
    assert_eq!(world.registered().await, (3, 3));
}
