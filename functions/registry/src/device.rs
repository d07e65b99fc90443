//! A device as it was found, and what it lacks.

use std::collections::BTreeMap;

use ledger::{Added, AddedThing, CertificateStatus, Note, OnConflict, Profile, Stood, Work};

use crate::{
    Reason,
    client::{Registered, Thing},
};

/// A device that can be made what its profile says: what stood of it, and what it lacks.
#[derive(Clone, Debug, PartialEq)]
pub struct Device {
    /// What stood; none where nothing is known to.
    pub(crate) stood: Option<Stood>,
    /// Its certificate, where that is known to be registered.
    pub(crate) certificate: Option<Registered>,
    pub(crate) lacks: Lacks,
    /// What it has besides, as far as that was asked.
    pub(crate) has: Has,
    pub(crate) warnings: Vec<Note>,
}

/// The groups and policies that a device was found with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Has {
    pub(crate) groups: Vec<String>,
    pub(crate) policies: Vec<String>,
}

impl Device {
    /// What is added to make it whole, so that it can be taken back.
    pub(crate) fn added(&self) -> Option<Added> {
        let certificate = self.certificate.is_none();
        if !certificate && self.lacks.is_nothing() {
            return None;
        }
        let Lacks { thing, attachment, groups, policies, activation } = self.lacks.clone();
        Some(Added {
            certificate,
            thing: thing.map(|change| match change {
                Change::Create(_) => AddedThing::Made,
                Change::Update { thing, before } => {
                    AddedThing::Changed { before, thing_type: thing.thing_type.is_some() }
                }
            }),
            attachment,
            groups,
            policies,
            activation,
            had_groups: self.has.groups.clone(),
            had_policies: self.has.policies.clone(),
        })
    }
}

/// What a device lacks.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Lacks {
    pub(crate) thing: Option<Change>,
    /// Its certificate is not attached to its thing.
    pub(crate) attachment: bool,
    pub(crate) groups: Vec<String>,
    pub(crate) policies: Vec<String>,
    /// Its certificate is to be made ACTIVE.
    pub(crate) activation: bool,
}

/// What is done to a thing.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Change {
    Create(Thing),
    /// It gets what is named here, and keeps everything else.
    Update {
        thing: Thing,
        /// What each of the attributes was before; none where the thing did not have it.
        before: BTreeMap<String, Option<String>>,
    },
}

impl Change {
    /// What the thing that was found lacks.
    pub(crate) fn update(lacking: Thing, found: &Thing) -> Self {
        let before = lacking.attributes.keys();
        let before = before.map(|name| (name.clone(), found.attributes.get(name).cloned()));
        Self::Update { before: before.collect(), thing: lacking }
    }
}

impl Device {
    /// A device of which nothing is known but that its thing is not there.
    pub(crate) fn without_thing(profile: &Profile, work: &Work) -> Self {
        let thing = Some(Change::Create(wanted_thing(profile, work)));
        Self::of_nothing(Lacks { thing, ..Lacks::all_but_thing(profile) })
    }

    /// A certificate of phase 1 of which nothing is known. An inactive one gets nothing else.
    pub(crate) fn deferred(profile: &Profile) -> Self {
        let policies = match profile.certificate_status {
            CertificateStatus::Inactive => Vec::new(),
            CertificateStatus::Active => profile.policies.clone(),
        };
        Self::of_nothing(Lacks { policies, ..Lacks::default() })
    }

    fn of_nothing(lacks: Lacks) -> Self {
        Self { stood: None, certificate: None, lacks, has: Has::default(), warnings: Vec::new() }
    }
}

impl Lacks {
    pub(crate) fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    /// All that comes after the thing: its certificate, its groups, the certificate's policies.
    pub(crate) fn all_but_thing(profile: &Profile) -> Self {
        Self {
            attachment: true,
            groups: profile.thing_groups.clone(),
            policies: profile.policies.clone(),
            ..Self::default()
        }
    }
}

/// The thing that a device is to have. The device's own type wins over the profile's.
///
/// An empty value would remove the attribute, and an import removes nothing.
pub(crate) fn wanted_thing(profile: &Profile, work: &Work) -> Thing {
    let attributes = work.attributes.iter().filter(|(_, value)| !value.is_empty());
    Thing {
        thing_type: work.thing_type.clone().or_else(|| profile.thing_type.clone()),
        attributes: attributes.map(|(name, value)| (name.clone(), value.clone())).collect(),
    }
}

