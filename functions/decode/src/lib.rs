//! A manifest, or a factory's device-infos, becomes devices and units of work.
//!
//! The machines call this function first to recognize the file by its beginning, which also pins the
//! object's version, and then to decode it: once, or as often as it takes before the end of the file.

mod body;
mod certificates;
mod decode;
mod error;
mod fingerprint;
mod leg;
mod metrics;
mod object;
mod reader;
mod recognize;
mod run_files;
mod saved;
mod sorter;

use std::time::SystemTime;

use aws_sdk_s3::Client;
use ledger::{Configuration, Input, Source, Stop, Store, planned_key};
use prepare::Signatures;
use serde::{Deserialize, Serialize};
use telemetry::Telemetry;
use tracing::Instrument;

pub use error::DecodeError;

/// What the machines send.
#[derive(Debug, Deserialize)]
#[serde(tag = "task", rename_all = "lowercase")]
pub enum Event {
    /// What is this file?
    Recognize {
        /// Name of the run.
        run: String,
        /// What it was started with.
        input: Input,
        /// The configuration in force.
        configuration: Box<Configuration>,
    },
    /// Read and verify it.
    Decode {
        /// Name of the run.
        run: String,
        /// How often this run has waited for a signer.
        attempt: u32,
    },
}

/// Where the machine goes next.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "next", rename_all = "lowercase")]
pub enum Answer {
    /// The file may be a manifest, or device-infos.
    Manifest {
        /// The pinned file.
        source: Source,
    },
    /// The file is a certificate by which others are checked, and was filed.
    Filed {
        /// What it is for.
        role: Role,
        /// Its fingerprint, as the configuration pins a signer's.
        fingerprint: String,
        /// Its name.
        name: String,
        /// Whether it is trusted.
        trusted: bool,
        /// What that means, for a person.
        summary: String,
    },
    /// There are devices to work on.
    Work {
        /// Key of the units.
        units_key: String,
        /// Entries of the file.
        entries: u64,
        /// Devices among them.
        devices: u64,
        /// Entries that were refused.
        refused: u64,
        /// Units of work.
        units: u64,
        /// Whether a file of this content was imported to its end before.
        again: bool,
    },
    /// The time was over before the end of the file. What was read is kept, and the next call goes on.
    Continue {
        /// How often this run has waited for a signer.
        attempt: u32,
        /// Entries read so far.
        entries: u64,
        /// The byte of the file that the next call begins with. An archive is opened anew.
        #[serde(skip_serializing_if = "Option::is_none")]
        offset: Option<u64>,
        /// Bytes of the file.
        of: u64,
    },
    /// No entry is usable.
    Nothing {
        /// Entries of the file, all refused.
        entries: u64,
    },
    /// A signer's certificate is not there yet.
    Wait {
        /// How often this run has waited, this time included.
        attempt: u32,
        /// How long to wait now.
        wait_seconds: u32,
        /// What is missing, for a person.
        waiting_for: String,
    },
    /// The file cannot be used.
    Stop(Stop),
}

/// What an uploaded certificate is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// It signs manifests.
    Signer,
    /// It issues devices' certificates.
    Issuer,
}

impl Event {
    fn run(&self) -> &str {
        match self {
            Self::Recognize { run, .. } | Self::Decode { run, .. } => run,
        }
    }
}

/// What a task has seen of a file, to be counted.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) signatures: Option<Signatures>,
    /// Whether the run is a dry one, and counts for nothing.
    pub(crate) dry: bool,
}

/// Carries out one of the two tasks, as far as there is time until `deadline`.
pub async fn handle(
    store: &Store,
    s3: &Client,
    telemetry: &Telemetry,
    event: Event,
    deadline: SystemTime,
) -> Result<Answer, DecodeError> {
    let run = event.run().to_owned();
    let span = tracing::info_span!("decode", run);
    let task = Box::pin(async {
        let mut seen = Seen::default();
        let answer = match event {
            Event::Recognize { run, input, configuration } => {
                seen.dry = planned_key(&input.object.key).is_some();
                recognize::run(store, s3, &run, input, &configuration).await?
            }
            Event::Decode { run, attempt } => {
                Box::pin(decode::run(store, s3, &run, attempt, deadline, &mut seen)).await?
            }
        };
        if !seen.dry {
            telemetry.emit(Some(&run), &metrics::figures(&answer, seen.signatures));
        }
        Ok(answer)
    });
    task.instrument(span).await
}
