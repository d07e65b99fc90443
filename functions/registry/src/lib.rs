//! What is done to AWS IoT for one device.
//!
//! A device is first looked at, which writes nothing, and then acted on. Between the two the
//! worker notes what it found, so that a try after an accident ends with the same words.

mod act;
mod activate;
mod call;
mod census;
mod claim;
mod client;
mod compare;
mod decide;
mod device;
mod foresee;
mod foreseen_calls;
mod inventory;
mod listings;
mod look;
mod make_thing;
mod memory;
mod pace;
mod pem;
mod phase;
mod reason;
mod requirements;
mod roll;
mod steps;
mod take_back;
mod types;
mod word;
mod would_update;

pub use act::{Again, Ending, Situation, act};
pub use activate::look_to_activate;
pub use call::{Call, CallError, CallErrorKind};
pub use census::{Census, Seen};
pub use claim::Claim;
pub use client::Registry;
pub use compare::{Compared, Comparer, Difference, DifferenceKind, Left};
pub use device::Device;
pub use foresee::{Foreseeing, Foresight, foresee};
pub use foreseen_calls::ForeseenCalls;
pub use inventory::Inventory;
pub use look::{Finding, look, look_at_listed};
pub use memory::Memory;
pub use pace::{Pace, Usage};
pub use phase::Phase;
pub use reason::Reason;
pub use requirements::{Unmet, unmet};
pub use take_back::{ToTakeBack, look_to_take_back};
pub use types::Types;

/// Client of AWS IoT, as the functions build it.
pub use aws_sdk_iot::Client as IotClient;

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use futures::future::{BoxFuture, ready};
    use ledger::{CertificateStood, Work};

    use crate::Memory;

    /// Keeps nothing.
    #[derive(Debug)]
    pub(crate) struct Forgetful;

    impl Memory for Forgetful {
        fn certificate_stood(
            &self,
            _: u64,
            _: CertificateStood,
        ) -> BoxFuture<'_, Result<(), String>> {
            Box::pin(ready(Ok(())))
        }
    }

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
            names: Vec::new(),
            warnings: Vec::new(),
        }
    }
}
