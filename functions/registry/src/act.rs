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
    decide::{Decision, Halt, decide, look_closer},
    device::{Change, Device},
    look::status_notes,
    make_thing::{change_thing, make_thing},
    memory::{Memory, remember_policies},
    pem,
    steps::{Step, Steps},
    take_back::take_back,
    word::{CLOCK_TOLERANCE, is_of_earlier_try, word},
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
    /// Where it is kept what turns out on the way.
    pub memory: &'a dyn Memory,
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
    /// The end of a device that did not end well.
    pub(crate) fn refused(reason: Reason) -> Self {
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
    let mut steps = Steps::begun_by(situation, work);
    let acted = match decide(situation, work, finding) {
        // Boxed, because it holds the state of every call: a worker has many devices in flight.
        Decision::Make(device) => {
            Box::pin(assemble(registry, situation, work, device, &mut steps)).await
        }
        Decision::StepBack { arn, claim } => Err(step_back(registry, work, &arn, claim).await),
        Decision::Leave(ending) => Ok(ending),
        Decision::Refuse(reason) => Err(reason.into()),
        Decision::TakeBack(found) => {
            return Box::pin(take_back(registry, situation, work, *found)).await;
        }
    };
    match acted {
        Ok(ending) => Ok(ending),
        Err(halt) => Ok(Ending::refused(steps.told_with(halt.reason()?))),
    }
}

/// Takes back what this run attached in a race that it lost.
async fn step_back(registry: &Registry, work: &Work, arn: &str, claim: Claim) -> Halt {
    match registry.detach_principal(&work.thing, arn).await {
        Ok(()) => claim.raced(work).into(),
        Err(error) => error.into(),
    }
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
    let Device { stood, certificate, lacks, mut warnings, .. } = device;
    let certificate = if let Some(found) = certificate {
        Certificate { arn: found.arn, created: Some(found.created) }
    } else {
        let adds = !lacks.is_nothing();
        register(registry, situation, work, adds, steps, &mut warnings).await?
    };
    let mut has_rivals = false;
    match lacks.thing {
        None => {}
        Some(Change::Create(thing)) => {
            let made = make_thing(registry, situation, work, &thing, steps).await?;
            has_rivals |= made.was_there;
            warnings.extend(made.notes);
        }
        Some(Change::Update { thing, .. }) => {
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
/// `adds` says that more than the certificate is to be written.
async fn register(
    registry: &Registry,
    situation: Situation<'_>,
    work: &Work,
    adds: bool,
    steps: &mut Steps,
    warnings: &mut Vec<Note>,
) -> Result<Certificate, Halt> {
    let profile = situation.profile;
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
    warnings.extend(look_closer(registry, profile, work, &registered).await?);
    // Where the answer to the first attempt was lost, what exists may be what it made.
    let is_own = tried_before && registered.created >= begun - CLOCK_TOLERANCE;
    let created = (!is_own).then_some(registered.created);
    if adds && created.is_some_and(|created| !is_of_earlier_try(situation, created)) {
        remember_policies(registry, situation, work, &registered.arn).await?;
    }
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
    Err(step_back(registry, work, arn, claim).await)
}
