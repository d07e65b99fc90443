//! What an import would add to a device that stands in part.

use ledger::{Note, Work};

use crate::{
    CallError, Registry,
    client::Registered,
    device::{Change, Lacks},
    look::missing,
};

/// Leaves of what a device lacks what is really missing.
///
/// Looking ends early where a certificate and its thing do not belong together yet, because an import
/// attaches all that the profile names and does not mind what is attached already.
pub(crate) async fn narrow(
    registry: &Registry,
    work: &Work,
    registered: Option<&Registered>,
    lacks: Lacks,
) -> Result<Lacks, CallError> {
    let Lacks { thing, attachment, mut groups, mut policies, activation } = lacks;
    if attachment {
        if let Some(certificate) = registered.filter(|_| !policies.is_empty()) {
            policies =
                missing(&policies, &registry.list_attached_policies(&certificate.arn).await?);
        }
        if !groups.is_empty() && !matches!(thing, Some(Change::Create(_))) {
            groups = missing(&groups, &registry.list_thing_groups(&work.thing).await?);
        }
    }
    Ok(Lacks { thing, attachment, groups, policies, activation })
}

/// What an import would add. Names only: an attribute's value may be nobody's business.
pub(crate) fn note(registers: bool, lacks: &Lacks) -> Note {
    let mut parts = Vec::new();
    let mut part = |text: String| parts.push(text);
    if registers {
        part("register its certificate".to_owned());
    }
    match &lacks.thing {
        None => {}
        Some(Change::Create(_)) => part("make its thing".to_owned()),
        Some(Change::Update { thing, .. }) => {
            if let Some(name) = &thing.thing_type {
                part(format!("give its thing the type `{name}`"));
            }
            let names: Vec<_> = thing.attributes.keys().collect();
            if !names.is_empty() {
                part(format!("set {} of its thing", named("attribute", &names)));
            }
        }
    }
    if lacks.attachment {
        part("attach its certificate to its thing".to_owned());
    }
    let groups: Vec<_> = lacks.groups.iter().collect();
    if !groups.is_empty() {
        part(format!("add its thing to {}", named("group", &groups)));
    }
    let policies: Vec<_> = lacks.policies.iter().collect();
    if !policies.is_empty() {
        part(format!("attach {} to its certificate", named("policy", &policies)));
    }
    if lacks.activation {
        part("activate its certificate".to_owned());
    }
    Note {
        code: "Plan.WouldUpdate".to_owned(),
        reason: format!("an import would {}", listed(&parts)),
    }
}

/// Names with what they are names of, in the singular or the plural.
fn named(kind: &str, names: &[&String]) -> String {
    let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    let kind = match (names.len(), kind) {
        (1, kind) => kind.to_owned(),
        (_, "policy") => "policies".to_owned(),
        (_, kind) => format!("{kind}s"),
    };
    format!("the {kind} {}", listed(&names))
}

fn listed(parts: &[String]) -> String {
    match parts {
        [] => "change nothing".to_owned(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::Thing;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[track_caller]
    fn check(registers: bool, lacks: Lacks, expected: &str) {
        assert_eq!(note(registers, &lacks).reason, format!("an import would {expected}"));
    }

    #[test]
    fn what_would_be_added_is_named_in_the_order_in_which_it_is_added() {
        let thing = |thing_type: Option<&str>, attributes: &[(&str, &str)]| Thing {
            thing_type: thing_type.map(str::to_owned),
            attributes: attributes
                .iter()
                .map(|(name, value)| ((*name).into(), (*value).into()))
                .collect(),
        };
        check(
            false,
            Lacks { policies: names(&["a"]), ..Lacks::default() },
            "attach the policy `a` to its certificate",
        );
        check(
            true,
            Lacks {
                thing: Some(Change::update(
                    thing(Some("t"), &[("line", "7"), ("mac", "1")]),
                    &Thing::default(),
                )),
                attachment: true,
                groups: names(&["g"]),
                policies: names(&["a", "b", "c"]),
                activation: false,
            },
            "register its certificate, give its thing the type `t`, set the attributes `line` and `mac` of its thing, \
             attach its certificate to its thing, add its thing to the group `g` and attach the policies `a`, `b` and \
             `c` to its certificate",
        );
        check(
            false,
            Lacks {
                thing: Some(Change::Create(thing(None, &[]))),
                activation: true,
                ..Lacks::default()
            },
            "make its thing and activate its certificate",
        );
    }

    #[test]
    fn a_value_is_named_nowhere() {
        let thing = Thing { thing_type: None, attributes: [("pin".into(), "4711".into())].into() };
        let lacks =
            Lacks { thing: Some(Change::update(thing, &Thing::default())), ..Lacks::default() };
        assert!(!note(false, &lacks).reason.contains("4711"));
    }
}
