//! The functions' metrics, in CloudWatch's Embedded Metric Format: a line of JSON in the log becomes
//! figures of the namespace [`NAMESPACE`]. It takes no call, no permission and no time.

mod figures;
mod metrics;

pub use figures::{Figures, Telemetry, float};
pub use metrics::*;

/// CloudWatch's namespace of the metrics.
pub const NAMESPACE: &str = "Thingpress";

/// Dimension that every metric has: the stack's name.
pub const STACK: &str = "Stack";
