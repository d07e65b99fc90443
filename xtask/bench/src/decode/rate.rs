//! Entries a second, on all processors.

use std::{fs, io};

use anyhow::{Result, ensure};
use manifest::{Bucket, Bundle, Vendor};
use xtask::sample::Sample;

use super::{
    label, limit,
    reading::{Found, Reading},
    sample_of, usual_entries,
};
use crate::{
    figure::{Figure, Series, Target},
    process,
    progress::runs,
};

/// How much of what the machine allows is to be reached.
const OF_LIMIT: f64 = 0.8;

/// The rate of reading a sample, and, where the machine sets it a limit, what of it is reached.
pub(super) fn figures(bucket: Bucket, entries: u32) -> Result<Vec<Figure>> {
    let sample = sample_of(bucket, entries)?;
    fetch(&sample)?;
    let name = label(bucket, entries);
    let limited = entries == usual_entries(bucket);
    // Infineon's certificates have an issuer to be checked against only where its certificates were filed.
    let usual = if bucket == Vendor::Infineon.into() { Issuers::Unknown } else { Issuers::Filed };
    // The limit is measured next to each run, so that both are of the same minute.
    let pairs = runs(&name, || {
        Ok(match bucket {
            Bucket::Vendor(Vendor::Microchip) if limited => {
                let limit = limit::entries_of_microchip()?;
                (rate_of(bucket, &sample, &[Bundle::default()], usual)?, Some(limit))
            }
            Bucket::Vendor(Vendor::Infineon) if limited => {
                let limit = limit::certificates_of_infineon(&sample)?;
                (rate_of(bucket, &sample, &Bundle::ALL, usual)?, Some(limit))
            }
            _ => (rate_of(bucket, &sample, &[Bundle::default()], usual)?, None),
        })
    })?;
    let rates: Series = pairs.iter().map(|(rate, _)| *rate).collect();
    let limits: Option<Series> = pairs.iter().map(|(_, limit)| *limit).collect();
    let rate = Figure::measured(format!("{name}.rate"), "/s", &rates);
    let Some(limits) = limits else {
        let target = if limited { target(bucket) } else { None };
        return Ok(vec![match target {
            Some(target) => rate.target(target),
            None => rate,
        }]);
    };
    let ratio = Figure::measured(format!("{name}.of-limit"), "", &rates.over(&limits));
    let mut figures = vec![rate.limit(limits.median()), ratio.target(Target::AtLeast(OF_LIMIT))];
    if bucket == Vendor::Infineon.into() {
        let name = format!("{name}.with-authorities");
        let rates = runs(&name, || rate_of(bucket, &sample, &Bundle::ALL, Issuers::Filed))?;
        figures.push(Figure::measured(format!("{name}.rate"), "/s", &rates.into_iter().collect()));
    }
    Ok(figures)
}

/// Whether certificates of issuers are there, beside those in the file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Issuers {
    Filed,
    Unknown,
}

/// What is asked of formats that set the processor no limit of their own.
const fn target(bucket: Bucket) -> Option<Target> {
    match bucket {
        Bucket::Vendor(Vendor::Espressif | Vendor::Generated) => Some(Target::AtLeast(250_000.0)),
        Bucket::Mes => Some(Target::AtLeast(500_000.0)),
        Bucket::Vendor(Vendor::Microchip | Vendor::Infineon) => None,
    }
}

/// Entries a second over the sets that are read, one after the other.
fn rate_of(bucket: Bucket, sample: &Sample, bundles: &[Bundle], issuers: Issuers) -> Result<f64> {
    let (mut entries, mut seconds) = (0, 0.0);
    for bundle in bundles {
        let mut reading = super::reading(bucket, sample, *bundle);
        if issuers == Issuers::Unknown {
            reading.signers.clear();
        }
        let (found, _) = process::ask_child::<Found>(&reading.arguments("decode"))?;
        check(&reading, &found, sample.devices)?;
        entries += found.entries;
        seconds += found.seconds;
    }
    Ok(f64::from(entries) / seconds)
}

/// A quick reading counts only where everything was read, taken and verified.
pub(super) fn check(reading: &Reading, found: &Found, devices: u64) -> Result<()> {
    let Found { entries, refused, signed, issued, unusable, .. } = found;
    ensure!(unusable.is_none(), "a sample is not readable: {unusable:?}");
    ensure!(refused.is_empty(), "entries of a sample were refused: {refused:?}");
    ensure!(u64::from(*entries) == devices, "{entries} of {devices} entries were read");
    let (is_signed, is_issued) = match reading.bucket {
        Bucket::Vendor(Vendor::Microchip) => (true, true),
        Bucket::Vendor(Vendor::Infineon) => (false, !reading.signers.is_empty()),
        Bucket::Vendor(Vendor::Espressif | Vendor::Generated) | Bucket::Mes => (false, false),
    };
    ensure!(
        !is_signed || signed == entries,
        "of {entries} entries {signed} had a signature that held"
    );
    ensure!(!is_issued || issued == entries, "of {entries} certificates {issued} were verified");
    Ok(())
}

/// Reads the file once, so that no run waits for the disk.
fn fetch(sample: &Sample) -> Result<()> {
    io::copy(&mut fs::File::open(&sample.manifest)?, &mut io::sink())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, num::NonZeroUsize, path::PathBuf};

    use manifest::{Bucket, Bundle, Vendor};

    use super::{Found, Reading, check};

    fn checked(bucket: impl Into<Bucket>, change: impl Fn(&mut Found)) -> String {
        let reading = Reading {
            bucket: bucket.into(),
            file: PathBuf::new(),
            signers: vec![PathBuf::new()],
            bundle: Bundle::default(),
            threads: NonZeroUsize::MIN,
        };
        let mut found = Found { entries: 10, signed: 10, issued: 10, ..Found::default() };
        change(&mut found);
        check(&reading, &found, 10).err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn a_reading_counts_only_where_all_was_verified() {
        assert_eq!(checked(Vendor::Microchip, |_| {}), "");
        let unsigned = checked(Vendor::Microchip, |found| found.signed = 9);
        assert_eq!(unsigned, "of 10 entries 9 had a signature that held");
        for vendor in [Vendor::Microchip, Vendor::Infineon] {
            let unissued = checked(vendor, |found| found.issued = 0);
            assert_eq!(unissued, "of 10 certificates 0 were verified");
        }
        assert_eq!(checked(Bucket::Mes, |found| (found.signed, found.issued) = (0, 0)), "");
    }

    #[test]
    fn a_reading_counts_only_where_all_was_read_and_taken() {
        assert_eq!(checked(Bucket::Mes, |found| found.entries = 9), "9 of 10 entries were read");
        let refused = |found: &mut Found| found.refused = BTreeMap::from([("Some.Code".into(), 1)]);
        assert!(checked(Bucket::Mes, refused).contains("Some.Code"));
        let broken = checked(Bucket::Mes, |found| found.unusable = Some("why".to_owned()));
        assert!(broken.contains("why"), "{broken}");
    }
}
