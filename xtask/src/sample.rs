//! `cargo xtask sample`, and the makers of samples for the demonstration and the tests.
//!
//! A sample is a manifest as its vendor would make it, of devices that do not exist. Everything in it comes from a
//! seed: the same vendor, number of devices and seed give the same bytes, and the first devices of a longer sample are
//! those of a shorter one.

pub mod espressif;
pub mod generated;
pub mod infineon;
pub mod mes;
pub mod microchip;

mod certificate;
mod der;
mod files;
mod identity;
mod in_order;
mod key;
mod seed;
mod text;

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, Result};
use manifest::{Limits, Vendor};

pub use self::identity::Identity;
use crate::{
    advice::wrong_usage,
    progress::{Step, cyan, say},
};

/// Make a manifest of devices that do not exist, as its vendor would make it
///
/// Beside the manifest it writes <name>.identities.csv, which lists what decoding the manifest must give, and the
/// certificates by which the manifest is verified. Files that exist are overwritten. The same arguments give the same
/// bytes everywhere, and the first devices of a larger sample are those of a smaller one.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Whose manifest; `mes` makes the device-infos of a factory for the devices of another sample
    #[arg(value_name = "VENDOR")]
    what: What,
    /// How many devices
    #[arg(long, value_name = "N")]
    devices: u64,
    /// Folder to write into; it is made where it is missing
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Number that all keys and names come from; another seed gives other devices
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Write each device's private key and certificate, too: DIR/keys/<id>.key and .crt
    #[arg(long)]
    keys: bool,
    /// With `mes`: whose sample has the devices: microchip (the default), infineon, espressif, generated
    #[arg(long, value_name = "VENDOR")]
    of: Option<Vendor>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum What {
    Microchip,
    Infineon,
    Espressif,
    Generated,
    Mes,
}

/// What a sample is made of.
#[derive(Clone, Debug)]
pub struct Options {
    /// How many devices, at least one.
    pub devices: u64,
    /// Where all keys and names come from.
    pub seed: u64,
    /// Where the files go. It is made where it is missing.
    pub folder: PathBuf,
    /// Whether private keys are written, too.
    pub keys: bool,
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// The manifest.
    pub manifest: PathBuf,
    /// Certificates to upload before the manifest, so that it can be verified.
    pub authorities: Vec<PathBuf>,
    /// The list of [`Identity`].
    pub identities: PathBuf,
    /// How many devices the manifest holds.
    pub devices: u64,
    /// The fingerprint of the manifest's signer. Only Microchip's manifests have signers.
    pub signer: Option<String>,
}

impl Sample {
    /// What decoding the manifest must give, in its order.
    pub fn identities(&self) -> Result<Vec<Identity>> {
        identity::read(&self.identities)
    }
}

/// Writes a vendor's sample.
pub fn write(vendor: Vendor, options: &Options) -> Result<Sample> {
    match vendor {
        Vendor::Microchip => microchip::write(options),
        Vendor::Infineon => infineon::write(options),
        Vendor::Espressif => espressif::write(options),
        Vendor::Generated => generated::write(options),
    }
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let most = Limits::default().entries;
    if args.devices == 0 || args.devices > most {
        return Err(wrong_usage(
            format!("a sample cannot have {} devices", args.devices),
            format!(
                "give a number from 1 to {most}, which is the most that one import takes: --devices 20"
            ),
        ));
    }
    let vendor = args.what.vendor();
    if vendor.is_some() && args.of.is_some() {
        return Err(wrong_usage(
            "--of is for device-infos only",
            "leave it out, or make device-infos: cargo xtask sample mes --of VENDOR",
        ));
    }
    if vendor.is_none() && args.keys {
        return Err(wrong_usage(
            "device-infos come without keys",
            "make the keys with the sample of the same devices: cargo xtask sample VENDOR --keys",
        ));
    }
    let options = Options {
        devices: args.devices,
        seed: args.seed,
        folder: args.out.clone(),
        keys: args.keys,
    };
    let of = args.of.unwrap_or(Vendor::Microchip);
    let step = Step::begin(&format!("Making {}", count(args.devices)));
    let sample = match vendor {
        Some(vendor) => write(vendor, &options)?,
        None => mes::write(of, &options)?,
    };
    drop(step);
    tell(args, &sample)?;
    if vendor.is_some() {
        let files = sample.authorities.iter().chain([&sample.manifest]);
        let files: Vec<_> = files.map(|path| path.display().to_string()).collect();
        hint(&format!("cargo xtask import --local {}", files.join(" ")));
    } else {
        hint(&format!(
            "the manifest of its devices: cargo xtask sample {} --devices {} --seed {} --out {}",
            of.name(),
            args.devices,
            args.seed,
            args.out.display()
        ));
        let infos = sample.manifest.display();
        say(&format!("      once it is imported: cargo xtask import --local {infos}"));
    }
    Ok(ExitCode::SUCCESS)
}

impl What {
    const fn vendor(self) -> Option<Vendor> {
        match self {
            Self::Microchip => Some(Vendor::Microchip),
            Self::Infineon => Some(Vendor::Infineon),
            Self::Espressif => Some(Vendor::Espressif),
            Self::Generated => Some(Vendor::Generated),
            Self::Mes => None,
        }
    }
}

/// One line a file, and how the manifest is trusted.
fn tell(args: &Args, sample: &Sample) -> Result<()> {
    let devices = count(sample.devices);
    file(&sample.manifest, &devices)?;
    for authority in &sample.authorities {
        file(authority, "a certificate to verify it by")?;
    }
    file(&sample.identities, "what decoding it must give")?;
    if args.keys {
        say(&format!(
            "{}  private keys of samples: use them for nothing else",
            args.out.join("keys").display()
        ));
    }
    if let Some(signer) = &sample.signer {
        hint("the local cloud trusts the signer once its certificate is uploaded;");
        say("      an AWS account is told in the configuration, under [vendor.microchip]:");
        say(&format!("      signers = [\"{signer}\"]"));
    }
    Ok(())
}

fn hint(text: &str) {
    say(&format!("{} {text}", cyan("hint:")));
}

fn file(path: &Path, what: &str) -> Result<()> {
    let shown = path.display();
    let size = fs::metadata(path).with_context(|| format!("failed to look at {shown}"))?.len();
    say(&format!("{shown}  {what}, {}", bytes(size)));
    Ok(())
}

fn count(devices: u64) -> String {
    if devices == 1 { "1 device".to_owned() } else { format!("{devices} devices") }
}

fn bytes(size: u64) -> String {
    match size {
        ..10_000 => format!("{size} bytes"),
        10_000..10_000_000 => format!("{} KB", size / 1_000),
        _ => format!("{} MB", size / 1_000_000),
    }
}
