use std::collections::BTreeMap;

use aws_sdk_iot::types::CertificateStatus;
use ledger::{Added, AddedThing, OnConflict, Profile, ToUndo, Work};

use super::{
    decide,
    judge::Judgement,
    observe::{CertificateNow, Observed, ThingNow},
};
use crate::{
    client::{Registered, SeenThing, Thing},
    tests::work,
};

const BEGAN: f64 = 1_000.0;
const ENDED: f64 = 1_100.0;

const INACTIVE: CertificateStatus = CertificateStatus::Inactive;
const REVOKED: CertificateStatus = CertificateStatus::Revoked;

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// A device that a run made, and that nobody touched.
struct Case {
    profile: Profile,
    work: Work,
    undo: ToUndo,
    now: Observed,
    in_part: bool,
}

impl Case {
    fn made() -> Self {
        let profile = Profile {
            policies: names(&["base"]),
            thing_groups: names(&["sensors"]),
            thing_type: Some("sensor".into()),
            ..Profile::default()
        };
        let attributes: BTreeMap<_, _> = [("line".to_owned(), "north".to_owned())].into();
        let work = Work { attributes: attributes.clone(), ..work() };
        let arn = format!("arn:aws:iot:us-east-1:000000000000:cert/{}", work.certificate_id);
        let now = Observed {
            thing: Some(ThingNow {
                seen: SeenThing {
                    thing: Thing { thing_type: Some("sensor".into()), attributes },
                    version: 1,
                    billing_group: None,
                },
                principals: vec![arn.clone()],
                groups: names(&["sensors"]),
            }),
            certificate: Some(CertificateNow {
                registered: Registered {
                    arn,
                    status: CertificateStatus::Active,
                    created: BEGAN + 1.0,
                },
                things: vec![work.thing.clone()],
                policies: names(&["base"]),
            }),
        };
        let added = Added {
            certificate: true,
            thing: Some(AddedThing::Made),
            attachment: true,
            groups: names(&["sensors"]),
            policies: names(&["base"]),
            ..Added::default()
        };
        let undo = ToUndo { added: Some(added), began: BEGAN, ended: ENDED, ..ToUndo::default() };
        Self { profile, work, undo, now, in_part: false }
    }

    /// The same where thing and certificate were there, in part.
    fn completed() -> Self {
        let mut case = Self::made();
        case.undo.added = Some(Added {
            thing: Some(AddedThing::Changed {
                before: [("line".to_owned(), Some("south".to_owned()))].into(),
                thing_type: true,
            }),
            policies: names(&["base"]),
            had_policies: names(&["others"]),
            ..Added::default()
        });
        case.certificate().policies = names(&["base", "others"]);
        case
    }

    fn certificate(&mut self) -> &mut CertificateNow {
        self.now.certificate.as_mut().unwrap()
    }

    fn thing(&mut self) -> &mut ThingNow {
        self.now.thing.as_mut().unwrap()
    }

    fn attributes(&mut self) -> &mut BTreeMap<String, String> {
        &mut self.thing().seen.thing.attributes
    }

    fn added(&mut self) -> &mut Added {
        self.undo.added.as_mut().unwrap()
    }

    fn judge(&self) -> Judgement {
        decide(&self.profile, &self.work, &self.undo, &self.now, self.in_part)
    }
}

/// What becomes of the device where somebody has done this: `back`, `gone`, or the code by which it
/// is kept.
#[track_caller]
fn check(made: fn() -> Case, somebody: impl FnOnce(&mut Case), expected: &str) {
    let mut case = made();
    somebody(&mut case);
    let judged = match case.judge() {
        Judgement::Back(_) => "back",
        Judgement::Gone => "gone",
        Judgement::Kept(reason) => reason.code(),
    };
    assert_eq!(judged, expected);
}

#[test]
fn what_nobody_touched_is_taken_back() {
    check(Case::made, |_| {}, "back");
    check(Case::completed, |_| {}, "back");
}

#[test]
fn whatever_somebody_changed_of_a_device_that_was_made_keeps_it() {
    let check = |somebody: fn(&mut Case), expected| check(Case::made, somebody, expected);
    check(|case| drop(case.attributes().insert("line".into(), "x".into())), "Undo.ThingChanged");
    check(|case| drop(case.attributes().insert("new".into(), "x".into())), "Undo.ThingChanged");
    check(|case| drop(case.attributes().remove("line")), "Undo.ThingChanged");
    check(|case| case.thing().seen.thing.thing_type = None, "Undo.ThingChanged");
    check(|case| case.thing().seen.billing_group = Some("b".into()), "Undo.ThingChanged");
    check(|case| case.thing().groups.push("more".into()), "Undo.GroupsChanged");
    check(|case| case.thing().groups.clear(), "Undo.GroupsChanged");
    check(|case| case.thing().principals.push("cert/other".into()), "Undo.AttachmentsChanged");
    check(|case| case.thing().principals.clear(), "Undo.AttachmentsChanged");
    check(|case| case.certificate().things.push("other".into()), "Undo.AttachmentsChanged");
    check(|case| case.certificate().policies.push("more".into()), "Undo.PoliciesChanged");
    check(|case| case.certificate().policies.clear(), "Undo.PoliciesChanged");
    check(|case| case.certificate().registered.status = INACTIVE, "Undo.StatusChanged");
    check(|case| case.now.thing = None, "Undo.PartGone");
    check(|case| case.now.certificate = None, "Undo.PartGone");
    check(|case| case.now = Observed::default(), "gone");
}

