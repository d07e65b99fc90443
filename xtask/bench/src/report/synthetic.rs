//! The files of a run of any size, made while they are read.

use std::{collections::BTreeMap, ops::Range, sync::Arc};

use anyhow::{Context as _, Result};
use hyper::body::Bytes;
use ledger::{
    CallLimits, Counts, LineError, Note, Outcome, OutcomeKind, RunFiles, Unit, UnitLimits,
    UnitSizes, Work, to_line,
};
use serde_json::{Value, json};

use crate::stub::s3::{Content, S3};

/// One of so many entries is refused by Decode, and one by AWS IoT.
const REFUSED: u64 = 1_000;
const FAILED: u64 = 500;
/// One of so many devices has a warning.
const WARNED: u64 = 50;
/// The worker of this unit left nothing.
const LOST: u64 = 150;

/// A certificate of 600 bytes in base64.
const CERTIFICATE: usize = 800;

/// Of a worker that does ten devices a second.
const BEGAN: f64 = 1_795_339_900.0;

/// A run that came to its report.
#[derive(Debug)]
pub(super) struct Synthetic {
    files: RunFiles,
    entries: u64,
    units: Vec<Unit>,
    devices: Devices,
    /// Of each unit's outcomes, in bytes.
    outcomes: Vec<u64>,
}

/// The file that was imported, as its event named it.
pub(super) fn object() -> Value {
    json!({"bucket": "measured-microchip", "key": "reel.json", "version": "v1", "etag": "e"})
}

/// What a file is made of.
#[derive(Clone, Debug)]
struct Devices {
    certificate: Arc<str>,
}

impl Synthetic {
    pub(super) fn of(run: &str, entries: u64) -> Result<Self> {
        let devices = Devices { certificate: "MIIB+0/x".repeat(CERTIFICATE / 8).into() };
        let mut sizes = UnitSizes::default();
        let mut units = Vec::new();
        for number in 1..=entries - entries / REFUSED {
            let line = devices.work_line(number)?;
            units.extend(sizes.push(&thing(entry(number)), length(&line)));
        }
        units.extend(sizes.finish());
        let outcomes = units.iter().map(|unit| Ok(length(&devices.outcome_lines(unit)?)));
        let outcomes = outcomes.collect::<Result<_>>()?;
        Ok(Self { files: RunFiles::of(run), entries, units, devices, outcomes })
    }

    /// Puts all files that the run left.
    pub(super) fn put(&self, s3: &S3) -> Result<()> {
        let Self { files, units, devices, .. } = self;
        s3.put(&files.plan(), to_line(&self.plan())?);
        s3.put(&files.units(), lines(units)?);
        let refused: Vec<_> = (1..=self.entries / REFUSED).map(refused).collect();
        s3.put(&files.rejected(), lines(&refused)?);
        let bytes = units.last().map_or(0, |unit| unit.offset + unit.length);
        let work = WorkFile { units: units.clone(), devices: devices.clone(), bytes };
        s3.serve(&files.work(), Arc::new(work));
        for (unit, bytes) in units.iter().zip(&self.outcomes) {
            if unit.unit == LOST {
                continue;
            }
            let (devices, bytes) = (devices.clone(), *bytes);
            let outcomes = OutcomesFile { unit: unit.clone(), devices, bytes };
            s3.serve(&files.outcomes(unit.unit), Arc::new(outcomes));
            s3.put(&files.limits(unit.unit), to_line(&limits(unit))?);
        }
        Ok(())
    }

    /// What its report has to come to.
    pub(super) fn counts(&self) -> Counts {
        let mut counts = Counts { read: self.entries, ..Counts::default() };
        counts.rejected = self.entries / REFUSED;
        for unit in &self.units {
            for number in unit.first..unit.first + unit.count {
                counts.add(if unit.unit == LOST {
                    OutcomeKind::NotAttempted
                } else {
                    became(entry(number))
                });
            }
        }
        counts
    }

    fn plan(&self) -> Value {
        let source = json!({
            "bucket": "measured-microchip", "key": "reel.json", "version": "v1", "etag": "e", "bytes": 1,
        });
        let profile = json!({
            "policies": ["measured"], "thing_groups": ["measured"], "thing_type": null,
            "certificate_status": "active", "defer_things": false, "thing_name": null, "attributes": {},
            "on_conflict": "fail", "reactivate": false, "bundle": "E0E0",
        });
        let rate: Value =
            infra::Rate::KEYS.iter().map(|call| ((*call).to_owned(), json!(100.0))).collect();
        let refused = self.entries / REFUSED;
        let prepared = json!({
            "entries": self.entries, "devices": self.entries - refused, "refused": refused,
            "units": self.units.len(), "sha256": "00", "signers": [],
        });
        json!({
            "run": self.files.run(), "vendor": "microchip", "source": source, "profile_name": "default",
            "profile": profile, "signers": {"pins": [], "trust_uploaded": false}, "rate": rate,
            "concurrency": 8, "prepared": prepared,
        })
    }
}

impl Devices {
    fn work_line(&self, number: u64) -> Result<Vec<u8>, LineError> {
        to_line(&self.work(number))
    }

    /// A device as Decode leaves one of Microchip's.
    fn work(&self, number: u64) -> Work {
        let entry = entry(number);
        let attributes = [("manufacturer", "Microchip"), ("model", "ATECC608B-TNGTLS")];
        let attributes = attributes.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let warning = Note {
            code: "Certificate.Unverified".into(),
            reason: "no authority vouches for the certificate".into(),
        };
        Work {
            entry,
            place: format!("entry {entry}"),
            id: thing(entry).to_lowercase(),
            thing: thing(entry),
            certificate_id: certificate_id(entry),
            certificate: self.certificate.as_ref().to_owned(),
            thing_type: None,
            attributes: BTreeMap::from(attributes),
            names: vec![format!("{:032x}", u128::from(entry) << 64), format!("sn{}", thing(entry))],
            warnings: if entry.is_multiple_of(WARNED) { vec![warning] } else { Vec::new() },
        }
    }

