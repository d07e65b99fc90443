//! The policies, thing groups and thing types that the profiles name, made where they are absent.
//!
//! For the local cloud only. In an AWS account they belong to whoever designs the fleet's permissions, and an
//! import that misses one stops before its first write.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use aws_config::SdkConfig;
use aws_sdk_iot::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    operation::{
        create_policy::CreatePolicyError, create_thing_group::CreateThingGroupError,
        create_thing_type::CreateThingTypeError,
    },
};
use infra::Config;
use serde_json::json;

use crate::aws::{Account, failure};

/// Makes what the configuration's profiles name and AWS IoT does not have yet.
pub async fn ensure(aws: &SdkConfig, config: &Config) -> Result<()> {
    let client = Client::new(aws);
    let document = policy_document(&Account::of(aws).await?);
    let profiles = || config.profiles.values();
    for name in profiles().flat_map(|profile| &profile.policies).collect::<BTreeSet<_>>() {
        let made = client.create_policy().policy_name(name).policy_document(&document).send().await;
        accept(made, CreatePolicyError::is_resource_already_exists_exception, "policy", name)?;
    }
    for name in profiles().flat_map(|profile| &profile.thing_groups).collect::<BTreeSet<_>>() {
        let made = client.create_thing_group().thing_group_name(name).send().await;
        accept(
            made,
            CreateThingGroupError::is_resource_already_exists_exception,
            "thing group",
            name,
        )?;
    }
    for name in
        profiles().filter_map(|profile| profile.thing_type.as_ref()).collect::<BTreeSet<_>>()
    {
        let made = client.create_thing_type().thing_type_name(name).send().await;
        accept(
            made,
            CreateThingTypeError::is_resource_already_exists_exception,
            "thing type",
            name,
        )?;
    }
    Ok(())
}

/// What is there already is as good as made.
fn accept<T, E>(
    made: Result<T, SdkError<E>>,
    already_exists: fn(&E) -> bool,
    kind: &str,
    name: &str,
) -> Result<()>
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    match made {
        Ok(_) => Ok(()),
        Err(error) if error.as_service_error().is_some_and(already_exists) => Ok(()),
        Err(error) => Err(failure(error))
            .with_context(|| format!("failed to make the {kind} `{name}` in AWS IoT")),
    }
}

/// A device may connect under its own thing's name and talk on topics below it.
fn policy_document(account: &Account) -> String {
    let Account { id, region, partition, .. } = account;
    let arn = |resource: &str| format!("arn:{partition}:iot:{region}:{id}:{resource}");
    let thing = "${iot:Connection.Thing.ThingName}";
    json!({
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "iot:Connect", "Resource": arn(&format!("client/{thing}"))},
            {
                "Effect": "Allow",
                "Action": ["iot:Publish", "iot:Receive"],
                "Resource": arn(&format!("topic/{thing}/*")),
            },
            {"Effect": "Allow", "Action": "iot:Subscribe", "Resource": arn(&format!("topicfilter/{thing}/*"))},
        ],
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::policy_document;
    use crate::aws::Account;

    #[test]
    fn a_device_is_held_to_its_own_name() {
        let account = Account {
            id: "1".into(),
            region: "r".into(),
            partition: "aws".into(),
            identity: String::new(),
        };
        let document: serde_json::Value = serde_json::from_str(&policy_document(&account)).unwrap();
        let resources: Vec<&str> = document["Statement"]
            .as_array()
            .unwrap()
            .iter()
            .map(|each| each["Resource"].as_str().unwrap())
            .collect();
        assert_eq!(
            resources,
            [
                "arn:aws:iot:r:1:client/${iot:Connection.Thing.ThingName}",
                "arn:aws:iot:r:1:topic/${iot:Connection.Thing.ThingName}/*",
                "arn:aws:iot:r:1:topicfilter/${iot:Connection.Thing.ThingName}/*",
            ]
        );
    }
}
