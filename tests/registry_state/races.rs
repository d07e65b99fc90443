//! Somebody else makes the same device at the same moment: it is noted, so that an undo keeps it.

use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::AtomicBool},
};

use ledger::{OutcomeKind, Profile};
use registry::{Pace, Registry, Situation};

use crate::{
    account::{Account, Cloud},
    deaths::Wire,
    import::{Import, Notebook, act},
    state::{Device, NAMES, Phase, Registered, State, Status, Thing},
};

/// Imports one device into an account that fills after the look at the device. Whether it is noted
/// that the device may be somebody else's; none where nothing is noted.
#[track_caller]
fn check(meanwhile: &State, others_active: bool, word: OutcomeKind, expected: Option<bool>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let cloud = Cloud::shared();
    let profile = Profile { policies: vec!["connect".into()], ..Profile::default() };
    let device =
        Device { name: NAMES[0], certificate: 0, thing_type: None, attributes: BTreeMap::new() };
    let (end, noted) = runtime.block_on(async {
        let account = Account::new(&cloud).await;
        let import = Import {
            account: &account,
            profile: &profile,
            phase: Phase::Register,
            devices: std::slice::from_ref(&device),
            others_active,
            begun: 0.0,
            intent: None,
            notebook: Notebook::default(),
        };
        let entry = import.work(1, &device);
        let wire = Wire::new(None, false);
        let registry = &Registry::new(account.client(wire), Arc::new(Pace::default()));
        let finding = registry::look(registry, &profile, &entry).await.unwrap();
        account.fill(meanwhile).await;
        let situation = Situation {
            profile: &profile,
            earlier: None,
            others_active: &AtomicBool::new(others_active),
            memory: &import.notebook,
        };
        let end = act(registry, situation, &entry, finding).await.unwrap();
        (end, import.notebook.stood(1))
    });
    assert_eq!((end.outcome, noted.map(|noted| noted.raced)), (word, expected));
}

fn thing() -> Thing {
    Thing {
        thing_type: None,
        attributes: [("owner".to_owned(), "ann".to_owned())].into(),
        groups: [].into(),
        certificates: [].into(),
    }
}

fn certificate() -> Registered {
    Registered { status: Status::Active, policies: [].into() }
}

#[test]
fn a_thing_that_somebody_made_since_the_look_is_not_noted_as_the_runs_own() {
    let nothing = State::default();
    let things: BTreeMap<_, _> = [(NAMES[0], thing())].into();
    let other = State { things, ..State::default() };
    for others_active in [false, true] {
        check(&nothing, others_active, OutcomeKind::Created, None);
        check(&other, others_active, OutcomeKind::Created, Some(true));
    }
}

#[test]
fn a_certificate_that_stands_may_be_of_a_device_that_another_run_makes() {
    let certificates: BTreeMap<_, _> = [(0, certificate())].into();
    let registered = State { certificates, ..State::default() };
    check(&registered, false, OutcomeKind::Updated, Some(false));
    check(&registered, true, OutcomeKind::Updated, Some(true));
}