/// What the thing that stands lacks, and what of it is left although the profile says otherwise.
pub(crate) fn fit(
    profile: &Profile,
    work: &Work,
    found: &Thing,
) -> Result<(Option<Thing>, Vec<Note>), Reason> {
    let adopts = profile.on_conflict == OnConflict::Adopt;
    let wanted = wanted_thing(profile, work);
    let (mut lacking, mut notes) = (Thing::default(), Vec::new());
    if let Some(wanted) = wanted.thing_type {
        match &found.thing_type {
            Some(found) if *found == wanted => {}
            None if adopts => lacking.thing_type = Some(wanted),
            Some(found) if adopts => notes.push(type_kept(found, &wanted)),
            found => {
                let found = found
                    .as_ref()
                    .map_or_else(|| "no type".to_owned(), |name| format!("the type `{name}`"));
                let thing = work.thing.clone();
                return Err(Reason::ThingOtherType { thing, found, wanted });
            }
        }
    }
    let mut kept = Vec::new();
    for (name, value) in wanted.attributes {
        match found.attributes.get(&name) {
            Some(found) if *found == value => {}
            Some(_) if !adopts => kept.push(format!("`{name}`")),
            _ => drop(lacking.attributes.insert(name, value)),
        }
    }
    if !kept.is_empty() {
        notes.push(attributes_kept(&kept));
    }
    Ok(((lacking != Thing::default()).then_some(lacking), notes))
}

fn type_kept(found: &str, wanted: &str) -> Note {
    Note {
        code: "Thing.TypeKept".to_owned(),
        reason: format!(
            "the thing has the type `{found}` and kept it, although `{wanted}` was asked for"
        ),
    }
}

/// Names only: a value may be nobody's business.
fn attributes_kept(names: &[String]) -> Note {
    Note {
        code: "Thing.AttributeKept".to_owned(),
        reason: format!(
            "the thing has other values of {} and kept them; where the file's are right, remove them from the thing, then import again",
            names.join(", ")
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::work;

    fn thing(thing_type: Option<&str>, attributes: &[(&str, &str)]) -> Thing {
        let attributes = attributes.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        Thing { thing_type: thing_type.map(str::to_owned), attributes: attributes.collect() }
    }

    /// Where `found` stands and `wanted` is asked for: what is added, and the codes of what is kept
    /// or in the way.
    #[track_caller]
    fn check(
        on_conflict: OnConflict,
        wanted: Thing,
        found: Thing,
        expected: (Option<Thing>, &[&str]),
    ) {
        let profile = Profile { on_conflict, thing_type: wanted.thing_type, ..Profile::default() };
        let work = Work { attributes: wanted.attributes, ..work() };
        let (added, codes) = match fit(&profile, &work, &found) {
            Ok((added, notes)) => (added, notes.into_iter().map(|note| note.code).collect()),
            Err(reason) => (None, vec![reason.code().to_owned()]),
        };
        let codes: Vec<_> = codes.iter().map(String::as_str).collect();
        assert_eq!((added, codes.as_slice()), expected);
    }

    #[test]
    fn by_default_another_type_is_a_conflict_and_another_value_is_kept() {
        let check = |wanted, found, expected| check(OnConflict::Fail, wanted, found, expected);
        check(thing(None, &[]), thing(Some("a"), &[("x", "1")]), (None, &[]));
        check(thing(Some("a"), &[]), thing(Some("a"), &[]), (None, &[]));
        check(thing(Some("a"), &[]), thing(Some("b"), &[]), (None, &["Thing.OtherType"]));
        check(thing(Some("a"), &[]), thing(None, &[]), (None, &["Thing.OtherType"]));
        check(
            thing(None, &[("x", "1"), ("y", "2"), ("z", "3")]),
            thing(None, &[("x", "1"), ("y", "other"), ("w", "4")]),
            (Some(thing(None, &[("z", "3")])), &["Thing.AttributeKept"]),
        );
    }

    #[test]
    fn adopting_fills_in_a_type_and_lets_the_files_values_win() {
        let check = |wanted, found, expected| check(OnConflict::Adopt, wanted, found, expected);
        check(thing(Some("a"), &[]), thing(Some("b"), &[]), (None, &["Thing.TypeKept"]));
        check(thing(Some("a"), &[]), thing(None, &[]), (Some(thing(Some("a"), &[])), &[]));
        check(
            thing(Some("a"), &[("x", "1"), ("y", "2")]),
            thing(None, &[("x", "1"), ("y", "other"), ("w", "4")]),
            (Some(thing(Some("a"), &[("y", "2")])), &[]),
        );
    }

    #[test]
    fn what_is_kept_is_named_and_its_value_is_not() {
        let profile = Profile::default();
        let work = Work { attributes: [("pin".into(), "1234".into())].into(), ..work() };
        let (_, notes) = fit(&profile, &work, &thing(None, &[("pin", "9876")])).unwrap();
        let [Note { reason, .. }] = notes.as_slice() else { panic!("one note, got {notes:?}") };
        assert!(reason.contains("`pin`"), "{reason}");
        assert!(!reason.contains("1234") && !reason.contains("9876"), "{reason}");
    }

    #[test]
    fn the_devices_own_type_wins_and_an_empty_value_is_nothing_to_write() {
        let profile = Profile { thing_type: Some("line".into()), ..Profile::default() };
        let attributes: BTreeMap<_, _> = [("x".into(), String::new())].into();
        let own = Work { thing_type: Some("own".into()), attributes, ..work() };
        assert_eq!(wanted_thing(&profile, &own), thing(Some("own"), &[]));
        assert_eq!(wanted_thing(&profile, &work()), thing(Some("line"), &[]));
    }
}
