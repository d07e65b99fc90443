//! What a file is for, in the bucket that it was uploaded to.

use super::{Content, foreign};
use crate::bucket::Bucket;
use crate::certificate::Certificate;
use crate::entry::Place;
use crate::error::ManifestError;
use crate::vendor::Vendor;

/// What a file is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Its devices are to be imported, or activated.
    Manifest,
    /// It is the certificate of somebody who signs manifests.
    Signer(Box<Certificate>),
    /// It is the certificate of an authority that issues devices' certificates.
    Issuer(Box<Certificate>),
}

impl Content {
    /// What a file of this content is for in `bucket`, or why it does not belong there.
    pub fn purpose(self, bucket: impl Into<Bucket>) -> Result<Purpose, ManifestError> {
        let bucket = bucket.into();
        let wrong = |found| Err(ManifestError::WrongFormat { found, expected: bucket });
        match self {
            Self::Empty => Err(ManifestError::Empty),
            Self::PrivateKey => {
                Err(ManifestError::PrivateKey { entries_read: 0, place: Place::File })
            }
            Self::Foreign(found) => wrong(found),
            Self::Manifest(found) if bucket == found.into() => Ok(Purpose::Manifest),
            Self::Manifest(found) => wrong(foreign::manifest(found)),
            Self::DeviceInfos if bucket == Bucket::Mes => Ok(Purpose::Manifest),
            Self::DeviceInfos => wrong(foreign::MES_JSON),
            Self::Certificate(certificate) => match bucket {
                Bucket::Vendor(Vendor::Microchip) => Ok(Purpose::Signer(certificate)),
                Bucket::Vendor(Vendor::Infineon) if certificate.is_authority() => {
                    Ok(Purpose::Issuer(certificate))
                }
                Bucket::Vendor(Vendor::Infineon | Vendor::Generated) => Ok(Purpose::Manifest),
                Bucket::Vendor(Vendor::Espressif) | Bucket::Mes => wrong(foreign::CERTIFICATES),
            },
            // Device-infos name one batch, and an archive could hold several.
            Self::Zip if bucket == Bucket::Mes => wrong(foreign::ZIP),
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
    fn check(content: Content, bucket: impl Into<Bucket>, expected: &str) {
        let found = match content.purpose(bucket) {
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
    fn device_infos_have_a_bucket_of_their_own_and_each_message_names_the_right_one() {
        check(Content::DeviceInfos, Bucket::Mes, "manifest");
        for (content, bucket, found) in [
            (Content::DeviceInfos, Bucket::from(Vendor::Microchip), "mes"),
            (Content::DeviceInfos, Vendor::Generated.into(), "mes"),
            (Content::Manifest(Vendor::Microchip), Bucket::Mes, "microchip"),
            (Content::Manifest(Vendor::Infineon), Bucket::Mes, "infineon"),
            (Content::Manifest(Vendor::Espressif), Bucket::Mes, "espressif"),
            (Content::Manifest(Vendor::Generated), Bucket::Mes, "generated"),
        ] {
            let error = content.purpose(bucket).unwrap_err();
            assert_eq!(error.code(), "Manifest.WrongFormat");
            let text = error.to_string();
            assert!(text.contains(bucket.expects()), "{text}");
            assert!(text.contains(&format!("the bucket whose name ends in `-{found}`")), "{text}");
        }
        check(
            Content::Zip,
            Bucket::Mes,
            "Manifest.WrongFormat: this file is a zip archive, and this bucket takes a factory's \
             device-infos (.json files with `devices`, each with its `certFingerprint`); unpack it",
        );
        check(Content::Unknown, Bucket::Mes, "manifest");
        check(Content::PrivateKey, Bucket::Mes, "Manifest.PrivateKey");
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
        for (bucket, of_leaf, of_authority) in [
            (Bucket::Vendor(Vendor::Microchip), "signer", "signer"),
            (Vendor::Infineon.into(), "manifest", "issuer"),
            (Vendor::Espressif.into(), "Manifest.WrongFormat", "Manifest.WrongFormat"),
            (Vendor::Generated.into(), "manifest", "manifest"),
            (Bucket::Mes, "Manifest.WrongFormat", "Manifest.WrongFormat"),
        ] {
            check(leaf.clone(), bucket, of_leaf);
            check(authority.clone(), bucket, of_authority);
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
