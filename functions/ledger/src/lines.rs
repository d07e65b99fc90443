//! Lines of a run's files as they lie in memory: of a million devices, hardly any text is copied.

use std::borrow::Cow;

use serde::Deserialize;

use crate::{Note, Outcome, OutcomeKind};

/// A line of `work.jsonl`, as far as a report needs it: see [`Work`](crate::Work).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct WorkLine<'a> {
    /// Position in the manifest, from 1.
    pub entry: u64,
    /// The same for a person.
    #[serde(borrow)]
    pub place: Cow<'a, str>,
    /// The vendor's identifier of the device.
    #[serde(borrow)]
    pub id: Cow<'a, str>,
    /// Name that its thing has or gets.
    #[serde(borrow)]
    pub thing: Cow<'a, str>,
    /// AWS IoT certificate id.
    #[serde(borrow)]
    pub certificate_id: Cow<'a, str>,
    /// Further names by which people may ask for the device.
    #[serde(borrow, default)]
    pub names: Vec<Text<'a>>,
    /// Things worth knowing that do not stop the device.
    #[serde(default)]
    pub warnings: Vec<Note>,
}

/// A text in a list.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'a> From<&'a str> for Text<'a> {
    fn from(text: &'a str) -> Self {
        Self(text.into())
    }
}

impl AsRef<str> for Text<'_> {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl<'a> WorkLine<'a> {
    /// The device's end.
    pub fn outcome(&self, outcome: OutcomeKind, code: &'a str, reason: String) -> OutcomeLine<'a> {
        OutcomeLine {
            entry: self.entry,
            place: self.place.clone(),
            id: self.id.clone(),
            thing: self.thing.clone(),
            certificate_id: self.certificate_id.clone(),
            outcome,
            code: code.into(),
            reason: reason.into(),
            warnings: self.warnings.clone(),
        }
    }
}

/// A line of `outcomes/<unit>.jsonl` or `rejected.jsonl`: see [`Outcome`].
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct OutcomeLine<'a> {
    /// Position in the manifest, from 1.
    pub entry: u64,
    /// The same for a person.
    #[serde(borrow)]
    pub place: Cow<'a, str>,
    /// The vendor's identifier of the device; empty where it could not be read.
    #[serde(borrow)]
    pub id: Cow<'a, str>,
    /// Name of the thing; empty where there is none.
    #[serde(borrow)]
    pub thing: Cow<'a, str>,
    /// AWS IoT certificate id; empty where no certificate could be read.
    #[serde(borrow)]
    pub certificate_id: Cow<'a, str>,
    /// What became of the entry.
    pub outcome: OutcomeKind,
    /// Stable code of the reason; empty where all is well.
    #[serde(borrow)]
    pub code: Cow<'a, str>,
    /// The reason in words; empty where all is well.
    #[serde(borrow)]
    pub reason: Cow<'a, str>,
    /// Things worth knowing that did not stop the device.
    #[serde(default)]
    pub warnings: Vec<Note>,
}

impl OutcomeLine<'_> {
    /// The same, for whoever keeps it.
    pub fn to_outcome(&self) -> Outcome {
        Outcome {
            entry: self.entry,
            place: self.place.as_ref().to_owned(),
            id: self.id.as_ref().to_owned(),
            thing: self.thing.as_ref().to_owned(),
            certificate_id: self.certificate_id.as_ref().to_owned(),
            outcome: self.outcome,
            code: self.code.as_ref().to_owned(),
            reason: self.reason.as_ref().to_owned(),
            warnings: self.warnings.clone(),
        }
    }
}

impl<'a> From<&'a Outcome> for OutcomeLine<'a> {
    fn from(outcome: &'a Outcome) -> Self {
        Self {
            entry: outcome.entry,
            place: outcome.place.as_str().into(),
            id: outcome.id.as_str().into(),
            thing: outcome.thing.as_str().into(),
            certificate_id: outcome.certificate_id.as_str().into(),
            outcome: outcome.outcome,
            code: outcome.code.as_str().into(),
            reason: outcome.reason.as_str().into(),
            warnings: outcome.warnings.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::{Work, parse_lines, to_line};

    /// Texts that JSON spells as they are, and such that it escapes.
    fn work(text: &str) -> Work {
        let note = Note { code: "A.Code".into(), reason: text.into() };
        Work {
            entry: 7,
            place: format!("line {text}"),
            id: format!("id {text}"),
            thing: format!("thing {text}"),
            certificate_id: format!("certificate {text}"),
            certificate: "AAAA".into(),
            thing_type: Some(text.into()),
            attributes: BTreeMap::from([(text.into(), text.into())]),
            names: vec![text.into(), "another".into()],
            warnings: vec![note],
        }
    }

    #[test]
    fn a_line_says_the_same_in_both_forms() {
        for text in ["plain", "\"quoted\"\n", "\u{202e}ü\u{1F512}", ""] {
            let work = work(text);
            let bytes = to_line(&work).unwrap();
            let lines: Vec<WorkLine<'_>> = parse_lines("work.jsonl", &bytes).unwrap();
            let outcome = |kind| work.outcome(kind, "B.Code", text.to_owned());
            let [line] = lines.as_slice() else { panic!("{lines:?}") };
            let named: Vec<_> = line.names.iter().map(AsRef::as_ref).collect();
            assert_eq!(named, work.names);
            let kind = OutcomeKind::Failed;
            assert_eq!(line.outcome(kind, "B.Code", text.to_owned()).to_outcome(), outcome(kind));

            let bytes = to_line(&outcome(kind)).unwrap();
            let lines: Vec<OutcomeLine<'_>> = parse_lines("outcomes", &bytes).unwrap();
            assert_eq!(lines, [OutcomeLine::from(&outcome(kind))]);
        }
    }

    #[test]
    fn plain_texts_are_not_copied() {
        let bytes = to_line(&work("plain")).unwrap();
        let lines: Vec<WorkLine<'_>> = parse_lines("work.jsonl", &bytes).unwrap();
        let is_borrowed = |text: &Cow<'_, str>| matches!(text, Cow::Borrowed(_));
        for WorkLine { place, id, thing, certificate_id, names, .. } in &lines {
            assert!([place, id, thing, certificate_id].into_iter().all(is_borrowed));
            assert!(names.iter().all(|name| is_borrowed(&name.0)));
        }
        assert_eq!(lines.len(), 1);
    }
}
