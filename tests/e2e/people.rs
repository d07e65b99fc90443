//! The policies that people attach: each lets its owner do their work, and refuses the rest.
//!
//! The users have the policy and nothing else, and the local cloud enforces it.

use std::fs;

use ledger::Report;

use crate::{
    factory::{self, Made, device_infos, factory},
    person::{Person, allowed, refused},
    samples::{self, Authority, Signer, standard},
    world::{Making, PROFILES, World, bucket},
};

fn devices(names: &[&str]) -> String {
    let authority = Authority::new("Test CA");
    names.iter().map(|name| standard(authority.leaf(name)) + "\n").collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn upload_imports_manifests_and_can_do_nothing_else() {
    let world = World::new().await;
    let person = Person::with(&world, "upload").await;
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("good.txt"), devices(&["device-1", "device-2"])).unwrap();
    let (status, stdout, stderr) = person.import(&world, folder.path(), "good.txt");
    assert_eq!(status, Some(0), "{stderr}");
    let report: Report = serde_json::from_str(&stdout).unwrap();
    assert_eq!((report.counts.read, report.counts.created), (2, 2));

    for vendor in infra::VENDORS {
        allowed("upload", person.put(vendor, "profile/manifest.json").send()).await;
        allowed("list", person.s3.list_objects_v2().bucket(bucket(vendor)).send()).await;
        refused("read a file", person.get(vendor, "profile/manifest.json").send()).await;
    }
    let parts = person.s3.create_multipart_upload().bucket(bucket("infineon")).key("large.7z");
    let upload = parts.send().await.unwrap().upload_id.unwrap();
    let abort = person.s3.abort_multipart_upload().bucket(bucket("infineon")).key("large.7z");
    allowed("give an upload up", abort.upload_id(upload).send()).await;
    let results = format!("runs/{}/results.csv", report.run);
    allowed("read results", person.get("runs", &results).send()).await;

    for vendor in ["microchip", "infineon"] {
        refused("name a signer", person.put(vendor, "signers/mine.crt").send()).await;
    }
    refused("upload for the factory", person.put("mes", "infos.json").send()).await;
    let work = format!("runs/{}/work.jsonl", report.run);
    refused("read the work of a run", person.get("runs", &work).send()).await;
    refused("read a filed signer", person.get("runs", "signers/x.der").send()).await;
    refused("make a signer trusted", person.put("runs", "signers/x.der").send()).await;
    let runs = person.sfn.list_executions().state_machine_arn(world.machine("activate"));
    refused("see activations", runs.send()).await;
    let start = person.sfn.start_execution().state_machine_arn(world.machine("import"));
    refused("start a run by hand", start.send()).await;
    let stop = person.sfn.stop_execution().execution_arn(world.execution(&report.run));
    refused("stop a run", stop.send()).await;
    refused("look at devices", person.iot.describe_thing().thing_name("device-1").send()).await;
    person.is_no_administrator(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn upload_mes_activates_devices_and_can_do_nothing_else() {
    let (world, [made]) = factory(["device-1"]).await;
    let person = Person::with(&world, "upload-mes").await;
    factory::register(&world, &[&made]).await;
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("infos.json"), device_infos(&[Made::info(&made)])).unwrap();
    let (status, stdout, stderr) = person.import(&world, folder.path(), "infos.json");
    assert_eq!(status, Some(0), "{stderr}");
    let report: Report = serde_json::from_str(&stdout).unwrap();
    assert_eq!((report.counts.read, report.counts.created), (1, 1));

    for vendor in infra::VENDORS {
        refused("upload a manifest", person.put(vendor, "manifest.json").send()).await;
        refused("list", person.s3.list_objects_v2().bucket(bucket(vendor)).send()).await;
    }
    refused("read device-infos", person.get("mes", "infos.json").send()).await;
    let runs = person.sfn.list_executions().state_machine_arn(world.machine("import"));
    refused("see imports", runs.send()).await;
    person.is_no_administrator(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn plan_has_files_planned_and_can_import_nothing() {
    let world = World::new().await;
    let person = Person::with(&world, "plan").await;
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("good.txt"), devices(&["device-1"])).unwrap();
    let (status, stdout, stderr) = person.run(&world, folder.path(), "plan", "good.txt");
    assert_eq!(status, Some(0), "{stderr}");
    let report: Report = serde_json::from_str(&stdout).unwrap();
    assert!(report.dry && report.counts.created == 1, "{report:?}");
    assert_eq!(world.registered().await, (0, 0));

    for arrival in infra::BUCKETS {
        allowed("plan", person.put(arrival, "plan/x").send()).await;
        for key in ["x.json", "signers/x.crt", "planned/x.json"] {
            refused("import", person.put(arrival, key).send()).await;
        }
        refused("read files", person.get(arrival, "plan/x").send()).await;
    }
    let start = person.sfn.start_execution().state_machine_arn(world.machine("import"));
    refused("start a run", start.send()).await;
    person.is_no_administrator(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn signers_names_signers_and_can_do_nothing_else() {
    let world = Making::with(PROFILES).trusting_published_signers_only().world().await;
    let person = Person::with(&world, "signers").await;
    let folder = tempfile::tempdir().unwrap();
    let signer = Signer::new("Somebody");
    fs::write(folder.path().join("signer.crt"), samples::pem(&signer.der)).unwrap();
    let (status, _, stderr) = person.import(&world, folder.path(), "signer.crt");
    assert_eq!(status, Some(0), "{stderr}");
    let filed = format!("signers/{}.der", signer.certificate().id());
    world.s3.head_object().bucket(bucket("runs")).key(filed).send().await.unwrap();

    for vendor in ["microchip", "infineon"] {
        allowed("name a signer", person.put(vendor, "signers/other.crt").send()).await;
        refused("upload a manifest", person.put(vendor, "manifest.json").send()).await;
    }
    for vendor in ["espressif", "generated", "mes"] {
        refused("upload", person.put(vendor, "signers/x.crt").send()).await;
    }
    refused("file a signer itself", person.put("runs", "signers/x.der").send()).await;
    person.is_no_administrator(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn operator_runs_everything_and_writes_nothing_to_aws_iot() {
    let world = World::new().await;
    let person = Person::with(&world, "operator").await;
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("good.txt"), devices(&["device-1"])).unwrap();
    let (status, stdout, stderr) = person.import(&world, folder.path(), "good.txt");
    assert_eq!(status, Some(0), "{stderr}");
    let report: Report = serde_json::from_str(&stdout).unwrap();

    for arrival in infra::BUCKETS {
        allowed("upload", person.put(arrival, "signers/x").send()).await;
        allowed("read", person.get(arrival, "signers/x").send()).await;
        let versions = person.s3.list_object_versions().bucket(bucket(arrival));
        allowed("see versions", versions.send()).await;
    }
    let run = world.execution(&report.run);
    allowed(
        "read a run's work",
        person.get("runs", &format!("runs/{}/work.jsonl", report.run)).send(),
    )
    .await;
    allowed("stop a run", person.sfn.stop_execution().execution_arn(&run).send()).await;
    allowed("see a run", person.sfn.get_execution_history().execution_arn(&run).send()).await;
    for machine in ["import", "activate"] {
        let start = person.sfn.start_execution().state_machine_arn(world.machine(machine));
        allowed("start a run", start.input("{}").send()).await;
    }
    let start = person.sfn.start_execution().state_machine_arn(world.machine("undo"));
    refused("take a run back", start.input("{}").send()).await;
    for queue in ["failures", "undelivered"] {
        let url = person.sqs.get_queue_url().queue_name(bucket(queue)).send().await.unwrap();
        let url = url.queue_url.unwrap();
        allowed("read messages", person.sqs.receive_message().queue_url(&url).send()).await;
        let send = person.sqs.send_message().queue_url(&url).message_body("made up");
        refused("make messages up", send.send()).await;
        refused("empty a queue", person.sqs.purge_queue().queue_url(&url).send()).await;
    }
    allowed("look at devices", person.iot.describe_thing().thing_name("device-1").send()).await;
    allowed("list devices", person.iot.list_things().send()).await;
    simulate(&world, "operator").await;
    person.is_no_administrator(&world).await;
}

/// What is asked of CloudWatch, for which the tests have no client: IAM answers for it.
async fn simulate(world: &World, policy: &str) {
    let account = world.account();
    let place = |rest: &str| format!("arn:aws:{}", rest.replace("ACCOUNT", account));
    let rows = [
        ("cloudwatch:DescribeAlarms", place("cloudwatch:us-east-1:ACCOUNT:alarm:*"), true),
        ("cloudwatch:GetDashboard", place("cloudwatch::ACCOUNT:dashboard/acme"), true),
        ("cloudwatch:GetDashboard", place("cloudwatch::ACCOUNT:dashboard/other"), false),
        ("cloudwatch:PutDashboard", place("cloudwatch::ACCOUNT:dashboard/acme"), false),
        (
            "cloudwatch:DeleteAlarms",
            place("cloudwatch:us-east-1:ACCOUNT:alarm:acme-runs-stuck"),
            false,
        ),
        (
            "logs:FilterLogEvents",
            place("logs:us-east-1:ACCOUNT:log-group:/aws/lambda/acme-decode-microchip:*"),
            true,
        ),
        (
            "logs:FilterLogEvents",
            place("logs:us-east-1:ACCOUNT:log-group:/aws/lambda/other-decode-microchip:*"),
            false,
        ),
        (
            "logs:DeleteLogGroup",
            place("logs:us-east-1:ACCOUNT:log-group:/aws/lambda/acme-decode-microchip:*"),
            false,
        ),
        ("states:RedriveExecution", world.execution("some-run"), true),
        // The local cloud itself asks for `*` here.
        (
            "states:DescribeMapRun",
            place("states:us-east-1:ACCOUNT:mapRun:acme-import/Register:x"),
            true,
        ),
        (
            "states:DescribeMapRun",
            place("states:us-east-1:ACCOUNT:mapRun:other-import/Register:x"),
            false,
        ),
        ("states:UpdateStateMachine", world.machine("import"), false),
        (
            "lambda:UpdateFunctionCode",
            place("lambda:us-east-1:ACCOUNT:function:acme-decode-microchip"),
            false,
        ),
        ("s3:DeleteObjectVersion", place("s3:::acme-generated/x"), false),
    ];
    let iam = aws_sdk_iam::Client::new(&world.cloud.aws_config());
    for (action, resource, expected) in rows {
        let user = format!("arn:aws:iam::{account}:user/{policy}");
        let asked = iam.simulate_principal_policy().policy_source_arn(user);
        let answer = asked.action_names(action).resource_arns(&resource).send().await.unwrap();
        let decision = answer.evaluation_results()[0].eval_decision().as_str().to_owned();
        assert_eq!(decision == "allowed", expected, "{action} on {resource}: {decision}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn auditor_sees_where_devices_came_from_and_changes_nothing() {
    let world = World::new().await;
    let person = Person::with(&world, "auditor").await;
    let run = world.import("generated", "list.txt", devices(&["device-1"])).await;
    let versions =
        person.s3.list_object_versions().bucket(bucket("generated")).send().await.unwrap();
    let version = versions.versions()[0].version_id().unwrap();
    let file = person.get("generated", "list.txt").version_id(version).send().await.unwrap();
    assert!(!file.body.collect().await.unwrap().to_vec().is_empty());
    for file in ["report.json", "results.csv", "plan.json", "work.jsonl"] {
        allowed(
            "read a run's file",
            person.get("runs", &format!("runs/{}/{file}", run.name)).send(),
        )
        .await;
    }
    let arn = world.execution(&run.name);
    allowed("see a run", person.sfn.describe_execution().execution_arn(&arn).send()).await;
    allowed("see its history", person.sfn.get_execution_history().execution_arn(&arn).send()).await;
    for machine in ["import", "activate", "undo", "closing", "ingest"] {
        let runs = person.sfn.list_executions().state_machine_arn(world.machine(machine));
        allowed("see runs", runs.send()).await;
    }
    let principals = person.iot.list_thing_principals().thing_name("device-1");
    allowed("see a device's certificate", principals.send()).await;

    for arrival in infra::BUCKETS {
        refused("upload", person.put(arrival, "x").send()).await;
    }
    let start = person.sfn.start_execution().state_machine_arn(world.machine("import"));
    refused("start a run", start.send()).await;
    refused("stop a run", person.sfn.stop_execution().execution_arn(&arn).send()).await;
    refused("see queues", person.sqs.get_queue_url().queue_name(bucket("failures")).send()).await;
    person.is_no_administrator(&world).await;
}
