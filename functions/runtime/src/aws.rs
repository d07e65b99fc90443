//! The clients' settings, as AWS Lambda gives them.

use std::{env, time::Duration};

use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_types::{SdkConfig, region::Region};
use tokio::time::timeout;

use crate::{http, service::Environment};

/// How long a function waits for its first connections. What is not there by then, the first
/// request opens or fails with.
const PATIENCE: Duration = Duration::from_secs(2);

/// AWS Lambda did not set what it always sets.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the environment has no `{0}`, which AWS Lambda sets")]
pub struct SettingError(&'static str);

/// The clients' settings, and the connections that all of them share.
#[derive(Clone, Debug)]
pub struct Aws {
    config: SdkConfig,
    opening: SdkConfig,
}

impl Aws {
    /// What the function's environment says.
    pub fn from_environment() -> Result<Self, SettingError> {
        Self::of(|name| env::var(name).ok().filter(|value| !value.is_empty()))
    }

    fn of(variable: impl Fn(&'static str) -> Option<String>) -> Result<Self, SettingError> {
        let needed = |name| variable(name).ok_or(SettingError(name));
        // They are good for longer than AWS Lambda keeps the environment.
        let credentials = Credentials::new(
            needed("AWS_ACCESS_KEY_ID")?,
            needed("AWS_SECRET_ACCESS_KEY")?,
            variable("AWS_SESSION_TOKEN"),
            None,
            "AWS Lambda",
        );
        let client = http::client();
        let mut config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(needed("AWS_REGION")?))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .service_config(Environment);
        config.set_endpoint_url(variable("AWS_ENDPOINT_URL"));
        let opening = http::opening(client.clone());
        let config = config.http_client(client).build();
        let opening = config.to_builder().http_client(opening).build();
        Ok(Self { config, opening })
    }

    /// What clients are built of.
    pub const fn config(&self) -> &SdkConfig {
        &self.config
    }

    /// What clients are built of that open the connection of a request and do not send it.
    pub const fn opening(&self) -> &SdkConfig {
        &self.opening
    }
}

/// Waits for connections, while AWS Lambda starts the function and nobody waits for an answer.
pub fn open(connections: impl Future) -> impl Future<Output = ()> {
    // The SDK's requests are large as futures.
    let connections = Box::pin(connections);
    async move {
        let _ = timeout(PATIENCE, connections).await;
    }
}

#[cfg(test)]
mod tests {
    use std::{future::pending, time::Instant};

    use super::{Aws, PATIENCE, SettingError, open};

    const LAMBDA: [(&str, &str); 4] = [
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "guarded-1"),
        ("AWS_SESSION_TOKEN", "guarded-2"),
        ("AWS_REGION", "eu-central-1"),
    ];

    fn of(environment: &[(&str, &str)]) -> Result<Aws, SettingError> {
        Aws::of(|wanted| {
            let found = environment.iter().find(|(name, _)| *name == wanted);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn a_client_has_region_and_credentials_of_the_environment() {
        let aws = of(&LAMBDA).unwrap();
        assert_eq!(aws.config().region().map(AsRef::as_ref), Some("eu-central-1"));
        assert_eq!(aws.config().endpoint_url(), None);
        assert!(aws.config().credentials_provider().is_some());
    }

    #[test]
    fn an_endpoint_of_the_environment_is_called() {
        let local = ("AWS_ENDPOINT_URL", "http://127.0.0.1:4566");
        let aws = of(&[LAMBDA.as_slice(), &[local]].concat()).unwrap();
        assert_eq!(aws.config().endpoint_url(), Some("http://127.0.0.1:4566"));
        assert_eq!(aws.opening().endpoint_url(), Some("http://127.0.0.1:4566"));
    }

    #[test]
    fn what_is_missing_is_named() {
        for missing in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"] {
            let rest: Vec<_> = LAMBDA.into_iter().filter(|(name, _)| *name != missing).collect();
            assert_eq!(of(&rest).unwrap_err(), SettingError(missing));
        }
    }

    #[tokio::test]
    async fn a_server_that_does_not_answer_is_waited_for_no_longer_than_bounded() {
        let begun = Instant::now();
        open(pending::<()>()).await;
        assert!((PATIENCE..PATIENCE * 2).contains(&begun.elapsed()), "{:?}", begun.elapsed());
    }

    #[test]
    fn secrets_are_not_shown() {
        let shown = format!("{:?}", of(&LAMBDA).unwrap());
        assert!(!shown.contains("guarded"), "{shown}");
    }
}
