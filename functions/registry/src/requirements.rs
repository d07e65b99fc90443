//! Whether AWS IoT holds what a profile names, asked before the first write.

use std::collections::BTreeMap;

use aws_sdk_iot::{
    error::{ProvideErrorMetadata, SdkError},
    operation::describe_thing_group::DescribeThingGroupOutput,
};
use ledger::Profile;

use crate::{Call, CallError, CallErrorKind, Registry, call::classify};

/// AWS IoT attaches no more than this many policies to a certificate, and puts a thing into no more groups.
const MOST_ATTACHMENTS: usize = 10;

/// AWS IoT gives a thing no more attributes than this.
const MOST_ATTRIBUTES: usize = 50;

/// AWS IoT gives a thing that has no type no more attributes than this.
pub(crate) const MOST_ATTRIBUTES_WITHOUT_TYPE: usize = 3;

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
    /// AWS IoT puts a thing into one group of a hierarchy at most.
    #[error(
        "the thing groups `{first}` and `{second}` are of one hierarchy, that of `{root}`: a thing can be in one of them only"
    )]
    GroupsOfOneHierarchy {
        /// A group of the profile.
        first: String,
        /// Another one.
        second: String,
        /// The group that both are under.
        root: String,
    },
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
    /// AWS IoT allows fewer.
    #[error("{count} attributes: a thing {} can have at most {most}", if *typed { "with a type" } else { "without a type" })]
    TooManyAttributes {
        /// How many there are.
        count: usize,
        /// How many there can be.
        most: usize,
        /// Whether the profile gives things a type.
        typed: bool,
    },
}

impl Unmet {
    /// Stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoPolicy(_) => "Preflight.NoPolicy",
            Self::NoThingGroup(_) => "Preflight.NoThingGroup",
            Self::DynamicThingGroup(_) => "Preflight.DynamicThingGroup",
            Self::GroupsOfOneHierarchy { .. } => "Preflight.GroupsOfOneHierarchy",
            Self::NoThingType(_) => "Preflight.NoThingType",
            Self::DeprecatedThingType(_) => "Preflight.DeprecatedThingType",
            Self::TooManyPolicies { .. } => "Preflight.TooManyPolicies",
            Self::TooManyThingGroups { .. } => "Preflight.TooManyThingGroups",
            Self::TooManyAttributes { .. } => "Preflight.TooManyAttributes",
        }
    }
}

