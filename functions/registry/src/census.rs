//! What listings of the account show of a run's devices.
//!
//! A listing has up to 250 objects a page, where asking takes several calls a device. What it shows to be as the run
//! left it need not be asked for; what it does not show is asked for, and that answer counts.

use aws_sdk_iot::types::CertificateStatus;
use ledger::Profile;

use crate::{
    CallError, Left, Registry,
    compare::is_dynamic,
    listings::{Interruption, ListedThing, Listings},
    roll::Roll,
};

/// What was seen of one device.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Seen {
    /// Whether its certificate is ACTIVE; none where it was not seen, or is neither ACTIVE nor INACTIVE.
    pub is_active: Option<bool>,
    /// When that was registered, in seconds of the epoch.
    pub registered: f64,
    /// Its thing has its type and its attributes.
    pub thing_fits: bool,
    /// Its thing is in the profile's groups and in no others.
    pub groups_fit: bool,
    /// Its certificate has the profile's policies and no others.
    pub policies_fit: bool,
}

/// The devices of a run. It takes some 90 bytes a device.
#[derive(Debug, Default)]
pub struct Census {
    roll: Roll<Marks>,
}

#[derive(Debug, Default)]
struct Marks {
    seen: Seen,
    /// The profile's groups and policies that were seen, and whether others were.
    groups: u16,
    other_groups: bool,
    policies: u16,
    other_policies: bool,
}

impl Census {
    /// Adds the run's next device.
    pub fn add(&mut self, left: &Left) {
        let thing_type = left.thing_type.as_ref();
        self.roll.add(&left.thing, &left.certificate_id, thing_type, &left.attributes);
    }

    /// How many devices were added.
    pub fn len(&self) -> usize {
        self.roll.len()
    }

    /// Whether none was added.
    pub fn is_empty(&self) -> bool {
        self.roll.len() == 0
    }

    /// Lists the account, and says what it shows of each device, in the order in which they were added; `None` where
    /// the account has more than `most` pages.
    pub async fn take(
        mut self,
        registry: &Registry,
        profile: &Profile,
        most: u64,
    ) -> Result<Option<Vec<Seen>>, CallError> {
        self.roll.close();
        let mut listings = Listings::new(registry, most);
        match self.list(&mut listings, registry, profile).await {
            Ok(()) => Ok(Some(self.seen(profile))),
            Err(Interruption::TooManyPages) => Ok(None),
            Err(Interruption::Call(error)) => Err(error),
        }
    }

    async fn list(
        &mut self,
        listings: &mut Listings<'_>,
        registry: &Registry,
        profile: &Profile,
    ) -> Result<(), Interruption> {
        listings
            .all_certificates(|certificate| {
                let is_active = match certificate.status {
                    CertificateStatus::Active => true,
                    CertificateStatus::Inactive => false,
                    _ => return,
                };
                self.roll.each_certificate(&certificate.id, |device| {
                    device.seen.is_active = Some(is_active);
                    device.seen.registered = certificate.created;
                });
            })
            .await?;
        if !self.roll.has_things() {
            return Ok(());
        }
        listings.things(|thing| self.mark_thing(&thing)).await?;
        for group in listings.groups().await? {
            let own = bit(&profile.thing_groups, &group);
            if own.is_none() && is_dynamic(registry, &group).await? {
                continue;
            }
            let mark = |device: &mut Marks| match own {
                Some(own) => device.groups |= own,
                None => device.other_groups = true,
            };
            listings.things_in_group(&group, |name| self.roll.each_thing(name, mark)).await?;
        }
        for policy in listings.policies().await? {
            let own = bit(&profile.policies, &policy);
            let mark = |device: &mut Marks| match own {
                Some(own) => device.policies |= own,
                None => device.other_policies = true,
            };
            listings.targets(&policy, |id| self.roll.each_certificate(id, mark)).await?;
        }
        Ok(())
    }

    fn seen(&self, profile: &Profile) -> Vec<Seen> {
        let (groups, policies) = (all(&profile.thing_groups), all(&profile.policies));
        let has_things = self.roll.has_things();
        let seen = |device: &Marks| Seen {
            groups_fit: has_things && device.groups == groups && !device.other_groups,
            policies_fit: has_things && device.policies == policies && !device.other_policies,
            ..device.seen
        };
        self.roll.seen().map(seen).collect()
    }

    fn mark_thing(&mut self, listed: &ListedThing) {
        self.roll.each_listed(listed, |device, fits| device.seen.thing_fits = fits);
    }
}

/// A bit for this name; AWS IoT allows ten of each kind.
fn bit(names: &[String], name: &str) -> Option<u16> {
    let index = names.iter().position(|known| known == name)?;
    u32::try_from(index).ok().and_then(|index| 1_u16.checked_shl(index))
}

fn all(names: &[String]) -> u16 {
    names.iter().filter_map(|name| bit(names, name)).fold(0, |all, bit| all | bit)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn census(profile: &Profile, mark: impl Fn(&mut Census)) -> Seen {
        let mut census = Census::default();
        for name in ["other", "t"] {
            census.add(&Left {
                thing: name.to_owned(),
                certificate_id: format!("certificate of {name}"),
                thing_type: Some("sensor".to_owned()),
                attributes: BTreeMap::from([("mac".to_owned(), "1".to_owned())]),
                ..Left::default()
            });
        }
        census.roll.close();
        mark(&mut census);
        let seen = census.seen(profile);
        assert_eq!(
            seen[0],
            Seen {
                groups_fit: profile.thing_groups.is_empty(),
                policies_fit: profile.policies.is_empty(),
                ..Seen::default()
            }
        );
        seen[1]
    }

    fn profile() -> Profile {
        Profile {
            policies: vec!["p".to_owned(), "q".to_owned()],
            thing_groups: vec!["g".to_owned()],
            ..Profile::default()
        }
    }

    #[track_caller]
    fn check_thing(thing_type: Option<&str>, mac: &str, expected: bool) {
        let listed = ListedThing {
            name: "t".to_owned(),
            thing_type: thing_type.map(str::to_owned),
            attributes: [("mac".to_owned(), mac.to_owned()), ("x".to_owned(), "y".to_owned())]
                .into(),
        };
        let seen = census(&profile(), |census| census.mark_thing(&listed));
        assert_eq!(seen.thing_fits, expected);
    }

    #[test]
    fn a_thing_fits_with_its_type_and_its_attributes() {
        check_thing(Some("sensor"), "1", true);
        check_thing(Some("sensor"), "2", false);
        check_thing(Some("other"), "1", false);
        check_thing(None, "1", false);
    }

    #[track_caller]
    fn check_policies(own: &[u16], other: bool, expected: bool) {
        let seen = census(&profile(), |census| {
            census.roll.each_certificate("certificate of t", |device| {
                device.policies = own.iter().fold(0, |all, bit| all | bit);
                device.other_policies = other;
            });
        });
        assert_eq!(seen.policies_fit, expected);
    }

    #[test]
    fn all_of_the_profiles_and_no_others_fit() {
        check_policies(&[1, 2], false, true);
        check_policies(&[1], false, false);
        check_policies(&[1, 2], true, false);
        check_policies(&[], false, false);
    }

    #[test]
    fn a_profile_without_groups_fits_a_thing_without_groups() {
        let profile = Profile { thing_groups: Vec::new(), ..profile() };
        assert!(census(&profile, |_| {}).groups_fit);
        let other = census(&profile, |census| {
            census.roll.each_thing("t", |device| device.other_groups = true);
        });
        assert!(!other.groups_fit);
    }
}
