//! What is simulated.

use std::{sync::Arc, time::Duration};

use anyhow::{Result, ensure};
use aws_sdk_iot::config::{
    Region, StalledStreamProtectionConfig, retry::RetryConfig, timeout::TimeoutConfig,
};
use futures::future::try_join_all;
use infra::{Config, run_configuration};
use ledger::{
    Configuration, Outcome, Plan, Prepared, Rates, RunFiles, SignerPolicy, Source, Store, Unit,
    UnitSizes, Work, clock, to_line,
};
use registry::{IotClient, Pace, Registry};
use telemetry::Telemetry;
use worker::{Job, Worker};

use crate::{
    executor,
    iot::{Attached, Iot},
    machine::Function,
    played::Played,
    random::Random,
    s3::S3,
    wire::{Sleeper, Wire},
};

const BUCKET: &str = "runs";

/// Rates as a configuration says them, and how many workers synth makes of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rated {
    /// Calls a second.
    pub rates: Rates,
    /// `MaxConcurrency` of the Map.
    pub workers: u32,
}

impl Rated {
    /// AWS's default quotas, each so many times.
    pub fn defaults_times(times: f64) -> Result<Self> {
        let rate = infra::Rate::default();
        let settings = rate.entries();
        let settings: Vec<_> = settings.iter().map(|(key, rate)| (*key, rate * times)).collect();
        Self::with(&settings)
    }

    /// AWS's default quotas, but for these.
    pub fn with(settings: &[(&str, f64)]) -> Result<Self> {
        let rates = settings.iter().map(|(key, rate)| format!("{key} = {rate:?}\n"));
        let text =
            format!("stack = \"bench\"\n[profile.default]\n[rate]\n{}", rates.collect::<String>());
        let config = Config::parse(&text).map_err(|problems| anyhow::anyhow!("{problems:?}"))?;
        let configuration: Configuration = serde_json::from_value(run_configuration(&config))?;
        Ok(Self { rates: configuration.rate, workers: configuration.concurrency })
    }
}

/// A run that begins.
#[derive(Clone, Copy, Debug)]
pub struct Begin {
    /// So long after the first.
    pub after: Duration,
    /// So many devices.
    pub devices: u64,
}

/// Runs on an account.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// What is done to each device.
    pub job: Job,
    /// What AWS IoT admits.
    pub quotas: Rates,
    /// What the configuration says.
    pub configured: Rated,
    /// The runs.
    pub runs: Vec<Begin>,
}

impl Scenario {
    /// Plays it to its end; the same seed gives the same.
    pub fn play(&self, seed: u64) -> Result<Played> {
        executor::run(self.played(seed))
    }

