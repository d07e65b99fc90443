//! Whole-system tests: the deployed stack, its own function binaries and AWS IoT, on the local cloud.
//!
//! Each test has a cloud of its own, so that none sees another's devices. The tests go through the
//! door that people use: a file is uploaded, and a run and its report come of it.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test says by panicking that something is not as it should be"
)]

mod adoption;
mod attributes;
mod bad_input;
mod check;
mod command_line;
mod conflicts;
mod connections;
mod contracts;
mod deployer;
mod deploying;
mod device_infos;
mod doctoring;
mod factory;
mod finding;
mod interruptions;
mod legs;
mod listener;
mod logs;
mod notices;
mod people;
mod person;
mod plans;
mod preflight;
mod product_lines;
mod rates;
mod reconciling;
mod redrives;
mod reruns;
mod retry_files;
mod roles;
mod scale;
mod signers;
mod sizes;
mod standing;
mod summarizing;
mod two_phases;
mod undo;
mod vendor_files;
mod watching;
mod world;

#[path = "../../functions/manifest/tests/decode/support.rs"]
#[expect(dead_code, reason = "whole-system tests need a part of what the decoder's tests need")]
mod samples;
