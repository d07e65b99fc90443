//! A process that dies at any call of a device: the next try ends as if it had not.

use std::collections::BTreeMap;

use ledger::{CertificateStatus, OnConflict, OutcomeKind, Profile};

use crate::{
    account::{Account, Cloud},
    deaths::{Death, When, Wire},
    import::{Import, Notebook},
    model,
    state::{ATTRIBUTES, Device, NAMES, Phase, Registered, State, Status, TYPES, Thing},
};

const SENSOR: &str = TYPES[0];

fn profile() -> Profile {
    Profile {
        policies: vec!["connect".into(), "publish".into()],
        thing_groups: vec!["red".into(), "green".into()],
        thing_type: Some(SENSOR.into()),
        ..Profile::default()
    }
}

/// A thing with an attribute of somebody else's and these certificates.
fn thing(thing_type: Option<&str>, certificates: &[usize]) -> Thing {
    Thing {
        thing_type: thing_type.map(str::to_owned),
        attributes: [("owner".to_owned(), "ann".to_owned())].into(),
        groups: ["blue".to_owned()].into(),
        certificates: certificates.iter().copied().collect(),
    }
}

fn registered(status: Status, policies: &[&str]) -> Registered {
    Registered { status, policies: policies.iter().map(|name| (*name).to_owned()).collect() }
}

/// Imports one device, and does so again for each of its calls, dying when that has taken effect.
#[track_caller]
fn check(
    profile: Profile,
    phase: Phase,
    certificates: &[(usize, Registered)],
    thing: Option<Thing>,
    word: OutcomeKind,
) {
    let before = State {
        things: thing.map(|thing| (NAMES[0], thing)).into_iter().collect(),
        certificates: certificates.iter().cloned().collect(),
    };
    let attributes: BTreeMap<_, _> =
        ATTRIBUTES.iter().map(|name| ((*name).to_owned(), "one".to_owned())).collect();
    let device = Device { name: NAMES[0], certificate: 0, thing_type: None, attributes };
    let mut after = before.clone();
    let expected = model::import(&mut after, &profile, phase, &device);
    assert_eq!(expected.outcome, word);

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let cloud = Cloud::shared();
    runtime.block_on(async {
        let mut calls = 0;
        for death in 0.. {
            let account = Account::new(&cloud).await;
            let begun = account.fill(&before).await;
            let mut import = Import {
                account: &account,
                profile: &profile,
                phase,
                devices: std::slice::from_ref(&device),
                others_active: true,
                begun,
                intent: None,
                notebook: Notebook::default(),
            };
            let wire = Wire::new(Some(Death { call: death, when: When::After }), true);
            let mut ended = import.attempt(&wire).await;
            if ended.is_none() {
                let usable = account.state().await.half_done_and_usable(&before, &after, &device);
                assert_eq!(usable, None, "after a death at call {death}");
                ended = import.attempt(&Wire::new(None, true)).await;
            }
            let ended = ended.expect("a try without a death comes to its end");
            assert_eq!(ended[0], expected, "after a death at call {death}");
            assert_eq!(account.state().await, after, "after a death at call {death}");
            if !wire.is_dead() {
                calls = wire.calls();
                assert_eq!(calls, death, "a death at each of its calls");
                break;
            }
        }
        assert!(calls > 0);
    });
}

#[test]
fn a_new_device_is_created_after_a_death_at_any_of_its_calls() {
    check(profile(), Phase::Register, &[], None, OutcomeKind::Created);
    let inactive = registered(Status::Inactive, &[]);
    check(profile(), Phase::Register, &[(0, inactive)], None, OutcomeKind::Updated);
}

#[test]
fn a_device_that_stood_in_part_is_updated_after_a_death_at_any_of_its_calls() {
    let active = || registered(Status::Active, &["connect"]);
    let free = thing(Some(SENSOR), &[]);
    check(profile(), Phase::Register, &[], Some(free), OutcomeKind::Updated);
    let part = thing(Some(SENSOR), &[0]);
    check(profile(), Phase::Register, &[(0, active())], Some(part), OutcomeKind::Updated);
    let adopt = Profile { on_conflict: OnConflict::Adopt, ..profile() };
    let shared = thing(None, &[1]);
    check(adopt, Phase::Register, &[(1, active())], Some(shared), OutcomeKind::Updated);
}

#[test]
fn a_deferred_certificate_keeps_its_word_after_a_death_at_any_of_its_calls() {
    let deferred =
        |certificate_status| Profile { certificate_status, defer_things: true, ..profile() };
    let active = || deferred(CertificateStatus::Active);
    check(active(), Phase::Register, &[], None, OutcomeKind::Created);
    let certificate = registered(Status::Active, &["publish"]);
    check(active(), Phase::Register, &[(0, certificate.clone())], None, OutcomeKind::Updated);
    let inactive = || deferred(CertificateStatus::Inactive);
    check(inactive(), Phase::Register, &[], None, OutcomeKind::Created);
    check(inactive(), Phase::Register, &[(0, certificate)], None, OutcomeKind::Unchanged);
}

#[test]
fn an_activation_keeps_its_word_after_a_death_at_any_of_its_calls() {
    let inactive = || registered(Status::Inactive, &[]);
    check(profile(), Phase::Activate, &[(0, inactive())], None, OutcomeKind::Created);
    let free = thing(Some(SENSOR), &[]);
    check(profile(), Phase::Activate, &[(0, inactive())], Some(free), OutcomeKind::Updated);
    let part = thing(Some(SENSOR), &[0]);
    check(profile(), Phase::Activate, &[(0, inactive())], Some(part), OutcomeKind::Updated);
}
