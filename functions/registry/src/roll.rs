//! Devices by the names under which listings of the account show them.
//!
//! Whoever goes through a whole account keeps what was seen of each device in `T`.

use std::{
    collections::BTreeMap,
    hash::{BuildHasher, RandomState},
};

use crate::listings::ListedThing;

/// The devices of a file or of a run, in the order in which they were added.
#[derive(Debug)]
pub(crate) struct Roll<T> {
    /// Keyed at random, so that no file can be made to collide.
    digest: RandomState,
    /// Digest of each thing's name, with the device's place; in order once all are here.
    things: Vec<(u64, usize)>,
    /// The same of the certificates.
    certificates: Vec<(u64, usize)>,
    devices: Vec<Device<T>>,
    /// Which attributes devices have. Most often all have the same.
    attributes: Vec<Vec<String>>,
}

#[derive(Debug)]
struct Device<T> {
    seen: T,
    /// Whether its thing has a type to compare.
    typed: bool,
    /// Which of the roll's attributes are its own.
    attributes: usize,
    /// Digest of its type and the attributes' values.
    thing: u64,
}

impl<T> Default for Roll<T> {
    fn default() -> Self {
        Self {
            digest: RandomState::default(),
            things: Vec::new(),
            certificates: Vec::new(),
            devices: Vec::new(),
            attributes: Vec::new(),
        }
    }
}

impl<T: Default> Roll<T> {
    /// Adds the next device. One whose thing comes later has no name for it.
    pub(crate) fn add(
        &mut self,
        thing: &str,
        certificate_id: &str,
        thing_type: Option<&String>,
        attributes: &BTreeMap<String, String>,
    ) {
        let place = self.devices.len();
        if !thing.is_empty() {
            self.things.push((self.digest.hash_one(thing), place));
        }
        self.certificates.push((self.digest.hash_one(certificate_id), place));
        let names = || attributes.keys();
        let known = self.attributes.iter().rposition(|known| known.iter().eq(names()));
        let own = known.unwrap_or_else(|| {
            self.attributes.push(names().cloned().collect());
            self.attributes.len() - 1
        });
        self.devices.push(Device {
            seen: T::default(),
            typed: thing_type.is_some(),
            attributes: own,
            thing: self.digest_of_thing(thing_type, attributes.values()),
        });
    }
}

impl<T> Roll<T> {
    /// Has to be called once all devices are here, before anything is seen.
    pub(crate) fn close(&mut self) {
        self.things.sort_unstable();
        self.certificates.sort_unstable();
    }

    pub(crate) fn len(&self) -> usize {
        self.devices.len()
    }

    pub(crate) fn has_things(&self) -> bool {
        !self.things.is_empty()
    }

    /// What was seen of each device.
    pub(crate) fn seen(&self) -> impl Iterator<Item = &T> {
        self.devices.iter().map(|device| &device.seen)
    }

    /// Of a thing that is listed, also tells whether it has the type and the attributes of the device's.
    pub(crate) fn each_listed(&mut self, listed: &ListedThing, mut mark: impl FnMut(&mut T, bool)) {
        for place in places(&self.things, self.digest.hash_one(listed.name.as_str())) {
            let fits = self.devices.get(place).is_some_and(|device| self.fits(device, listed));
            if let Some(device) = self.devices.get_mut(place) {
                mark(&mut device.seen, fits);
            }
        }
    }

    pub(crate) fn each_thing(&mut self, name: &str, mark: impl FnMut(&mut T)) {
        self.each(places(&self.things, self.digest.hash_one(name)), mark);
    }

    pub(crate) fn each_certificate(&mut self, id: &str, mark: impl FnMut(&mut T)) {
        self.each(places(&self.certificates, self.digest.hash_one(id)), mark);
    }

    fn each(&mut self, places: Vec<usize>, mut mark: impl FnMut(&mut T)) {
        for place in places {
            if let Some(device) = self.devices.get_mut(place) {
                mark(&mut device.seen);
            }
        }
    }

    fn fits(&self, device: &Device<T>, listed: &ListedThing) -> bool {
        let names = self.attributes.get(device.attributes).into_iter().flatten();
        let values: Option<Vec<_>> = names.map(|name| listed.attributes.get(name)).collect();
        let thing_type = listed.thing_type.as_ref().filter(|_| device.typed);
        values.is_some_and(|values| {
            self.digest_of_thing(thing_type, values.into_iter()) == device.thing
        })
    }

    fn digest_of_thing<'v>(
        &self,
        thing_type: Option<&String>,
        values: impl Iterator<Item = &'v String>,
    ) -> u64 {
        self.digest.hash_one((thing_type, values.collect::<Vec<_>>()))
    }
}

/// Places of the devices with this digest: more than one only where digests collide, or where a
/// name is that of several.
fn places(index: &[(u64, usize)], digest: u64) -> Vec<usize> {
    let first = index.partition_point(|(other, _)| *other < digest);
    let same = index.iter().skip(first).take_while(|(other, _)| *other == digest);
    same.map(|(_, place)| *place).collect()
}
