//! The page as a whole, and the samples of it that `.ci/browser.py` looks at in a browser.

use std::{fs, path::Path};

use ledger::{CallLimits, Counts, Note, Outcome, OutcomeKind, UnitLimits};
use serde_json::{Value, json};

use super::*;
use crate::problems::Problems;

/// Names that try to be more than names.
const HOSTILE: [&str; 6] = [
    "<script>document.title='owned'</script>",
    "\"><img src=x onerror=alert(1)>",
    "</script><script>document.title='owned'</script>",
    "gnp.\u{202e}txt.exe",
    "{{ 7 * 7 }} ${7*7} <!-- ]]> &lt;b&gt;",
    "שלום مرحبا\u{2028}\n\u{0}",
];

const ALL: [(OutcomeKind, &str, &str); 8] = [
    (OutcomeKind::Created, "", ""),
    (OutcomeKind::Unchanged, "", ""),
    (OutcomeKind::Updated, "", ""),
    (
        OutcomeKind::Conflict,
        "Thing.HasAnotherCertificate",
        "the thing has another certificate; nothing was changed",
    ),
    (
        OutcomeKind::Rejected,
        "Signature.Invalid",
        "the signature does not fit the entry; it was changed after it was signed",
    ),
    (
        OutcomeKind::Failed,
        "Aws.Throttled",
        "CreateThing was throttled for as long as the run tried",
    ),
    (
        OutcomeKind::Waiting,
        "Certificate.NotRegistered",
        "the certificate is not registered yet; import the vendor's manifest first",
    ),
    (OutcomeKind::NotAttempted, "Run.UnitFailed", "the worker of unit 7 failed for good"),
];

/// A run, before it is told of.
struct Sample {
    report: Value,
    rows: Rows,
    counts: Counts,
    problems: Problems,
    warnings: Problems,
    pace: Pace,
}

