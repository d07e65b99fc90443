//! `cargo xtask deploy`, `diff`, `outputs` and `destroy`, as a person uses them: on an empty cloud, with the real binary.

use std::{
    env, fs,
    process::{Child, Command, Output, Stdio},
    thread,
    time::Duration,
};

use aws_sdk_cloudformation::{Client, types::ChangeSetType};
use aws_sdk_s3::config::Credentials;
use tempfile::TempDir;
use xtask::{
    functions,
    local_cloud::{LocalCloud, Options},
};

use crate::{
    samples::{Authority, standard},
    world::{Making, SIX_CALLS},
};

const STACK: &str = "acme";
const POLICY: &str = r#"profile.default.policies=["another"]"#;

/// An empty cloud, a configuration, and a command line.
pub(crate) struct Desk {
    pub(crate) cloud: LocalCloud,
    pub(crate) folder: TempDir,
}

/// What a command ended with.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    fn of(output: Output) -> Self {
        let [stdout, stderr] =
            [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
        Self { status: output.status.code(), stdout, stderr }
    }

    /// Ended with this status, having said these words to the person.
    #[track_caller]
    pub(crate) fn check(&self, status: i32, said: &[&str]) {
        assert_eq!(self.status, Some(status), "{self:#?}");
        for words in said {
            assert!(self.stderr.contains(words), "{words:?} is not in {}", self.stderr);
        }
    }
}

/// The command line with nothing of this process's environment that would lead it elsewhere.
pub(crate) fn command(endpoint: &str, arguments: &[&str]) -> Command {
    // Cargo puts the tests of a workspace beside its binaries.
    let mut command = Command::new(env::current_exe().unwrap().with_file_name("../xtask"));
    command.args(arguments).stdin(Stdio::null());
    for name in ["AWS_PROFILE", "AWS_SESSION_TOKEN", "THINGPRESS_STACK", "AWS_DEFAULT_REGION"] {
        command.env_remove(name);
    }
    command.env("AWS_ENDPOINT_URL", endpoint).env("AWS_REGION", "us-east-1");
    command.env("AWS_ACCESS_KEY_ID", "test").env("AWS_SECRET_ACCESS_KEY", "test");
    command.env("AWS_EC2_METADATA_DISABLED", "true");
    command
}

pub(crate) fn ended(mut command: Command) -> Ended {
    Ended::of(command.output().unwrap())
}

impl Desk {
    pub(crate) fn new() -> Self {
        // So that no command has to build for minutes.
        functions::build().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let cloud =
            LocalCloud::start(Options { dir: folder.path().join("cloud"), ..Options::default() })
                .unwrap();
        let config = "stack = \"acme\"\n[profile.default]\npolicies = [\"base\"]\n";
        fs::write(folder.path().join("thingpress.toml"), config).unwrap();
        Self { cloud, folder }
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = command(&self.cloud.endpoint(), arguments);
        command.arg("--config").arg(self.folder.path().join("thingpress.toml"));
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        ended(self.command(arguments))
    }

