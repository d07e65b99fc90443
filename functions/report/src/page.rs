//! `report.html`: the report for people, in one file that asks nothing of anybody else.
//!
//! Names come from strangers. The template escapes markup, characters that cannot be seen are spelled
//! out, and the page allows its own script and its own style only, by their hashes.

mod books;
mod facts;
mod marked;
mod pace;
mod rows;

#[cfg(test)]
mod tests;

use askama::Template;
use base64::{Engine, prelude::BASE64_STANDARD};
use ledger::{Note, Plan, Problem, Report, Verdict, can_retry, means, page_of, remedy};
use sha2::{Digest, Sha256};

use self::{
    books::Share,
    facts::Facts,
    marked::{Part, marked},
    rows::{Choice, Row},
};
pub(crate) use self::{
    pace::{Pace, Timeline},
    rows::Rows,
};
use crate::{ReportError, console, inert::visible, words};

const STYLE: &str = include_str!("../templates/report.css");
const SCRIPT: &str = include_str!("../templates/report.js");

/// What the page tells of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Contents<'a> {
    pub(crate) report: &'a Report,
    pub(crate) plan: Option<&'a Plan>,
    pub(crate) rows: &'a Rows,
    pub(crate) pace: &'a Pace,
    /// An estimate, in US dollars.
    pub(crate) cost: f64,
    /// Address of `report.json`.
    pub(crate) address: &'a str,
}

/// The page, the same for the same contents.
pub(crate) fn render(contents: Contents<'_>) -> Result<String, ReportError> {
    let Contents { report, plan, rows, pace, .. } = contents;
    let rates = plan.map(|plan| plan.rate.by_call()).unwrap_or_default();
    let key = &report.source.key;
    let page = Page {
        policy: policy(),
        style: STYLE,
        script: SCRIPT,
        file: visible(key.rsplit('/').next().unwrap_or(key)),
        lines: lines(report),
        verdict: Word::of(report),
        summary: marked(&report.summary),
        equation: books::equation(&report.counts),
        shares: books::shares(&report.counts),
        stopped: report.stopped.as_ref().map(|note| Cause::of_stop(note, report)),
        problems: report
            .problems
            .iter()
            .map(|problem| Cause::of_problem(problem, report))
            .collect(),
        warnings: report.warnings.iter().map(Cause::of_warning).collect(),
        notes: report.notes.iter().map(Cause::of_note).collect(),
        limited: report.limited.iter().map(|limited| marked(&limited.advice)).collect(),
        forecast: report.forecast.as_ref().map(|forecast| marked(&forecast.summary)),
        call: pace.call(),
        timeline: pace.timeline(&rates),
        facts: facts::of(&contents),
        table: Table {
            sentence: rows.sentence(&report.counts),
            results: rows.are_some_missing(&report.counts).then_some(report.results.as_str()),
            count: rows.count(),
            not_fine: rows.not_fine(),
            choices: rows.choices(),
            rows: rows.still(),
            data: rows.data()?,
        },
    };
    Ok(page.render()?)
}

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    /// The content security policy.
    policy: String,
    style: &'static str,
    script: &'static str,
    /// The file's name without its folders.
    file: String,
    lines: Vec<String>,
    verdict: Word,
    summary: Vec<Part>,
    equation: String,
    shares: Vec<Share>,
    stopped: Option<Cause<'a>>,
    problems: Vec<Cause<'a>>,
    warnings: Vec<Cause<'a>>,
    notes: Vec<Cause<'a>>,
    /// What held the run up.
    limited: Vec<Vec<Part>>,
    /// What an import would take; a dry run has no speed of its own.
    forecast: Option<Vec<Part>>,
    /// The operation that the timeline is about.
    call: &'static str,
    timeline: Option<Timeline>,
    facts: Vec<Facts>,
    table: Table<'a>,
}

/// The verdict: a word, its sign, and the class by which the style sheet colours it.
#[derive(Clone, Copy, Debug)]
struct Word {
    class: &'static str,
    sign: &'static str,
    text: &'static str,
}

impl Word {
    fn of(report: &Report) -> Self {
        let (class, sign, text) = match report.verdict {
            _ if !report.balanced => ("bad", "✕", "The books do not balance"),
            Verdict::Done => ("good", "✓", "Done"),
            Verdict::DoneWithFailures => ("warn", "!", "Done with failures"),
            Verdict::Stopped => ("bad", "✕", "Stopped"),
        };
        let text = match (&report.undoes, report.dry, report.verdict) {
            _ if !report.balanced => text,
            (Some(_), false, Verdict::Done) => "Taken back",
            (Some(_), false, Verdict::DoneWithFailures) => "Taken back in part",
            (Some(_), true, Verdict::Done) => "Would be taken back",
            (Some(_), true, Verdict::DoneWithFailures) => "Would be taken back in part",
            (Some(_), _, Verdict::Stopped) => "Undo stopped",
            (None, true, Verdict::Done) => "Would be done",
            (None, true, Verdict::DoneWithFailures) => "Would be done with failures",
            (None, true, Verdict::Stopped) => "Plan stopped",
            (None, false, _) => text,
        };
        Self { class, sign, text }
    }
}

