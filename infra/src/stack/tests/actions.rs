//! Every statement of the template against AWS's own table of actions and resources.

mod arns;
mod broken;
mod exceptions;
mod table;

use std::collections::BTreeSet;

use serde_json::Value;

use super::{every_option, sample, template};
use crate::values::{listed, members};
use exceptions::{EXCEPTIONS, NEWER, NOT_NEEDED, PATTERNS, exception};
use table::Table;

/// What is wrong with statements, and which exceptions they make use of.
#[derive(Default)]
struct Findings {
    wrong: Vec<String>,
    used: BTreeSet<(&'static str, &'static str)>,
}

/// How strictly a policy is taken.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// A role's, or a resource's own: every pair of action and resource means something.
    Exact,
    /// A person's. AWS allows it few characters, so a statement may name several actions together
    /// with the resources of each: every action means some resource, and every resource some action.
    Grouped,
    /// A key's own, where `*` is the key, or a boundary, which allows nothing by itself.
    Frame,
}

impl Findings {
    /// Looks at every policy of a template.
    fn of_template(template: &Value) -> Self {
        let table = Table::read();
        let mut findings = Self::default();
        for (id, resource) in members(template, "/Resources") {
            let kind = match resource["Type"].as_str() {
                Some("AWS::KMS::Key") => Kind::Frame,
                Some("AWS::IAM::ManagedPolicy") => Kind::Grouped,
                _ => Kind::Exact,
            };
            findings.look(&table, template, id, &resource["Properties"], kind);
        }
        findings
    }

    fn look(&mut self, table: &Table, template: &Value, id: &str, document: &Value, kind: Kind) {
        let mut statements = Vec::new();
        collect(document, &mut statements);
        let mut taken = BTreeSet::new();
        for statement in statements {
            let place = format!("{id}, {}", statement["Sid"].as_str().unwrap_or("?"));
            let allows = statement["Effect"] == "Allow";
            let resources = listed(&statement["Resource"]).iter();
            let arns: BTreeSet<String> =
                resources.flat_map(|resource| arns::arns(template, resource)).collect();
            let (mut wrong, mut idle) = (Vec::new(), arns.clone());
            for action in listed(&statement["Action"]).iter().filter_map(Value::as_str) {
                let pattern = PATTERNS.iter().find(|(pattern, ..)| *pattern == action);
                let action = pattern.map_or(action, |(_, action, _)| action);
                if action.contains('*') {
                    if allows && kind != Kind::Frame {
                        self.wrong.push(format!("{place}: {action} allows more than one action"));
                    }
                    idle.clear();
                    continue;
                }
                let Some(known) = table.action(action) else {
                    idle.clear();
                    if !NEWER.iter().any(|(newer, _)| *newer == action) {
                        self.wrong.push(format!("{place}: {action} is not in AWS's table"));
                    }
                    continue;
                };
                for key in
                    condition_keys(statement).iter().filter(|key| !known.takes_condition(key))
                {
                    self.wrong.push(format!("{place}: {action} knows no condition on {key}"));
                }
                if kind == Kind::Frame {
                    continue;
                }
                let mut is_idle = true;
                for arn in &arns {
                    if let Some(exception) = exception(action, arn) {
                        self.used.insert((exception.action, exception.resource));
                    } else if let Some(resource_type) = table.fits(known, arn) {
                        taken.extend(allows.then(|| (action.to_owned(), resource_type)));
                    } else {
                        wrong.push(format!("{place}: {action} takes no {arn}"));
                        continue;
                    }
                    is_idle = false;
                    idle.remove(arn);
                }
                if kind == Kind::Grouped && is_idle {
                    self.wrong.push(format!("{place}: {action} takes none of the resources"));
                }
            }
            match kind {
                Kind::Exact => self.wrong.append(&mut wrong),
                Kind::Grouped => {
                    let idle = idle.iter().map(|arn| format!("{place}: no action takes {arn}"));
                    self.wrong.extend(idle);
                }
                Kind::Frame => {}
            }
        }
        // What an action always takes must be granted for each of its resource types.
        for (action, _) in &taken {
            for needed in table.action(action).into_iter().flat_map(table::Action::required) {
                let is_excused =
                    NOT_NEEDED.iter().any(|(known, other, _)| action == known && needed == *other);
                if !is_excused && !taken.contains(&(action.clone(), needed.to_owned())) {
                    self.wrong.push(format!("{id}: {action} does nothing without a {needed}"));
                }
            }
        }
    }
}

