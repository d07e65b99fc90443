//! Looks at what stands where a device is to be, and writes nothing.

use std::collections::HashSet;

use aws_sdk_iot::types::CertificateStatus;
use ledger::{Added, Note, Profile, Stood, Work};

use crate::{
    CallError, CallErrorKind, Reason, Registry,
    claim::{
        Claim, claim_on_certificate, claim_on_thing, of_other_things, of_others, own_principal,
    },
    client::{Registered, aws_status},
    device::{Change, Device, Has, Lacks, fit},
    take_back::ToTakeBack,
};

/// What stands where a device is to be.
#[derive(Clone, Debug, PartialEq)]
pub enum Finding {
    /// Nothing, or the device in part or whole, so that it can be made what its profile says.
    Device(Device),
    /// The device, and something else that is attached to its thing or its certificate.
    Claimed {
        /// ARN of the device's own certificate.
        arn: String,
        /// What else is attached.
        claim: Claim,
    },
    /// The device, whole, as listings of the account showed it before the run's first write.
    Listed {
        /// What is worth knowing about it.
        warnings: Vec<Note>,
    },
    /// Something else. Nothing is to be touched.
    Conflict(Reason),
    /// What another run added, and what is there of it now.
    ToTakeBack(Box<ToTakeBack>),
}

impl Finding {
    /// What stands, to be noted before the first write.
    pub fn stood(&self) -> Option<Stood> {
        match self {
            Self::Device(device) => device.stood,
            Self::Listed { .. } => Some(Stood::Whole),
            Self::Claimed { .. } | Self::Conflict(_) => Some(Stood::Other),
            Self::ToTakeBack(found) => found.stood(),
        }
    }

    /// What acting on it is to add, to be noted before the first write.
    pub fn added(&self) -> Option<Added> {
        match self {
            Self::Device(device) => device.added(),
            _ => None,
        }
    }

    /// Whether the device's certificate is registered and INACTIVE, and would be activated.
    pub fn is_inactive(&self) -> bool {
        matches!(self, Self::Device(device) if device.lacks.activation)
    }
}

/// Why looking ended without a device to make.
pub(crate) enum Obstacle {
    Call(CallError),
    Finding(Box<Finding>),
}

impl From<CallError> for Obstacle {
    fn from(error: CallError) -> Self {
        Self::Call(error)
    }
}

impl From<Reason> for Obstacle {
    fn from(reason: Reason) -> Self {
        Self::Finding(Box::new(Finding::Conflict(reason)))
    }
}

/// The finding that looking came to.
pub(crate) fn finding(examined: Result<Device, Obstacle>) -> Result<Finding, CallError> {
    match examined {
        Ok(device) => Ok(Finding::Device(device)),
        Err(Obstacle::Finding(finding)) => Ok(*finding),
        Err(Obstacle::Call(error)) => Err(error),
    }
}

/// Looks at one device of a manifest.
pub async fn look(
    registry: &Registry,
    profile: &Profile,
    work: &Work,
) -> Result<Finding, CallError> {
    if profile.defer_things {
        finding(examine_certificate(registry, profile, work).await)
    } else {
        finding(examine(registry, profile, work).await)
    }
}

/// Looks at a device that listings showed whole. They do not tell what is attached to what; where
/// that is not just the device's own, `None`, and the device is to be looked at closely.
pub async fn look_at_listed(
    registry: &Registry,
    profile: &Profile,
    work: &Work,
) -> Result<Option<Finding>, CallError> {
    if work.thing.is_empty() {
        let warnings = status_notes(profile, &aws_status(profile.certificate_status));
        return Ok(Some(Finding::Listed { warnings }));
    }
    let principals = match registry.list_thing_principals(&work.thing).await {
        Err(CallError { kind: CallErrorKind::NotFound, .. }) => return Ok(None),
        principals => principals?,
    };
    let Some(arn) = own_principal(&principals, work) else { return Ok(None) };
    let things = registry.list_principal_things(arn).await?;
    let claim = of_others(&principals, work).or_else(|| of_other_things(&things, work));
    Ok(claim.is_none().then(|| Finding::Listed { warnings: Vec::new() }))
}

