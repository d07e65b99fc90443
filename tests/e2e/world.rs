//! A local cloud with the stack deployed in it, and what a test asks of both.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    io::{self, Write as _},
    path::PathBuf,
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use aws_sdk_iot::types::CertificateStatus;
use aws_sdk_sfn::{operation::describe_execution::DescribeExecutionOutput, types::ExecutionStatus};
use gate::Gate;
use infra::Config;
use ledger::{Counts, Report};
use tempfile::TempDir;
use tokio::{
    sync::{RwLock, RwLockReadGuard, RwLockWriteGuard},
    time::{Instant, sleep},
};
use xtask::{
    deployment, functions,
    local_cloud::{LocalCloud, Options},
    registry_objects,
};

/// The stack's name in every test's cloud.
pub(crate) const STACK: &str = "acme";

/// Longer than any run of the tests takes on a busy machine.
const PATIENCE: Duration = Duration::from_mins(4);

/// Product lines as most tests use them: two policies, a group and a type.
pub(crate) const PROFILES: &str = r#"
[profile.default]
policies = ["sensor-base", "sensor-telemetry"]
thing_groups = ["sensors"]
thing_type = "sensor"
certificate_status = "active"
defer_things = false

[profile.bare]
policies = ["sensor-base"]
thing_groups = []
certificate_status = "inactive"
defer_things = true
"#;

/// One policy and one group: six calls a device.
pub(crate) const SIX_CALLS: &str = r#"
[profile.default]
policies = ["sensor-base"]
thing_groups = ["sensors"]
thing_type = "sensor"
certificate_status = "active"
defer_things = false
"#;

/// A bucket's name.
pub(crate) fn bucket(suffix: &str) -> String {
    format!("{STACK}-{suffix}")
}

/// Says something to whoever runs the tests, also where the test passes.
pub(crate) fn tell(line: &str) {
    // `eprintln!` would be kept back where the test passes.
    io::stderr().write_all(format!("{line}\n").as_bytes()).unwrap();
}

/// The functions' zips, built once.
pub(crate) fn zips() -> &'static BTreeMap<String, PathBuf> {
    static ZIPS: OnceLock<BTreeMap<String, PathBuf>> = OnceLock::new();
    ZIPS.get_or_init(|| functions::build().unwrap())
}

/// A cloud of a test's own.
pub(crate) struct World {
    pub(crate) iot: aws_sdk_iot::Client,
    pub(crate) s3: aws_sdk_s3::Client,
    pub(crate) sfn: aws_sdk_sfn::Client,
    pub(crate) gate: Gate,
    pub(crate) cloud: LocalCloud,
    outputs: BTreeMap<String, String>,
    account: String,
    _folder: TempDir,
    _turn: Turn,
}

/// Tests that measure have the machine to themselves.
static TURNS: RwLock<()> = RwLock::const_new(());

