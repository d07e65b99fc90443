//! The workers as they are, against an AWS in memory, in simulated time.
//!
//! A run of hours takes seconds: nothing waits for a real clock, a socket or a second thread. AWS IoT
//! has quotas as AWS keeps them and takes 20 to 80 ms a call; S3 holds the run's files; the machine
//! starts a child for each unit, as `import.asl.json` does. Only these are made up: everything from the
//! worker's event to the SDK's request is the code that is deployed.

mod executor;
mod iot;
mod machine;
mod played;
mod quota;
mod random;
mod s3;
mod scenario;
mod wire;

pub use played::{Calls, Played};
pub use scenario::{Begin, Rated, Scenario};
pub use worker::Job;
