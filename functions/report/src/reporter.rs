//! Carries out what the machines ask for.

use ledger::{
    FinishedFile, Keep, Leases, Plan, Report, RunFiles, RunTag, Stop, Store, StoreError,
    UnitLimits, Verdict, finished_file, seconds_of_epoch, within_task_limit,
};
use serde::{Deserialize, Serialize};
use telemetry::Telemetry;
use tracing::Instrument;

use crate::{
    Answer, Ended, Event, FailuresQueue, ReportError, State, StatusChange,
    assemble::{self, Execution},
    book::Recount,
    closing::{self, OWN_ERRORS},
    console,
    cost::{self, Effort},
    failures::{About, Failures},
    forecast,
    index::{self, Indexed, Indexing},
    limited, metrics, notice,
    page::{self, Contents, Pace},
    results, stop, summary, undone,
    units::Absence,
    upkeep, watch,
};

/// What the function keeps from one task to the next.
#[derive(Clone, Debug)]
pub struct Reporter {
    pub(crate) store: Store,
    pub(crate) leases: Leases,
    pub(crate) telemetry: Telemetry,
    queue: FailuresQueue,
}

/// A run that has ended.
struct Run<'a> {
    files: RunFiles,
    /// ARN of its execution.
    execution: &'a str,
    /// In seconds of the Unix epoch, where it is known.
    started: Option<f64>,
    state: &'a State,
    /// How it ended, where it did so without its own report.
    change: Option<&'a StatusChange>,
}

/// A report that is written, and what follows from it.
struct Written {
    report: Report,
    failures: Failures,
    effort: Effort,
    tag: RunTag,
    indexed: Indexed,
}

/// Whether the queue took the devices that did not end well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PassedOn {
    Yes,
    No,
}

/// `told.json`: the run's end was counted, and its devices that did not end well were passed on, or not.
#[derive(Debug, Serialize, Deserialize)]
struct Told {
    /// In seconds of the Unix epoch.
    time: f64,
    /// How many devices the queue was told of.
    devices: u64,
    /// Whether it took them.
    passed_on: bool,
}

impl Reporter {
    /// A reporter on the runs in `store`.
    pub fn new(store: Store, queue: FailuresQueue, telemetry: Telemetry) -> Self {
        Self { leases: Leases::new(store.clone()), store, telemetry, queue }
    }

    /// Carries out a task.
    pub async fn handle(&self, event: Event) -> Result<Answer, ReportError> {
        match event {
            Event::Report { run, execution, started, state } => {
                let span = tracing::info_span!("report", run);
                let run = Run {
                    files: RunFiles::of(&run),
                    execution: &execution,
                    started: console::seconds(&started),
                    state: &state,
                    change: None,
                };
                Box::pin(self.report(&run)).instrument(span).await
            }
            Event::Close { ended, state } => {
                let span = tracing::info_span!("close", run = ended.name);
                let run = Run {
                    files: RunFiles::of(&ended.name),
                    execution: &ended.execution_arn,
                    started: ended.started(),
                    state: &state,
                    change: Some(&ended),
                };
                Box::pin(self.close(&run, &ended)).instrument(span).await
            }
            Event::Watch { execution } => watch::look(self, &execution).await,
            Event::Index => upkeep::carry_out(&self.store).await,
        }
    }

    async fn report(&self, run: &Run<'_>) -> Result<Answer, ReportError> {
        let written = Box::pin(self.write(run)).await?;
        self.leases.release(run.files.run()).await?;
        let passed_on = self.conclude(run, &written).await?;
        self.answer(run, written.report, passed_on)
    }

    /// What other runs and people wait for comes first: keeping the index can take half a minute.
    async fn conclude(
        &self,
        run: &Run<'_>,
        written: &Written,
    ) -> Result<Option<PassedOn>, ReportError> {
        let passed_on = self.settle_unless_dry(run, written).await;
        index::note(&self.store, written.tag, &written.report, written.indexed).await;
        passed_on
    }

