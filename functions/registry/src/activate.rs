//! Phase 2: a certificate that is registered becomes a device that can connect.

use aws_sdk_iot::types::CertificateStatus;
use ledger::{Profile, Stood, Work};

use crate::{
    CallError, Finding, Reason, Registry,
    claim::{claim_on_certificate, claim_on_thing, own_principal},
    device::{Change, Device, Has, Lacks, fit, wanted_thing},
    look::{Obstacle, finding, lacking, missing, standing, usable},
};

/// Looks at one device that is to be activated. Writes nothing.
///
/// The profile's policies, groups and type count, and what it does with conflicts; its status, its
/// deferral and its name are those of phase 1.
pub async fn look_to_activate(
    registry: &Registry,
    profile: &Profile,
    work: &Work,
) -> Result<Finding, CallError> {
    finding(examine(registry, profile, work).await)
}

async fn examine(registry: &Registry, profile: &Profile, work: &Work) -> Result<Device, Obstacle> {
    let certificate = registry
        .find_certificate(&work.certificate_id)
        .await?
        .ok_or(Reason::CertificateNotRegistered)?;
    usable(&certificate)?;
    let activation = certificate.status == CertificateStatus::Inactive;
    let things = registry.list_principal_things(&certificate.arn).await?;
    let mut warnings = Vec::new();
    warnings.extend(claim_on_certificate(profile, work, &certificate.arn, &things)?);
    let all_but_thing = Lacks { activation, ..Lacks::all_but_thing(profile) };
    let Some(found) = registry.describe_thing(&work.thing).await? else {
        let thing = Some(Change::Create(wanted_thing(profile, work)));
        // Which policies it has already could not be told later from those that it gets.
        let policies = registry.list_attached_policies(&certificate.arn).await?;
        let missing = missing(&profile.policies, &policies);
        let lacks = Lacks { thing, policies: missing, ..all_but_thing };
        let has = Has { policies, ..Has::default() };
        let stood = Some(Stood::Certificate);
        return Ok(Device { stood, certificate: Some(certificate), lacks, has, warnings });
    };
    let (lacking_of_thing, notes) = fit(profile, work, &found)?;
    let thing = lacking_of_thing.map(|lacking| Change::update(lacking, &found));
    warnings.extend(notes);
    let principals = registry.list_thing_principals(&work.thing).await?;
    warnings.extend(claim_on_thing(profile, work, &principals)?);
    if own_principal(&principals, work).is_none() {
        let (found, has) = lacking(registry, profile, work, &certificate).await?;
        let lacks = Lacks { thing, activation, attachment: true, ..found };
        let stood = Some(Stood::Thing);
        return Ok(Device { stood, certificate: Some(certificate), lacks, has, warnings });
    }
    let (lacks, has) = lacking(registry, profile, work, &certificate).await?;
    Ok(standing(certificate, Lacks { thing, activation, ..lacks }, has, warnings))
}
