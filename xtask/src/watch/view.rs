//! A run as it stands, in lines for a terminal, in one line for a log, and as JSON.

use std::{collections::BTreeMap, fmt::Write as _};

use ledger::OutcomeKind;
use serde::Serialize;

use super::rates::{Pace, number};
use crate::{
    figures::{counted, duration, grouped, rate, time},
    run_follow::Stage,
};

/// Where a run is, for people. States between two of these belong to the one before.
const STAGES: [&str; 5] = ["Recognize", "Preflight", "Decode", "Register", "Report"];
/// States that are a part of a stage.
const WITHIN: [(&str, usize); 20] = [
    ("Configuration", 0),
    ("IsManifest", 0),
    ("IsDeviceInfos", 0),
    ("IsReady", 1),
    ("FirstAttempt", 2),
    ("WaitForSigner", 2),
    ("IsDecoded", 2),
    ("Prepare", 2),
    ("IsPrepared", 2),
    ("ListAccount", 2),
    ("IsDryRun", 2),
    ("Activate", 3),
    ("Foresee", 3),
    ("TakeBack", 3),
    ("HasNotice", 4),
    ("Notify", 4),
    ("Announce", 4),
    ("IsTold", 4),
    ("KeepNotice", 4),
    ("Verdict", 4),
];
/// Characters of the bar.
const BAR: u64 = 30;

/// A run as it stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(super) struct View {
    pub(super) run: String,
    /// The machine without the stack's name: `import`, `activate`.
    pub(super) machine: String,
    /// Address of the file; empty until it is recognized.
    pub(super) file: String,
    /// `RUNNING`, or what Step Functions calls the end.
    pub(super) status: String,
    /// The state that the run is in; empty once it has ended.
    pub(super) state: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) units: Option<UnitCount>,
    /// Seconds since the run began.
    pub(super) seconds: f64,
    /// What Decode made of the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) prepared: Option<PreparedCount>,
    /// Devices so far, by what became of them. Entries that Decode refused are not among them.
    pub(super) outcomes: BTreeMap<OutcomeKind, u64>,
    /// Whether more has become of devices than was read yet.
    pub(super) is_behind: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) pace: Option<Pace>,
    /// How many runs share the rates, this one included.
    pub(super) sharing: usize,
    /// Calls that AWS IoT throttled.
    pub(super) throttled: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) seconds_left: Option<f64>,
    /// Since when no worker was heard of, where that is too long.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) stuck_since: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) waits_for: Option<String>,
    /// Why the devices cannot be counted, where they cannot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) uncounted: Option<String>,
}

/// How many units of work have ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct UnitCount {
    pub(super) ended: i64,
    pub(super) all: i64,
}

/// What Decode made of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct PreparedCount {
    pub(super) entries: u64,
    pub(super) devices: u64,
    pub(super) refused: u64,
}

impl View {
    /// Puts in where the run is.
    pub(super) fn set_stage(&mut self, now: Stage) {
        match now {
            Stage::State(state) => self.state = state,
            Stage::Units { map, finished, total } => {
                self.state = map;
                self.units = Some(UnitCount { ended: finished, all: total });
            }
        }
    }

    /// Devices that have an outcome.
    pub(super) fn ended(&self) -> u64 {
        self.outcomes.values().sum()
    }

    /// How long the devices that are left take at the present pace.
    pub(super) fn time_left(&self) -> Option<f64> {
        let pace = self.pace.as_ref().filter(|pace| pace.devices > 0.0 && !self.is_behind)?;
        let left = self.prepared?.devices.checked_sub(self.ended())?;
        Some(number(left) / pace.devices)
    }

    /// What makes a line worth to be printed at once.
    pub(super) fn is_news_after(&self, before: &Self) -> bool {
        self.state != before.state
            || self.status != before.status
            || self.waits_for != before.waits_for
            || self.stuck_since.is_some() != before.stuck_since.is_some()
            || self.uncounted.is_some() != before.uncounted.is_some()
    }

    /// Whether anything that people follow has changed.
    pub(super) fn is_change_after(&self, before: &Self) -> bool {
        self.is_news_after(before)
            || self.units != before.units
            || self.outcomes != before.outcomes
            || self.sharing != before.sharing
            || self.throttled != before.throttled
    }

