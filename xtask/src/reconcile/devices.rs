//! What a run left, device by device, from its results and its work.
//!
//! Results can be larger than memory, so the devices are written to an unnamed temporary file, and read from there as
//! often as needed.

use std::{
    fs::File,
    io::{BufRead, BufReader, BufWriter, Lines, Seek, Write},
};

use anyhow::{Context, Result};
use ledger::{CertificateStatus, OutcomeKind, Plan, RunFiles, Store, Work};
use registry::Left;
use serde::{Deserialize, Serialize};

use crate::{aws::failure, temporary::download};

/// Warnings by which a run tells that it left something as it was.
const LEFT_INACTIVE: &str = "Certificate.LeftInactive";
const LEFT_ACTIVE: &str = "Certificate.LeftActive";
const TYPE_KEPT: &str = "Thing.TypeKept";
const ATTRIBUTE_KEPT: &str = "Thing.AttributeKept";
const OTHER_CERTIFICATES: &str = "Thing.OtherCertificates";

/// The vendor of device-infos, which activate devices.
const FACTORY: &str = "mes";

/// A device that ended well, and where the file names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Device {
    pub(super) entry: u64,
    pub(super) place: String,
    pub(super) id: String,
    #[serde(flatten)]
    pub(super) left: LeftLine,
}

/// [`Left`] as a line of the temporary file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LeftLine {
    thing: String,
    certificate_id: String,
    status: Option<CertificateStatus>,
    thing_type: Option<String>,
    attributes: std::collections::BTreeMap<String, String>,
    shared: bool,
}

impl LeftLine {
    pub(super) fn left(&self) -> Left {
        Left {
            thing: self.thing.clone(),
            certificate_id: self.certificate_id.clone(),
            status: self.status,
            thing_type: self.thing_type.clone(),
            attributes: self.attributes.clone(),
            shared: self.shared,
        }
    }

    pub(super) fn thing(&self) -> &str {
        &self.thing
    }

    pub(super) fn certificate_id(&self) -> &str {
        &self.certificate_id
    }
}

/// A line of `results.csv`, as far as it is needed here.
#[derive(Clone, Debug, Deserialize)]
struct Row {
    entry: u64,
    place: String,
    id: String,
    thing: String,
    certificate_id: String,
    outcome: OutcomeKind,
    #[serde(default)]
    warnings: String,
}

/// The devices of a run that ended well.
#[derive(Debug)]
pub(super) struct Devices {
    file: File,
    pub(super) count: u64,
    /// Entries that did not end well, so that nothing is expected of them.
    pub(super) others: u64,
    /// Whether the run's work is gone, which tells attributes and devices' own types.
    pub(super) is_work_gone: bool,
}

impl Devices {
    /// Reads what the run left.
    pub(super) async fn of(store: &Store, s3: &aws_sdk_s3::Client, plan: &Plan) -> Result<Self> {
        let results = results(s3, store.bucket(), &RunFiles::of(&plan.run).results()).await?;
        let mut works = Works::of(store, plan).await?;
        let file = tempfile::tempfile().context("failed to make a temporary file")?;
        let mut to = BufWriter::new(file);
        let (mut count, mut others) = (0, 0);
        for row in csv::Reader::from_reader(BufReader::new(results)).deserialize() {
            let row: Row = row.context("results.csv is not what it should be")?;
            if !row.outcome.is_fine() {
                others += 1;
                continue;
            }
            let work = works.at(row.entry).await?;
            let device = device(plan, row, work.as_ref());
            serde_json::to_writer(&mut to, &device)?;
            to.write_all(b"\n").context("failed to write a temporary file")?;
            count += 1;
        }
        let file = to.into_inner().context("failed to write a temporary file")?;
        Ok(Self { file, count, others, is_work_gone: works.is_gone && count > 0 })
    }