/// Its thing is looked at first. Where there is none, nothing else is asked: whether the certificate
/// is registered comes out when it is to be registered.
async fn examine(registry: &Registry, profile: &Profile, work: &Work) -> Result<Device, Obstacle> {
    let Some(found) = registry.describe_thing(&work.thing).await? else {
        return Ok(Device::without_thing(profile, work));
    };
    let (lacking_of_thing, mut warnings) = fit(profile, work, &found)?;
    let thing = lacking_of_thing.map(|lacking| Change::update(lacking, &found));
    let principals = registry.list_thing_principals(&work.thing).await?;
    let own = own_principal(&principals, work);
    warnings.extend(claim_on_thing(profile, work, &principals)?);
    let Some(arn) = own else {
        // Which groups it is in already could not be told later from those that it joins.
        let groups = registry.list_thing_groups(&work.thing).await?;
        let lacks = Lacks {
            thing,
            groups: missing(&profile.thing_groups, &groups),
            ..Lacks::all_but_thing(profile)
        };
        let has = Has { groups, ..Has::default() };
        return Ok(Device { stood: Some(Stood::Thing), certificate: None, lacks, has, warnings });
    };
    let certificate = registry.describe_certificate(&work.certificate_id).await?;
    usable(&certificate)?;
    let things = registry.list_principal_things(arn).await?;
    warnings.extend(claim_on_certificate(profile, work, arn, &things)?);
    warnings.extend(status_notes(profile, &certificate.status));
    let (lacks, has) = lacking(registry, profile, work, &certificate).await?;
    Ok(standing(certificate, Lacks { thing, ..lacks }, has, warnings))
}

/// Phase 1: the certificate alone. An inactive one gets nothing else, so there is nothing to look at.
async fn examine_certificate(
    registry: &Registry,
    profile: &Profile,
    work: &Work,
) -> Result<Device, Obstacle> {
    let found = match profile.certificate_status {
        ledger::CertificateStatus::Inactive => None,
        ledger::CertificateStatus::Active => {
            registry.find_certificate(&work.certificate_id).await?
        }
    };
    let Some(certificate) = found else { return Ok(Device::deferred(profile)) };
    usable(&certificate)?;
    let warnings = status_notes(profile, &certificate.status);
    let attached = registry.list_attached_policies(&certificate.arn).await?;
    let lacks = Lacks { policies: missing(&profile.policies, &attached), ..Lacks::default() };
    let has = Has { policies: attached, ..Has::default() };
    Ok(standing(certificate, lacks, has, warnings))
}

/// What a device lacks, and has, whose certificate and thing are there.
pub(crate) async fn lacking(
    registry: &Registry,
    profile: &Profile,
    work: &Work,
    certificate: &Registered,
) -> Result<(Lacks, Has), CallError> {
    let policies = registry.list_attached_policies(&certificate.arn).await?;
    let groups = registry.list_thing_groups(&work.thing).await?;
    let lacks = Lacks {
        groups: missing(&profile.thing_groups, &groups),
        policies: missing(&profile.policies, &policies),
        ..Lacks::default()
    };
    Ok((lacks, Has { groups, policies }))
}

/// A device that stands, whole or in part.
pub(crate) fn standing(
    certificate: Registered,
    lacks: Lacks,
    has: Has,
    warnings: Vec<Note>,
) -> Device {
    let stood = if lacks.is_nothing() { Stood::Whole } else { Stood::Part };
    Device { stood: Some(stood), certificate: Some(certificate), lacks, has, warnings }
}

/// Refuses a registered certificate that cannot be used.
pub(crate) fn usable(registered: &Registered) -> Result<(), Reason> {
    match &registered.status {
        CertificateStatus::Active | CertificateStatus::Inactive => Ok(()),
        CertificateStatus::Revoked => Err(Reason::CertificateRevoked),
        status => Err(Reason::CertificateInTransfer { status: status.as_str().to_owned() }),
    }
}

/// What is worth knowing about the status of a registered certificate.
///
/// An import never changes the status of a certificate that exists, so a difference is only told.
pub(crate) fn status_notes(profile: &Profile, status: &CertificateStatus) -> Vec<Note> {
    let mut notes = Vec::new();
    let mut note = |code: &str, reason: &str| {
        notes.push(Note { code: code.to_owned(), reason: reason.to_owned() });
    };
    match (profile.certificate_status, status) {
        (ledger::CertificateStatus::Active, CertificateStatus::Inactive) => note(
            "Certificate.LeftInactive",
            "the certificate was registered INACTIVE before and was left so; activate it in AWS IoT if the device is to connect",
        ),
        (ledger::CertificateStatus::Inactive, CertificateStatus::Active) => note(
            "Certificate.LeftActive",
            "the certificate was registered ACTIVE before and was left so",
        ),
        (ledger::CertificateStatus::Active, CertificateStatus::Active) if profile.defer_things => {
            note(
                "Certificate.ActiveWithoutThing",
                "the certificate is active and has its policies, and its thing comes later: the device can connect already",
            );
        }
        _ => {}
    }
    notes
}

pub(crate) fn missing(wanted: &[String], present: &[String]) -> Vec<String> {
    let present: HashSet<_> = present.iter().collect();
    wanted.iter().filter(|name| !present.contains(name)).cloned().collect()
}
