//! Whether a device can connect, as far as AWS IoT's registry tells, and if not, why.

use serde::Serialize;

use super::{
    policy::Connect,
    registry::{Device, Registered, Thing},
};
use crate::{aws::Account, times};

/// What keeps a device from connecting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Cause {
    /// The certificate is not registered in this account and Region.
    NotHere,
    /// The certificate is INACTIVE.
    Inactive,
    /// The certificate is REVOKED, or has another status that lets nobody in.
    Revoked,
    /// The certificate's time is over.
    Expired,
    /// The certificate's time has not come.
    NotYetValid,
    /// There is no thing of the name.
    NoThing,
    /// The certificate is not attached to the thing.
    NotAttached,
    /// No policy is attached.
    NoPolicy,
    /// No attached policy allows `iot:Connect`.
    PolicyWithoutConnect,
    /// A policy forbids it.
    PolicyDenies,
}

/// One cause, for a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Hindrance {
    pub(super) cause: Cause,
    /// What is so, and what to do.
    pub(super) reason: String,
}

/// What AWS IoT's registry tells about connecting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Diagnosis {
    /// Whether nothing in the registry keeps the device from connecting.
    pub(super) can_connect: bool,
    pub(super) hindrances: Vec<Hindrance>,
    /// What the device has to do, and what was not looked at.
    pub(super) notes: Vec<String>,
}

/// Looks for everything that keeps the device from connecting at the time `now`.
pub(super) fn diagnose(device: &Device, account: &Account, now: f64) -> Diagnosis {
    let mut hindrances = Vec::new();
    let mut notes = Vec::new();
    match &device.certificate {
        None => hindrances.push(not_here(device, account)),
        Some(certificate) => {
            hindrances.extend(of_status(certificate));
            hindrances.extend(of_dates(certificate, now));
            hindrances.extend(of_thing(device, certificate));
            hindrances.extend(of_policies(certificate));
            notes = notes_on(certificate);
        }
    }
    Diagnosis { can_connect: hindrances.is_empty(), hindrances, notes }
}

fn hindrance(cause: Cause, reason: impl Into<String>) -> Hindrance {
    Hindrance { cause, reason: reason.into() }
}

fn not_here(device: &Device, account: &Account) -> Hindrance {
    let Account { id, region, .. } = account;
    let reason = match device.expected_certificate.as_str() {
        "" => "its thing has no certificate. Import the manifest that holds it".to_owned(),
        certificate => format!(
            "its certificate {certificate} is not registered in account {id}, {region}: it was deleted, or is in \
             another account or Region, whose endpoint the device must use. Import the file again to register it here"
        ),
    };
    hindrance(Cause::NotHere, reason)
}

fn of_status(certificate: &Registered) -> Option<Hindrance> {
    match certificate.status.as_str() {
        "ACTIVE" => None,
        "INACTIVE" => Some(hindrance(
            Cause::Inactive,
            format!(
                "its certificate is INACTIVE: the second phase activates it (import its device-infos), unless somebody \
                 deactivated it on purpose; by hand: aws iot update-certificate --certificate-id {} --new-status ACTIVE",
                certificate.id
            ),
        )),
        status => Some(hindrance(
            Cause::Revoked,
            format!(
                "its certificate is {status}, which no import changes: the device needs another certificate, or \
                     whoever did it has to take it back"
            ),
        )),
    }
}

fn of_dates(certificate: &Registered, now: f64) -> Option<Hindrance> {
    if let Some(end) = certificate.not_after.filter(|end| *end < now) {
        let text =
            format!("its certificate expired on {}: the device needs another one", times::day(end));
        return Some(hindrance(Cause::Expired, text));
    }
    let begin = certificate.not_before.filter(|begin| *begin > now)?;
    let text = format!(
        "its certificate is not valid before {}: wait, or check the maker's clock",
        times::day(begin)
    );
    Some(hindrance(Cause::NotYetValid, text))
}

