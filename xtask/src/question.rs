//! Questions to the person at the terminal. Without one, a question is refused and never waits.
#![expect(
    clippy::print_stderr,
    reason = "talking to the person at the terminal is this module's purpose"
)]

use std::io::{IsTerminal, Write, stderr, stdin};

use anyhow::{Context, Result};

use crate::advice::wrong_usage;

/// Whether somebody can answer.
pub(crate) fn is_possible() -> bool {
    stdin().is_terminal() && stderr().is_terminal()
}

/// Asks for a yes. `assumed`: it was given with the command.
pub(crate) fn confirm(question: &str, assumed: bool) -> Result<bool> {
    if assumed {
        return Ok(true);
    }
    let answer = ask(question, "[y/N]")?;
    Ok(matches!(answer.to_ascii_lowercase().as_str(), "y" | "yes"))
}

/// Asks to type a word: for what cannot be undone.
pub(crate) fn confirm_by_typing(question: &str, word: &str, assumed: bool) -> Result<bool> {
    Ok(assumed || ask(question, &format!("Type {word} to go on:"))? == word)
}

/// Asks for a line; an empty one is the default.
pub(crate) fn line(question: &str, default: &str) -> Result<String> {
    let shown = if default.is_empty() { String::new() } else { format!(" [{default}]") };
    let answer = ask(&format!("{question}{shown}:"), "")?;
    Ok(if answer.is_empty() { default.to_owned() } else { answer })
}

fn ask(question: &str, how: &str) -> Result<String> {
    if !is_possible() {
        return Err(wrong_usage(
            format!("nobody is there to answer: {question}"),
            "add --yes to answer it beforehand",
        ));
    }
    let how = if how.is_empty() { String::new() } else { format!(" {how}") };
    eprint!("{question}{how} ");
    stderr().flush()?;
    let mut answer = String::new();
    stdin().read_line(&mut answer).context("failed to read the answer")?;
    Ok(answer.trim().to_owned())
}
