//! What a person sees while it measures.

use anyhow::Result;
use xtask::progress::Step;

use crate::figure::RUNS;

/// Measures [`RUNS`] times, and tells which run is under way.
pub(crate) fn runs<T>(what: &str, mut measure: impl FnMut() -> Result<T>) -> Result<Vec<T>> {
    let mut step = Step::begin(&place(what, 1));
    (1..=RUNS)
        .map(|run| {
            step.update(&place(what, run));
            measure()
        })
        .collect()
}

fn place(what: &str, run: usize) -> String {
    format!("{what}: run {run} of {RUNS}")
}
