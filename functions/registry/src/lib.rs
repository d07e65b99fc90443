//! What is done to AWS IoT for one device.
//!
//! A device is first looked at, which writes nothing, and then acted on. Between the two the
//! worker notes what it found, so that a try after an accident ends with the same words.

mod act;
mod activate;
mod call;
mod claim;
mod client;
mod device;
mod inventory;
mod listings;
mod look;
mod make_thing;
mod pace;
mod pem;
mod reason;
mod requirements;
mod steps;
mod word;

pub use act::{Again, Ending, Situation, act};
pub use activate::look_to_activate;
pub use call::{Call, CallError, CallErrorKind};
pub use claim::Claim;
pub use client::Registry;
pub use device::Device;
pub use inventory::Inventory;
pub use look::{Finding, look, look_at_listed};
pub use pace::{Pace, Usage};
pub use reason::Reason;
pub use requirements::{Unmet, unmet};

/// Client of AWS IoT, as the functions build it.
pub use aws_sdk_iot::Client as IotClient;

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use ledger::Work;

    /// The device of entry 7, with nothing in it that a test does not put there.
    pub(crate) fn work() -> Work {
        Work {
            entry: 7,
            place: String::new(),
            id: String::new(),
            thing: "thing-7".to_owned(),
            certificate_id: "07".repeat(32),
            certificate: String::new(),
            thing_type: None,
            attributes: BTreeMap::new(),
            warnings: Vec::new(),
        }
    }
}
