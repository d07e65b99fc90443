//! Looks for runs that are stuck.
//!
//! A run's workers renew its lease. One that nobody renewed for as long as a function can run, of a
//! run without a report, is stuck: its workers are not let in, or its machine waits for something.

use std::time::{SystemTime, UNIX_EPOCH};

use ledger::{Expired, Plan, RunFiles, within_task_limit};
use telemetry::{Figures, RUNS_STUCK};

use crate::{Answer, Notice, ReportError, Reporter, console, notice};

/// So many runs are told of at a time; the others' turn comes a quarter of an hour later.
const AT_ONCE: usize = 20;

/// Tells of runs that are stuck, of each once a day. `asking` is the ARN of the execution that asks.
pub(crate) async fn look(reporter: &Reporter, asking: &str) -> Result<Answer, ReportError> {
    let mut stuck = Vec::new();
    let mut count = 0;
    for expired in reporter.leases.expired(SystemTime::now()).await? {
        let files = RunFiles::of(&expired.run);
        if reporter.store.read(&files.report()).await?.is_some() {
            // It ended, and did not come to give its lease back.
            reporter.leases.release(&expired.run).await?;
            continue;
        }
        count += 1;
        let told = expired.told && !reporter.leases.is_noted_by(&expired.run, asking).await?;
        if told || stuck.len() >= AT_ONCE {
            continue;
        }
        tracing::warn!(run = expired.run, "stuck");
        let plan: Option<Plan> = reporter.store.read_json(&files.plan()).await?;
        stuck.push(tell(reporter.telemetry.stack(), &expired, plan.as_ref(), asking));
        reporter.leases.note_stuck(&expired.run, asking).await?;
    }
    let mut figures = Figures::default();
    // Also where there is none: an alarm wants to hear that all is well again.
    figures.count(RUNS_STUCK, count);
    reporter.telemetry.emit(None, &figures);
    Ok(within_task_limit(Answer::Watched { stuck })?)
}

fn tell(stack: &str, expired: &Expired, plan: Option<&Plan>, asking: &str) -> Notice {
    let vendor = plan.map(|plan| plan.vendor.as_str()).unwrap_or_default();
    let machine = format!(
        "{stack}-{}",
        notice::machine(vendor, plan.is_some_and(|plan| plan.undoes.is_some()))
    );
    let execution = console::execution(asking, &machine, &expired.run).unwrap_or_default();
    let since = expired.since.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
    let link = console::link(&execution);
    notice::of_stuck(stack, &expired.run, plan, &console::time(since), &execution, link.as_deref())
}
