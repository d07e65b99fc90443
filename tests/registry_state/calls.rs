//! How many calls a device takes.

use ledger::{CertificateStatus, OutcomeKind, Profile};

use crate::{
    account::{Account, Cloud},
    deaths::Wire,
    import::{Import, Notebook},
    state::{ATTRIBUTES, Device, NAMES, Phase, Registered, State, Status, TYPES},
};

fn profile() -> Profile {
    Profile {
        policies: vec!["connect".into(), "publish".into(), "subscribe".into()],
        thing_groups: vec!["red".into(), "green".into()],
        thing_type: Some(TYPES[0].into()),
        ..Profile::default()
    }
}

/// Imports one device, and then once more: how it ends and how many calls that takes, each time.
async fn check(
    profile: Profile,
    phase: Phase,
    registered: &[usize],
    expected: [(OutcomeKind, usize); 2],
) {
    let inactive = || Registered { status: Status::Inactive, policies: [].into() };
    let before = State {
        certificates: registered.iter().map(|number| (*number, inactive())).collect(),
        ..State::default()
    };
    let account = Account::new(&Cloud::shared()).await;
    let begun = account.fill(&before).await;
    let attributes = ATTRIBUTES.iter().map(|name| ((*name).to_owned(), "one".to_owned()));
    let device = Device {
        name: NAMES[0],
        certificate: 0,
        thing_type: None,
        attributes: attributes.collect(),
    };
    for expected in expected {
        let mut import = Import {
            account: &account,
            profile: &profile,
            phase,
            devices: std::slice::from_ref(&device),
            others_active: false,
            begun,
            intent: None,
            notebook: Notebook::default(),
        };
        let wire = Wire::new(None, false);
        let ended = import.attempt(&wire).await.unwrap();
        assert_eq!((ended[0].outcome, wire.calls()), expected);
    }
}

const POLICIES_AND_GROUPS: usize = 3 + 2;

#[tokio::test]
async fn a_new_device_takes_four_calls_and_one_for_each_policy_and_group() {
    let new = (OutcomeKind::Created, 4 + POLICIES_AND_GROUPS);
    check(profile(), Phase::Register, &[], [new, (OutcomeKind::Unchanged, 6)]).await;
}

#[tokio::test]
async fn phase_one_takes_one_call_and_its_repetition_two() {
    let deferred = Profile {
        certificate_status: CertificateStatus::Inactive,
        defer_things: true,
        ..profile()
    };
    let calls = [(OutcomeKind::Created, 1), (OutcomeKind::Unchanged, 2)];
    check(deferred, Phase::Register, &[], calls).await;
}

#[tokio::test]
async fn an_activation_takes_seven_calls_and_one_for_each_policy_and_group() {
    let new = (OutcomeKind::Created, 7 + POLICIES_AND_GROUPS);
    check(profile(), Phase::Activate, &[0], [new, (OutcomeKind::Unchanged, 6)]).await;
    check(profile(), Phase::Activate, &[], [(OutcomeKind::Waiting, 1); 2]).await;
}
