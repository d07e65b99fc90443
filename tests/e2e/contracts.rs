//! What one crate writes and another reads.

use infra::{Config, run_configuration};
use ledger::Configuration;

use crate::world::{PROFILES, STACK};

#[test]
fn functions_read_the_configuration_that_synth_writes() {
    let config = Config::parse(&format!("stack = \"{STACK}\"\n{PROFILES}")).unwrap();
    let read: Configuration = serde_json::from_value(run_configuration(&config)).unwrap();
    assert_eq!(read.stack, STACK);
    assert_eq!(read.profiles.keys().collect::<Vec<_>>(), ["bare", "default"]);
    assert!(read.profiles["bare"].defer_things);
    assert_eq!(read.profiles["default"].thing_type.as_deref(), Some("sensor"));
    assert!((read.rate.register_certificate - 10.0).abs() < f64::EPSILON);
    assert_eq!(read.concurrency, config.concurrency());
}
