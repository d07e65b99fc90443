//! Random accounts, profiles and files.

use std::collections::{BTreeMap, BTreeSet};

use ledger::{CertificateStatus, OnConflict, Profile};
use proptest::{collection, option, prelude::*, sample};

use crate::{
    deaths::{Death, When},
    state::{
        ATTRIBUTES, CERTIFICATES, Device, GHOST, GROUPS, NAMES, Number, POLICIES, Phase,
        Registered, State, Status, TYPES, Thing,
    },
};

/// An import of a file into an account, and what befalls it.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) account: State,
    pub(crate) profile: Profile,
    pub(crate) phase: Phase,
    pub(crate) devices: Vec<Device>,
    /// What the import dies of, try by try.
    pub(crate) deaths: Vec<Death>,
    /// Whether other runs are active.
    pub(crate) others_active: bool,
    /// Whether AWS IoT makes no thing with more than three attributes at once.
    pub(crate) few_attributes_at_once: bool,
}

pub(crate) fn case() -> impl Strategy<Value = Case> {
    let phase = prop_oneof![3 => Just(Phase::Register), 2 => Just(Phase::Activate)];
    (account(), profile(), phase).prop_flat_map(|(account, profile, phase)| {
        (devices(phase, profile.thing_type.is_some()), deaths(), any::<bool>(), any::<bool>())
            .prop_map(move |(devices, deaths, others_active, few_attributes_at_once)| Case {
                account: account.clone(),
                profile: profile.clone(),
                phase,
                devices,
                deaths,
                others_active,
                few_attributes_at_once,
            })
    })
}

fn account() -> impl Strategy<Value = State> {
    let certificates = collection::btree_map(0..CERTIFICATES, registered(), 0..=CERTIFICATES);
    certificates.prop_flat_map(|certificates| {
        let registered: Vec<_> = certificates.keys().copied().collect();
        collection::btree_map(sample::select(NAMES.to_vec()), thing(registered), 0..=NAMES.len())
            .prop_map(move |things| State { things, certificates: certificates.clone() })
    })
}

fn registered() -> impl Strategy<Value = Registered> {
    let status = prop_oneof![
        5 => Just(Status::Active),
        5 => Just(Status::Inactive),
        1 => Just(Status::Revoked),
        1 => Just(Status::PendingTransfer),
    ];
    (status, some_of(&POLICIES)).prop_map(|(status, policies)| Registered { status, policies })
}

fn thing(registered: Vec<Number>) -> impl Strategy<Value = Thing> {
    let most = registered.len().min(2);
    let certificates = sample::subsequence(registered, 0..=most);
    let thing_type = option::weighted(0.8, sample::select(TYPES.map(str::to_owned).to_vec()));
    (thing_type, attributes(), some_of(&GROUPS), certificates).prop_map(
        |(thing_type, attributes, groups, certificates)| Thing {
            thing_type,
            attributes,
            groups,
            certificates: certificates.into_iter().collect(),
        },
    )
}

fn some_of(names: &'static [&'static str]) -> impl Strategy<Value = BTreeSet<String>> {
    sample::subsequence(names, 0..=names.len())
        .prop_map(|names| names.into_iter().map(str::to_owned).collect())
}

/// Often with the same values, so that a thing has some of them already.
fn attributes() -> impl Strategy<Value = BTreeMap<String, String>> {
    let names = sample::select(ATTRIBUTES.map(str::to_owned).to_vec());
    let values = prop_oneof![4 => Just("one"), 1 => Just("two")].prop_map(str::to_owned);
    prop_oneof![
        1 => Just(BTreeMap::new()),
        2 => collection::btree_map(names, values, 0..=ATTRIBUTES.len()),
    ]
}

fn profile() -> impl Strategy<Value = Profile> {
    let status = prop_oneof![Just(CertificateStatus::Active), Just(CertificateStatus::Inactive)];
    let on_conflict = prop_oneof![3 => Just(OnConflict::Fail), 2 => Just(OnConflict::Adopt)];
    let thing_type = option::weighted(0.8, Just(TYPES[0].to_owned()));
    let deferred = prop::bool::weighted(0.25);
    (some_of(&POLICIES), some_of(&GROUPS), thing_type, status, on_conflict, deferred).prop_map(
        |(policies, groups, thing_type, certificate_status, on_conflict, defer_things)| Profile {
            policies: policies.into_iter().collect(),
            thing_groups: groups.into_iter().collect(),
            thing_type,
            certificate_status,
            on_conflict,
            defer_things,
            ..Profile::default()
        },
    )
}

/// No name and no certificate twice: a file's duplicates never come to the registry.
///
/// A thing without a type has three attributes at most: Preflight and Decode see to that.
fn devices(phase: Phase, is_typed: bool) -> impl Strategy<Value = Vec<Device>> {
    let names = Just(NAMES.to_vec()).prop_shuffle();
    let certificates = Just((0..CERTIFICATES).collect::<Vec<_>>()).prop_shuffle();
    let rest = collection::vec((own_type(phase), attributes()), 1..=NAMES.len());
    (names, certificates, rest).prop_map(move |(names, certificates, rest)| {
        names
            .into_iter()
            .zip(certificates)
            .zip(rest)
            .map(|((name, certificate), (thing_type, mut attributes))| {
                if thing_type.as_deref() == Some(GHOST) {
                    // The local cloud adds attributes before it refuses the type.
                    attributes.clear();
                }
                if thing_type.is_none() && !is_typed {
                    attributes = attributes.into_iter().take(3).collect();
                }
                Device { name, certificate, thing_type, attributes }
            })
            .collect()
    })
}

/// Only phase 2 has a type for each device, which may be one that nobody made.
fn own_type(phase: Phase) -> BoxedStrategy<Option<String>> {
    match phase {
        Phase::Register => Just(None).boxed(),
        Phase::Activate => prop_oneof![
            6 => Just(None),
            2 => Just(Some(TYPES[1])),
            1 => Just(Some(GHOST)),
        ]
        .prop_map(|name| name.map(str::to_owned))
        .boxed(),
    }
}

fn deaths() -> impl Strategy<Value = Vec<Death>> {
    let when = prop_oneof![Just(When::Before), Just(When::After)];
    let call = prop_oneof![3 => 0_usize..12, 2 => 12_usize..36];
    let death = (call, when).prop_map(|(call, when)| Death { call, when });
    collection::vec(death, 0..=2)
}
