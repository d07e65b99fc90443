//! Recounts a run against what was prepared, and writes its report.
//!
//! The report trusts no status of the machine: it reads the prepared devices and the outcomes
//! that workers left, entry by entry. Writing it again gives the same.

mod closing;
mod error;
mod limited;
mod problems;
mod results;
mod stop;
mod summary;

use ledger::{
    Counts, FinishedFile, Keep, Leases, Limited, Object, Plan, Prepared, Report, RunFiles,
    SourceSummary, Stop, Store, Verdict, finished_file, within_task_limit,
};
use serde::{Deserialize, Serialize};

pub use closing::Closing;
pub use error::ReportError;
use results::Recount;
pub use stop::Failure;

/// What the machines send.
#[derive(Debug, Deserialize)]
pub struct Event {
    /// Name of the run.
    pub run: String,
    /// The run's state, or its input where it has no state any more.
    pub state: State,
    /// Present where the run ended without reaching its own report.
    #[serde(default)]
    pub closing: Option<Closing>,
}

/// What the report needs of a run's state.
#[derive(Debug, Deserialize)]
pub struct State {
    /// Vendor whose bucket the file was uploaded to; `mes` for device-infos.
    pub vendor: String,
    /// The file, as its event named it.
    pub object: Object,
    /// The error that a state of the machine ended with, where one did.
    #[serde(default)]
    pub failure: Option<Failure>,
}

/// Where the machine goes next, and what people see of it.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "next", rename_all = "lowercase")]
pub enum Answer {
    /// The report is written.
    Done {
        /// How the run ended.
        verdict: Verdict,
        /// The verdict in one sentence.
        summary: String,
        /// How many entries ended in which way.
        counts: Counts,
        /// Address of `report.json`.
        report: String,
        /// Name of the error that a run ends with which is not `done`.
        error: &'static str,
        /// The error in words: the verdict, the report's address, and what to do next.
        cause: String,
    },
    /// Workers of the run are still busy.
    Again {
        /// How long to wait.
        wait_seconds: u32,
    },
}

/// Reports one run.
pub async fn handle(store: &Store, event: Event) -> Result<Answer, ReportError> {
    let Event { run, state, closing } = event;
    let files = RunFiles::of(&run);
    let leases = Leases::new(store.clone());
    if closing.is_some() {
        if let Some(report) = store.read_json::<Report>(&files.report()).await? {
            return answer(store, &files, report);
        }
        if let Some(wait_seconds) = closing::wait_for_workers(store, &leases, &files).await? {
            return Ok(Answer::Again { wait_seconds });
        }
    }
    let report = write(store, &files, &state, closing.as_ref()).await?;
    leases.release(&run).await?;
    answer(store, &files, report)
}

async fn write(
    store: &Store,
    files: &RunFiles,
    state: &State,
    closing: Option<&Closing>,
) -> Result<Report, ReportError> {
    let plan: Option<Plan> = store.read_json(&files.plan()).await?;
    let stop = store.read_json::<Stop>(&files.stopped()).await?;
    let stop = stop.or_else(|| stop::of_machine(state.failure.as_ref(), closing));
    let prepared = plan.as_ref().and_then(|plan| plan.prepared.as_ref());
    let recount = match prepared {
        Some(prepared) => results::write(store, files, prepared, stop.as_ref()).await?,
        None => Recount::of_no_entries(),
    };
    let mut report = assemble(store.bucket(), files, state, plan.as_ref(), stop, recount);
    report.limited = limited(store, files, plan.as_ref()).await?;
    store.write_json(&files.report(), &report, Keep::Always).await?;
    if report.verdict != Verdict::Stopped && report.counts.fine() > 0 {
        let file = FinishedFile { run: report.run.clone() };
        store.write_json(&finished_file(&report.source.sha256), &file, Keep::Always).await?;
    }
    tracing::info!(
        run = report.run,
        verdict = report.verdict.word(),
        balanced = report.balanced,
        read = report.counts.read,
        "reported"
    );
    Ok(report)
}

/// Which quotas held the run up.
async fn limited(
    store: &Store,
    files: &RunFiles,
    plan: Option<&Plan>,
) -> Result<Vec<Limited>, ReportError> {
    let Some((plan, prepared)) = plan.and_then(|plan| Some((plan, plan.prepared.as_ref()?))) else {
        return Ok(Vec::new());
    };
    let limits = limited::collect(store, files, prepared.units).await?;
    Ok(limits.map(|limits| limited::limited(&limits, &plan.rate)).unwrap_or_default())
}

