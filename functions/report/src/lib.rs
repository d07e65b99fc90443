//! Recounts a run against what was prepared, writes its report, and says what people are to be told.
//!
//! The report trusts no status of the machine: it reads the prepared devices and the outcomes
//! that workers left, entry by entry. Writing it again gives the same.

mod assemble;
mod book;
mod closing;
mod console;
mod cost;
mod error;
mod failures;
mod forecast;
mod index;
mod inert;
mod limited;
mod metrics;
mod notice;
mod page;
mod problems;
mod queue;
mod reporter;
mod results;
mod stop;
mod stored;
mod summary;
mod undone;
mod units;
mod upkeep;
mod watch;
mod words;

use ledger::{Counts, Object, Verdict};
use serde::{Deserialize, Serialize};

pub use closing::StatusChange;
pub use cost::{Bill, TRANSITIONS, TRANSITIONS_A_UNIT, Taken, is_charged};
pub use error::ReportError;
pub use notice::Notice;
pub use queue::FailuresQueue;
pub use reporter::Reporter;
pub use stop::Failure;

/// What the machines send.
#[derive(Debug, Deserialize)]
#[serde(tag = "task", rename_all = "lowercase")]
pub enum Event {
    /// A run came to its report.
    Report {
        /// Name of the run.
        run: String,
        /// ARN of its execution.
        execution: String,
        /// When it started, as Step Functions writes the time.
        #[serde(default)]
        started: String,
        /// The run's state.
        state: State,
    },
    /// A run ended badly, and may have no report.
    Close {
        /// How it ended.
        ended: StatusChange,
        /// Its input; it has no state any more.
        state: State,
    },
    /// Is a run stuck?
    Watch {
        /// ARN of the execution that asks, which tells account and Region.
        execution: String,
    },
    /// Keep the index of devices.
    Index,
}

/// What the report needs of a run's state.
#[derive(Debug, Deserialize)]
pub struct State {
    /// Vendor whose bucket the file was uploaded to; `mes` for device-infos. Empty where a run is taken
    /// back.
    #[serde(default)]
    pub vendor: String,
    /// The file, as its event named it.
    #[serde(default)]
    pub object: Object,
    /// The run that is taken back.
    #[serde(default)]
    pub run: Option<String>,
    /// Whether that is only told, which it is unless somebody says otherwise.
    #[serde(default)]
    pub dry: Option<bool>,
    /// The run whose entries were taken up, where there is one.
    #[serde(default)]
    pub resume: Option<String>,
    /// The error that a state of the machine ended with, where one did.
    #[serde(default)]
    pub failure: Option<Failure>,
}

/// Where the machine goes next, and what people see of it.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "next", rename_all = "lowercase")]
pub enum Answer {
    /// The report is written.
    Done {
        /// How the run ended: the output of a run that went well.
        ended: Ended,
        /// Name of the error that a run ends with which is not `done`.
        error: &'static str,
        /// The error in words: the verdict, the report's address, and what to do next.
        cause: String,
        /// What is to be told; absent where it was told already, and for a dry run.
        #[serde(skip_serializing_if = "Option::is_none")]
        notice: Option<Box<Notice>>,
    },
    /// Workers of the run are still busy.
    Again {
        /// How long to wait.
        wait_seconds: u32,
    },
    /// The runs that are stuck, and nobody was told of today.
    Watched {
        /// What is to be told of each.
        stuck: Vec<Notice>,
    },
    /// The index of devices is kept.
    Kept {
        /// How many runs were put into it that were missing.
        indexed: u64,
        /// How many are still missing.
        missing: usize,
        /// How many merges were done.
        merged: usize,
        /// How many segments stand.
        segments: usize,
    },
}

/// How a run ended.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Ended {
    /// The verdict.
    pub verdict: Verdict,
    /// The verdict in one sentence.
    pub summary: String,
    /// How many entries ended in which way.
    pub counts: Counts,
    /// Address of `report.json`.
    pub report: String,
}