    /// One line, for a log.
    pub(super) fn line(&self) -> String {
        let mut line = format!("{}: {}", self.run, self.where_it_is());
        for part in self.parts() {
            let _ = write!(line, "; {part}");
        }
        line
    }

    /// Lines for a terminal.
    pub(super) fn block(&self) -> String {
        let mut lines = vec![format!("{}  {}", self.run, self.heading())];
        lines.push(format!("  {}", self.stages()));
        if let Some(prepared) = self.prepared {
            lines.push(format!("  {}", bar(self.ended(), prepared.devices)));
        }
        lines.extend(self.parts().into_iter().map(|part| format!("  {part}")));
        lines.join("\n")
    }

    fn heading(&self) -> String {
        let file = if self.file.is_empty() { String::new() } else { format!("{}, ", self.file) };
        format!("{file}{}, {}", self.machine, duration(self.seconds))
    }

    fn where_it_is(&self) -> String {
        if self.state.is_empty() {
            return format!("ended as {}", self.status);
        }
        match self.units {
            Some(UnitCount { ended, all }) => {
                format!("{}, {ended} of {all} units of work", self.state)
            }
            None => self.state.clone(),
        }
    }

    /// The stages in their order, with a sign for each: no colour carries a meaning.
    fn stages(&self) -> String {
        let at = stage_of(&self.state);
        let name = |(index, name): (usize, &str)| match at {
            Some(at) if index < at => format!("✓ {name}"),
            // The state's own name, which tells the console's reader where to look.
            Some(at) if index == at => format!("▶ {}", self.where_it_is()),
            _ => format!("· {name}"),
        };
        let named: Vec<_> = STAGES.into_iter().enumerate().map(name).collect();
        if at.is_none() { format!("▶ {}", self.where_it_is()) } else { named.join("  ") }
    }

    fn parts(&self) -> Vec<String> {
        let mut parts = Vec::new();
        if let Some(waits_for) = &self.waits_for {
            parts.push(format!("waits for a signer: {waits_for}"));
        }
        if let Some(since) = self.stuck_since {
            parts.push(format!(
                "STUCK: no worker was heard of since {}. Lambda does not let them in, or the machine waits for \
                 something: its execution in the Step Functions console shows where",
                time(since)
            ));
        }
        if let Some(prepared) = self.prepared {
            parts.push(self.devices(prepared));
        }
        parts.extend(self.uncounted.clone());
        parts.extend(self.pace.as_ref().map(said_pace));
        if self.sharing > 1 {
            let others = u64::try_from(self.sharing - 1).unwrap_or(u64::MAX);
            parts.push(format!(
                "shares the rates with {}",
                counted(others, "other run", "other runs")
            ));
        }
        if self.throttled > 0 {
            parts.push(format!("AWS IoT throttled {}", counted(self.throttled, "call", "calls")));
        }
        parts.extend(self.seconds_left.map(|left| format!("about {} left", duration(left))));
        parts
    }

    fn devices(&self, prepared: PreparedCount) -> String {
        let mut text = format!(
            "{} of {}",
            grouped(self.ended()),
            counted(prepared.devices, "device", "devices")
        );
        let each = self.outcomes.iter().filter(|(_, count)| **count > 0);
        let each: Vec<_> = each
            .map(|(kind, count)| format!("{} {}", grouped(*count), kind.word().replace('_', " ")))
            .collect();
        if !each.is_empty() {
            let _ = write!(text, " ({})", each.join(", "));
        }
        if prepared.refused > 0 {
            let _ = write!(text, ", and {} refused", counted(prepared.refused, "entry", "entries"));
        }
        if self.is_behind {
            text.push_str(", and more that is being counted");
        }
        text
    }
}

fn stage_of(state: &str) -> Option<usize> {
    STAGES
        .iter()
        .position(|stage| *stage == state)
        .or_else(|| WITHIN.iter().find(|(name, _)| *name == state).map(|(_, stage)| *stage))
}

fn said_pace(pace: &Pace) -> String {
    let mut text = format!("{} devices a second", rate(pace.devices));
    if let Some(nearest) = pace.calls.first() {
        let _ = write!(
            text,
            ", {} {} of {} calls a second",
            nearest.call,
            rate(nearest.a_second),
            rate(nearest.quota)
        );
    }
    text
}

