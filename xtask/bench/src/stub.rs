//! Endpoints of AWS, played in this process: what a function is measured against.
//!
//! They run on threads of their own, so that a measured process is charged with nothing of theirs.

pub(crate) mod function;
pub(crate) mod iot;
pub(crate) mod runtime;
pub(crate) mod s3;
mod server;
pub(crate) mod sqs;
