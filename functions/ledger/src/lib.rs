//! The files of a run: their names, their types, and how they are kept in S3.
//!
//! Every function reads and writes a run only through this crate, so it is the one place that
//! knows the layout of `s3://<stack>-runs`.

mod configuration;
mod json_lines;
mod lease;
mod names;
mod outcome;
mod plan;
mod report;
mod store;
mod task;
mod work;
mod writer;

pub use configuration::{CertificateStatus, Configuration, Profile, Rates, SignerPolicy};
pub use json_lines::{LineError, to_line};
pub use lease::{Leases, RunState};
pub use names::RunFiles;
pub use outcome::{Counts, Note, Outcome, OutcomeKind};
pub use plan::{Object, Plan, Prepared, Source, Stop};
pub use report::{Example, Problem, Report, SourceSummary, Verdict};
pub use store::{Created, Keep, Lines, Listed, Store, StoreError};
pub use task::{MAX_TASK_BYTES, TaskTooLarge, within_task_limit};
pub use work::{Intent, Unit, UnitSizes, Work};
pub use writer::ObjectWriter;
