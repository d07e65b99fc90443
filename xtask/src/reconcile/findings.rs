//! What reconciling came to, for a person, for programs, and as a table.

use std::{collections::BTreeMap, fmt::Write as _, fs::File, io::BufWriter};

use anyhow::Result;
use registry::{Compared, DifferenceKind};
use serde::Serialize;

use super::devices::Device;
use crate::figures::{counted, grouped};

/// So many differences are shown with the device's name.
const EXAMPLES: usize = 20;

/// How old a certificate is that waits for its activation.
const AGES: [(&str, f64); 3] = [
    ("less than a day", 86_400.0),
    ("less than a week", 604_800.0),
    ("less than a month", 2_592_000.0),
];
const OLDER: &str = "a month or more";

/// What reconciling came to.
#[derive(Debug, Default, PartialEq, Serialize)]
pub(super) struct Findings {
    pub(super) run: String,
    /// Devices that the run left well, and that were compared.
    pub(super) compared: u64,
    /// Devices of them that are not as the run left them.
    pub(super) differing: u64,
    /// Entries that did not end well, of which nothing is expected.
    pub(super) not_expected: u64,
    /// Devices that AWS IoT gave no answer about, though it was asked again and again.
    pub(super) unanswered: u64,
    /// How many devices differ in which way.
    pub(super) differences: Vec<Alike>,
    pub(super) examples: Vec<Example>,
    /// For a run of phase 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) activation: Option<Activation>,
    /// What may not be asked, with AWS IoT's explanation, by operation.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) not_asked: BTreeMap<String, String>,
    /// What was not compared, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) not_compared: Vec<String>,
}

/// Devices that differ in the same way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Alike {
    pub(super) kind: &'static str,
    /// Such as `thing` or `policy sensor-base`.
    pub(super) what: String,
    pub(super) devices: u64,
}

/// A difference with its device's name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Example {
    pub(super) entry: u64,
    pub(super) place: String,
    /// Its thing, or its certificate where it has none.
    pub(super) device: String,
    pub(super) kind: &'static str,
    pub(super) reason: String,
}

/// How far the second phase is with the devices of a run of the first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Activation {
    pub(super) activated: u64,
    /// Devices that wait, by the time since their certificates were registered.
    pub(super) waiting: BTreeMap<&'static str, u64>,
}

/// Collects findings as devices are compared.
#[derive(Debug)]
pub(super) struct Collector {
    findings: Findings,
    kinds: BTreeMap<(DifferenceKind, String), u64>,
    table: Option<csv::Writer<BufWriter<File>>>,
}

impl Collector {
    /// For a run; a run of phase 1 has devices to be activated.
    pub(super) fn new(run: &str, is_phase_1: bool) -> Self {
        let activation = is_phase_1.then(Activation::default);
        let findings = Findings { run: run.to_owned(), activation, ..Findings::default() };
        Self { findings, kinds: BTreeMap::new(), table: None }
    }

    /// Writes every difference into `file`, too.
    pub(super) fn write_into(&mut self, file: File) -> Result<()> {
        let mut table = csv::Writer::from_writer(BufWriter::new(file));
        table.write_record([
            "entry",
            "place",
            "id",
            "thing",
            "certificate_id",
            "kind",
            "what",
            "reason",
        ])?;
        self.table = Some(table);
        Ok(())
    }

    /// Adds a device that was compared at the time `now`.
    pub(super) fn add(&mut self, device: &Device, compared: &Compared, now: f64) -> Result<()> {
        self.findings.compared += 1;
        if let (Some(activation), Some((is_active, registered))) =
            (&mut self.findings.activation, compared.certificate)
        {
            if is_active {
                activation.activated += 1;
            } else {
                *activation.waiting.entry(age(now - registered)).or_default() += 1;
            }
        }
        self.findings.differing += u64::from(!compared.differences.is_empty());
        for difference in &compared.differences {
            let (kind, what, reason) =
                (difference.kind(), difference.about(), difference.to_string());
            if let Some(table) = &mut self.table {
                table.write_record([
                    device.entry.to_string().as_str(),
                    &device.place,
                    &device.id,
                    device.left.thing(),
                    device.left.certificate_id(),
                    kind.word(),
                    &what,
                    &reason,
                ])?;
            }
            if self.findings.examples.len() < EXAMPLES {
                let thing = device.left.thing();
                self.findings.examples.push(Example {
                    entry: device.entry,
                    place: device.place.clone(),
                    device: if thing.is_empty() {
                        format!("certificate {}", device.left.certificate_id())
                    } else {
                        format!("thing {thing}")
                    },
                    kind: kind.word(),
                    reason,
                });
            }
            *self.kinds.entry((kind, what)).or_default() += 1;
        }
        Ok(())
    }

