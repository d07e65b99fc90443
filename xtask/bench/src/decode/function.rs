//! The function `decode`, from S3 to S3: the stack on a local cloud, and a manifest of Microchip's in it.
//!
//! The local cloud runs on the same processors, and hands the file out while it is read. So the function
//! has less of the machine than the library had.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use anyhow::{Context, Result, bail};
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_sfn::types::HistoryEvent;
use infra::Config;
use manifest::Vendor;
use tempfile::TempDir;
use tokio::time::{Instant, sleep};
use xtask::{
    deployment, functions,
    local_cloud::{LocalCloud, Options},
    sample::Sample,
};

use super::{ENTRIES, sample_of};
use crate::{
    figure::{Figure, Series, Target},
    progress::runs,
};

const STACK: &str = "bench";
/// The state whose time is taken.
const STATE: &str = "Decode";
/// How much of the library's rate is to be reached.
const OF_LIBRARY: f64 = 0.5;
/// For each step; far more than any takes.
const PATIENCE: Duration = Duration::from_mins(5);

/// Entries a second, beside what the library reached in `figures`.
pub(super) fn figures(figures: &[Figure]) -> Result<Vec<Figure>> {
    let zips = functions::build()?;
    let sample = sample_of(Vendor::Microchip, ENTRIES)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let rates = runs("decode.function", || {
        let seconds = runtime.block_on(decode_on_a_local_cloud(&sample, &zips))?;
        Ok(f64::from(ENTRIES) / seconds)
    })?;
    let rates: Series = rates.into_iter().collect();
    let rate = Figure::measured("decode.function.rate", "/s", &rates);
    let library = figures.iter().find(|figure| figure.name == "decode.microchip.rate");
    let Some(library) = library.and_then(|figure| figure.value) else { return Ok(vec![rate]) };
    let ratio = rates.map(|rate| rate / library);
    let ratio = Figure::measured("decode.function.of-library", "", &ratio);
    Ok(vec![rate.limit(library), ratio.target(Target::AtLeast(OF_LIBRARY))])
}

/// How many seconds the import's state takes. The rest of the import is not waited for.
async fn decode_on_a_local_cloud(sample: &Sample, zips: &BTreeMap<String, PathBuf>) -> Result<f64> {
    let cloud = Cloud::start(zips).await?;
    for signer in &sample.authorities {
        cloud.upload("signer.crt", signer).await?;
    }
    let signers = async || cloud.filed_signers().await;
    until("the signer is filed", signers).await?;
    cloud.upload("manifest.json", &sample.manifest).await?;
    until("the manifest is decoded", async || cloud.seconds_of_decode().await).await
}

/// A stack in a local cloud of its own, which ends with this value.
struct Cloud {
    s3: aws_sdk_s3::Client,
    sfn: aws_sdk_sfn::Client,
    machine: String,
    _process: LocalCloud,
    _folder: TempDir,
}

impl Cloud {
    async fn start(zips: &BTreeMap<String, PathBuf>) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let options = Options { dir: folder.path().to_owned(), ..Options::default() };
        let cloud = LocalCloud::start(options)?;
        let aws = cloud.aws_config();
        let config = Config::parse(&format!("stack = \"{STACK}\"\n[profile.default]\n"))?;
        let config = deployment::for_local_cloud(config, STACK);
        let outputs = deployment::deploy(&aws, &config, zips).await?;
        let machine = outputs.values.get("ImportMachineArn").cloned();
        let s3 = aws_sdk_s3::config::Builder::from(&aws).force_path_style(true).build();
        Ok(Self {
            s3: aws_sdk_s3::Client::from_conf(s3),
            sfn: aws_sdk_sfn::Client::new(&aws),
            machine: machine.context("the stack does not name its machine")?,
            _process: cloud,
            _folder: folder,
        })
    }

    async fn upload(&self, key: &str, file: &PathBuf) -> Result<()> {
        let body = ByteStream::from_path(file).await?;
        let bucket = format!("{STACK}-{}", Vendor::Microchip);
        self.s3.put_object().bucket(bucket).key(key).body(body).send().await?;
        Ok(())
    }

    async fn filed_signers(&self) -> Result<Option<()>> {
        let list = self.s3.list_objects_v2().bucket(format!("{STACK}-runs")).prefix("signers/");
        Ok((!list.send().await?.contents().is_empty()).then_some(()))
    }

    /// The time between entering and leaving the state, once it was left by the run of the manifest.
    async fn seconds_of_decode(&self) -> Result<Option<f64>> {
        let runs = self.sfn.list_executions().state_machine_arn(&self.machine).send().await?;
        for run in runs.executions() {
            let history = self.sfn.get_execution_history().execution_arn(&run.execution_arn);
            let history = history.include_execution_data(false).send().await?;
            if let Some(seconds) = seconds_in(history.events()) {
                return Ok(Some(seconds));
            }
            if run.stop_date.is_some() && entered(history.events()).is_some() {
                bail!("the run ended within the state `{STATE}`: {}", run.status);
            }
        }
        Ok(None)
    }
}

fn entered(events: &[HistoryEvent]) -> Option<f64> {
    let event = events.iter().find(|event| {
        event.state_entered_event_details().is_some_and(|details| details.name() == STATE)
    });
    event.map(|event| event.timestamp.as_secs_f64())
}

fn seconds_in(events: &[HistoryEvent]) -> Option<f64> {
    // Of the last leg, where the file is read in several.
    let left = events.iter().rfind(|event| {
        event.state_exited_event_details().is_some_and(|details| details.name() == STATE)
    });
    Some(left?.timestamp.as_secs_f64() - entered(events)?)
}

/// Asks until there is an answer.
async fn until<T>(what: &str, ask: impl AsyncFn() -> Result<Option<T>>) -> Result<T> {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        if let Some(answer) = ask().await? {
            return Ok(answer);
        }
        // Seldom: each question takes processor time from what is measured.
        sleep(Duration::from_millis(500)).await;
    }
    bail!("{what}: not within {} seconds", PATIENCE.as_secs())
}

#[cfg(test)]
mod tests {
    use aws_sdk_sfn::{
        primitives::DateTime,
        types::{
            HistoryEvent, HistoryEventType, StateEnteredEventDetails, StateExitedEventDetails,
        },
    };

    use super::seconds_in;

    fn event(seconds: f64) -> aws_sdk_sfn::types::builders::HistoryEventBuilder {
        let event = HistoryEvent::builder().id(1).r#type(HistoryEventType::TaskStateEntered);
        event.timestamp(DateTime::from_secs_f64(seconds))
    }

    fn enters(state: &str, seconds: f64) -> HistoryEvent {
        let details = StateEnteredEventDetails::builder().name(state).build().unwrap();
        event(seconds).state_entered_event_details(details).build().unwrap()
    }

    fn leaves(state: &str, seconds: f64) -> HistoryEvent {
        let details = StateExitedEventDetails::builder().name(state).build().unwrap();
        event(seconds).state_exited_event_details(details).build().unwrap()
    }

    #[test]
    fn the_time_is_that_of_all_legs_and_of_no_other_state() {
        let mut events = vec![enters("Recognize", 1.0), leaves("Recognize", 2.0)];
        assert_eq!(seconds_in(&events), None);
        events.push(enters("Decode", 3.0));
        assert_eq!(seconds_in(&events), None, "it is still within");
        events.extend([leaves("Decode", 4.5), enters("Decode", 5.0), leaves("Decode", 7.0)]);
        events.push(leaves("Register", 9.0));
        assert_eq!(seconds_in(&events), Some(4.0));
    }
}
