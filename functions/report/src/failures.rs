//! The devices that did not end well, as messages for the programs that deal with them.

use ledger::{LineError, Outcome, Report, can_retry, to_line};
use serde::Serialize;
use serde_json::{Map, Value};

/// With more devices than this, one message tells of all of them: their results are in a file.
const MOST: usize = 10_000;

/// A reason of this many characters says enough; `results.csv` has all of it.
const REASON: usize = 1_000;

/// The shape of the messages; a change that a reader could stumble over gets another number.
const VERSION: u32 = 1;

/// The devices of a run that did not end well, as far as each has a message.
#[derive(Debug, PartialEq)]
pub(crate) enum Failures {
    Each(Vec<Outcome>),
    TooMany(u64),
}

impl Default for Failures {
    fn default() -> Self {
        Self::Each(Vec::new())
    }
}

impl Failures {
    pub(crate) fn add(&mut self, entry: &Outcome) {
        match self {
            Self::Each(entries) if entries.len() < MOST => entries.push(entry.clone()),
            Self::Each(_) => *self = Self::TooMany(self.count() + 1),
            Self::TooMany(count) => *count += 1,
        }
    }

    pub(crate) fn count(&self) -> u64 {
        match self {
            Self::Each(entries) => u64::try_from(entries.len()).unwrap_or(u64::MAX),
            Self::TooMany(count) => *count,
        }
    }

    /// One message for each device, or one for all of them.
    pub(crate) fn messages(&self, about: &About<'_>) -> Result<Vec<String>, LineError> {
        match self {
            Self::Each(entries) => entries.iter().map(|entry| text(&about.device(entry))).collect(),
            Self::TooMany(count) => Ok(vec![text(&about.whole(*count))?]),
        }
    }
}

/// What the messages of a run have in common.
#[derive(Debug)]
pub(crate) struct About<'a> {
    pub(crate) stack: &'a str,
    pub(crate) report: &'a Report,
    /// Address of `report.json`.
    pub(crate) address: String,
    /// When the report was written.
    pub(crate) time: String,
}

/// The run and its file.
#[derive(Debug, Serialize)]
struct Head<'a> {
    version: u32,
    stack: &'a str,
    run: &'a str,
    bucket: &'a str,
    key: &'a str,
    file_version: &'a str,
    time: &'a str,
    /// The run that this one takes back. Whoever imports devices again that fail has to know it.
    #[serde(skip_serializing_if = "Option::is_none")]
    undoes: Option<&'a str>,
}

/// One device.
#[derive(Debug, Serialize)]
struct Device<'a> {
    #[serde(flatten)]
    head: Head<'a>,
    entry: u64,
    place: &'a str,
    id: &'a str,
    thing: &'a str,
    certificate_id: &'a str,
    outcome: &'static str,
    code: &'a str,
    reason: String,
    /// Whether the same file can succeed later; never so where devices are taken back.
    retry: bool,
}

/// All devices of a run that did not end well.
#[derive(Debug, Serialize)]
struct Whole<'a> {
    #[serde(flatten)]
    head: Head<'a>,
    devices: u64,
    by_code: Map<String, Value>,
    results: &'a str,
    report: &'a str,
}

impl About<'_> {
    fn head(&self) -> Head<'_> {
        let source = &self.report.source;
        Head {
            version: VERSION,
            stack: self.stack,
            run: &self.report.run,
            bucket: &source.bucket,
            key: &source.key,
            file_version: &source.version,
            time: &self.time,
            undoes: self.report.undoes.as_deref(),
        }
    }

    fn device<'a>(&'a self, entry: &'a Outcome) -> Device<'a> {
        Device {
            head: self.head(),
            entry: entry.entry,
            place: &entry.place,
            id: &entry.id,
            thing: &entry.thing,
            certificate_id: &entry.certificate_id,
            outcome: entry.outcome.word(),
            code: &entry.code,
            reason: entry.reason.chars().take(REASON).collect(),
            retry: self.report.undoes.is_none() && can_retry(&entry.code),
        }
    }

    fn whole(&self, devices: u64) -> Whole<'_> {
        let by_code = self.report.problems.iter();
        Whole {
            head: self.head(),
            devices,
            by_code: by_code.map(|problem| (problem.code.clone(), problem.count.into())).collect(),
            results: &self.report.results,
            report: &self.address,
        }
    }
}

/// ASCII, because SQS refuses some characters.
fn text(message: &impl Serialize) -> Result<String, LineError> {
    let mut line = to_line(message)?;
    line.pop();
    Ok(String::from_utf8_lossy(&line).into_owned())
}

#[cfg(test)]
mod tests {
    use ledger::{Counts, Example, OutcomeKind, Problem, SourceSummary, Verdict};
    use serde_json::json;

    use super::*;

