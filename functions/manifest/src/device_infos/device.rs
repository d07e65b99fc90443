//! One device of device-infos.

use std::collections::BTreeMap;

use super::fault::{DeviceFault, FingerprintFault};
use super::unread::Unread;
use crate::attribute::{AttributeFault, check_attribute, check_attributes};
use crate::certificate::CertificateId;
use crate::entry::{Place, Warning};
use crate::json::{Borrowed, JsonError, Members};
use crate::name::{self, NameFault};
use crate::private_key;
use crate::reason::Reason;
use crate::text;

/// What a factory says about one device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceInfo {
    /// The 1-based position in the file. Refused devices count.
    pub number: u64,
    /// The position as a person looks for it.
    pub place: Place,
    /// The certificate that the device has, by `certFingerprint`.
    pub certificate_id: CertificateId,
    /// The name of its thing.
    pub device_id: String,
    /// The type of its thing, where the file gives one.
    pub device_type: Option<String>,
    /// Attributes of its thing. None is empty.
    pub attributes: BTreeMap<String, String>,
    /// What is odd about the device, and no reason to refuse it.
    pub warnings: Vec<Warning>,
}

impl DeviceInfo {
    /// Whether the thing may have so many attributes. `has_type`: whether devices get a type even
    /// where the file gives none.
    pub fn check_attributes(&self, has_type: bool) -> Result<(), Reason> {
        let has_type = has_type || self.device_type.is_some();
        check_attributes(self.attributes.len(), has_type)
            .map_err(|fault| Reason::Device(DeviceFault::Attribute(fault)))
    }
}

/// Why a device cannot be used.
#[derive(Debug)]
pub(super) enum Refusal {
    /// It holds a private key, which makes the whole file one that must not be here.
    PrivateKey,
    /// Something else, which costs the device alone.
    Reason(Reason),
}

impl From<DeviceFault> for Refusal {
    fn from(fault: DeviceFault) -> Self {
        Self::Reason(Reason::Device(fault))
    }
}

/// Reads one device; its place is left to the caller. `id` becomes its `deviceId`, as soon as it is
/// known.
pub(super) fn read(
    text: &[u8],
    depth: usize,
    id: &mut String,
    unread: &mut Unread,
) -> Result<DeviceInfo, Refusal> {
    let value = parse(text, depth)?;
    if private_key::in_json(&value) {
        return Err(Refusal::PrivateKey);
    }
    let Borrowed::Object(members) = &value else {
        let what = format!("it is {}, and no JSON object", kind(&value));
        return Err(DeviceFault::Malformed(what.into()).into());
    };
    *id = members.text("deviceId").map(text::excerpt).unwrap_or_default();
    for (name, _) in members.iter().filter(|(name, _)| !is_read(name)) {
        unread.note(name);
    }
    let certificate_id = fingerprint(needed(members, "certFingerprint")?)?;
    let device_id = thing_name(needed(members, "deviceId")?).map_err(DeviceFault::Id)?;
    let device_type = match string(members, "deviceType")? {
        Some(name) => Some(thing_name(name).map_err(DeviceFault::Type)?),
        None => None,
    };
    let mut warnings = Vec::new();
    let attributes = attributes(members.get("attributes"), &mut warnings)?;
    let (number, place) = (0, Place::File);
    Ok(DeviceInfo { number, place, certificate_id, device_id, device_type, attributes, warnings })
}

fn is_read(member: &str) -> bool {
    matches!(member, "certFingerprint" | "deviceId" | "deviceType" | "attributes")
}

fn parse(text: &[u8], depth: usize) -> Result<Borrowed<'_>, DeviceFault> {
    Borrowed::parse(text, depth).map_err(|error| match error {
        JsonError::Syntax { line, column } => DeviceFault::Malformed(
            format!("it is broken JSON, at line {line}, column {column} of it").into(),
        ),
        JsonError::Duplicate(member) => {
            DeviceFault::DuplicateMember { member: text::excerpt(&member) }
        }
        JsonError::TooDeep => DeviceFault::Malformed("it is nested too deep".into()),
    })
}

fn needed<'m>(members: &'m Members<'_>, member: &'static str) -> Result<&'m str, DeviceFault> {
    string(members, member)?.filter(|text| !text.is_empty()).ok_or(DeviceFault::Missing { member })
}

/// A member that is text; none where it is absent or null.
fn string<'m>(
    members: &'m Members<'_>,
    member: &'static str,
) -> Result<Option<&'m str>, DeviceFault> {
    match members.get(member) {
        None | Some(Borrowed::Null) => Ok(None),
        Some(Borrowed::Text(text)) => Ok(Some(text)),
        Some(other) => {
            let wanted = "text in quotation marks";
            Err(DeviceFault::Kind { member, found: kind(other), wanted })
        }
    }
}

fn fingerprint(text: &str) -> Result<CertificateId, DeviceFault> {
    text.parse().map_err(|_| DeviceFault::Fingerprint(FingerprintFault::of(text)))
}

fn thing_name(text: &str) -> Result<String, NameFault> {
    name::fault(text).map_or_else(|| Ok(text.to_owned()), Err)
}

/// The attributes that are to be stored. An empty one is left out: AWS IoT takes an empty value as
/// an order to remove the attribute, and a factory that has nothing to say means no such thing.
fn attributes(
    value: Option<&Borrowed<'_>>,
    warnings: &mut Vec<Warning>,
) -> Result<BTreeMap<String, String>, DeviceFault> {
    let members = match value {
        None | Some(Borrowed::Null) => return Ok(BTreeMap::new()),
        Some(Borrowed::Object(members)) => members,
        Some(other) => {
            let (member, wanted) = ("attributes", "a JSON object of names and texts");
            return Err(DeviceFault::Kind { member, found: kind(other), wanted });
        }
    };
    let mut attributes = BTreeMap::new();
    for (name, value) in members.iter() {
        let Borrowed::Text(value) = value else {
            let (name, found) = (text::excerpt(name), kind(value));
            return Err(DeviceFault::Attribute(AttributeFault::NotText { name, found }));
        };
        if value.is_empty() {
            warnings.push(Warning {
                code: "Attribute.Empty",
                text: format!(
                    "the attribute `{}` is empty, and was left out: AWS IoT stores no empty ones",
                    text::excerpt(name)
                ),
            });
            continue;
        }
        check_attribute(name, value).map_err(DeviceFault::Attribute)?;
        attributes.insert(name.to_owned(), value.as_ref().to_owned());
    }
    Ok(attributes)
}

/// What a value is, with its article.
const fn kind(value: &Borrowed<'_>) -> &'static str {
    match value {
        Borrowed::Null => "null",
        Borrowed::Bool => "true or false",
        Borrowed::Number(_) | Borrowed::OtherNumber => "a number",
        Borrowed::Text(_) => "a text",
        Borrowed::Array(_) => "an array",
        Borrowed::Object(_) => "an object",
    }
}
