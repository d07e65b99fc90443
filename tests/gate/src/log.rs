//! What the gate saw.

use serde::Serialize;

/// One call of AWS IoT.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// When it came, in milliseconds since the gate began to listen.
    pub ms: u64,
    /// AWS's name of the operation.
    pub operation: &'static str,
    /// The thing's name or the certificate's id that it is about; empty where it names none.
    pub subject: String,
    /// HTTP status that it was answered with.
    pub status: u16,
}

impl Entry {
    /// Whether the call took effect.
    pub const fn is_fine(&self) -> bool {
        self.status < 300
    }
}
