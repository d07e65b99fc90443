//! What can be said about this machine before anything large is compiled.
//!
//! The command line links the AWS SDK and OpenSSL, so `cargo xtask` takes minutes the first time. A
//! tool that is missing is told here, within a second, and not by a build script in the middle.

pub mod prerequisites;
pub mod workspace;
