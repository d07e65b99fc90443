//! How many transitions a run takes, counted along the way that a run goes where all is well.

use std::fs;

use anyhow::{Context as _, Result};
use serde_json::Value;
use xtask::workspace;

/// Where a run goes at its choices, and a unit; of two of these that a choice offers, the first one.
const WAY: [&str; 7] =
    ["Preflight", "FirstAttempt", "Register", "Notify", "Verdict", "Done", "Finished"];

/// No way is longer.
const MOST: u32 = 100;

/// Transitions of the import machine.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Transitions {
    /// Of a run, besides its units.
    pub(super) run: f64,
    /// Of a unit's child execution, its start included.
    pub(super) unit: f64,
}

impl Transitions {
    /// Those of the machine's definition.
    pub(super) fn read() -> Result<Self> {
        let path = workspace::root().join("statemachines/import.asl.json");
        let definition = fs::read_to_string(&path)
            .with_context(|| format!("failed to read {}", path.display()))?;
        let machine: Value = serde_json::from_str(&definition)?;
        let child = machine.pointer("/States/Register/ItemProcessor");
        let child = child.context("the machine has no Map called Register")?;
        Ok(Self { run: count(&machine)?.into(), unit: (count(child)? + 1).into() })
    }
}

/// States from the first one to the last one, and the start.
fn count(machine: &Value) -> Result<u32> {
    let mut name = text(machine, "StartAt")?;
    for states in 1..MOST {
        let state = machine.pointer(&format!("/States/{name}"));
        let state = state.with_context(|| format!("no state {name}"))?;
        match text(state, "Type")? {
            "Succeed" => return Ok(states),
            "Choice" => name = chosen(state)?,
            _ => name = text(state, "Next")?,
        }
    }
    anyhow::bail!("the machine has no end")
}

/// The one way on that a run goes where all is well.
fn chosen(choice: &Value) -> Result<&'static str> {
    let choices = choice.get("Choices").and_then(Value::as_array);
    let choices = choices.into_iter().flatten().filter_map(|way| way.get("Next")?.as_str());
    let ways: Vec<&str> = choices.chain(text(choice, "Default").ok()).collect();
    let way = WAY.into_iter().find(|name| ways.contains(name));
    way.with_context(|| format!("no way on among {ways:?}"))
}

fn text<'a>(value: &'a Value, name: &str) -> Result<&'a str> {
    value.get(name).and_then(Value::as_str).with_context(|| format!("a state without {name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::float_cmp, reason = "whole numbers")]
    fn the_report_counts_the_transitions_that_the_machine_has() {
        let Transitions { run, unit } = Transitions::read().unwrap();
        assert_eq!(unit, telemetry::float(report::TRANSITIONS_A_UNIT));
        assert!(run <= telemetry::float(report::TRANSITIONS), "{run}");
    }
}