    fn start(&self, arguments: &[&str]) -> Child {
        self.command(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// S3 for somebody who has nothing to do with us.
    fn another_account(&self) -> aws_sdk_s3::Client {
        let another = Credentials::new("222222222222", "test", None, None, "another account");
        let s3 = aws_sdk_s3::config::Builder::from(&self.cloud.aws_config())
            .credentials_provider(another)
            .force_path_style(true);
        aws_sdk_s3::Client::from_conf(s3.build())
    }

    fn stacks(&self) -> Client {
        Client::new(&self.cloud.aws_config())
    }

    /// The status of the stack, where there is one.
    async fn status(&self) -> Option<String> {
        let found = self.stacks().describe_stacks().stack_name(STACK).send().await.ok()?;
        Some(found.stacks()[0].stack_status()?.as_str().to_owned())
    }

    /// Names of the buckets of the cloud.
    async fn buckets(&self) -> Vec<String> {
        let s3 = aws_sdk_s3::config::Builder::from(&self.cloud.aws_config());
        let s3 = aws_sdk_s3::Client::from_conf(s3.force_path_style(true).build());
        let listed = s3.list_buckets().send().await.unwrap();
        listed.buckets().iter().filter_map(|bucket| bucket.name.clone()).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_does_with_a_stack_from_the_first_day_to_the_last() {
    let desk = Desk::new();

    // Nobody is there to agree: nothing happens, and nothing is left behind.
    desk.run(&["deploy"]).check(2, &["Deploy acme with these changes?", "hint: add --yes"]);
    assert_eq!(desk.status().await, None);

    let first = desk.run(&["deploy", "--yes"]);
    first.check(0, &["Account   000000000000", "Identity  arn:aws:iam", "acme is created"]);
    first.check(0, &["+ function  Activate, Decode", "Permissions", "role acme-register"]);
    assert!(
        first.stdout.contains("acme-runs") && first.stdout.contains(":stateMachine:acme-import")
    );

    // Again: nothing to do, and nothing to ask.
    desk.run(&["deploy"]).check(0, &["acme is up to date: nothing to change"]);
    desk.run(&["diff"]).check(0, &["nothing differs"]);

    // Another rate concerns nobody's permissions, and is not asked about.
    let rate = desk.run(&["diff", "--set", "rate.attach_policy=30"]);
    rate.check(1, &[]);
    assert!(rate.stdout.contains("configuration: rate.attach_policy  15.0 → 30.0"), "{rate:#?}");
    assert!(!rate.stdout.contains("Permissions"), "{rate:#?}");
    desk.run(&["deploy", "--set", "rate.attach_policy=30"]).check(0, &["acme is updated"]);
    desk.run(&["deploy"]).check(0, &["rate.attach_policy  30.0 → 15.0", "acme is updated"]);

    // Another policy is a permission of one role, and the other roles stay.
    let policy = desk.run(&["diff", "--set", POLICY]);
    policy.check(1, &[]);
    for line in [
        r#"      configuration: profiles.default.policies  ["base"] → ["another"]"#,
        "    + Allow iot:GetPolicy on iot:policy/another",
        "    - Allow iot:GetPolicy on iot:policy/base",
    ] {
        assert!(policy.stdout.lines().any(|said| said == line), "{line}: {policy:#?}");
    }
    let json = desk.run(&["diff", "--json", "--set", POLICY]);
    json.check(1, &[]);
    let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    let changed: Vec<&str> = json["resources"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["id"].as_str().unwrap())
        .collect();
    assert_eq!(changed, ["ActivateMachine", "ImportMachine", "PreflightRole", "UndoMachine"]);
    desk.run(&["deploy", "--set", POLICY]).check(2, &["role acme-preflight", "hint: add --yes"]);
    desk.run(&["diff"]).check(0, &["nothing differs"]);
    desk.run(&["deploy", "--yes", "--set", POLICY]).check(0, &["acme is updated"]);
    desk.run(&["diff", "--set", POLICY]).check(0, &["nothing differs"]);

    let outputs = desk.run(&["outputs", "--json"]);
    outputs.check(0, &[]);
    let outputs: serde_json::Value = serde_json::from_str(&outputs.stdout).unwrap();
    assert_eq!(outputs["outputs"]["RunsBucketName"], "acme-runs");
    assert!(outputs["links"]["RunsBucketName"].as_str().unwrap().contains("s3/buckets/acme-runs"));

    // What stays is told before it is asked.
    let stays = ["Stays", "bucket acme-runs: empty", "everything in AWS IoT"];
    desk.run(&["destroy"]).check(2, &stays);
    assert!(desk.status().await.is_some());
    desk.run(&["destroy", "--yes"]).check(0, &[" functions, ", "acme is deleted"]);
    assert_eq!(desk.status().await, None);
    assert_eq!(desk.buckets().await.len(), 6, "the buckets stay, those of the assets do not");
    desk.run(&["outputs"]).check(1, &["there is no stack acme", "hint: deploy it"]);
    desk.run(&["destroy", "--yes"])
        .check(0, &["nothing of acme to delete", "acme-runs is still there"]);

    // AWS takes retained buckets up again; here they have to go.
    desk.run(&["deploy", "--yes"]).check(1, &["acme-runs", "destroy --stack acme --with-buckets"]);
    desk.run(&["destroy", "--with-buckets"]).check(2, &["This cannot be undone"]);
    desk.run(&["destroy", "--with-buckets", "--yes"]).check(0, &["acme-runs is deleted"]);
    assert_eq!(desk.buckets().await, [""; 0]);
    desk.run(&["deploy", "--yes"]).check(0, &["acme is created"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_somebody_else_has_is_told_before_anything_is_made() {
    let desk = Desk::new();
    desk.another_account().create_bucket().bucket("acme-runs").send().await.unwrap();
    let refused = desk.run(&["deploy", "--yes"]);
    refused.check(1, &["names of buckets are taken:\n  acme-runs: belongs to somebody else"]);
    refused.check(1, &["hint: bucket names begin with the stack's name: choose another `stack`"]);
    assert_eq!(desk.buckets().await, [""; 0]);
    desk.run(&["deploy", "--yes", "--set", "stack=other"]).check(0, &["other is created"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_deployment_tells_its_first_cause_and_the_next_one_recovers() {
    let desk = Desk::new();
    // The name is free when it is looked at, and taken when CloudFormation gets there.
    let mut deploy = desk.command(&["deploy", "--yes"]);
    let deploy = deploy.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    while !desk.buckets().await.iter().any(|bucket| bucket.starts_with("acme-assets")) {
        thread::sleep(Duration::from_millis(2));
    }
    let somebody = desk.another_account();
    somebody.create_bucket().bucket("acme-runs").send().await.unwrap();
    let failed = Ended::of(deploy.wait_with_output().unwrap());
    failed.check(1, &["error: stack acme ended as ROLLBACK_COMPLETE: RunsBucket: "]);
    failed.check(1, &["'acme-runs' already exists", "hint: remove the cause and deploy again"]);
    let left = desk.buckets().await;
    assert_eq!(left, ["acme-assets-000000000000-us-east-1"]);

    somebody.delete_bucket().bucket("acme-runs").send().await.unwrap();
    desk.run(&["deploy"]).check(2, &["The first deployment of acme failed (ROLLBACK_COMPLETE)"]);
    desk.run(&["deploy", "--yes"]).check(0, &["acme is deleted", "acme is created"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_deployment_is_taken_up_where_it_is() {
    let desk = Desk::new();
    // Killed between the change set and its execution.
    desk.stacks()
        .create_change_set()
        .stack_name(STACK)
        .change_set_name("deploy-1")
        .change_set_type(ChangeSetType::Create)
        .template_body(r#"{"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}"#)
        .send()
        .await
        .unwrap();
    assert_eq!(desk.status().await.as_deref(), Some("REVIEW_IN_PROGRESS"));
    desk.run(&["diff"]).check(1, &[]);
    desk.run(&["deploy", "--yes"]).check(0, &["acme is created"]);
    // Killed wherever it happens to be: building, uploading, creating.
    for milliseconds in [400, 800, 1200] {
        desk.run(&["destroy", "--with-buckets", "--yes"]).check(0, &[]);
        let mut killed = desk.start(&["deploy", "--yes"]);
        thread::sleep(Duration::from_millis(milliseconds));
        killed.kill().unwrap();
        killed.wait().unwrap();
        desk.run(&["deploy", "--yes"]).check(0, &["✓ acme is"]);
        desk.run(&["diff"]).check(0, &["nothing differs"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_waits_for_the_one_that_is_under_way() {
    let desk = Desk::new();
    // A deployment that takes a few seconds and fails then, because nobody gives the signal.
    let template = r#"{"Description": "Thingpress: a test", "Resources": {
        "Handle": {"Type": "AWS::CloudFormation::WaitConditionHandle"},
        "Wait": {
            "Type": "AWS::CloudFormation::WaitCondition",
            "Properties": {"Handle": {"Ref": "Handle"}, "Timeout": "4"}
        }
    }}"#;
    let create = desk.stacks().create_stack().stack_name(STACK).template_body(template);
    create.client_request_token("xtask-alice-17").send().await.unwrap();
    assert_eq!(desk.status().await.as_deref(), Some("CREATE_IN_PROGRESS"));
    let waited = desk.run(&["deploy", "--yes"]);
    waited.check(0, &["acme is being changed already by alice (CREATE_IN_PROGRESS); waiting"]);
    waited.check(0, &["that has ended (ROLLBACK_COMPLETE)", "acme is deleted", "acme is created"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_deleted_while_a_run_is_active() {
    let world = Making::with(SIX_CALLS).registering_at(0.5).world().await;
    let authority = Authority::new("Test CA");
    let lines: String =
        (0..20).map(|n| standard(authority.leaf(&format!("device-{n}"))) + "\n").collect();
    world.upload("generated", "slow.txt", lines).await;
    let run = world.next_run(&[]).await;
    let refused = ended(command(&world.cloud.endpoint(), &["destroy", "--stack", "acme", "--yes"]));
    refused.check(1, &[&format!("runs are active: {run}"), "--force"]);
    let forced =
        command(&world.cloud.endpoint(), &["destroy", "--stack", "acme", "--yes", "--force"]);
    ended(forced).check(0, &["acme is deleted"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_wrong_has_one_cause_and_a_next_step() {
    let desk = Desk::new();
    let check = |change: &dyn Fn(&mut Command), arguments: &[&str], status: i32, said: &[&str]| {
        let mut command = desk.command(arguments);
        change(&mut command);
        let ended = ended(command);
        ended.check(status, said);
        assert_eq!(ended.stderr.matches("error:").count(), 1, "{ended:#?}");
        assert_eq!(ended.stderr.matches("hint:").count(), 1, "{ended:#?}");
    };
    let nothing: &dyn Fn(&mut Command) = &|_| {};
    check(
        &|command| {
            command.env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE");
        },
        &["deploy", "--yes"],
        1,
        &["(InvalidClientTokenId)", "hint: set AWS_PROFILE"],
    );
    check(
        &|command| {
            command.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY");
            command.env("AWS_CONFIG_FILE", "/dev/null");
            command.env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null");
        },
        &["deploy", "--yes"],
        1,
        &["there are no AWS credentials to use", "hint: set AWS_PROFILE"],
    );
    check(
        &|command| {
            command.env_remove("AWS_REGION").env("AWS_CONFIG_FILE", "/dev/null");
        },
        &["deploy", "--yes"],
        1,
        &["no AWS Region is set", "hint: set AWS_REGION"],
    );
    check(
        &|command| {
            command.env("AWS_ENDPOINT_URL", "http://127.0.0.1:9");
        },
        &["diff"],
        3,
        &["cannot reach http://127.0.0.1:9", "Connection refused", "hint: AWS_ENDPOINT_URL"],
    );
    let long = "a-name-that-is-much-longer-than-buckets-and-roles-may-be";
    check(nothing, &["deploy", "--yes", "--stack", long], 1, &["`stack` must", long]);
    check(
        nothing,
        &["deploy", "--set", "rate.attach_polic=1"],
        2,
        &["--set rate.attach_polic=1: unknown key", "did you mean `attach_policy`?"],
    );
    check(nothing, &["deploy", "--set", "rate"], 2, &["no KEY=VALUE"]);
    check(nothing, &["outputs"], 1, &["there is no stack acme in 000000000000, us-east-1"]);
    assert_eq!(desk.buckets().await, [""; 0], "nothing was made");
}
