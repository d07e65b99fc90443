//! Whether AWS IoT holds what a profile names, asked before the first write.

use aws_sdk_iot::{error::ProvideErrorMetadata, error::SdkError};
use ledger::Profile;

use crate::{Call, CallError, CallErrorKind, Registry, call::classify};

/// AWS IoT attaches no more than this many policies to a certificate, and puts a thing into no more groups.
const MOST_ATTACHMENTS: usize = 10;

/// Something that a profile names and that does not fit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unmet {
    /// There is no such policy.
    #[error("there is no AWS IoT policy `{0}`")]
    NoPolicy(String),
    /// There is no such group.
    #[error("there is no thing group `{0}`")]
    NoThingGroup(String),
    /// AWS IoT decides itself who is in the group.
    #[error("the thing group `{0}` is dynamic: AWS IoT decides itself which things are in it")]
    DynamicThingGroup(String),
    /// There is no such type.
    #[error("there is no thing type `{0}`")]
    NoThingType(String),
    /// No thing can be given the type any more.
    #[error("the thing type `{0}` is deprecated: no new thing can have it")]
    DeprecatedThingType(String),
    /// AWS IoT allows fewer.
    #[error("{count} policies: AWS IoT attaches at most {MOST_ATTACHMENTS} to a certificate")]
    TooManyPolicies {
        /// How many there are.
        count: usize,
    },
    /// AWS IoT allows fewer.
    #[error("{count} thing groups: a thing can be in at most {MOST_ATTACHMENTS}")]
    TooManyThingGroups {
        /// How many there are.
        count: usize,
    },
}

impl Unmet {
    /// Stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoPolicy(_) => "Preflight.NoPolicy",
            Self::NoThingGroup(_) => "Preflight.NoThingGroup",
            Self::DynamicThingGroup(_) => "Preflight.DynamicThingGroup",
            Self::NoThingType(_) => "Preflight.NoThingType",
            Self::DeprecatedThingType(_) => "Preflight.DeprecatedThingType",
            Self::TooManyPolicies { .. } => "Preflight.TooManyPolicies",
            Self::TooManyThingGroups { .. } => "Preflight.TooManyThingGroups",
        }
    }
}

/// Everything of the profile that does not fit.
pub async fn unmet(registry: &Registry, profile: &Profile) -> Result<Vec<Unmet>, CallError> {
    let mut unmet = Vec::new();
    if profile.policies.len() > MOST_ATTACHMENTS {
        unmet.push(Unmet::TooManyPolicies { count: profile.policies.len() });
    }
    if profile.thing_groups.len() > MOST_ATTACHMENTS {
        unmet.push(Unmet::TooManyThingGroups { count: profile.thing_groups.len() });
    }
    for policy in &profile.policies {
        if found(Call::GetPolicy, registry.iot().get_policy().policy_name(policy).send().await)?
            .is_none()
        {
            unmet.push(Unmet::NoPolicy(policy.clone()));
        }
    }
    for group in &profile.thing_groups {
        match found(
            Call::DescribeThingGroup,
            registry.iot().describe_thing_group().thing_group_name(group).send().await,
        )? {
            None => unmet.push(Unmet::NoThingGroup(group.clone())),
            Some(described) if described.query_string.is_some() => {
                unmet.push(Unmet::DynamicThingGroup(group.clone()));
            }
            Some(_) => {}
        }
    }
    if let Some(name) = &profile.thing_type {
        match found(
            Call::DescribeThingType,
            registry.iot().describe_thing_type().thing_type_name(name).send().await,
        )? {
            None => unmet.push(Unmet::NoThingType(name.clone())),
            Some(described)
                if described
                    .thing_type_metadata
                    .as_ref()
                    .is_some_and(|metadata| metadata.deprecated) =>
            {
                unmet.push(Unmet::DeprecatedThingType(name.clone()));
            }
            Some(_) => {}
        }
    }
    Ok(unmet)
}

fn found<T, E>(call: Call, sent: Result<T, SdkError<E>>) -> Result<Option<T>, CallError>
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    match sent.map_err(|error| classify(call, error)) {
        Ok(found) => Ok(Some(found)),
        Err(CallError { kind: CallErrorKind::NotFound, .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
