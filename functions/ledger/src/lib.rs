//! The files of a run: their names, their types, and how they are kept in S3.
//!
//! Every function reads and writes a run only through this crate, so it is the one place that
//! knows the layout of `s3://<stack>-runs`.

mod activations;
mod clock;
mod codes;
mod configuration;
mod intent;
mod json_lines;
mod lease;
mod limits;
mod names;
mod outcome;
mod plan;
mod report;
mod store;
mod task;
mod work;
mod writer;

pub use activations::{Activation, Activations};
pub use clock::seconds_of_epoch;
pub use codes::{About, CODES, Code, can_retry, means};
pub use configuration::{
    CertificateStatus, Configuration, OnConflict, Profile, Rate, Rates, SignerPolicy,
};
pub use intent::{Intent, Stood};
pub use json_lines::{LineError, to_line};
pub use lease::{Ceiling, Ceilings, Expired, Leases, RunState};
pub use limits::{CallLimits, Limited, UnitLimits};
pub use names::{RunFiles, finished_file};
pub use outcome::{Counts, Note, Outcome, OutcomeKind};
pub use plan::{FinishedFile, Object, Plan, Prepared, Source, Stop};
pub use report::{Example, Problem, Report, SourceSummary, Verdict};
pub use store::{Created, Keep, Lines, Listed, Store, StoreError};
pub use task::{MAX_TASK_BYTES, TaskTooLarge, within_task_limit};
pub use work::{LONGEST_UNIT, Unit, UnitSizes, Work};
pub use writer::ObjectWriter;
