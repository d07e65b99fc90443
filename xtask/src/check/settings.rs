//! The configuration that files are checked with.

use std::path::Path;

use anyhow::{Context, Result};
use infra::Config;
use ledger::{Configuration, Profile, SignerPolicy};
use manifest::Bundle;

use crate::{advice::wrong_usage, deployment};

const DEFAULT: &str = "default";

/// What a deployment's owner decided, or what is assumed where nobody did.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    /// Path of the configuration; `None` without one.
    pub(super) source: Option<String>,
    /// What a person has to know about where the settings come from.
    pub(super) remark: Option<String>,
    pub(super) profile_name: String,
    pub(super) profile: Profile,
    pub(super) signers: SignerPolicy,
}

impl Settings {
    /// Reads the configuration that is named, or else the workspace's own. Without a usable one, whoever is given as a
    /// signer is trusted, things have their vendor's names, and there is no thing type.
    pub(super) fn read(config: Option<&Path>, profile: Option<&str>) -> Result<Self> {
        let path = deployment::config_path(config);
        if config.is_none() && !path.exists() {
            return Self::assumed("there is no configuration", profile);
        }
        let found = match deployment::read_config(&path) {
            Ok(found) => found,
            Err(error) if config.is_some() => return Err(error),
            Err(_) => {
                let why = format!(
                    "{} cannot be used (`cargo xtask config check` says why)",
                    shown(&path)
                );
                return Self::assumed(&why, profile);
            }
        };
        Self::of(&found, &shown(&path), profile)
    }

    fn of(config: &Config, path: &str, profile: Option<&str>) -> Result<Self> {
        let configuration: Configuration = serde_json::from_value(infra::run_configuration(config))
            .context("failed to make the configuration of runs")?;
        let wanted = profile.unwrap_or(DEFAULT);
        let Some(profile) = configuration.profiles.get(wanted) else {
            let known: Vec<_> =
                configuration.profiles.keys().map(|name| format!("`{name}`")).collect();
            return Err(wrong_usage(
                format!("{path} has no profile `{wanted}`"),
                format!("its profiles are {}", known.join(", ")),
            ));
        };
        Ok(Self {
            source: Some(path.to_owned()),
            remark: None,
            profile_name: wanted.to_owned(),
            profile: profile.clone(),
            signers: configuration.signers,
        })
    }

    fn assumed(why: &str, profile: Option<&str>) -> Result<Self> {
        if let Some(profile) = profile {
            return Err(wrong_usage(
                format!("there is no profile `{profile}`: {why}"),
                "name the configuration that has it with --config FILE",
            ));
        }
        let remark = format!(
            "{why}: every signer that is given here was trusted, things were named as their vendor suggests, and \
             without a thing type. With --config FILE the check goes by what the owner of the deployment decided"
        );
        Ok(Self {
            source: None,
            remark: Some(remark),
            profile_name: DEFAULT.to_owned(),
            profile: Profile { bundle: Bundle::default().to_string(), ..Profile::default() },
            signers: SignerPolicy { pins: Vec::new(), trust_uploaded: true },
        })
    }
}

/// The path as it is short to read: below the folder that the person is in.
fn shown(path: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(here).unwrap_or(path).display().to_string()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::Settings;
    use crate::advice::exit_status;

    #[test]
    fn a_profile_of_the_configuration_is_taken_with_the_bundle_in_force() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("my.toml");
        let text = "stack = \"acme\"\n[profile.default]\n[profile.rsa]\nthing_name = \"{chip_id}\"\n\
                    [vendor.infineon]\nbundle = \"E0E2\"\n[vendor.microchip]\nsigners = \"uploaded\"\n";
        fs::write(&path, text).unwrap();
        let settings = Settings::read(Some(&path), Some("rsa")).unwrap();
        assert_eq!(settings.profile.thing_name.as_deref(), Some("{chip_id}"));
        assert_eq!(
            (settings.profile.bundle.as_str(), settings.signers.trust_uploaded),
            ("E0E2", true)
        );
        assert_eq!(settings.remark, None);
        let error = Settings::read(Some(&path), Some("rsb")).unwrap_err();
        assert_eq!(exit_status(&error), Some(2));
        assert_eq!(crate::advice::hints(&error), ["its profiles are `default`, `rsa`"]);
    }

    #[test]
    fn without_a_configuration_it_is_said_what_is_assumed() {
        let settings = Settings::assumed("there is no configuration", None).unwrap();
        assert!(settings.signers.trust_uploaded && settings.profile.bundle == "E0E0");
        let remark = settings.remark.unwrap();
        assert!(remark.starts_with("there is no configuration: every signer"), "{remark}");
        let error = Settings::assumed("there is no configuration", Some("gateway")).unwrap_err();
        assert_eq!(exit_status(&error), Some(2));
    }

    #[test]
    fn a_configuration_that_is_named_and_missing_is_wrong() {
        let error = Settings::read(Some("does/not/exist.toml".as_ref()), None).unwrap_err();
        assert!(error.to_string().contains("does/not/exist.toml"), "{error}");
    }
}
