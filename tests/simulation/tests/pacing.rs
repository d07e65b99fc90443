//! The workers keep to AWS IoT's quotas, and use them: what `cargo xtask bench pacing` measures at length, in short.

use std::time::Duration;

use anyhow::Result;
use simulation::{Begin, Job, Played, Rated, Scenario};

const QUOTA: f64 = 10.0;
const REGISTER: &str = "RegisterCertificateWithoutCA";

/// Runs at AWS's default quotas, with a configuration that says `times` as much.
fn play(times: f64, runs: &[(u64, u64)]) -> Result<Played> {
    let runs = runs
        .iter()
        .map(|(after, devices)| Begin { after: Duration::from_secs(*after), devices: *devices });
    let scenario = Scenario {
        job: Job::Register,
        quotas: Rated::defaults_times(1.0)?.rates,
        configured: Rated::defaults_times(times)?,
        runs: runs.collect(),
    };
    scenario.play(7)
}

#[track_caller]
fn check(runs: &Played, from: f64, used: f64, throttled: f64) {
    assert!(runs.whole && runs.failed == 0, "no device fails: {}", runs.failed);
    let calls = runs.calls_of(REGISTER);
    let (part, exceeds) = (calls.used(QUOTA, from), runs.throttled_part());
    assert!(part >= used, "{part} of the quota was used");
    assert!(exceeds <= throttled, "{exceeds} of the calls were throttled");
}

#[test]
fn a_quota_that_is_configured_as_it_is_is_used_and_hardly_exceeded() {
    check(&play(1.0, &[(0, 2_000)]).unwrap(), 0.0, 0.95, 0.005);
}

#[test]
fn a_quota_that_is_configured_at_twice_the_truth_is_found() {
    check(&play(2.0, &[(0, 1_200)]).unwrap(), 60.0, 0.9, 0.03);
}

#[test]
fn a_run_that_begins_beside_another_one_leaves_it_its_share() {
    check(&play(1.0, &[(0, 1_000), (20, 1_000)]).unwrap(), 0.0, 0.9, 0.005);
}

#[test]
fn the_same_seed_gives_the_same() {
    let [one, other] = [(); 2].map(|()| play(1.0, &[(0, 60)]).unwrap());
    assert_eq!(one.calls_of(REGISTER).admitted.len(), 60);
    assert_eq!(one.calls.keys().collect::<Vec<_>>(), other.calls.keys().collect::<Vec<_>>());
    assert!((one.seconds - other.seconds).abs() < 1.0, "{} s and {} s", one.seconds, other.seconds);
}
