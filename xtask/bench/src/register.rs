//! What registering a device takes of the processor, and of calls.
//!
//! The function `register` itself works through a run, unit by unit, against AWS IoT and S3 played
//! by this process. The rates are so high that it waits for no token.

mod prepared;
mod run;

use anyhow::Result;

pub(crate) use self::{
    prepared::Prepared,
    run::{Cloud, Done, IOT_DELAY, POLICIES_AND_GROUPS, RUN, S3_DELAY, default_rates, plan},
};
use crate::figure::{Figure, RUNS, Series, Target};

/// Ten thousand, and two units of the largest size.
pub(crate) const DEVICES: u32 = 11_000;

pub(crate) fn figures() -> Result<Vec<Figure>> {
    let prepared = Prepared::sample(DEVICES)?;
    let mut processor = Series::default();
    for _ in 0..RUNS {
        let mut seconds = 0.0;
        let mut cloud = Cloud::without_quotas(&prepared)?;
        for unit in &prepared.units {
            seconds += cloud.carry_out(unit)?.usage.cpu_seconds;
        }
        cloud.check_whole(DEVICES)?;
        processor.add(seconds * 1_000.0 / f64::from(DEVICES));
    }
    let processor = Figure::measured("register.processor", "ms a device", &processor);
    Ok(vec![processor.target(Target::AtMost(1.8))])
}
