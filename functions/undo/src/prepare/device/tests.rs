use ledger::{Profile, Rates, SignerPolicy, Source};

use super::*;

fn plan(vendor: &str, profile: Profile) -> Plan {
    let rates: serde_json::Map<_, _> = [
        "describe_thing",
        "register_certificate",
        "create_thing",
        "update_thing",
        "attach_thing_principal",
        "add_thing_to_thing_group",
        "attach_policy",
        "list_thing_principals",
        "describe_certificate",
        "update_certificate",
        "list_attached_policies",
        "list_thing_groups",
        "list_principal_things",
    ]
    .map(|name| (name.to_owned(), 1.0.into()))
    .into_iter()
    .collect();
    // As an earlier version wrote them.
    let rate: Rates = serde_json::from_value(rates.into()).unwrap();
    Plan {
        run: "r-1".into(),
        vendor: vendor.into(),
        source: Source {
            bucket: String::new(),
            key: String::new(),
            version: String::new(),
            etag: String::new(),
            bytes: 0,
            uploader: String::new(),
        },
        profile_name: "default".into(),
        profile,
        signers: SignerPolicy::default(),
        rate,
        concurrency: 1,
        listed: false,
        resumes: None,
        undoes: None,
        dry: false,
        prepared: None,
    }
}

fn profile() -> Profile {
    Profile {
        policies: vec!["base".into()],
        thing_groups: vec!["sensors".into()],
        ..Profile::default()
    }
}

fn work() -> Work {
    let work = serde_json::json!({
        "entry": 7, "place": "line 7", "id": "07", "thing": "thing-7", "certificate_id": "07",
    });
    serde_json::from_value(work).unwrap()
}

fn added() -> Added {
    Added { certificate: true, policies: vec!["base".into()], ..Added::default() }
}

fn intent(added: Option<Added>, stood: Option<Stood>) -> Intent {
    Intent {
        time: 5.0,
        added: added.into_iter().map(|added| (7, added)).collect(),
        existing: stood.into_iter().map(|stood| (7, stood)).collect(),
    }
}

fn ended(outcome: OutcomeKind, code: &str, reason: &str) -> Outcome {
    work().outcome(outcome, code, reason.to_owned())
}

/// Whether there is something to take back, and whether it may be a part only.
#[track_caller]
fn check(outcome: Option<&Outcome>, intent: Option<&Intent>, expected: Option<bool>) {
    let noted = Noted { outcome, intent, ended: 9.0, ..Noted::default() };
    let undo = to_undo(&plan("generated", profile()), &work(), &noted);
    assert_eq!(undo.map(|undo| undo.in_part), expected);
}

#[test]
fn what_the_run_touched_is_to_be_taken_back() {
    use OutcomeKind::{Conflict, Created, Failed, NotAttempted, Rejected, Unchanged, Updated};
    let noted = intent(Some(added()), None);
    let other = intent(None, Some(Stood::Other));
    for outcome in [Created, Updated].map(|outcome| ended(outcome, "", "")) {
        check(Some(&outcome), Some(&noted), Some(false));
        check(Some(&outcome), None, Some(false));
    }
    let half = "another file took it. Before that, its certificate was registered";
    for outcome in [Conflict, Failed] {
        let half_done = ended(outcome, "Thing.Raced", half);
        check(Some(&half_done), Some(&noted), Some(true));
        check(Some(&half_done), Some(&other), None);
        check(Some(&half_done), None, None);
        check(Some(&ended(outcome, "Certificate.Revoked", "it is")), Some(&noted), None);
        check(Some(&ended(outcome, "Aws.Throttled", "too many")), Some(&noted), Some(true));
    }
    check(None, Some(&noted), Some(true));
    check(None, None, None);
    for outcome in [Unchanged, Rejected, NotAttempted] {
        check(Some(&ended(outcome, "", "")), Some(&noted), None);
    }
}

