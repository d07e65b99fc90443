//! What a worker found before its first write.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Put once for each part of a unit, between looking at its devices and the first write to them.
///
/// When a unit is tried again, this tells the run's own traces from what was there before.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Intent {
    /// When the worker had looked at every device of the part, in seconds of the Unix epoch.
    pub time: f64,
    /// What stood then, by entry. What is not here, and is there later, this run made.
    pub existing: BTreeMap<u64, Stood>,
}

/// What stood where a device is to be, before the run wrote anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stood {
    /// The certificate alone; only its activation looks for that.
    Certificate,
    /// A thing that the certificate was not attached to.
    Thing,
    /// The device, and something of it was missing.
    Part,
    /// The device, whole.
    Whole,
    /// Something that keeps the device from being made.
    Other,
}