    async fn played(&self, seed: u64) -> Result<Played> {
        let iot = Arc::new(Iot::new(&self.quotas, seed));
        let s3 = Arc::new(S3::new(seed + 1));
        let function = self.function(&iot, &s3, seed + 2);
        let runs = (1_u64..).zip(&self.runs).map(async |(number, begin)| {
            clock::sleep(begin.after).await;
            let run = format!("run-{number}");
            let units = self.prepare(&run, number, begin.devices, &iot, &s3)?;
            function.map(&run, units, self.configured.workers).await?;
            // As Report does.
            s3.delete(&format!("rate/active/{run}"));
            anyhow::Ok(iot.seconds())
        });
        let seconds = try_join_all(runs).await?.into_iter().fold(0.0, f64::max);

        let (mut fine, mut failed) = (0, 0);
        for number in 1..=self.runs.len() {
            let outcomes = RunFiles::of(&format!("run-{number}")).all_outcomes();
            for lines in s3.below(&outcomes) {
                for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
                    let outcome: Outcome = serde_json::from_slice(line)?;
                    *if outcome.outcome.is_fine() { &mut fine } else { &mut failed } += 1;
                }
            }
        }
        let devices: u64 = self.runs.iter().map(|run| run.devices).sum();
        ensure!(fine + failed == devices, "{devices} devices, {fine} fine and {failed} failed");
        let each =
            Attached { policies: devices, things: devices, groups: devices, active: devices };
        let whole = iot.attached() == each;
        Ok(Played { calls: iot.calls(), s3_calls: s3.calls(), fine, failed, whole, seconds })
    }

    fn function(&self, iot: &Arc<Iot>, s3: &Arc<S3>, seed: u64) -> Function {
        let region = Region::from_static("us-east-1");
        let iot = aws_sdk_iot::Config::builder()
            .behavior_version_latest()
            .region(region.clone())
            .endpoint_url("http://iot")
            .allow_no_auth()
            .sleep_impl(Sleeper)
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .timeout_config(TimeoutConfig::disabled())
            .http_client(Wire(iot.clone()))
            .build();
        let iot = IotClient::from_conf(iot);
        let s3 = aws_sdk_s3::Config::builder()
            .behavior_version_latest()
            .region(region)
            .endpoint_url("http://s3")
            .force_path_style(true)
            .allow_no_auth()
            .sleep_impl(Sleeper)
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .timeout_config(TimeoutConfig::disabled())
            .retry_config(RetryConfig::disabled())
            .http_client(Wire(s3.clone()))
            .build();
        let store = Store::new(aws_sdk_s3::Client::from_conf(s3), BUCKET.to_owned());
        let (job, random) = (self.job, Random::new(seed));
        let make = move || {
            let pace = Arc::new(Pace::beginning(|| random.part()));
            let registry = Registry::new(iot.clone(), pace.clone());
            Worker::new(job, store.clone(), registry, pace, Telemetry::silent())
        };
        Function::new(make, seed + 1)
    }

    /// What Preflight and Decode leave.
    fn prepare(
        &self,
        run: &str,
        number: u64,
        devices: u64,
        iot: &Iot,
        s3: &S3,
    ) -> Result<Vec<Unit>> {
        let (mut sizes, mut units, mut lines) = (UnitSizes::default(), Vec::new(), Vec::new());
        for entry in 1..=devices {
            let work = self.device(number, entry);
            if self.job == Job::Activate {
                iot.add_inactive(&work.certificate_id);
            }
            let mut line = to_line(&work)?;
            units.extend(sizes.push(&work.thing, u64::try_from(line.len())?));
            lines.append(&mut line);
        }
        units.extend(sizes.finish());
        let files = RunFiles::of(run);
        s3.put(files.work(), lines);
        let plan = self.plan(run, devices, sizes.units());
        s3.put(files.plan(), to_line(&plan)?);
        Ok(units)
    }

    fn plan(&self, run: &str, devices: u64, units: u64) -> Plan {
        let profile = ledger::Profile {
            policies: vec!["connect".to_owned()],
            thing_groups: vec!["devices".to_owned()],
            certificate_status: ledger::CertificateStatus::Active,
            ..ledger::Profile::default()
        };
        Plan {
            run: run.to_owned(),
            vendor: if self.job == Job::Activate { "mes" } else { "generated" }.to_owned(),
            source: Source {
                bucket: "generated".to_owned(),
                key: format!("{run}.txt"),
                version: String::new(),
                etag: String::new(),
                bytes: 0,
                uploader: String::new(),
            },
            profile_name: "default".to_owned(),
            profile,
            signers: SignerPolicy::default(),
            rate: self.configured.rates,
            concurrency: self.configured.workers,
            dry: false,
            listed: false,
            undoes: None,
            resumes: None,
            prepared: Some(Prepared {
                entries: devices,
                devices,
                refused: 0,
                units,
                sha256: String::new(),
                signers: Vec::new(),
                again: false,
                batch: None,
                notes: Vec::new(),
            }),
        }
    }

    /// A device. What stands for its certificate's bytes is its id, by which AWS IoT in memory knows it.
    fn device(&self, run: u64, entry: u64) -> Work {
        let id = format!("{run:032x}{entry:032x}");
        Work {
            entry,
            place: format!("line {entry}"),
            id: format!("{run}-{entry}"),
            thing: format!("device-{run}-{entry}"),
            certificate: if self.job == Job::Activate { String::new() } else { id.clone() },
            certificate_id: id,
            thing_type: None,
            attributes: std::collections::BTreeMap::new(),
            names: Vec::new(),
            warnings: Vec::new(),
        }
    }
}
