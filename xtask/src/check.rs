//! `cargo xtask check`

mod certificates;
mod examine;
mod finding;
mod given;
mod page;
mod render;
mod settings;
mod tally;

use std::{path::PathBuf, process::ExitCode};

use anyhow::Result;
use manifest::Bucket;

use self::{
    certificates::Certificates,
    examine::Examiner,
    finding::{Finding, Verdict},
    given::Given,
    settings::Settings,
};
use crate::{
    import::NOT_CARRIED_OUT,
    progress::{self, Paint, Step, say},
};

/// Exit status where not every entry would be taken.
const SOME_NOT_FINE: u8 = 1;

/// Check manifests and device-infos on this machine, without an AWS account
///
/// Nothing is sent anywhere, and nothing is written. The files are read and verified as the cloud would do it, by the same code: what is said here of a file and of each of
/// its entries is what an import would say before it asks AWS IoT. What a file is, is found from its content. The certificate
/// of a signer or of an authority is a FILE, too, as with `import`, or is given by --signer.
///
/// Exit status: 0 every entry would be taken, 1 some would not, 2 wrong usage, 3 a file cannot be used at all.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Manifests, certificates of their signers and authorities, and device-infos
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Certificate of whoever signed a manifest or issued its devices' certificates; may be given several times
    #[arg(long = "signer", value_name = "FILE")]
    signers: Vec<PathBuf>,
    /// Vendor of all files, instead of what their content says: microchip, infineon,
    /// espressif, generated; or mes for device-infos
    #[arg(long, value_name = "VENDOR")]
    vendor: Option<Bucket>,
    /// Profile of the configuration that the devices would get [default: default]
    #[arg(long, value_name = "PROFILE")]
    profile: Option<String>,
    /// Configuration to check with [default: the workspace's infra/thingpress.toml, where there is one]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print nothing on stdout but one JSON document a file, in which every entry is listed
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let settings = Settings::read(args.config.as_deref(), args.profile.as_deref())?;
    let look = |path: &PathBuf| Given::look(path, args.vendor);
    let mut files = args.files.iter().map(look).collect::<Result<Vec<_>>>()?;
    // As with `import`, whoever verifies comes first. The order is kept otherwise.
    files.sort_by_key(|file| !file.is_certificate());
    let mut certificates = Certificates::new(&settings);
    for path in &args.signers {
        certificates.add(None, &given::signer(path)?);
    }
    for file in &files {
        if let Some((vendor, certificate)) = file.certificate() {
            certificates.add(Some(vendor), certificate);
        }
    }
    let examiner = Examiner::new(&settings, &certificates, args.json);
    let (mut worst, mut findings) = (0, Vec::new());
    for file in &files {
        let mut step = Step::moving(&format!("Checking {}", file.name()));
        let finding = examiner.examine(file, &mut step)?;
        drop(step);
        worst = worst.max(status_of(&finding));
        show(&finding, &settings, args.json)?;
        findings.push((finding.verdict, finding.counts));
    }
    if !args.json {
        progress::data(&format!("{}\n", render::end(&findings, Paint::stdout())))?;
        if let Some(remark) = &settings.remark {
            say(&format!("{} {remark}", progress::cyan("note:")));
        }
    }
    Ok(ExitCode::from(worst))
}

fn show(finding: &Finding, settings: &Settings, json: bool) -> Result<()> {
    if json {
        return Ok(progress::data(&format!("{}\n", serde_json::to_string_pretty(finding)?))?);
    }
    Ok(progress::data(&format!("{}\n\n", render::finding(finding, settings, Paint::stdout())))?)
}

fn status_of(finding: &Finding) -> u8 {
    match finding.verdict {
        Verdict::Fine => 0,
        Verdict::SomeNotFine => SOME_NOT_FINE,
        Verdict::Unusable => NOT_CARRIED_OUT,
    }
}
