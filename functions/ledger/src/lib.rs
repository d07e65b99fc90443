//! The files of a run: their names, their types, and how they are kept in S3.
//!
//! Every function reads and writes a run only through this crate, so it is the one place that
//! knows the layout of `s3://<stack>-runs`.

mod activations;
pub mod clock;
mod codes;
mod configuration;
mod dry_run;
mod earlier;
mod entries;
mod forecast;
mod history;
mod index;
mod intent;
mod json_lines;
mod lease;
mod limits;
mod lines;
mod names;
mod outcome;
mod plan;
mod report;
mod results;
mod standing;
mod store;
mod task;
mod undo;
mod work;
mod writer;

pub use activations::{Activation, Activations};
pub use clock::seconds_of_epoch;
pub use codes::{About, CODES, Code, can_retry, means, page_of, remedy};
pub use configuration::{
    CertificateStatus, Configuration, OnConflict, Profile, Rate, Rates, SignerPolicy,
};
pub use dry_run::{PLAN_FOLDER, planned_key};
pub use earlier::{CannotTakeUp, Earlier};
pub use entries::Entries;
pub use forecast::Forecast;
pub use history::{History, RunKind, RunTag, Unindexed};
pub use index::{
    Found, Index, IndexError, IndexWriter, Names, Objects, Output, Record, SHARED, STAYS,
    normalized,
};
pub use intent::{Added, AddedThing, CertificateStood, Intent, IntentParts, Stood};
pub use json_lines::{LineError, add_line, parse_lines, to_line};
pub use lease::{Ceiling, Ceilings, Expired, Holders, Leases, RunState};
pub use limits::{CallLimits, Limited, UnitLimits};
pub use lines::{OutcomeLine, Text, WorkLine};
pub use names::{RunFiles, finished_file};
pub use outcome::{Counts, HALF_DONE, Note, Outcome, OutcomeKind};
pub use plan::{FinishedFile, Input, Object, Plan, Prepared, Source, Stop};
pub use report::{Example, Problem, Report, SourceSummary, Verdict};
pub use results::RESULT_COLUMNS;
pub use standing::Standing;
pub use store::{Created, Keep, Lines, Listed, Store, StoreError};
pub use task::{MAX_TASK_BYTES, TaskTooLarge, within_task_limit};
pub use undo::{ToUndo, WorkToUndo};
pub use work::{LONGEST_UNIT, Unit, UnitSizes, Work};
pub use writer::{ObjectWriter, PART_BYTES, Unfinished};
