//! `functions/registry` over HTTP against the local cloud, checked by a model that shares no code
//! with it: whatever stands in an account and whatever a file asks for, every device ends with the
//! outcome, and the account in the state, that the model says.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test says by panicking that something is not as it should be"
)]

mod account;
mod calls;
mod deaths;
mod foresight;
mod fuzz;
mod generate;
mod import;
mod interruptions;
mod model;
mod races;
mod state;
mod undo;
