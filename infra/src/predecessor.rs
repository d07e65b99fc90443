//! The parameters of the Python application that Thingpress follows, turned into our configuration.
//!
//! They come as `samconfig.toml`, as CloudFormation's JSON, or as words `Key=Value`, with or
//! without the command that they were given to.

mod parameters;
mod text;

use std::collections::BTreeSet;

use crate::config::{CertificateStatus, Config, ConfigError, Profile};

use parameters::Parameters;

/// What became of the parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// The configuration file. It has been read and found right.
    pub toml: String,
    /// What a person should know: what was left out, and why.
    pub remarks: Vec<String>,
}

/// Why there is no configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PredecessorError {
    /// The text holds no parameters.
    #[error(
        "no parameters were found: a samconfig.toml with `parameter_overrides`, CloudFormation's JSON, or words \
         such as IoTPolicies=sensor-policy are read"
    )]
    Empty,
    /// The file has several environments.
    #[error(
        "the file has parameters for several environments ({}): say which one with --env NAME",
        .0.join(", ")
    )]
    Environments(Vec<String>),
    /// The environment is not there.
    #[error("the file has no parameters for the environment `{name}`, only for {}", .known.join(", "))]
    NoEnvironment {
        /// What was asked for.
        name: String,
        /// What is there.
        known: Vec<String>,
    },
    /// A quote is not closed, or the like.
    #[error("the parameters cannot be read: {0}")]
    Malformed(String),
    /// A parameter has a value that stands for nothing.
    #[error("`{key}` is \"{value}\", and {expected}")]
    Value {
        /// The parameter.
        key: String,
        /// What it says.
        value: String,
        /// What it should say.
        expected: &'static str,
    },
    /// Two parameters contradict each other.
    #[error("`{one}` and `{other}` say different things: leave one of them out")]
    Contradiction {
        /// A parameter.
        one: &'static str,
        /// Another for the same.
        other: &'static str,
    },
    /// Nothing names the deployment.
    #[error(
        "nothing names the deployment: say --stack NAME. Bucket names start with it, so it must be your own, such as acme-thingpress"
    )]
    NoStack,
    /// The values break the rules of our configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
}

impl PredecessorError {
    /// Stable identifier.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Empty => "ConfigImport.Empty",
            Self::Environments(_) | Self::NoEnvironment { .. } => "ConfigImport.Environment",
            Self::Malformed(_) => "ConfigImport.Malformed",
            Self::Value { .. } => "ConfigImport.Value",
            Self::Contradiction { .. } => "ConfigImport.Contradiction",
            Self::NoStack => "ConfigImport.NoStack",
            Self::Config(error) => error.code(),
        }
    }
}

/// What the person said besides.
#[derive(Clone, Copy, Debug, Default)]
pub struct Choices<'a> {
    /// The environment of a `samconfig.toml` that has several.
    pub environment: Option<&'a str>,
    /// Name of the deployment, instead of the file's own.
    pub stack: Option<&'a str>,
}

/// Parameters that have no counterpart, and why none is needed.
const UNNEEDED: [(&str, &str); 5] = [
    ("IoTCertFormat", "PEM, DER and base64 are told apart without being told"),
    ("ConcurrentExecutions", "calls a second are kept by [rate] instead"),
    ("S3BucketName", "`cargo xtask deploy` keeps a bucket of its own for the functions"),
    ("Region", "`cargo xtask deploy` takes the Region from your AWS profile"),
    ("RoleArn", "`cargo xtask deploy` takes the role from your AWS profile"),
];

/// Turns the predecessor's parameters into a configuration file.
pub fn import(source: &str, choices: Choices<'_>) -> Result<Imported, PredecessorError> {
    let mut parameters = Parameters::read(source, choices.environment)?;
    let mut remarks = Vec::new();
    let profile = Profile {
        policies: names(&mut parameters, &["IoTPolicies", "IoTPolicy", "PolicyName"]),
        thing_groups: names(
            &mut parameters,
            &["IoTThingGroups", "IoTThingGroup", "ThingGroupName"],
        ),
        thing_type: thing_type(&mut parameters)?,
        certificate_status: match truth(&mut parameters, "IoTCertActive")? {
            Some(false) => CertificateStatus::Inactive,
            Some(true) | None => CertificateStatus::Active,
        },
        defer_things: truth(&mut parameters, "IoTThingDeferred")?.unwrap_or_default(),
        ..Profile::default()
    };
    let bundle = same(&mut parameters, ["InfineonCertBundleType", "CertificateType"])?;
    for (key, value) in parameters.rest() {
        let why = UNNEEDED.iter().find(|(unneeded, _)| *unneeded == key).map(|(_, why)| *why);
        match why {
            Some(why) => remarks.push(format!("`{key}` is not needed: {why}")),
            None if is_none(&value) => {}
            None => remarks.push(format!(
                "`{key}` is not known and was left out; see whether infra/thingpress.toml has something for it"
            )),
        }
    }
    let stack = choices.stack.map(str::to_owned).or_else(|| parameters.stack().map(str::to_owned));
    let toml = text::file(&stack.ok_or(PredecessorError::NoStack)?, &profile, bundle.as_deref());
    Config::parse(&toml)?;
    Ok(Imported { toml, remarks })
}

/// The predecessor's words for nothing.
fn is_none(value: &str) -> bool {
    let value = value.trim();
    value.is_empty() || value.eq_ignore_ascii_case("none")
}

/// Names of all the parameters together, each once.
fn names(parameters: &mut Parameters, keys: &[&str]) -> Vec<String> {
    let lists: Vec<String> = keys.iter().filter_map(|key| parameters.take(key)).collect();
    let mut known = BTreeSet::new();
    let all = lists.iter().flat_map(|list| list.split(',')).map(str::trim);
    all.filter(|name| !is_none(name) && known.insert(*name)).map(str::to_owned).collect()
}

fn thing_type(parameters: &mut Parameters) -> Result<Option<String>, PredecessorError> {
    let Some(value) = same(parameters, ["IoTThingType", "ThingTypeName"])? else { return Ok(None) };
    if value.contains(',') {
        return Err(PredecessorError::Value {
            key: "IoTThingType".to_owned(),
            value,
            expected: "AWS allows one thing type: say which one",
        });
    }
    Ok(Some(value))
}

/// A value that has two names, of which one or both are given.
fn same(
    parameters: &mut Parameters,
    [one, other]: [&'static str; 2],
) -> Result<Option<String>, PredecessorError> {
    let mut given = |key| parameters.take(key).filter(|value| !is_none(value));
    match (given(one), given(other)) {
        (Some(first), Some(second)) if first != second => {
            Err(PredecessorError::Contradiction { one, other })
        }
        (first, second) => Ok(first.or(second).map(|value| value.trim().to_owned())),
    }
}

fn truth(parameters: &mut Parameters, key: &str) -> Result<Option<bool>, PredecessorError> {
    let Some(value) = parameters.take(key).filter(|value| !is_none(value)) else { return Ok(None) };
    match value.trim().to_ascii_lowercase().as_str() {
        "true" | "yes" | "1" => Ok(Some(true)),
        "false" | "no" | "0" => Ok(Some(false)),
        _ => Err(PredecessorError::Value {
            key: key.to_owned(),
            value,
            expected: "it must be TRUE or FALSE",
        }),
    }
}

#[cfg(test)]
mod tests;
