//! Makes one device what its profile says.
//!
//! Policies come last: a certificate without a policy can do nothing, so that a device which is
//! half done is not usable.

use futures::future::try_join_all;
use ledger::{CertificateStatus, Intent, Note, OutcomeKind, Profile, Work};

use crate::{
    CallError, CallErrorKind, Finding, Reason, Registry,
    client::Registration,
    look::{Ours, is_certificate, status_note, unusable},
    pem,
};

/// Seconds by which AWS IoT's clock may be behind ours.
const CLOCK_TOLERANCE: f64 = 2.0;

/// What acting on a device depends on, besides the device.
#[derive(Clone, Copy, Debug)]
pub struct Situation<'a> {
    /// What devices get.
    pub profile: &'a Profile,
    /// What an earlier try of the same unit found, where there was one.
    pub earlier: Option<&'a Intent>,
    /// Whether another run is active, which may name the same things.
    pub others_active: bool,
}

/// How a device ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// What became of it.
    pub outcome: OutcomeKind,
    /// Why it did not end well, where it did not.
    pub reason: Option<Reason>,
    /// Things worth knowing that did not stop it.
    pub warnings: Vec<Note>,
}

/// A device that could not be finished now and is to be taken up again.
pub type Again = CallError;

impl Ending {
    fn bad(reason: Reason) -> Self {
        Self { outcome: reason.outcome(), reason: Some(reason), warnings: Vec::new() }
    }
}

/// Acts on one device. An error means that it is to be taken up again, from the start.
pub async fn act(
    registry: &Registry,
    situation: Situation<'_>,
    work: &Work,
    finding: Finding,
) -> Result<Ending, Again> {
    let acted = match finding {
        Finding::Conflict(reason) => return Ok(Ending::bad(reason)),
        Finding::Ours(ours) => complete(registry, situation, work, ours).await,
        Finding::New if situation.profile.defer_things => {
            register_only(registry, situation, work).await
        }
        Finding::New => assemble(registry, situation, work, true).await,
        Finding::Free => assemble(registry, situation, work, false).await,
    };
    match acted {
        Ok(ending) => Ok(ending),
        Err(error) if error.kind.is_passing() => Err(error),
        Err(error) => Ok(Ending::bad(error.into())),
    }
}

/// The device stands: adds what it lacks.
async fn complete(
    registry: &Registry,
    situation: Situation<'_>,
    work: &Work,
    ours: Ours,
) -> Result<Ending, CallError> {
    try_join_all(ours.missing_groups.iter().map(|group| registry.add_to_group(&work.thing, group)))
        .await?;
    try_join_all(
        ours.missing_policies.iter().map(|policy| registry.attach_policy(&ours.arn, policy)),
    )
    .await?;
    let now = if ours.is_whole() { OutcomeKind::Unchanged } else { OutcomeKind::Updated };
    let outcome = word(situation, work, now, Some(ours.created));
    Ok(Ending { outcome, reason: None, warnings: ours.warnings })
}

/// There is no thing, or a free one: registers the certificate and puts the device together.
async fn assemble(
    registry: &Registry,
    situation: Situation<'_>,
    work: &Work,
    new_thing: bool,
) -> Result<Ending, CallError> {
    let Situation { profile, .. } = situation;
    let thing = &work.thing;
    let certificate = match certificate(registry, situation, work).await? {
        Ok(certificate) => certificate,
        Err(reason) => return Ok(Ending::bad(reason)),
    };
    if let Some(other) = other_thing(registry, &certificate, thing).await? {
        return Ok(Ending::bad(Reason::CertificateOnAnotherThing { other }));
    }
    let arn = &certificate.arn;
    if new_thing {
        match registry.create_thing(thing, profile).await {
            Err(CallError { kind: CallErrorKind::Exists, .. }) => {
                return Ok(Ending::bad(Reason::ThingChangedMeanwhile { thing: thing.clone() }));
            }
            created => created?,
        }
    }
    let groups =
        try_join_all(profile.thing_groups.iter().map(|group| registry.add_to_group(thing, group)));
    futures::try_join!(registry.attach_principal(thing, arn), groups)?;
    if situation.others_active && is_raced(registry, work).await? {
        registry.detach_principal(thing, arn).await?;
        return Ok(Ending::bad(Reason::ThingRaced { thing: thing.clone() }));
    }
    try_join_all(profile.policies.iter().map(|policy| registry.attach_policy(arn, policy))).await?;
    let now = if new_thing && certificate.created.is_none() {
        OutcomeKind::Created
    } else {
        OutcomeKind::Updated
    };
    let outcome = word(situation, work, now, certificate.created);
    Ok(Ending { outcome, reason: None, warnings: certificate.warnings })
}

