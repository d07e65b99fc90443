//! What a file is for, in the bucket of a vendor.

use super::{Content, foreign};
use crate::certificate::Certificate;
use crate::entry::Place;
use crate::error::ManifestError;
use crate::vendor::Vendor;

/// What a file is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Its devices are to be imported.
    Manifest,
    /// It is the certificate of somebody who signs manifests.
    Signer(Box<Certificate>),
}

impl Content {
    /// What a file of this content is for in the bucket of `vendor`, or why it does not belong there.
    pub fn purpose(self, vendor: Vendor) -> Result<Purpose, ManifestError> {
        let wrong = |found| Err(ManifestError::WrongFormat { found, expected: vendor });
        match self {
            Self::Empty => Err(ManifestError::Empty),
            Self::PrivateKey => {
                Err(ManifestError::PrivateKey { entries_read: 0, place: Place::File })
            }
            Self::Foreign(found) => wrong(found),
            Self::Manifest(found) if found == vendor => Ok(Purpose::Manifest),
            Self::Manifest(Vendor::Microchip) => wrong(foreign::MICROCHIP),
            Self::Manifest(Vendor::Generated) => wrong(foreign::CERTIFICATES),
            Self::Certificate(certificate) if vendor == Vendor::Microchip => {
                Ok(Purpose::Signer(certificate))
            }
            // Of what is not recognized, decoding says more exactly what is wrong, and where.
            Self::Certificate(_) | Self::Unknown => Ok(Purpose::Manifest),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(content: Content, vendor: Vendor, expected: &str) {
        let found = match content.purpose(vendor) {
            Ok(Purpose::Manifest) => "manifest".to_owned(),
            Ok(Purpose::Signer(_)) => "signer".to_owned(),
            Err(error) => format!("{}: {error}", error.code()),
        };
        assert!(found.starts_with(expected), "expected `{expected}`, got `{found}`");
    }

    #[test]
    fn a_file_in_another_vendors_bucket_is_told_from_its_own() {
        let manifest = Content::Manifest(Vendor::Microchip);
        check(manifest.clone(), Vendor::Microchip, "manifest");
        check(
            manifest,
            Vendor::Generated,
            "Manifest.WrongFormat: this file is a Microchip manifest",
        );
        let list = Content::Manifest(Vendor::Generated);
        check(list.clone(), Vendor::Generated, "manifest");
        check(
            list,
            Vendor::Microchip,
            "Manifest.WrongFormat: this file is a certificate or a list",
        );
        let foreign = Content::Foreign(foreign::INFINEON_7Z);
        check(
            foreign,
            Vendor::Generated,
            "Manifest.WrongFormat: this file is an Infineon 7z bundle",
        );
    }

    #[test]
    fn what_is_not_recognized_is_left_to_the_decoder() {
        for vendor in Vendor::ALL {
            check(Content::Unknown, vendor, "manifest");
            check(Content::Empty, vendor, "Manifest.Empty");
            check(Content::PrivateKey, vendor, "Manifest.PrivateKey");
        }
    }
}