fn of_thing(device: &Device, certificate: &Registered) -> Option<Hindrance> {
    let expected = device.expected_thing.as_str();
    let elsewhere = certificate.things.as_deref().unwrap_or_default();
    let attached = match elsewhere {
        [] => "it is attached to no thing".to_owned(),
        things => format!("it is attached to {}", things.join(", ")),
    };
    match &device.thing {
        _ if expected.is_empty() => None,
        None => Some(hindrance(
            Cause::NoThing,
            format!("there is no thing `{expected}`, and {attached}. Import the file again"),
        )),
        Some(Thing { principals, .. }) if !principals.contains(&certificate.arn) => {
            Some(hindrance(
                Cause::NotAttached,
                format!(
                    "its certificate is not attached to the thing `{expected}`; {attached}. Import the file again, or: aws \
                 iot attach-thing-principal --thing-name {expected} --principal {}",
                    certificate.arn
                ),
            ))
        }
        Some(_) => None,
    }
}

fn of_policies(certificate: &Registered) -> Option<Hindrance> {
    let policies = &certificate.policies;
    let says = |word| policies.iter().filter(move |policy| policy.said.connect == word);
    let names = || {
        let names: Vec<_> = policies.iter().map(|policy| policy.name.as_str()).collect();
        names.join(", ")
    };
    if policies.is_empty() {
        let text = "no policy is attached to its certificate, nor to a group of its thing. Name one in the profile and \
                    import the file again";
        return Some(hindrance(Cause::NoPolicy, text));
    }
    if let Some(denying) = says(Connect::Denies).next() {
        let text = format!("the policy `{}` denies iot:Connect to it", denying.name);
        return Some(hindrance(Cause::PolicyDenies, text));
    }
    if says(Connect::Allows).next().is_some() {
        return None;
    }
    let text = if says(Connect::AllowsOthers).next().is_some() {
        format!(
            "the attached policies ({}) allow iot:Connect, but not under this thing's name: look at the resource \
             `client/..` of their documents, and at what the certificate is attached to",
            names()
        )
    } else {
        format!(
            "none of the attached policies ({}) allows iot:Connect: add it to one of them",
            names()
        )
    };
    Some(hindrance(Cause::PolicyWithoutConnect, text))
}