    /// The devices from the first one on.
    pub(super) fn read(&self) -> Result<Reading> {
        let mut file = self.file.try_clone().context("failed to read a temporary file")?;
        file.rewind().context("failed to read a temporary file")?;
        Ok(Reading { lines: BufReader::new(file).lines() })
    }
}

/// Devices, as they are asked for.
#[derive(Debug)]
pub(super) struct Reading {
    lines: Lines<BufReader<File>>,
}

impl Iterator for Reading {
    type Item = Result<Device>;

    fn next(&mut self) -> Option<Self::Item> {
        let line = self.lines.next()?.context("failed to read a temporary file");
        Some(line.and_then(|line| Ok(serde_json::from_str(&line)?)))
    }
}

/// The results of the run, in a file.
async fn results(s3: &aws_sdk_s3::Client, bucket: &str, key: &str) -> Result<File> {
    let address = format!("s3://{bucket}/{key}");
    let found = s3.get_object().bucket(bucket).key(key).send().await;
    let found = found.map_err(failure).with_context(|| format!("failed to read {address}"))?;
    download(found.body, &address).await
}

/// The run's work, which is in the order of the file, as its results are.
#[derive(Debug)]
struct Works {
    lines: Option<ledger::Lines<Work>>,
    next: Option<Work>,
    is_gone: bool,
}

impl Works {
    async fn of(store: &Store, plan: &Plan) -> Result<Self> {
        // Only the factory gives devices types of their own, and otherwise attributes come from the profile. A
        // deferred certificate has neither.
        let tells = plan.vendor == FACTORY
            || (!plan.profile.attributes.is_empty() && !plan.profile.defer_things);
        if !tells {
            return Ok(Self { lines: None, next: None, is_gone: false });
        }
        let mut lines = store.lines::<Work>(&RunFiles::of(&plan.run).work()).await?;
        let next = lines.next_line().await?;
        Ok(Self { is_gone: next.is_none(), lines: Some(lines), next })
    }

    /// The work of an entry. Entries are asked for in their order.
    async fn at(&mut self, entry: u64) -> Result<Option<Work>> {
        let Some(lines) = &mut self.lines else { return Ok(None) };
        while self.next.as_ref().is_none_or(|work| work.entry < entry) {
            self.next = lines.next_line().await?;
            if self.next.is_none() {
                self.lines = None;
                return Ok(None);
            }
        }
        Ok(self.next.take_if(|work| work.entry == entry))
    }
}

