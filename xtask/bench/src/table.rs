//! What a person sees, and what programs read.
#![expect(clippy::print_stdout, reason = "the figures are this program's output")]

use std::{fs, path::Path, process::ExitCode};

use anyhow::Result;
use serde::{Deserialize, Serialize};
use xtask::{
    bench::Form,
    progress::{say, yellow},
};

use crate::{
    figure::{Figure, NOISE, Target},
    machine,
};

/// The figures on stdout, in the form that is wanted. Why one is missing is said on stderr.
pub(crate) fn print(figures: &[Figure], form: Form) -> Result<()> {
    let machine = machine::describe();
    if form.json {
        println!("{}", serde_json::to_string_pretty(&Told { machine, figures })?);
    } else if form.markdown {
        print!("{}", markdown(&machine, figures));
    } else {
        print!("{}", text(&machine, figures));
    }
    for figure in figures.iter().filter(|figure| figure.is_too_noisy()) {
        say(&format!("{} {}", yellow("not reported:"), why_not(figure)));
    }
    Ok(())
}

/// A figure that is not reported, or that misses its target, is a failure.
pub(crate) fn status(figures: &[Figure]) -> ExitCode {
    if figures.iter().all(Figure::is_good) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[derive(Serialize)]
struct Told<'f> {
    machine: String,
    figures: &'f [Figure],
}

/// Runs that were measured somewhere else, as figures.
pub(crate) fn read(path: &Path) -> Result<Vec<Figure>> {
    #[derive(Deserialize)]
    struct Measured {
        name: String,
        runs: Vec<f64>,
        at_least: f64,
    }
    let told: Vec<Measured> = serde_json::from_slice(&fs::read(path)?)?;
    let figure = |Measured { name, runs, at_least }| {
        Figure::measured(name, "/s", &runs.into_iter().collect()).target(Target::AtLeast(at_least))
    };
    Ok(told.into_iter().map(figure).collect())
}

/// What to make of a figure without a value.
fn why_not(figure: &Figure) -> String {
    format!(
        "{}: its runs differ by {:.0} % of their median, and over {:.0} % a figure would say more about this machine than \
         about Thingpress; measure again while nothing else runs here",
        figure.name,
        figure.spread * 100.0,
        NOISE * 100.0
    )
}

/// The cells of a figure.
struct Row {
    name: String,
    value: String,
    target: String,
    limit: String,
    ratio: String,
    spread: String,
    verdict: &'static str,
}

impl Row {
    fn of(figure: &Figure) -> Self {
        let with_unit = |value| format!("{} {}", number(value), figure.unit).trim_end().to_owned();
        let ratio = figure.value.zip(figure.limit).map(|(value, limit)| number(value / limit));
        Self {
            name: figure.name.clone(),
            value: figure.value.map_or_else(|| "too noisy".to_owned(), with_unit),
            target: figure.target.map_or_else(String::new, |target| match target {
                Target::AtLeast(value) => format!("≥ {}", number(value)),
                Target::AtMost(value) => format!("≤ {}", number(value)),
            }),
            limit: figure.limit.map_or_else(String::new, number),
            ratio: ratio.unwrap_or_default(),
            // What is counted has none.
            spread: if figure.spread > 0.0 {
                format!("{:.0} %", figure.spread * 100.0)
            } else {
                String::new()
            },
            verdict: match figure.met {
                Some(true) => "met",
                Some(false) => "MISSED",
                None if figure.is_too_noisy() => "not reported",
                None => "",
            },
        }
    }

    fn cells(&self) -> [&str; 7] {
        let Self { name, value, target, limit, ratio, spread, verdict } = self;
        [name, value, target, limit, ratio, spread, verdict]
    }
}

const HEADINGS: [&str; 7] = ["what", "value", "target", "limit", "of limit", "spread", ""];

fn text(machine: &str, figures: &[Figure]) -> String {
    let rows: Vec<_> = figures.iter().map(Row::of).collect();
    let mut widths = HEADINGS.map(str::len);
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row.cells()) {
            *width = cell.chars().count().max(*width);
        }
    }
    let line = |cells: [&str; 7]| {
        let [name, value, target, limit, ratio, spread, verdict] = cells;
        let [names, values, targets, limits, ratios, spreads, _] = widths;
        let line = format!(
            "{name:names$}  {value:>values$}  {target:>targets$}  {limit:>limits$}  {ratio:>ratios$}  {spread:>spreads$}  \
             {verdict}"
        );
        format!("{}\n", line.trim_end())
    };
    let lines: String = rows.iter().map(|row| line(row.cells())).collect();
    format!("{machine}\n\n{}{lines}", line(HEADINGS))
}

fn markdown(machine: &str, figures: &[Figure]) -> String {
    let line = |cells: [&str; 7]| format!("| {} |\n", cells.join(" | "));
    let rows: String = figures.iter().map(|figure| line(Row::of(figure).cells())).collect();
    format!("{machine}\n\n{}|---|---:|---:|---:|---:|---:|---|\n{rows}", line(HEADINGS))
}

/// Three digits that matter, or whole numbers with commas.
fn number(value: f64) -> String {
    let places = match value.abs() {
        size if size >= 99.95 => return thousands(value),
        size if size >= 9.995 => 1,
        size if size >= 0.9995 => 2,
        0.0 => 0,
        _ => 4,
    };
    format!("{value:.places$}")
}

fn thousands(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if value < 0.0 { format!("-{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::{markdown, number, text};
    use crate::figure::{Figure, Series, Target};

    fn series(values: &[f64]) -> Series {
        values.iter().copied().collect()
    }

    fn figures() -> Vec<Figure> {
        let rate = Figure::measured("a.rate", "/s", &series(&[900.0, 1_000.0, 1_100.0]));
        let noisy = Figure::measured("a.memory", "B", &series(&[10.0, 11.0, 14.0]));
        vec![
            rate.limit(1_250.0).target(Target::AtLeast(800.0)),
            noisy.target(Target::AtMost(20.0)),
            Figure::counted("a.calls", "", 7.0).target(Target::AtMost(6.0)),
            Figure::counted("a.entries", "", 100_000.0),
        ]
    }

    #[test]
    fn numbers_are_short() {
        let shown = [0.0, 0.05, 1.8, 9.999, 28.0, 99.96, 999.6, 250_000.0, -1_234.0].map(number);
        let expected = ["0", "0.0500", "1.80", "10.0", "28.0", "100", "1,000", "250,000", "-1,234"];
        assert_eq!(shown, expected);
    }

    #[test]
    fn a_figure_stands_beside_its_target_and_its_limit() {
        let expected = "M\n
what           value  target  limit  of limit  spread
a.rate      1,000 /s   ≥ 800  1,250    0.8000    20 %  met
a.memory   too noisy  ≤ 20.0                     36 %  not reported
a.calls         7.00  ≤ 6.00                           MISSED
a.entries    100,000
";
        assert_eq!(text("M", &figures()), expected);
    }

    #[test]
    fn a_table_in_markdown_has_the_same_cells() {
        let table = markdown("M", &figures());
        let row = "| a.rate | 1,000 /s | ≥ 800 | 1,250 | 0.8000 | 20 % | met |";
        assert!(table.contains(row), "{table}");
        assert_eq!(
            table.lines().filter(|line| line.matches('|').count() == 8).count(),
            6,
            "{table}"
        );
    }
}
