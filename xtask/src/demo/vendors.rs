//! A manifest of every vendor, and a device that connects once its own was imported.

use std::{fs, path::Path};

use anyhow::{Context, Result, bail};
use manifest::Vendor;

use super::{
    books, device,
    stage::Stage,
    text::{bold, good, name, shown, tell},
};
use crate::{
    advice::with_hint,
    progress,
    run_follow::Outcome,
    sample::{self, Options, Sample},
};

/// How many devices each sample has: some hundred calls to AWS IoT, a few seconds.
const DEVICES: [(Vendor, u64); 4] = [
    (Vendor::Microchip, 20),
    (Vendor::Infineon, 10),
    (Vendor::Espressif, 8),
    (Vendor::Generated, 10),
];
/// The line of the list of certificates that is damaged.
const BAD_LINE: usize = 4;

/// A sample of every vendor, one of them with a damaged line.
pub(super) fn samples(folder: &Path, seed: u64) -> Result<Vec<(Vendor, Sample)>> {
    DEVICES
        .into_iter()
        .map(|(vendor, devices)| {
            let keys = vendor == Vendor::Generated;
            let options = Options { devices, seed, folder: folder.to_path_buf(), keys };
            let sample = sample::write(vendor, &options)?;
            if vendor == Vendor::Generated {
                plant_bad_line(&sample.manifest)?;
            }
            Ok((vendor, sample))
        })
        .collect()
}

/// Cuts a line in half, as an editor or a transfer might.
fn plant_bad_line(list: &Path) -> Result<()> {
    let text = fs::read_to_string(list)?;
    let lines = text.split_inclusive('\n').enumerate().map(|(at, line)| {
        let is_bad = at + 1 == BAD_LINE;
        if is_bad {
            format!("{}\n", line.get(..line.len() / 2).unwrap_or_default())
        } else {
            line.to_owned()
        }
    });
    let text: String = lines.collect();
    Ok(fs::write(list, text)?)
}

/// A device is refused, everything is imported, and the device connects.
pub(super) async fn show(
    stage: &mut Stage<'_>,
    samples: &[(Vendor, Sample)],
    folder: &Path,
) -> Result<()> {
    let (_, list) = samples.last().context("there is a sample")?;
    let device = device::first(list)?;
    tell(&bold("\nA device tries to connect, over MQTT with mutual TLS"))?;
    device::expect_refusal(&device, stage.cloud)?;
    tell(&good("refused: AWS IoT does not know its certificate yet"))?;
    for (vendor, sample) in samples {
        import(stage, *vendor, sample, folder).await?;
    }
    tell(&bold("\nThe same device tries again"))?;
    device::expect_connection(&device, stage.cloud)?;
    tell(&good(&format!("connected, as the thing `{}`", device.thing)))
}

/// Imports one sample, certificates that verify it first, and shows its report.
async fn import(
    stage: &mut Stage<'_>,
    vendor: Vendor,
    sample: &Sample,
    folder: &Path,
) -> Result<()> {
    tell(&bold(&format!("\n{}", title(vendor, sample))))?;
    for authority in &sample.authorities {
        match stage.upload(vendor, &name(authority), authority).await? {
            Outcome::Filed(_) => tell(&good(&format!("filed {}", name(authority))))?,
            Outcome::Report(_) => bail!("{} was not recognized", authority.display()),
        }
    }
    let report = stage.import(vendor, &name(&sample.manifest), &sample.manifest).await?;
    let results = folder.join(format!("{}.results.csv", vendor.name()));
    let file = fs::File::create(&results)
        .with_context(|| format!("failed to write {}", results.display()))?;
    stage.importer.results(&report, file).await?;
    let damaged = u64::from(vendor == Vendor::Generated);
    if books::count(&report.json, "created") + damaged != sample.devices {
        return Err(with_hint(
            "not every device was created that should have been",
            format!(
                "{} says why; start afresh: cargo xtask local reset",
                shown(&results).display()
            ),
        ));
    }
    Ok(())
}

fn title(vendor: Vendor, sample: &Sample) -> String {
    let what = match vendor {
        Vendor::Microchip => "Microchip: JSON, every entry signed".to_owned(),
        Vendor::Infineon => {
            "Infineon: a bundle of 7z archives, the certificates E0E0 in it".to_owned()
        }
        Vendor::Espressif => "Espressif: CSV".to_owned(),
        Vendor::Generated => {
            format!("Your own PKI: certificates, one a line; line {BAD_LINE} was cut in half")
        }
    };
    format!("{what}\n{}", progress::faint(&shown(&sample.manifest).display().to_string()))
}
