//! The runs as a table: a line each where it fits, and two where it does not.

use ledger::{History, RunKind, Verdict};

use super::{Listing, Running};
use crate::{progress::Paint, times};

/// What the narrow columns of a line take: time, vendor, profile, devices, verdict and duration, with two spaces behind each.
const NARROW: usize = 18 + 11 + 10 + 11 + 18 + 11;
/// A file's name is never cut shorter than this.
const SHORTEST_FILE: usize = 16;

const HEADINGS: [&str; 8] =
    ["started", "vendor", "profile", "devices", "verdict", "took", "file", "run"];

/// A line of the table.
struct Row {
    started: String,
    vendor: String,
    profile: String,
    devices: String,
    verdict: String,
    took: String,
    file: String,
    run: String,
    tone: Tone,
}

#[derive(Clone, Copy, PartialEq)]
enum Tone {
    Good,
    Bad,
    Going,
}

/// The table, as wide as there is room.
pub(super) fn render(listing: &Listing, paint: Paint, now: f64) -> String {
    render_within(listing, paint, paint.width(), now)
}

fn render_within(listing: &Listing, paint: Paint, width: usize, now: f64) -> String {
    let going = listing.running.iter().map(|run| going(run, now));
    let rows: Vec<Row> = going.chain(listing.ended.iter().map(ended)).collect();
    if rows.is_empty() {
        return String::new();
    }
    let longest = |text: fn(&Row) -> &str| rows.iter().map(|row| text(row).chars().count()).max();
    let run = longest(|row| &row.run).unwrap_or_default();
    let file = longest(|row| &row.file).unwrap_or_default();
    // Names of runs are for copying, so they are whole; what is left is the file's.
    let left = width.saturating_sub(NARROW + run + 2);
    let mut lines = Vec::new();
    if left >= file.min(SHORTEST_FILE) {
        let file = file.clamp(4, left.max(4));
        lines.push(paint.bold(&heading(Some(file))));
        for row in &rows {
            let name = shortened(&row.file, file);
            lines.push(format!("{}{name:<file$}  {}", narrow(row, paint), row.run));
        }
    } else {
        lines.push(paint.bold(&heading(None)));
        for row in &rows {
            lines.push(narrow(row, paint).trim_end().to_owned());
            let room = width.saturating_sub(row.run.chars().count() + 4);
            if room >= row.file.chars().count().min(SHORTEST_FILE) {
                lines.push(format!("  {}  {}", shortened(&row.file, room), row.run));
            } else {
                lines.push(format!("  {}", shortened(&row.file, width.saturating_sub(2))));
                lines.push(format!("  {}", row.run));
            }
        }
    }
    let lines: Vec<&str> = lines.iter().map(|line| line.trim_end()).collect();
    lines.join("\n") + "\n"
}

/// The headings; without a width for the file's column they are those of two lines.
fn heading(file: Option<usize>) -> String {
    let [started, vendor, profile, devices, verdict, took, name, run] = HEADINGS;
    let narrow = format!(
        "{started:<16}  {vendor:<9}  {profile:<8}  {devices:>9}  {verdict:<16}  {took:<9}  "
    );
    match file {
        Some(width) => format!("{narrow}{name:<width$}  {run}"),
        None => narrow.trim_end().to_owned(),
    }
}

fn narrow(row: &Row, paint: Paint) -> String {
    let Row { started, vendor, profile, devices, verdict, took, tone, .. } = row;
    let profile = shortened(profile, 8);
    let verdict = format!("{verdict:<16}");
    let verdict = match tone {
        Tone::Good => paint.green(&verdict),
        Tone::Bad => paint.red(&verdict),
        Tone::Going => paint.cyan(&verdict),
    };
    format!("{started:<16}  {vendor:<9}  {profile:<8}  {devices:>9}  {verdict}  {took:<9}  ")
}

fn going(run: &Running, now: f64) -> Row {
    Row {
        started: times::minute(run.started),
        vendor: run.vendor.clone(),
        profile: String::new(),
        devices: String::new(),
        verdict: "running".to_owned(),
        took: times::duration(now - run.started),
        file: run.undoes.as_ref().map_or_else(|| run.key.clone(), |run| format!("undo of {run}")),
        run: run.run.clone(),
        tone: Tone::Going,
    }
}

