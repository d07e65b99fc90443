//! `cargo xtask demo`

mod books;
mod text;

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, Result, bail};
use manifest::Vendor;
use openssl::{pkey::PKey, x509::X509};

use self::{
    books::Books,
    text::{bold, good, paragraph},
};
use crate::{
    advice::with_hint,
    aws, local,
    local_cloud::LocalCloud,
    mqtt::Device,
    progress::{self, Step},
    run_follow::{Importer, Outcome, Report},
    sample::{self, Options, Sample},
    workspace,
};

/// How many devices each sample has: some hundred calls to AWS IoT, a few seconds.
const DEVICES: [(Vendor, u64); 4] = [
    (Vendor::Microchip, 20),
    (Vendor::Infineon, 10),
    (Vendor::Espressif, 8),
    (Vendor::Generated, 10),
];
/// In seconds since 1970.
const START_OF_2026: u64 = 1_767_225_600;
/// The line of the list of certificates that is damaged.
const BAD_LINE: usize = 4;

/// See all of it on this machine: a manifest of every vendor, its report, a device that connects
///
/// Builds the functions, starts the local cloud that `cargo xtask local start` starts, makes samples and imports them.
/// It asks nothing, needs no AWS account, and writes below the target directory only.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(_: &Args) -> Result<ExitCode> {
    let (cloud, state) = local::ensure()?;
    let begun = Instant::now();
    let folder = workspace::target().join("demo");
    let samples = make_samples(&folder)?;
    let list = samples.last().context("there is a sample")?;
    let device = first_device(list)?;
    plant_bad_line(&list.manifest)?;

    tell(&bold("\nA device tries to connect, over MQTT with mutual TLS"))?;
    expect(device.connects(&cloud)?, false)?;
    tell(&good("refused: AWS IoT does not know its certificate yet"))?;

    let books = aws::block_on(async {
        let importer = Importer::new(&cloud.aws_config(), &state.stack).await?;
        let mut books = Books::default();
        for ((vendor, _), sample) in DEVICES.iter().zip(&samples) {
            let report = import(&importer, *vendor, sample, &folder).await?;
            books.add(&report.json);
        }
        anyhow::Ok(books)
    })?;

    tell(&bold("\nThe books, over all four files"))?;
    tell(&books.lines())?;
    if !books.balance() {
        bail!("the books do not balance");
    }
    tell(&good("they balance: every entry ended in exactly one way"))?;

    tell(&bold("\nThe same device tries again"))?;
    expect(device.connects(&cloud)?, true)?;
    tell(&good(&format!("connected, as the thing `{}`", device.thing)))?;
    tell(&what_next(&cloud, &folder, begun.elapsed()))?;
    Ok(ExitCode::SUCCESS)
}

fn tell(text: &str) -> Result<()> {
    Ok(progress::data(&format!("{text}\n"))?)
}

/// New devices each time, because one that is there already would prove nothing.
fn make_samples(folder: &Path) -> Result<Vec<Sample>> {
    let step = Step::moving("Making samples");
    if folder.exists() {
        fs::remove_dir_all(folder)
            .with_context(|| format!("failed to empty {}", folder.display()))?;
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    // Fewer digits, because the seed is part of names that are shown.
    let seed = now.saturating_sub(START_OF_2026);
    let samples = DEVICES
        .into_iter()
        .map(|(vendor, devices)| {
            let keys = vendor == Vendor::Generated;
            sample::write(vendor, &Options { devices, seed, folder: folder.to_path_buf(), keys })
        })
        .collect();
    drop(step);
    samples
}

fn first_device(sample: &Sample) -> Result<Device> {
    let identities = sample.identities()?;
    let identity = identities.into_iter().next().context("the sample has a device")?;
    let key = identity.key.context("the sample was made with keys")?;
    let certificate = key.with_extension("crt");
    Ok(Device {
        thing: identity.cn,
        certificate: X509::from_pem(&fs::read(certificate)?)?,
        key: PKey::private_key_from_pem(&fs::read(key)?)?,
    })
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

/// Imports one sample, certificates that verify it first, and shows its report.
async fn import(
    importer: &Importer,
    vendor: Vendor,
    sample: &Sample,
    folder: &Path,
) -> Result<Report> {
    tell(&bold(&format!("\n{}", title(vendor, sample))))?;
    for authority in &sample.authorities {
        match upload(importer, vendor, authority).await? {
            Outcome::Filed(_) => tell(&good(&format!("filed {}", name(authority))))?,
            Outcome::Report(_) => bail!("{} was not recognized", authority.display()),
        }
    }
    let begun = Instant::now();
    let Outcome::Report(report) = upload(importer, vendor, &sample.manifest).await? else {
        bail!("{} was not recognized as a manifest", sample.manifest.display());
    };
    let results = folder.join(format!("{}.results.csv", vendor.name()));
    importer.results(&report, &results).await?;
    tell(&books::table(&report.json, begun.elapsed()))?;
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
    Ok(report)
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

async fn upload(importer: &Importer, vendor: Vendor, path: &Path) -> Result<Outcome> {
    let mut step = Step::moving(&format!("Uploading {}", name(path)));
    let uploaded = importer.upload(vendor.name(), &name(path), path).await?;
    let run = importer.find_run(&uploaded).await?;
    importer.follow(&run, &mut step).await
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn expect(connects: bool, expected: bool) -> Result<()> {
    if connects == expected {
        return Ok(());
    }
    let what = if connects {
        "the device connected before it was imported"
    } else {
        "the device cannot connect, although it was imported"
    };
    Err(with_hint(
        what,
        "does the default profile of the configuration make devices inactive, or give them no policy? \
         Otherwise start afresh: cargo xtask local reset",
    ))
}

/// A path as it is short to read: below the folder that the person is in.
fn shown(path: &Path) -> PathBuf {
    let here = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(here).unwrap_or(path).to_path_buf()
}

fn what_next(cloud: &LocalCloud, folder: &Path, took: Duration) -> String {
    let results = shown(&folder.join("generated.results.csv")).display().to_string();
    let steps = [
        ("what became of every device, and why", results),
        ("a file of your own", "cargo xtask import --local FILE".to_owned()),
        (
            "a bigger one",
            "cargo xtask sample microchip --devices 1000 --out target/sample".to_owned(),
        ),
        (
            "any AWS client",
            "eval \"$(cargo xtask local start)\"\naws iot list-things --max-items 3".to_owned(),
        ),
        (
            "your own account",
            "name policies in infra/thingpress.toml, then: cargo xtask deploy".to_owned(),
        ),
        ("the end", "cargo xtask local stop".to_owned()),
    ];
    let mut lines = vec![String::new(), bold("What to look at and try next")];
    for (what, how) in steps {
        lines.push(format!("  {what}"));
        lines.extend(how.lines().map(|line| format!("    {}", progress::command(line))));
    }
    lines.push(String::new());
    lines.push(paragraph(
        &format!(
            "All of this ran at {} with the template, the state machines and the functions that go \
             to AWS; the imports took {:.0} seconds.",
            cloud.endpoint(),
            took.as_secs_f64()
        ),
        "",
    ));
    lines.join("\n")
}
