//! What a function has around its work: the log, the clients' settings and their connections.
//!
//! AWS Lambda gives a function everything in its environment, so nothing is looked for elsewhere:
//! no profiles, no metadata services, no single sign-on.

mod aws;
mod http;
pub mod log;
mod service;

pub use aws::{Aws, SettingError, open};
