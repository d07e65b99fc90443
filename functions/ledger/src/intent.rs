//! What a worker found before its first write, and what it set out to add.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Plan;

/// How the devices of a unit are told of by intents, part by part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IntentParts {
    /// Devices of the first part. So many are looked at, and noted, before the first of them is acted on;
    /// nothing is registered meanwhile, so they are few.
    first: usize,
    /// Devices of a further part. They are looked at while earlier ones are acted on.
    further: usize,
}

impl IntentParts {
    /// AWS IoT admits many more looks at things than registrations, so looking is always ahead.
    const REGISTERED: Self = Self { first: 25, further: 100 };

    /// Certificates are looked at no faster than they are activated, by AWS's quotas. Both go on at once
    /// only where parts are short: whoever acts waits for the first part, and whoever looks for the last.
    const ACTIVATED: Self = Self { first: 5, further: 5 };

    /// Those of a run's units.
    pub fn of(plan: &Plan) -> Self {
        if plan.is_of_factory() { Self::ACTIVATED } else { Self::REGISTERED }
    }

    /// A unit's devices, part by part.
    pub fn cut<T>(self, devices: &[T]) -> impl Iterator<Item = &[T]> {
        let (first, others) = devices.split_at(devices.len().min(self.first));
        [first].into_iter().filter(|part| !part.is_empty()).chain(others.chunks(self.further))
    }

    /// The part, from 0, of the device at this place in its unit.
    pub const fn part(self, place: usize) -> usize {
        match place.checked_sub(self.first) {
            None => 0,
            Some(behind) => 1 + behind / self.further,
        }
    }
}

/// Put once for each part of a unit, between looking at its devices and the first write to them.
///
/// When a unit is tried again, this tells the run's own traces from what was there before. When the
/// run is taken back, it tells what there is to take back.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Intent {
    /// When the worker had looked at every device of the part, in seconds of the Unix epoch.
    pub time: f64,
    /// What stood then, by entry. What is not here, and is there later, this run made.
    pub existing: BTreeMap<u64, Stood>,
    /// What the run sets out to add, by entry; absent where it adds nothing.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub added: BTreeMap<u64, Added>,
}

/// What stood where a device is to be, before the run wrote anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stood {
    /// The certificate alone; only its activation looks for that.
    Certificate,
    /// A thing that the certificate was not attached to.
    Thing,
    /// The device, and something of it was missing.
    Part,
    /// The device, whole.
    Whole,
    /// Something that keeps the device from being made.
    Other,
}

/// What a run adds to a device: what that lacked when it was first looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Added {
    /// The certificate, unless it turns out to be registered already: see [`CertificateStood`].
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub certificate: bool,
    /// The thing, or something of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thing: Option<AddedThing>,
    /// The certificate is attached to the thing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub attachment: bool,
    /// Groups that the thing joins.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// Policies that the certificate gets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<String>,
    /// The certificate is made ACTIVE.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub activation: bool,
    /// Groups that the thing was in before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub had_groups: Vec<String>,
    /// Policies that the certificate had before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub had_policies: Vec<String>,
}

/// What a run adds of a thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AddedThing {
    /// The whole of it.
    Made,
    /// Attributes, and a type.
    Changed {
        /// What each attribute was before; none where the thing did not have it.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        before: BTreeMap<String, Option<String>>,
        /// The thing had no type, and gets one.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        thing_type: bool,
    },
}

/// Put before the first write to a device whose certificate turned out to be registered already, which
/// only registering it shows; or when its thing turned out to stand, which only making it shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateStood {
    /// The profile's policies that it lacked.
    pub lacked: Vec<String>,
    /// The policies that it had.
    pub had: Vec<String>,
    /// Somebody else may have made the device at the same moment, or made its thing. What the run added
    /// is not known then, whatever else is noted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub raced: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(parts: IntentParts, devices: usize, sizes: &[usize]) {
        let devices: Vec<usize> = (0..devices).collect();
        let cut: Vec<_> = parts.cut(&devices).collect();
        assert_eq!(cut.iter().map(|part| part.len()).collect::<Vec<_>>(), sizes);
        for (number, part) in cut.into_iter().enumerate() {
            assert!(part.iter().all(|place| parts.part(*place) == number), "{number}: {part:?}");
        }
    }

    #[test]
    fn the_first_intent_of_a_unit_comes_soon_and_the_others_are_few() {
        let parts = IntentParts::REGISTERED;
        check(parts, 0, &[]);
        check(parts, 1, &[1]);
        check(parts, 25, &[25]);
        check(parts, 26, &[25, 1]);
        check(parts, 125, &[25, 100]);
        check(parts, 126, &[25, 100, 1]);
        check(parts, 500, &[25, 100, 100, 100, 100, 75]);
    }

    #[test]
    fn where_looking_takes_as_long_as_acting_intents_are_short() {
        check(IntentParts::ACTIVATED, 4, &[4]);
        check(IntentParts::ACTIVATED, 12, &[5, 5, 2]);
    }
}
