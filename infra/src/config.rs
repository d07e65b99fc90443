//! The configuration file, `infra/thingpress.toml`.
//!
//! It is read by hand from the parsed TOML and not by serde's derive, because a person who edits it
//! wants every mistake at once, each with its line and the key that was probably meant.

mod options;
mod rate;
mod reader;
mod rules;
mod settings;
pub(crate) mod suggest;

use std::collections::BTreeMap;
use std::fmt;

pub use options::{BucketNames, Encryption, Notify};
pub use rate::Rate;
pub use settings::Setting;

/// Everything that the owner of a deployment decides.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Name of the deployment; the names of buckets, functions, machines and roles start with it.
    pub stack: String,
    /// Processor of the functions.
    pub architecture: Architecture,
    /// What a device gets, by the first folder of the manifest's key; `default` is always there.
    pub profiles: BTreeMap<String, Profile>,
    /// What depends on the vendor of the manifest.
    pub vendor: Vendors,
    /// Calls a second that all active runs share.
    pub rate: Rate,
    /// How long logs are kept.
    pub log: Log,
    /// How buckets are named.
    pub bucket_names: BucketNames,
    /// Whose key encrypts what is in the buckets.
    pub encryption: Encryption,
    /// Existing bucket that takes the access logs of the stack's buckets.
    pub access_logs: Option<String>,
    /// Name of the managed policy that bounds every role of the stack.
    pub permissions_boundary: Option<String>,
    /// Who is told how runs end.
    pub notify: Notify,
    /// Executions that are kept free for a function, by its name; none where it is left out.
    pub reserved_concurrency: BTreeMap<String, u32>,
}

/// Processor of the functions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Architecture {
    /// 64-bit Intel and AMD.
    #[default]
    X86_64,
    /// 64-bit Arm.
    Arm64,
}

impl Architecture {
    /// The name that AWS Lambda uses, which is also the one in the configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::Arm64 => "arm64",
        }
    }
}

/// What every device of one product line gets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// AWS IoT policies that are attached to the certificate.
    pub policies: Vec<String>,
    /// Static thing groups that the thing joins.
    pub thing_groups: Vec<String>,
    /// Thing type; AWS allows one.
    pub thing_type: Option<String>,
    /// Status that a certificate is registered with.
    pub certificate_status: CertificateStatus,
    /// Whether the thing is left to a later activation by the factory.
    pub defer_things: bool,
    /// Template of the thing's name; unset means the vendor's default.
    pub thing_name: Option<String>,
    /// Attributes of the thing by name: text, with fields of the manifest's entry in braces.
    pub attributes: BTreeMap<String, String>,
    /// What becomes of a device where something else stands already.
    pub on_conflict: OnConflict,
    /// Whether the factory may activate a device again that somebody deactivated.
    pub reactivate: bool,
    /// Which of an Infineon bundle's sets is imported; unset means the vendor's.
    pub bundle: Option<Bundle>,
}

/// Status that a certificate is registered with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CertificateStatus {
    /// The device may connect at once.
    #[default]
    Active,
    /// The device may connect after its activation.
    Inactive,
}

impl CertificateStatus {
    /// The word in the configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Inactive => "inactive",
        }
    }
}

/// What becomes of a device where something else stands already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnConflict {
    /// The device is a conflict, and nothing is touched.
    #[default]
    Fail,
    /// The device is added to what stands there. Nothing is removed.
    Adopt,
}

impl OnConflict {
    /// The word in the configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Adopt => "adopt",
        }
    }
}

/// What depends on the vendor of the manifest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vendors {
    /// Microchip's manifests.
    pub microchip: Microchip,
    /// Infineon's bundles.
    pub infineon: Infineon,
}

/// What is particular to Microchip's manifests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Microchip {
    /// Signers that are trusted besides the five that Microchip publishes.
    pub signers: Signers,
}

