//! What the machine allows: signatures verified and archives decompressed, and nothing else done.

mod inflate;
mod p256;

use std::{path::Path, thread};

use anyhow::Result;
use manifest::Bundle;

pub(crate) use self::{
    inflate::inflate,
    p256::{Key, Library, verifications},
};
use crate::figure::{Figure, Series};

/// The limits as figures: what each library verifies, and how quickly a bundle of Infineon's is decompressed.
pub(crate) fn figures(bundle: Option<&Path>) -> Result<Vec<Figure>> {
    let threads = thread::available_parallelism()?;
    let mut figures = Vec::new();
    for library in Library::ALL {
        for key in [Key::Parsed, Key::Fresh] {
            let name = format!("raw.p256.{}{}", library.name(), key.suffix());
            let (mut rates, mut processor) = (Series::default(), Series::default());
            for _ in 0..crate::figure::RUNS {
                let raw = verifications(library, key, threads)?;
                rates.add(raw.rate);
                processor.add(raw.cpu_seconds * 1e6);
            }
            figures.push(Figure::measured(format!("{name}.rate"), "/s", &rates));
            figures.push(Figure::measured(format!("{name}.cpu"), "µs", &processor));
        }
    }
    if let Some(file) = bundle {
        let (mut rates, mut processor) = (Series::default(), Series::default());
        for _ in 0..crate::figure::RUNS {
            let raw = inflate(file, Bundle::default())?;
            rates.add(raw.rate);
            processor.add(raw.cpu_seconds * 1e6);
        }
        figures.push(Figure::measured("raw.infineon.inflate.rate", "/s", &rates));
        figures.push(Figure::measured("raw.infineon.inflate.cpu", "µs", &processor));
    }
    Ok(figures)
}

/// How quickly something was done over and over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Raw {
    /// How often a second, by all threads together.
    pub(crate) rate: f64,
    /// What each took of a processor.
    pub(crate) cpu_seconds: f64,
}
