//! The function `register`, at work on a run between AWS IoT and S3.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Result, bail, ensure};
use ledger::{RunFiles, Unit};
use serde_json::{Map, Value, json};

use super::Prepared;
use crate::{
    process::Usage,
    stub::{function::Function, iot::Iot, s3::S3},
};

pub(crate) const RUN: &str = "measured-0123456789abcdef";

/// What a device gets beside the four calls that each one takes: a policy and a group.
pub(crate) const POLICIES_AND_GROUPS: u64 = 2;

/// As long as a function may run.
const TIME: Duration = Duration::from_mins(15);

/// As long as AWS IoT and S3 take to answer, where that matters.
pub(crate) const IOT_DELAY: Duration = Duration::from_millis(50);
pub(crate) const S3_DELAY: Duration = Duration::from_millis(30);

/// Far above what a processor can do.
const NO_QUOTA: f64 = 1e6;

/// What a unit took.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) usage: Usage,
    /// Calls of AWS IoT and of S3, by operation.
    pub(crate) iot: BTreeMap<&'static str, u64>,
    pub(crate) s3: BTreeMap<&'static str, u64>,
}

/// A run, the function that works on it, and the AWS around them.
#[derive(Debug)]
pub(crate) struct Cloud {
    s3: S3,
    iot: Iot,
    function: Function,
}

impl Cloud {
    /// AWS answers at once, and nothing waits for a token.
    pub(crate) fn without_quotas(prepared: &Prepared) -> Result<Self> {
        let rates = default_rates()?.into_iter().map(|(call, _)| (call, json!(NO_QUOTA)));
        Self::start(prepared, &Value::Object(rates.collect()), 1, Duration::ZERO, Duration::ZERO)
    }

    /// AWS takes its time, and this worker has its share of the rates among so many.
    pub(crate) fn with_rates(prepared: &Prepared, rates: &Value, workers: u32) -> Result<Self> {
        Self::start(prepared, rates, workers, IOT_DELAY, S3_DELAY)
    }

    fn start(
        prepared: &Prepared,
        rates: &Value,
        workers: u32,
        iot_delay: Duration,
        s3_delay: Duration,
    ) -> Result<Self> {
        let (files, s3, iot) = (RunFiles::of(RUN), S3::start()?, Iot::start(iot_delay)?);
        s3.put(&files.plan(), plan(prepared, rates, workers).to_string().into_bytes());
        s3.put(&files.work(), prepared.work.clone());
        s3.delay(s3_delay);
        let function = Function::start(
            "register",
            &[
                ("AWS_ENDPOINT_URL_IOT", &iot.endpoint()),
                ("AWS_ENDPOINT_URL_S3", &s3.endpoint()),
                ("THINGPRESS_RUNS_BUCKET", "runs"),
                ("THINGPRESS_STACK", "measured"),
            ],
        )?;
        Ok(Self { s3, iot, function })
    }

    /// Has the function carry out a unit, and sees that it did.
    pub(crate) fn carry_out(&mut self, unit: &Unit) -> Result<Done> {
        self.s3.calls();
        self.iot.calls();
        let event = json!({ "run": RUN, "unit": unit, "round": 0 });
        let (answer, usage) = self.function.measure(&event, TIME)?;
        let fine = answer.pointer("/counts/fine").and_then(Value::as_u64);
        if fine != Some(unit.count) {
            let outcomes = self.s3.get(&RunFiles::of(RUN).outcomes(unit.unit)).unwrap_or_default();
            let first =
                String::from_utf8_lossy(&outcomes).lines().next().unwrap_or_default().to_owned();
            bail!("unit {} ended with {answer}, and its first device with {first}", unit.unit);
        }
        Ok(Done { usage, iot: self.iot.calls(), s3: self.s3.calls() })
    }

    /// That so many devices are there, and whole.
    pub(crate) fn check_whole(&self, devices: u32) -> Result<()> {
        let whole = self.iot.whole_devices();
        ensure!(u32::try_from(whole) == Ok(devices), "{whole} of {devices} devices are whole");
        Ok(())
    }
}

/// The names of the rates, and AWS's default quotas.
pub(crate) fn default_rates() -> Result<Map<String, Value>> {
    let config = xtask::deployment::read_config(&xtask::deployment::config_path(None))?;
    match infra::run_configuration(&config).get("rate") {
        Some(Value::Object(rates)) => Ok(rates.clone()),
        _ => bail!("the configuration has no rates"),
    }
}

pub(crate) fn plan(prepared: &Prepared, rates: &Value, workers: u32) -> Value {
    let devices: u64 = prepared.units.iter().map(|unit| unit.count).sum();
    json!({
        "run": RUN,
        "vendor": "generated",
        "source": { "bucket": "b", "key": "certificates.txt", "version": "1", "etag": "e", "bytes": 1 },
        "profile_name": "default",
        "profile": {
            "policies": ["measured"],
            "thing_groups": ["measured"],
            "thing_type": null,
            "certificate_status": "active",
            "defer_things": false,
            "thing_name": null,
            "attributes": {},
            "on_conflict": "fail",
            "reactivate": false,
            "bundle": "E0E0",
        },
        "signers": { "pins": [], "trust_uploaded": false },
        "rate": rates,
        "concurrency": workers,
        "prepared": {
            "entries": devices,
            "devices": devices,
            "refused": 0,
            "units": prepared.units.len(),
            "sha256": "",
            "signers": [],
        },
    })
}
