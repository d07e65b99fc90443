//! Decides what becomes of a device: what there is to take back, and whether somebody touched it.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_iot::types::CertificateStatus;
use ledger::{Added, AddedThing, OnConflict, Profile, ToUndo, Work};

use super::{
    difference::Difference,
    is_later, is_own,
    observe::{CertificateNow, Observed, ThingNow},
    remove::Removals,
};
use crate::{
    Reason,
    claim::own_principal,
    client::{Restored, aws_status},
    device::wanted_thing,
};

/// What the decision depends on.
#[derive(Debug)]
pub(super) struct Question<'a> {
    /// The profile by which the other run made the device.
    pub(super) profile: &'a Profile,
    pub(super) work: &'a Work,
    pub(super) added: &'a Added,
    pub(super) undo: &'a ToUndo,
    pub(super) observed: &'a Observed,
    /// Whether less than the other run set out to add is as good as all of it.
    pub(super) in_part: bool,
}

/// What becomes of a device.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Judgement {
    /// Nothing that the other run added is there.
    Gone,
    Kept(Reason),
    Back(Removals),
}

pub(super) fn judge(question: &Question<'_>) -> Judgement {
    let Question { added, undo, observed, .. } = question;
    if let Some(certificate) = &observed.certificate {
        let created = certificate.registered.created;
        if added.certificate && !is_own(undo, created) {
            // It was there before, and the run did not come so far as to note that: it wrote nothing.
            return Judgement::Gone;
        }
        if is_later(undo, created) {
            return Judgement::Kept(Reason::MadeAgain);
        }
    }
    if question.in_part && added.certificate && observed.certificate.is_none() {
        // The certificate comes first and goes last: whatever stands there is not the run's.
        return Judgement::Gone;
    }
    let mut differences = Vec::new();
    let mut removals = Removals::default();
    question.certificate(&mut removals, &mut differences);
    question.thing(&mut removals, &mut differences);
    if removals.is_nothing() {
        return Judgement::Gone;
    }
    match differences.first() {
        None => Judgement::Back(removals),
        Some(first) => {
            let all: Vec<_> = differences.iter().map(ToString::to_string).collect();
            Judgement::Kept(Reason::ChangedSince { code: first.code(), changes: all.join("; ") })
        }
    }
}

