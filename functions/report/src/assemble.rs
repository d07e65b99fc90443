//! Puts the report together.

use ledger::{Object, Plan, Prepared, Report, RunFiles, SourceSummary, Stop, Verdict, planned_key};

use crate::{State, book::Recount, summary, undone};

/// The execution that the run was, and when.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Execution<'a> {
    /// Its ARN.
    pub(crate) arn: &'a str,
    /// In seconds of the Unix epoch, where it is known.
    pub(crate) started: Option<f64>,
    /// When it was reported first.
    pub(crate) ended: f64,
}

/// The report on what was counted; which quotas held the run up is added to it.
pub(crate) fn assemble(
    bucket: &str,
    files: &RunFiles,
    state: &State,
    execution: Execution<'_>,
    plan: Option<&Plan>,
    stop: Option<Stop>,
    recount: Recount,
) -> Report {
    let dry = is_dry(state, plan);
    let Recount { counts, balanced, problems, warnings, .. } = recount;
    let prepared = plan.and_then(|plan| plan.prepared.as_ref());
    // A run that was stopped after its last device has done its work all the same.
    let stop = stop.filter(|_| prepared.is_none() || counts.not_attempted > 0 || counts.read == 0);
    let verdict = match &stop {
        Some(_) => Verdict::Stopped,
        None if balanced && counts.fine() == counts.read => Verdict::Done,
        None => Verdict::DoneWithFailures,
    };
    let undoes = plan.and_then(|plan| plan.undoes.clone()).or_else(|| state.run.clone());
    let only_told = state.run.is_some() && state.dry.unwrap_or(true);
    let dry = plan.map_or(only_told || dry, |plan| plan.dry);
    let summary = match &undoes {
        Some(run) => undone::sentence(run, dry, &counts, balanced, stop.as_ref(), &problems),
        None if dry => summary::foreseen(&counts, balanced, stop.as_ref(), &problems),
        None => {
            let resumes = state.resume.as_deref();
            summary::sentence(&counts, balanced, stop.as_ref(), &problems, resumes)
        }
    };
    Report {
        run: files.run().to_owned(),
        dry,
        verdict,
        summary,
        balanced,
        undoes,
        resumes: state.resume.clone(),
        vendor: plan.map_or_else(|| state.vendor.clone(), |plan| plan.vendor.clone()),
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
        forecast: None,
        results: prepared.map(|_| format!("s3://{bucket}/{}", files.results())).unwrap_or_default(),
        execution: execution.arn.to_owned(),
        started: execution.started,
        ended: execution.ended,
        version: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

/// Whether the run writes nothing to AWS IoT. One that has no plan is known by its key.
pub(crate) fn is_dry(state: &State, plan: Option<&Plan>) -> bool {
    plan.map_or_else(|| planned_key(&state.object.key).is_some(), |plan| plan.dry)
}

fn source(state: &State, plan: Option<&Plan>) -> SourceSummary {
    let Some(plan) = plan else {
        let Object { bucket, key, version, uploader, .. } = state.object.clone();
        return SourceSummary { bucket, key, version, uploader, ..SourceSummary::default() };
    };
    let ledger::Source { bucket, key, version, bytes, uploader, .. } = plan.source.clone();
    let sha256 =
        plan.prepared.as_ref().map(|Prepared { sha256, .. }| sha256.clone()).unwrap_or_default();
    SourceSummary { bucket, key, version, sha256, bytes, uploader }
}

#[cfg(test)]
pub(crate) mod tests {
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
    pub(crate) fn plan() -> Plan {
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
        let execution = Execution::default();
        let recount = Recount::of_no_entries();
        let report = assemble("acme-runs", &files, &state, execution, plan, None, recount);
        let report = serde_json::to_value(report).unwrap();
        assert_eq!(report.get("notes").unwrap_or(&Value::Null), expected);
    }

    #[test]
    fn a_run_without_a_plan_is_dry_by_its_key() {
        let state = |key: &str| -> State {
            let object = json!({"bucket": "acme-infineon", "key": key});
            serde_json::from_value(json!({"vendor": "infineon", "object": object})).unwrap()
        };
        assert!(is_dry(&state("plan/reel.7z"), None));
        assert!(!is_dry(&state("reel.7z"), None));
        assert!(!is_dry(&state("plan/reel.7z"), Some(&plan())), "the plan says so");
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
