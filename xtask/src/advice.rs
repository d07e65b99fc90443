//! Errors that know what to do next.

use std::fmt;

/// Wrong usage: the arguments do not fit what they name. The same status as clap's own.
pub(crate) const WRONG_USAGE: u8 = 2;

/// An error together with the next step, which is printed on a line of its own.
#[derive(Debug)]
struct Advice {
    message: String,
    hint: Option<String>,
    status: Option<u8>,
}

impl fmt::Display for Advice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Advice {}

/// Adds the next step to an error.
pub(crate) trait Advise<T> {
    /// Tells the reader what to do about the error.
    fn advise(self, hint: impl FnOnce() -> String) -> anyhow::Result<T>;
}

impl<T, E: Into<anyhow::Error>> Advise<T> for Result<T, E> {
    fn advise(self, hint: impl FnOnce() -> String) -> anyhow::Result<T> {
        self.map_err(|error| advised(&error.into(), hint()))
    }
}

/// An error made of a message and the next step.
pub(crate) fn with_hint(message: impl Into<String>, hint: impl Into<String>) -> anyhow::Error {
    Advice { message: message.into(), hint: Some(hint.into()), status: None }.into()
}

/// An error that is the caller's: what was asked for cannot be meant.
pub(crate) fn wrong_usage(message: impl Into<String>, hint: impl Into<String>) -> anyhow::Error {
    Advice { message: message.into(), hint: Some(hint.into()), status: Some(WRONG_USAGE) }.into()
}

/// An error with an exit status of its own, for what is neither a failure nor wrong usage.
pub(crate) fn with_status(
    message: impl Into<String>,
    hint: Option<String>,
    status: u8,
) -> anyhow::Error {
    Advice { message: message.into(), hint, status: Some(status) }.into()
}

/// Where the cause itself knows the next step, that is the more exact one.
fn advised(error: &anyhow::Error, hint: String) -> anyhow::Error {
    let own = hints(error);
    let hint = if own.is_empty() { hint } else { own.join("; ") };
    Advice { message: format!("{error:#}"), hint: Some(hint), status: exit_status(error) }.into()
}

/// The next steps that the error's causes know, outermost first.
pub(crate) fn hints(error: &anyhow::Error) -> Vec<&str> {
    advices(error).filter_map(|advice| advice.hint.as_deref()).collect()
}

/// The exit status that the error asks for, where it asks for one.
pub(crate) fn exit_status(error: &anyhow::Error) -> Option<u8> {
    advices(error).find_map(|advice| advice.status)
}

fn advices(error: &anyhow::Error) -> impl Iterator<Item = &Advice> {
    error.chain().filter_map(|cause| cause.downcast_ref::<Advice>())
}

#[cfg(test)]
mod tests {
    use anyhow::{Context, anyhow};

    use super::{Advise, exit_status, hints, wrong_usage};

    #[test]
    fn a_hint_survives_further_context() {
        let failed: anyhow::Result<()> = Err(anyhow!("disk full")).context("failed to write");
        let error = failed.advise(|| "make room".into()).context("deploying").unwrap_err();
        assert_eq!(format!("{error:#}"), "deploying: failed to write: disk full");
        assert_eq!(hints(&error), ["make room"]);
        assert_eq!(exit_status(&error), None);
    }

    #[test]
    fn the_causes_own_next_step_is_the_more_exact_one() {
        let failed: anyhow::Result<()> = Err(super::with_hint("expired", "log in again"));
        let error = failed.advise(|| "is it deployed?".into()).unwrap_err();
        assert_eq!(hints(&error), ["log in again"]);
    }

    #[test]
    fn wrong_usage_keeps_its_status() {
        let error = wrong_usage("no such file", "check the path").context("importing");
        assert_eq!(exit_status(&error), Some(2));
    }
}
