//! What an import would take, as a dry run foresees it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What an import would take, at the configured rates and with no other run beside it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Forecast {
    /// The forecast for a person.
    pub summary: String,
    /// Seconds from the upload to the report.
    pub seconds: f64,
    /// AWS's name of the operation that keeps it from being faster; empty where none does.
    pub limit: String,
    /// Calls a second that the configuration allows of it.
    pub rate: f64,
    /// US dollars, at the public prices of us-east-1, without free tiers and discounts.
    pub dollars: f64,
    /// Calls of AWS IoT, by AWS's name of the operation.
    pub calls: BTreeMap<String, u64>,
}
