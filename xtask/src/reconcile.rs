//! `cargo xtask reconcile`

mod devices;
mod findings;

use std::{path::PathBuf, process::ExitCode, sync::Arc, time::SystemTime};

use anyhow::Result;
use futures::{StreamExt, stream};
use ledger::{CertificateStatus, Leases, Plan, Report, RunFiles};
use registry::{CallError, CallErrorKind, Census, Comparer, Pace, Registry, Seen};
use serde_json::Value;

use self::{
    devices::{Device, Devices},
    findings::{Collector, Findings},
};
use crate::{
    advice::with_hint,
    aws,
    deployed::{Deployed, run_name},
    destination::Destination,
    figures::{counted, duration, grouped},
    import::SOME_NOT_FINE,
    progress::{Step, cyan, data, say},
    whole_file::WholeFile,
};

/// Devices that are asked for at once; the rates hold them, not their number.
const AT_ONCE: usize = 32;
/// After so many devices the share of the rates is looked at again.
const CHUNK: usize = 500;
/// Of the rates, half is taken, and less while runs are going.
const MODEST: u32 = 2;

/// Compare what a run left with what AWS IoT holds now: what is missing, changed, extra
///
/// Each device that ended well is compared with its thing, its type and attributes, its certificate and its status, the
/// attachment, groups and policies. Listings of the account tell most of it, 250 objects a page; only which certificates
/// a thing has is asked for each thing, which takes longest: with AWS's default quota 10 a second, half of the rate.
/// --quick leaves that out. For a run of phase 1 it tells how many devices are activated and how long the others wait.
/// Nothing is written to AWS IoT.
///
/// Exit status: 0 all is as the run left it, 1 there are differences, or something may not be asked, 2 wrong usage,
/// 3 it could not be told.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name of the run, its ARN, or the address of one of its files
    #[arg(value_name = "RUN")]
    run: String,
    /// Leave out which certificates things have: what is left takes about an hour for a million devices
    #[arg(long)]
    quick: bool,
    /// Write every difference into FILE, as CSV
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Print JSON: the counts and the first 20 differences
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    at: Destination,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    // Nothing is changed, so Ctrl-C needs no words: the table is put into its place at the end only.
    let mut out = args.out.as_deref().map(WholeFile::create).transpose()?;
    let findings = aws::block_on(async {
        let deployed = Deployed::find(&args.at).await?;
        let run = run_name(&args.run);
        let report = deployed.report(run).await?;
        check(run, &report, &deployed.json(&RunFiles::of(run).plan()).await?.unwrap_or_default())?;
        let plan = deployed.plan(run).await?;
        reconcile(&deployed, &plan, args.quick, out.as_mut()).await
    })?;
    if args.json {
        data(&format!("{:#}\n", serde_json::to_value(&findings)?))?;
    } else {
        data(&(findings.text() + "\n"))?;
    }
    if let Some(out) = out {
        out.keep()?;
    } else if findings.differing > 0 && !args.json {
        say(&format!("{} --out FILE.csv writes every difference", cyan("hint:")));
    }
    if !findings.not_asked.is_empty() {
        say(&format!(
            "{} the policies operator and auditor of the stack allow what may not be asked",
            cyan("hint:")
        ));
    }
    Ok(if findings.is_fine() { ExitCode::SUCCESS } else { ExitCode::from(SOME_NOT_FINE) })
}

/// Refuses runs that left nothing.
fn check(run: &str, report: &Report, plan: &Value) -> Result<()> {
    if report.results.is_empty() {
        return Err(with_hint(
            format!("the run `{run}` stopped before it read a device: it left nothing to compare"),
            format!("why: {}", report.summary),
        ));
    }
    let member = |name: &str| plan.get(name);
    if member("dry").and_then(Value::as_bool).unwrap_or_default() {
        return Err(with_hint(
            format!("the run `{run}` was a dry run: it left nothing to compare"),
            "name the run that imported the file; `cargo xtask runs` lists them",
        ));
    }
    if let Some(undone) = member("undoes").and_then(Value::as_str) {
        return Err(with_hint(
            format!("the run `{run}` took back what `{undone}` had created"),
            "its report tells what it kept",
        ));
    }
    Ok(())
}

