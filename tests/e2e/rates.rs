//! AWS IoT's quotas are shared, kept and used: told from the log of a gate that has them.

use std::collections::HashSet;

use gate::{Entry, Quota};
use ledger::Limited;
use rcgen::KeyPair;
use tokio::time::{Duration, Instant, sleep};

use crate::{
    samples::{parameters, standard},
    world::{Making, Run, SIX_CALLS, World, bucket, tell},
};

const REGISTER: &str = "RegisterCertificateWithoutCA";

/// What the gate admits: registrations a second, and how many at once.
const RATE: f64 = 20.0;
const BURST: f64 = 5.0;

/// A file of certificates, and their ids.
struct File {
    list: String,
    ids: HashSet<String>,
}

impl File {
    fn of(name: &str, devices: u32) -> Self {
        // One key for all: making hundreds would take longer than importing them.
        let key = KeyPair::generate().unwrap();
        let certificates: Vec<_> = (0..devices)
            .map(|number| parameters(&format!("{name}-{number:04}")).self_signed(&key).unwrap())
            .collect();
        Self {
            list: certificates.iter().map(|leaf| standard(leaf.der()) + "\n").collect(),
            ids: certificates
                .iter()
                .map(|leaf| manifest::CertificateId::of(leaf.der()).to_string())
                .collect(),
        }
    }
}

/// A cloud whose gate admits [`RATE`] registrations a second, with a stack that is set to `configured`.
async fn world(configured: f64) -> World {
    let world = Making::with(SIX_CALLS).registering_at(configured).alone().world().await;
    world.gate.limit(REGISTER, Quota::new(RATE, BURST));
    world
}

/// Registrations that were admitted.
fn admitted(world: &World) -> Vec<Entry> {
    let log = world.gate.log().into_iter();
    log.filter(|entry| entry.operation == REGISTER && entry.is_fine()).collect()
}

/// Seconds from the first entry to the last.
fn seconds(entries: &[Entry]) -> f64 {
    let [first, .., last] = entries else { panic!("at least two: {entries:?}") };
    f64::from(u32::try_from(last.ms - first.ms).unwrap()) / 1_000.0
}

fn count(entries: usize) -> f64 {
    f64::from(u32::try_from(entries).unwrap())
}

/// Which part of the gate was used between the first registration and the last.
fn used(entries: &[Entry]) -> f64 {
    count(entries.len()) / (RATE * seconds(entries))
}

#[track_caller]
fn limited(run: &Run) -> &Limited {
    match run.report().limited.as_slice() {
        [limited] => limited,
        limited => panic!("one operation held the run up, not {limited:?}"),
    }
}

/// How many imports may be tried: on a machine that is busy with something else, the workers are
/// not always there when they might call.
const TRIES: u32 = 3;

#[tokio::test(flavor = "multi_thread")]
async fn two_imports_at_once_share_the_rate_and_use_it() {
    for tried in 1.. {
        let (one, other, used) = two_imports().await;
        let half = count(one + other) / 2.0;
        let halves = (count(one) - half).abs() <= 0.2 * half;
        if halves && used >= 0.9 {
            return;
        }
        assert!(tried < TRIES, "{used} of the gate was used, by {one} and {other}");
    }
}

