//! Takes back what a run added to AWS IoT, and only that, where nobody touched it since.
//!
//! The machine calls this function first to find out from the run's files what there is to take back,
//! and then for each unit of those devices.

mod prepare;

use std::time::SystemTime;

use lambda_runtime::Diagnostic;
use ledger::{Configuration, Stop, Store, StoreError};
use serde::{Deserialize, Serialize};
use tracing::Instrument;
use worker::{Worker, WorkerError};

/// What the machine sends.
#[derive(Debug, Deserialize)]
#[serde(tag = "task", rename_all = "lowercase")]
pub enum Event {
    /// What is there to take back?
    Prepare(Box<Prepare>),
    /// Some of the devices are to be taken back.
    Unit(worker::Event),
}

/// A run that is to be taken back.
#[derive(Debug, Deserialize)]
pub struct Prepare {
    /// Name of the run that does it.
    pub run: String,
    /// The input of its execution.
    pub input: Input,
    /// The configuration in force.
    pub configuration: Configuration,
}

/// The input of the machine.
#[derive(Debug, Deserialize)]
pub struct Input {
    /// Name of the run that is to be taken back.
    pub run: String,
    /// Whether only to tell what would be done, which is so unless somebody says otherwise.
    #[serde(default = "only_tell")]
    pub dry: bool,
}

const fn only_tell() -> bool {
    true
}

/// Where the machine goes next.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// After preparing.
    Prepared(Prepared),
    /// After a unit.
    Unit(worker::Answer),
}

/// What preparing came to.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "next", rename_all = "lowercase")]
pub enum Prepared {
    /// There are devices to take back.
    Work {
        /// Key of the units of work.
        units_key: String,
        /// How many devices there are.
        devices: u64,
    },
    /// There are none.
    Nothing,
    /// The run cannot be taken back.
    Stop(Stop),
}

/// A task could not be carried out. Trying again can help.
#[derive(Debug, thiserror::Error)]
pub enum UndoError {
    /// The files of a run could not be read or written.
    #[error(transparent)]
    Ledger(#[from] StoreError),
    /// A unit could not be carried out.
    #[error(transparent)]
    Unit(#[from] WorkerError),
}

impl From<UndoError> for Diagnostic {
    fn from(error: UndoError) -> Self {
        let code = match &error {
            UndoError::Ledger(error) => error.code(),
            UndoError::Unit(error) => error.code(),
        };
        Self { error_type: code.to_owned(), error_message: error.to_string() }
    }
}

/// Carries out one of the two tasks.
pub async fn handle(
    store: &Store,
    worker: &Worker,
    event: Event,
    deadline: SystemTime,
) -> Result<Answer, UndoError> {
    match event {
        Event::Prepare(prepare) => {
            let span = tracing::info_span!("prepare", run = prepare.run);
            let prepared = Box::pin(prepare::run(store, *prepare)).instrument(span).await?;
            Ok(Answer::Prepared(prepared))
        }
        Event::Unit(event) => Ok(Answer::Unit(worker.handle(event, deadline).await?)),
    }
}
