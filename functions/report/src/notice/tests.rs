use ledger::{Counts, Example, Note, SourceSummary};

use super::*;

const LINK: &str = "https://us-east-1.console.aws.amazon.com/states/home";
const AT: &str = "s3://acme-runs/runs/r-1/report.json";

fn problem(code: &str, count: u64, retry: bool) -> Problem {
    let example = Example { entry: 4, place: "entry 4".into(), id: String::new() };
    Problem { code: code.into(), count, reason: "the reason of one device".into(), retry, example }
}

fn report(verdict: Verdict, problems: Vec<Problem>) -> Report {
    Report {
        run: "r-1".into(),
        dry: false,
        forecast: None,
        verdict,
        summary: "9 of 10 devices are as they should be: 9 created, 1 rejected".into(),
        balanced: true,
        undoes: None,
        vendor: "microchip".into(),
        resumes: None,
        profile: "gateway".into(),
        source: SourceSummary {
            bucket: "acme-microchip".into(),
            key: "gateway/reel 7.json".into(),
            version: "v1".into(),
            ..SourceSummary::default()
        },
        batch: None,
        signers: Vec::new(),
        counts: Counts { read: 10, created: 9, rejected: 1, ..Counts::default() },
        stopped: None,
        problems,
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

#[test]
fn failures_are_told_with_codes_and_what_to_do() {
    let problems = vec![problem("Aws.Throttled", 3, true), problem("Signature.Invalid", 1, false)];
    let report = report(Verdict::DoneWithFailures, problems);
    let notice = of_end("acme", &report, AT, PassedOn::Yes, Some(LINK));
    assert_eq!(notice.subject, "acme: done with failures: reel 7.json");
    insta::assert_snapshot!("failures", notice.message);
    insta::assert_snapshot!("event", format!("{:#}", notice.event));
}

#[test]
fn a_run_that_stopped_early_has_no_results() {
    let mut report = report(Verdict::Stopped, Vec::new());
    report.summary = "No device was touched: the policy `p` does not exist".into();
    report.stopped = Some(Note { code: "Preflight.NoPolicy".into(), reason: String::new() });
    report.results = String::new();
    report.profile = String::new();
    report.counts = Counts::default();
    let notice = of_end("acme", &report, AT, PassedOn::Yes, None);
    assert_eq!(notice.subject, "acme: stopped: reel 7.json");
    insta::assert_snapshot!("stopped", notice.message);
    assert_eq!(notice.event["console"], "");
}

#[test]
fn devices_that_were_not_passed_on_are_told_of() {
    let report = report(Verdict::DoneWithFailures, vec![problem("Aws.Throttled", 3, true)]);
    let told = |passed_on| of_end("acme", &report, AT, passed_on, None).message;
    assert!(!told(PassedOn::Yes).contains("Not passed on"));
    assert!(told(PassedOn::No).contains("\nNot passed on: the queue of failed devices"));
}

#[test]
fn only_the_most_frequent_codes_are_told() {
    let problems: Vec<_> = (0..12).map(|_| problem("Aws.Throttled", 1, true)).collect();
    let notice =
        of_end("acme", &report(Verdict::DoneWithFailures, problems), AT, PassedOn::Yes, None);
    assert_eq!(notice.message.matches("Aws.Throttled").count(), PROBLEMS);
    assert!(notice.message.contains("\n- and 2 other codes\n"), "{}", notice.message);
}

#[test]
fn what_to_do_depends_on_what_can_succeed() {
    let next = |verdict, retries: &[bool]| {
        let problems = retries.iter().map(|retry| problem("X", 1, *retry)).collect();
        what_next(&report(verdict, problems))
    };
    assert_eq!(next(Verdict::Done, &[]), "nothing");
    assert!(next(Verdict::DoneWithFailures, &[false, true]).contains("the same file again"));
    assert!(next(Verdict::DoneWithFailures, &[false]).contains("need a corrected file"));
    assert!(next(Verdict::Stopped, &[]).contains("upload the file again"));
    let mut unbalanced = report(Verdict::DoneWithFailures, Vec::new());
    unbalanced.balanced = false;
    assert!(what_next(&unbalanced).contains("do not rely on this run"));
}

#[test]
fn a_files_name_adds_no_line_no_markup_and_no_subject() {
    let mut report = report(Verdict::Done, Vec::new());
    report.source.key = "x\r\n\r\nVerdict: done\n<script>\u{202e}\u{1b}[2Jü".into();
    report.source.version = "v\n1".into();
    report.summary = "stopped at `x\n\nAll is well`".into();
    let plain =
        of_end("acme", &self::report(Verdict::Done, Vec::new()), AT, PassedOn::Yes, Some(LINK));
    let notice = of_end("acme", &report, AT, PassedOn::Yes, Some(LINK));
    assert_eq!(notice.message.lines().count(), plain.message.lines().count());
    let strange: Vec<char> = notice
        .message
        .chars()
        .filter(|c| (c.is_control() && *c != '\n') || ['<', '>', '\u{202e}'].contains(c))
        .collect();
    assert_eq!(strange, Vec::<char>::new(), "{}", notice.message);
    assert!(
        notice.subject.len() < 100 && notice.subject.bytes().all(|b| (b' '..=b'~').contains(&b))
    );
    assert_eq!(notice.event["file"]["key"], report.source.key, "programs get the key itself");
}

#[test]
fn a_run_that_is_stuck_is_told_with_how_to_stop_it() {
    let arn = "arn:aws:states:us-east-1:123456789012:execution:acme-import:r-1";
    let notice = of_stuck("acme", "r-1", None, "2026-11-22T09:30:00Z", arn, Some(LINK));
    assert_eq!(notice.subject, "acme: stuck: r-1");
    assert_eq!(notice.event["verdict"], "stuck");
    assert_eq!(notice.event["file"], Value::Null);
    insta::assert_snapshot!("stuck", notice.message);
}

#[test]
fn nobody_is_told_to_upload_what_is_taken_back_or_planned() {
    let told = |plan: &Plan| of_stuck("acme", "r-1", Some(plan), "now", "arn", None).message;
    let import = crate::assemble::tests::plan();
    assert!(told(&import).contains("when the file is uploaded again:"));
    let undo = Plan { undoes: Some("r-0".into()), dry: true, ..import.clone() };
    assert!(told(&undo).contains("when the run is undone again:"), "{}", told(&undo));
    let plan = Plan { dry: true, ..import };
    assert!(told(&plan).contains("the file can be planned again:"), "{}", told(&plan));
}

#[test]
fn an_undo_is_known_by_its_event() {
    let mut report = report(Verdict::Done, Vec::new());
    report.undoes = Some("r-0".into());
    assert_eq!(of_end("acme", &report, AT, PassedOn::Yes, None).event["undoes"], "r-0");
}

#[test]
fn the_buckets_machine_is_named() {
    let machines = [machine("mes", false), machine("microchip", false), machine("mes", true)];
    assert_eq!(machines, ["activate", "import", "undo"]);
}