/// Every statement about resources, however deep; a role's trust is about none.
fn collect<'v>(value: &'v Value, statements: &mut Vec<&'v Value>) {
    match value {
        Value::Object(members) => {
            if members.contains_key("Effect") && members.contains_key("Resource") {
                statements.push(value);
            }
            members.values().for_each(|member| collect(member, statements));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, statements)),
        _ => {}
    }
}

fn condition_keys(statement: &Value) -> BTreeSet<String> {
    let operators = statement["Condition"].as_object().into_iter().flatten();
    operators
        .flat_map(|(_, keys)| keys.as_object().into_iter().flatten())
        .map(|(key, _)| key.clone())
        .collect()
}

/// The files of policies beside the template, by name.
fn policies() -> Vec<(String, Value)> {
    let listing = std::fs::read_dir(env!("CARGO_MANIFEST_DIR")).expect("the folder");
    let mut policies: Vec<(String, Value)> = listing
        .map(|entry| entry.expect("an entry").path())
        .filter_map(|path| {
            let name = path.file_name()?.to_str()?.strip_suffix("-policy.json")?.to_owned();
            let text = std::fs::read_to_string(&path).expect("a policy");
            Some((name, serde_json::from_str(&text).expect("JSON")))
        })
        .collect();
    policies.sort_by(|one, other| one.0.cmp(&other.0));
    policies
}

#[test]
fn every_statement_fits_awss_table_and_every_exception_is_needed() {
    let mut used = BTreeSet::new();
    for config in [sample(), every_option()] {
        let findings = Findings::of_template(&template(&config));
        assert_eq!(findings.wrong, Vec::<String>::new());
        used.extend(findings.used);
    }
    for (name, policy) in policies() {
        let kind = if name == "boundary" { Kind::Frame } else { Kind::Grouped };
        let mut findings = Findings::default();
        findings.look(&Table::read(), &Value::Null, &name, &policy, kind);
        assert_eq!(findings.wrong, Vec::<String>::new());
        used.extend(findings.used);
    }
    let named = named();
    let needed: BTreeSet<_> = EXCEPTIONS
        .iter()
        .filter(|exception| named.contains(exception.action))
        .map(|exception| (exception.action, exception.resource))
        .collect();
    assert_eq!(used, needed);
    assert!(EXCEPTIONS.iter().all(|exception| !exception.reason.is_empty()));
}

/// Every action that the templates or the policies beside them name.
fn named() -> BTreeSet<String> {
    let templates = [sample(), every_option()].map(|config| template(&config));
    let policies = policies().into_iter().map(|(_, policy)| policy);
    policies.chain(templates).flat_map(|document| crate::named_actions(&document)).collect()
}

#[test]
fn every_named_action_is_in_the_table_and_no_other() {
    let table = Table::read();
    let known: BTreeSet<String> = table.names().map(str::to_owned).collect();
    let mut named = named();
    for (newer, _) in NEWER {
        assert!(!known.contains(*newer), "the table has {newer} by now");
        named.remove(*newer);
    }
    assert_eq!(known, named, "run `cargo xtask l1 --actions FILE`");
}

#[test]
fn preflight_reads_and_lists_only() {
    let table = Table::read();
    let template = template(&sample());
    let mut statements = Vec::new();
    collect(&template["Resources"]["PreflightRole"]["Properties"], &mut statements);
    let iot: BTreeSet<&str> = statements
        .iter()
        .flat_map(|statement| listed(&statement["Action"]))
        .filter_map(Value::as_str)
        .filter(|action| action.starts_with("iot:"))
        .map(|action| table.action(action).expect(action).level())
        .collect();
    assert_eq!(iot, BTreeSet::from(["List", "Read"]));
}
