//! Compares what a run left of a device with what AWS IoT holds now. Writes nothing.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    sync::{Mutex, PoisonError},
};

use aws_sdk_iot::types::CertificateStatus;
use ledger::Profile;

use crate::{Call, CallError, CallErrorKind, Registry, Seen, call::classify, client::aws_status};

/// What a run left of one device.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Left {
    /// Its thing; empty where the run registered a certificate alone.
    pub thing: String,
    /// Its certificate.
    pub certificate_id: String,
    /// The certificate's status; none where either will do, ACTIVE or INACTIVE.
    pub status: Option<ledger::CertificateStatus>,
    /// Its thing's type; none where the run gave it none, or left another one.
    pub thing_type: Option<String>,
    /// Its thing's attributes, as far as they are known to be the run's.
    pub attributes: BTreeMap<String, String>,
    /// Whether its thing had other certificates as well, which the run left.
    pub shared: bool,
}

/// The device as it is now.
#[derive(Clone, Debug, PartialEq)]
pub struct Compared {
    /// What differs.
    pub differences: Vec<Difference>,
    /// Whether its certificate is ACTIVE, and when it was registered, in seconds of the epoch; none where it is not
    /// registered, or neither ACTIVE nor INACTIVE.
    pub certificate: Option<(bool, f64)>,
}

/// Something about a device that is not as the run left it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Difference {
    /// Its certificate is not registered any more.
    NoCertificate,
    /// There is no such thing any more.
    NoThing,
    /// Its thing has no certificate at all.
    NotAttached,
    /// Its thing has a certificate that is not its own, instead of its own.
    OtherCertificate,
    /// Its thing has another certificate beside its own.
    FurtherCertificate,
    /// Its certificate has another status.
    Status {
        /// The status now.
        now: String,
    },
    /// Its thing has no type any more.
    NoType {
        /// The type that it had.
        wanted: String,
    },
    /// Its thing has another type.
    OtherType {
        /// The type now.
        now: String,
    },
    /// Its thing lacks this attribute.
    NoAttribute(String),
    /// Its thing has another value of this attribute.
    OtherAttribute(String),
    /// Its certificate lacks this policy.
    NoPolicy(String),
    /// Its certificate has this policy, too.
    FurtherPolicy(String),
    /// Its thing is not in this group any more.
    NoGroup(String),
    /// Its thing is in this group, too.
    FurtherGroup(String),
}

/// The three kinds of differences.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DifferenceKind {
    /// It was there, and is not.
    Missing,
    /// It is there, and is another one.
    Changed,
    /// It was not there, and is.
    Extra,
}

impl DifferenceKind {
    /// The word used in files.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Changed => "changed",
            Self::Extra => "extra",
        }
    }
}

impl Difference {
    /// Which kind it is.
    pub const fn kind(&self) -> DifferenceKind {
        match self {
            Self::NoCertificate
            | Self::NoThing
            | Self::NotAttached
            | Self::NoType { .. }
            | Self::NoAttribute(_)
            | Self::NoPolicy(_)
            | Self::NoGroup(_) => DifferenceKind::Missing,
            Self::OtherCertificate
            | Self::Status { .. }
            | Self::OtherType { .. }
            | Self::OtherAttribute(_) => DifferenceKind::Changed,
            Self::FurtherCertificate | Self::FurtherPolicy(_) | Self::FurtherGroup(_) => {
                DifferenceKind::Extra
            }
        }
    }

    /// What it is about, in a few words, which differences of many devices have in common.
    pub fn about(&self) -> String {
        match self {
            Self::NoCertificate | Self::OtherCertificate | Self::FurtherCertificate => {
                "certificate".to_owned()
            }
            Self::NoThing => "thing".to_owned(),
            Self::NotAttached => "attachment".to_owned(),
            Self::Status { now } => format!("status {now}"),
            Self::NoType { wanted } => format!("type {wanted}"),
            Self::OtherType { now } => format!("type {now}"),
            Self::NoAttribute(name) | Self::OtherAttribute(name) => format!("attribute {name}"),
            Self::NoPolicy(name) | Self::FurtherPolicy(name) => format!("policy {name}"),
            Self::NoGroup(name) | Self::FurtherGroup(name) => format!("group {name}"),
        }
    }
}