    fn entry(number: u64, reason: &str) -> Outcome {
        Outcome {
            entry: number,
            place: format!("entry {number}"),
            id: format!("id-{number}"),
            thing: format!("thing-{number}"),
            certificate_id: "ff".to_owned(),
            outcome: OutcomeKind::Failed,
            code: "Aws.Throttled".to_owned(),
            reason: reason.to_owned(),
            warnings: Vec::new(),
        }
    }

    fn report(failed: u64) -> Report {
        let example = Example { entry: 1, place: "entry 1".into(), id: String::new() };
        let problem = Problem {
            code: "Aws.Throttled".into(),
            count: failed,
            reason: String::new(),
            retry: true,
            example,
        };
        Report {
            run: "r-1".into(),
            dry: false,
            forecast: None,
            verdict: Verdict::DoneWithFailures,
            summary: String::new(),
            balanced: true,
            undoes: None,
            vendor: "microchip".into(),
            resumes: None,
            profile: "default".into(),
            source: SourceSummary {
                bucket: "acme-microchip".into(),
                key: "a\nb.json".into(),
                version: "v1".into(),
                ..SourceSummary::default()
            },
            batch: None,
            signers: Vec::new(),
            counts: Counts::default(),
            stopped: None,
            problems: vec![problem],
            warnings: Vec::new(),
            notes: Vec::new(),
            limited: Vec::new(),
            results: "s3://acme-runs/runs/r-1/results.csv".into(),
            execution: String::new(),
            started: None,
            ended: 0.0,
            version: String::new(),
        }
    }

    /// The messages of a run in which so many devices failed.
    fn messages(failed: u64, reason: &str) -> Vec<String> {
        messages_of(&report(failed), failed, reason)
    }

    fn messages_of(report: &Report, failed: u64, reason: &str) -> Vec<String> {
        let mut failures = Failures::default();
        (1..=failed).for_each(|number| failures.add(&entry(number, reason)));
        assert_eq!(failures.count(), failed);
        let about = About {
            stack: "acme",
            report,
            address: "s3://acme-runs/runs/r-1/report.json".into(),
            time: "2026-11-22T09:30:00Z".into(),
        };
        failures.messages(&about).unwrap()
    }

    #[test]
    fn each_device_has_a_message_with_its_reason_and_whether_to_try_again() {
        let sent = messages(2, "throttled\n\"for\" a day \u{202e}ü");
        assert_eq!(sent.len(), 2);
        assert!(sent.iter().all(|message| message.is_ascii() && !message.contains('\n')));
        let expected = json!({
            "version": 1, "stack": "acme", "run": "r-1", "bucket": "acme-microchip",
            "key": "a\nb.json", "file_version": "v1", "time": "2026-11-22T09:30:00Z",
            "entry": 2, "place": "entry 2", "id": "id-2", "thing": "thing-2",
            "certificate_id": "ff", "outcome": "failed", "code": "Aws.Throttled",
            "reason": "throttled\n\"for\" a day \u{202e}ü", "retry": true,
        });
        assert_eq!(serde_json::from_str::<Value>(&sent[1]).unwrap(), expected);
    }

    #[test]
    fn over_ten_thousand_devices_have_one_message_with_the_results() {
        assert_eq!(messages(10_000, "x").len(), 10_000);
        let sent = messages(10_001, "x");
        assert_eq!(sent.len(), 1);
        let expected = json!({
            "version": 1, "stack": "acme", "run": "r-1", "bucket": "acme-microchip",
            "key": "a\nb.json", "file_version": "v1", "time": "2026-11-22T09:30:00Z",
            "devices": 10_001, "by_code": {"Aws.Throttled": 10_001},
            "results": "s3://acme-runs/runs/r-1/results.csv",
            "report": "s3://acme-runs/runs/r-1/report.json",
        });
        assert_eq!(serde_json::from_str::<Value>(&sent[0]).unwrap(), expected);
        assert_eq!(messages(10_003, "x").len(), 1);
    }

    #[test]
    fn nobody_is_asked_to_import_again_what_is_taken_back() {
        for failed in [1, 10_001] {
            let report = Report { undoes: Some("r-0".into()), ..report(failed) };
            let sent = messages_of(&report, failed, "x");
            let sent: Value = serde_json::from_str(&sent[0]).unwrap();
            assert_eq!(sent["undoes"], "r-0");
            assert_ne!(sent["retry"], true, "Aws.Throttled of an import would be tried again");
        }
    }

    #[test]
    fn a_long_reason_is_cut() {
        let [sent] = messages(1, &"ü".repeat(5_000)).try_into().unwrap();
        let sent: Value = serde_json::from_str(&sent).unwrap();
        assert_eq!(sent["reason"], "ü".repeat(1_000));
    }

    #[test]
    fn a_run_that_went_well_has_no_message() {
        assert_eq!(messages(0, ""), Vec::<String>::new());
    }
}
