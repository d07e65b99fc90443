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

/// Why a device is not finished.
enum Halt {
    Call(CallError),
    Reason(Reason),
}

impl From<CallError> for Halt {
    fn from(error: CallError) -> Self {
        Self::Call(error)
    }
}

impl From<Reason> for Halt {
    fn from(reason: Reason) -> Self {
        Self::Reason(reason)
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
        Finding::Conflict(reason) => Err(reason.into()),
        Finding::Shared { arn } => settle_shared(registry, situation, work, &arn).await,
        Finding::Ours(ours) => complete(registry, situation, work, ours).await,
        Finding::New if situation.profile.defer_things => {
            register_only(registry, situation, work).await
        }
        Finding::New => assemble(registry, situation, work, true).await,
        Finding::Free => assemble(registry, situation, work, false).await,
    };
    match acted {
        Ok(ending) => Ok(ending),
        Err(Halt::Reason(reason)) => Ok(Ending::bad(reason)),
        Err(Halt::Call(error)) if error.kind.is_passing() => Err(error),
        Err(Halt::Call(error)) => Ok(Ending::bad(error.into())),
    }
}

/// The thing has another certificate besides the device's own.
///
/// Where an earlier try did not find it so, this run attached the device's own, lost the race, and
/// died before it could step back.
async fn settle_shared(
    registry: &Registry,
    situation: Situation<'_>,
    work: &Work,
    arn: &str,
) -> Result<Ending, Halt> {
    let thing = work.thing.clone();
    match situation.earlier {
        Some(earlier) if !earlier.existing.contains_key(&work.entry) => {
            registry.detach_principal(&thing, arn).await?;
            Err(Reason::ThingRaced { thing }.into())
        }
        _ => Err(Reason::ThingHasAnotherCertificate { thing }.into()),
    }
}

/// The device stands: adds what it lacks.
async fn complete(
    registry: &Registry,
    situation: Situation<'_>,
    work: &Work,
    ours: Ours,
) -> Result<Ending, Halt> {
    join_groups(registry, work, &ours.missing_groups).await?;
    attach_policies(registry, &ours.arn, &ours.missing_policies).await?;
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
) -> Result<Ending, Halt> {
    let Situation { profile, others_active, .. } = situation;
    let certificate = register(registry, profile, work).await?;
    certificate.is_free_for(registry, &work.thing).await?;
    if new_thing {
        create_thing(registry, profile, work).await?;
    }
    let arn = &certificate.arn;
    futures::try_join!(
        registry.attach_principal(&work.thing, arn),
        join_groups(registry, work, &profile.thing_groups),
    )?;
    if others_active {
        step_back_if_raced(registry, work, arn).await?;
    }
    attach_policies(registry, arn, &profile.policies).await?;
    let all_new = new_thing && certificate.created.is_none();
    let now = if all_new { OutcomeKind::Created } else { OutcomeKind::Updated };
    let outcome = word(situation, work, now, certificate.created);
    Ok(Ending { outcome, reason: None, warnings: certificate.warnings })
}

/// Phase 1: the certificate alone; its thing comes later.
async fn register_only(
    registry: &Registry,
    situation: Situation<'_>,
    work: &Work,
) -> Result<Ending, Halt> {
    let profile = situation.profile;
    let mut certificate = register(registry, profile, work).await?;
    if profile.certificate_status == CertificateStatus::Active {
        attach_policies(registry, &certificate.arn, &profile.policies).await?;
        certificate.warnings.push(Note {
            code: "Certificate.ActiveWithoutThing".to_owned(),
            reason: "the certificate is active and has its policies, and its thing comes later: \
                     the device can connect already"
                .to_owned(),
        });
    }
    let is_new = certificate.created.is_none();
    let now = if is_new { OutcomeKind::Created } else { OutcomeKind::Unchanged };
    let outcome = word(situation, work, now, certificate.created);
    Ok(Ending { outcome, reason: None, warnings: certificate.warnings })
}

struct Certificate {
    arn: String,
    /// When it was registered, where this call did not do it.
    created: Option<f64>,
    warnings: Vec<Note>,
}

impl Certificate {
    /// Refuses one that belongs to another thing already.
    async fn is_free_for(&self, registry: &Registry, thing: &str) -> Result<(), Halt> {
        if self.created.is_none() {
            return Ok(());
        }
        let things = registry.list_principal_things(&self.arn).await?;
        match things.into_iter().find(|other| other != thing) {
            Some(other) => Err(Reason::CertificateOnAnotherThing { other }.into()),
            None => Ok(()),
        }
    }
}

/// Registers the certificate; "already exists" is a question, and looking closer answers it.
async fn register(
    registry: &Registry,
    profile: &Profile,
    work: &Work,
) -> Result<Certificate, Halt> {
    let pem = pem::certificate(&work.certificate);
    if let Registration::New { arn } = registry.register_certificate(pem, profile).await? {
        return Ok(Certificate { arn, created: None, warnings: Vec::new() });
    }
    let registered = registry.describe_certificate(&work.certificate_id).await?;
    if let Some(reason) = unusable(&registered) {
        return Err(reason.into());
    }
    let warnings = status_note(&registered, profile).into_iter().collect();
    Ok(Certificate { arn: registered.arn, created: Some(registered.created), warnings })
}

async fn create_thing(registry: &Registry, profile: &Profile, work: &Work) -> Result<(), Halt> {
    match registry.create_thing(&work.thing, profile).await {
        Err(CallError { kind: CallErrorKind::Exists, .. }) => {
            Err(Reason::ThingChangedMeanwhile { thing: work.thing.clone() }.into())
        }
        created => Ok(created?),
    }
}

async fn join_groups(registry: &Registry, work: &Work, groups: &[String]) -> Result<(), CallError> {
    try_join_all(groups.iter().map(|group| registry.add_to_group(&work.thing, group))).await?;
    Ok(())
}

async fn attach_policies(
    registry: &Registry,
    arn: &str,
    policies: &[String],
) -> Result<(), CallError> {
    try_join_all(policies.iter().map(|policy| registry.attach_policy(arn, policy))).await?;
    Ok(())
}

/// Another run may have attached another certificate at the same moment.
///
/// Whoever sees the other one steps back, so that the thing never keeps two.
async fn step_back_if_raced(registry: &Registry, work: &Work, arn: &str) -> Result<(), Halt> {
    let principals = registry.list_thing_principals(&work.thing).await?;
    if principals.iter().all(|arn| is_certificate(arn, &work.certificate_id)) {
        return Ok(());
    }
    registry.detach_principal(&work.thing, arn).await?;
    Err(Reason::ThingRaced { thing: work.thing.clone() }.into())
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
        // A conflict that was noted and is gone now leaves what this try sees.
        Some(OutcomeKind::Unchanged | OutcomeKind::Conflict) => now,
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
        use OutcomeKind::{Conflict, Created, Unchanged, Updated};
        check(None, Updated, Some(INTENT - 60.0), false, Updated);
        check(None, Unchanged, Some(INTENT - 60.0), true, Unchanged);
        check(Some(Updated), Unchanged, Some(INTENT - 60.0), false, Updated);
        check(Some(Updated), Created, None, false, Updated);
        check(Some(Unchanged), Updated, Some(INTENT - 60.0), false, Updated);
        check(Some(Unchanged), Unchanged, Some(INTENT - 60.0), false, Unchanged);
        check(Some(Conflict), Unchanged, Some(INTENT - 60.0), false, Unchanged);
        check(Some(Conflict), Created, None, false, Created);
    }
}
