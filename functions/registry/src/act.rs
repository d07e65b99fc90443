//! Makes one device what its profile says.
//!
//! Policies come last, and only an activation after them: a certificate without a policy can do
//! nothing, so that a device which is half done is not usable.

use std::sync::atomic::{AtomicBool, Ordering};

use futures::future::try_join_all;
use ledger::{Intent, Note, OnConflict, OutcomeKind, Profile, Work, seconds_of_epoch};

use crate::{
    CallError, Finding, Reason, Registry,
    claim::{Claim, of_other_things, of_others},
    client::{Registration, aws_status},
    device::{Change, Device},
    look::{status_notes, usable},
    make_thing::{change_thing, make_thing},
    pem,
    steps::{Step, Steps},
    word::{CLOCK_TOLERANCE, may_be_own, word},
};

/// What acting on a device depends on, besides the device.
#[derive(Clone, Copy, Debug)]
pub struct Situation<'a> {
    /// What devices get.
    pub profile: &'a Profile,
    /// What an earlier try of the same unit found, where there was one.
    pub earlier: Option<&'a Intent>,
    /// Whether another run is active, which may name the same things. It is asked when it matters: a
    /// device can wait long for its tokens.
    pub others_active: &'a AtomicBool,
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

/// Why a device is not finished.
pub(crate) enum Halt {
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
    let mut steps = Steps::begun_by(situation, work);
    let acted = match finding {
        // Boxed, because it holds the state of every call: a worker has many devices in flight.
        Finding::Device(device) => {
            Box::pin(assemble(registry, situation, work, device, &mut steps)).await
        }
        Finding::Claimed { arn, claim } => dispute(registry, situation, work, &arn, claim).await,
        Finding::Listed { warnings } => {
            return Ok(Ending { outcome: OutcomeKind::Unchanged, reason: None, warnings });
        }
        Finding::Conflict(reason) => Err(reason.into()),
    };
    let reason = match acted {
        Ok(ending) => return Ok(ending),
        Err(Halt::Call(error)) if error.kind.is_passing() => return Err(error),
        Err(Halt::Call(error)) => error.into(),
        Err(Halt::Reason(reason)) => reason,
    };
    let reason = steps.told_with(reason);
    Ok(Ending { outcome: reason.outcome(), reason: Some(reason), warnings: Vec::new() })
}

/// Something else is attached to the device's thing or certificate besides the device's own.
///
/// Where this run attached the device's own, it lost a race and died before it could step back.
async fn dispute(
    registry: &Registry,
    situation: Situation<'_>,
    work: &Work,
    arn: &str,
    claim: Claim,
) -> Result<Ending, Halt> {
    if !may_be_own(situation, work) {
        return Err(claim.reason(work).into());
    }
    registry.detach_principal(&work.thing, arn).await?;
    Err(claim.raced(work).into())
}

/// Adds what the device lacks, in the order in which nothing usable is ever half done.
async fn assemble(
    registry: &Registry,
    situation: Situation<'_>,
    work: &Work,
    device: Device,
    steps: &mut Steps,
) -> Result<Ending, Halt> {
    let profile = situation.profile;
    let Device { stood, certificate, lacks, mut warnings } = device;
    let certificate = match certificate {
        Some(found) => Certificate { arn: found.arn, created: Some(found.created) },
        None => register(registry, profile, work, steps, &mut warnings).await?,
    };
    let mut has_rivals = false;
    match lacks.thing {
        None => {}
        Some(Change::Create(thing)) => {
            let made = make_thing(registry, profile, work, &thing, steps).await?;
            has_rivals |= made.was_there;
            warnings.extend(made.notes);
        }
        Some(Change::Update(thing)) => {
            change_thing(registry, work, &thing, steps).await?;
        }
    }
    let arn = &certificate.arn;
    if lacks.attachment || !lacks.groups.is_empty() {
        steps.push(Step::Joining);
    }
    let attach = async {
        if lacks.attachment {
            registry.attach_principal(&work.thing, arn).await?;
        }
        Ok(())
    };
    futures::try_join!(attach, join_groups(registry, work, &lacks.groups))?;
    has_rivals |= situation.others_active.load(Ordering::Relaxed);
    if lacks.attachment && has_rivals && profile.on_conflict == OnConflict::Fail {
        step_back_if_raced(registry, work, arn).await?;
    }
    if !lacks.policies.is_empty() {
        steps.push(Step::AttachingPolicies);
    }
    attach_policies(registry, arn, &lacks.policies).await?;
    if lacks.activation {
        registry.activate_certificate(&work.certificate_id).await?;
    }
    let outcome = word(situation, work, stood, certificate.created);
    Ok(Ending { outcome, reason: None, warnings })
}

struct Certificate {
    arn: String,
    /// When it was registered, where this try did not do it.
    created: Option<f64>,
}

/// Registers the certificate; "already exists" is a question, and looking closer answers it.
async fn register(
    registry: &Registry,
    profile: &Profile,
    work: &Work,
    steps: &mut Steps,
    warnings: &mut Vec<Note>,
) -> Result<Certificate, Halt> {
    let pem = pem::certificate(&work.certificate);
    let status = aws_status(profile.certificate_status);
    let begun = seconds_of_epoch();
    let tried_before = match registry.register_certificate(&pem, &status).await? {
        Registration::New { arn } => {
            steps.push(Step::CertificateRegistered);
            warnings.extend(status_notes(profile, &status));
            return Ok(Certificate { arn, created: None });
        }
        Registration::Existed { tried_before } => tried_before,
    };
    let registered = registry.describe_certificate(&work.certificate_id).await?;
    usable(&registered)?;
    if !profile.defer_things {
        let things = registry.list_principal_things(&registered.arn).await?;
        if let Some(claim) = of_other_things(&things, work) {
            match profile.on_conflict {
                OnConflict::Fail => return Err(claim.reason(work).into()),
                OnConflict::Adopt => warnings.push(claim.note()),
            }
        }
    }
    warnings.extend(status_notes(profile, &registered.status));
    // Where the answer to the first attempt was lost, what exists may be what it made.
    let is_own = tried_before && registered.created >= begun - CLOCK_TOLERANCE;
    let created = (!is_own).then_some(registered.created);
    Ok(Certificate { arn: registered.arn, created })
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

/// Another run may have given the thing another certificate at the same moment, or the certificate
/// to another thing.
///
/// Whoever sees the other one steps back, so that neither is ever attached twice.
async fn step_back_if_raced(registry: &Registry, work: &Work, arn: &str) -> Result<(), Halt> {
    let (principals, things) = futures::try_join!(
        registry.list_thing_principals(&work.thing),
        registry.list_principal_things(arn),
    )?;
    let Some(claim) = of_others(&principals, work).or_else(|| of_other_things(&things, work))
    else {
        return Ok(());
    };
    registry.detach_principal(&work.thing, arn).await?;
    Err(claim.raced(work).into())
}
