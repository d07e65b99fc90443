//! Which of a file's devices stand whole, and which not at all, as listings of the account show them.
//!
//! A listing has up to 250 objects a page, where asking takes several calls a device. So a file
//! that was imported before is cheaper to look up this way, unless the account is far larger than
//! the file. What listings cannot tell is which certificates a thing has; that is asked later, for
//! each device.

use ledger::{CertificateStatus, Profile, Standing, Work};

use crate::{
    CallError, Registry,
    device::wanted_thing,
    listings::{Interruption, ListedThing, Listings},
    roll::Roll,
};

/// What has to be found of a device: a bit each. Policies and groups follow, at most ten of each.
const THING: u32 = 1;
const CERTIFICATE: u32 = 2;
const FIRST_POLICY: u32 = 2;
const FIRST_GROUP: u32 = 12;
/// Something stands under the name of its thing, or its certificate is registered with any status.
const SOMETHING: u32 = 1 << 22;

/// The devices of a file, and what was found of them. It takes some 60 bytes a device.
#[derive(Debug, Default)]
pub struct Inventory {
    roll: Roll<Found>,
}

/// What was found of a device.
#[derive(Debug, Default)]
struct Found(u32);

impl Inventory {
    /// Adds the file's next device.
    pub fn add(&mut self, profile: &Profile, work: &Work) {
        let wanted = wanted_thing(profile, work);
        let (thing_type, attributes) = (wanted.thing_type.as_ref(), &wanted.attributes);
        self.roll.add(&work.thing, &work.certificate_id, thing_type, attributes);
    }

    /// Lists the account, and says of each device how it stands, in the order in which they were
    /// added; `None` where the account has more than `most` pages.
    pub async fn take(
        mut self,
        registry: &Registry,
        profile: &Profile,
        most: u64,
    ) -> Result<Option<Vec<Standing>>, CallError> {
        self.roll.close();
        let mut listings = Listings::new(registry, most);
        match self.list(&mut listings, profile).await {
            Ok(whole) => Ok(Some(self.roll.seen().map(|found| found.standing(whole)).collect())),
            Err(Interruption::TooManyPages) => Ok(None),
            Err(Interruption::Call(error)) => Err(error),
        }
    }

    /// Marks what is found; returns the marks of a device that stands whole.
    async fn list(
        &mut self,
        listings: &mut Listings<'_>,
        profile: &Profile,
    ) -> Result<u32, Interruption> {
        let mut whole = CERTIFICATE;
        let wanted = Some(profile.certificate_status);
        listings
            .certificates(|id, status| {
                let stands = if status == wanted { CERTIFICATE } else { 0 };
                self.mark_certificate(id, stands | SOMETHING);
            })
            .await?;
        if !profile.defer_things {
            whole |= THING;
            listings.things(|thing| self.mark_thing(&thing)).await?;
        }
        if !self.roll.seen().any(|found| found.0 & whole == whole) {
            // Whatever groups and policies hold, no device is whole.
            return Ok(whole);
        }
        if !profile.defer_things {
            for (bit, group) in (FIRST_GROUP..).zip(&profile.thing_groups) {
                whole |= 1 << bit;
                listings.things_in_group(group, |name| self.mark_member(name, 1 << bit)).await?;
            }
        }
        // A deferred certificate gets its policies together with its thing, unless it is active.
        if !profile.defer_things || wanted == Some(CertificateStatus::Active) {
            for (bit, policy) in (FIRST_POLICY..).zip(&profile.policies) {
                whole |= 1 << bit;
                listings.targets(policy, |id| self.mark_certificate(id, 1 << bit)).await?;
            }
        }
        Ok(whole)
    }

    fn mark_thing(&mut self, listed: &ListedThing) {
        self.roll.each_listed(listed, |found, fits| {
            found.0 |= if fits { THING | SOMETHING } else { SOMETHING };
        });
    }

    fn mark_member(&mut self, name: &str, bit: u32) {
        self.roll.each_thing(name, |found| found.0 |= bit);
    }

