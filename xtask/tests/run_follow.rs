//! Finding and following a run, with a machine that does nothing in the place of the import machine.
#![expect(
    clippy::unwrap_used,
    reason = "a helper that panics fails the test that called it, as it should"
)]

use std::path::PathBuf;

use aws_sdk_cloudformation::types::{Capability, StackStatus};
use manifest::Vendor;
use serde_json::{Value, json};
use xtask::{
    local_cloud::{LocalCloud, Options},
    progress::Step,
    run_follow::{Importer, Outcome, Uploaded},
};

const TEMPLATE: &str = r#"{
    "Resources": {
        "Runs": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "acme-runs"}},
        "Generated": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "acme-generated-an"}},
        "Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {
            "Version": "2012-10-17",
            "Statement": [{
                "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "states.amazonaws.com"}
            }]
        }}},
        "Import": {"Type": "AWS::StepFunctions::StateMachine", "Properties": {
            "StateMachineName": "acme-import",
            "RoleArn": {"Fn::GetAtt": ["Role", "Arn"]},
            "DefinitionString": "{\"StartAt\": \"Done\", \"States\": {\"Done\": {\"Type\": \"Succeed\"}}}"
        }}
    },
    "Outputs": {
        "RunsBucketName": {"Value": {"Ref": "Runs"}},
        "GeneratedBucketName": {"Value": {"Ref": "Generated"}},
        "ImportMachineArn": {"Value": {"Ref": "Import"}}
    }
}"#;

struct Stage {
    s3: aws_sdk_s3::Client,
    sfn: aws_sdk_sfn::Client,
    importer: Importer,
    machine: String,
    file: PathBuf,
    cloud: LocalCloud,
    _folder: tempfile::TempDir,
}

impl Stage {
    /// A vendor's bucket, a bucket for runs and an import machine that answers with its input.
    async fn set() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let cloud =
            LocalCloud::start(Options { dir: folder.path().join("cloud"), ..Options::default() })
                .unwrap();
        let aws = cloud.aws_config();
        let cloudformation = aws_sdk_cloudformation::Client::new(&aws);
        let created = cloudformation.create_stack().stack_name("acme");
        let created = created.template_body(TEMPLATE).capabilities(Capability::CapabilityIam);
        created.send().await.unwrap();
        loop {
            let found = cloudformation.describe_stacks().stack_name("acme").send().await.unwrap();
            if found.stacks().first().unwrap().stack_status() == Some(&StackStatus::CreateComplete)
            {
                break;
            }
        }
        let s3 = aws_sdk_s3::Client::from_conf(
            aws_sdk_s3::config::Builder::from(&aws).force_path_style(true).build(),
        );
        let sfn = aws_sdk_sfn::Client::new(&aws);
        let machines = sfn.list_state_machines().send().await.unwrap().state_machines;
        let machine = machines.first().unwrap().state_machine_arn.clone();
        let file = folder.path().join("devices.txt");
        std::fs::write(&file, "content").unwrap();
        let importer = Importer::new(&aws, "acme").await.unwrap();
        Self { s3, sfn, importer, machine, file, cloud, _folder: folder }
    }

    /// What the ingest machine does for an upload.
    async fn start(&self, name: &str, uploaded: &Uploaded, more: Value) {
        let mut input = json!({
            "vendor": "generated",
            "object": {
                "bucket": uploaded.bucket, "key": uploaded.key, "version": "", "etag": uploaded.etag,
            },
        });
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let start = self.sfn.start_execution().state_machine_arn(&self.machine).name(name);
        start.input(input.to_string()).send().await.unwrap();
    }

    async fn upload(&self, key: &str) -> Uploaded {
        self.importer.upload(Vendor::Generated, key, &self.file).await.unwrap()
    }

    async fn put_report(&self, run: &str, report: Value) {
        let put = self.s3.put_object().bucket("acme-runs").key(format!("runs/{run}/report.json"));
        put.body(report.to_string().into_bytes().into()).send().await.unwrap();
    }
}

#[tokio::test]
async fn the_run_of_this_upload_is_followed_and_not_an_earlier_one_of_the_same_file() {
    let stage = Stage::set().await;
    let key = "gateway/a name, ü.txt";
    let earlier = stage.upload(key).await;
    stage.start("earlier", &earlier, json!({})).await;
    assert_eq!(stage.importer.find_run(&earlier).await.unwrap().name, "earlier");

    let again = stage.upload(key).await;
    let other = stage.upload("another.txt").await;
    stage.start("of-another-file", &other, json!({})).await;
    stage.start("again", &again, json!({})).await;
    let run = stage.importer.find_run(&again).await.unwrap();
    assert_eq!(run.name, "again");

    stage.put_report("earlier", json!({"run": "earlier", "verdict": "stopped"})).await;
    stage.put_report("again", json!({"run": "again", "verdict": "done"})).await;
    let outcome = stage.importer.follow(&run, &mut Step::begin("following")).await.unwrap();
    let Outcome::Report(report) = outcome else { panic!("{outcome:?}") };
    assert_eq!(report.json["run"], "again");
    assert!(report.is_done() && !report.is_stopped());
    assert_eq!(report.folder, "s3://acme-runs/runs/again/");
}

#[tokio::test]
async fn a_filed_certificate_has_no_report() {
    let stage = Stage::set().await;
    let uploaded = stage.upload("signer.crt").await;
    stage.start("signer", &uploaded, json!({"next": "filed"})).await;
    let run = stage.importer.find_run(&uploaded).await.unwrap();
    let outcome = stage.importer.follow(&run, &mut Step::begin("following")).await.unwrap();
    assert!(matches!(outcome, Outcome::Filed(_)), "{outcome:?}");
}

#[tokio::test]
async fn an_upload_to_a_stack_that_is_not_there_says_so() {
    let stage = Stage::set().await;
    let error = Importer::new(&stage.cloud.aws_config(), "other").await.unwrap_err();
    let text = format!("{error:#}");
    assert!(text.contains("the stack other") && text.contains("does not exist"), "{text}");
}

#[tokio::test]
async fn an_upload_to_a_stack_without_such_a_bucket_says_so() {
    let stage = Stage::set().await;
    let upload = stage.importer.upload(Vendor::Microchip, "a.json", &stage.file);
    let text = format!("{:#}", upload.await.unwrap_err());
    assert!(text.contains("the stack acme has no output MicrochipBucketName"), "{text}");
}