    /// A run that came to its verdict was told of on its way. One that died before, but after its
    /// report, may have been: people are told, rather twice than never.
    async fn close(&self, run: &Run<'_>, ended: &StatusChange) -> Result<Answer, ReportError> {
        if let Some(report) = self.store.read_json::<Report>(&run.files.report()).await? {
            let own = ended.error.as_deref().is_some_and(|error| OWN_ERRORS.contains(&error));
            if own {
                return self.answer(run, report, None);
            }
            tracing::warn!("the run died between its report and its verdict");
            let written = Box::pin(self.recount(run, report)).await?;
            let passed_on = self.conclude(run, &written).await?;
            return self.answer(run, written.report, passed_on);
        }
        let waits = closing::wait_for_workers(&self.store, &self.leases, &run.files).await?;
        if let Some(wait_seconds) = waits {
            return Ok(Answer::Again { wait_seconds });
        }
        Box::pin(self.report(run)).await
    }

    async fn write(&self, run: &Run<'_>) -> Result<Written, ReportError> {
        let (store, files) = (&self.store, &run.files);
        let plan: Option<Plan> = store.read_json(&files.plan()).await?;
        let stop = store.read_json::<Stop>(&files.stopped()).await?;
        let again = match run.state.run {
            Some(_) => undone::AGAIN,
            None if assemble::is_dry(run.state, plan.as_ref()) => stop::PLAN_AGAIN,
            None => stop::AGAIN,
        };
        let stop = stop.or_else(|| stop::of_machine(run.state.failure.as_ref(), run.change, again));
        let tag = index::tag(files.run(), run.started);
        let mut recount = self.count(files, plan.as_ref(), stop.as_ref(), tag).await?;
        let failures = std::mem::take(&mut recount.failures);
        let rows = std::mem::take(&mut recount.rows);
        let indexed = recount.indexed;
        let ended = self.ended(files).await?;
        let execution = Execution { arn: run.execution, started: run.started, ended };
        let (bucket, plan) = (store.bucket(), plan.as_ref());
        let mut report =
            assemble::assemble(bucket, files, run.state, execution, plan, stop, recount);
        let (limits, pace) = self.limits(files, plan, run.state).await?;
        if let (Some(limits), Some(plan)) = (&limits, plan) {
            if report.dry && report.undoes.is_none() {
                report.forecast = Some(forecast::forecast(limits, plan, run.started));
            } else {
                report.limited = limited::limited(limits, &plan.rate);
            }
        }
        let effort = Effort::of(limits, plan, run.started);
        let html = page::render(Contents {
            report: &report,
            plan,
            rows: &rows,
            pace: &pace,
            cost: cost::estimate(&effort),
            address: &self.address(files),
        })?;
        // The page first: where there is a report, there is its page.
        store.write_page(&files.page(), html).await?;
        store.write_json(&files.report(), &report, Keep::Always).await?;
        let imports = report.undoes.is_none() && !report.dry;
        if imports && report.verdict != Verdict::Stopped && report.counts.fine() > 0 {
            let file = FinishedFile { run: report.run.clone() };
            store.write_json(&finished_file(&report.source.sha256), &file, Keep::Always).await?;
        }
        tracing::info!(
            verdict = report.verdict.word(),
            balanced = report.balanced,
            read = report.counts.read,
            "reported"
        );
        Ok(Written { report, failures, effort, tag, indexed })
    }

