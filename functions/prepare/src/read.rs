//! The two kinds of files, and the devices that come out of them: vendors' manifests, which bring
//! certificates, and a factory's device-infos, whose certificates are registered already.

use std::{collections::BTreeMap, io, num::NonZeroUsize, ops::ControlFlow, sync::Arc};

use crate::Trust;
use base64::{Engine, prelude::BASE64_STANDARD};
use ledger::{Note, Outcome, OutcomeKind, Profile, Work};
use manifest::{
    AttributeTemplateError, AttributeTemplates, Bundle, CertificateId, Context, Decoded,
    DeviceInfo, Entry, EntryError, IssuedBy, KeyType, Leg, Limits, ManifestError, NameError,
    NameTemplate, Progress, Source, Summary, TemplateError, Vendor, Warning, decode_device_infos,
    decode_device_infos_leg, decode_leg,
};

use crate::names;

/// An entry of a file: a device to work on, or one that is refused.
pub type Item = Result<Device, Box<Refusal>>;

/// Number of the entry in its file.
pub fn number_of(item: &Item) -> u64 {
    match item {
        Ok(device) => device.work.entry,
        Err(refusal) => refusal.outcome.entry,
    }
}

/// A device to work on.
#[derive(Debug)]
pub struct Device {
    /// What is to be done.
    pub work: Work,
    /// Its certificate.
    pub certificate: CertificateId,
    /// Who vouched for it, where somebody did.
    pub signer: Option<CertificateId>,
    /// What else the file says of it. Device-infos say no more.
    pub known: Option<Known>,
}

/// What a manifest says of a device, and what was verified, besides what is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// The kind of its key.
    pub key: KeyType,
    /// The first second of its certificate's validity, since 1970.
    pub not_before: i64,
    /// The last one.
    pub not_after: i64,
    /// Who issued its certificate, where that was verified.
    pub issuer: Option<Arc<IssuedBy>>,
    /// The vendor's part number, where the manifest gives one.
    pub part_number: Option<String>,
}

/// An entry that gives no device.
#[derive(Debug)]
pub struct Refusal {
    /// What became of it.
    pub outcome: Outcome,
    /// Whether it may be taken once a signer's certificate is there.
    pub lacks_signer: bool,
    /// Whether it is refused because a signature did not hold.
    pub failed_signature: bool,
}

/// What a file is read with, besides its bytes.
#[derive(Debug)]
pub struct Reader(Kind);

#[derive(Debug)]
enum Kind {
    Manifest(Box<Manifest>),
    DeviceInfos {
        /// Whether devices get a type even where the file gives none.
        has_type: bool,
    },
}

/// What a vendor's manifest is read with.
#[derive(Debug)]
struct Manifest {
    vendor: Vendor,
    trust: Trust,
    bundle: Bundle,
    naming: Naming,
    attributes: AttributeTemplates,
    now: i64,
    threads: NonZeroUsize,
}

/// A template of the profile makes no sense.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// That of the name.
    #[error(transparent)]
    Name(#[from] TemplateError),
    /// One of the attributes.
    #[error(transparent)]
    Attribute(#[from] AttributeTemplateError),
}

impl ProfileError {
    /// Stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Name(error) => error.code(),
            Self::Attribute(error) => error.code(),
        }
    }
}

impl Reader {
    /// What a vendor's manifest is to be read with, unless the profile makes no sense.
    ///
    /// `now` is the time in seconds since 1970. With more `threads` than one, entries are verified
    /// side by side; what comes out is the same.
    pub fn of_manifest(
        vendor: Vendor,
        bundle: Bundle,
        profile: &Profile,
        trust: Trust,
        now: i64,
        threads: NonZeroUsize,
    ) -> Result<Self, ProfileError> {
        let naming = Naming::of(profile)?;
        let attributes = match AttributeTemplates::parse(&profile.attributes)? {
            // As its name, a deferred thing's attributes come later.
            _ if profile.defer_things => AttributeTemplates::default(),
            attributes => attributes,
        };
        let manifest = Manifest { vendor, trust, bundle, naming, attributes, now, threads };
        Ok(Self(Kind::Manifest(Box::new(manifest))))
    }

    /// What a factory's device-infos are to be read with.
    pub fn of_device_infos(profile: &Profile) -> Self {
        Self(Kind::DeviceInfos { has_type: profile.thing_type.is_some() })
    }