fn bar(ended: u64, all: u64) -> String {
    let full = (ended.min(all) * BAR).checked_div(all).unwrap_or(BAR);
    let empty = BAR - full;
    let part = |sign: &str, length: u64| sign.repeat(usize::try_from(length).unwrap_or_default());
    format!("{}{}", part("█", full), part("░", empty))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::rates::CallPace;

    fn view() -> View {
        View {
            run: "reel-7-0123".to_owned(),
            machine: "import".to_owned(),
            file: "s3://acme-microchip/reel-7.json".to_owned(),
            status: "RUNNING".to_owned(),
            state: "Register".to_owned(),
            units: Some(UnitCount { ended: 109, all: 194 }),
            seconds: 130.0,
            prepared: Some(PreparedCount { entries: 1_303, devices: 1_300, refused: 3 }),
            outcomes: BTreeMap::from([(OutcomeKind::Created, 189), (OutcomeKind::Failed, 1)]),
            pace: Some(Pace {
                devices: 9.84,
                calls: vec![CallPace {
                    call: "RegisterCertificateWithoutCA".to_owned(),
                    a_second: 9.84,
                    quota: 10.0,
                }],
            }),
            sharing: 3,
            throttled: 12,
            seconds_left: Some(112.8),
            ..View::default()
        }
    }

    #[test]
    fn a_line_says_where_the_run_is_what_became_of_devices_and_how_fast() {
        insta::assert_snapshot!(view().line(), @r"
        reel-7-0123: Register, 109 of 194 units of work; 190 of 1,300 devices (189 created, 1 failed), and 3 entries refused; 9.8 devices a second, RegisterCertificateWithoutCA 9.8 of 10 calls a second; shares the rates with 2 other runs; AWS IoT throttled 12 calls; about 1 min 53 s left
        ");
    }

    #[test]
    fn a_terminal_shows_the_stages_and_a_bar() {
        insta::assert_snapshot!(view().block(), @r"
        reel-7-0123  s3://acme-microchip/reel-7.json, import, 2 min 10 s
          ✓ Recognize  ✓ Preflight  ✓ Decode  ▶ Register, 109 of 194 units of work  · Report
          ████░░░░░░░░░░░░░░░░░░░░░░░░░░
          190 of 1,300 devices (189 created, 1 failed), and 3 entries refused
          9.8 devices a second, RegisterCertificateWithoutCA 9.8 of 10 calls a second
          shares the rates with 2 other runs
          AWS IoT throttled 12 calls
          about 1 min 53 s left
        ");
    }

    #[test]
    fn a_run_that_waits_and_one_that_is_stuck_say_so() {
        let start = View {
            units: None,
            prepared: None,
            outcomes: BTreeMap::new(),
            pace: None,
            sharing: 1,
            throttled: 0,
            seconds_left: None,
            ..view()
        };
        let waits = View {
            state: "WaitForSigner".to_owned(),
            waits_for: Some("the signer's certificate is not here yet".to_owned()),
            ..start.clone()
        };
        let stuck = View { stuck_since: Some(1_763_816_700.0), ..start };
        insta::assert_snapshot!(format!("{}\n{}", waits.block(), stuck.line()), @r"
        reel-7-0123  s3://acme-microchip/reel-7.json, import, 2 min 10 s
          ✓ Recognize  ✓ Preflight  ▶ WaitForSigner  · Register  · Report
          waits for a signer: the signer's certificate is not here yet
        reel-7-0123: Register; STUCK: no worker was heard of since 2025-11-22T13:05:00Z. Lambda does not let them in, or the machine waits for something: its execution in the Step Functions console shows where
        ");
    }

    #[test]
    fn the_time_left_is_that_of_the_devices_that_are_left_at_the_present_pace() {
        assert_eq!(view().time_left().map(f64::round), Some(113.0));
        assert_eq!(View { is_behind: true, ..view() }.time_left(), None, "not all is counted");
        assert_eq!(View { pace: None, ..view() }.time_left(), None);
    }

    #[test]
    fn every_state_of_the_machines_belongs_to_a_stage_or_ends_the_run() {
        for machine in ["import", "activate", "undo"] {
            let path = crate::workspace::root().join(format!("statemachines/{machine}.asl.json"));
            let machine: serde_json::Value =
                serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
            for name in machine["States"].as_object().unwrap().keys() {
                let is_end = ["Succeed", "Fail"]
                    .contains(&machine["States"][name]["Type"].as_str().unwrap());
                assert!(is_end || stage_of(name).is_some(), "{name}");
            }
        }
    }
}
