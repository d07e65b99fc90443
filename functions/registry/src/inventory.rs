//! Which of a file's devices stand whole, and which not at all, as listings of the account show them.
//!
//! A listing has up to 250 objects a page, where asking takes several calls a device. So a file
//! that was imported before is cheaper to look up this way, unless the account is far larger than
//! the file. What listings cannot tell is which certificates a thing has; that is asked later, for
//! each device.

use std::hash::{BuildHasher, RandomState};

use ledger::{CertificateStatus, Profile, Standing, Work};

use crate::{
    CallError, Registry,
    device::wanted_thing,
    listings::{Interruption, ListedThing, Listings},
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
    /// Keyed at random, so that no file can be made to collide.
    digest: RandomState,
    /// Digest of each thing's name, with the device's place; in order once all are here.
    things: Vec<(u64, usize)>,
    /// The same of the certificates.
    certificates: Vec<(u64, usize)>,
    devices: Vec<Device>,
    /// Which attributes devices have. Most often all have the same.
    attributes: Vec<Vec<String>>,
}

#[derive(Debug)]
struct Device {
    found: u32,
    /// Whether its thing is to have a type.
    typed: bool,
    /// Which of the inventory's attributes are its own.
    attributes: usize,
    /// Digest of its type and the attributes' values.
    thing: u64,
}

impl Inventory {
    /// Adds the file's next device.
    pub fn add(&mut self, profile: &Profile, work: &Work) {
        let place = self.devices.len();
        self.things.push((self.digest.hash_one(&work.thing), place));
        self.certificates.push((self.digest.hash_one(&work.certificate_id), place));
        let wanted = wanted_thing(profile, work);
        let names = || wanted.attributes.keys();
        let known = self.attributes.iter().rposition(|known| known.iter().eq(names()));
        let attributes = known.unwrap_or_else(|| {
            self.attributes.push(names().cloned().collect());
            self.attributes.len() - 1
        });
        self.devices.push(Device {
            found: 0,
            typed: wanted.thing_type.is_some(),
            attributes,
            thing: self.digest_of_thing(wanted.thing_type.as_ref(), wanted.attributes.values()),
        });
    }

    /// Lists the account, and says of each device how it stands, in the order in which they were
    /// added; `None` where the account has more than `most` pages.
    pub async fn take(
        mut self,
        registry: &Registry,
        profile: &Profile,
        most: u64,
    ) -> Result<Option<Vec<Standing>>, CallError> {
        self.things.sort_unstable();
        self.certificates.sort_unstable();
        let mut listings = Listings::new(registry, most);
        match self.list(&mut listings, profile).await {
            Ok(whole) => {
                Ok(Some(self.devices.iter().map(|device| device.standing(whole)).collect()))
            }
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
        if !self.devices.iter().any(|device| device.found & whole == whole) {
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
        for place in places(&self.things, self.digest.hash_one(&listed.name)) {
            mark(&mut self.devices, [place], SOMETHING);
            let Some(device) = self.devices.get(place) else { continue };
            let names = self.attributes.get(device.attributes).into_iter().flatten();
            let Some(values) =
                names.map(|name| listed.attributes.get(name)).collect::<Option<Vec<_>>>()
            else {
                continue;
            };
            let thing_type = listed.thing_type.as_ref().filter(|_| device.typed);
            if self.digest_of_thing(thing_type, values.into_iter()) == device.thing {
                mark(&mut self.devices, [place], THING);
            }
        }
    }

    fn mark_member(&mut self, name: &str, bit: u32) {
        let places = places(&self.things, self.digest.hash_one(name));
        mark(&mut self.devices, places, bit);
    }

    fn mark_certificate(&mut self, id: &str, bit: u32) {
        let places = places(&self.certificates, self.digest.hash_one(id));
        mark(&mut self.devices, places, bit);
    }

    fn digest_of_thing<'v>(
        &self,
        thing_type: Option<&String>,
        values: impl Iterator<Item = &'v String>,
    ) -> u64 {
        self.digest.hash_one((thing_type, values.collect::<Vec<_>>()))
    }
}

impl Device {
    /// How it stands, where `whole` is what is found of one that stands whole.
    const fn standing(&self, whole: u32) -> Standing {
        if self.found & whole == whole {
            Standing::Whole
        } else if self.found & SOMETHING == 0 {
            Standing::Absent
        } else {
            Standing::Unknown
        }
    }
}

/// Places of the devices with this digest: more than one only where digests collide, or where a
/// name is that of several.
fn places(index: &[(u64, usize)], digest: u64) -> Vec<usize> {
    let first = index.partition_point(|(other, _)| *other < digest);
    let same = index.iter().skip(first).take_while(|(other, _)| *other == digest);
    same.map(|(_, place)| *place).collect()
}

fn mark(devices: &mut [Device], places: impl IntoIterator<Item = usize>, bit: u32) {
    for place in places {
        if let Some(device) = devices.get_mut(place) {
            device.found |= bit;
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
        inventory.things.sort_unstable();
        inventory.mark_thing(thing);
        let found: Vec<_> = inventory.devices.iter().map(|device| device.found & THING).collect();
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
        inventory.things.sort_unstable();
        inventory.certificates.sort_unstable();
        inventory.mark_thing(&listed("named", None, &[]));
        inventory.mark_certificate("certificate of registered", SOMETHING);
        inventory.mark_thing(&listed("whole", None, &[("mac", "1")]));
        inventory.mark_certificate("certificate of whole", CERTIFICATE | SOMETHING);
        let standing = inventory.devices.iter().map(|device| device.standing(THING | CERTIFICATE));
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
