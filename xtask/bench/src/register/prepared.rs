//! A run's work, as Decode leaves it.

use std::{
    fs::File,
    io::BufReader,
    num::NonZeroUsize,
    ops::ControlFlow,
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, Result, bail};
use ledger::{Profile, SignerPolicy, Unit, UnitSizes, to_line};
use manifest::{Authorities, Bundle, Vendor};
use prepare::{Reader, Sorting, Trust, trusted};

use crate::decode;

/// The devices of a sample, ready to be registered.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// `work.jsonl`
    pub(crate) work: Vec<u8>,
    /// The lines of `units.jsonl`.
    pub(crate) units: Vec<Unit>,
}

impl Prepared {
    /// A list of certificates, read and sorted by the rules that Decode applies.
    pub(crate) fn sample(devices: u32) -> Result<Self> {
        let sample = decode::sample_of(Vendor::Generated, devices)?;
        let trust =
            Trust { signers: trusted(&SignerPolicy::default()), issuers: Authorities::new() };
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        let reader = Reader::of_manifest(
            Vendor::Generated,
            Bundle::default(),
            &Profile::default(),
            trust,
            i64::try_from(now)?,
            NonZeroUsize::MIN,
        )?;
        let mut lines = Vec::new();
        let mut sorting = Sorting::default();
        let file = BufReader::new(File::open(&sample.manifest)?);
        reader.read(file, &mut |item| {
            lines.push(sorting.take(item).map(|work| (work.thing.clone(), to_line(&work))));
            ControlFlow::Continue(())
        })?;
        let (mut work, mut units, mut sizes) = (Vec::new(), Vec::new(), UnitSizes::default());
        for line in lines {
            let Ok((thing, line)) = line else { bail!("the sample has an entry that is refused") };
            let line = line?;
            units.extend(sizes.push(&thing, u64::try_from(line.len())?));
            work.extend(line);
        }
        units.extend(sizes.finish());
        Ok(Self { work, units })
    }

    /// The first unit of so many devices or more.
    pub(crate) fn unit_of(&self, devices: u64) -> Result<&Unit> {
        let found = self.units.iter().find(|unit| unit.count >= devices);
        found.with_context(|| format!("no unit of {devices} devices"))
    }
}
