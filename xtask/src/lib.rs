//! What `cargo xtask` does, as a library: the whole-system tests run the same code that a person runs.
//!
//! One module a subcommand (`demo`, `local`, `import`, `device_infos`, `sample`, `config`, `synth`, `deploy`, `test`); the
//! others are what several of them need.

pub mod cli;
pub mod deployment;
pub mod functions;
pub mod local_cloud;
pub mod mqtt;
pub mod progress;
pub mod registry_objects;
pub mod run_follow;
pub mod sample;
pub mod venv;

pub use launcher::workspace;

mod advice;
mod aws;
mod config;
mod demo;
mod deploy;
mod destination;
mod device_infos;
mod http;
mod import;
mod local;
mod synth;
mod test;
