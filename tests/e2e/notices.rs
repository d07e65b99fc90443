//! Being told: people by the topic, programs by events and by the queue of failed devices.

use std::time::{Duration, SystemTime};

use aws_sdk_s3::primitives::{DateTime, DateTimeFormat};
use aws_sdk_sfn::types::ExecutionStatus;
use serde_json::{Value, json};

use crate::{
    factory::{device_infos, factory, register},
    listener::{Listener, Notice, all},
    samples::{self, Authority, Signer, standard},
    world::{Making, SIX_CALLS, STACK, World},
};

/// What a machine's execution ended with; its status and its output.
pub(crate) async fn carried_out(
    world: &World,
    machine: &str,
    input: &Value,
) -> (ExecutionStatus, Value) {
    let start = world.sfn.start_execution().state_machine_arn(world.machine(machine));
    let started = start.input(input.to_string()).send().await.unwrap();
    let ended = world
        .until("the machine ends", async || {
            let describe = world.sfn.describe_execution().execution_arn(&started.execution_arn);
            let found = describe.send().await.unwrap();
            (found.status != ExecutionStatus::Running).then_some(found)
        })
        .await;
    let output = ended.output().map(|output| serde_json::from_str(output).unwrap());
    (ended.status, output.unwrap_or_default())
}

/// Lets an object of the runs bucket look as if it was written so many minutes ago.
fn written_before(world: &World, key: &str, minutes: u64) {
    let time = SystemTime::now() - Duration::from_mins(minutes);
    let time = DateTime::from_secs(DateTime::from(time).secs());
    let time = time.fmt(DateTimeFormat::DateTime).unwrap();
    world.gate.backdate(key, &time.replace('Z', ".000Z"));
}

/// Lets the import machine publish to a topic that does not exist.
async fn publish_elsewhere(world: &World) {
    let machine = world.machine("import");
    let found =
        world.sfn.describe_state_machine().state_machine_arn(&machine).send().await.unwrap();
    let topic = world.output("NoticesTopicArn");
    let definition = found.definition.replace("${NoticesTopic}", topic);
    assert!(definition.contains(topic), "the machine publishes");
    let update = world.sfn.update_state_machine().state_machine_arn(machine);
    update.definition(definition.replace(topic, &format!("{topic}-gone"))).send().await.unwrap();
}

fn list(authority: &Authority, devices: u32) -> String {
    (0..devices)
        .map(|number| standard(authority.leaf(&format!("device-{number}"))) + "\n")
        .collect()
}

