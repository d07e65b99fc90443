//! What becomes of a device and of the account, said as simply as it can be.

use std::collections::BTreeSet;

use ledger::{CertificateStatus, OnConflict, OutcomeKind, Profile};

use crate::state::{Device, End, GHOST, Phase, Registered, State, Status, Thing};

/// Imports one device into the account.
pub(crate) fn import(state: &mut State, profile: &Profile, phase: Phase, device: &Device) -> End {
    let before = state.clone();
    let mut warnings = BTreeSet::new();
    let made = match phase {
        Phase::Register if profile.defer_things => {
            register_only(state, profile, device, &mut warnings)
        }
        _ => make(state, profile, phase, device, &mut warnings),
    };
    match made {
        Ok(outcome) => End { outcome, code: String::new(), warnings },
        Err((outcome, code)) => {
            *state = before;
            End { outcome, code: code.to_owned(), warnings: BTreeSet::new() }
        }
    }
}

/// Not made, and why.
type Not = (OutcomeKind, &'static str);

fn conflict<T>(code: &'static str) -> Result<T, Not> {
    Err((OutcomeKind::Conflict, code))
}

fn make(
    state: &mut State,
    profile: &Profile,
    phase: Phase,
    device: &Device,
    warnings: &mut BTreeSet<String>,
) -> Result<OutcomeKind, Not> {
    let thing = state.things.get(device.name).cloned();
    let certificate = state.certificates.get(&device.certificate).cloned();
    let adopt = profile.on_conflict == OnConflict::Adopt;
    let wanted = device.thing_type.clone().or_else(|| profile.thing_type.clone());
    let mut warn = |code: &str| {
        warnings.insert(code.to_owned());
    };

    let elsewhere = state.things.iter().any(|(name, thing)| {
        *name != device.name && thing.certificates.contains(&device.certificate)
    });
    let shared = thing
        .as_ref()
        .is_some_and(|thing| thing.certificates.iter().any(|other| *other != device.certificate));
    let other_type =
        thing.as_ref().is_some_and(|thing| wanted.is_some() && thing.thing_type != wanted);

    // What is in the way, in the order in which it is noticed.
    let certificate_first = phase == Phase::Activate;
    if certificate_first {
        let Some(certificate) = &certificate else {
            return Err((OutcomeKind::Waiting, "Certificate.NotRegistered"));
        };
        check_status(certificate.status)?;
        if elsewhere && !adopt {
            return conflict("Certificate.OnAnotherThing");
        }
    }
    if other_type && !adopt {
        return conflict("Thing.OtherType");
    }
    if shared && !adopt {
        return conflict("Thing.HasAnotherCertificate");
    }
    if let Some(certificate) = &certificate {
        check_status(certificate.status)?;
    }
    if elsewhere && !adopt {
        return conflict("Certificate.OnAnotherThing");
    }

    // What the thing becomes.
    let mut after = thing.clone().unwrap_or_default();
    match (&thing, wanted) {
        (None, wanted) => after.thing_type = wanted,
        (Some(Thing { thing_type: None, .. }), Some(wanted)) => after.thing_type = Some(wanted),
        (Some(_), _) if other_type => warn("Thing.TypeKept"),
        _ => {}
    }
    let gets_type = after.thing_type != thing.as_ref().and_then(|thing| thing.thing_type.clone());
    if gets_type && after.thing_type.as_deref() == Some(GHOST) {
        return Err((OutcomeKind::Failed, "Thing.NoSuchType"));
    }
    for (name, value) in &device.attributes {
        let kept = after.attributes.get(name).is_some_and(|present| present != value) && !adopt;
        if kept {
            warn("Thing.AttributeKept");
        } else {
            after.attributes.insert(name.clone(), value.clone());
        }
    }
    after.groups.extend(profile.thing_groups.iter().cloned());
    after.certificates.insert(device.certificate);
    if shared {
        warn("Thing.OtherCertificates");
    }
    if elsewhere {
        warn("Certificate.OtherThings");
    }

    // What the certificate becomes.
    let configured = status_of(profile);
    let mut registered =
        certificate.clone().unwrap_or(Registered { status: configured, policies: BTreeSet::new() });
    if phase == Phase::Activate {
        registered.status = Status::Active;
    } else if let Some(code) = left_alone(configured, registered.status) {
        warn(code);
    }
    registered.policies.extend(profile.policies.iter().cloned());

    let outcome = match (&thing, &certificate, phase) {
        (None, None, _) | (None, _, Phase::Activate) => OutcomeKind::Created,
        _ if thing.as_ref() == Some(&after) && certificate.as_ref() == Some(&registered) => {
            OutcomeKind::Unchanged
        }
        _ => OutcomeKind::Updated,
    };
    state.things.insert(device.name, after);
    state.certificates.insert(device.certificate, registered);
    Ok(outcome)
}

/// Phase 1: the certificate alone.
fn register_only(
    state: &mut State,
    profile: &Profile,
    device: &Device,
    warnings: &mut BTreeSet<String>,
) -> Result<OutcomeKind, Not> {
    let configured = status_of(profile);
    let before = state.certificates.get(&device.certificate).cloned();
    if let Some(certificate) = &before {
        check_status(certificate.status)?;
    }
    let mut after =
        before.clone().unwrap_or(Registered { status: configured, policies: BTreeSet::new() });
    if configured == Status::Active {
        after.policies.extend(profile.policies.iter().cloned());
    }
    let warning = match (configured, after.status) {
        (Status::Active, Status::Active) => Some("Certificate.ActiveWithoutThing"),
        (configured, found) => left_alone(configured, found),
    };
    warnings.extend(warning.map(str::to_owned));
    let outcome = match &before {
        None => OutcomeKind::Created,
        Some(before) if *before == after => OutcomeKind::Unchanged,
        Some(_) => OutcomeKind::Updated,
    };
    state.certificates.insert(device.certificate, after);
    Ok(outcome)
}

fn check_status(status: Status) -> Result<(), Not> {
    match status {
        Status::Active | Status::Inactive => Ok(()),
        Status::Revoked => conflict("Certificate.Revoked"),
        Status::PendingTransfer => conflict("Certificate.InTransfer"),
    }
}

fn status_of(profile: &Profile) -> Status {
    match profile.certificate_status {
        CertificateStatus::Active => Status::Active,
        CertificateStatus::Inactive => Status::Inactive,
    }
}

/// A status that an import found otherwise than configured, and left so.
fn left_alone(configured: Status, found: Status) -> Option<&'static str> {
    match (configured, found) {
        (Status::Active, Status::Inactive) => Some("Certificate.LeftInactive"),
        (Status::Inactive, Status::Active) => Some("Certificate.LeftActive"),
        _ => None,
    }
}