    /// Reads the whole file, and hands on what it holds, an entry at a time.
    pub fn read(
        &self,
        source: impl io::Read,
        items: &mut dyn FnMut(Item) -> ControlFlow<()>,
    ) -> Result<Summary, ManifestError> {
        match &self.0 {
            Kind::Manifest(manifest) => {
                let context = manifest.context();
                manifest::decode(manifest.vendor, source, context, &mut |decoded| {
                    items(manifest.item(decoded))
                })
            }
            Kind::DeviceInfos { has_type } => {
                decode_device_infos(source, Limits::default(), &mut |info| {
                    items(device_info(info, *has_type))
                })
            }
        }
    }

    /// Reads one leg of the file. What all legs hand on together is what [`read`](Self::read) would.
    pub fn read_leg(
        &self,
        source: &mut dyn Source,
        leg: Leg<'_>,
        items: &mut dyn FnMut(Item) -> ControlFlow<()>,
    ) -> Result<Progress, ManifestError> {
        match &self.0 {
            Kind::Manifest(manifest) => {
                let context = manifest.context();
                decode_leg(manifest.vendor, source, context, leg, &mut |decoded| {
                    items(manifest.item(decoded))
                })
            }
            Kind::DeviceInfos { has_type } => {
                decode_device_infos_leg(source, Limits::default(), leg, &mut |info| {
                    items(device_info(info, *has_type))
                })
            }
        }
    }
}

impl Manifest {
    fn context(&self) -> Context<'_> {
        let Self { trust: Trust { signers, issuers }, bundle, now, threads, .. } = self;
        let limits = Limits::default();
        Context { signers, issuers, bundle: *bundle, now: *now, limits, threads: *threads }
    }

    fn item(&self, decoded: Decoded) -> Item {
        let entry = decoded.map_err(unreadable)?;
        let mut work = Work {
            entry: entry.number,
            place: entry.place.to_string(),
            id: entry.id.clone(),
            thing: String::new(),
            certificate_id: entry.certificate.id().to_string(),
            certificate: BASE64_STANDARD.encode(entry.certificate.der()),
            thing_type: None,
            attributes: BTreeMap::new(),
            names: Vec::new(),
            warnings: notes(&entry.warnings),
        };
        work.thing = self
            .naming
            .name(&entry)
            .map_err(|error| refused(&work, error.code(), error.to_string()))?;
        let (attributes, warnings) = self
            .attributes
            .fill(&entry)
            .map_err(|error| refused(&work, error.code(), error.to_string()))?;
        work.attributes = attributes;
        work.warnings.extend(notes(&warnings));
        work.names = names::of_entry(&entry, &work);
        let certificate = entry.certificate.id();
        Ok(Device { work, certificate, signer: entry.signer, known: Some(known(entry)) })
    }
}

fn known(mut entry: Entry) -> Known {
    Known {
        key: entry.certificate.key(),
        not_before: entry.certificate.not_before(),
        not_after: entry.certificate.not_after(),
        issuer: entry.issuer,
        part_number: entry.fields.remove("part_number"),
    }
}

/// A device of a factory. The profile's naming, status and deferral are no concern of it: its name is
/// given, and it is to be made ready now.
fn device_info(info: Result<DeviceInfo, EntryError>, has_type: bool) -> Item {
    let info = info.map_err(unreadable)?;
    let fits = info.check_attributes(has_type);
    let DeviceInfo { number, place, certificate_id, device_id, device_type, attributes, warnings } =
        info;
    let mut work = Work {
        entry: number,
        place: place.to_string(),
        id: device_id.clone(),
        thing: device_id,
        certificate_id: certificate_id.to_string(),
        certificate: String::new(),
        thing_type: device_type,
        attributes,
        names: Vec::new(),
        warnings: notes(&warnings),
    };
    work.names = names::of_attributes(&work.attributes, &work);
    fits.map_err(|reason| refused(&work, reason.code(), reason.to_string()))?;
    Ok(Device { work, certificate: certificate_id, signer: None, known: None })
}

/// How things are named.
#[derive(Debug)]
enum Naming {
    /// As suits each entry.
    Default,
    Template(NameTemplate),
    /// Not yet: the things come later.
    Deferred,
}

impl Naming {
    fn of(profile: &Profile) -> Result<Self, TemplateError> {
        match &profile.thing_name {
            Some(template) => {
                let template = NameTemplate::parse(template)?;
                Ok(if profile.defer_things { Self::Deferred } else { Self::Template(template) })
            }
            None if profile.defer_things => Ok(Self::Deferred),
            None => Ok(Self::Default),
        }
    }

