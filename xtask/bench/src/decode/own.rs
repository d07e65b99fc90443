//! A file of the person's own.

use std::fs::File;

use anyhow::{Context as _, Result, bail};
use xtask::progress::{cyan, say};

use super::{
    memory,
    reading::{Found, Reading},
};
use crate::{
    figure::{Figure, Series},
    process,
    progress::runs,
};

/// How fast the file is read, with how much memory, and how many of its entries are refused.
pub(super) fn figures(reading: Reading) -> Result<Vec<Figure>> {
    let shown = reading.file.display();
    for path in [&reading.file].into_iter().chain(&reading.signers) {
        File::open(path).with_context(|| format!("failed to read {}", path.display()))?;
    }
    // The first reading also fetches the file from the disk.
    let (found, _) = process::ask_child::<Found>(&reading.arguments("decode"))?;
    if let Some(why) = &found.unusable {
        bail!("{shown} cannot be read to its end: {why}");
    }
    tell_refusals(&found);
    let name = format!("decode.{}.file", reading.bucket);
    let rates = runs(&name, || {
        let (found, _) = process::ask_child::<Found>(&reading.arguments("decode"))?;
        Ok(f64::from(found.entries) / found.seconds)
    })?;
    let peaks = runs(&format!("{name}.memory"), || {
        Ok(process::measure_child(&reading.arguments("prepare"))?.peak_bytes)
    })?;
    let rates: Series = rates.into_iter().collect();
    Ok(vec![
        Figure::measured(format!("{name}.rate"), "/s", &rates),
        memory::of_peaks(format!("{name}.memory"), &peaks, found.entries),
        Figure::counted(format!("{name}.entries"), "", f64::from(found.entries)),
        Figure::counted(format!("{name}.refused"), "", f64::from(found.refusals())),
    ])
}

/// An entry that is refused may be quicker than one that is taken, so a person has to know.
fn tell_refusals(found: &Found) {
    for (code, count) in &found.refused {
        say(&format!("{} {count} of {} entries are refused: {code}", cyan("note:"), found.entries));
    }
    if found.refused.keys().any(|code| code.starts_with("Signer.")) {
        say(&format!(
            "{} without the certificate of its signer no signature is verified, and that is most of the work: give it with \
             --signer FILE",
            cyan("hint:")
        ));
    }
}
