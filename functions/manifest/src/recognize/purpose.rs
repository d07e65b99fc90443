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
    /// It is the certificate of an authority that issues devices' certificates.
    Issuer(Box<Certificate>),
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
            Self::Manifest(found) => wrong(foreign::manifest(found)),
            Self::Certificate(certificate) => match vendor {
                Vendor::Microchip => Ok(Purpose::Signer(certificate)),
                Vendor::Infineon if certificate.is_authority() => Ok(Purpose::Issuer(certificate)),
                Vendor::Infineon | Vendor::Generated => Ok(Purpose::Manifest),
                Vendor::Espressif => wrong(foreign::CERTIFICATES),
            },
            // Of what is not recognized, decoding says more exactly what is wrong, and where; and of
            // a zip archive it looks at every member.
            Self::Zip | Self::Unknown => Ok(Purpose::Manifest),
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
            Ok(Purpose::Issuer(_)) => "issuer".to_owned(),
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
        check(
            Content::Manifest(Vendor::Infineon),
            Vendor::Generated,
            "Manifest.WrongFormat: this file is an Infineon manifest (a 7z archive or XML)",
        );
        check(
            Content::Manifest(Vendor::Espressif),
            Vendor::Infineon,
            "Manifest.WrongFormat: this file is an Espressif CSV file",
        );
        check(
            Content::Foreign(foreign::PDF),
            Vendor::Espressif,
            "Manifest.WrongFormat: this file is a PDF document",
        );
    }

    #[test]
    fn a_certificate_is_for_what_the_bucket_is_for() {
        let key = rcgen::KeyPair::generate().unwrap();
        let make = |is_ca| {
            let mut parameters = rcgen::CertificateParams::default();
            parameters.is_ca = is_ca;
            let der = parameters.self_signed(&key).unwrap().der().to_vec();
            Content::Certificate(Box::new(Certificate::parse(der).unwrap()))
        };
        let leaf = make(rcgen::IsCa::ExplicitNoCa);
        let authority = make(rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained));
        for (vendor, of_leaf, of_authority) in [
            (Vendor::Microchip, "signer", "signer"),
            (Vendor::Infineon, "manifest", "issuer"),
            (Vendor::Espressif, "Manifest.WrongFormat", "Manifest.WrongFormat"),
            (Vendor::Generated, "manifest", "manifest"),
        ] {
            check(leaf.clone(), vendor, of_leaf);
            check(authority.clone(), vendor, of_authority);
        }
    }

    #[test]
    fn a_flash_partition_is_to_be_deleted() {
        let error = Content::Foreign(foreign::FLASH_CSV).purpose(Vendor::Espressif).unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("delete it from the bucket") && text.contains("as disclosed"),
            "{text}"
        );
    }

    #[test]
    fn what_is_not_recognized_is_left_to_the_decoder() {
        for vendor in Vendor::ALL {
            check(Content::Unknown, vendor, "manifest");
            check(Content::Zip, vendor, "manifest");
            check(Content::Empty, vendor, "Manifest.Empty");
            check(Content::PrivateKey, vendor, "Manifest.PrivateKey");
        }
    }
}