/// Everything of the profile that does not fit.
pub async fn unmet(registry: &Registry, profile: &Profile) -> Result<Vec<Unmet>, CallError> {
    let mut unmet = too_many(profile);
    for policy in &profile.policies {
        if found(Call::GetPolicy, registry.iot().get_policy().policy_name(policy).send().await)?
            .is_none()
        {
            unmet.push(Unmet::NoPolicy(policy.clone()));
        }
    }
    unmet.extend(unmet_groups(registry, &profile.thing_groups).await?);
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

/// More than AWS IoT's limits allow.
fn too_many(profile: &Profile) -> Vec<Unmet> {
    let mut unmet = Vec::new();
    let count = profile.policies.len();
    if count > MOST_ATTACHMENTS {
        unmet.push(Unmet::TooManyPolicies { count });
    }
    let count = profile.thing_groups.len();
    if count > MOST_ATTACHMENTS {
        unmet.push(Unmet::TooManyThingGroups { count });
    }
    let typed = profile.thing_type.is_some();
    let most = if typed { MOST_ATTRIBUTES } else { MOST_ATTRIBUTES_WITHOUT_TYPE };
    let count = profile.attributes.len();
    if count > most {
        unmet.push(Unmet::TooManyAttributes { count, most, typed });
    }
    unmet
}

async fn unmet_groups(registry: &Registry, groups: &[String]) -> Result<Vec<Unmet>, CallError> {
    let mut described = Vec::new();
    for group in groups {
        let sent = registry.iot().describe_thing_group().thing_group_name(group).send().await;
        described.push((group.as_str(), found(Call::DescribeThingGroup, sent)?));
    }
    Ok(unfit_groups(&described))
}

/// What is wrong with the groups, by what AWS IoT says of each.
fn unfit_groups(groups: &[(&str, Option<DescribeThingGroupOutput>)]) -> Vec<Unmet> {
    let mut unfit = Vec::new();
    let mut first_of: BTreeMap<String, &str> = BTreeMap::new();
    for (group, described) in groups {
        let Some(described) = described else {
            unfit.push(Unmet::NoThingGroup((*group).to_owned()));
            continue;
        };
        if described.query_string.is_some() {
            unfit.push(Unmet::DynamicThingGroup((*group).to_owned()));
            continue;
        }
        let root = root(group, described);
        match first_of.get(&root) {
            Some(first) if first != group => unfit.push(Unmet::GroupsOfOneHierarchy {
                first: (*first).to_owned(),
                second: (*group).to_owned(),
                root,
            }),
            _ => drop(first_of.insert(root, group)),
        }
    }
    unfit
}

/// The uppermost group of the hierarchy that `group` is in; the group itself where it has no parent.
///
/// AWS IoT names all groups above, the root first. The parent alone is for an answer without them.
fn root(group: &str, described: &DescribeThingGroupOutput) -> String {
    let Some(metadata) = &described.thing_group_metadata else { return group.to_owned() };
    let root = metadata.root_to_parent_thing_groups().first().and_then(|root| root.group_name());
    root.or(metadata.parent_group_name()).unwrap_or(group).to_owned()
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

#[cfg(test)]
mod tests {
    use aws_sdk_iot::types::{GroupNameAndArn, ThingGroupMetadata};

    use super::*;

    /// A group with these above it, the root first.
    fn group(above: &[&str]) -> DescribeThingGroupOutput {
        let names = above.iter().map(|name| GroupNameAndArn::builder().group_name(*name).build());
        let metadata = ThingGroupMetadata::builder()
            .set_root_to_parent_thing_groups(Some(names.collect()))
            .set_parent_group_name(above.last().map(|name| (*name).to_owned()));
        DescribeThingGroupOutput::builder().thing_group_metadata(metadata.build()).build()
    }

    #[track_caller]
    fn check(groups: &[(&str, Option<DescribeThingGroupOutput>)], expected: &[&str]) {
        let text: Vec<_> = unfit_groups(groups).iter().map(ToString::to_string).collect();
        assert_eq!(text, expected);
    }

    #[test]
    fn a_thing_can_be_in_one_group_of_a_hierarchy() {
        let alone = || Some(DescribeThingGroupOutput::builder().build());
        check(&[("plant", alone()), ("line", alone()), ("line", alone())], &[]);
        let below = |above: &[&str]| Some(group(above));
        check(&[("cell", below(&["plant", "hall"])), ("other", below(&["site", "hall"]))], &[]);
        let clash = "the thing groups `plant` and `cell` are of one hierarchy, that of `plant`: a thing can be in one of them only";
        check(&[("plant", alone()), ("cell", below(&["plant", "hall"]))], &[clash]);
        let clash = clash.replace("`plant` and", "`line` and");
        check(&[("line", below(&["plant"])), ("cell", below(&["plant", "hall"]))], &[&clash]);
    }

    #[test]
    fn where_only_the_parent_is_told_it_stands_for_the_hierarchy() {
        let metadata = ThingGroupMetadata::builder().parent_group_name("plant").build();
        let below = DescribeThingGroupOutput::builder().thing_group_metadata(metadata).build();
        assert_eq!(root("line", &below), "plant");
    }

    #[test]
    fn a_group_that_is_absent_or_dynamic_is_named() {
        let dynamic = DescribeThingGroupOutput::builder().query_string("attributes.a:b").build();
        check(
            &[("absent", None), ("moving", Some(dynamic))],
            &[
                "there is no thing group `absent`",
                "the thing group `moving` is dynamic: AWS IoT decides itself which things are in it",
            ],
        );
    }

    #[test]
    fn a_thing_without_a_type_has_fewer_attributes() {
        let check = |attributes: usize, thing_type: Option<&str>, expected: &[&str]| {
            let profile = Profile {
                attributes: (0..attributes).map(|n| (format!("a{n}"), String::new())).collect(),
                thing_type: thing_type.map(str::to_owned),
                ..Profile::default()
            };
            let unmet = too_many(&profile);
            let text: Vec<_> = unmet.iter().map(ToString::to_string).collect();
            assert_eq!(text, expected);
        };
        check(3, None, &[]);
        check(4, None, &["4 attributes: a thing without a type can have at most 3"]);
        check(50, Some("sensor"), &[]);
        check(51, Some("sensor"), &["51 attributes: a thing with a type can have at most 50"]);
    }
}
