//! Looks at AWS IoT before anything is written to it.
//!
//! The machine calls this function twice: first to check what the upload's profile names and to pin
//! it in the run's plan; then, for a dry run and for a file that was imported before, to list the
//! account.

mod inventory;
mod profile;

use lambda_runtime::Diagnostic;
use ledger::{
    Configuration, Input, Keep, Plan, RunFiles, Source, Stop, Store, StoreError, planned_key,
};
use registry::{CallError, Registry};
use serde::{Deserialize, Serialize};
use tracing::Instrument;

/// What the machines send.
#[derive(Debug, Deserialize)]
#[serde(tag = "task", rename_all = "lowercase")]
pub enum Event {
    /// Does the profile fit?
    Check(Box<Check>),
    /// Which of the run's devices stand already?
    List {
        /// Name of the run.
        run: String,
    },
}

/// An upload whose profile is to be checked.
#[derive(Debug, Deserialize)]
pub struct Check {
    /// Name of the run.
    pub run: String,
    /// What it was started with.
    pub input: Input,
    /// The pinned file.
    pub source: Source,
    /// The configuration in force.
    pub configuration: Configuration,
}

/// Where the machine goes next.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "next", rename_all = "snake_case")]
pub enum Answer {
    /// Everything exists and fits.
    Ready {
        /// Name of the profile in force.
        profile: String,
        /// Whether nothing is to be written to AWS IoT.
        dry: bool,
    },
    /// The run stops before the first write.
    Stop(Stop),
    /// The account was listed.
    Listed {
        /// How many of the devices stand whole, as far as listings show.
        standing: usize,
        /// How many of them are not there at all.
        absent: usize,
    },
    /// The account was not listed, and each device is asked for.
    NotListed {
        /// Why.
        reason: String,
    },
}

/// A task could not be carried out. Trying again can help.
#[derive(Debug, thiserror::Error)]
pub enum PreflightError {
    /// AWS IoT did not answer.
    #[error(transparent)]
    Registry(#[from] CallError),
    /// The run's files could not be written.
    #[error(transparent)]
    Ledger(#[from] StoreError),
    /// Something earlier in the run did not leave what the task needs.
    #[error("the run has no {0}")]
    Missing(&'static str),
}

impl From<PreflightError> for Diagnostic {
    fn from(error: PreflightError) -> Self {
        let code = match &error {
            PreflightError::Registry(_) => "Aws.Unavailable",
            PreflightError::Ledger(error) => error.code(),
            PreflightError::Missing(_) => "Preflight.RunIncomplete",
        };
        Self { error_type: code.to_owned(), error_message: error.to_string() }
    }
}

/// Carries out one of the two tasks.
pub async fn handle(
    store: &Store,
    registry: &Registry,
    event: Event,
) -> Result<Answer, PreflightError> {
    let run = match &event {
        Event::Check(check) => &check.run,
        Event::List { run } => run,
    };
    let span = tracing::info_span!("preflight", run);
    let task = Box::pin(async {
        match event {
            Event::Check(check) => self::check(store, registry, *check).await,
            Event::List { run } => inventory::run(store, registry, &run).await,
        }
    });
    task.instrument(span).await
}

async fn check(store: &Store, registry: &Registry, check: Check) -> Result<Answer, PreflightError> {
    let Check { run, input, source, configuration } = check;
    let Input { vendor, resume, .. } = input;
    let files = RunFiles::of(&run);
    let planned = planned_key(&source.key);
    let dry = planned.is_some();
    let key = planned.unwrap_or(&source.key);
    let (name, profile) = match profile::choose(&configuration.profiles, key) {
        Ok((name, profile)) => (name.to_owned(), profile.clone()),
        Err(stop) => return stop_run(store, &files, stop).await,
    };
    let unmet = registry::unmet(registry, &profile).await?;
    let plan = Plan {
        run: run.clone(),
        vendor,
        source,
        profile_name: name.clone(),
        profile,
        signers: configuration.signers,
        rate: configuration.rate,
        concurrency: configuration.concurrency,
        dry,
        listed: false,
        undoes: None,
        resumes: resume,
        prepared: None,
    };
    store.write_json(&files.plan(), &plan, Keep::Always).await?;
    let Some(first) = unmet.first() else {
        tracing::info!(profile = name, dry, "ready");
        return Ok(Answer::Ready { profile: name, dry });
    };
    let all: Vec<_> = unmet.iter().map(ToString::to_string).collect();
    let reason = format!(
        "the profile `{name}` asks for what AWS IoT cannot give: {}. Nothing was written. Make it, or correct the profile, then upload the file again",
        all.join("; ")
    );
    stop_run(store, &files, Stop { code: first.code().to_owned(), reason }).await
}

async fn stop_run(store: &Store, files: &RunFiles, stop: Stop) -> Result<Answer, PreflightError> {
    tracing::warn!(code = stop.code, "stopped");
    store.write_json(&files.stopped(), &stop, Keep::Always).await?;
    Ok(Answer::Stop(stop))
}