/// Names only: an attribute's value may be nobody's business.
impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCertificate => f.write_str("its certificate is not registered any more"),
            Self::NoThing => f.write_str("its thing is not there any more"),
            Self::NotAttached => f.write_str("no certificate is attached to its thing any more"),
            Self::OtherCertificate => {
                f.write_str("another certificate is attached to its thing, and its own is not")
            }
            Self::FurtherCertificate => {
                f.write_str("another certificate is attached to its thing as well")
            }
            Self::Status { now } => write!(f, "its certificate is {now} now"),
            Self::NoType { wanted } => write!(f, "its thing has lost the type `{wanted}`"),
            Self::OtherType { now } => write!(f, "its thing has the type `{now}` now"),
            Self::NoAttribute(name) => write!(f, "its thing has lost the attribute `{name}`"),
            Self::OtherAttribute(name) => {
                write!(f, "its thing has another value of the attribute `{name}`")
            }
            Self::NoPolicy(name) => write!(f, "its certificate has lost the policy `{name}`"),
            Self::FurtherPolicy(name) => {
                write!(f, "its certificate has the policy `{name}` as well")
            }
            Self::NoGroup(name) => write!(f, "its thing is not in the group `{name}` any more"),
            Self::FurtherGroup(name) => write!(f, "its thing is in the group `{name}` as well"),
        }
    }
}

/// Somebody who compares devices of one run.
///
/// An operation that may not be called leaves out what it would tell, and is noted.
#[derive(Debug)]
pub struct Comparer<'a> {
    registry: &'a Registry,
    profile: &'a Profile,
    /// Whether things are asked for their certificates, which no listing tells.
    attachments: bool,
    dynamic: Mutex<HashMap<String, bool>>,
    denied: Mutex<BTreeMap<&'static str, String>>,
}

impl<'a> Comparer<'a> {
    /// For the devices of a run under this profile.
    pub fn new(registry: &'a Registry, profile: &'a Profile, attachments: bool) -> Self {
        let (dynamic, denied) = (Mutex::default(), Mutex::default());
        Self { registry, profile, attachments, dynamic, denied }
    }

    /// The operations that may not be called, each with AWS IoT's explanation.
    pub fn denied(&self) -> BTreeMap<&'static str, String> {
        self.denied.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Compares one device. What a listing has `seen` of it is not asked again.
    pub async fn compare(&self, left: &Left, seen: Seen) -> Result<Compared, CallError> {
        let mut differences = Vec::new();
        let certificate = self.certificate(left, seen, &mut differences).await?;
        if !left.thing.is_empty() {
            self.thing(left, seen, &mut differences).await?;
        }
        differences.sort_unstable();
        Ok(Compared { differences, certificate })
    }

    async fn certificate(
        &self,
        left: &Left,
        seen: Seen,
        differences: &mut Vec<Difference>,
    ) -> Result<Option<(bool, f64)>, CallError> {
        if let Some(is_active) = seen.is_active {
            let as_left = left
                .status
                .is_none_or(|status| (status == ledger::CertificateStatus::Active) == is_active);
            if as_left && (seen.policies_fit || !self.has_policies(left)) {
                return Ok(Some((is_active, seen.registered)));
            }
        }
        let found = self.registry.find_certificate(&left.certificate_id).await;
        let Some(found) = self.unless_denied(found)? else { return Ok(None) };
        let Some(found) = found else {
            differences.push(Difference::NoCertificate);
            return Ok(None);
        };
        let is_usable =
            matches!(found.status, CertificateStatus::Active | CertificateStatus::Inactive);
        if !is_usable || left.status.is_some_and(|status| aws_status(status) != found.status) {
            differences.push(Difference::Status { now: found.status.as_str().to_owned() });
        }
        if self.has_policies(left) && !seen.policies_fit {
            let attached = self.registry.list_attached_policies(&found.arn).await;
            if let Some(attached) = self.unless_denied(attached)? {
                let (lost, further) = differ(&self.profile.policies, attached);
                differences.extend(lost.into_iter().map(Difference::NoPolicy));
                // A certificate without a thing gets further policies when its thing comes.
                if !left.thing.is_empty() {
                    differences.extend(further.into_iter().map(Difference::FurtherPolicy));
                }
            }
        }
        Ok(is_usable.then_some((found.status == CertificateStatus::Active, found.created)))
    }

