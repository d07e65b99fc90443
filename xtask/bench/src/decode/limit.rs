//! What the machine allows a decoder at most, whatever it does.

use anyhow::Result;
use manifest::Bundle;
use xtask::sample::Sample;

use crate::{
    machine::processors,
    raw::{Key, Library, inflate, verifications},
};

/// An entry of Microchip's is signed, and so is the certificate in it.
const VERIFICATIONS: f64 = 2.0;

/// Entries a second of which the fastest library verifies both signatures, on all processors.
pub(super) fn entries_of_microchip() -> Result<f64> {
    let rates =
        Library::ALL.map(|library| Ok(verifications(library, Key::Parsed, processors())?.rate));
    let rates = rates.into_iter().collect::<Result<Vec<_>>>()?;
    Ok(rates.into_iter().fold(0.0, f64::max) / VERIFICATIONS)
}

/// Certificates a second that are merely decompressed, over the three sets of a bundle.
pub(super) fn certificates_of_infineon(sample: &Sample) -> Result<f64> {
    let seconds = Bundle::ALL.map(|bundle| Ok(inflate(&sample.manifest, bundle)?.rate.recip()));
    let seconds = seconds.into_iter().collect::<Result<Vec<_>>>()?;
    // Each set has as many certificates, so the mean of what one takes is that of all.
    let sets = f64::from(u32::try_from(seconds.len())?);
    Ok(sets / seconds.into_iter().sum::<f64>())
}