    fn mark_certificate(&mut self, id: &str, bit: u32) {
        self.roll.each_certificate(id, |found| found.0 |= bit);
    }
}

impl Found {
    /// How it stands, where `whole` is what is found of one that stands whole.
    const fn standing(&self, whole: u32) -> Standing {
        if self.0 & whole == whole {
            Standing::Whole
        } else if self.0 & SOMETHING == 0 {
            Standing::Absent
        } else {
            Standing::Unknown
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn work(thing: &str, attributes: &[(&str, &str)]) -> Work {
        let attributes =
            attributes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Work {
            entry: 1,
            place: String::new(),
            id: String::new(),
            thing: thing.to_owned(),
            certificate_id: format!("certificate of {thing}"),
            certificate: String::new(),
            thing_type: None,
            attributes: attributes.collect(),
            names: Vec::new(),
            warnings: Vec::new(),
        }
    }

    fn listed(name: &str, thing_type: Option<&str>, attributes: &[(&str, &str)]) -> ListedThing {
        ListedThing {
            name: name.to_owned(),
            thing_type: thing_type.map(str::to_owned),
            attributes: work(name, attributes).attributes.into_iter().collect(),
        }
    }

    /// Whether a listed thing is the one that a device wants.
    #[track_caller]
    fn check(wanted: Option<&str>, device: &Work, thing: &ListedThing, expected: bool) {
        let profile = Profile { thing_type: wanted.map(str::to_owned), ..Profile::default() };
        let mut inventory = Inventory::default();
        inventory.add(&profile, &work("another", &[("mac", "0")]));
        inventory.add(&profile, device);
        inventory.roll.close();
        inventory.mark_thing(thing);
        let found: Vec<_> = inventory.roll.seen().map(|found| found.0 & THING).collect();
        assert_eq!(found, [0, if expected { THING } else { 0 }]);
    }

    #[test]
    fn a_thing_stands_with_its_type_and_at_least_its_attributes() {
        let device = work("a", &[("line", "7"), ("mac", "1")]);
        let whole = [("line", "7"), ("mac", "1"), ("somebody's", "x")];
        check(Some("t"), &device, &listed("a", Some("t"), &whole), true);
        check(None, &device, &listed("a", Some("t"), &whole), true);
        check(None, &device, &listed("a", None, &whole), true);
        check(Some("t"), &device, &listed("a", None, &whole), false);
        check(Some("t"), &device, &listed("a", Some("u"), &whole), false);
        check(None, &device, &listed("b", None, &whole), false);
        check(None, &device, &listed("a", None, &[("line", "7")]), false);
        check(None, &device, &listed("a", None, &[("line", "7"), ("mac", "2")]), false);
        check(None, &device, &listed("a", None, &[("line", "1"), ("mac", "7")]), false);
        check(None, &work("a", &[]), &listed("a", None, &whole), true);
    }

    #[test]
    fn a_device_is_absent_where_nothing_bears_its_name_or_its_certificate() {
        let mut inventory = Inventory::default();
        for name in ["absent", "named", "registered", "whole"] {
            inventory.add(&Profile::default(), &work(name, &[("mac", "1")]));
        }
        inventory.roll.close();
        inventory.mark_thing(&listed("named", None, &[]));
        inventory.mark_certificate("certificate of registered", SOMETHING);
        inventory.mark_thing(&listed("whole", None, &[("mac", "1")]));
        inventory.mark_certificate("certificate of whole", CERTIFICATE | SOMETHING);
        let standing = inventory.roll.seen().map(|found| found.standing(THING | CERTIFICATE));
        let expected = [Standing::Absent, Standing::Unknown, Standing::Unknown, Standing::Whole];
        assert_eq!(standing.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_type_of_the_device_wins_over_the_profiles() {
        let device = Work { thing_type: Some("own".to_owned()), ..work("a", &[]) };
        check(Some("t"), &device, &listed("a", Some("own"), &[]), true);
        check(Some("t"), &device, &listed("a", Some("t"), &[]), false);
    }
}
