//! What people and programs are told.
//!
//! Names of files come from strangers: they are spelled out in messages, never taken as they are.

use std::fmt::Write as _;

use ledger::{OutcomeKind, Plan, Problem, Report, Verdict, can_retry, means};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    inert::{address, inert, subject},
    reporter::PassedOn,
    undone,
};

/// So many codes are told of; the report has all.
const PROBLEMS: usize = 10;

/// A message for people, and the same for programs.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Notice {
    /// Subject of the message, as SNS takes it.
    pub subject: String,
    /// The message.
    pub message: String,
    /// Detail of the event.
    pub event: Value,
}

/// How a run ended. `link` is the console's page of its execution.
pub(crate) fn of_end(
    stack: &str,
    report: &Report,
    at: &str,
    passed_on: PassedOn,
    link: Option<&str>,
) -> Notice {
    let source = &report.source;
    let words = match report.verdict {
        verdict if report.undoes.is_some() => undone::words(verdict),
        Verdict::Done => "done",
        Verdict::DoneWithFailures => "done with failures",
        Verdict::Stopped => "stopped",
    };
    let file = source.key.rsplit('/').next().unwrap_or(&source.key);
    Notice {
        subject: subject(&format!("{stack}: {words}: {}", inert(file))),
        message: message(stack, report, words, at, passed_on, link),
        event: json!({
            "stack": stack,
            "run": report.run,
            "resumes": report.resumes,
            "undoes": report.undoes,
            "machine": machine(&report.vendor, report.undoes.is_some()),
            "verdict": report.verdict,
            "summary": report.summary,
            "counts": report.counts,
            "vendor": report.vendor,
            "profile": report.profile,
            "file": { "bucket": source.bucket, "key": source.key, "version": source.version },
            "report": at,
            "results": report.results,
            "console": link.unwrap_or_default(),
        }),
    }
}

/// A run that nobody has worked on since then; `execution` is its ARN.
pub(crate) fn of_stuck(
    stack: &str,
    run: &str,
    plan: Option<&Plan>,
    since: &str,
    execution: &str,
    link: Option<&str>,
) -> Notice {
    let vendor = plan.map(|plan| plan.vendor.as_str()).unwrap_or_default();
    let source = plan.map(|plan| &plan.source);
    let summary =
        format!("No worker of the run has been heard of since {since}, and it has no report");
    let mut message = format!("Run {run} of {stack}: stuck\n\n{summary}.\n\n");
    if let Some(source) = source {
        line(&mut message, "File", &address(&source.bucket, &source.key));
        message.push('\n');
    }
    message.push_str(&stuck_advice(stack, plan, execution));
    message.push_str(&console(link));
    Notice {
        subject: subject(&format!("{stack}: stuck: {run}")),
        message,
        event: json!({
            "stack": stack,
            "run": run,
            "machine": machine(vendor, plan.is_some_and(|plan| plan.undoes.is_some())),
            "verdict": "stuck",
            "summary": summary,
            "since": since,
            "vendor": vendor,
            "file": source.map(|source| json!({
                "bucket": source.bucket, "key": source.key, "version": source.version,
            })),
            "console": link.unwrap_or_default(),
        }),
    }
}

fn stuck_advice(stack: &str, plan: Option<&Plan>, execution: &str) -> String {
    let after = match plan {
        Some(Plan { undoes: Some(_), .. }) => {
            "what is taken back stays so when the run is undone again"
        }
        Some(Plan { dry: true, .. }) => "nothing was written, and the file can be planned again",
        _ => "what is done stays done when the file is uploaded again",
    };
    format!(
        "What to look at:\n\
         - the execution in Step Functions: which of its states waits, and for what\n\
         - Lambda's throttles and the account's concurrent executions: workers that are not let in \
           wait for hours\n\
         - the alarms of {stack} on errors of functions\n\n\
         What to do next: a run whose cause is gone goes on by itself. To end it, stop its execution; \
         its report is written within minutes, and {after}:\n\
         aws stepfunctions stop-execution --execution-arn {execution}\n\n\
         You are told again in a day, if it is still stuck then.\n"
    )
}

/// The machine that works on files of a bucket, or takes back what became of them.
pub(crate) fn machine(vendor: &str, undoes: bool) -> &'static str {
    match vendor {
        _ if undoes => "undo",
        "mes" => "activate",
        _ => "import",
    }
}

