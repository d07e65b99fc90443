//! Why a report could not be written. The machine tries it again.

use lambda_runtime::Diagnostic;
use ledger::{IndexError, LineError, StoreError, TaskTooLarge};

/// Why a report could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The run's files could not be read or written.
    #[error(transparent)]
    Ledger(#[from] StoreError),
    /// The index of devices could not be kept.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// A line of `results.csv` could not be written.
    #[error("could not write a line of the results")]
    Csv(#[from] csv::Error),
    /// The page for people could not be written.
    #[error("could not write the page of the report")]
    Page(#[from] askama::Error),
    /// A message about a device could not be written.
    #[error(transparent)]
    Message(#[from] LineError),
    /// The queue did not take the messages about devices. The report is written all the same.
    #[error("could not pass on the devices that did not end well: {0}")]
    FailuresUnsent(String),
    /// The answer is too large.
    #[error(transparent)]
    Answer(#[from] TaskTooLarge),
}

impl ReportError {
    /// Stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Ledger(error) => error.code(),
            Self::Index(error) => error.code(),
            Self::Csv(_) => "Report.ResultsUnwritable",
            Self::Page(_) => "Report.PageUnwritable",
            Self::Message(_) | Self::FailuresUnsent(_) => "Report.FailuresUnsent",
            Self::Answer(_) => "Report.AnswerTooLarge",
        }
    }
}

impl From<ReportError> for Diagnostic {
    fn from(error: ReportError) -> Self {
        Self { error_type: error.code().to_owned(), error_message: error.to_string() }
    }
}
