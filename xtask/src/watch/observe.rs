//! Asks what a run has come to.

use std::{collections::BTreeMap, time::SystemTime};

use anyhow::Result;
use aws_sdk_sfn::types::ExecutionStatus;
use ledger::{Holders, Leases, Plan, Report, RunFiles, Store};

use super::{
    rates,
    units::Units,
    view::{PreparedCount, View},
};
use crate::{
    advice::with_hint,
    deployed::Deployed,
    figures::seconds_of,
    run_follow::{
        CLOSING_PATIENCE,
        execution::{self, Execution},
    },
};

/// The state in which a run waits for somebody to upload a certificate.
const WAIT_FOR_SIGNER: &str = "WaitForSigner";

/// Somebody who looks on at the runs of a stack.
#[derive(Debug)]
pub(super) struct Observer {
    sfn: aws_sdk_sfn::Client,
    store: Store,
    leases: Leases,
    stack: String,
}

/// One run, and what was read of it.
#[derive(Debug)]
pub(super) struct Observed {
    pub(super) name: String,
    pub(super) arn: String,
    /// Whether it could be looked at before.
    pub(super) is_seen: bool,
    files: RunFiles,
    plan: Option<Plan>,
    units: Option<Units>,
    /// Why the run's files are not read, where they may not be.
    uncounted: Option<String>,
}

/// What a run ended with.
#[derive(Debug)]
pub(super) enum End {
    /// Its report.
    Report(Box<Report>),
    /// The file was a certificate, which is filed now.
    Filed(String),
}

impl Observed {
    pub(super) fn new(name: &str, arn: &str) -> Self {
        Self {
            name: name.to_owned(),
            arn: arn.to_owned(),
            is_seen: false,
            files: RunFiles::of(name),
            plan: None,
            units: None,
            uncounted: None,
        }
    }
}

impl Observer {
    pub(super) fn of(deployed: &Deployed) -> Result<Self> {
        let store = deployed.runs()?;
        Ok(Self {
            sfn: deployed.sfn(),
            leases: Leases::new(store.clone()),
            store,
            stack: deployed.stack.clone(),
        })
    }

    /// Who shares the rates. Whoever may not see it watches all the same.
    pub(super) async fn holders(&self) -> Holders {
        self.leases.holders(SystemTime::now()).await.unwrap_or_default()
    }

    /// The run as it stands, and its execution where that has ended.
    pub(super) async fn look(
        &self,
        run: &mut Observed,
        holders: &Holders,
    ) -> Result<(View, Option<Execution>)> {
        let execution = execution::describe(&self.sfn, &run.arn).await?;
        let now = seconds_of(SystemTime::now());
        let mut view = View {
            run: run.name.clone(),
            machine: machine(&run.arn, &self.stack),
            status: execution.status.clone(),
            seconds: (execution.ended.unwrap_or(now) - execution.started).max(0.0),
            sharing: 1,
            ..View::default()
        };
        if !execution.has_ended {
            view.set_stage(execution::stage(&self.sfn, &run.arn).await?);
            if view.state == WAIT_FOR_SIGNER {
                view.waits_for = execution::waits_for(&self.sfn, &run.arn).await;
            }
            let is_other = |name: &&String| **name != run.name;
            view.sharing += holders.active.iter().filter(is_other).count();
            let stuck = holders.expired.iter().find(|expired| expired.run == run.name);
            view.stuck_since = stuck.map(|expired| seconds_of(expired.since));
        }
        if run.uncounted.is_none()
            && let Err(error) = self.count(run).await
        {
            run.uncounted =
                Some(format!("what became of the devices cannot be counted: {error:#}"));
        }
        describe(&mut view, run, now);
        run.is_seen = true;
        Ok((view, execution.has_ended.then_some(execution)))
    }

    /// Reads what is new of the run's files.
    async fn count(&self, run: &mut Observed) -> Result<()> {
        // Decode completes the plan.
        if run.plan.as_ref().is_none_or(|plan| plan.prepared.is_none()) {
            run.plan = self.store.read_json(&run.files.plan()).await.map_err(plain)?;
        }
        let is_prepared = run.plan.as_ref().is_some_and(|plan| plan.prepared.is_some());
        if run.units.is_none() && is_prepared {
            run.units = Some(Units::of(&self.store, run.files.clone()).await.map_err(plain)?);
        }
        match &mut run.units {
            Some(units) => units.refresh(&self.store).await.map_err(plain),
            None => Ok(()),
        }
    }