fn outcome(entry: u64, (outcome, code, reason): (OutcomeKind, &str, &str)) -> Outcome {
    let hex = format!("{:016x}", entry.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    Outcome {
        entry,
        place: format!("entry {entry}"),
        id: format!("01{entry:012x}de"),
        thing: format!("sn01{entry:012X}DE"),
        certificate_id: hex.repeat(4),
        outcome,
        code: code.to_owned(),
        reason: reason.to_owned(),
        warnings: Vec::new(),
    }
}

impl Sample {
    fn new(report: Value) -> Self {
        let mut whole = json!({
            "run": "reel-7-json-0123456789abcdef", "verdict": "done", "summary": "", "balanced": true,
            "vendor": "microchip", "profile": "sensors",
            "source": {
                "bucket": "acme-microchip", "key": "sensors/reel 7.json", "version": "3sL4kqtJlcpXroDTDmJ",
                "sha256": "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef",
                "bytes": 27_451_968, "uploader": "123456789012 from 203.0.113.7",
            },
            "signers": ["3c4a9f0e8d7b6a5948372615f0e1d2c3b4a5968778695a4b3c2d1e0f9a8b7c6d"],
            "counts": Counts::default(), "problems": [], "warnings": [],
            "results": "s3://acme-runs/runs/reel-7-json-0123456789abcdef/results.csv",
            "execution": "arn:aws:states:eu-central-1:123456789012:execution:acme-import:reel-7-json-0123456789abcdef",
            "started": 1_795_339_800.25, "ended": 1_795_340_861.5, "version": "0.1.0",
        });
        whole.as_object_mut().unwrap().extend(report.as_object().unwrap().clone());
        Self {
            report: whole,
            rows: Rows::default(),
            counts: Counts::default(),
            problems: Problems::default(),
            warnings: Problems::default(),
            pace: Pace::of("microchip", false),
        }
    }

    fn add(&mut self, entry: &Outcome) {
        self.counts.read += 1;
        self.counts.add(entry.outcome);
        self.rows.add(entry);
        if !entry.outcome.is_fine() {
            self.problems.add(&entry.code, &entry.reason, entry);
        }
        for warning in &entry.warnings {
            self.warnings.add(&warning.code, &warning.reason, entry);
        }
    }

    /// Adds the work of a unit.
    fn unit(&mut self, began: f64, ended: f64, calls: u64) {
        let calls = CallLimits { calls, throttles: calls / 50, ..CallLimits::default() };
        let unit = json!({
            "began": 1_795_339_830.0 + began, "ended": 1_795_339_830.0 + ended, "seconds": ended - began,
            "devices": 0, "runs": 1, "calls": {"RegisterCertificateWithoutCA": calls},
        });
        self.pace.add(&serde_json::from_value::<UnitLimits>(unit).unwrap());
    }

    fn page(self) -> String {
        let mut report: Report = serde_json::from_value(self.report).unwrap();
        report.counts = self.counts;
        report.problems = self.problems.into_list();
        report.warnings = self.warnings.into_list();
        if report.summary.is_empty() {
            let stop = report.stopped.clone();
            let stop = stop.map(|note| ledger::Stop { code: note.code, reason: note.reason });
            report.summary = crate::summary::sentence(
                &report.counts,
                report.balanced,
                stop.as_ref(),
                &report.problems,
                None,
            );
        }
        let contents = Contents {
            report: &report,
            plan: Some(&plan()),
            rows: &self.rows,
            pace: &self.pace,
            cost: 0.18,
            address: "s3://acme-runs/runs/reel-7-json-0123456789abcdef/report.json",
        };
        let page = render(contents).unwrap();
        assert_eq!(page, render(contents).unwrap(), "the same contents, the same page");
        page
    }
}

fn plan() -> Plan {
    let rates = json!({
        "describe_thing": 350.0, "register_certificate": 10.0, "create_thing": 100.0, "update_thing": 100.0,
        "attach_thing_principal": 100.0, "add_thing_to_thing_group": 100.0, "attach_policy": 15.0,
        "list_thing_principals": 20.0, "describe_certificate": 10.0, "update_certificate": 10.0,
        "list_attached_policies": 15.0, "list_thing_groups": 10.0, "list_principal_things": 10.0,
    });
    let source = json!({"bucket": "b", "key": "k", "version": "v", "etag": "e", "bytes": 1});
    let profile = json!({
        "policies": ["sensor-base", "sensor-telemetry"], "thing_groups": ["sensors"],
        "thing_type": "sensor", "certificate_status": "active", "defer_things": false,
        "thing_name": null, "attributes": {}, "on_conflict": "fail", "reactivate": false,
        "bundle": "E0E0",
    });
    let plan = json!({
        "run": "r", "vendor": "microchip", "source": source, "profile_name": "sensors",
        "profile": profile, "signers": {"pins": [], "trust_uploaded": false}, "rate": rates,
        "concurrency": 8,
    });
    serde_json::from_value(plan).unwrap()
}

/// A run that read nothing, because it stopped before.
fn stopped() -> Sample {
    let reason = "the profile `sensors` asks for what AWS IoT cannot give: there is no AWS IoT policy \
                  `sensor-base`. Nothing was written. Make it, or correct the profile, then upload the file again";
    let mut sample = Sample::new(json!({
        "verdict": "stopped", "results": "",
        "stopped": {"code": "Preflight.NoPolicy", "reason": reason},
    }));
    sample.report["source"]["sha256"] = json!("");
    sample
}

/// Ten devices, an outcome of each kind among them, and names that try to be more than names.
fn ten() -> Sample {
    let mut sample = Sample::new(json!({
        "verdict": "done_with_failures",
        "notes": [{"code": "Infineon.OtherBundles", "reason": "the file holds the set E0E1 as well"}],
    }));
    for (entry, end) in (1..).zip(ALL) {
        sample.add(&outcome(entry, end));
    }
    let mut hostile = outcome(9, ALL[0]);
    hostile.id = HOSTILE[0].into();
    hostile.thing = HOSTILE[3].into();
    let warning = Note { code: "Certificate.Expired".into(), reason: HOSTILE[5].into() };
    hostile.warnings = vec![warning];
    sample.add(&hostile);
    let mut hostile = outcome(10, ALL[4]);
    hostile.place = HOSTILE[2].into();
    hostile.id = HOSTILE[1].into();
    hostile.thing = HOSTILE[5].into();
    hostile.reason = HOSTILE[4].into();
    sample.add(&hostile);
    sample.report["source"]["key"] = json!(format!("sensors/{}.json", HOSTILE[1]));
    for unit in 0..10_u32 {
        sample.unit(f64::from(unit) * 0.1, f64::from(unit) * 0.1 + 0.4, 1);
    }
    sample
}

/// Ten thousand devices of all outcomes, in the order in which they come.
fn ten_thousand() -> Sample {
    let advice = "RegisterCertificateWithoutCA held this run up for 950 s of 1000 s: at 10 calls a second 36,000 devices \
                  an hour are the most. Raised to 15 (the quota, and `register_certificate` in [rate]) it would be 54,000; \
                  then AttachPolicy (15) is next";
    let mut sample = Sample::new(json!({
        "verdict": "done_with_failures",
        "limited": [{
            "call": "RegisterCertificateWithoutCA", "seconds": 950.0, "of_seconds": 1000.0, "throttles": 200,
            "rate": 10.0, "advice": advice,
        }],
    }));
    for entry in 1..=10_000_u64 {
        // 9,000 created, 300 unchanged, 200 updated, and 100 of each other outcome.
        let end = match entry % 100 {
            0..90 => ALL[0],
            90..93 => ALL[1],
            93..95 => ALL[2],
            last => ALL[usize::try_from(last).unwrap() - 92],
        };
        let mut entry = outcome(entry, end);
        if entry.entry % 1_000 == 7 {
            let reason = "the certificate expired on 2026-01-01".into();
            entry.warnings = vec![Note { code: "Certificate.Expired".into(), reason }];
        }
        sample.add(&entry);
    }
    for unit in 0..100_u32 {
        let began = f64::from(unit) * 10.0;
        sample.unit(began, began + 20.0 + f64::from(unit % 7) * 5.0, 95);
    }
    sample
}

#[test]
fn a_small_page_is_as_it_was() {
    let mut sample = Sample::new(json!({}));
    sample.add(&outcome(1, ALL[0]));
    sample.unit(0.0, 1.0, 1);
    let page = sample.page();
    let (head, rest) = page.split_once("<style>").unwrap();
    let (_, body) = rest.split_once("</style>").unwrap();
    let (body, _) = body.split_once("<script>").unwrap();
    let head: String = head.lines().filter(|line| !line.contains("Policy")).collect();
    insta::assert_snapshot!(format!("{head}\n{body}"));
}

#[test]
fn the_page_allows_its_own_style_and_script_only() {
    let page = ten().page();
    for (open, close, hash_of) in
        [("<style>", "</style>", "style-src"), ("<script>", "</script>", "script-src")]
    {
        let (_, rest) = page.split_once(open).unwrap();
        let (text, _) = rest.split_once(close).unwrap();
        let allowed = format!("{hash_of} &#39;{}&#39;;", hash(text));
        assert!(page.contains(&allowed), "{allowed}");
    }
    assert!(page.contains("content=\"default-src &#39;none&#39;;"));
    assert!(
        !page.contains(" style=") && !page.contains(" onclick="),
        "a policy allows no inline attribute"
    );
}

#[test]
fn a_name_is_never_more_than_a_name() {
    let page = ten().page();
    let scripts = page.matches("<script").count();
    assert_eq!(scripts, 2, "the data, and the page's own");
    for part in ["<img", "onerror=alert(1)>", "\u{202e}", "\u{2028}", "\u{0}"] {
        assert!(!page.contains(part), "{part:?}");
    }
    for shown in
        ["&#60;script&#62;document.title=&#39;owned&#39;", "gnp.\\u{202e}txt.exe", "שלום مرحبا"]
    {
        assert!(page.contains(shown), "{shown}");
    }
}

#[test]
fn a_run_that_stopped_says_why_and_what_to_do() {
    let page = stopped().page();
    for text in [
        "No device was touched: the profile",
        "<code>Preflight.NoPolicy</code>",
        "A policy of the profile does not exist.",
        "Make the policy in AWS IoT",
        "can help: the same file can succeed later",
        "docs/codes.md#preflightnopolicy",
        "The run read no entry.",
        "made no call of <code>RegisterCertificateWithoutCA</code>",
    ] {
        assert!(page.contains(text), "{text}");
    }
    assert!(!page.contains("<script"), "there is nothing to search in");
}

#[test]
fn a_factorys_run_says_what_it_did() {
    let page = Sample::new(json!({"vendor": "mes", "batch": "lot <7>"})).page();
    for text in
        ["Activation of a factory&#39;s devices", "Batch lot &#60;7&#62;", "ACTIVE, at the end"]
    {
        assert!(page.contains(text), "{text}");
    }
}

#[test]
fn a_plan_shows_what_an_import_would_take() {
    let summary = "An import would take about 22 minutes: `attach_policy` limits it";
    let page = Sample::new(json!({
        "dry": true,
        "forecast": {
            "summary": summary, "seconds": 1338.0, "limit": "AttachPolicy", "rate": 15.0,
            "dollars": 7.0, "calls": {},
        },
    }))
    .page();
    for text in [
        "</span> Would be done</h2>",
        "A dry run: nothing was written",
        "An import would take about 22 minutes: <code>attach_policy</code> limits it",
        "<h3>What devices would get</h3>",
        "<dt>Cost of an import</dt>\n<dd><bdi>about 7.00 US dollars",
    ] {
        assert!(page.contains(text), "{text}");
    }
    for text in ["0.18 US dollars", "made no call", "How fast it went"] {
        assert!(!page.contains(text), "{text}: that is the dry run's own");
    }
}

#[test]
fn a_plan_that_was_cut_off_does_not_send_anybody_to_import() {
    let stopped =
        json!({"code": "Run.Stopped", "reason": "somebody stopped it. Plan the file again"});
    let page = Sample::new(json!({"dry": true, "verdict": "stopped", "stopped": stopped})).page();
    assert!(page.contains("</span> Plan stopped</h2>"));
    assert!(page.contains("Plan the file again"));
    assert!(!page.contains("pload the file again"), "that would import it");
}

#[test]
fn an_undo_tells_of_what_is_taken_back() {
    let problem = json!({"undoes": "reel-6", "verdict": "done_with_failures"});
    let mut sample = Sample::new(problem);
    sample.pace = Pace::of("microchip", true);
    sample.add(&outcome(1, ALL[5]));
    let page = sample.page();
    for text in [
        "</span> Taken back in part</h2>",
        "Undo of the run reel-6",
        "<h3>What devices had got</h3>",
        "can help: undo the run again",
        "made no call of <code>DeleteCertificate</code>",
    ] {
        assert!(page.contains(text), "{text}");
    }
    assert!(!page.contains("the same file can succeed later"));
}

#[test]
fn books_that_do_not_balance_cannot_be_overlooked() {
    let page = Sample::new(json!({"balanced": false})).page();
    assert!(page.contains("<section class=\"verdict bad\""));
    assert!(page.contains("</span> The books do not balance</h2>"));
}

#[test]
fn the_samples_for_a_browser_are_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/report-pages");
    fs::create_dir_all(&folder).unwrap();
    let mut many = Sample::new(json!({"verdict": "done_with_failures"}));
    for entry in 1..=12_000 {
        let end = if entry % 500 == 0 { ALL[5] } else { ALL[0] };
        many.add(&outcome(entry, end));
    }
    let mut all_fine = Sample::new(json!({}));
    (1..=10).for_each(|entry| all_fine.add(&outcome(entry, ALL[0])));
    all_fine.unit(0.0, 1.0, 10);
    let samples = [
        ("0", stopped()),
        ("10", ten()),
        ("10-fine", all_fine),
        ("10000", ten_thousand()),
        ("12000", many),
    ];
    for (name, sample) in samples {
        let page = sample.page();
        assert!(page.len() < 3_000_000, "{name}: {} bytes", page.len());
        fs::write(folder.join(format!("{name}.html")), page).unwrap();
    }
}
