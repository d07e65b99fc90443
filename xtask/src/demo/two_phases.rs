//! A factory: certificates are registered when chips are programmed, and devices are made of them at
//! final assembly.

use std::path::Path;

use anyhow::Result;
use infra::{CertificateStatus, Config};
use manifest::{Bucket, Vendor};

use super::{
    books, device,
    stage::Stage,
    text::{bold, good, name, paragraph, shown, tell},
};
use crate::{
    advice::with_hint,
    deployment, progress,
    sample::{self, Options, Sample, mes},
};

const DEVICES: u64 = 4;

/// What the factory has: chips with certificates, and what its system says about their devices.
pub(super) struct Story {
    /// The profile of phase 1, which is the first folder of the keys.
    profile: String,
    certificates: Sample,
    device_infos: Sample,
}

impl Story {
    /// Makes the files, where the configuration has a profile for phase 1.
    pub(super) fn prepare(config: &Path, folder: &Path, seed: u64) -> Result<Option<Self>> {
        let config = deployment::read_config(config)?;
        let Some(profile) = phase_1(&config) else { return Ok(None) };
        let folder = folder.join("two-phases");
        let options = Options { devices: DEVICES, seed, folder, keys: true };
        Ok(Some(Self {
            profile: profile.to_owned(),
            certificates: sample::write(Vendor::Generated, &options)?,
            device_infos: mes::write(Vendor::Generated, &Options { keys: false, ..options })?,
        }))
    }

    pub(super) async fn show(&self, stage: &mut Stage<'_>) -> Result<()> {
        let (certificates, infos) = (&self.certificates.manifest, &self.device_infos.manifest);
        let device = device::first(&self.certificates)?;

        tell(&bold("\nTwo phases: what a factory says about devices, a little too early"))?;
        tell(&file(infos))?;
        self.import(stage, Bucket::Mes, infos, "waiting").await?;

        let profile = &self.profile;
        tell(&bold(&format!(
            "\nPhase 1: their certificates alone, inactive, by the profile `{profile}`"
        )))?;
        tell(&file(certificates))?;
        self.import(stage, Vendor::Generated.into(), certificates, "created").await?;
        device::expect_refusal(&device, stage.cloud)?;
        tell(&good("the first device is refused: its certificate is not active yet"))?;

        tell(&bold("\nPhase 2: the factory's file again"))?;
        self.import(stage, Bucket::Mes, infos, "created").await?;
        device::expect_connection(&device, stage.cloud)?;
        tell(&good(&format!("the first device connected, as the thing `{}`", device.thing)))
    }

    /// Imports a file by the factory's profile; all its devices are to end in the same way.
    async fn import(
        &self,
        stage: &mut Stage<'_>,
        to: Bucket,
        path: &Path,
        expected: &str,
    ) -> Result<()> {
        let key = format!("{}/{}", self.profile, name(path));
        let report = stage.import(to, &key, path).await?;
        if books::count(&report.json, expected) == DEVICES {
            return Ok(());
        }
        Err(with_hint(
            format!("not every device of {} is {expected}", shown(path).display()),
            format!("{}results.csv says why; start afresh: cargo xtask local reset", report.folder),
        ))
    }
}

/// The first profile that registers certificates inactive, and nothing else.
fn phase_1(config: &Config) -> Option<&str> {
    let mut profiles = config.profiles.iter().filter(|(name, _)| *name != "default");
    let (name, _) = profiles.find(|(_, profile)| {
        profile.defer_things && profile.certificate_status == CertificateStatus::Inactive
    })?;
    Some(name)
}

/// What is told where no profile is for phase 1.
pub(super) fn left_out() -> String {
    let text = "The two phases of a factory are not shown: no profile of the configuration has \
                certificate_status = \"inactive\" and defer_things = true.";
    format!("\n{}", paragraph(text, ""))
}

fn file(path: &Path) -> String {
    progress::faint(&shown(path).display().to_string())
}

#[cfg(test)]
mod tests {
    use infra::Config;

    use super::phase_1;

    #[test]
    fn the_workspaces_configuration_has_a_profile_for_phase_1() {
        let text = include_str!("../../../infra/thingpress.toml");
        assert_eq!(phase_1(&Config::parse(text).unwrap()), Some("factory"));
        let without = Config::parse("stack = \"acme\"\n[profile.default]\n").unwrap();
        assert_eq!(phase_1(&without), None);
    }
}
