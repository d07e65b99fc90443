//! Why a unit could not be carried out. The machine tries it again.

use lambda_runtime::Diagnostic;
use ledger::{StoreError, TaskTooLarge};

/// Why a unit could not be carried out. What is wrong with a device is an outcome, not an error.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// The run's files could not be read or written.
    #[error(transparent)]
    Ledger(#[from] StoreError),
    /// Something earlier in the run did not leave what the unit needs.
    #[error("the run has no {0}")]
    Missing(&'static str),
    /// The stretch of work that the unit names is not a sequence of whole devices.
    #[error("unit {unit} does not name whole devices of the work")]
    Unit {
        /// Number of the unit.
        unit: u64,
        /// The parser's answer.
        source: Option<serde_json::Error>,
    },
    /// The answer is too large.
    #[error(transparent)]
    Answer(#[from] TaskTooLarge),
}

impl WorkerError {
    /// Stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Ledger(error) => error.code(),
            Self::Missing(_) => "Worker.RunIncomplete",
            Self::Unit { .. } => "Worker.UnitMalformed",
            Self::Answer(_) => "Worker.AnswerTooLarge",
        }
    }
}

impl From<WorkerError> for Diagnostic {
    fn from(error: WorkerError) -> Self {
        Self { error_type: error.code().to_owned(), error_message: error.to_string() }
    }
}
