//! What is done to AWS IoT for one device.
//!
//! A device is first looked at, which writes nothing, and then acted on. Between the two the
//! worker notes what it found, so that a try after an accident ends with the same words.

mod act;
mod call;
mod client;
mod look;
mod pace;
mod pem;
mod reason;
mod requirements;

pub use act::{Again, Ending, Situation, act};
pub use call::{Call, CallError, CallErrorKind};
pub use client::Registry;
pub use look::{Finding, look};
pub use pace::Pace;
pub use reason::Reason;
pub use requirements::{Unmet, unmet};

/// Client of AWS IoT, as the functions build it.
pub use aws_sdk_iot::Client as IotClient;
