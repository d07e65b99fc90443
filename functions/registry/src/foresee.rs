//! What an import would make of one device, without a write.

use std::sync::atomic::AtomicBool;

use ledger::{Note, OutcomeKind, Profile, Standing, Work};

use crate::{
    Again, Call, Ending, Finding, ForeseenCalls, Phase, Registry, Situation, Types,
    client::{Registered, aws_status},
    decide::{Decision, Halt, decide, look_closer},
    device::Device,
    look::{status_notes, usable},
    memory::NothingToKeep,
    take_back::take_back,
    word::word,
    would_update,
};

/// What an import would make of a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Foresight {
    /// How it would end. A device that would be updated has a warning which names what it would get.
    pub ending: Ending,
    /// The calls that this would take.
    pub calls: ForeseenCalls,
}

/// What an import would be like.
#[derive(Clone, Copy, Debug)]
pub struct Foreseeing<'a> {
    /// What is done to devices.
    pub phase: Phase,
    /// What they get.
    pub profile: &'a Profile,
    /// Whether the import lists the account before it looks at devices.
    pub lists: bool,
    /// The types that were asked for.
    pub types: &'a Types,
}

/// Foresees how an import of a device ends of which this was found. Writes nothing. An error means
/// that the device is to be taken up again.
///
/// What other runs do at the same time is not foreseen, nor what AWS IoT will refuse.
pub async fn foresee(
    registry: &Registry,
    import: Foreseeing<'_>,
    work: &Work,
    standing: Standing,
    finding: Finding,
) -> Result<Foresight, Again> {
    let Foreseeing { phase, profile, lists, .. } = import;
    let others_active = &AtomicBool::new(false);
    let situation = Situation { profile, earlier: None, others_active, memory: &NothingToKeep };
    let mut calls = ForeseenCalls::of_looking(phase, profile, &finding, lists);
    let foreseen = match decide(situation, work, finding) {
        Decision::Make(device) => {
            let made = make(registry, import, situation, work, standing, device, &mut calls);
            Box::pin(made).await
        }
        Decision::Leave(ending) => Ok(ending),
        // A dry run attached nothing that it could take back.
        Decision::StepBack { claim, .. } => Err(claim.reason(work).into()),
        Decision::Refuse(reason) => Err(reason.into()),
        Decision::TakeBack(found) => {
            take_back(registry, situation, work, found.only_told()).await.map_err(Halt::from)
        }
    };
    let ending = match foreseen {
        Ok(ending) => ending,
        Err(halt) => Ending::refused(halt.reason()?),
    };
    Ok(Foresight { ending, calls })
}

/// What making the device would come to.
async fn make(
    registry: &Registry,
    import: Foreseeing<'_>,
    situation: Situation<'_>,
    work: &Work,
    standing: Standing,
    device: Device,
    calls: &mut ForeseenCalls,
) -> Result<Ending, Halt> {
    let profile = import.profile;
    let Device { stood, certificate, lacks, mut warnings, .. } = device;
    let registered = if certificate.is_some() {
        certificate
    } else {
        let found = register(registry, profile, work, standing, calls, &mut warnings).await?;
        if found.is_some() && !lacks.is_nothing() {
            calls.add(Call::ListAttachedPolicies);
        }
        found
    };
    if let (Some(change), Some(own)) = (&lacks.thing, &work.thing_type) {
        import.types.check(registry, change, own, calls).await?;
    }
    calls.add_changes(&lacks);
    let created = registered.as_ref().map(|found| found.created);
    let outcome = word(situation, work, stood, created);
    if outcome == OutcomeKind::Updated {
        let lacks = would_update::narrow(registry, work, registered.as_ref(), lacks).await?;
        warnings.push(would_update::note(registered.is_none(), &lacks));
    }
    Ok(Ending { outcome, reason: None, warnings })
}

/// What registering its certificate would come to: the certificate, where it is registered already.
/// An import learns that only then.
async fn register(
    registry: &Registry,
    profile: &Profile,
    work: &Work,
    standing: Standing,
    calls: &mut ForeseenCalls,
    warnings: &mut Vec<Note>,
) -> Result<Option<Registered>, Halt> {
    calls.add(Call::RegisterCertificate);
    let found = match standing {
        Standing::Absent => None,
        Standing::Unknown | Standing::Whole => {
            registry.find_certificate(&work.certificate_id).await?
        }
    };
    let Some(found) = found else {
        warnings.extend(status_notes(profile, &aws_status(profile.certificate_status)));
        return Ok(None);
    };
    calls.add(Call::DescribeCertificate);
    if !profile.defer_things && usable(&found).is_ok() {
        calls.add(Call::ListPrincipalThings);
    }
    warnings.extend(look_closer(registry, profile, work, &found).await?);
    Ok(Some(found))
}