    /// A deferred certificate that is not active has none yet, unless it was activated since.
    fn has_policies(&self, left: &Left) -> bool {
        !left.thing.is_empty()
            || self.profile.certificate_status == ledger::CertificateStatus::Active
    }

    async fn thing(
        &self,
        left: &Left,
        seen: Seen,
        differences: &mut Vec<Difference>,
    ) -> Result<(), CallError> {
        if !seen.thing_fits {
            let found = self.registry.describe_thing(&left.thing).await;
            match self.unless_denied(found)? {
                None => {}
                Some(None) => {
                    differences.push(Difference::NoThing);
                    return Ok(());
                }
                Some(Some(found)) => differences.extend(unfit(left, found)),
            }
        }
        if !seen.groups_fit {
            let groups = self.registry.list_thing_groups(&left.thing).await;
            if let Some(groups) = self.unless_denied(groups)? {
                let (lost, further) = differ(&self.profile.thing_groups, groups);
                differences.extend(lost.into_iter().map(Difference::NoGroup));
                for group in further {
                    // AWS IoT puts things into dynamic groups by itself.
                    if !self.is_dynamic(&group).await? {
                        differences.push(Difference::FurtherGroup(group));
                    }
                }
            }
        }
        if self.attachments {
            let principals = self.registry.list_thing_principals(&left.thing).await;
            if let Some(principals) = self.unless_denied(principals)? {
                differences.extend(of_principals(left, &principals));
            }
        }
        Ok(())
    }

    /// Whether it is a dynamic group; a group that cannot be asked for is taken for a static one.
    async fn is_dynamic(&self, group: &str) -> Result<bool, CallError> {
        let known = self.dynamic.lock().unwrap_or_else(PoisonError::into_inner).get(group).copied();
        if let Some(known) = known {
            return Ok(known);
        }
        let is_dynamic = match is_dynamic(self.registry, group).await {
            Ok(is_dynamic) => is_dynamic,
            Err(CallError { kind: CallErrorKind::NotFound, .. }) => return Ok(false),
            Err(error) => self.unless_denied(Err(error))?.unwrap_or_default(),
        };
        let mut dynamic = self.dynamic.lock().unwrap_or_else(PoisonError::into_inner);
        dynamic.insert(group.to_owned(), is_dynamic);
        Ok(is_dynamic)
    }

