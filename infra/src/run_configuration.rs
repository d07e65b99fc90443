//! The part of the configuration that every run carries in its state, and the functions read.

use serde_json::{Map, Value, json};

use crate::config::{Bundle, Config, Profile};

/// The configuration as synth writes it into the import machine's first state.
///
/// It travels with the execution, so that a run ends under the configuration that it began under,
/// and so that the console shows what was in force.
#[must_use]
pub fn run_configuration(config: &Config) -> Value {
    let vendors_bundle = config.vendor.infineon.bundle;
    let profiles: Map<String, Value> = config
        .profiles
        .iter()
        .map(|(name, settings)| (name.clone(), profile(settings, vendors_bundle)))
        .collect();
    let rate: Map<String, Value> = config
        .rate
        .entries()
        .into_iter()
        .map(|(call, rate)| (call.to_owned(), json!(rate)))
        .collect();
    let signers = &config.vendor.microchip.signers;
    json!({
        "stack": config.stack,
        "profiles": profiles,
        "signers": { "pins": signers.pins, "trust_uploaded": signers.trust_uploaded },
        "rate": rate,
        "concurrency": config.concurrency(),
    })
}

/// The bundle is the one in force, so that no function has to know where it was chosen.
fn profile(profile: &Profile, vendors_bundle: Bundle) -> Value {
    json!({
        "policies": profile.policies,
        "thing_groups": profile.thing_groups,
        "thing_type": profile.thing_type,
        "certificate_status": profile.certificate_status.name(),
        "defer_things": profile.defer_things,
        "thing_name": profile.thing_name,
        "attributes": profile.attributes,
        "on_conflict": profile.on_conflict.name(),
        "reactivate": profile.reactivate,
        "bundle": profile.bundle.unwrap_or(vendors_bundle).name(),
    })
}
