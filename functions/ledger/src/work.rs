//! Devices to register, cut into units.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{Note, Outcome, OutcomeKind};

/// A line of `work.jsonl`: one device, checked and named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work {
    /// Position in the manifest, from 1.
    pub entry: u64,
    /// The same for a person.
    pub place: String,
    /// The vendor's identifier of the device.
    pub id: String,
    /// Name that its thing has or gets.
    pub thing: String,
    /// AWS IoT certificate id: SHA-256 of the DER, lower-case hex.
    pub certificate_id: String,
    /// The certificate's DER in standard base64; empty where it is registered already.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub certificate: String,
    /// The device's own thing type; where there is none, the profile's is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thing_type: Option<String>,
    /// Attributes that its thing has or gets.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, String>,
    /// Further names by which people may ask for the device, beside id, thing and certificate id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// Things worth knowing that do not stop the device.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Note>,
}

impl Work {
    /// The device's end as a line for the outcomes.
    pub fn outcome(&self, outcome: OutcomeKind, code: &str, reason: String) -> Outcome {
        Outcome {
            entry: self.entry,
            place: self.place.clone(),
            id: self.id.clone(),
            thing: self.thing.clone(),
            certificate_id: self.certificate_id.clone(),
            outcome,
            code: code.to_owned(),
            reason,
            warnings: self.warnings.clone(),
        }
    }
}

/// A line of `units.jsonl`: a stretch of the work that one child execution carries out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unit {
    /// Number of the unit, from 1.
    pub unit: u64,
    /// Its first device's position in the work, from 1.
    pub first: u64,
    /// How many devices it holds.
    pub count: u64,
    /// Where it begins in `work.jsonl`, in bytes.
    pub offset: u64,
    /// How long it is there, in bytes.
    pub length: u64,
    /// The first device's thing, so that a person finds it in the console.
    pub sample: String,
}

/// Cuts the work into units that grow with the position in the file.
///
/// The first devices get a child execution each, so that a pilot manifest shows every certificate
/// in the console; a large manifest stays cheap. Beyond the first thousand no two units are alike, so that
/// workers which began together do not all pause together between two units. A unit of the largest size takes some minutes at
/// AWS's default quotas; what is not finished within a function's time is handed back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitSizes {
    finished: u64,
    open: Option<Unit>,
    devices: u64,
    bytes: u64,
}

impl UnitSizes {
    /// Adds the next device, `length` bytes long in `work.jsonl`; returns the unit it completes.
    pub fn push(&mut self, thing: &str, length: u64) -> Option<Unit> {
        let unit = self.open.get_or_insert_with(|| Unit {
            unit: self.finished + 1,
            first: self.devices + 1,
            count: 0,
            offset: self.bytes,
            length: 0,
            sample: thing.to_owned(),
        });
        unit.count += 1;
        unit.length += length;
        self.devices += 1;
        self.bytes += length;
        if unit.count < size_at(unit.first) {
            return None;
        }
        self.finish()
    }

    /// The last unit, where it is not full.
    pub fn finish(&mut self) -> Option<Unit> {
        let unit = self.open.take()?;
        self.finished = unit.unit;
        Some(unit)
    }

    /// How many units were completed.
    pub const fn units(&self) -> u64 {
        self.finished
    }

    /// How many devices were added.
    pub const fn devices(&self) -> u64 {
        self.devices
    }
}

/// Size of a unit that begins at the device `first`.
const fn size_at(first: u64) -> u64 {
    match first {
        0..=100 => 1,
        101..=1_000 => 10,
        1_001..=10_000 => first / 20,
        _ => 500,
    }
}

/// How long whoever closes a stopped run waits for a unit that was begun: the longest that a function runs.
pub const LONGEST_UNIT: Duration = Duration::from_mins(15);

#[cfg(test)]
mod tests {
    use super::*;

    fn units(devices: u64) -> Vec<Unit> {
        let mut sizes = UnitSizes::default();
        let mut units: Vec<_> =
            (0..devices).filter_map(|n| sizes.push(&format!("thing-{n}"), 10 + n % 3)).collect();
        units.extend(sizes.finish());
        assert_eq!(sizes.devices(), devices);
        assert_eq!(sizes.units(), units.last().map_or(0, |unit| unit.unit));
        units
    }

    #[test]
    fn units_cover_the_work_without_gap_or_overlap() {
        for devices in [0, 1, 99, 100, 101, 105, 999, 1_000, 1_001, 1_234, 10_000, 12_345] {
            let (mut next, mut offset) = (1, 0);
            for (index, unit) in (1..).zip(units(devices)) {
                assert_eq!((unit.unit, unit.first, unit.offset), (index, next, offset));
                assert!(unit.count > 0);
                next += unit.count;
                offset += unit.length;
            }
            assert_eq!(next, devices + 1);
        }
    }

    #[test]
    fn units_grow_with_the_position_in_the_file() {
        let counts: Vec<_> = units(1_120).iter().map(|unit| unit.count).collect();
        assert_eq!((counts[99], counts[100], counts[189]), (1, 10, 10));
        assert_eq!(counts[190..], [50, 52, 18], "a twentieth of what comes before");
        let counts: Vec<_> = units(12_000).iter().map(|unit| unit.count).collect();
        let (grown, whole) = (&counts[190..238], &counts[238..counts.len() - 1]);
        assert!(grown.is_sorted_by(|one, next| one < next), "no two alike: {grown:?}");
        assert!(whole.len() > 1 && whole.iter().all(|count| *count == 500), "{whole:?}");
    }
}