fn message(
    stack: &str,
    report: &Report,
    words: &str,
    at: &str,
    passed_on: PassedOn,
    link: Option<&str>,
) -> String {
    let mut text = format!("Run {} of {stack}: {words}\n\n", report.run);
    text.push_str(&inert(&report.summary));
    text.push_str("\n\n");
    file(&mut text, report);
    counts(&mut text, report);
    problems(&mut text, report);
    text.push('\n');
    if !report.results.is_empty() {
        line(&mut text, "Every entry with its reason", &report.results);
    }
    line(&mut text, "Report", at);
    line(&mut text, "The same as a page", &at.replace("report.json", "report.html"));
    if passed_on == PassedOn::No {
        line(
            &mut text,
            "Not passed on",
            "the queue of failed devices did not answer; take them from the results",
        );
    }
    line(&mut text, "What to do next", &what_next(report));
    text.push_str(&console(link));
    text
}

fn file(text: &mut String, report: &Report) {
    let source = &report.source;
    if source.bucket.is_empty() {
        // A run that does not exist was to be taken back.
        return;
    }
    let mut file = address(&source.bucket, &source.key);
    if !source.version.is_empty() {
        file = format!("{file} (version {})", inert(&source.version));
    }
    line(text, "File", &file);
    if !report.profile.is_empty() {
        line(text, "Profile", &inert(&report.profile));
    }
}

fn counts(text: &mut String, report: &Report) {
    let mut counts = format!("{} read", report.counts.read);
    for (kind, count) in report.counts.by_kind() {
        if count > 0 || (kind == OutcomeKind::Created && report.undoes.is_none()) {
            counts = format!("{counts}, {count} {}", kind.word().replace('_', " "));
        }
    }
    line(text, "Entries", &counts);
}

/// The meaning of the code and not an entry's reason: a reason tells of one device.
fn problems(text: &mut String, report: &Report) {
    let problems = report.problems.as_slice();
    if problems.is_empty() {
        return;
    }
    text.push_str("\nWhat kept devices from ending well:\n");
    for problem in problems.iter().take(PROBLEMS) {
        let Problem { code, count, retry, example, .. } = problem;
        let again = match (report.undoes.is_some(), *retry) {
            (true, true) => "undo the run again",
            (true, false) => "kept as it is",
            (false, true) => "the same file can succeed later",
            (false, false) => "the file has to change",
        };
        // Writing to a text does not fail.
        let _ = writeln!(
            text,
            "- {count} x {code}: {} ({again}; first: {})",
            means(code).trim_end_matches('.'),
            inert(&example.place)
        );
    }
    if problems.len() > PROBLEMS {
        let _ = writeln!(text, "- and {} other codes", problems.len() - PROBLEMS);
    }
}

fn what_next(report: &Report) -> String {
    if report.undoes.is_some() {
        return undone::what_next(report).to_owned();
    }
    let redrive = format!("cargo xtask redrive {}", report.run);
    let retry = report.problems.iter().any(|problem| problem.retry);
    let can_go_on = report.stopped.as_ref().is_some_and(|stopped| can_retry(&stopped.code));
    match report.verdict {
        _ if !report.balanced => {
            "do not rely on this run; upload the file again, and ask for help".to_owned()
        }
        Verdict::Done => "nothing".to_owned(),
        Verdict::Stopped if can_go_on => format!(
            "put right what the first lines say, and have the rest done: {redrive}; or upload the \
             file again. What is done stays done"
        ),
        Verdict::Stopped => {
            "put right what the first lines say, and upload the file again; what is done stays done"
                .to_owned()
        }
        Verdict::DoneWithFailures if retry => format!(
            "do what the column `reason` of the results says, and have those devices tried again: \
             {redrive}; or upload the same file again. What is done stays done, and only entries \
             with `retry` = `no` need another file"
        ),
        Verdict::DoneWithFailures => {
            "the entries that did not end well need a corrected file; what is done stays done"
                .to_owned()
        }
    }
}

fn line(text: &mut String, what: &str, value: &str) {
    // Writing to a text does not fail.
    let _ = writeln!(text, "{what}: {value}");
}

fn console(link: Option<&str>) -> String {
    link.map(|link| format!("In the console: {link}\n")).unwrap_or_default()
}

#[cfg(test)]
mod tests;
