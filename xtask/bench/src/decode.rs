//! How fast files are read and verified, with how much memory, and by how many instructions.

mod function;
mod instructions;
mod limit;
mod memory;
mod own;
mod rate;
mod reading;
mod samples;

use anyhow::Result;
use manifest::{Bucket, Bundle, Vendor};
use xtask::{bench::Decode, sample::Sample};

pub(crate) use self::{reading::Reading, samples::sample_of};
use crate::{figure::Figure, machine};

/// Entries of a sample, where nobody says otherwise.
const ENTRIES: u32 = 100_000;
/// Chips of Infineon's sample, each of which has three certificates.
const CHIPS: u32 = 10_000;

pub(crate) fn figures(args: &Decode) -> Result<Vec<Figure>> {
    let wanted = |bucket: &Bucket| args.vendor.is_none_or(|vendor| vendor == *bucket);
    let buckets: Vec<_> = Bucket::ALL.into_iter().filter(wanted).collect();
    if let Some((bucket, file)) = args.vendor.zip(args.file.clone()) {
        return own::figures(Reading {
            bucket,
            file,
            signers: args.signers.clone(),
            bundle: args.bundle.unwrap_or_default(),
            threads: machine::processors(),
        });
    }
    if args.keep {
        return instructions::keep(&buckets);
    }
    let mut figures = Vec::new();
    if let Some(entries) = args.entries {
        for bucket in buckets {
            figures.extend(rate::figures(bucket, entries.get())?);
            figures.push(memory::figure(bucket, entries.get())?);
        }
        return Ok(figures);
    }
    for bucket in &buckets {
        figures.extend(rate::figures(*bucket, usual_entries(*bucket))?);
    }
    for bucket in &buckets {
        figures.extend(memory::figures(*bucket)?);
    }
    if wanted(&Vendor::Microchip.into()) {
        figures.extend(function::figures(&figures)?);
    }
    figures.extend(instructions::figures(&buckets)?);
    Ok(figures)
}

/// How large a sample is that says how fast a format is read.
fn usual_entries(bucket: Bucket) -> u32 {
    if bucket == Vendor::Infineon.into() { CHIPS } else { ENTRIES }
}

/// What stands in a figure's name for the sample: nothing where it is the usual one.
fn label(bucket: Bucket, entries: u32) -> String {
    if entries == usual_entries(bucket) {
        format!("decode.{bucket}")
    } else {
        format!("decode.{bucket}.{entries}")
    }
}

/// How a sample is read, and who vouches for it.
fn reading(bucket: Bucket, sample: &Sample, bundle: Bundle) -> Reading {
    Reading {
        bucket,
        file: sample.manifest.clone(),
        signers: sample.authorities.clone(),
        bundle,
        threads: machine::processors(),
    }
}