#[test]
fn of_a_device_that_was_completed_only_what_the_run_added_counts() {
    let check = |somebody: fn(&mut Case), expected| check(Case::completed, somebody, expected);
    check(|case| drop(case.attributes().insert("new".into(), "x".into())), "back");
    check(|case| case.thing().principals.push("cert/other".into()), "back");
    check(|case| case.certificate().registered.status = CertificateStatus::Inactive, "back");
    check(|case| drop(case.attributes().insert("line".into(), "x".into())), "Undo.ThingChanged");
    check(|case| case.thing().seen.thing.thing_type = Some("x".into()), "Undo.ThingChanged");
    check(|case| case.certificate().policies.push("more".into()), "Undo.PoliciesChanged");
    check(|case| case.certificate().policies = names(&["base"]), "Undo.PoliciesChanged");
}

#[test]
fn what_it_had_comes_back() {
    let Judgement::Back(removals) = Case::completed().judge() else { panic!("taken back") };
    let (_, restored) = removals.restored.unwrap();
    assert_eq!(restored.attributes, [("line".to_owned(), "south".to_owned())].into());
    assert!(
        restored.no_type
            && removals.thing.is_none()
            && !removals.certificate
            && !removals.deactivate
    );
    assert_eq!(removals.policies, ["base"]);
}

#[test]
fn what_was_begun_goes_on_with_what_is_left() {
    let left = |somebody: fn(&mut Case), expected| {
        check(
            Case::made,
            |case| {
                case.in_part = true;
                somebody(case);
            },
            expected,
        );
    };
    left(|case| case.certificate().registered.status = INACTIVE, "back");
    left(|case| case.certificate().policies.clear(), "back");
    left(|case| case.thing().groups.clear(), "back");
    left(|case| case.thing().principals.clear(), "back");
    left(|case| case.attributes().clear(), "back");
    left(|case| case.now.thing = None, "back");
    left(|case| case.now.certificate = None, "gone");
    left(|case| case.certificate().policies.push("more".into()), "Undo.PoliciesChanged");
    left(|case| case.thing().groups.push("more".into()), "Undo.GroupsChanged");
    left(|case| case.certificate().registered.status = REVOKED, "Undo.StatusChanged");
}

#[test]
fn a_certificate_is_the_runs_own_by_when_it_was_registered() {
    let at = |created: f64, expected| {
        check(Case::made, |case| case.certificate().registered.created = created, expected);
    };
    at(BEGAN - 1.0, "back");
    at(ENDED + 1.0, "back");
    at(BEGAN - 60.0, "gone");
    at(ENDED + 60.0, "Undo.MadeAgain");
}

#[test]
fn where_the_profile_adopts_others_may_have_been_there_before() {
    let adopting = |somebody: fn(&mut Case), expected| {
        check(
            Case::completed,
            |case| {
                case.profile.on_conflict = OnConflict::Adopt;
                case.added().attachment = true;
                somebody(case);
            },
            expected,
        );
    };
    adopting(|case| case.thing().principals.push("cert/other".into()), "back");
    adopting(|case| case.certificate().things.push("other".into()), "back");
    adopting(
        |case| {
            case.profile.on_conflict = OnConflict::Fail;
            case.thing().principals.push("cert/other".into());
        },
        "Undo.AttachmentsChanged",
    );
}

#[test]
fn an_activation_is_taken_back_unless_its_status_changed() {
    let activated = |status: CertificateStatus, expected| {
        check(
            Case::made,
            |case| {
                let added = case.added();
                (added.certificate, added.activation) = (false, true);
                case.certificate().registered.status = status;
            },
            expected,
        );
    };
    activated(CertificateStatus::Active, "back");
    activated(CertificateStatus::Inactive, "Undo.StatusChanged");
    activated(CertificateStatus::Revoked, "Undo.StatusChanged");
}

#[test]
fn a_reason_names_all_that_changed_and_no_value() {
    let mut case = Case::made();
    case.attributes().insert("line".into(), "a-secret".into());
    case.certificate().policies = names(&["more"]);
    let Judgement::Kept(reason) = case.judge() else { panic!("kept") };
    let text = reason.to_string();
    assert!(text.contains("has the further policies `more`, and has lost `base`; "), "{text}");
    assert!(text.contains("other values of `line`") && !text.contains("a-secret"), "{text}");
    assert_eq!(reason.outcome(), ledger::OutcomeKind::Kept);
}