/// Phase 1: the certificate alone; its thing comes later.
async fn register_only(
    registry: &Registry,
    situation: Situation<'_>,
    work: &Work,
) -> Result<Ending, CallError> {
    let mut certificate = match certificate(registry, situation, work).await? {
        Ok(certificate) => certificate,
        Err(reason) => return Ok(Ending::bad(reason)),
    };
    if situation.profile.certificate_status == CertificateStatus::Active {
        try_join_all(
            situation
                .profile
                .policies
                .iter()
                .map(|policy| registry.attach_policy(&certificate.arn, policy)),
        )
        .await?;
        certificate.warnings.push(Note {
            code: "Certificate.ActiveWithoutThing".to_owned(),
            reason: "the certificate is active and has its policies, and its thing comes later: the device can connect already".to_owned(),
        });
    }
    let now =
        if certificate.created.is_none() { OutcomeKind::Created } else { OutcomeKind::Unchanged };
    let outcome = word(situation, work, now, certificate.created);
    Ok(Ending { outcome, reason: None, warnings: certificate.warnings })
}

struct Certificate {
    arn: String,
    /// When it was registered, where this call did not do it.
    created: Option<f64>,
    warnings: Vec<Note>,
}

/// Registers the certificate; "already exists" is a question, and looking closer answers it.
async fn certificate(
    registry: &Registry,
    situation: Situation<'_>,
    work: &Work,
) -> Result<Result<Certificate, Reason>, CallError> {
    let pem = pem::certificate(&work.certificate);
    if let Registration::New { arn } = registry.register_certificate(pem, situation.profile).await?
    {
        return Ok(Ok(Certificate { arn, created: None, warnings: Vec::new() }));
    }
    let registered = registry.describe_certificate(&work.certificate_id).await?;
    if let Some(reason) = unusable(&registered) {
        return Ok(Err(reason));
    }
    let warnings = status_note(&registered, situation.profile).into_iter().collect();
    Ok(Ok(Certificate { arn: registered.arn, created: Some(registered.created), warnings }))
}

/// The thing that a certificate belongs to already, where it is not this one.
async fn other_thing(
    registry: &Registry,
    certificate: &Certificate,
    thing: &str,
) -> Result<Option<String>, CallError> {
    if certificate.created.is_none() {
        return Ok(None);
    }
    Ok(registry
        .list_principal_things(&certificate.arn)
        .await?
        .into_iter()
        .find(|other| other != thing))
}

/// Whether another run attached another certificate at the same moment.
///
/// Whoever sees the other one steps back, so that the thing never keeps two.
async fn is_raced(registry: &Registry, work: &Work) -> Result<bool, CallError> {
    let principals = registry.list_thing_principals(&work.thing).await?;
    Ok(principals.iter().any(|arn| !is_certificate(arn, &work.certificate_id)))
}

/// The word for a device that ended well: the one it would have had without an earlier accident.
fn word(
    situation: Situation<'_>,
    work: &Work,
    now: OutcomeKind,
    certificate_created: Option<f64>,
) -> OutcomeKind {
    let Some(earlier) = situation.earlier else { return now };
    match earlier.existing.get(&work.entry) {
        Some(OutcomeKind::Unchanged) => now,
        Some(&existing) => existing,
        None if certificate_created
            .is_none_or(|created| created >= earlier.time - CLOCK_TOLERANCE) =>
        {
            OutcomeKind::Created
        }
        None if situation.profile.defer_things => OutcomeKind::Unchanged,
        None => OutcomeKind::Updated,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    const INTENT: f64 = 1_000.0;

    fn work() -> Work {
        Work {
            entry: 7,
            place: String::new(),
            id: String::new(),
            thing: String::new(),
            certificate_id: String::new(),
            certificate: String::new(),
            warnings: Vec::new(),
        }
    }

    /// The word of a second try, after a first that had noted `existing`.
    #[track_caller]
    fn check(
        existing: Option<OutcomeKind>,
        now: OutcomeKind,
        created: Option<f64>,
        defer_things: bool,
        expected: OutcomeKind,
    ) {
        let existing: BTreeMap<_, _> = existing.into_iter().map(|word| (7, word)).collect();
        let earlier = Intent { time: INTENT, existing };
        let profile = Profile { defer_things, ..Profile::default() };
        let situation =
            Situation { profile: &profile, earlier: Some(&earlier), others_active: false };
        assert_eq!(word(situation, &work(), now, created), expected);
        assert_eq!(
            word(Situation { earlier: None, ..situation }, &work(), now, created),
            now,
            "a first try sees for itself"
        );
    }

    #[test]
    fn what_this_run_registered_is_created_however_often_it_is_tried() {
        use OutcomeKind::{Created, Unchanged, Updated};
        check(None, Unchanged, Some(INTENT + 0.3), false, Created);
        check(None, Updated, Some(INTENT - 1.0), false, Created);
        check(None, Created, None, false, Created);
        check(None, Unchanged, Some(INTENT + 5.0), true, Created);
    }

    #[test]
    fn what_stood_before_keeps_the_word_of_the_first_look() {
        use OutcomeKind::{Created, Unchanged, Updated};
        check(None, Updated, Some(INTENT - 60.0), false, Updated);
        check(None, Unchanged, Some(INTENT - 60.0), true, Unchanged);
        check(Some(Updated), Unchanged, Some(INTENT - 60.0), false, Updated);
        check(Some(Updated), Created, None, false, Updated);
        check(Some(Unchanged), Updated, Some(INTENT - 60.0), false, Updated);
        check(Some(Unchanged), Unchanged, Some(INTENT - 60.0), false, Unchanged);
    }
}
