//! Looks at what stands where a device is to be, and writes nothing.

use std::collections::HashSet;

use aws_sdk_iot::types::CertificateStatus;
use ledger::{Note, OutcomeKind, Profile, Work};

use crate::{CallError, Reason, Registry, client::Registered};

/// What stands where a device is to be.
#[derive(Clone, Debug, PartialEq)]
pub enum Finding {
    /// Nothing: there is no thing of that name.
    New,
    /// A thing without any certificate, which the device takes.
    Free,
    /// The device itself, whole or in part.
    Ours(Ours),
    /// The device itself, and another certificate on its thing as well.
    Shared {
        /// ARN of the device's own certificate.
        arn: String,
    },
    /// Something else. Nothing is to be touched.
    Conflict(Reason),
}

/// A device that stands already.
#[derive(Clone, Debug, PartialEq)]
pub struct Ours {
    pub(crate) arn: String,
    pub(crate) created: f64,
    pub(crate) missing_groups: Vec<String>,
    pub(crate) missing_policies: Vec<String>,
    pub(crate) warnings: Vec<Note>,
}

impl Ours {
    pub(crate) fn is_whole(&self) -> bool {
        self.missing_groups.is_empty() && self.missing_policies.is_empty()
    }
}

impl Finding {
    /// The word to note for a device where something stands already: the one that it ends with if
    /// all goes well, or `conflict`.
    pub fn word(&self) -> Option<OutcomeKind> {
        match self {
            Self::Ours(ours) if ours.is_whole() => Some(OutcomeKind::Unchanged),
            Self::Ours(_) | Self::Free => Some(OutcomeKind::Updated),
            Self::Shared { .. } | Self::Conflict(_) => Some(OutcomeKind::Conflict),
            Self::New => None,
        }
    }
}

/// Looks at one device. A deferred device has no thing yet, so there is nothing to look at.
pub async fn look(
    registry: &Registry,
    profile: &Profile,
    work: &Work,
) -> Result<Finding, CallError> {
    if profile.defer_things {
        return Ok(Finding::New);
    }
    let thing = &work.thing;
    let Some(found) = registry.describe_thing(thing).await? else { return Ok(Finding::New) };
    if let Some(wanted) =
        profile.thing_type.as_ref().filter(|wanted| found.thing_type.as_ref() != Some(wanted))
    {
        let found = found
            .thing_type
            .map_or_else(|| "no type".to_owned(), |name| format!("the type `{name}`"));
        return Ok(Finding::Conflict(Reason::ThingOtherType {
            thing: thing.clone(),
            found,
            wanted: wanted.clone(),
        }));
    }
    let principals = registry.list_thing_principals(thing).await?;
    if principals.is_empty() {
        return Ok(Finding::Free);
    }
    let (own, others): (Vec<_>, Vec<_>) =
        principals.into_iter().partition(|arn| is_certificate(arn, &work.certificate_id));
    if !others.is_empty() {
        return Ok(own.into_iter().next().map_or_else(
            || Finding::Conflict(Reason::ThingHasAnotherCertificate { thing: thing.clone() }),
            |arn| Finding::Shared { arn },
        ));
    }
    let registered = registry.describe_certificate(&work.certificate_id).await?;
    if let Some(reason) = unusable(&registered) {
        return Ok(Finding::Conflict(reason));
    }
    let policies = registry.list_attached_policies(&registered.arn).await?;
    let groups = registry.list_thing_groups(thing).await?;
    Ok(Finding::Ours(Ours {
        missing_groups: missing(&profile.thing_groups, groups),
        missing_policies: missing(&profile.policies, policies),
        warnings: status_note(&registered, profile).into_iter().collect(),
        created: registered.created,
        arn: registered.arn,
    }))
}

/// Whether `arn` is that of the certificate `id`.
pub(crate) fn is_certificate(arn: &str, id: &str) -> bool {
    arn.rsplit_once("cert/").is_some_and(|(_, found)| found == id)
}

/// Why a registered certificate cannot be used, where it cannot.
pub(crate) fn unusable(registered: &Registered) -> Option<Reason> {
    match &registered.status {
        CertificateStatus::Active | CertificateStatus::Inactive => None,
        CertificateStatus::Revoked => Some(Reason::CertificateRevoked),
        status => Some(Reason::CertificateInTransfer { status: status.as_str().to_owned() }),
    }
}

/// An import never changes the status of a certificate that exists, so a difference is only told.
pub(crate) fn status_note(registered: &Registered, profile: &Profile) -> Option<Note> {
    let (code, reason) = match (profile.certificate_status, &registered.status) {
        (ledger::CertificateStatus::Active, CertificateStatus::Inactive) => (
            "Certificate.LeftInactive",
            "the certificate was registered INACTIVE before and was left so; activate it in AWS IoT if the device is to connect",
        ),
        (ledger::CertificateStatus::Inactive, CertificateStatus::Active) => (
            "Certificate.LeftActive",
            "the certificate was registered ACTIVE before and was left so",
        ),
        _ => return None,
    };
    Some(Note { code: code.to_owned(), reason: reason.to_owned() })
}

fn missing(wanted: &[String], present: Vec<String>) -> Vec<String> {
    let present: HashSet<_> = present.into_iter().collect();
    wanted.iter().filter(|name| !present.contains(*name)).cloned().collect()
}