    /// What the run ended with. The report of a run that was stopped is written by another machine, after the end.
    pub(super) async fn end(
        &self,
        deployed: &Deployed,
        run: &Observed,
        execution: &Execution,
    ) -> Result<End> {
        if let Some(output) = execution.filed() {
            let summary = output.get("summary").and_then(serde_json::Value::as_str);
            return Ok(End::Filed(summary.unwrap_or("the certificate is filed").to_owned()));
        }
        let begun = tokio::time::Instant::now();
        loop {
            if let Some(report) = deployed.json(&run.files.report()).await? {
                return Ok(End::Report(Box::new(report)));
            }
            if begun.elapsed() > CLOSING_PATIENCE {
                return Err(with_hint(
                    format!(
                        "the run `{}` ended as {} without a report: {}",
                        run.name,
                        execution.status,
                        execution.why()
                    ),
                    format!("open the execution {} in the Step Functions console", run.arn),
                ));
            }
            tokio::time::sleep(super::PAUSE).await;
        }
    }
}

/// The runs that are going, and the one that ended last, as far as this person may look.
pub(super) async fn find(deployed: &Deployed) -> Result<Found> {
    let running = deployed.executions(Some(ExecutionStatus::Running)).await?;
    let running = running.into_iter().map(|run| (run.name, run.execution_arn)).collect();
    let all = deployed.executions(None).await?;
    let ended = all.into_iter().filter_map(|run| {
        let ended = run.stop_date?.as_secs_f64();
        Some((ended, (run.name, run.execution_arn)))
    });
    let latest = ended.max_by(|(one, _), (other, _)| one.total_cmp(other));
    Ok(Found { running, latest: latest.map(|(_, run)| run) })
}

/// Runs of a stack, by name with their ARNs.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) running: BTreeMap<String, String>,
    /// The one that ended last.
    pub(super) latest: Option<(String, String)>,
}

/// Puts in what the run's files tell.
fn describe(view: &mut View, run: &Observed, now: f64) {
    view.uncounted.clone_from(&run.uncounted);
    let Some(plan) = &run.plan else { return };
    view.file = format!("s3://{}/{}", plan.source.bucket, plan.source.key);
    view.prepared = plan.prepared.as_ref().map(|prepared| PreparedCount {
        entries: prepared.entries,
        devices: prepared.devices,
        refused: prepared.refused,
    });
    let Some(units) = &run.units else { return };
    view.outcomes = units.outcomes();
    view.is_behind = units.is_behind();
    view.throttled = units.throttles();
    if view.outcomes.is_empty() && view.state.is_empty() {
        // What the workers wrote down is kept for 30 days; the report has the counts.
        view.prepared = None;
    }
    if view.status == "RUNNING" && !view.is_behind {
        view.pace = rates::pace(units.limits(), &plan.rate, now);
    }
    view.seconds_left = view.time_left().filter(|left| *left > 0.0);
}

/// The machine of an execution, without the stack's name.
fn machine(execution: &str, stack: &str) -> String {
    let name = execution.rsplit(':').nth(1).unwrap_or_default();
    name.strip_prefix(&format!("{stack}-")).unwrap_or(name).to_owned()
}

/// The ledger's sentence without the SDK's account of how it came to it.
fn plain(error: ledger::StoreError) -> anyhow::Error {
    let text = error.to_string();
    if text.contains("AccessDenied") {
        let (what, _) = text.split_once(':').unwrap_or((text.as_str(), ""));
        return anyhow::anyhow!(
            "{what} (AccessDenied); the policies operator and auditor allow it"
        );
    }
    error.into()
}

#[cfg(test)]
mod tests {
    use super::machine;

    #[test]
    fn a_machine_is_called_as_people_call_it() {
        let arn = "arn:aws:states:us-east-1:000000000000:execution:acme-thing-import:reel-7";
        assert_eq!(machine(arn, "acme-thing"), "import");
        assert_eq!(machine(arn, "other"), "acme-thing-import");
    }
}