#[track_caller]
fn check(notice: &Notice, subject: &str, lines: &[&str]) {
    assert_eq!(notice.subject, subject, "{}", notice.message);
    for line in lines {
        assert!(notice.message.contains(line), "`{line}` is not in:\n{}", notice.message);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_listens_is_told_how_each_run_ended() {
    let world = Making::with(SIX_CALLS).waiting("0.05").world().await;
    let listener = Listener::of(&world).await;

    let good = list(&Authority::new("Test CA"), 2);
    let run = world.import("generated", "good.txt", good.clone()).await;
    let notice = listener.notice(&world).await;
    let link = format!(
        "https://us-east-1.console.aws.amazon.com/states/home?region=us-east-1#/v2/executions/details/{}",
        world.execution(&run.name)
    );
    let expected =
        ["All 2 devices are as they should be: 2 created", "What to do next: nothing", &link];
    check(&notice, "acme: done: good.txt", &expected);
    let (kind, event) = listener.event(&world).await;
    assert_eq!(kind, "Run Ended");
    assert_eq!((&event["run"], &event["verdict"]), (&json!(run.name), &json!("done")));
    assert_eq!((&event["stack"], &event["machine"]), (&json!(STACK), &json!("import")));
    assert_eq!((&event["counts"]["created"], &event["console"]), (&json!(2), &json!(link)));
    assert_eq!(event["file"]["key"], "good.txt");
    assert_eq!(run.output["notice"], Value::Null, "the run's own output stays small");
    assert_eq!(all(&world, "FailuresQueueUrl").await, Vec::<Value>::new());

    // A name that would turn the direction of writing, and be markup on a page.
    let key = "<b>\u{202e}verdict: done.txt";
    let half = good + "bm8gY2VydGlmaWNhdGU=\n";
    let run = world.import("generated", key, half).await;
    let notice = listener.notice(&world).await;
    let expected = [
        "2 unchanged, 1 rejected",
        "1 x Certificate.Malformed",
        "%3Cb%3E%E2%80%AEverdict:%20done.txt",
    ];
    let subject = "acme: done with failures: \\u{3c}b\\u{3e}\\u{202e}verdict: done.txt";
    check(&notice, subject, &expected);
    let (_, event) = listener.event(&world).await;
    assert_eq!(
        (&event["verdict"], &event["file"]["key"]),
        (&json!("done_with_failures"), &json!(key))
    );
    let failures = all(&world, "FailuresQueueUrl").await;
    let [failure] = failures.as_slice() else { panic!("one device failed, got {failures:?}") };
    let result = run.result(3);
    for (member, column) in [("place", "place"), ("code", "code"), ("reason", "reason")] {
        assert_eq!(failure[member], result[column].as_str(), "{member}");
    }
    assert_eq!((&failure["entry"], &failure["retry"]), (&json!(3), &json!(false)));
    assert_eq!((&failure["run"], &failure["key"]), (&json!(run.name), &json!(key)));

    world.import("generated", "nothing.txt", "").await;
    let notice = listener.notice(&world).await;
    check(&notice, "acme: stopped: nothing.txt", &["the file is empty"]);
    assert_eq!(listener.event(&world).await.1["verdict"], "stopped");

    // Each red run was looked at by the machine that closes runs, which had nothing to tell.
    world
        .until("both red runs are closed", async || {
            let closed = world.executions("closing").await;
            let done =
                |(_, status): &&(String, ExecutionStatus)| *status == ExecutionStatus::Succeeded;
            (closed.iter().filter(done).count() == 2).then_some(())
        })
        .await;
    listener.hears_nothing_more().await;
    assert_eq!(
        all(&world, "FailuresQueueUrl").await,
        Vec::<Value>::new(),
        "nor twice to the queue"
    );
    assert_eq!(all(&world, "UndeliveredQueueUrl").await, Vec::<Value>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_factory_is_told_of_devices_that_wait() {
    let (world, [known, unknown]) = factory(["device-1", "device-2"]).await;
    let listener = Listener::of(&world).await;
    register(&world, &[&known]).await;
    check(&listener.notice(&world).await, "acme: done: device-1.txt", &[]);
    assert_eq!(listener.event(&world).await.1["verdict"], "done");

    let file = device_infos(&[known.info(), unknown.info()]);
    let run = world.activate("batch.json", file).await;
    let notice = listener.notice(&world).await;
    let expected =
        ["1 created, 1 waiting", "Certificate.NotRegistered", "the same file can succeed later"];
    check(&notice, "acme: done with failures: batch.json", &expected);
    let (_, event) = listener.event(&world).await;
    assert_eq!((&event["machine"], &event["run"]), (&json!("activate"), &json!(run.name)));
    let failures = all(&world, "FailuresQueueUrl").await;
    let [failure] = failures.as_slice() else { panic!("one device waits, got {failures:?}") };
    assert_eq!((&failure["outcome"], &failure["retry"]), (&json!("waiting"), &json!(true)));
    assert_eq!(
        (&failure["thing"], &failure["certificate_id"]),
        (&json!(unknown.name), &json!(unknown.id))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_somebody_stopped_is_told_of_once_by_the_machine_that_closes_it() {
    let world = Making::with(SIX_CALLS).registering_at(10.0).world().await;
    let listener = Listener::of(&world).await;
    let devices = 60;
    world.upload("generated", "list.txt", list(&Authority::new("Test CA"), devices)).await;
    let name = world.next_run(&[]).await;
    world
        .until("some are registered", async || {
            (world.gate.calls().get("RegisterCertificateWithoutCA")? > &5).then_some(())
        })
        .await;
    let arn = world.execution(&name);
    world.sfn.stop_execution().execution_arn(&arn).send().await.unwrap();
    let run = world.ended(&name).await;

    let notice = listener.notice(&world).await;
    let expected = ["somebody stopped the run in Step Functions", "not attempted", &arn];
    check(&notice, "acme: stopped: list.txt", &expected);
    let (kind, event) = listener.event(&world).await;
    assert_eq!((kind.as_str(), &event["run"]), ("Run Ended", &json!(name)));
    let counts = run.report().counts;
    let failures = all(&world, "FailuresQueueUrl").await;
    assert_eq!(u64::try_from(failures.len()).unwrap(), counts.not_attempted);
    assert!(failures.iter().all(|failure| failure["code"] == "Run.Stopped"), "{failures:?}");

    // Step Functions tells at least once how an execution ended.
    let detail = json!({
        "name": name, "executionArn": arn, "status": "ABORTED", "error": null,
        "input": json!({ "vendor": "generated", "object": { "bucket": "b", "key": "k" } }).to_string(),
    });
    let stopped = json!({ "detail": detail });
    let (status, _) = carried_out(&world, "closing", &stopped).await;
    assert_eq!(status, ExecutionStatus::Succeeded);
    // Told again, rather than never.
    check(&listener.notice(&world).await, "acme: stopped: list.txt", &[]);
    assert_eq!(listener.event(&world).await.1["verdict"], "stopped");
    assert_eq!(all(&world, "FailuresQueueUrl").await, Vec::<Value>::new(), "but not the queue");

    // A run that came to its own verdict was told of.
    let mut own = stopped;
    own["detail"]["status"] = json!("FAILED");
    own["detail"]["error"] = json!("Stopped");
    let (status, output) = carried_out(&world, "closing", &own).await;
    assert_eq!((status, &output["verdict"]), (ExecutionStatus::Succeeded, &json!("stopped")));
    listener.hears_nothing_more().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_cannot_start_its_run_is_told_of_and_its_event_is_kept() {
    let world = Making::with(SIX_CALLS).waiting("0.01").world().await;
    let listener = Listener::of(&world).await;
    let import = world.machine("import");
    world.sfn.delete_state_machine().state_machine_arn(&import).send().await.unwrap();
    world.upload("generated", "<i>\nlist.txt", "x").await;

    let notice = listener.notice(&world).await;
    let expected = [
        "File: s3://acme-generated/%3Ci%3E%0Alist.txt\n",
        "the file is safe in its bucket",
        "kept in the queue acme-undelivered",
        "https://us-east-1.console.aws.amazon.com/states/home?region=us-east-1#/statemachines/view/",
    ];
    check(&notice, "acme: a file could not start its run", &expected);
    let (kind, event) = listener.event(&world).await;
    assert_eq!((kind.as_str(), &event["verdict"]), ("File Not Started", &json!("not_started")));
    assert_eq!(event["file"]["key"], "<i>\nlist.txt");
    let kept = world
        .until("the event is kept", async || all(&world, "UndeliveredQueueUrl").await.pop())
        .await;
    assert_eq!(kept["undelivered"]["event"]["detail"]["object"]["key"], "<i>\nlist.txt");
    assert_eq!(kept["failure"]["Error"], event["error"]);
    let ended = world
        .until("ingest has failed", async || {
            let ingests = world.executions("ingest").await;
            ingests.into_iter().find(|(_, status)| *status == ExecutionStatus::Failed)
        })
        .await;
    assert_eq!(ended.1, ExecutionStatus::Failed, "so that its alarm rings");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_stuck_is_told_of_once_a_day() {
    let world = Making::with(SIX_CALLS).world().await;
    let listener = Listener::of(&world).await;
    let run = world.import("generated", "list.txt", list(&Authority::new("Test CA"), 1)).await;
    listener.notice(&world).await;
    listener.event(&world).await;

    // Nobody works on anything: neither a run that ended, nor one that began a moment ago.
    world.put_in_runs(&format!("rate/active/{}", run.name), "{}").await;
    world.put_in_runs("rate/active/fresh-1", "{}").await;
    written_before(&world, &format!("rate/active/{}", run.name), 16);
    let (status, _) = carried_out(&world, "watch", &json!({})).await;
    assert_eq!(status, ExecutionStatus::Succeeded);
    listener.hears_nothing_more().await;

    written_before(&world, "rate/active/fresh-1", 16);
    carried_out(&world, "watch", &json!({})).await;
    let notice = listener.notice(&world).await;
    let stop =
        format!("aws stepfunctions stop-execution --execution-arn {}", world.execution("fresh-1"));
    check(&notice, "acme: stuck: fresh-1", &["No worker of the run", &stop]);
    let (kind, event) = listener.event(&world).await;
    assert_eq!((kind.as_str(), &event["verdict"]), ("Run Stuck", &json!("stuck")));

    carried_out(&world, "watch", &json!({})).await;
    listener.hears_nothing_more().await;
    written_before(&world, "rate/stuck/fresh-1", 25 * 60);
    carried_out(&world, "watch", &json!({})).await;
    assert_eq!(listener.notice(&world).await.subject, "acme: stuck: fresh-1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_that_the_topic_does_not_take_changes_no_verdict_and_is_kept() {
    let world = Making::with(SIX_CALLS).waiting("0.01").world().await;
    let listener = Listener::of(&world).await;
    publish_elsewhere(&world).await;
    let run = world.import("generated", "list.txt", list(&Authority::new("Test CA"), 1)).await;
    assert_eq!(run.summary(), "1 read, 1 created");
    let (_, event) = listener.event(&world).await;
    assert_eq!(event["verdict"], "done", "programs are told all the same");
    let kept = all(&world, "UndeliveredQueueUrl").await;
    let [kept] = kept.as_slice() else { panic!("one notice is kept, got {kept:?}") };
    assert_eq!(kept["notice"]["subject"], "acme: done: list.txt");
    assert!(kept["failure"]["Error"].as_str().unwrap().contains("SNS"), "{kept}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_is_cut_off_is_counted_and_passed_on_when_it_is_tried_again() {
    let world = Making::with(SIX_CALLS).waiting("0.05").world().await;
    let signer = Signer::new("Test Signer");
    world.import("microchip", "signer.der", signer.der.clone()).await;
    let authority = Authority::new("Test CA");
    let mut elements: Vec<Value> =
        (1..=12).map(|number| samples::Device::new(number, &authority).element(&signer)).collect();
    for element in &mut elements {
        element["signature"] = json!("AAAA");
    }
    // The queue is gone, and back before the machine gives up.
    let sqs = aws_sdk_sqs::Client::new(&world.cloud.aws_config());
    let url = world.output("FailuresQueueUrl");
    sqs.delete_queue().queue_url(url).send().await.unwrap();
    let earlier = world.runs().await;
    world.upload("microchip", "reel.json", json!(elements).to_string()).await;
    let name = world.next_run(&earlier).await;
    let written = async |file| world.run_file(&name, file).await;
    let report = world.until("the report is there", async || written("report.json").await).await;
    let page = written("report.html").await.expect("the page is written before the report");
    assert_eq!(written("told.json").await, None);
    sqs.create_queue().queue_name(format!("{STACK}-failures")).send().await.unwrap();
    let run = world.ended(&name).await;
    assert_eq!(run.summary(), "12 read, 12 rejected; red");
    let again = [written("report.json").await.unwrap(), written("report.html").await.unwrap()];
    assert!(again == [report, page], "a report that is tried again says the same, byte for byte");
    let failures = all(&world, "FailuresQueueUrl").await;
    let mut entries: Vec<u64> =
        failures.iter().map(|failure| failure["entry"].as_u64().unwrap()).collect();
    entries.sort_unstable();
    // The second call may have found the queue already where the first had not.
    entries.dedup();
    assert_eq!(entries, (1..=12).collect::<Vec<_>>(), "each device, in two calls");
    let told = world.run_file(&name, "told.json").await.unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&told).unwrap()["devices"], 12);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_never_answers_keeps_nobody_from_being_told() {
    let world = Making::with(SIX_CALLS).waiting("0.01").world().await;
    let listener = Listener::of(&world).await;
    let sqs = aws_sdk_sqs::Client::new(&world.cloud.aws_config());
    sqs.delete_queue().queue_url(world.output("FailuresQueueUrl")).send().await.unwrap();
    let list = list(&Authority::new("Test CA"), 1) + "bm8gY2VydGlmaWNhdGU=\n";
    let run = world.import("generated", "list.txt", list).await;
    assert_eq!(run.summary(), "2 read, 1 created, 1 rejected; red");
    assert!(run.cause.contains("Report.FailuresUnsent"), "{}", run.cause);
    let expected = ["1 created, 1 rejected", "Not passed on: the queue of failed devices"];
    let notice = listener.notice(&world).await;
    check(&notice, "acme: done with failures: list.txt", &expected);
    assert_eq!(listener.event(&world).await.1["verdict"], "done_with_failures");
}
