//! What a run is taken back by.

use serde::{Deserialize, Serialize};

use crate::{Added, Work};

/// A line of the `work.jsonl` of a run that takes another one back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WorkToUndo {
    /// The device, as the other run had it, without its certificate.
    #[serde(flatten)]
    pub work: Work,
    /// What the other run did to it.
    pub undo: ToUndo,
}

/// What a run did to a device.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ToUndo {
    /// What it added; none where that was not noted, or the note has expired.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub added: Option<Added>,
    /// The run wrote nothing to the device before this, in seconds of the Unix epoch.
    pub began: f64,
    /// Nor after this.
    pub ended: f64,
    /// Whether the run may have left less than it set out to add: it was cut off, or AWS IoT refused a
    /// part; or another run that takes it back was cut off.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_part: bool,
    /// An earlier run that took the device back, to its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_back_by: Option<String>,
}
