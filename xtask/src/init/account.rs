//! What the account has to choose from.

use anyhow::Result;
use aws_config::SdkConfig;
use aws_sdk_iot::Client;
use infra::Config;
use sha2::{Digest, Sha256};

use crate::{
    aws::Account,
    deployment::{
        self,
        buckets::{self, Owner},
        stacks,
    },
};

/// How many names are tried before nobody's patience is tried any further.
const TRIES: u32 = 5;
/// So many of each kind are listed; an account may have thousands.
const LISTED: i32 = 50;

/// What is known of the account; nothing where it cannot be asked.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Why nothing is known.
    pub(super) unknown: Option<String>,
    pub(super) free_stack: Option<String>,
    pub(super) policies: Vec<String>,
    pub(super) thing_groups: Vec<String>,
    pub(super) thing_types: Vec<String>,
}

impl Known {
    pub(super) async fn of(aws: &SdkConfig) -> Self {
        match ask(aws).await {
            Ok(known) => known,
            Err(error) => Self { unknown: Some(format!("{error:#}")), ..Self::default() },
        }
    }
}

async fn ask(aws: &SdkConfig) -> Result<Known> {
    let account = Account::of(aws).await?;
    let iot = Client::new(aws);
    let (policies, groups, types) = tokio::join!(
        iot.list_policies().page_size(LISTED).send(),
        iot.list_thing_groups().max_results(LISTED).send(),
        iot.list_thing_types().max_results(LISTED).send(),
    );
    // Who may not list may still name.
    let policies = policies.map(|listed| listed.policies.unwrap_or_default()).unwrap_or_default();
    let groups = groups.map(|listed| listed.thing_groups.unwrap_or_default()).unwrap_or_default();
    let types = types.map(|listed| listed.thing_types.unwrap_or_default()).unwrap_or_default();
    let is_current = |kind: &aws_sdk_iot::types::ThingTypeDefinition| {
        !kind.thing_type_metadata.as_ref().is_some_and(|metadata| metadata.deprecated)
    };
    Ok(Known {
        unknown: None,
        free_stack: free_stack(aws, &account).await?,
        policies: policies.into_iter().filter_map(|policy| policy.policy_name).collect(),
        thing_groups: groups.into_iter().filter_map(|group| group.group_name).collect(),
        thing_types: types
            .into_iter()
            .filter(is_current)
            .filter_map(|kind| kind.thing_type_name)
            .collect(),
    })
}

/// A name under which there is no stack, and whose buckets' names nobody has.
async fn free_stack(aws: &SdkConfig, account: &Account) -> Result<Option<String>> {
    let client = aws_sdk_cloudformation::Client::new(aws);
    for attempt in 0..TRIES {
        let name = proposal(account, attempt);
        if stacks::describe(&client, &name).await?.is_some() {
            continue;
        }
        let config = Config::parse(&format!("stack = \"{name}\"\n[profile.default]\n"))?;
        let names = deployment::bucket_names(&deployment::template(&config)?, account)?;
        let owners = buckets::owners(aws, account, &names)
            .await
            .map_err(|error| error.context("failed to look whether names of buckets are free"))?;
        if owners.values().all(|owner| *owner == Owner::Nobody) {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

/// The same account and Region give the same name, which tells nobody which account it is.
fn proposal(account: &Account, attempt: u32) -> String {
    let seed = match attempt {
        0 => format!("{}{}", account.id, account.region),
        _ => format!("{}{}{attempt}", account.id, account.region),
    };
    let digest = format!("{:x}", Sha256::digest(seed));
    format!("thingpress-{}", digest.get(..6).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::proposal;
    use crate::aws::Account;

    #[test]
    fn a_name_is_proposed_by_account_and_region() {
        let account = |id: &str, region: &str| Account {
            id: id.into(),
            region: region.into(),
            partition: "aws".into(),
            identity: String::new(),
        };
        // printf '123456789012eu-central-1' | sha256sum
        let name = proposal(&account("123456789012", "eu-central-1"), 0);
        assert_eq!(name, "thingpress-f427f8");
        assert_ne!(name, proposal(&account("123456789012", "eu-central-1"), 1));
        assert_ne!(name, proposal(&account("123456789012", "eu-west-1"), 0));
    }
}