    /// When the run was reported first, so that a try after that writes the same.
    async fn ended(&self, files: &RunFiles) -> Result<f64, ReportError> {
        match self.store.read_json::<Report>(&files.report()).await {
            Ok(Some(report)) if report.ended > 0.0 => Ok(report.ended),
            // Milliseconds are what people and programs compare times by.
            Ok(_) | Err(StoreError::Malformed { .. }) => {
                Ok((seconds_of_epoch() * 1_000.0).round() / 1_000.0)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// What follows from a report that is there already. It told why devices were not attempted, so
    /// counting them again gives the same.
    async fn recount(&self, run: &Run<'_>, report: Report) -> Result<Written, ReportError> {
        let plan: Option<Plan> = self.store.read_json(&run.files.plan()).await?;
        let stop = report.stopped.clone().map(|note| Stop { code: note.code, reason: note.reason });
        let tag = index::tag(run.files.run(), run.started);
        let recount = self.count(&run.files, plan.as_ref(), stop.as_ref(), tag).await?;
        let Recount { failures, indexed, .. } = recount;
        let (limits, _) = self.limits(&run.files, plan.as_ref(), run.state).await?;
        let effort = Effort::of(limits, plan.as_ref(), run.started);
        Ok(Written { report, failures, effort, tag, indexed })
    }

    async fn count(
        &self,
        files: &RunFiles,
        plan: Option<&Plan>,
        stop: Option<&Stop>,
        tag: RunTag,
    ) -> Result<Recount, ReportError> {
        match plan.and_then(|plan| plan.prepared.as_ref()) {
            Some(prepared) => {
                let is_dry = plan.is_some_and(|plan| plan.dry);
                let indexing =
                    if is_dry { Indexing::of_nothing() } else { Indexing::of(&self.store, tag) };
                let again = plan.is_some_and(|plan| plan.undoes.is_some());
                let again = if again { "undo the run again" } else { "import the file again" };
                let absence = Absence { stop, again };
                results::write(&self.store, files, prepared, absence, indexing).await
            }
            None => Ok(Recount::of_no_entries()),
        }
    }

    /// What the workers wrote down of the quotas, and how fast they went.
    async fn limits(
        &self,
        files: &RunFiles,
        plan: Option<&Plan>,
        state: &State,
    ) -> Result<(Option<UnitLimits>, Pace), ReportError> {
        let vendor = plan.map_or(&state.vendor, |plan| &plan.vendor);
        let pace = Pace::of(vendor, state.run.is_some());
        match plan.and_then(|plan| plan.prepared.as_ref()) {
            Some(prepared) => Ok(limited::collect(&self.store, files, prepared.units, pace).await?),
            None => Ok((None, pace)),
        }
    }

    /// A dry run counts for nothing, and whoever asked for it looks at its end: nobody is told.
    async fn settle_unless_dry(
        &self,
        run: &Run<'_>,
        written: &Written,
    ) -> Result<Option<PassedOn>, ReportError> {
        if written.report.dry {
            return Ok(None);
        }
        self.settle(run, written).await.map(Some)
    }

    /// Counts the run, and passes its devices on that did not end well, unless an earlier try did.
    ///
    /// The report stands whatever happens here. A try that is cut off before it noted that it is done
    /// is repeated as a whole, so the queue's messages come at least once. Where the queue takes none,
    /// the run's own machine tries for some minutes; the machine that closes the run has people told
    /// so instead.
    async fn settle(&self, run: &Run<'_>, written: &Written) -> Result<PassedOn, ReportError> {
        let Written { report, failures, effort, .. } = written;
        let (store, files) = (&self.store, &run.files);
        let told: Option<Told> = store.read_json(&files.told()).await?;
        if told.as_ref().is_some_and(|told| told.passed_on) {
            return Ok(PassedOn::Yes);
        }
        let now = seconds_of_epoch();
        let about = About {
            stack: self.telemetry.stack(),
            report,
            address: self.address(files),
            time: console::time(now),
        };
        let sent = self.queue.send(&failures.messages(&about)?).await;
        let passed_on = match sent {
            Ok(()) => PassedOn::Yes,
            Err(error) if run.change.is_some() => {
                tracing::error!(code = error.code(), "the devices were not passed on");
                PassedOn::No
            }
            Err(error) => return Err(error),
        };
        if told.is_none() {
            let duration = run.started.map(|started| (now - started).max(0.0));
            let figures = metrics::figures(report, duration, cost::estimate(effort));
            self.telemetry.emit(Some(files.run()), &figures);
        }
        let passed = passed_on == PassedOn::Yes;
        let devices = if passed { failures.count() } else { 0 };
        let told = Told { time: now, devices, passed_on: passed };
        store.write_json(&files.told(), &told, Keep::Always).await?;
        Ok(passed_on)
    }

    /// The answer, with a notice where one is due.
    fn answer(
        &self,
        run: &Run<'_>,
        report: Report,
        due: Option<PassedOn>,
    ) -> Result<Answer, ReportError> {
        let address = self.address(&run.files);
        let notice = due.map(|passed_on| {
            let link = console::link(run.execution);
            let stack = self.telemetry.stack();
            let link = link.as_deref();
            Box::new(notice::of_end(stack, &report, &address, passed_on, link))
        });
        let cause = summary::cause(&report, &address);
        let [failures, stopped] = OWN_ERRORS;
        let error = match report.verdict {
            Verdict::Done => "",
            Verdict::DoneWithFailures => failures,
            Verdict::Stopped => stopped,
        };
        let Report { verdict, summary, counts, .. } = report;
        let ended = Ended { verdict, summary, counts, report: address };
        Ok(within_task_limit(Answer::Done { ended, error, cause, notice })?)
    }

    fn address(&self, files: &RunFiles) -> String {
        format!("s3://{}/{}", self.store.bucket(), files.report())
    }
}