enum Turn {
    Shared { _with_others: RwLockReadGuard<'static, ()> },
    Alone { _for_this_test: RwLockWriteGuard<'static, ()> },
}

/// How to make a [`World`].
pub(crate) struct Making {
    profiles: String,
    trust_uploaded: bool,
    register_rate: Option<f64>,
    wait_scale: &'static str,
    registry_objects: bool,
    alone: bool,
}

impl Making {
    pub(crate) fn with(profiles: &str) -> Self {
        Self {
            profiles: profiles.to_owned(),
            trust_uploaded: true,
            register_rate: None,
            wait_scale: "1",
            registry_objects: true,
            alone: false,
        }
    }

    /// Only the signers that Microchip has published are trusted.
    pub(crate) fn trusting_published_signers_only(mut self) -> Self {
        self.trust_uploaded = false;
        self
    }

    /// Registrations a second.
    pub(crate) fn registering_at(mut self, rate: f64) -> Self {
        self.register_rate = Some(rate);
        self
    }

    /// How long the machine's waits take, as a part of what they say.
    pub(crate) fn waiting(mut self, scale: &'static str) -> Self {
        self.wait_scale = scale;
        self
    }

    /// AWS IoT has none of the policies, groups and types that the profiles name.
    pub(crate) fn without_registry_objects(mut self) -> Self {
        self.registry_objects = false;
        self
    }

    /// No other test has a cloud at the same time. A test that asks for this makes one cloud only.
    pub(crate) fn alone(mut self) -> Self {
        self.alone = true;
        self
    }

    pub(crate) async fn world(self) -> World {
        let turn = if self.alone {
            Turn::Alone { _for_this_test: TURNS.write().await }
        } else {
            Turn::Shared { _with_others: TURNS.read().await }
        };
        let zips = zips();
        let folder = tempfile::tempdir().unwrap();
        let gate = Gate::listen().await.unwrap();
        let cloud = LocalCloud::start(Options {
            dir: folder.path().to_owned(),
            endpoint_override: Some(format!("http://{}", gate.address)),
            env: vec![
                ("SFN_WAIT_SCALE".to_owned(), self.wait_scale.to_owned()),
                // As AWS Lambda sets it for functions that log JSON.
                ("AWS_LAMBDA_LOG_FORMAT".to_owned(), "JSON".to_owned()),
            ],
            ..Options::default()
        })
        .unwrap();
        gate.open(cloud.port);

        let config = Config::parse(&format!("stack = \"{STACK}\"\n{}", self.profiles)).unwrap();
        let mut config = deployment::for_local_cloud(config, STACK);
        config.vendor.microchip.signers.trust_uploaded = self.trust_uploaded;
        if let Some(rate) = self.register_rate {
            config.rate.register_certificate = rate;
        }
        let aws = cloud.aws_config();
        let outputs = deployment::deploy(&aws, &config, zips).await.unwrap();
        if self.registry_objects {
            registry_objects::ensure(&aws, &config).await.unwrap();
        }
        let account = outputs.values["ImportMachineArn"].split(':').nth(4).unwrap().to_owned();
        let s3 = aws_sdk_s3::config::Builder::from(&aws).force_path_style(true).build();
        World {
            iot: aws_sdk_iot::Client::new(&aws),
            s3: aws_sdk_s3::Client::from_conf(s3),
            sfn: aws_sdk_sfn::Client::new(&aws),
            gate,
            cloud,
            outputs: outputs.values,
            account,
            _folder: folder,
            _turn: turn,
        }
    }
}

/// A run that has ended.
pub(crate) struct Run {
    pub(crate) name: String,
    pub(crate) status: ExecutionStatus,
    pub(crate) cause: String,
    pub(crate) output: serde_json::Value,
    report: Option<Report>,
    results: Vec<BTreeMap<String, String>>,
}

impl Run {
    /// The run's report. Its books balance, or the test fails.
    #[track_caller]
    pub(crate) fn report(&self) -> &Report {
        let report = self.report.as_ref().expect("the run has a report");
        assert!(report.balanced, "the books balance: {report:?}");
        assert!(report.counts.balanced(), "the counts add up: {report:?}");
        let lines = u64::try_from(self.results.len()).unwrap();
        assert_eq!(lines, report.counts.read, "results.csv has a line for each entry");
        report
    }

    /// What became of the entries, such as `9 created, 1 rejected`, and `red` where the execution failed.
    #[track_caller]
    pub(crate) fn summary(&self) -> String {
        let Counts {
            read,
            created,
            unchanged,
            updated,
            conflict,
            rejected,
            failed,
            waiting,
            not_attempted,
            removed,
            kept,
        } = self.report().counts;
        let mut text = format!("{read} read");
        let counts = [
            (created, "created"),
            (unchanged, "unchanged"),
            (updated, "updated"),
            (conflict, "conflict"),
            (rejected, "rejected"),
            (failed, "failed"),
            (waiting, "waiting"),
            (not_attempted, "not attempted"),
            (removed, "removed"),
            (kept, "kept"),
        ];
        for (count, word) in counts.into_iter().filter(|(count, _)| *count > 0) {
            write!(text, ", {count} {word}").unwrap();
        }
        match self.status {
            ExecutionStatus::Succeeded => text,
            _ => format!("{text}; red"),
        }
    }

    /// The line of results.csv for an entry.
    #[track_caller]
    pub(crate) fn result(&self, entry: u64) -> &BTreeMap<String, String> {
        self.find(entry).expect("the entry has a line in results.csv")
    }

    /// The same, where there is one.
    pub(crate) fn find(&self, entry: u64) -> Option<&BTreeMap<String, String>> {
        let entry = entry.to_string();
        self.results.iter().find(|line| line["entry"] == entry)
    }

    /// The only problem's code.
    #[track_caller]
    pub(crate) fn problem(&self) -> &str {
        match self.report().problems.as_slice() {
            [problem] => &problem.code,
            problems => panic!("expected one problem, got {problems:?}"),
        }
    }

    /// Code and sentence of why the run stopped.
    #[track_caller]
    pub(crate) fn stop(&self) -> (&str, &str) {
        let stopped = self.report().stopped.as_ref().expect("the run stopped");
        assert_eq!(self.report().verdict, ledger::Verdict::Stopped);
        (&stopped.code, &stopped.reason)
    }
}

/// A device as AWS IoT knows it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Device {
    pub(crate) thing_type: Option<String>,
    pub(crate) groups: Vec<String>,
    /// Certificate ids with their status and policies.
    pub(crate) certificates: Vec<(String, CertificateStatus, Vec<String>)>,
}

impl World {
    pub(crate) async fn new() -> Self {
        Making::with(PROFILES).world().await
    }