/// Signers that are trusted besides the built-in ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signers {
    /// SHA-256 of each trusted signer's certificate, 64 lower-case hexadecimal digits.
    pub pins: Vec<String>,
    /// Whether whoever may upload to the bucket may also name a signer.
    pub trust_uploaded: bool,
}

/// What is particular to Infineon's bundles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Infineon {
    /// The set that is imported where the profile names none.
    pub bundle: Bundle,
}

/// One of the sets of certificates in an Infineon bundle.
///
/// The chips are the same in each; keys and certificates are others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Bundle {
    /// P-256.
    #[default]
    E0E0,
    /// P-256, a second key.
    E0E1,
    /// RSA-2048.
    E0E2,
}

impl Bundle {
    /// The name in the configuration, which is also the one in the bundle's file names.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::E0E0 => "E0E0",
            Self::E0E1 => "E0E1",
            Self::E0E2 => "E0E2",
        }
    }
}

/// How long logs are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Log {
    /// Days, one of those that CloudWatch Logs allows.
    pub retention_days: u32,
}

impl Default for Log {
    fn default() -> Self {
        Self { retention_days: 90 }
    }
}

impl Config {
    /// Reads and checks a configuration file.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        reader::read(text, &[])
    }

    /// The same with single values that take the place of the file's.
    pub fn parse_with(text: &str, settings: &[Setting]) -> Result<Self, ConfigError> {
        reader::read(text, settings)
    }

    /// Everything that is wrong with the values, whether they came from a file or were set by code.
    #[must_use]
    pub fn problems(&self) -> Vec<Problem> {
        rules::check(self)
    }

    /// How many units of one run are worked on at a time.
    ///
    /// One worker keeps many devices in flight and makes some 20 registrations a second, which is far above AWS's
    /// default quota. But the first units of a file hold one device each, and take a good part of a second each,
    /// because a child execution is started for them: so there are more workers than devices alone would need. And not
    /// many more, because each one is paid for while it waits.
    #[must_use]
    pub fn concurrency(&self) -> u32 {
        let registrations = self.rate.register_certificate;
        let small = registrations * rules::SECONDS_OF_A_SMALL_UNIT;
        let enough = |workers: &u32| {
            f64::from(*workers) * rules::REGISTRATIONS_A_WORKER >= registrations
                && f64::from(*workers) >= small.min(rules::WORKERS_FOR_SMALL_UNITS)
        };
        (rules::MIN_WORKERS..rules::MAX_WORKERS).find(enough).unwrap_or(rules::MAX_WORKERS)
    }
}

/// Where a value of the configuration stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// A line of the file, from 1.
    Line(usize),
    /// Beside the file: the `KEY=VALUE` of a `--set`.
    Setting(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => write!(f, "line {line}"),
            Self::Setting(text) => write!(f, "--set {text}"),
        }
    }
}

/// One thing that is wrong with the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where it stands, if anywhere.
    pub place: Option<Place>,
    /// Key, such as `profile.default.policies[0]`; empty for a mistake in the notation.
    pub key: String,
    /// What is wrong and what to do.
    pub message: String,
}

impl Problem {
    fn new(key: impl Into<String>, message: impl Into<String>) -> Self {
        Self { place: None, key: key.into(), message: message.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Some(place) => write!(f, "{place}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

/// A configuration that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The text is no TOML.
    #[error("the configuration is not valid TOML:\n{}", lines(.0))]
    Syntax(Vec<Problem>),
    /// The text is TOML, but keys or values are wrong.
    #[error("the configuration cannot be used:\n{}", lines(.0))]
    Invalid(Vec<Problem>),
}

impl ConfigError {
    /// Stable identifier.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Syntax(_) => "Config.Syntax",
            Self::Invalid(_) => "Config.Invalid",
        }
    }

    /// Everything that is wrong, in the order of the file.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        match self {
            Self::Syntax(problems) | Self::Invalid(problems) => problems,
        }
    }
}

fn lines(problems: &[Problem]) -> String {
    problems.iter().map(|problem| format!("  {problem}")).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests;
