//! A reverse proxy before the local cloud, which the tests and benchmarks own.
//!
//! The local cloud has no quotas and no bad days. The gate counts the calls of AWS IoT that pass, holds each operation
//! to a quota and answers as AWS IoT does where it is exceeded, strikes at a call that a test names, and keeps a log.
//! Everything else, S3 for one, passes untouched, but for the age of objects that a test names.

mod backdate;
mod fault;
mod log;
mod operation;
mod proxy;
mod quota;

pub use fault::{Refusal, Then, kill_function};
pub use log::Entry;
pub use operation::OPERATIONS;
pub use proxy::Gate;
pub use quota::{Quota, QuotaFor};
