//! What `cargo xtask` does, as a library: the whole-system tests run the same code that a person runs.
//!
//! One module a subcommand, called as the subcommand is; the others are what several of them need: `place` is which
//! stack and where, `deployment` brings it there, `difference` tells what that changes.

pub mod bench;
pub mod cli;
pub mod deployment;
pub mod functions;
pub mod local_cloud;
pub mod mqtt;
pub mod progress;
pub mod registry_objects;
pub mod retry_file;
pub mod run_follow;
pub mod sample;
pub mod venv;

pub use doctor::run_name;
pub use launcher::workspace;

mod advice;
mod aws;
mod check;
mod config;
mod console;
mod demo;
mod deploy;
mod deployed;
mod destination;
mod destroy;
mod device_infos;
mod diff;
mod difference;
mod doctor;
mod figures;
mod find;
mod http;
mod import;
mod init;
mod interrupt;
mod l1;
mod local;
mod outputs;
mod pinned;
mod place;
mod plan;
mod policies;
mod question;
mod reconcile;
mod redrive;
mod report;
mod runs;
mod summary;
mod synth;
mod temporary;
mod test;
mod times;
mod undo;
mod unindexed;
mod watch;
mod whole_file;
