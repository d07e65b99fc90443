//! Whether AWS IoT holds what the profiles name. The questions are Preflight's own.

use std::{collections::BTreeMap, sync::Arc};

use ledger::Profile;
use registry::{IotClient, Pace, Registry};

use super::{Finding, Patient};

const TOPIC: &str = "AWS IoT";

pub(super) async fn look(patient: Patient<'_>) -> Vec<Finding> {
    let profiles = infra::run_configuration(patient.config).get("profiles").cloned();
    let profiles: BTreeMap<String, Profile> =
        match serde_json::from_value(profiles.unwrap_or_default()) {
            Ok(profiles) => profiles,
            Err(error) => return vec![Finding::not_asked(TOPIC, error.to_string())],
        };
    let registry = Registry::new(IotClient::new(patient.aws), Arc::new(Pace::default()));
    let mut findings = Vec::new();
    for (name, profile) in &profiles {
        match registry::unmet(&registry, profile).await {
            Ok(unmet) if unmet.is_empty() => findings.push(Finding::ok(
                TOPIC,
                format!("profile {name}: {}", held(profile)),
            )),
            Ok(unmet) => findings.extend(unmet.iter().map(|unmet| {
                Finding::error(
                    TOPIC,
                    format!("profile {name}: {unmet}"),
                    "make it in AWS IoT, or correct the profile: an import would stop before its first write",
                )
            })),
            Err(error) => {
                findings.push(Finding::not_asked(TOPIC, format!("profile {name}: {error}")));
            }
        }
    }
    findings
}

/// What was looked for, and is there.
fn held(profile: &Profile) -> String {
    let plural = |count: usize, word: &str, words: &str| match count {
        1 => format!("1 {word}"),
        _ => format!("{count} {words}"),
    };
    let mut parts = vec![plural(profile.policies.len(), "policy", "policies")];
    if !profile.thing_groups.is_empty() {
        parts.push(plural(profile.thing_groups.len(), "thing group", "thing groups"));
    }
    if profile.thing_type.is_some() {
        parts.push("1 thing type".to_owned());
    }
    format!("found {}", parts.join(", "))
}