/// Registrations of each run while both ran, and which part of the gate was used. What has to hold
/// on any machine is asserted here.
async fn two_imports() -> (usize, usize, f64) {
    const DEVICES: u32 = 400;
    let world = world(RATE).await;
    let files = ["first", "second"].map(|name| File::of(name, DEVICES));
    for (name, file) in ["first", "second"].into_iter().zip(&files) {
        world.upload("generated", &format!("{name}.txt"), file.list.clone()).await;
    }
    let names = world
        .until("both runs start", async || Some(world.runs().await).filter(|runs| runs.len() == 2))
        .await;
    for name in &names {
        let run = world.ended(name).await;
        assert_eq!(run.summary(), format!("{DEVICES} read, {DEVICES} created"), "no device fails");
        let limited = limited(&run);
        assert_eq!((limited.call.as_str(), limited.rate), (REGISTER, RATE), "{limited:?}");
        assert!(limited.seconds > limited.of_seconds / 2.0, "{limited:?}");
        assert!(limited.advice.contains("shared by up to 2 runs"), "{limited:?}");
    }

    let all = admitted(&world);
    for (index, from) in all.iter().enumerate() {
        let second = all[index..].iter().take_while(|entry| entry.ms < from.ms + 1_000).count();
        assert!(count(second) <= RATE + BURST, "{second} in the second from {} ms", from.ms);
    }

    let [one, other] = files.map(|file| {
        let own = all.iter().filter(|entry| file.ids.contains(&entry.subject));
        own.cloned().collect::<Vec<_>>()
    });
    assert_eq!(one.len() + other.len(), all.len());
    let from = one[0].ms.max(other[0].ms);
    let until = one.last().unwrap().ms.min(other.last().unwrap().ms);
    let [one, other] = [one, other]
        .map(|own| own.iter().filter(|entry| (from..=until).contains(&entry.ms)).count());
    let calls = world.gate.calls()[REGISTER];
    tell(&format!(
        "two imports at a gate of {RATE} a second: {one} and {other} registrations while both ran, {:.0} % of the \
         gate used in {:.1} s, {} throttles",
        used(&all) * 100.0,
        seconds(&all),
        calls - u64::try_from(all.len()).unwrap(),
    ));
    (one, other, used(&all))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quota_below_the_configured_rate_is_found_and_fails_no_device() {
    const DEVICES: u32 = 400;
    let world = world(RATE * 2.0).await;
    let file = File::of("device", DEVICES);
    world.upload("generated", "list.txt", file.list).await;
    let name = world.next_run(&[]).await;

    let lease = world.s3.get_object().bucket(bucket("runs")).key(format!("rate/active/{name}"));
    let ceiling = world
        .until("the lease carries the ceiling", async || {
            let lease = lease.clone().send().await.ok()?.body.collect().await.unwrap().to_vec();
            let lease: serde_json::Value = serde_json::from_slice(&lease).unwrap();
            lease["ceilings"][REGISTER]["calls_a_second"].as_f64()
        })
        .await;
    assert!(ceiling > 0.0 && ceiling <= RATE * 2.0, "{ceiling}");

    let run = world.ended(&name).await;
    assert_eq!(run.summary(), format!("{DEVICES} read, {DEVICES} created"));
    let limited = limited(&run);
    assert_eq!(limited.call, REGISTER);
    let all = admitted(&world);
    let throttles = world.gate.calls()[REGISTER] - u64::from(DEVICES);
    // A unit that had to be tried again as a whole tells of its last try only.
    assert!((throttles / 2..=throttles).contains(&limited.throttles), "{throttles}: {limited:?}");
    tell(&format!(
        "an import at twice the rate of the gate: {:.0} % of it used in {:.1} s, {throttles} throttles; a ceiling of \
         {ceiling:.1} a second was passed on; {}",
        used(&all) * 100.0,
        seconds(&all),
        limited.advice,
    ));
    assert!(used(&all) >= 0.75, "{} of the gate was used", used(&all));
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_that_end_leave_their_share_within_seconds_also_to_devices_that_wait() {
    const OTHERS: u32 = 199;
    let world = Making::with(SIX_CALLS).registering_at(RATE * 2.0).world().await;
    let lease = |other| format!("rate/active/other-{other}");
    for other in 0..OTHERS {
        let lease = world.s3.put_object().bucket(bucket("runs")).key(lease(other));
        lease.send().await.unwrap();
    }
    let devices = 20;
    world.upload("generated", "list.txt", File::of("device", devices).list).await;
    let name = world.next_run(&[]).await;
    // Eight workers have a registration in 40 seconds each. All of them look, and wait.
    world
        .until("all workers wait", async || {
            (world.gate.calls().get("DescribeThing")? >= &8).then_some(())
        })
        .await;
    sleep(Duration::from_secs(1)).await;
    let early = world.gate.calls().get(REGISTER).copied().unwrap_or_default();
    assert!(early <= 4, "a two-hundredth of the rate is for this run, and {early} are registered");
    let waiting = Instant::now();
    for other in 0..OTHERS {
        let lease = world.s3.delete_object().bucket(bucket("runs")).key(lease(other));
        lease.send().await.unwrap();
    }
    let run = world.ended(&name).await;
    let seconds = waiting.elapsed().as_secs_f64();
    assert_eq!(run.summary(), format!("{devices} read, {devices} created"));
    tell(&format!(
        "{OTHERS} runs ended; {devices} devices that had waited for them took {seconds:.1} s"
    ));
    assert!(seconds < 20.0, "{seconds} s");
}
