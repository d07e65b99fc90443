//! Samples: whether they are what they say, always the same, and like the vendors' own files.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a helper that panics fails the test that called it, as it should"
)]

mod certificates;
mod command;
mod real_files;
mod round_trip;
mod same_bytes;
mod support;