/// What is known to have been added where the intent was written by an earlier version.
#[track_caller]
fn earlier(vendor: &str, profile: Profile, stood: Option<Stood>, expected: Option<&Added>) {
    let (intent, created) = (intent(None, stood), ended(OutcomeKind::Created, "", ""));
    let noted =
        Noted { outcome: Some(&created), intent: Some(&intent), ended: 9.0, ..Noted::default() };
    let undo = to_undo(&plan(vendor, profile), &work(), &noted).unwrap();
    assert_eq!(undo.added.as_ref(), expected);
}

#[test]
fn what_an_earlier_version_created_is_the_runs_own() {
    let whole = Added {
        certificate: true,
        thing: Some(AddedThing::Made),
        attachment: true,
        groups: vec!["sensors".into()],
        policies: vec!["base".into()],
        ..Added::default()
    };
    earlier("generated", profile(), None, Some(&whole));
    let activated = Added { certificate: false, activation: true, ..whole };
    earlier("mes", profile(), Some(Stood::Certificate), Some(&activated));
    let deferred = Profile { defer_things: true, ..profile() };
    earlier("generated", deferred.clone(), None, Some(&added()));
    let inactive = Profile { certificate_status: CertificateStatus::Inactive, ..deferred };
    let bare = Added { certificate: true, ..Added::default() };
    earlier("generated", inactive, None, Some(&bare));
    earlier("generated", profile(), Some(Stood::Thing), None);
    earlier("mes", profile(), None, None);
}

#[test]
fn a_certificate_that_turned_out_to_be_registered_is_not_the_runs_own() {
    let intent = intent(Some(added()), None);
    let updated = ended(OutcomeKind::Updated, "", "");
    let (lacked, had) = (vec!["base".into()], vec!["other".into()]);
    let stood = CertificateStood { lacked, had, raced: false };
    let noted = Noted {
        outcome: Some(&updated),
        intent: Some(&intent),
        stood: Some(&stood),
        ..Noted::default()
    };
    let undo = to_undo(&plan("generated", profile()), &work(), &noted).unwrap();
    let added = undo.added.unwrap();
    assert!(!added.certificate);
    assert_eq!((added.policies, added.had_policies), (stood.lacked, stood.had));
}

#[test]
fn of_a_device_that_another_run_may_have_made_it_is_not_known_what_is_the_runs_own() {
    let made = Added { thing: Some(AddedThing::Made), attachment: true, ..added() };
    let intent = intent(Some(made), None);
    let stood = CertificateStood { raced: true, ..CertificateStood::default() };
    let half = "another file took it. Before that, its certificate was registered";
    let updated = ended(OutcomeKind::Updated, "", "");
    let half_done = ended(OutcomeKind::Conflict, "Thing.Raced", half);
    for outcome in [None, Some(&updated), Some(&half_done)] {
        let (intent, stood) = (Some(&intent), Some(&stood));
        let noted = Noted { outcome, intent, stood, ..Noted::default() };
        let undo = to_undo(&plan("generated", profile()), &work(), &noted);
        assert_eq!(undo.expect("it is told of").added, None);
    }
    let unchanged = ended(OutcomeKind::Unchanged, "", "");
    let noted = Noted { outcome: Some(&unchanged), stood: Some(&stood), ..Noted::default() };
    assert_eq!(to_undo(&plan("generated", profile()), &work(), &noted), None);
}

#[test]
fn what_an_earlier_undo_began_may_be_there_in_part() {
    let (intent, created) = (intent(Some(added()), None), ended(OutcomeKind::Created, "", ""));
    let noted = Noted {
        outcome: Some(&created),
        intent: Some(&intent),
        begun: true,
        taken_back_by: Some("undo-1"),
        ..Noted::default()
    };
    let undo = to_undo(&plan("generated", profile()), &work(), &noted).unwrap();
    assert!(undo.in_part);
    assert_eq!(undo.taken_back_by.as_deref(), Some("undo-1"));
}