    /// Empty where the thing comes later.
    fn name(&self, entry: &Entry) -> Result<String, NameError> {
        match self {
            Self::Default => NameTemplate::default_for(entry).name(entry),
            Self::Template(template) => template.name(entry),
            Self::Deferred => Ok(String::new()),
        }
    }
}

fn refused(work: &Work, code: &str, reason: String) -> Box<Refusal> {
    let outcome = work.outcome(OutcomeKind::Rejected, code, reason);
    Box::new(Refusal { outcome, lacks_signer: false, failed_signature: false })
}

fn unreadable(error: EntryError) -> Box<Refusal> {
    let outcome = Outcome {
        entry: error.number,
        place: error.place.to_string(),
        id: error.id,
        thing: String::new(),
        certificate_id: String::new(),
        outcome: OutcomeKind::Rejected,
        code: error.reason.code().to_owned(),
        reason: error.reason.to_string(),
        warnings: Vec::new(),
    };
    Box::new(Refusal {
        outcome,
        lacks_signer: error.reason.missing_signer().is_some(),
        failed_signature: error.reason.is_failed_signature(),
    })
}

/// Warnings as the run's files have them.
pub fn notes(warnings: &[Warning]) -> Vec<Note> {
    warnings
        .iter()
        .map(|warning| Note { code: warning.code.to_owned(), reason: warning.text.clone() })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const FINGERPRINT: &str = "A1b2c3d4e5f6789012345678901234567890abcdef1234567890abcdef123456";

    /// What the reader makes of one device with these members.
    fn item(has_type: bool, members: &Value) -> Item {
        let file = json!({"batch_id": "b-1", "devices": [members]}).to_string();
        let mut items = Vec::new();
        let reader = Reader(Kind::DeviceInfos { has_type });
        let summary = reader.read(file.as_bytes(), &mut |item| {
            items.push(item);
            ControlFlow::Continue(())
        });
        assert_eq!(summary.unwrap().batch.as_deref(), Some("b-1"));
        items.remove(0)
    }

    fn device(attributes: usize, device_type: Option<&str>) -> Value {
        let attributes: BTreeMap<_, _> =
            (0..attributes).map(|number| (format!("a{number}"), "v")).collect();
        json!({
            "certFingerprint": FINGERPRINT, "deviceId": "d-1", "deviceType": device_type,
            "attributes": attributes,
        })
    }

    #[test]
    fn a_factorys_device_is_worked_on_under_its_own_name_and_without_its_certificate() {
        let Device { work, certificate, signer, .. } =
            item(false, &device(1, Some("pump"))).unwrap();
        assert_eq!((work.entry, work.place.as_str()), (1, "device 1"));
        assert_eq!((work.id.as_str(), work.thing.as_str()), ("d-1", "d-1"));
        assert_eq!(work.certificate_id, FINGERPRINT.to_lowercase());
        assert_eq!(work.certificate_id, certificate.to_string());
        assert_eq!(work.certificate, "");
        assert_eq!(work.thing_type.as_deref(), Some("pump"));
        assert_eq!(work.attributes, BTreeMap::from([("a0".to_owned(), "v".to_owned())]));
        assert_eq!(signer, None);
    }

    #[test]
    fn too_many_attributes_for_its_type_refuse_a_device_with_all_that_is_known_of_it() {
        assert!(item(true, &device(4, None)).is_ok(), "the profile has a type");
        assert!(item(false, &device(4, Some("pump"))).is_ok(), "the device has a type");
        let refusal = *item(false, &device(4, None)).unwrap_err();
        let Refusal { outcome, lacks_signer, failed_signature } = refusal;
        assert!(!lacks_signer && !failed_signature);
        assert_eq!(
            (outcome.outcome, outcome.code.as_str()),
            (OutcomeKind::Rejected, "Attribute.TooMany")
        );
        assert_eq!((outcome.entry, outcome.thing.as_str()), (1, "d-1"));
        assert_eq!(outcome.certificate_id, FINGERPRINT.to_lowercase());
    }

    #[test]
    fn a_device_that_cannot_be_read_is_refused_by_its_place() {
        let Refusal { outcome, .. } = *item(true, &json!({"deviceId": "d-1"})).unwrap_err();
        assert_eq!((outcome.place.as_str(), outcome.id.as_str()), ("device 1", "d-1"));
        assert_eq!((outcome.code.as_str(), outcome.thing.as_str()), ("Device.Missing", ""));
    }
}
