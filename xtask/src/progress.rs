//! What a person sees while something takes its time: a moving line on a terminal, plain lines elsewhere.
//!
//! All of it goes to stderr. Stdout carries data only.
#![expect(
    clippy::print_stderr,
    reason = "talking to the person at the terminal is this module's purpose"
)]

use std::{
    env,
    io::{self, IsTerminal, Write, stderr, stdout},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressStyle};

/// Says one line to the person at the terminal.
pub fn say(line: &str) {
    eprintln!("{line}");
}

/// Writes data to stdout, for a person or for the next program of a pipe.
pub(crate) fn data(text: &str) -> io::Result<()> {
    let mut stdout = stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}

/// Red on stderr, where colours are wanted. Meaning is never carried by the colour alone.
#[must_use]
pub fn red(text: &str) -> String {
    coloured("31", text, stderr().is_terminal())
}

/// Green on stderr, where colours are wanted.
#[must_use]
pub fn green(text: &str) -> String {
    coloured("32", text, stderr().is_terminal())
}

/// Yellow on stderr, where colours are wanted.
#[must_use]
pub fn yellow(text: &str) -> String {
    coloured("33", text, stderr().is_terminal())
}

/// Cyan on stderr, where colours are wanted.
#[must_use]
pub fn cyan(text: &str) -> String {
    coloured("36", text, stderr().is_terminal())
}

/// Colours for text whose destination only its caller knows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paint {
    is_terminal: bool,
}

impl Paint {
    pub(crate) fn stdout() -> Self {
        Self { is_terminal: stdout().is_terminal() }
    }

    pub(crate) fn stderr() -> Self {
        Self { is_terminal: stderr().is_terminal() }
    }

    /// How wide lines may be: a pipe has no end, and most terminals have room for this.
    pub(crate) fn width(self) -> usize {
        let columns = env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
        if self.is_terminal { columns.unwrap_or(100) } else { usize::MAX }
    }

    #[cfg(test)]
    pub(crate) fn plain() -> Self {
        Self { is_terminal: false }
    }

    pub(crate) fn red(self, text: &str) -> String {
        coloured("31", text, self.is_terminal)
    }

    pub(crate) fn green(self, text: &str) -> String {
        coloured("32", text, self.is_terminal)
    }

    pub(crate) fn yellow(self, text: &str) -> String {
        coloured("33", text, self.is_terminal)
    }

    pub(crate) fn cyan(self, text: &str) -> String {
        coloured("36", text, self.is_terminal)
    }

    pub(crate) fn bold(self, text: &str) -> String {
        coloured("1", text, self.is_terminal)
    }
}

/// A heading on stdout.
pub(crate) fn bold(text: &str) -> String {
    coloured("1", text, stdout().is_terminal())
}

/// Something on stdout that is not for everybody.
pub(crate) fn faint(text: &str) -> String {
    coloured("2", text, stdout().is_terminal())
}

/// Something on stdout that can be typed.
pub(crate) fn command(text: &str) -> String {
    coloured("36", text, stdout().is_terminal())
}

/// The sign on stdout for what is as it should be.
pub(crate) fn good() -> String {
    coloured("32", "✓", stdout().is_terminal())
}

/// The sign on stdout for what is not as it should be.
pub(crate) fn bad() -> String {
    coloured("31", "✗", stdout().is_terminal())
}

fn coloured(code: &str, text: &str, is_terminal: bool) -> String {
    // https://no-color.org: any value but the empty one turns colours off.
    let unwanted = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    if unwanted || !is_terminal { text.to_owned() } else { format!("\x1b[{code}m{text}\x1b[0m") }
}

fn is_animated() -> bool {
    let unwanted = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
    stderr().is_terminal() && !unwanted("CI") && !unwanted("NO_PROGRESS") && !unwanted("NO_COLOR")
}

/// Lines that are drawn again in their place, where there is a terminal that can.
#[derive(Debug)]
pub(crate) struct Board {
    bar: Option<ProgressBar>,
}

impl Board {
    pub(crate) fn new() -> Self {
        let bar = is_animated().then(|| {
            let bar = ProgressBar::new_spinner();
            if let Ok(style) = ProgressStyle::with_template("{msg}") {
                bar.set_style(style);
            }
            bar
        });
        Self { bar }
    }

    /// Whether anything can be drawn.
    pub(crate) const fn is_drawn(&self) -> bool {
        self.bar.is_some()
    }

    /// Draws these lines in the place of those before.
    pub(crate) fn draw(&self, lines: &str) {
        if let Some(bar) = &self.bar {
            bar.set_message(lines.to_owned());
            bar.tick();
        }
    }

    /// Prints what stays, above the lines that are drawn.
    pub(crate) fn above<T>(&self, print: impl FnOnce() -> T) -> T {
        match &self.bar {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }
}

impl Drop for Board {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// One piece of work that is under way.
#[derive(Debug)]
pub struct Step {
    bar: Option<ProgressBar>,
    /// Whether lines are printed where nothing can move.
    in_lines: bool,
    last: String,
}

impl Step {
    /// Begins a piece of work: `text` says what is being done.
    #[must_use]
    pub fn begin(text: &str) -> Self {
        Self::new(text, true)
    }

    /// The same for what is told in another way when it is done: without a terminal, nothing is printed.
    #[must_use]
    pub(crate) fn moving(text: &str) -> Self {
        Self::new(text, false)
    }

    fn new(text: &str, in_lines: bool) -> Self {
        let bar = is_animated().then(|| {
            let bar = ProgressBar::new_spinner();
            if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg} {elapsed}") {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        let mut step = Self { bar, in_lines, last: String::new() };
        step.update(text);
        step
    }

    /// Says what is being done now. Without a terminal, a line is printed only where the text changed.
    pub fn update(&mut self, text: &str) {
        if self.last == text {
            return;
        }
        text.clone_into(&mut self.last);
        match &self.bar {
            Some(bar) => bar.set_message(self.last.clone()),
            None if self.in_lines => say(text),
            None => {}
        }
    }

    /// Says where the work is, on a terminal only.
    pub(crate) fn moves_to(&mut self, text: &str) {
        if self.bar.is_some() {
            self.update(text);
        }
    }

    /// Prints a line that stays, above the moving one.
    pub fn line(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| say(text)),
            None => say(text),
        }
    }

    /// Ends the piece of work; `text` stays.
    pub fn done(self, text: &str) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        say(&format!("{} {text}", green("✓")));
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