/// Lines under the heading: what kind of run this is.
///
/// Whatever makes a run other than a plain import or activation says so here, in a line of its own.
fn lines(report: &Report) -> Vec<String> {
    let what = match report.vendor.as_str() {
        "mes" => "Activation of a factory's devices".to_owned(),
        "" => "Import".to_owned(),
        vendor => {
            let mut name = vendor.to_owned();
            if let Some(first) = name.get_mut(..1) {
                first.make_ascii_uppercase();
            }
            format!("Import of certificates, vendor {}", visible(&name))
        }
    };
    let what = match &report.undoes {
        Some(run) => format!("Undo of the run {}", visible(run)),
        None => what,
    };
    let mut lines = vec![what];
    if report.dry {
        lines.push("A dry run: nothing was written to AWS IoT".to_owned());
    }
    let resumes = report.resumes.as_ref();
    lines.extend(resumes.map(|run| format!("Takes up the run {}", visible(run))));
    lines.extend(report.batch.as_ref().map(|batch| format!("Batch {}", visible(batch))));
    lines
}

/// What entries have in common, with what to do about it.
#[derive(Debug)]
struct Cause<'a> {
    code: &'a str,
    /// How many entries; empty where it is about none.
    entries: String,
    means: Vec<Part>,
    reason: Vec<Part>,
    example: String,
    remedy: Vec<Part>,
    /// Whether trying again helps; empty where nothing failed.
    retry: &'static str,
    page: String,
}

impl<'a> Cause<'a> {
    fn of(code: &'a str, reason: &str) -> Self {
        Self {
            code,
            entries: String::new(),
            means: marked(means(code)),
            reason: marked(reason),
            example: String::new(),
            remedy: marked(remedy(code)),
            retry: "",
            page: page_of(code),
        }
    }

    fn of_note(note: &'a Note) -> Self {
        Self::of(&note.code, &note.reason)
    }

    fn of_stop(note: &'a Note, report: &Report) -> Self {
        let retry = retry(can_retry(&note.code), report);
        Self { retry, ..Self::of_note(note) }.without_upload(report)
    }

    fn of_warning(problem: &'a Problem) -> Self {
        let Problem { code, count, reason, example, .. } = problem;
        let entries = if *count == 1 { "entry" } else { "entries" };
        let id = if example.id.is_empty() { "" } else { ", " };
        Self {
            entries: format!("{} {entries}", words::count(*count)),
            example: format!("{}{id}{}", visible(&example.place), visible(&example.id)),
            ..Self::of(code, reason)
        }
    }

    fn of_problem(problem: &'a Problem, report: &Report) -> Self {
        let retry = retry(problem.retry, report);
        Self { retry, ..Self::of_warning(problem) }.without_upload(report)
    }

    /// The remedy of a run that was cut off is to upload its file again, which would import what was
    /// only planned, or what was just taken back. The reason says what to do instead.
    fn without_upload(self, report: &Report) -> Self {
        let imports = !report.dry && report.undoes.is_none();
        if imports || !self.code.starts_with("Run.") {
            return self;
        }
        Self { remedy: Vec::new(), ..self }
    }
}

const fn retry(can: bool, report: &Report) -> &'static str {
    match (report.undoes.is_some(), can) {
        (true, true) => "can help: undo the run again",
        (true, false) => "does not help: the device is kept as it is",
        (false, true) => "can help: the same file can succeed later",
        (false, false) => "does not help: the file itself has to change",
    }
}

/// The devices.
#[derive(Debug)]
struct Table<'a> {
    sentence: String,
    /// Address of all results, where some are not on the page.
    results: Option<&'a str>,
    count: String,
    not_fine: String,
    choices: Vec<Choice>,
    rows: Vec<Row>,
    data: String,
}

/// Nothing is loaded from anywhere, and nothing runs but what is written here.
fn policy() -> String {
    format!(
        "default-src 'none'; style-src '{}'; script-src '{}'; img-src data:; base-uri 'none'; form-action 'none'",
        hash(STYLE),
        hash(SCRIPT)
    )
}

fn hash(text: &str) -> String {
    format!("sha256-{}", BASE64_STANDARD.encode(Sha256::digest(text.as_bytes())))
}

/// A time for people.
fn time(seconds: f64) -> String {
    console::time(seconds).replace('T', " ").replace('Z', " UTC")
}