    /// Adds a device that AWS IoT gave no answer about.
    pub(super) fn add_unanswered(&mut self) {
        self.findings.unanswered += 1;
    }

    /// Devices so far, and how many of them differ.
    pub(super) fn so_far(&self) -> (u64, u64) {
        (self.findings.compared + self.findings.unanswered, self.findings.differing)
    }

    /// All findings, once the table is written to its end.
    pub(super) fn finish(mut self) -> Result<Findings> {
        if let Some(table) = &mut self.table {
            table.flush()?;
        }
        let kinds = self.kinds.into_iter();
        self.findings.differences = kinds
            .map(|((kind, what), devices)| Alike { kind: kind.word(), what, devices })
            .collect();
        Ok(self.findings)
    }
}

impl Findings {
    /// Whether everything that could be compared is as the run left it, and everything could.
    pub(super) fn is_fine(&self) -> bool {
        self.differing == 0 && self.unanswered == 0 && self.not_asked.is_empty()
    }

    /// For a person.
    pub(super) fn text(&self) -> String {
        let mut lines = vec![format!("{}: {}", self.run, self.sentence())];
        for Alike { kind, what, devices } in &self.differences {
            lines.push(format!("  {kind:<8} {what:<40} {:>9}", grouped(*devices)));
        }
        if let Some(Activation { activated, waiting }) = &self.activation {
            lines.push(format!("  {:<49} {:>9}", "activated", grouped(*activated)));
            let all = waiting.values().sum::<u64>();
            lines.push(format!("  {:<49} {:>9}", "still waiting for the factory", grouped(all)));
            for age in AGES.map(|(age, _)| age).into_iter().chain([OLDER]) {
                if let Some(count) = waiting.get(age) {
                    lines.push(format!("    {:<47} {:>9}", format!("for {age}"), grouped(*count)));
                }
            }
        }
        if self.not_expected > 0 {
            lines.push(format!(
                "  {} of the run did not end well; nothing is expected of them",
                counted(self.not_expected, "entry", "entries")
            ));
        }
        lines.extend(self.not_compared.iter().map(|line| format!("  {line}")));
        for (call, why) in &self.not_asked {
            lines.push(format!("  {call} may not be asked: {why}"));
        }
        let total: u64 = self.differences.iter().map(|kind| kind.devices).sum();
        if !self.examples.is_empty() {
            let shown = u64::try_from(self.examples.len()).unwrap_or(u64::MAX);
            lines.push(if shown < total {
                format!("  {} of {} differences:", grouped(shown), grouped(total))
            } else {
                "  namely:".to_owned()
            });
        }
        for example in &self.examples {
            let Example { entry, place, device, kind, reason } = example;
            lines.push(format!("    {kind:<8} entry {entry} ({place}), {device}: {reason}"));
        }
        lines.join("\n")
    }

    fn sentence(&self) -> String {
        let mut text = match (self.compared, self.differing) {
            (0, _) => "there is no device to compare".to_owned(),
            (1, 0) => "its device is as the run left it".to_owned(),
            (all, 0) => format!("all {} devices are as the run left them", grouped(all)),
            (all, differing) => format!(
                "{} of {} not as the run left {}",
                grouped(differing),
                match all {
                    1 => "1 device is".to_owned(),
                    _ if differing == 1 => format!("{} devices is", grouped(all)),
                    _ => format!("{} devices are", grouped(all)),
                },
                if differing == 1 { "it" } else { "them" },
            ),
        };
        if self.unanswered > 0 {
            let _ = write!(
                text,
                "; AWS IoT gave no answer about {}",
                counted(self.unanswered, "device", "devices")
            );
        }
        text
    }
}

