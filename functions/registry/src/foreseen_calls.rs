//! How many calls an import of a device would make, from what was found of it.

use std::collections::BTreeMap;

use ledger::{CertificateStatus, Profile, Stood};

use crate::{
    Call, Finding, Phase, Reason,
    claim::Claim,
    device::{Change, Device, Lacks},
};

/// Calls of AWS IoT, by AWS's name of the operation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ForeseenCalls(BTreeMap<&'static str, u64>);

/// What an import asks about a device, in this order, until it knows enough.
const TO_REGISTER: &[Call] = &[
    Call::DescribeThing,
    Call::ListThingPrincipals,
    Call::DescribeCertificate,
    Call::ListPrincipalThings,
    Call::ListAttachedPolicies,
    Call::ListThingGroups,
];
const TO_ACTIVATE: &[Call] = &[
    Call::DescribeCertificate,
    Call::ListPrincipalThings,
    Call::DescribeThing,
    Call::ListThingPrincipals,
    Call::ListAttachedPolicies,
    Call::ListThingGroups,
];
/// Of a thing without a certificate, and of a certificate without a thing.
const OF_THING: &[Call] = &[Call::DescribeThing, Call::ListThingPrincipals, Call::ListThingGroups];
const OF_CERTIFICATE: &[Call] = &[
    Call::DescribeCertificate,
    Call::ListPrincipalThings,
    Call::DescribeThing,
    Call::ListAttachedPolicies,
];
/// In phase 1 there is nothing to ask about a certificate that gets no policies.
const TO_DEFER: &[Call] = &[Call::DescribeCertificate, Call::ListAttachedPolicies];

impl ForeseenCalls {
    /// The calls that looking takes. `lists` says that the import lists the account before it, and so
    /// asks only for the attachments of what stands whole.
    pub(crate) fn of_looking(
        phase: Phase,
        profile: &Profile,
        finding: &Finding,
        lists: bool,
    ) -> Self {
        let mut calls = Self::default();
        let defers = phase == Phase::Register && profile.defer_things;
        let is_active = profile.certificate_status == CertificateStatus::Active;
        match finding {
            Finding::Listed { .. } if lists && defers => {}
            Finding::Listed { .. } if lists => {
                calls.add_all([Call::ListThingPrincipals, Call::ListPrincipalThings]);
            }
            Finding::Listed { .. } if defers && !is_active => {
                calls.add_all([Call::RegisterCertificate, Call::DescribeCertificate]);
            }
            finding => {
                let order = match phase {
                    Phase::Activate if is_to_make_thing(finding) => OF_CERTIFICATE,
                    Phase::Register if !defers && is_of_thing(finding) => OF_THING,
                    Phase::Register if !profile.defer_things => TO_REGISTER,
                    Phase::Register if is_active => TO_DEFER,
                    Phase::Register => &[],
                    Phase::Activate => TO_ACTIVATE,
                };
                let asked = match last(phase, finding, defers) {
                    Some(last) => order.iter().position(|call| *call == last).map(|at| at + 1),
                    None => None,
                };
                calls.add_all(order.iter().take(asked.unwrap_or(order.len())).copied());
            }
        }
        calls
    }

    /// Adds what it takes to add what a device lacks.
    pub(crate) fn add_changes(&mut self, lacks: &Lacks) {
        match lacks.thing {
            None => {}
            Some(Change::Create(_)) => self.add(Call::CreateThing),
            Some(Change::Update { .. }) => self.add(Call::UpdateThing),
        }
        if lacks.attachment {
            self.add(Call::AttachThingPrincipal);
        }
        self.add_all(lacks.groups.iter().map(|_| Call::AddThingToThingGroup));
        self.add_all(lacks.policies.iter().map(|_| Call::AttachPolicy));
        if lacks.activation {
            self.add(Call::UpdateCertificate);
        }
    }

    pub(crate) fn add(&mut self, call: Call) {
        *self.0.entry(call.name()).or_default() += 1;
    }