    fn outcome_lines(&self, unit: &Unit) -> Result<Vec<u8>> {
        let mut lines = Vec::new();
        for number in unit.first..unit.first + unit.count {
            let work = self.work(number);
            let kind = became(work.entry);
            let (code, reason) = match kind {
                OutcomeKind::Failed => {
                    ("Aws.Throttled", "AWS IoT throttled RegisterCertificateWithoutCA 8 times")
                }
                _ => ("", ""),
            };
            lines.append(&mut to_line(&work.outcome(kind, code, reason.to_owned()))?);
        }
        Ok(lines)
    }
}

/// The entry of the n-th device: some entries have none.
const fn entry(number: u64) -> u64 {
    let (block, at) = ((number - 1) / (REFUSED - 1), (number - 1) % (REFUSED - 1));
    block * REFUSED + at + 1
}

/// The n-th entry that Decode refused, the last one of each block.
fn refused(number: u64) -> Outcome {
    let entry = number * REFUSED;
    Outcome {
        entry,
        place: format!("entry {entry}"),
        id: thing(entry).to_lowercase(),
        thing: String::new(),
        certificate_id: String::new(),
        outcome: OutcomeKind::Rejected,
        code: "Signature.Invalid".into(),
        reason: "the signature does not belong to the entry".into(),
        warnings: Vec::new(),
    }
}

fn became(entry: u64) -> OutcomeKind {
    if entry % FAILED == 3 { OutcomeKind::Failed } else { OutcomeKind::Created }
}

fn thing(entry: u64) -> String {
    format!("0123{:012X}FE", entry.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 16)
}

fn certificate_id(entry: u64) -> String {
    let part = |number: u64| (entry + number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    format!("{:016x}{:016x}{:016x}{:016x}", part(0), part(1), part(2), part(3))
}

fn limits(unit: &Unit) -> UnitLimits {
    let (first, count) = (float(unit.first), float(unit.count));
    let calls = [
        "DescribeThing",
        "RegisterCertificateWithoutCA",
        "CreateThing",
        "AttachThingPrincipal",
        "AddThingToThingGroup",
        "AttachPolicy",
    ];
    let each = CallLimits { calls: unit.count, limited_seconds: count / 20.0, throttles: 0 };
    UnitLimits {
        began: BEGAN + first / 10.0,
        ended: BEGAN + (first + count) / 10.0,
        seconds: count / 10.0,
        devices: unit.count,
        runs: 1,
        calls: calls.into_iter().map(|call| (call.to_owned(), each)).collect(),
        outcomes: BTreeMap::from([(OutcomeKind::Created, unit.count)]),
        foreseen: BTreeMap::new(),
    }
}

fn float(count: u64) -> f64 {
    u32::try_from(count).map_or(f64::from(u32::MAX), f64::from)
}

fn lines(values: &[impl serde::Serialize]) -> Result<Vec<u8>> {
    let mut lines = Vec::new();
    for value in values {
        lines.append(&mut to_line(value)?);
    }
    Ok(lines)
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

/// `work.jsonl`
struct WorkFile {
    units: Vec<Unit>,
    devices: Devices,
    bytes: u64,
}

impl Content for WorkFile {
    fn size(&self) -> u64 {
        self.bytes
    }

    fn read(&self, range: Range<u64>) -> Bytes {
        self.stretch(&range).unwrap_or_default().into()
    }
}

impl WorkFile {
    fn stretch(&self, range: &Range<u64>) -> Result<Vec<u8>> {
        let first = self.units.partition_point(|unit| unit.offset + unit.length <= range.start);
        let units = self.units.get(first..).unwrap_or_default();
        let begin = units.first().context("nothing is there")?.offset;
        let mut lines = Vec::new();
        for unit in units.iter().take_while(|unit| unit.offset < range.end) {
            for number in unit.first..unit.first + unit.count {
                lines.append(&mut self.devices.work_line(number)?);
            }
        }
        let place = |place: u64| usize::try_from(place - begin);
        let (from, to) = (place(range.start)?, place(range.end)?);
        Ok(lines.get(from..to).context("it is shorter")?.to_vec())
    }
}

/// `outcomes/<unit>.jsonl`
struct OutcomesFile {
    unit: Unit,
    devices: Devices,
    bytes: u64,
}

impl Content for OutcomesFile {
    fn size(&self) -> u64 {
        self.bytes
    }

    fn read(&self, range: Range<u64>) -> Bytes {
        Bytes::from(self.devices.outcome_lines(&self.unit).unwrap_or_default()).read(range)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_stretch_of_the_work_is_what_the_whole_has_there() {
        let run = Synthetic::of("r", 2_000).unwrap();
        let bytes = run.units.last().map(|unit| unit.offset + unit.length).unwrap();
        let file = WorkFile { units: run.units.clone(), devices: run.devices.clone(), bytes };
        let whole = file.read(0..bytes);
        assert_eq!(length(&whole), bytes);
        for range in [0..1, 1_000..5_000, 150_000..400_000, bytes - 1..bytes] {
            assert_eq!(file.read(range.clone()), whole.read(range));
        }
    }

    #[test]
    fn every_entry_is_a_device_or_refused() {
        let mut entries: Vec<_> = (1..=1_998).map(entry).collect();
        entries.extend((1..=2).map(|number| refused(number).entry));
        entries.sort_unstable();
        assert_eq!(entries, (1..=2_000).collect::<Vec<_>>());
    }
}