fn age(seconds: f64) -> &'static str {
    AGES.iter().find(|(_, most)| seconds < *most).map_or(OLDER, |(age, _)| age)
}

#[cfg(test)]
mod tests {
    use registry::Difference;

    use super::*;
    use crate::reconcile::devices::LeftLine;

    const DAY: f64 = 86_400.0;

    fn device(entry: u64, thing: &str) -> Device {
        let left = serde_json::json!({
            "thing": thing, "certificate_id": format!("c{entry}"), "status": null, "thing_type": null,
            "attributes": {}, "shared": false,
        });
        let left: LeftLine = serde_json::from_value(left).unwrap();
        Device { entry, place: format!("line {entry}"), id: format!("id-{entry}"), left }
    }

    fn compared(differences: &[Difference], certificate: Option<(bool, f64)>) -> Compared {
        Compared { differences: differences.to_vec(), certificate }
    }

    #[test]
    fn differences_are_counted_by_what_they_are_about_and_shown_with_names() {
        let mut collector = Collector::new("r-1", false);
        for entry in 1..=25 {
            collector
                .add(&device(entry, "t"), &compared(&[Difference::NoThing], None), 0.0)
                .unwrap();
        }
        let both = [
            Difference::FurtherPolicy("admin".into()),
            Difference::Status { now: "INACTIVE".into() },
        ];
        collector.add(&device(26, "t-26"), &compared(&both, None), 0.0).unwrap();
        collector.add(&device(27, "t-27"), &compared(&[], None), 0.0).unwrap();
        collector.add_unanswered();
        let mut findings = collector.finish().unwrap();
        findings.not_expected = 2;
        findings.not_asked.insert("ListThingPrincipals".into(), "not authorized".into());
        assert_eq!(findings.examples.len(), 20, "the table has them all");
        findings.examples.truncate(2);
        assert!(!findings.is_fine());
        insta::assert_snapshot!(findings.text(), @r"
        r-1: 26 of 27 devices are not as the run left them; AWS IoT gave no answer about 1 device
          missing  thing                                           25
          changed  status INACTIVE                                  1
          extra    policy admin                                     1
          2 entries of the run did not end well; nothing is expected of them
          ListThingPrincipals may not be asked: not authorized
          2 of 27 differences:
            missing  entry 1 (line 1), thing t: its thing is not there any more
            missing  entry 2 (line 2), thing t: its thing is not there any more
        ");
    }

    #[test]
    fn devices_of_phase_1_are_activated_or_wait_by_age() {
        let mut collector = Collector::new("r-1", true);
        let now = 100.0 * DAY;
        for (entry, certificate) in [
            (1, (true, 0.0)),
            (2, (false, now - 0.5 * DAY)),
            (3, (false, now - 2.0 * DAY)),
            (4, (false, now - 8.0 * DAY)),
            (5, (false, now - 31.0 * DAY)),
            (6, (false, now - 31.0 * DAY)),
        ] {
            collector.add(&device(entry, ""), &compared(&[], Some(certificate)), now).unwrap();
        }
        let findings = collector.finish().unwrap();
        assert!(findings.is_fine());
        insta::assert_snapshot!(findings.text(), @r"
        r-1: all 6 devices are as the run left them
          activated                                                 1
          still waiting for the factory                             5
            for less than a day                                     1
            for less than a week                                    1
            for less than a month                                   1
            for a month or more                                     2
        ");
    }

    #[test]
    fn sentences_fit_their_numbers() {
        let said = |compared, differing| {
            Findings { compared, differing, ..Findings::default() }.sentence()
        };
        assert_eq!(said(0, 0), "there is no device to compare");
        assert_eq!(said(1, 0), "its device is as the run left it");
        assert_eq!(said(1_000, 0), "all 1,000 devices are as the run left them");
        assert_eq!(said(1, 1), "1 of 1 device is not as the run left it");
        assert_eq!(said(9, 1), "1 of 9 devices is not as the run left it");
        assert_eq!(said(9, 2), "2 of 9 devices are not as the run left them");
    }
}
