//! What one crate writes and another reads.

use infra::{Config, metrics::METRICS, run_configuration};
use ledger::Configuration;

use crate::world::{PROFILES, STACK};

#[test]
fn functions_read_the_configuration_that_synth_writes() {
    let config = Config::parse(&format!(
        "stack = \"{STACK}\"\n{PROFILES}\n[profile.second]\nbundle = \"E0E1\"\n[vendor.infineon]\nbundle = \"E0E2\"\n"
    ))
    .unwrap();
    let written = run_configuration(&config);
    let read: Configuration = serde_json::from_value(written.clone()).unwrap();
    assert_eq!(read.stack, STACK);
    assert_eq!(read.profiles.keys().collect::<Vec<_>>(), ["bare", "default", "second"]);
    assert_eq!(read.profiles["default"].bundle, "E0E2");
    assert_eq!(read.profiles["second"].bundle, "E0E1");
    assert!(read.profiles["bare"].defer_things);
    assert_eq!(read.profiles["default"].thing_type.as_deref(), Some("sensor"));
    assert!((read.rate.register_certificate - 10.0).abs() < f64::EPSILON);
    assert_eq!(read.concurrency, config.concurrency());
    assert_eq!(serde_json::to_value(&read).unwrap(), written, "no side fills in for the other");
}

#[test]
fn metrics_know_every_outcome_and_every_call_that_has_a_rate() {
    let config = Config::parse(&format!("stack = \"{STACK}\"\n{PROFILES}")).unwrap();
    let read: Configuration = serde_json::from_value(run_configuration(&config)).unwrap();
    let mut calls: Vec<&str> = read.rate.by_call().iter().map(|rate| rate.call).collect();
    calls.sort_unstable();
    for metric in METRICS {
        let Some(dimension) = metric.dimension else { continue };
        let mut values = dimension.values.to_vec();
        if dimension.name == "Outcome" {
            assert_eq!(values, xtask::run_follow::OUTCOMES, "{}", metric.name);
        } else {
            values.sort_unstable();
            assert_eq!(values, calls, "{}", metric.name);
        }
    }
}

#[test]
fn everything_that_is_decoded_has_a_bucket() {
    assert_eq!(infra::VENDORS, manifest::Vendor::ALL.map(manifest::Vendor::name));
    assert_eq!(infra::BUCKETS, manifest::Bucket::ALL.map(manifest::Bucket::name));
}

#[test]
fn every_bundle_that_is_decoded_can_be_configured() {
    for bundle in manifest::Bundle::ALL {
        let config = Config::parse(&format!(
            "stack = \"{STACK}\"\n[profile.default]\nbundle = \"{bundle}\"\n"
        ));
        let written = config.unwrap().profiles["default"].bundle.unwrap().name();
        assert_eq!(written.parse(), Ok(bundle));
    }
    assert_eq!(infra::Bundle::default().name().parse(), Ok(manifest::Bundle::default()));
}

#[test]
fn what_functions_emit_is_what_alarms_and_the_dashboard_read() {
    let mut emitted: Vec<(&str, &str, Option<&str>)> =
        telemetry::METRICS.iter().map(|metric| (metric.name, metric.unit, None)).collect();
    let by = telemetry::METRICS_BY.iter();
    emitted.extend(by.map(|by| (by.metric.name, by.metric.unit, Some(by.dimension))));
    let mut read: Vec<(&str, &str, Option<&str>)> = METRICS
        .iter()
        .map(|metric| {
            (metric.name, metric.unit.name(), metric.dimension.map(|dimension| dimension.name))
        })
        .collect();
    emitted.sort_unstable();
    read.sort_unstable();
    assert_eq!(read, emitted);
}