    fn add_all(&mut self, calls: impl IntoIterator<Item = Call>) {
        calls.into_iter().for_each(|call| self.add(call));
    }

    /// Each operation with how often it is called.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.0.iter().map(|(call, count)| (*call, *count))
    }
}

fn is_to_make_thing(finding: &Finding) -> bool {
    let Finding::Device(device) = finding else { return false };
    matches!(device.lacks.thing, Some(Change::Create(_)))
}

fn is_of_thing(finding: &Finding) -> bool {
    matches!(finding, Finding::Device(Device { stood: Some(Stood::Thing), .. }))
}

/// After which call looking ended; none where it asked for everything.
fn last(phase: Phase, finding: &Finding, defers: bool) -> Option<Call> {
    match finding {
        Finding::Device(Device { stood: None, .. }) if defers => Some(Call::DescribeCertificate),
        Finding::Device(_) if phase == Phase::Register && is_to_make_thing(finding) => {
            Some(Call::DescribeThing)
        }
        Finding::Claimed { claim: Claim::Certificate, .. } => Some(Call::ListThingPrincipals),
        Finding::Claimed { claim: Claim::Thing(_), .. } => Some(Call::ListPrincipalThings),
        Finding::Device(_) | Finding::Listed { .. } | Finding::ToTakeBack(_) => None,
        Finding::Conflict(reason) => match reason {
            Reason::ThingOtherType { .. } => Some(Call::DescribeThing),
            Reason::ThingHasAnotherCertificate { .. } => Some(Call::ListThingPrincipals),
            Reason::CertificateOnAnotherThing { .. } => Some(Call::ListPrincipalThings),
            Reason::CertificateNotRegistered
            | Reason::CertificateRevoked
            | Reason::CertificateInTransfer { .. } => Some(Call::DescribeCertificate),
            _ => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::work;

    #[track_caller]
    fn check(phase: Phase, profile: &Profile, finding: &Finding, lists: bool, expected: &[Call]) {
        let calls = ForeseenCalls::of_looking(phase, profile, finding, lists);
        let mut all = ForeseenCalls::default();
        all.add_all(expected.iter().copied());
        assert_eq!(calls, all);
    }

    #[test]
    fn of_a_device_that_stands_whole_an_import_asks_less_where_it_lists() {
        let whole = Finding::Listed { warnings: Vec::new() };
        let (register, activate) = (Phase::Register, Phase::Activate);
        let profile = Profile::default();
        let attachments = [Call::ListThingPrincipals, Call::ListPrincipalThings];
        check(register, &profile, &whole, true, &attachments);
        check(activate, &profile, &whole, true, &attachments);
        check(register, &profile, &whole, false, TO_REGISTER);
        check(activate, &profile, &whole, false, TO_ACTIVATE);

        let active = Profile { defer_things: true, ..profile };
        check(register, &active, &whole, true, &[]);
        check(register, &active, &whole, false, TO_DEFER);
        // In the second phase, things are not deferred.
        check(activate, &active, &whole, true, &attachments);
        let inactive = Profile { certificate_status: CertificateStatus::Inactive, ..active };
        let registered = [Call::RegisterCertificate, Call::DescribeCertificate];
        check(register, &inactive, &whole, false, &registered);
    }

    #[test]
    fn an_import_asks_until_something_is_in_the_way() {
        let profile = Profile::default();
        let absent = |phase: Phase| phase.of_absent(&profile, &work());
        let (register, activate) = (Phase::Register, Phase::Activate);
        check(register, &profile, &absent(register), false, &[Call::DescribeThing]);
        check(activate, &profile, &absent(activate), false, &[Call::DescribeCertificate]);
        let another = Reason::ThingHasAnotherCertificate { thing: String::new() };
        check(register, &profile, &Finding::Conflict(another.clone()), false, &TO_REGISTER[..2]);
        check(activate, &profile, &Finding::Conflict(another), false, &TO_ACTIVATE[..4]);
    }
}
