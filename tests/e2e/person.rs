//! Somebody with one of the policies for people, and how what they may do is tested.

use std::{future::IntoFuture, panic::Location, path::Path};

use aws_config::SdkConfig;
use aws_sdk_iam::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::{
    config::{Credentials, SharedCredentialsProvider},
    operation::{
        get_object::builders::GetObjectFluentBuilder, put_object::builders::PutObjectFluentBuilder,
    },
};

use crate::{
    command_line::xtask_as,
    world::{STACK, World, bucket},
};

/// A user with one policy.
pub(crate) struct Person {
    pub(crate) keys: [String; 2],
    pub(crate) s3: aws_sdk_s3::Client,
    pub(crate) sfn: aws_sdk_sfn::Client,
    pub(crate) sqs: aws_sdk_sqs::Client,
    pub(crate) iot: aws_sdk_iot::Client,
    pub(crate) iam: aws_sdk_iam::Client,
    pub(crate) cloudformation: aws_sdk_cloudformation::Client,
}

impl Person {
    pub(crate) async fn with(world: &World, policy: &str) -> Self {
        let aws = world.cloud.aws_config();
        let iam = aws_sdk_iam::Client::new(&aws);
        iam.create_user().user_name(policy).send().await.unwrap();
        let arn = format!("arn:aws:iam::{}:policy/{STACK}-{policy}", world.account());
        iam.attach_user_policy().user_name(policy).policy_arn(arn).send().await.unwrap();
        let made = iam.create_access_key().user_name(policy).send().await.unwrap();
        let key = made.access_key.unwrap();
        let keys = [key.access_key_id, key.secret_access_key];
        let aws = signed(&aws, &keys);
        let s3 = aws_sdk_s3::config::Builder::from(&aws).force_path_style(true).build();
        Self {
            keys,
            s3: aws_sdk_s3::Client::from_conf(s3),
            sfn: aws_sdk_sfn::Client::new(&aws),
            sqs: aws_sdk_sqs::Client::new(&aws),
            iot: aws_sdk_iot::Client::new(&aws),
            iam: aws_sdk_iam::Client::new(&aws),
            cloudformation: aws_sdk_cloudformation::Client::new(&aws),
        }
    }

    pub(crate) fn put(&self, to: &str, key: &str) -> PutObjectFluentBuilder {
        self.s3.put_object().bucket(bucket(to)).key(key).body(b"nothing".to_vec().into())
    }

    pub(crate) fn get(&self, from: &str, key: &str) -> GetObjectFluentBuilder {
        self.s3.get_object().bucket(bucket(from)).key(key)
    }

    /// `cargo xtask import`, with the report that it prints.
    pub(crate) fn import(
        &self,
        world: &World,
        folder: &Path,
        file: &str,
    ) -> (Option<i32>, String, String) {
        self.run(world, folder, "import", file)
    }

    /// Another command about a file, with the report that it prints.
    pub(crate) fn run(
        &self,
        world: &World,
        folder: &Path,
        command: &str,
        file: &str,
    ) -> (Option<i32>, String, String) {
        let [id, secret] = &self.keys;
        let output = xtask_as([id, secret], world, folder, &[command, "--json", file]);
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    }

    /// What nobody's policy allows, whoever it is.
    pub(crate) async fn is_no_administrator(&self, world: &World) {
        let things = self.iot.create_thing().thing_name("mine");
        refused("create a thing", things.send()).await;
        let cert = "0".repeat(64);
        let update = self.iot.update_certificate().certificate_id(&cert);
        let update = update.new_status(aws_sdk_iot::types::CertificateStatus::Revoked);
        refused("revoke a certificate", update.send()).await;
        refused("delete a thing", self.iot.delete_thing().thing_name("device-1").send()).await;
        let object = self.s3.delete_object().bucket(bucket("generated")).key("evidence.txt");
        refused("delete a file", object.send()).await;
        let object = self.s3.delete_object().bucket(bucket("runs")).key("runs/x/report.json");
        refused("delete a report", object.send()).await;
        refused("change a report", self.put("runs", "runs/x/report.json").send()).await;
        let policy = self.s3.delete_bucket_policy().bucket(bucket("generated"));
        refused("delete a bucket's policy", policy.send()).await;
        let policy = format!("arn:aws:iam::{}:policy/{STACK}-operator", world.account());
        let attach = self.iam.attach_user_policy().user_name("me").policy_arn(policy);
        refused("attach a policy", attach.send()).await;
        let delete = self.cloudformation.delete_stack().stack_name(STACK);
        refused("delete the stack", delete.send()).await;
        let machine = self.sfn.delete_state_machine().state_machine_arn(world.machine("import"));
        refused("delete a machine", machine.send()).await;
    }
}

/// The same with a user's access key.
pub(crate) fn signed(aws: &SdkConfig, [id, secret]: &[String; 2]) -> SdkConfig {
    let credentials = Credentials::new(id, secret, None, None, "a person");
    let provider = SharedCredentialsProvider::new(credentials);
    aws.to_builder().credentials_provider(provider).build()
}

/// Passes where IAM let it through, whatever came of it.
#[track_caller]
pub(crate) fn allowed<T, E, R>(
    what: &str,
    sent: impl IntoFuture<Output = Result<T, SdkError<E, R>>>,
) -> impl Future<Output = ()>
where
    E: ProvideErrorMetadata,
{
    let place = Location::caller();
    let denial = denial(sent);
    async move {
        let (code, is_denied) = denial.await;
        assert!(!is_denied, "{place}: may not {what}: {code:?}");
    }
}

/// Passes where IAM refused it.
#[track_caller]
pub(crate) fn refused<T, E, R>(
    what: &str,
    sent: impl IntoFuture<Output = Result<T, SdkError<E, R>>>,
) -> impl Future<Output = ()>
where
    E: ProvideErrorMetadata,
{
    let place = Location::caller();
    let denial = denial(sent);
    async move {
        let (code, is_denied) = denial.await;
        assert!(is_denied, "{place}: may {what}: {code:?}");
    }
}

/// The error that a call ended with, where it did, and whether it is IAM's.
fn denial<T, E, R>(
    sent: impl IntoFuture<Output = Result<T, SdkError<E, R>>>,
) -> impl Future<Output = (Option<String>, bool)>
where
    E: ProvideErrorMetadata,
{
    // Some of these futures are large.
    let sent = Box::pin(sent.into_future());
    async move {
        let code = sent.await.err().map(|error| format!("{:?}", error.code()));
        let is_denied = code.as_ref().is_some_and(|code| is_denial(code));
        (code, is_denied)
    }
}

/// AWS's services have several words for it.
fn is_denial(code: &str) -> bool {
    ["AccessDenied", "Unauthorized", "Forbidden", "AuthorizationError"]
        .iter()
        .any(|word| code.contains(word))
}
