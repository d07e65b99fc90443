//! The first registration in a fresh environment, beside one in an environment that is warm.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context as _, Result, ensure};
use ledger::{RunFiles, Unit};
use serde_json::{Value, json};

use super::{
    begun::{Begun, Endpoints},
    milliseconds,
    tls::{Authority, Front},
};
use crate::{
    figure::{Figure, RUNS, Series, Target},
    register::{IOT_DELAY, Prepared, RUN, S3_DELAY, default_rates, plan},
    stub::{iot::Iot, s3::S3},
};

/// The memory that the stack gives `register`.
const MEMORY_MB: u32 = 512;

/// A device of the first, and one of each other unit.
const DEVICES: u32 = 1 + WARM;

/// How many registrations in a warm environment stand beside the first one.
const WARM: u32 = 7;

pub(super) fn figures() -> Result<Vec<Figure>> {
    let (prepared, authority) = (Prepared::sample(DEVICES)?, Authority::new()?);
    let (mut firsts, mut warms, mut more) =
        (Series::default(), Series::default(), Series::default());
    let mut way = "";
    for _ in 0..RUNS {
        let measured = measure(&prepared, &authority)?;
        firsts.add(measured.first);
        warms.add(measured.warm);
        more.add(measured.first - measured.warm);
        way = measured.way;
    }
    let figure =
        |name, series| Figure::measured(format!("start.register.{name}.{way}"), "ms", series);
    Ok(vec![
        figure("first", &firsts),
        figure("warm", &warms),
        figure("first-more", &more).target(Target::AtMost(150.0)),
    ])
}

struct Measured {
    /// From the program's first instruction to the first answer.
    first: f64,
    /// The median of the others.
    warm: f64,
    way: &'static str,
}

/// A fresh process registers one device after another, as AWS Lambda hands it unit after unit.
fn measure(prepared: &Prepared, authority: &Authority) -> Result<Measured> {
    let (s3, iot) = (S3::start()?, Iot::start(IOT_DELAY)?);
    let rates = Value::Object(default_rates()?);
    let files = RunFiles::of(RUN);
    s3.put(&files.plan(), plan(prepared, &rates, 1).to_string().into_bytes());
    s3.put(&files.work(), prepared.work.clone());
    s3.delay(S3_DELAY);
    let front =
        |endpoint: String| -> Result<Front> { Ok(Front::of(authority, address(&endpoint)?)?) };
    let fronts: [Front; 2] = [front(s3.endpoint())?, front(iot.endpoint())?];
    let [before_s3, before_iot] = fronts.each_ref().map(Front::endpoint);
    let endpoints =
        Endpoints { s3: &before_s3, iot: &before_iot, sqs: &before_s3, bundle: authority.bundle() };
    let begun = Begun::start("register", MEMORY_MB, &endpoints)?;
    let mut times = prepared.units.iter().map(|unit| register(&begun, unit));
    let first = times.next().context("the sample has no device")??;
    let mut warm = Series::default();
    for time in times {
        warm.add(milliseconds(time?));
    }
    Ok(Measured { first: milliseconds(begun.init + first), warm: warm.median(), way: begun.way })
}

fn register(begun: &Begun, unit: &Unit) -> Result<Duration> {
    let (answer, time) = begun.work(&json!({ "run": RUN, "unit": unit, "round": 0 }))?;
    let fine = answer.pointer("/counts/fine").and_then(Value::as_u64);
    ensure!(fine == Some(1), "unit {} ended with {answer}", unit.unit);
    Ok(time)
}

fn address(endpoint: &str) -> Result<SocketAddr> {
    Ok(endpoint.trim_start_matches("http://").parse()?)
}
