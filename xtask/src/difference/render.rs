//! The difference for a person at a terminal.

use std::collections::BTreeMap;

use super::{Concern, Difference, Fate, ResourceDifference, names};
use crate::progress::Paint;

/// How far the names of a kind are from the margin.
const KINDS: usize = 14;
/// How far statements are from the margin.
const STATEMENT: usize = 6;

/// What changes, by construct.
pub(crate) fn lines(difference: &Difference, paint: Paint) -> Vec<String> {
    let mut constructs: BTreeMap<(String, String), Vec<&ResourceDifference>> = BTreeMap::new();
    for resource in &difference.resources {
        let construct = names::construct(&resource.id, &resource.kind);
        constructs.entry(construct).or_default().push(resource);
    }
    if difference.is_new {
        return of_new_stack(&constructs, paint);
    }
    let mut lines: Vec<String> = constructs
        .iter()
        .flat_map(|((what, name), resources)| of_construct(what, name, resources, paint))
        .collect();
    for change in &difference.others {
        let (old, new) = (names::brief(change.old.as_ref()), names::brief(change.new.as_ref()));
        lines.push(format!(
            "  {} {}  {old} → {new}",
            paint.yellow("~"),
            names::place(&change.path)
        ));
    }
    lines
}

/// Everything is new, so that names say enough.
fn of_new_stack(
    constructs: &BTreeMap<(String, String), Vec<&ResourceDifference>>,
    paint: Paint,
) -> Vec<String> {
    let mut by_kind: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for ((what, name), resources) in constructs {
        let is_taken_up = resources.iter().any(|resource| resource.fate == Fate::TakenUp);
        let note = if is_taken_up { " (taken up again)" } else { "" };
        by_kind.entry(what).or_default().push(format!("{name}{note}"));
    }
    by_kind
        .into_iter()
        .flat_map(|(what, names)| {
            let mut pieces =
                folded(&names.join(", "), paint.width().saturating_sub(KINDS)).into_iter();
            let first = pieces.next().unwrap_or_default();
            let first = format!("  {} {what:<9} {first}", paint.green("+"));
            std::iter::once(first).chain(pieces.map(|piece| format!("{:<KINDS$}{piece}", "")))
        })
        .collect()
}

fn of_construct(
    what: &str,
    name: &str,
    resources: &[&ResourceDifference],
    paint: Paint,
) -> Vec<String> {
    let fates: Vec<Fate> = resources.iter().map(|resource| resource.fate).collect();
    let all = |fate| fates.iter().all(|each| *each == fate);
    let (sign, note) = if all(Fate::Created) {
        (paint.green("+"), "")
    } else if all(Fate::Deleted) {
        (paint.red("-"), "")
    } else if all(Fate::Kept) {
        (paint.red("-"), "  leaves the stack, and stays in the account")
    } else {
        (paint.yellow("~"), "")
    };
    let mut lines = vec![format!("  {sign} {what} {name}{note}")];
    if all(Fate::Created) || all(Fate::Deleted) || all(Fate::Kept) {
        return lines;
    }
    for resource in resources {
        lines.extend(of_resource(resource, paint));
    }
    lines
}

fn of_resource(resource: &ResourceDifference, paint: Paint) -> Vec<String> {
    let part = names::of_type(&resource.kind);
    let fate = match resource.fate {
        Fate::Created => Some(paint.green("created")),
        Fate::TakenUp => Some(paint.green("taken up again")),
        Fate::Replaced => Some(paint.red("replaced")),
        Fate::MayBeReplaced => Some(paint.yellow("may be replaced")),
        Fate::Deleted => Some(paint.red("deleted")),
        Fate::Kept => Some(paint.red("leaves the stack, and stays in the account")),
        Fate::Updated => None,
    };
    let mut lines = Vec::new();
    lines.extend(fate.map(|fate| format!("      {part}  {fate}")));
    for change in &resource.changes {
        let place = names::place(&change.path);
        let line = match (&change.old, &change.new) {
            (None, Some(new)) => {
                format!("{} {place}  {}", paint.green("+"), names::brief(Some(new)))
            }
            (Some(old), None) => format!("{} {place}  {}", paint.red("-"), names::brief(Some(old))),
            (old, new) => {
                format!("{place}  {} → {}", names::brief(old.as_ref()), names::brief(new.as_ref()))
            }
        };
        lines.push(format!("      {line}"));
    }
    let (more, fewer) = (resource.added.len(), resource.removed.len());
    if resource.fate == Fate::Updated && more + fewer > 0 {
        lines.push(format!("      {part}  {}", paint.cyan("permissions, see below")));
    }
    lines
}

/// What is to be looked at before it happens, set apart.
pub(crate) fn security_lines(concerns: &[Concern], paint: Paint) -> Vec<String> {
    let mut lines = Vec::new();
    let mut heading = None;
    let mut subject = "";
    for concern in concerns {
        if heading != Some(concern.kind) {
            lines.push(paint.bold(concern.kind.heading()));
            heading = Some(concern.kind);
            subject = "";
        }
        match concern.text.split_once('\n') {
            None => lines.push(format!("  {} {}", paint.yellow("!"), concern.text)),
            Some((whose, statement)) => {
                if subject != whose {
                    lines.push(format!("  {whose}"));
                    subject = whose;
                }
                let (sign, statement) = statement.split_once(' ').unwrap_or(("", statement));
                let sign = if sign == "+" { paint.green(sign) } else { paint.red(sign) };
                let mut pieces =
                    folded(statement, paint.width().saturating_sub(STATEMENT)).into_iter();
                lines.extend(pieces.next().map(|first| format!("    {sign} {first}")));
                lines.extend(pieces.map(|piece| format!("{:<STATEMENT$}  {piece}", "")));
            }
        }
    }
    lines
}

/// Text in lines of at most `width` characters, broken between words. A word that is longer has a line of its own.
fn folded(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::folded;

    #[test]
    fn long_statements_are_broken_between_words() {
        assert_eq!(folded("Allow a, b on c", 8), ["Allow a,", "b on c"]);
        assert_eq!(folded("a-long-word on c", 4), ["a-long-word", "on c"]);
        assert_eq!(folded("Allow a", usize::MAX), ["Allow a"]);
    }
}
