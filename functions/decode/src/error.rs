//! Why a task could not be carried out. Trying again can help.

use lambda_runtime::Diagnostic;
use ledger::{StoreError, TaskTooLarge};

/// Why a task could not be carried out. What is wrong with the file itself is an answer, not an error.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// The run's files could not be read or written.
    #[error(transparent)]
    Ledger(#[from] StoreError),
    /// The uploaded file could not be read.
    #[error("could not read the uploaded file: {0}")]
    Source(String),
    /// Something earlier in the run did not leave what this task needs.
    #[error("the run has no {0}")]
    Missing(&'static str),
    /// The answer is too large.
    #[error(transparent)]
    Answer(#[from] TaskTooLarge),
    /// The thread that decodes crashed.
    #[error("the decoder crashed")]
    Crashed,
}

impl DecodeError {
    /// Stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Ledger(error) => error.code(),
            Self::Source(_) => "Decode.SourceUnavailable",
            Self::Missing(_) => "Decode.RunIncomplete",
            Self::Answer(_) => "Decode.AnswerTooLarge",
            Self::Crashed => "Decode.Crashed",
        }
    }
}

impl From<DecodeError> for Diagnostic {
    fn from(error: DecodeError) -> Self {
        Self { error_type: error.code().to_owned(), error_message: error.to_string() }
    }
}
