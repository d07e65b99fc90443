//! The most memory that reading takes, as it is seen from outside the process.

use anyhow::Result;
use manifest::{Bucket, Bundle, Vendor};

use super::{rate::check, reading::Found, sample_of};
use crate::{
    figure::{Figure, Series, Target},
    process,
    progress::runs,
};

/// Bytes.
const MB: f64 = 1e6;
/// What a reading may take, whatever the file's size.
const BASE: f64 = 64.0 * MB;
/// What it may take besides, for each entry: the digests by which duplicates are found.
const AN_ENTRY: f64 = 40.0;

/// The figures of a vendor, from small files to large ones.
pub(super) fn figures(bucket: Bucket) -> Result<Vec<Figure>> {
    let sizes: &[u32] = match bucket {
        // These are made quickly, so they stand for all at the larger sizes.
        Bucket::Vendor(Vendor::Generated) => &[1_000, 10_000, 100_000, 1_000_000],
        Bucket::Mes => &[1_000, 100_000, 1_000_000],
        Bucket::Vendor(Vendor::Microchip | Vendor::Espressif) => &[1_000, 100_000],
        Bucket::Vendor(Vendor::Infineon) => &[1_000, 10_000],
    };
    sizes.iter().map(|entries| figure(bucket, *entries)).collect()
}

/// The most that the product's whole path takes: reading, verifying, naming, finding duplicates.
pub(super) fn figure(bucket: Bucket, entries: u32) -> Result<Figure> {
    let sample = sample_of(bucket, entries)?;
    let reading = super::reading(bucket, &sample, Bundle::default());
    let name = format!("decode.{bucket}.{entries}.memory");
    let peaks = runs(&name, || {
        let (found, usage) = process::ask_child::<Found>(&reading.arguments("prepare"))?;
        // Who vouched for an entry is asked where the rate is measured; devices do not tell it.
        let found = Found { signed: found.entries, issued: found.entries, ..found };
        check(&reading, &found, sample.devices)?;
        Ok(usage.peak_bytes)
    })?;
    Ok(of_peaks(name, &peaks, entries))
}

/// What the processes took at most, in bytes, beside what reading so many entries may take.
pub(super) fn of_peaks(name: String, peaks: &[f64], entries: u32) -> Figure {
    let peaks: Series = peaks.iter().map(|bytes| bytes / MB).collect();
    let bound = AN_ENTRY.mul_add(f64::from(entries), BASE) / MB;
    Figure::measured(name, "MB", &peaks).target(Target::AtMost(bound))
}
