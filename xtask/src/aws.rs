//! The AWS account that a command works on.

use anyhow::{Context, Result};
use aws_config::{BehaviorVersion, Region, SdkConfig};

use crate::advice::Advise;

/// Runs a command's asynchronous part. One thread: it waits for AWS most of the time.
pub(crate) fn block_on<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.context("failed to start the asynchronous runtime")?.block_on(work)
}

/// The settings of the person's environment: profile, credentials, region, endpoint.
pub(crate) async fn from_environment(region: Option<&str>) -> SdkConfig {
    let mut loader = aws_config::defaults(BehaviorVersion::latest());
    if let Some(region) = region {
        loader = loader.region(Region::new(region.to_owned()));
    }
    loader.load().await
}

/// Whose account it is, and where.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) id: String,
    pub(crate) region: String,
    /// `aws`, or `aws-cn` and `aws-us-gov`.
    pub(crate) partition: String,
}

impl Account {
    pub(crate) async fn of(aws: &SdkConfig) -> Result<Self> {
        let region = aws
            .region()
            .map(ToString::to_string)
            .context("no AWS region is set")
            .advise(|| "set AWS_REGION, or a region in the AWS profile; `cargo xtask deploy` takes --region".into())?;
        let identity = aws_sdk_sts::Client::new(aws)
            .get_caller_identity()
            .send()
            .await
            .map_err(|error| anyhow::anyhow!(message(error)))
            .context("failed to ask AWS whose credentials these are")
            .advise(|| {
                "set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; \
                 for the local cloud: eval \"$(cargo xtask local start)\""
                    .into()
            })?;
        let id = identity.account().context("AWS did not say which account this is")?.to_owned();
        let partition =
            identity.arn().and_then(|arn| arn.split(':').nth(1)).unwrap_or("aws").to_owned();
        Ok(Self { id, region, partition })
    }

    /// The ARN of a state machine of this account.
    pub(crate) fn state_machine(&self, name: &str) -> String {
        let Self { id, region, partition } = self;
        format!("arn:{partition}:states:{region}:{id}:stateMachine:{name}")
    }
}

/// Whether this is a cloud on a machine of one's own, which speaks plain HTTP.
pub(crate) fn is_local(aws: &SdkConfig) -> bool {
    aws.endpoint_url().is_some_and(|endpoint| endpoint.starts_with("http://"))
}

/// An SDK error in one line. Its own `Display` says little more than "service error".
pub(crate) fn message<E: std::error::Error + Send + Sync + 'static>(error: E) -> String {
    aws_sdk_s3::error::DisplayErrorContext(error).to_string()
}