    /// The account's number.
    pub(crate) fn account(&self) -> &str {
        &self.account
    }

    pub(crate) fn machine(&self, name: &str) -> String {
        format!("arn:aws:states:us-east-1:{}:stateMachine:{STACK}-{name}", self.account)
    }

    /// One of the stack's outputs.
    #[track_caller]
    pub(crate) fn output(&self, name: &str) -> &str {
        &self.outputs[name]
    }

    /// ARN of a run of the import machine.
    pub(crate) fn execution(&self, run: &str) -> String {
        self.execution_of("import", run)
    }

    fn execution_of(&self, machine: &str, run: &str) -> String {
        format!("{}:{run}", self.machine(machine).replace(":stateMachine:", ":execution:"))
    }

    /// Uploads a file as any S3 client does.
    pub(crate) async fn upload(&self, vendor: &str, key: &str, content: impl Into<Vec<u8>>) {
        let put = self.s3.put_object().bucket(bucket(vendor)).key(key).body(content.into().into());
        put.send().await.unwrap();
    }

    /// Uploads a file and waits for the end of its run.
    pub(crate) async fn import(&self, vendor: &str, key: &str, content: impl Into<Vec<u8>>) -> Run {
        self.run("import", vendor, key, content.into()).await
    }

    /// Uploads device-infos and waits for the end of their run.
    pub(crate) async fn activate(&self, key: &str, content: impl Into<Vec<u8>>) -> Run {
        self.run("activate", "mes", key, content.into()).await
    }