async fn reconcile(
    deployed: &Deployed,
    plan: &Plan,
    quick: bool,
    out: Option<&mut WholeFile>,
) -> Result<Findings> {
    let (run, store) = (plan.run.as_str(), deployed.runs()?);
    let mut step = Step::begin(&format!("Reading what {run} left"));
    let devices = Devices::of(&store, &deployed.s3(), plan).await?;
    let is_phase_1 = plan.profile.defer_things
        && plan.profile.certificate_status == CertificateStatus::Inactive
        && plan.vendor != "mes";
    let mut collector = Collector::new(run, is_phase_1);
    if let Some(out) = out {
        collector.write_into(out.as_file().try_clone()?)?;
    }

    let pace = Arc::new(Pace::default());
    let registry = Registry::new(deployed.iot(), pace.clone());
    let asks_each = !quick && !is_phase_1;
    step.update(&format!(
        "Listing the account for {}",
        counted(devices.count, "device", "devices")
    ));
    let seen = list(&registry, plan, &devices, quick, &step).await?;
    if asks_each && seen.is_some() && devices.count > 1_000 {
        let a_second = plan.rate.list_thing_principals / f64::from(MODEST);
        let count = f64::from(u32::try_from(devices.count).unwrap_or(u32::MAX));
        step.line(&format!(
            "which certificates things have is asked for each of them: at least {}; --quick leaves it out",
            duration(count / a_second)
        ));
    }

    let comparer = Comparer::new(&registry, &plan.profile, asks_each);
    let leases = Leases::new(store);
    let mut reading = devices.read()?;
    let mut seen = seen.into_iter().flatten().chain(std::iter::repeat(Seen::default()));
    loop {
        let runs = leases.holders(SystemTime::now()).await.unwrap_or_default().active.len();
        let runs = u32::try_from(runs).unwrap_or(u32::MAX).saturating_add(1);
        pace.share(&plan.rate, runs.saturating_mul(MODEST));
        let chunk = reading.by_ref().take(CHUNK).collect::<Result<Vec<Device>>>()?;
        if chunk.is_empty() {
            break;
        }
        let asked = chunk.into_iter().zip(seen.by_ref()).map(|(device, seen)| {
            let comparer = &comparer;
            async move {
                let now = comparer.compare(&device.left.left(), seen).await;
                (device, now)
            }
        });
        // In the order of the file, so that the table is.
        let mut asked = stream::iter(asked).buffered(AT_ONCE);
        while let Some((device, now)) = asked.next().await {
            add(&mut collector, &device, now)?;
            let (done, differing) = collector.so_far();
            step.moves_to(&format!(
                "Comparing: {} of {}, {} not as the run left them",
                grouped(done),
                counted(devices.count, "device", "devices"),
                grouped(differing)
            ));
        }
    }
    drop(step);
    let mut findings = collector.finish()?;
    findings.not_expected = devices.others;
    let denied = comparer.denied();
    findings.not_asked = denied.into_iter().map(|(call, why)| (call.to_owned(), why)).collect();
    if quick && !is_phase_1 {
        findings
            .not_compared
            .push("which certificates things have was not asked (--quick)".to_owned());
    }
    if devices.is_work_gone {
        findings.not_compared.push(
            "attributes and devices' own types are not compared: the run's work is kept for 30 days".to_owned(),
        );
    }
    Ok(findings)
}

/// What listings show of the devices, where that is cheaper than asking for each.
async fn list(
    registry: &Registry,
    plan: &Plan,
    devices: &Devices,
    quick: bool,
    step: &Step,
) -> Result<Option<Vec<Seen>>> {
    let mut census = Census::default();
    for device in devices.read()? {
        census.add(&device?.left.left());
    }
    // Asking takes some five calls a device. An account that is far larger than the run is not listed, unless
    // nothing else is wanted.
    let most = if quick { u64::MAX } else { 10 + devices.count };
    match census.take(registry, &plan.profile, most).await {
        Ok(seen) => Ok(seen),
        Err(CallError { call, kind: CallErrorKind::Denied(_) }) => {
            step.line(&format!(
                "{call} may not be asked, so each device is asked for, which takes longer"
            ));
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

fn add(
    collector: &mut Collector,
    device: &Device,
    compared: Result<registry::Compared, CallError>,
) -> Result<()> {
    match compared {
        Ok(compared) => collector.add(device, &compared, ledger::seconds_of_epoch()),
        // One device that AWS IoT does not answer about does not end the comparing of a million.
        Err(error) if error.kind.is_passing() => {
            collector.add_unanswered();
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}