impl Question<'_> {
    fn certificate(&self, removals: &mut Removals, differences: &mut Vec<Difference>) {
        let Self { added, observed, .. } = self;
        let Some(CertificateNow { registered, policies, .. }) = &observed.certificate else {
            if added.certificate || added.attachment {
                differences.push(Difference::CertificateGone);
            }
            return;
        };
        let is_active = registered.status == CertificateStatus::Active;
        let left = match (added.activation, added.certificate) {
            (true, _) => Some(CertificateStatus::Active),
            (false, true) => Some(aws_status(self.profile.certificate_status)),
            // It was there before, and kept the status that it had.
            (false, false) => None,
        };
        let is_off = self.in_part && registered.status == CertificateStatus::Inactive;
        if left.is_some_and(|left| left != registered.status) && !is_off {
            differences.push(Difference::Status { now: registered.status.as_str().to_owned() });
        }
        removals.arn.clone_from(&registered.arn);
        removals.deactivate = is_active && (added.certificate || added.activation);
        removals.policies = common(&added.policies, policies);
        removals.certificate = added.certificate;
        if let Some((further, gone)) = self.apart(&added.policies, &added.had_policies, policies) {
            differences.push(Difference::Policies { further, gone });
        }
        self.things(differences);
    }

    /// What the certificate is attached to.
    fn things(&self, differences: &mut Vec<Difference>) {
        let Some(certificate) = &self.observed.certificate else { return };
        if !self.added.certificate && !self.added.attachment {
            return;
        }
        let others = certificate.things.iter().filter(|thing| **thing != self.work.thing);
        let others: Vec<_> = others.cloned().collect();
        // Where the profile adopts, a certificate that was there may have had other things before.
        if !others.is_empty() && (self.added.certificate || !self.adopts()) {
            differences.push(Difference::FurtherThings(others));
        }
    }

    fn thing(&self, removals: &mut Removals, differences: &mut Vec<Difference>) {
        let Self { added, work, observed, .. } = self;
        let Some(now) = &observed.thing else {
            let concerns = added.thing.is_some() || added.attachment || !added.groups.is_empty();
            if concerns && !self.in_part {
                differences.push(Difference::ThingGone);
            }
            return;
        };
        match &added.thing {
            None => {}
            Some(AddedThing::Made) => self.made(now, removals, differences),
            Some(AddedThing::Changed { before, thing_type }) => {
                self.changed(now, before, *thing_type, removals, differences);
            }
        }
        removals.groups = common(&added.groups, &now.groups);
        let concerns = added.thing == Some(AddedThing::Made) || !added.groups.is_empty();
        if concerns
            && let Some((further, gone)) = self.apart(&added.groups, &added.had_groups, &now.groups)
        {
            differences.push(Difference::Groups { further, gone });
        }
        if !added.attachment {
            return;
        }
        let own = own_principal(&now.principals, work);
        removals.detach = own.is_some();
        if own.is_none() && !self.in_part {
            differences.push(Difference::Detached);
        }
        let others = now.principals.len() > usize::from(own.is_some());
        if others && (added.thing == Some(AddedThing::Made) || !self.adopts()) {
            differences.push(Difference::FurtherCertificates);
        }
    }

    /// A thing that the other run made is to be as it made it.
    fn made(&self, now: &ThingNow, removals: &mut Removals, differences: &mut Vec<Difference>) {
        let wanted = wanted_thing(self.profile, self.work);
        let found = &now.seen.thing;
        removals.thing = Some(now.seen.version);
        if found.thing_type != wanted.thing_type {
            differences.push(Difference::Type);
        }
        let names: BTreeSet<_> =
            wanted.attributes.keys().chain(found.attributes.keys()).cloned().collect();
        let is_other = |name: &String| {
            let found = found.attributes.get(name);
            found != wanted.attributes.get(name) && !(self.in_part && found.is_none())
        };
        let other: Vec<_> = names.into_iter().filter(is_other).collect();
        if !other.is_empty() {
            differences.push(Difference::Attributes(other));
        }
        if now.seen.billing_group.is_some() {
            differences.push(Difference::BillingGroup);
        }
    }

    /// Of a thing that was there before only what it got is looked at.
    fn changed(
        &self,
        now: &ThingNow,
        before: &BTreeMap<String, Option<String>>,
        thing_type: bool,
        removals: &mut Removals,
        differences: &mut Vec<Difference>,
    ) {
        let wanted = wanted_thing(self.profile, self.work);
        let found = &now.seen.thing;
        let mut restored = Restored::default();
        let mut other = Vec::new();
        for (name, before) in before {
            let current = found.attributes.get(name);
            if current == wanted.attributes.get(name) {
                restored.attributes.insert(name.clone(), before.clone().unwrap_or_default());
            } else if !(self.in_part && current == before.as_ref()) {
                other.push(name.clone());
            }
        }
        if !other.is_empty() {
            differences.push(Difference::Attributes(other));
        }
        if thing_type && found.thing_type == wanted.thing_type {
            restored.no_type = true;
        } else if thing_type && !(self.in_part && found.thing_type.is_none()) {
            differences.push(Difference::Type);
        }
        let is_any = restored != Restored::default();
        removals.restored = is_any.then_some((now.seen.version, restored));
    }

    /// What is there besides `added` and `had`, and what of them is not.
    fn apart(
        &self,
        added: &[String],
        had: &[String],
        now: &[String],
    ) -> Option<(Vec<String>, Vec<String>)> {
        let left: BTreeSet<_> = added.iter().chain(had).collect();
        let now: BTreeSet<_> = now.iter().collect();
        let names =
            |names: BTreeSet<&&String>| names.into_iter().map(|name| (*name).clone()).collect();
        let further: Vec<String> = names(now.difference(&left).collect());
        let mut gone: Vec<String> = names(left.difference(&now).collect());
        if self.in_part {
            gone.retain(|name| !added.contains(name));
        }
        (!further.is_empty() || !gone.is_empty()).then_some((further, gone))
    }

    fn adopts(&self) -> bool {
        self.profile.on_conflict == OnConflict::Adopt
    }
}

fn common(added: &[String], now: &[String]) -> Vec<String> {
    added.iter().filter(|name| now.contains(name)).cloned().collect()
}
