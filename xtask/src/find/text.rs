//! The answer for a person at a terminal.

use super::{Answer, Looked, registry::Attached, runs::Seen};
use crate::{
    progress::{bad, bold, faint, good},
    times,
};

/// The answer as lines of text.
pub(super) fn render(answer: &Answer) -> String {
    let Answer { id, account, region, search, devices } = answer;
    let mut lines = vec![bold(&match search.seen.len() + search.more {
        0 => format!("{id}: no run reported it, and AWS IoT knows it"),
        1 => format!("{id} is in one run"),
        runs => format!("{id} is in {runs} runs' results"),
    })];
    for seen in &search.seen {
        lines.push(String::new());
        lines.extend(entry(seen));
    }
    if search.more > 0 {
        lines.push(String::new());
        lines.push(format!("  and {} older: --all shows them", search.more));
    }
    for looked in devices {
        lines.push(String::new());
        lines.push(bold(&format!("AWS IoT now, in {account}, {region}")));
        lines.extend(registry(looked));
        lines.push(String::new());
        lines.extend(connecting(looked));
    }
    lines.push(String::new());
    lines.join("\n")
}

fn field(name: &str, value: &str) -> String {
    format!("  {name:<12} {value}")
}

fn entry(seen: &Seen) -> Vec<String> {
    let Seen { run, kind, started, file, profile, place, outcome, code, reason, warnings, .. } =
        seen;
    let mut lines = vec![format!("{} {}", bold(&times::minute(*started)), kind.word())];
    lines.push(field("file", &format!("{file}, {place}")));
    let done = if code.is_empty() { outcome.clone() } else { format!("{outcome} ({code})") };
    lines.push(field("ended", &done));
    if !reason.is_empty() {
        lines.push(field("", reason));
    }
    if !warnings.is_empty() {
        lines.push(field("warnings", warnings));
    }
    if !profile.is_empty() {
        lines.push(field("profile", profile));
    }
    lines.push(field("device", &names(seen)));
    lines.push(field("run", run));
    lines
}

fn names(seen: &Seen) -> String {
    let Seen { id, thing, certificate_id, .. } = seen;
    let mut names = Vec::new();
    if !id.is_empty() {
        names.push(id.clone());
    }
    if !thing.is_empty() && thing != id {
        names.push(format!("thing {thing}"));
    }
    if !certificate_id.is_empty() && certificate_id != id {
        names.push(format!("certificate {certificate_id}"));
    }
    names.join(", ")
}

fn registry(looked: &Looked) -> Vec<String> {
    let device = &looked.device;
    let mut lines = Vec::new();
    match &device.thing {
        Some(thing) => {
            let kind = thing.kind.as_deref().unwrap_or("none");
            let groups = none_or(&thing.groups);
            lines.push(field("thing", &format!("{}, type {kind}, groups {groups}", thing.name)));
        }
        None if device.expected_thing.is_empty() => lines.push(field("thing", "not made yet")),
        None => lines.push(field("thing", &format!("there is no `{}`", device.expected_thing))),
    }
    let Some(certificate) = &device.certificate else {
        lines.push(field("certificate", "not registered here"));
        return lines;
    };
    lines.push(field("certificate", &certificate.id));
    let day = |time: Option<f64>| time.map_or_else(|| "?".to_owned(), times::day);
    let (from, to) = (day(certificate.not_before), day(certificate.not_after));
    lines.push(field("", &format!("{}, valid from {from} to {to}", certificate.status)));
    let policies: Vec<_> = certificate.policies.iter().map(policy).collect();
    lines.push(field("policies", &none_or(&policies)));
    let others = device.thing.iter().flat_map(|thing| &thing.principals);
    let others: Vec<_> = others.filter(|arn| **arn != certificate.arn).cloned().collect();
    if !others.is_empty() {
        lines.push(field("also has", &others.join(", ")));
    }
    lines
}

fn policy(policy: &Attached) -> String {
    match &policy.group {
        None => policy.name.clone(),
        Some(group) => format!("{} (of the group {group})", policy.name),
    }
}

fn none_or(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

fn connecting(looked: &Looked) -> Vec<String> {
    let diagnosis = &looked.diagnosis;
    let mut lines = Vec::new();
    if diagnosis.can_connect {
        lines.push(format!(
            "{} It can connect, as far as the registry and its policies tell",
            good()
        ));
    } else {
        lines.push(format!("{} It cannot connect:", bad()));
        lines.extend(diagnosis.hindrances.iter().map(|each| format!("  - {}", each.reason)));
    }
    lines.extend(diagnosis.notes.iter().map(|note| faint(&format!("  note: {note}"))));
    lines
}

#[cfg(test)]
mod tests {
    use ledger::RunKind;

    use super::*;
    use crate::find::{
        connect::{Cause, Diagnosis, Hindrance},
        policy::Said,
        registry::{Device, Registered, Thing},
        runs::Search,
    };

    #[test]
    fn the_history_the_registry_and_what_is_wrong_are_shown() {
        let seen = |kind, started, thing: &str, code: &str| Seen {
            run: "lot-7-json-0123".into(),
            kind,
            started,
            ended: started,
            file: "s3://acme-mes/lot-7.json".into(),
            vendor: "mes".into(),
            profile: "default".into(),
            entry: 3,
            place: "device 3".into(),
            id: "pump-1".into(),
            thing: thing.into(),
            certificate_id: "c1".into(),
            outcome: if code.is_empty() { "created" } else { "waiting" }.into(),
            code: code.into(),
            reason: if code.is_empty() { String::new() } else { "it is not registered".into() },
            warnings: String::new(),
            names: Vec::new(),
        };
        let search = Search {
            seen: vec![
                seen(RunKind::Activate, 1_795_339_800.0, "pump-1", ""),
                seen(RunKind::Activate, 1_795_300_000.0, "pump-1", "Certificate.NotRegistered"),
            ],
            more: 2,
            ..Search::default()
        };
        let arn = |id: &str| format!("arn:aws:iot:eu-central-1:1:cert/{id}");
        let looked = Looked {
            device: Device {
                expected_thing: "pump-1".into(),
                expected_certificate: "c1".into(),
                thing: Some(Thing {
                    name: "pump-1".into(),
                    kind: Some("pump".into()),
                    groups: vec!["pumps".into(), "plant-a".into()],
                    principals: vec![arn("c1"), arn("c2")],
                }),
                certificate: Some(Registered {
                    id: "c1".into(),
                    arn: arn("c1"),
                    status: "INACTIVE".into(),
                    needs_sni: true,
                    not_before: Some(1_735_689_600.0),
                    not_after: Some(1_998_000_000.0),
                    policies: vec![Attached {
                        name: "base".into(),
                        group: Some("pumps".into()),
                        said: Said::default(),
                    }],
                    things: None,
                }),
            },
            diagnosis: Diagnosis {
                can_connect: false,
                hindrances: vec![Hindrance {
                    cause: Cause::Inactive,
                    reason: "its certificate is INACTIVE: activate it".into(),
                }],
                notes: vec!["it must name the endpoint".into()],
            },
        };
        let (id, account, region) = ("Pump 1".into(), "1".into(), "eu-central-1".into());
        let answer = Answer { id, account, region, search, devices: vec![looked] };
        insta::assert_snapshot!(render(&answer));
    }
}