fn assemble(
    bucket: &str,
    files: &RunFiles,
    state: &State,
    plan: Option<&Plan>,
    stop: Option<Stop>,
    recount: Recount,
) -> Report {
    let Recount { counts, balanced, problems, warnings } = recount;
    let prepared = plan.and_then(|plan| plan.prepared.as_ref());
    // A run that was stopped after its last device has done its work all the same.
    let stop = stop.filter(|_| prepared.is_none() || counts.not_attempted > 0 || counts.read == 0);
    let verdict = match &stop {
        Some(_) => Verdict::Stopped,
        None if balanced && counts.fine() == counts.read => Verdict::Done,
        None => Verdict::DoneWithFailures,
    };
    Report {
        run: files.run().to_owned(),
        verdict,
        summary: summary::sentence(&counts, balanced, stop.as_ref(), &problems),
        balanced,
        vendor: state.vendor.clone(),
        profile: plan.map(|plan| plan.profile_name.clone()).unwrap_or_default(),
        source: source(state, plan),
        batch: prepared.and_then(|prepared| prepared.batch.clone()),
        signers: prepared.map(|prepared| prepared.signers.clone()).unwrap_or_default(),
        counts,
        stopped: stop.map(|Stop { code, reason }| ledger::Note { code, reason }),
        problems,
        warnings,
        notes: prepared.map(|prepared| prepared.notes.clone()).unwrap_or_default(),
        limited: Vec::new(),
        results: prepared.map(|_| format!("s3://{bucket}/{}", files.results())).unwrap_or_default(),
    }
}

fn source(state: &State, plan: Option<&Plan>) -> SourceSummary {
    let Some(plan) = plan else {
        let Object { bucket, key, version, .. } = state.object.clone();
        return SourceSummary { bucket, key, version, ..SourceSummary::default() };
    };
    let ledger::Source { bucket, key, version, bytes, .. } = plan.source.clone();
    let sha256 =
        plan.prepared.as_ref().map(|Prepared { sha256, .. }| sha256.clone()).unwrap_or_default();
    SourceSummary { bucket, key, version, sha256, bytes }
}

fn answer(store: &Store, files: &RunFiles, report: Report) -> Result<Answer, ReportError> {
    let address = format!("s3://{}/{}", store.bucket(), files.report());
    let cause = summary::cause(&report, &address);
    let error = match report.verdict {
        Verdict::Done => "",
        Verdict::DoneWithFailures => "DoneWithFailures",
        Verdict::Stopped => "Stopped",
    };
    let Report { verdict, summary, counts, .. } = report;
    Ok(within_task_limit(Answer::Done { verdict, summary, counts, report: address, error, cause })?)
}

#[cfg(test)]
mod tests {
    use ledger::Note;
    use serde_json::{Value, json};

    use super::*;

    const CALLS: [&str; 13] = [
        "describe_thing",
        "register_certificate",
        "create_thing",
        "attach_thing_principal",
        "add_thing_to_thing_group",
        "attach_policy",
        "list_thing_principals",
        "describe_certificate",
        "list_attached_policies",
        "list_thing_groups",
        "list_principal_things",
        "update_thing",
        "update_certificate",
    ];

    /// The plan of a run whose Decode read one device.
    fn plan() -> Plan {
        let source = json!({"bucket": "acme-infineon", "key": "reel.7z", "version": "v1", "etag": "e", "bytes": 9});
        let prepared = json!({"entries": 1, "devices": 1, "refused": 0, "units": 1, "sha256": "00", "signers": []});
        let rate: Value = CALLS.iter().map(|call| ((*call).to_owned(), json!(1.0))).collect();
        let plan = json!({
            "run": "r-1", "vendor": "infineon", "source": source,
            "profile_name": "default",
            "profile": {
                "policies": [], "thing_groups": [], "thing_type": null,
                "certificate_status": "active", "defer_things": false, "thing_name": null,
                "attributes": {}, "on_conflict": "fail", "reactivate": false,
                "bundle": "E0E0",
            },
            "signers": {"pins": [], "trust_uploaded": false},
            "rate": rate, "concurrency": 1, "prepared": prepared,
        });
        serde_json::from_value(plan).unwrap()
    }

    /// Compares the notes of the report that a plan leads to; null where it has none.
    #[track_caller]
    fn check(plan: Option<&Plan>, expected: &Value) {
        let state =
            json!({"vendor": "infineon", "object": {"bucket": "acme-infineon", "key": "reel.7z"}});
        let state: State = serde_json::from_value(state).unwrap();
        let files = RunFiles::of("r-1");
        let report = assemble("acme-runs", &files, &state, plan, None, Recount::of_no_entries());
        let report = serde_json::to_value(report).unwrap();
        assert_eq!(report.get("notes").unwrap_or(&Value::Null), expected);
    }

    #[test]
    fn notes_on_the_file_are_passed_on_and_absent_where_there_are_none() {
        check(None, &Value::Null);
        let mut plan = plan();
        check(Some(&plan), &Value::Null);
        let note = |code: &str| Note { code: code.to_owned(), reason: format!("about {code}") };
        plan.prepared.as_mut().unwrap().notes = vec![note("A.One"), note("B.Two")];
        let expected = json!([
            {"code": "A.One", "reason": "about A.One"},
            {"code": "B.Two", "reason": "about B.Two"},
        ]);
        check(Some(&plan), &expected);
        let kept = serde_json::to_value(&plan).unwrap();
        assert_eq!(kept["prepared"]["notes"], expected, "the plan keeps them for Report");
    }
}
