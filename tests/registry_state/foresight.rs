//! A dry run foresees what an import does: each device's end in the same words, and every call.

use std::{
    env,
    panic::resume_unwind,
    sync::{Arc, atomic::AtomicBool},
    thread,
};

use ledger::{CertificateStatus, OutcomeKind, Profile, Standing, Work};
use proptest::{
    prelude::*,
    test_runner::{Config, TestCaseResult, TestRunner},
};
use registry::{Ending, Foreseeing, Foresight, Inventory, Pace, Phase, Registry, Situation, Types};
use tokio::runtime::{Builder, Runtime};

use crate::{
    account::{Account, Cloud},
    deaths::Wire,
    generate::{Case, case},
    import::{Import, Notebook},
    state,
};

/// Cases that run beside each other, each in its own account.
const AT_ONCE: u32 = 4;

#[test]
fn what_is_foreseen_is_what_an_import_does_and_foreseeing_changes_nothing() {
    let cases: u32 = if env::var_os("THINGPRESS_LONG").is_some() { 2_000 } else { 150 };
    let cloud = Cloud::shared();
    thread::scope(|scope| {
        let runners: Vec<_> = (0..AT_ONCE)
            .map(|_| scope.spawn(|| run_cases(&cloud, cases.div_ceil(AT_ONCE))))
            .collect();
        for runner in runners {
            runner.join().unwrap_or_else(|panic| resume_unwind(panic));
        }
    });
}

fn run_cases(cloud: &Arc<Cloud>, cases: u32) {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    TestRunner::new(config)
        .run(&case(), |case| check(cloud, &runtime, &case))
        .unwrap_or_else(|failure| panic!("{failure}"));
}

fn check(cloud: &Arc<Cloud>, runtime: &Runtime, case: &Case) -> TestCaseResult {
    runtime.block_on(async {
        let Case { account: before, profile, phase, devices, .. } = case;
        let account = &Account::new(cloud).await;
        let begun = account.fill(before).await;
        let others_active = false;
        let import = Import {
            account,
            profile,
            phase: *phase,
            devices,
            others_active,
            begun,
            intent: None,
            notebook: Notebook::default(),
        };
        let work: Vec<_> =
            (1..).zip(devices).map(|(entry, device)| import.work(entry, device)).collect();
        let phase = match phase {
            state::Phase::Register => Phase::Register,
            state::Phase::Activate => Phase::Activate,
        };

        let registry = registry(account, &Wire::new(None, false));
        let asked = foresee_all(&registry, phase, profile, &work, &[]).await;
        let standings = list(&registry, phase, profile, &work).await;
        let listed = foresee_all(&registry, phase, profile, &work, &standings).await;
        prop_assert_eq!(&account.state().await, before, "foreseeing changes nothing");

        let wire = Wire::new(None, false);
        let done = import_all(&self::registry(account, &wire), phase, profile, &work).await;
        for (foreseen, by) in [(&asked, "by asking"), (&listed, "by listing")] {
            let foreseen: Vec<_> = foreseen.iter().map(|each| as_done(&each.ending)).collect();
            prop_assert_eq!(&foreseen, &done, "{}", by);
        }
        for foreseen in [&asked, &listed] {
            let calls = foreseen.iter().flat_map(|each| each.calls.iter());
            let calls: u64 = calls.map(|(_, count)| count).sum();
            prop_assert_eq!(usize::try_from(calls).unwrap(), wire.calls(), "calls");
        }
        Ok(())
    })
}

fn registry(account: &Account, wire: &Wire) -> Registry {
    Registry::new(account.client(wire.clone()), Arc::new(Pace::default()))
}

/// Foresees every device, of which a listing showed this, where there was one.
async fn foresee_all(
    registry: &Registry,
    phase: Phase,
    profile: &Profile,
    work: &[Work],
    standings: &[Standing],
) -> Vec<Foresight> {
    let types = &Types::default();
    let import = Foreseeing { phase, profile, lists: false, types };
    let mut foreseen = Vec::new();
    for (at, work) in work.iter().enumerate() {
        let standing = standings.get(at).copied().unwrap_or_default();
        let found = match standing {
            Standing::Absent => Some(phase.of_absent(profile, work)),
            Standing::Whole => registry::look_at_listed(registry, profile, work).await.unwrap(),
            Standing::Unknown => None,
        };
        let finding = match found {
            Some(finding) => finding,
            None => phase.look(registry, profile, work).await.unwrap(),
        };
        foreseen.push(registry::foresee(registry, import, work, standing, finding).await.unwrap());
    }
    foreseen
}

/// As Preflight lists the account: the second phase ends with a thing and an active certificate.
async fn list(
    registry: &Registry,
    phase: Phase,
    profile: &Profile,
    work: &[Work],
) -> Vec<Standing> {
    let profile = match phase {
        Phase::Register => profile.clone(),
        Phase::Activate => Profile {
            certificate_status: CertificateStatus::Active,
            defer_things: false,
            ..profile.clone()
        },
    };
    let mut inventory = Inventory::default();
    for work in work {
        inventory.add(&profile, work);
    }
    inventory.take(registry, &profile, 100).await.unwrap().unwrap()
}

async fn import_all(
    registry: &Registry,
    phase: Phase,
    profile: &Profile,
    work: &[Work],
) -> Vec<Ending> {
    let (others_active, memory) = (&AtomicBool::new(false), &Notebook::default());
    let situation = Situation { profile, earlier: None, others_active, memory };
    let mut done = Vec::new();
    for work in work {
        let finding = phase.look(registry, profile, work).await.unwrap();
        done.push(registry::act(registry, situation, work, finding).await.unwrap());
    }
    done
}

/// What is foreseen, without the warning that only a dry run gives, which every update has.
fn as_done(foreseen: &Ending) -> Ending {
    let mut ending = foreseen.clone();
    ending.warnings.retain(|warning| warning.code != "Plan.WouldUpdate");
    let told = ending.warnings.len() < foreseen.warnings.len();
    assert_eq!(told, ending.outcome == OutcomeKind::Updated, "{foreseen:?}");
    ending
}