fn notes_on(certificate: &Registered) -> Vec<String> {
    let mut notes = Vec::new();
    if certificate.needs_sni {
        notes.push(
            "the certificate is registered without its CA, so the device must name the endpoint when it opens TLS \
             (SNI), and use this account's own endpoint"
                .to_owned(),
        );
    }
    let conditional: Vec<_> = certificate
        .policies
        .iter()
        .filter(|policy| policy.said.conditions)
        .map(|policy| policy.name.as_str())
        .collect();
    if !conditional.is_empty() {
        notes.push(format!(
            "conditions were not looked at, in the policies {}",
            conditional.join(", ")
        ));
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::find::{policy::Said, registry::Attached};

    const NOW: f64 = 1_795_339_800.0;
    const ARN: &str = "arn:aws:iot:eu-central-1:123456789012:cert/c1";

    fn account() -> Account {
        Account {
            id: "123456789012".into(),
            region: "eu-central-1".into(),
            partition: "aws".into(),
            identity: String::new(),
        }
    }

    fn policy(said: Said) -> Attached {
        Attached { name: "sensor-base".into(), group: None, said }
    }

    fn said(connect: Connect) -> Said {
        Said { connect, conditions: false }
    }

    fn allowing() -> Attached {
        policy(said(Connect::Allows))
    }

    /// A device that can connect.
    fn device() -> Device {
        Device {
            expected_thing: "pump-1".into(),
            expected_certificate: "c1".into(),
            thing: Some(Thing {
                name: "pump-1".into(),
                principals: vec![ARN.into()],
                ..Thing::default()
            }),
            certificate: Some(Registered {
                id: "c1".into(),
                arn: ARN.into(),
                status: "ACTIVE".into(),
                not_before: Some(NOW - 9.0),
                not_after: Some(NOW + 9.0),
                policies: vec![allowing()],
                ..Registered::default()
            }),
        }
    }

    /// What keeps a device from connecting that was changed.
    #[track_caller]
    fn check(change: impl FnOnce(&mut Device, &mut Registered), expected: &[(Cause, &str)]) {
        let mut device = device();
        let mut certificate = device.certificate.take().unwrap();
        change(&mut device, &mut certificate);
        // A test that takes the certificate away says so by its id.
        device.certificate = (!certificate.id.is_empty()).then_some(certificate);
        let diagnosis = diagnose(&device, &account(), NOW);
        assert_eq!(diagnosis.can_connect, expected.is_empty());
        let causes: Vec<_> = diagnosis.hindrances.iter().map(|each| each.cause).collect();
        assert_eq!(causes, expected.iter().map(|(cause, _)| *cause).collect::<Vec<_>>());
        for (hindrance, (_, words)) in diagnosis.hindrances.iter().zip(expected) {
            assert!(hindrance.reason.contains(words), "{}", hindrance.reason);
        }
    }

    #[test]
    fn a_device_that_is_whole_can_connect() {
        check(|_, _| {}, &[]);
        check(|device, _| device.expected_thing.clear(), &[]);
    }

    #[test]
    fn each_cause_is_named_with_what_to_do() {
        check(|_, it| it.id.clear(), &[(Cause::NotHere, "account 123456789012, eu-central-1")]);
        check(|_, it| it.status = "INACTIVE".into(), &[(Cause::Inactive, "--certificate-id c1")]);
        check(|_, it| it.status = "REVOKED".into(), &[(Cause::Revoked, "is REVOKED")]);
        check(|_, it| it.not_after = Some(NOW - 1.0), &[(Cause::Expired, "expired on 2026-11-22")]);
        check(
            |_, it| it.not_before = Some(NOW + 1.0),
            &[(Cause::NotYetValid, "before 2026-11-22")],
        );
        check(|device, _| device.thing = None, &[(Cause::NoThing, "no thing `pump-1`")]);
        let detached = |device: &mut Device, it: &mut Registered| {
            device.thing.as_mut().unwrap().principals.clear();
            it.things = Some(vec!["pump-2".into()]);
        };
        check(detached, &[(Cause::NotAttached, "attached to pump-2")]);
        check(|_, it| it.policies.clear(), &[(Cause::NoPolicy, "no policy")]);
        let others = said(Connect::AllowsOthers);
        check(
            |_, it| it.policies = vec![policy(others)],
            &[(Cause::PolicyWithoutConnect, "not under this thing's name")],
        );
        check(
            |_, it| it.policies = vec![policy(Said::default())],
            &[(Cause::PolicyWithoutConnect, "none of the attached policies (sensor-base)")],
        );
        let denies = said(Connect::Denies);
        check(|_, it| it.policies.push(policy(denies)), &[(Cause::PolicyDenies, "denies")]);
    }

    #[test]
    fn all_causes_are_told_at_once() {
        let several = |_: &mut Device, it: &mut Registered| {
            it.status = "INACTIVE".into();
            it.policies.clear();
        };
        check(several, &[(Cause::Inactive, ""), (Cause::NoPolicy, "")]);
    }

    #[test]
    fn what_the_device_itself_has_to_do_is_no_hindrance() {
        let mut device = device();
        let certificate = device.certificate.as_mut().unwrap();
        certificate.needs_sni = true;
        certificate.policies = vec![policy(Said { conditions: true, ..said(Connect::Allows) })];
        let diagnosis = diagnose(&device, &account(), NOW);
        assert!(diagnosis.can_connect);
        assert!(diagnosis.notes[0].contains("SNI") && diagnosis.notes[1].contains("sensor-base"));
    }
}