fn ended(run: &History) -> Row {
    let bad = run.counts.read.saturating_sub(run.counts.fine());
    let verdict = match run.verdict {
        Verdict::Done => "done".to_owned(),
        Verdict::DoneWithFailures => format!("{} not fine", thousands(bad)),
        Verdict::Stopped => "stopped".to_owned(),
    };
    let verdict = match run.kind {
        RunKind::Import | RunKind::Activate => verdict,
        kind => format!("{kind}: {verdict}"),
    };
    Row {
        started: times::minute(run.started),
        vendor: run.vendor.clone(),
        profile: run.profile.clone(),
        devices: thousands(run.counts.read),
        verdict,
        took: times::duration(run.ended - run.started),
        file: run.key.clone(),
        run: run.run.clone(),
        tone: if run.verdict == Verdict::Done { Tone::Good } else { Tone::Bad },
    }
}

/// The text, its middle left out where it is too long: a key's folder and its end tell most.
fn shortened(text: &str, most: usize) -> String {
    let characters: Vec<char> =
        text.chars().map(|c| if c.is_control() { '?' } else { c }).collect();
    if characters.len() <= most {
        return characters.into_iter().collect();
    }
    let kept = most.saturating_sub(1);
    let (begin, end) = (kept / 3, kept - kept / 3);
    let first = characters.iter().take(begin);
    let last = characters.iter().skip(characters.len() - end);
    first.chain(&['…']).chain(last).collect()
}

/// A number as people read it, such as `1,234,567`.
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use ledger::Counts;

    use super::*;
    use crate::unindexed::Missing;

    const NOW: f64 = 1_795_339_800.0;

    fn history(key: &str, verdict: Verdict, read: u64, fine: u64) -> History {
        History {
            run: format!("{}-0123456789abcdef", key.replace(['/', '.'], "-")),
            kind: RunKind::Import,
            started: NOW - 86_400.0,
            ended: NOW - 86_400.0 + 754.0,
            bucket: "acme-microchip".into(),
            key: key.into(),
            vendor: "microchip".into(),
            profile: "default".into(),
            verdict,
            counts: Counts { read, created: fine, rejected: read - fine, ..Counts::default() },
            code: None,
        }
    }

    fn listing() -> Listing {
        let running = Running {
            run: "lot-8-json-00aa".into(),
            started: NOW - 62.0,
            vendor: "mes".into(),
            bucket: "acme-mes".into(),
            key: "lot-8.json".into(),
            undoes: None,
        };
        let plan =
            History { kind: RunKind::Plan, ..history("plan/reel-9.json", Verdict::Done, 3, 3) };
        Listing {
            running: vec![running],
            ended: vec![
                history("gateways/2026/reel-7.json", Verdict::Done, 1_000_000, 1_000_000),
                history("reel-8.json", Verdict::DoneWithFailures, 10_000, 8_766),
                plan,
                history("reel-6.json", Verdict::Stopped, 0, 0),
            ],
            unindexed: Missing::default(),
        }
    }

    #[track_caller]
    fn check(width: usize) -> String {
        let text = render_within(&listing(), Paint::plain(), width, NOW);
        let run = text.lines().filter(|line| line.contains("0123456789abcdef")).count();
        assert_eq!(run, 4, "every run's name is whole");
        for line in text.lines() {
            let columns = line.chars().count();
            assert!(columns <= width, "{columns} columns: {line}");
        }
        text
    }

    #[test]
    fn a_wide_terminal_has_a_line_for_each_run() {
        insta::assert_snapshot!("wide", check(160));
    }

    #[test]
    fn a_narrow_terminal_has_two() {
        insta::assert_snapshot!("of-120-columns", check(120));
        insta::assert_snapshot!("of-80-columns", check(80));
    }

    #[test]
    fn a_pipe_is_as_wide_as_it_must_be() {
        let text = render_within(&listing(), Paint::plain(), usize::MAX, NOW);
        assert_eq!(text.lines().count(), 6);
        assert!(text.contains(" gateways/2026/reel-7.json  "), "{text}");
    }

    #[test]
    fn an_undo_that_goes_is_known_by_what_it_takes_back() {
        let mut listing = listing();
        listing.running[0].undoes = Some("reel-7-json-01".into());
        let text = render_within(&listing, Paint::plain(), usize::MAX, NOW);
        assert!(text.contains("undo of reel-7-json-01"), "{text}");
    }

    #[test]
    fn nothing_is_no_table() {
        let none =
            Listing { running: Vec::new(), ended: Vec::new(), unindexed: Missing::default() };
        assert_eq!(render_within(&none, Paint::plain(), 80, NOW), "");
    }

    #[test]
    fn a_long_name_keeps_its_ends() {
        assert_eq!(shortened("gateways/2026/reel-7.json", 16), "gatew…eel-7.json");
        assert_eq!(shortened("short", 16), "short");
        assert_eq!(shortened("a\nb\u{1b}[31m", 16), "a?b?[31m");
    }

    #[test]
    fn large_numbers_are_grouped() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(thousands), ["0", "999", "1,000", "1,234,567"]);
    }
}