fn device(plan: &Plan, row: Row, work: Option<&Work>) -> Device {
    let has = |code: &str| row.warnings.split(' ').any(|warning| warning == code);
    let is_deferred = row.thing.is_empty();
    let status = match () {
        () if plan.vendor == FACTORY => Some(CertificateStatus::Active),
        // Phase 2 may have activated it since.
        () if is_deferred && plan.profile.certificate_status == CertificateStatus::Inactive => None,
        () if has(LEFT_INACTIVE) => Some(CertificateStatus::Inactive),
        () if has(LEFT_ACTIVE) => Some(CertificateStatus::Active),
        () => Some(plan.profile.certificate_status),
    };
    let own_type = work.and_then(|work| work.thing_type.clone());
    // Without its work, a factory's device may have had a type of its own.
    let is_profiles = plan.vendor != FACTORY || work.is_some();
    let thing_type = own_type.or_else(|| plan.profile.thing_type.clone().filter(|_| is_profiles));
    let attributes = work.map(|work| work.attributes.clone()).unwrap_or_default();
    Device {
        left: LeftLine {
            status,
            thing_type: thing_type.filter(|_| !is_deferred && !has(TYPE_KEPT)),
            attributes: if has(ATTRIBUTE_KEPT) {
                std::collections::BTreeMap::new()
            } else {
                // An empty value is nothing to write.
                attributes.into_iter().filter(|(_, value)| !value.is_empty()).collect()
            },
            shared: has(OTHER_CERTIFICATES),
            thing: row.thing,
            certificate_id: row.certificate_id,
        },
        entry: row.entry,
        place: row.place,
        id: row.id,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use ledger::{Profile, SignerPolicy, Source};

    use super::*;

    fn plan(vendor: &str, profile: Profile) -> Plan {
        let keys = "describe_thing register_certificate create_thing update_thing attach_thing_principal \
                    add_thing_to_thing_group attach_policy list_thing_principals describe_certificate \
                    update_certificate list_attached_policies list_thing_groups list_principal_things";
        let rate: BTreeMap<_, _> = keys.split_whitespace().map(|key| (key, 1.0)).collect();
        let source = ["", "", "", ""].map(str::to_owned);
        let [bucket, key, version, etag] = source;
        let json = serde_json::json!({
            "run": "r",
            "vendor": vendor,
            "source": Source { bucket, key, version, etag, bytes: 0, uploader: String::new() },
            "profile_name": "default",
            "profile": profile,
            "signers": SignerPolicy::default(),
            "rate": rate,
            "concurrency": 1,
        });
        serde_json::from_value(json).unwrap()
    }

    fn row(thing: &str, warnings: &str) -> Row {
        Row {
            entry: 7,
            place: "line 8".to_owned(),
            id: "0123".to_owned(),
            thing: thing.to_owned(),
            certificate_id: "ab".to_owned(),
            outcome: OutcomeKind::Created,
            warnings: warnings.to_owned(),
        }
    }

    fn typed() -> Profile {
        Profile { thing_type: Some("sensor".to_owned()), ..Profile::default() }
    }

    #[track_caller]
    fn check_status(vendor: &str, profile: Profile, row: Row, expected: Option<CertificateStatus>) {
        assert_eq!(device(&plan(vendor, profile), row, None).left.status, expected);
    }

    #[test]
    fn the_status_is_what_the_run_gave_or_found() {
        use CertificateStatus::{Active, Inactive};
        let inactive = || Profile { certificate_status: Inactive, ..Profile::default() };
        check_status("generated", typed(), row("t", ""), Some(Active));
        check_status(
            "generated",
            typed(),
            row("t", "X.Y Certificate.LeftInactive"),
            Some(Inactive),
        );
        check_status("generated", inactive(), row("t", ""), Some(Inactive));
        check_status("generated", inactive(), row("t", "Certificate.LeftActive"), Some(Active));
        check_status("generated", inactive(), row("", ""), None);
        check_status("mes", inactive(), row("t", ""), Some(Active));
    }

    #[test]
    fn what_the_run_kept_is_not_expected_otherwise() {
        let work = Work {
            entry: 7,
            place: String::new(),
            names: Vec::new(),
            id: String::new(),
            thing: "t".to_owned(),
            certificate_id: "ab".to_owned(),
            certificate: String::new(),
            thing_type: Some("own".to_owned()),
            attributes: [("mac", "1"), ("empty", "")]
                .map(|(a, b)| (a.to_owned(), b.to_owned()))
                .into(),
            warnings: Vec::new(),
        };
        let left = |warnings, work| device(&plan("mes", typed()), row("t", warnings), work).left;
        let whole = left("", Some(&work));
        assert_eq!(whole.thing_type.as_deref(), Some("own"));
        assert_eq!(whole.attributes, BTreeMap::from([("mac".to_owned(), "1".to_owned())]));
        assert_eq!(left("Thing.TypeKept", Some(&work)).thing_type, None);
        assert_eq!(left("Thing.AttributeKept", Some(&work)).attributes, BTreeMap::new());
        assert!(left("Thing.OtherCertificates", Some(&work)).shared);
        assert_eq!(
            left("", None).thing_type,
            None,
            "its work is gone, and it may have had its own"
        );
        let imported = device(&plan("generated", typed()), row("t", ""), None).left;
        assert_eq!(imported.thing_type.as_deref(), Some("sensor"));
    }
}
