//! What the names of Infineon's files say.

use std::collections::BTreeSet;

use super::Bundle;
use crate::archive::base_name;
use crate::entry::Warning;
use crate::error::ManifestError;
use crate::sink::Stop;
use crate::text;

/// How many bundles are named: there are three, and a file may have any in its names.
const NAMED: usize = 8;
/// Hex digits of a chip's id.
const CHIP_ID_DIGITS: usize = 20;

/// What a member of a bundle is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `<reel>_<GUID>_<bundle>_Certs.7z`, with the bundle's name in upper case.
    Certificates(String),
    /// `<reel>_<GUID>_keys.7z`: encrypted secrets, which are no business of ours.
    Keys,
    /// An archive of a bundle for Matter devices.
    Matter,
    Other,
}

impl Kind {
    pub(super) fn of(name: &str) -> Self {
        let name = base_name(name).to_ascii_uppercase();
        if name.contains("KEYOID=") || name.ends_with("_DACS.7Z") || name.ends_with("_PAI.7Z") {
            Self::Matter
        } else if name.ends_with("_KEYS.7Z") {
            Self::Keys
        } else if let Some((_, bundle)) =
            name.strip_suffix("_CERTS.7Z").and_then(|reel| reel.rsplit_once('_'))
        {
            Self::Certificates(text::excerpt(bundle))
        } else {
            Self::Other
        }
    }
}

/// The chip's id in the name of its certificate, in upper case.
pub(super) fn chip_id(name: &str) -> Option<String> {
    let digits = stem(name).split('_').next()?;
    let is_id =
        digits.len() == CHIP_ID_DIGITS && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_id.then(|| digits.to_ascii_uppercase())
}

/// The bundle in the name of a certificate, in upper case.
fn bundle(name: &str) -> Option<String> {
    let (_, bundle) = stem(name).rsplit_once('_')?;
    let bundle = bundle.to_ascii_uppercase();
    let digits = bundle.strip_prefix("E0")?;
    let is_bundle = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_bundle.then_some(bundle)
}

/// Whether a file is named as the certificates in Infineon's archives are.
pub(crate) fn is_chip_certificate(name: &str) -> bool {
    chip_id(name).is_some() && bundle(name).is_some()
}

fn stem(name: &str) -> &str {
    let name = base_name(name);
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

/// The bundles that are there and not wanted.
#[derive(Debug, Default)]
pub(crate) struct LeftOut {
    bundles: BTreeSet<String>,
}

impl LeftOut {
    /// Whether a certificate is one of the wanted bundle by its name. One whose name does not say
    /// is.
    pub(crate) fn is_wanted(&mut self, name: &str, wanted: Bundle) -> bool {
        match bundle(name) {
            Some(bundle) if bundle != wanted.name() => {
                self.add(bundle);
                false
            }
            _ => true,
        }
    }

    pub(super) fn add(&mut self, bundle: String) {
        if self.bundles.len() < NAMED {
            self.bundles.insert(bundle);
        }
    }

    /// What is to be said about what was left out, now that everything is read.
    pub(crate) fn judge(self, wanted: Bundle, entries_read: u64) -> Result<Option<Warning>, Stop> {
        let found: Vec<String> = self.bundles.into_iter().collect();
        let Some(first) = found.first() else { return Ok(None) };
        if entries_read == 0 {
            return Err(ManifestError::MissingBundle { wanted, found, is_matter: false }.into());
        }
        Ok(Some(Warning {
            code: "Infineon.OtherBundles",
            text: format!(
                "the file also holds certificates of {}, which are for other keys of the same chips: \
                 to import them, make a profile with `bundle = \"{first}\"` and upload the file into \
                 its folder",
                found.join(", ")
            ),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind, bundle, chip_id};

    #[test]
    fn archives_are_known_by_their_names() {
        let certificates = Kind::Certificates("E0E1".to_owned());
        for (name, kind) in [
            ("R1_0aa-1_E0E1_Certs.7z", certificates.clone()),
            ("reels/r1_0aa-1_e0e1_certs.7Z", certificates),
            ("R1_0aa-1_keys.7z", Kind::Keys),
            ("R1_0aa-1_keyOID=E0F0_DACs.7z", Kind::Matter),
            ("R1_0aa-1_PAI.7z", Kind::Matter),
            ("README.txt", Kind::Other),
            ("Certs.7z", Kind::Other),
            ("R1_Certs.7z", Kind::Other),
        ] {
            assert_eq!(Kind::of(name), kind, "{name}");
        }
    }

    #[test]
    fn certificates_are_known_by_their_names() {
        let id = "0A09331018420C800245";
        for (name, chip, set) in [
            (format!("{id}_E0E0.pem"), Some(id), Some("E0E0")),
            (format!("a/b/{}_e0f0.PEM", id.to_lowercase()), Some(id), Some("E0F0")),
            (format!("{id}.pem"), Some(id), None),
            (id.to_owned(), Some(id), None),
            (format!("{id}0_E0E0.pem"), None, Some("E0E0")),
            ("device_E0G0.pem".to_owned(), None, None),
            ("device.pem".to_owned(), None, None),
        ] {
            assert_eq!(chip_id(&name).as_deref(), chip, "{name}");
            assert_eq!(bundle(&name).as_deref(), set, "{name}");
        }
    }
}