    /// The answer; none where the operation may not be called.
    fn unless_denied<T>(&self, answer: Result<T, CallError>) -> Result<Option<T>, CallError> {
        match answer {
            Ok(answer) => Ok(Some(answer)),
            Err(CallError { call, kind: CallErrorKind::Denied(why) }) => {
                let mut denied = self.denied.lock().unwrap_or_else(PoisonError::into_inner);
                denied.entry(call.name()).or_insert(why);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

/// Whether AWS IoT itself puts things into this group.
pub(crate) async fn is_dynamic(registry: &Registry, group: &str) -> Result<bool, CallError> {
    let sent = registry.iot().describe_thing_group().thing_group_name(group).send().await;
    let found = sent.map_err(|error| classify(Call::DescribeThingGroup, error))?;
    Ok(found.query_string.is_some())
}

/// What of the thing is not as it was left.
fn unfit(left: &Left, found: crate::client::Thing) -> Vec<Difference> {
    let mut differences = Vec::new();
    match (&left.thing_type, found.thing_type) {
        (Some(wanted), Some(now)) if *wanted != now => {
            differences.push(Difference::OtherType { now });
        }
        (Some(wanted), None) => differences.push(Difference::NoType { wanted: wanted.clone() }),
        _ => {}
    }
    for (name, value) in &left.attributes {
        match found.attributes.get(name) {
            Some(found) if found == value => {}
            Some(_) => differences.push(Difference::OtherAttribute(name.clone())),
            None => differences.push(Difference::NoAttribute(name.clone())),
        }
    }
    differences
}

fn of_principals(left: &Left, principals: &[String]) -> Option<Difference> {
    let own = format!("/{}", left.certificate_id);
    let is_own = principals.iter().any(|arn| arn.ends_with(&own));
    let others = principals.iter().any(|arn| !arn.ends_with(&own));
    match (is_own, others) {
        (true, true) if !left.shared => Some(Difference::FurtherCertificate),
        (true, _) => None,
        (false, true) => Some(Difference::OtherCertificate),
        (false, false) => Some(Difference::NotAttached),
    }
}

/// Names that are wanted and not there, and those that are there and not wanted.
fn differ(wanted: &[String], found: Vec<String>) -> (Vec<String>, Vec<String>) {
    let lost = wanted.iter().filter(|name| !found.contains(*name)).cloned().collect();
    let further = found.into_iter().filter(|name| !wanted.contains(name)).collect();
    (lost, further)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::Thing;

    fn left() -> Left {
        Left {
            thing: "t".to_owned(),
            certificate_id: "07".to_owned(),
            thing_type: Some("sensor".to_owned()),
            attributes: BTreeMap::from([("mac".to_owned(), "1".to_owned())]),
            ..Left::default()
        }
    }

    #[track_caller]
    fn check_thing(thing_type: Option<&str>, attributes: &[(&str, &str)], expected: &[Difference]) {
        let attributes =
            attributes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let thing =
            Thing { thing_type: thing_type.map(str::to_owned), attributes: attributes.collect() };
        assert_eq!(unfit(&left(), thing), expected);
    }

    #[test]
    fn a_thing_is_compared_with_what_the_run_gave_it_and_with_nothing_else() {
        check_thing(Some("sensor"), &[("mac", "1"), ("somebody's", "x")], &[]);
        check_thing(None, &[("mac", "1")], &[Difference::NoType { wanted: "sensor".to_owned() }]);
        check_thing(
            Some("other"),
            &[("mac", "2")],
            &[
                Difference::OtherType { now: "other".to_owned() },
                Difference::OtherAttribute("mac".to_owned()),
            ],
        );
        check_thing(Some("sensor"), &[], &[Difference::NoAttribute("mac".to_owned())]);
    }

    #[track_caller]
    fn check_principals(shared: bool, principals: &[&str], expected: Option<Difference>) {
        let principals: Vec<_> =
            principals.iter().map(|id| format!("arn:aws:iot:r:1:cert/{id}")).collect();
        assert_eq!(of_principals(&Left { shared, ..left() }, &principals), expected);
    }

    #[test]
    fn a_certificate_that_is_not_the_devices_own_is_told_unless_the_run_left_it() {
        check_principals(false, &["07"], None);
        check_principals(false, &["07", "08"], Some(Difference::FurtherCertificate));
        check_principals(true, &["07", "08"], None);
        check_principals(false, &["08"], Some(Difference::OtherCertificate));
        check_principals(false, &[], Some(Difference::NotAttached));
    }

    #[test]
    fn no_value_of_an_attribute_is_told() {
        let thing = Thing {
            attributes: BTreeMap::from([("mac".to_owned(), "9876".to_owned())]),
            ..Thing::default()
        };
        let Left { attributes, .. } = left();
        let secret = Left { attributes, thing_type: None, ..left() };
        let said: Vec<_> = unfit(&secret, thing).iter().map(ToString::to_string).collect();
        assert_eq!(said, ["its thing has another value of the attribute `mac`"]);
    }
}