    /// Takes a run back, or tells what that would do, and waits for the end.
    pub(crate) async fn undo(&self, run: &str, dry: bool) -> Run {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let name = format!("undo-{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let input = serde_json::json!({ "run": run, "dry": dry }).to_string();
        let start = self.sfn.start_execution().state_machine_arn(self.machine("undo"));
        start.name(&name).input(input).send().await.unwrap();
        self.ended_of("undo", &name).await
    }

    async fn run(&self, machine: &str, bucket: &str, key: &str, content: Vec<u8>) -> Run {
        let earlier = self.runs_of(machine).await;
        self.upload(bucket, key, content).await;
        let name = self.next_run_of(machine, &earlier).await;
        self.ended_of(machine, &name).await
    }

    /// Names of all imports so far.
    pub(crate) async fn runs(&self) -> Vec<String> {
        self.runs_of("import").await
    }

    /// Names of all runs of a machine so far.
    pub(crate) async fn runs_of(&self, machine: &str) -> Vec<String> {
        self.executions(machine).await.into_iter().map(|(name, _)| name).collect()
    }

    /// All executions of a machine so far, each with its status.
    pub(crate) async fn executions(&self, machine: &str) -> Vec<(String, ExecutionStatus)> {
        let listed = self.sfn.list_executions().state_machine_arn(self.machine(machine));
        let listed = listed.send().await.unwrap();
        listed.executions.into_iter().map(|execution| (execution.name, execution.status)).collect()
    }

    /// The import that is there and was not before.
    pub(crate) async fn next_run(&self, earlier: &[String]) -> String {
        self.next_run_of("import", earlier).await
    }

    /// The run of a machine that is there and was not before.
    pub(crate) async fn next_run_of(&self, machine: &str, earlier: &[String]) -> String {
        self.until("a run starts", async || {
            self.runs_of(machine).await.into_iter().find(|name| !earlier.contains(name))
        })
        .await
    }

    /// Waits for the end of an import, and of its report where it is closed by the other machine.
    pub(crate) async fn ended(&self, name: &str) -> Run {
        self.ended_of("import", name).await
    }

    /// Waits until an execution of a machine does not run any more.
    pub(crate) async fn settled(&self, machine: &str, name: &str) -> DescribeExecutionOutput {
        let arn = self.execution_of(machine, name);
        self.until("the run ends", async || {
            let found = self.sfn.describe_execution().execution_arn(&arn).send().await.unwrap();
            (found.status != ExecutionStatus::Running).then_some(found)
        })
        .await
    }

    /// Waits for the end of a run of a machine.
    pub(crate) async fn ended_of(&self, machine: &str, name: &str) -> Run {
        let ended = self.settled(machine, name).await;
        let output =
            ended.output().map(|output| serde_json::from_str(output).unwrap()).unwrap_or_default();
        let mut run = Run {
            name: name.to_owned(),
            cause: ended.cause().unwrap_or_default().to_owned(),
            status: ended.status,
            output,
            report: None,
            results: Vec::new(),
        };
        if run.status == ExecutionStatus::Aborted {
            self.until("the run is closed", async || self.run_file(name, "report.json").await)
                .await;
        }
        run.report = self
            .run_file(name, "report.json")
            .await
            .map(|json| serde_json::from_slice(&json).unwrap());
        if run.report.is_some() {
            let page = self.run_file(name, "report.html").await.expect("the report has a page");
            let page = String::from_utf8(page).unwrap();
            assert!(page.contains(name) && page.trim_end().ends_with("</html>"), "{page}");
        }
        let results = self.run_file(name, "results.csv").await.unwrap_or_default();
        run.results = csv::Reader::from_reader(results.as_slice())
            .deserialize()
            .map(Result::unwrap)
            .collect();
        run
    }

    /// Puts an object into the runs bucket.
    pub(crate) async fn put_in_runs(&self, key: &str, content: &'static str) {
        let put = self.s3.put_object().bucket(bucket("runs")).key(key);
        put.body(content.as_bytes().to_vec().into()).send().await.unwrap();
    }

    /// A file of a run.
    pub(crate) async fn run_file(&self, run: &str, file: &str) -> Option<Vec<u8>> {
        let get = self.s3.get_object().bucket(bucket("runs")).key(format!("runs/{run}/{file}"));
        let object = get.send().await.ok()?;
        Some(object.body.collect().await.unwrap().to_vec())
    }

    /// The device of that thing name, where there is one.
    pub(crate) async fn device(&self, thing: &str) -> Option<Device> {
        let found = self.iot.describe_thing().thing_name(thing).send().await.ok()?;
        let groups = self.iot.list_thing_groups_for_thing().thing_name(thing).send().await.unwrap();
        let mut device = Device {
            thing_type: found.thing_type_name,
            groups: groups
                .thing_groups()
                .iter()
                .filter_map(|group| group.group_name.clone())
                .collect(),
            certificates: Vec::new(),
        };
        let principals = self.iot.list_thing_principals().thing_name(thing).send().await.unwrap();
        for arn in principals.principals() {
            let id = arn.rsplit('/').next().unwrap();
            let (status, policies) = self.certificate(id).await.unwrap();
            device.certificates.push((id.to_owned(), status, policies));
        }
        Some(device)
    }

    /// Status and policies of a certificate, where it is registered.
    pub(crate) async fn certificate(&self, id: &str) -> Option<(CertificateStatus, Vec<String>)> {
        let found = self.iot.describe_certificate().certificate_id(id).send().await.ok()?;
        let description = found.certificate_description?;
        let listed = self
            .iot
            .list_attached_policies()
            .target(description.certificate_arn?)
            .send()
            .await
            .unwrap();
        let mut policies: Vec<_> =
            listed.policies().iter().filter_map(|policy| policy.policy_name.clone()).collect();
        policies.sort();
        Some((description.status?, policies))
    }

    /// How many things and certificates the account has.
    pub(crate) async fn registered(&self) -> (usize, usize) {
        let mut things = self.iot.list_things().into_paginator().items().send();
        let mut count = 0;
        while let Some(thing) = things.next().await {
            thing.unwrap();
            count += 1;
        }
        let mut certificates = 0;
        let mut marker = None;
        loop {
            let page = self.iot.list_certificates().set_marker(marker).send().await.unwrap();
            certificates += page.certificates().len();
            marker = page.next_marker;
            if marker.is_none() {
                return (count, certificates);
            }
        }
    }

    /// Asks until there is an answer.
    pub(crate) async fn until<T>(&self, what: &str, ask: impl AsyncFn() -> Option<T>) -> T {
        let begun = Instant::now();
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            assert!(begun.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}");
            sleep(Duration::from_millis(100)).await;
        }
    }
}

/// The device that a profile with these policies gives.
pub(crate) fn device(certificate_id: &str, policies: &[&str]) -> Device {
    let policies = policies.iter().map(|policy| (*policy).to_owned()).collect();
    Device {
        thing_type: Some("sensor".to_owned()),
        groups: vec!["sensors".to_owned()],
        certificates: vec![(certificate_id.to_owned(), CertificateStatus::Active, policies)],
    }
}
