//! The AWS account that a command works on.

mod failure;
mod http;
#[cfg(test)]
pub(crate) mod recorded;

use anyhow::{Context, Result};
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_runtime_api::client::http::SharedHttpClient;

use crate::advice::{Advise, with_hint};

pub(crate) use failure::{failure, message};

/// Runs a command's asynchronous part. One thread: it waits for AWS most of the time.
pub(crate) fn block_on<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.context("failed to start the asynchronous runtime")?.block_on(work)
}

/// The settings of the person's environment: profile, credentials, region, endpoint.
pub(crate) async fn from_environment(region: Option<&str>) -> SdkConfig {
    let client = http::client(ProxyConfig::from_env());
    let mut loader = aws_config::defaults(BehaviorVersion::latest()).http_client(client);
    if let Some(region) = region {
        loader = loader.region(Region::new(region.to_owned()));
    }
    let aws = loader.load().await;
    if is_local(&aws) {
        // A proxy does not find what is on this machine.
        return aws.into_builder().http_client(direct()).build();
    }
    aws
}

/// A client for what needs no proxy.
pub(crate) fn direct() -> SharedHttpClient {
    http::client(ProxyConfig::disabled())
}

/// Whose account it is, and where.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) id: String,
    pub(crate) region: String,
    /// `aws`, or `aws-cn` and `aws-us-gov`.
    pub(crate) partition: String,
    /// Who is asking.
    pub(crate) identity: String,
}

impl Account {
    pub(crate) async fn of(aws: &SdkConfig) -> Result<Self> {
        Self::asked(aws, &aws_sdk_sts::Client::new(aws)).await
    }

    /// The same by a client of the caller's.
    pub(crate) async fn asked(aws: &SdkConfig, client: &aws_sdk_sts::Client) -> Result<Self> {
        let region = aws
            .region()
            .map(ToString::to_string)
            .context("no AWS Region is set")
            .advise(|| "set AWS_REGION, or a region in the AWS profile; deploy, diff, destroy, outputs, doctor and init take --region".into())?;
        let identity = client.get_caller_identity().send().await;
        let identity = identity.map_err(|error| {
            if !failure::is_unreachable(&error) {
                return failure(error);
            }
            match aws.endpoint_url() {
                Some(endpoint) => with_hint(
                    format!("cannot reach {endpoint}: {}", message(&error)),
                    "AWS_ENDPOINT_URL names this address: unset it for AWS itself; \
                     the local cloud is started by `cargo xtask local start`",
                ),
                None => with_hint(
                    format!("cannot reach AWS in the Region `{region}`: {}", message(&error)),
                    "check the network and a proxy, and the Region's name",
                ),
            }
        });
        let identity = identity.context("failed to ask AWS whose credentials these are")?;
        let id = identity.account().context("AWS did not say which account this is")?.to_owned();
        let arn = identity.arn().unwrap_or_default().to_owned();
        let partition =
            arn.split(':').nth(1).filter(|part| !part.is_empty()).unwrap_or("aws").to_owned();
        Ok(Self { id, region, partition, identity: arn })
    }

    /// What stands behind an AWS service's name in the addresses of this partition.
    pub(crate) fn dns_suffix(&self) -> &'static str {
        if self.partition == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" }
    }
}

/// Whether this is a cloud on a machine of one's own, which speaks plain HTTP.
pub(crate) fn is_local(aws: &SdkConfig) -> bool {
    aws.endpoint_url().is_some_and(|endpoint| endpoint.starts_with("http://"))
}

/// A client of S3. Bucket names as host names do not resolve on a machine of one's own.
pub(crate) fn s3(aws: &SdkConfig) -> aws_sdk_s3::Client {
    let config = aws_sdk_s3::config::Builder::from(aws);
    aws_sdk_s3::Client::from_conf(config.force_path_style(aws.endpoint_url().is_some()).build())
}

#[cfg(test)]
mod tests {
    use super::{
        Account, block_on,
        recorded::{Answer, at, serve},
    };
    use crate::advice::hints;

    const fn sts(status: u16, body: &'static str) -> Answer {
        Answer { to: "Action=GetCallerIdentity", status, headers: "", body }
    }

    /// What is told about an answer of STS, and what to do about it.
    #[track_caller]
    fn check(answers: Vec<Answer>, sentence: &str, hint: &str) {
        let aws = serve(answers);
        let error = block_on(async { Account::of(&aws).await }).unwrap_err();
        let said = format!("{error:#}");
        assert_eq!(said, format!("failed to ask AWS whose credentials these are: {sentence}"));
        let hints = hints(&error).concat();
        assert!(hints.contains(hint), "{hints}");
    }

    #[test]
    fn an_expired_token_asks_for_another_login() {
        check(
            vec![sts(
                403,
                "<ErrorResponse><Error><Type>Sender</Type><Code>ExpiredToken</Code>\
                 <Message>The security token included in the request is expired</Message></Error></ErrorResponse>",
            )],
            "The security token included in the request is expired (ExpiredToken)",
            "log in again",
        );
    }

    #[test]
    fn unknown_credentials_ask_for_the_right_ones() {
        check(
            vec![sts(
                403,
                "<ErrorResponse><Error><Type>Sender</Type><Code>InvalidClientTokenId</Code>\
                 <Message>The security token included in the request is invalid.</Message></Error></ErrorResponse>",
            )],
            "The security token included in the request is invalid (InvalidClientTokenId)",
            "AWS_PROFILE",
        );
    }

    #[test]
    fn a_wrong_secret_points_at_the_key_and_the_clock() {
        check(
            vec![sts(
                403,
                "<ErrorResponse><Error><Type>Sender</Type><Code>SignatureDoesNotMatch</Code>\
                 <Message>Signature expired</Message></Error></ErrorResponse>",
            )],
            "Signature expired (SignatureDoesNotMatch)",
            "clock",
        );
    }

    #[test]
    fn a_refusal_points_at_the_permissions() {
        check(
            vec![sts(
                403,
                "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code>\
                 <Message>not authorized</Message></Error></ErrorResponse>",
            )],
            "not authorized (AccessDenied)",
            "cargo xtask doctor",
        );
    }

    #[test]
    fn an_address_where_nobody_answers_is_named() {
        // Port 9 discards, and on a machine of today nobody listens there.
        let aws = at("http://127.0.0.1:9");
        let error = block_on(async { Account::of(&aws).await }).unwrap_err();
        let said = format!("{error:#}");
        assert!(
            said.contains("cannot reach http://127.0.0.1:9: no answer: Connection refused"),
            "{said}"
        );
        assert!(hints(&error).concat().contains("AWS_ENDPOINT_URL"));
    }

    #[test]
    fn who_asks_and_where_is_known_from_the_answer() {
        let aws = serve(vec![sts(
            200,
            "<GetCallerIdentityResponse><GetCallerIdentityResult>\
             <Arn>arn:aws-cn:iam::123456789012:user/alice</Arn><UserId>A</UserId>\
             <Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>",
        )]);
        let account = block_on(async { Account::of(&aws).await }).unwrap();
        assert_eq!((account.id.as_str(), account.partition.as_str()), ("123456789012", "aws-cn"));
        assert_eq!(account.dns_suffix(), "amazonaws.com.cn");
    }
}
