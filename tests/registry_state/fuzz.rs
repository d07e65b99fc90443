//! Random accounts and random files.

use std::{
    env,
    io::{self, Write},
    panic::resume_unwind,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Instant,
};

use ledger::OutcomeKind;
use proptest::{
    prelude::*,
    test_runner::{Config, TestCaseError, TestCaseResult, TestRunner},
};
use tokio::runtime::{Builder, Runtime};

use crate::{
    account::{Account, Cloud},
    deaths::Wire,
    generate::{Case, case},
    import::{Import, Notebook},
    model,
    state::End,
    undo::Undo,
};

/// Cases that run beside each other, each in its own account.
const AT_ONCE: u32 = 4;

#[test]
fn every_device_ends_as_the_model_says_a_second_import_changes_nothing_and_an_undo_takes_all_back()
{
    let cases: u32 = if env::var_os("THINGPRESS_LONG").is_some() { 2_000 } else { 150 };
    let begun = Instant::now();
    let died = AtomicUsize::new(0);
    let cloud = Cloud::shared();
    thread::scope(|scope| {
        let runners: Vec<_> = (0..AT_ONCE)
            .map(|_| scope.spawn(|| run_cases(&cloud, cases.div_ceil(AT_ONCE), &died)))
            .collect();
        for runner in runners {
            runner.join().unwrap_or_else(|panic| resume_unwind(panic));
        }
    });
    let seconds = begun.elapsed().as_secs_f64();
    let died = died.into_inner();
    assert!(died > 0, "some imports are to die on their way");
    // `eprintln!` would be kept back where the test passes.
    let told = format!("{cases} random imports, {died} deaths on the way: {seconds:.0} s");
    writeln!(io::stderr(), "{told}").unwrap();
}

fn run_cases(cloud: &Arc<Cloud>, cases: u32, died: &AtomicUsize) {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    TestRunner::new(config)
        .run(&case(), |case| check(cloud, &runtime, &case, died))
        .unwrap_or_else(|failure| panic!("{failure}"));
}

fn check(cloud: &Arc<Cloud>, runtime: &Runtime, case: &Case, died: &AtomicUsize) -> TestCaseResult {
    runtime.block_on(async {
        let Case { account: before, profile, phase, devices, others_active, .. } = case;
        let mut after = before.clone();
        let expected: Vec<_> = devices
            .iter()
            .map(|device| model::import(&mut after, profile, *phase, device))
            .collect();

        let account = Account::new(cloud).await;
        let begun = account.fill(before).await;
        let mut import = Import {
            account: &account,
            profile,
            phase: *phase,
            devices,
            others_active: *others_active,
            begun,
            intent: None,
            notebook: Notebook::default(),
        };
        let deaths = case.deaths.iter().copied().map(Some).chain([None]);
        let mut ended = None;
        for death in deaths {
            ended = import.attempt(&Wire::new(death, case.few_attributes_at_once)).await;
            if ended.is_some() {
                break;
            }
            died.fetch_add(1, Ordering::Relaxed);
            let now = account.state().await;
            for device in devices {
                prop_assert_eq!(now.half_done_and_usable(before, &after, device), None);
            }
        }
        let ended = ended.ok_or_else(|| TestCaseError::fail("the last try fails by itself"))?;
        prop_assert_eq!(&ended, &expected, "the outcomes");
        prop_assert_eq!(account.state().await, after.clone(), "the account");

        let mut undo = Undo::of(&import, &ended);
        let mut again = Import { intent: None, ..import };
        let ended = again.attempt(&Wire::new(None, case.few_attributes_at_once)).await;
        let ended = ended.ok_or_else(|| TestCaseError::fail("the second import fails"))?;
        for (second, first) in ended.iter().zip(&expected) {
            prop_assert_eq!(&second.outcome, &repeated(first), "the second import");
            prop_assert_eq!(&second.code, &first.code, "the second import");
        }
        prop_assert_eq!(
            account.state().await,
            after.clone(),
            "the account after the second import"
        );

        // Taking the first import back leaves the account as it was before.
        let told = undo.tell(&Wire::new(None, false)).await;
        prop_assert_eq!(account.state().await, after.clone(), "only told");
        let deaths = case.deaths.iter().copied().map(Some).chain([None]);
        let mut removed = None;
        for death in deaths {
            removed = undo.attempt(&Wire::new(death, false)).await;
            if removed.is_some() {
                break;
            }
            died.fetch_add(1, Ordering::Relaxed);
            let now = account.state().await;
            for device in devices {
                prop_assert_eq!(now.half_done_and_usable(before, &after, device), None);
            }
        }
        let all_removed = vec![(OutcomeKind::Removed, String::new()); undo.devices()];
        prop_assert_eq!(removed.as_ref(), Some(&all_removed), "taken back");
        prop_assert_eq!(told, removed, "what was told");
        prop_assert_eq!(&account.state().await, before, "the account after it was taken back");
        Ok(())
    })
}

/// The word of a device when the same file comes again.
fn repeated(first: &End) -> OutcomeKind {
    if first.outcome.is_fine() { OutcomeKind::Unchanged } else { first.outcome }
}
