//! What a file is that is to be checked.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Result;
use ledger::Stop;
use manifest::{
    Bucket, Certificate, Content, Limits, ManifestError, Vendor, recognize, recognize_zip,
};

use crate::{
    advice::wrong_usage,
    import::file::{self, Kind},
};

/// A file to check.
#[derive(Debug)]
pub(super) struct Given {
    pub(super) path: PathBuf,
    pub(super) content: Is,
}

/// What a file is.
#[derive(Debug)]
pub(super) enum Is {
    /// The certificate of somebody who verifies, and the vendor whose files are verified by it.
    Certificate(Vendor, Box<Certificate>),
    /// A manifest, or device-infos.
    Manifest(Bucket),
    /// Nothing that any bucket takes.
    Refused(Option<Bucket>, Stop),
}

impl Given {
    /// Looks at a file's first bytes. A vendor that is given is believed, as by `import`; then the file is judged as the
    /// vendor's bucket would do it.
    pub(super) fn look(path: &Path, vendor: Option<Bucket>) -> Result<Self> {
        let shown = path.display();
        let head = file::head(path).map_err(|error| {
            wrong_usage(format!("failed to read {shown}: {error}"), "give the path of a manifest")
        })?;
        let content = recognize(&head.bytes, head.complete);
        let is = match (content, vendor) {
            (Content::Certificate(certificate), vendor) => match file::role(&certificate, vendor) {
                (Bucket::Vendor(vendor), Kind::Authority) => Is::Certificate(vendor, certificate),
                (bucket, _) => judged(Content::Certificate(certificate), bucket),
            },
            (content, Some(bucket)) => judged(content, bucket),
            (Content::Zip, None) => {
                let content = fs::File::open(path)
                    .map_or(Content::Zip, |file| recognize_zip(file, Limits::default()));
                Is::Manifest(file::bucket_of(&content, path)?)
            }
            // Whatever bucket it came to, this would be said of it there.
            (content @ (Content::Empty | Content::PrivateKey), None) => {
                match content.purpose(Vendor::Generated) {
                    Err(error) => Is::Refused(None, stop(&error)),
                    Ok(_) => return Err(wrong_usage(format!("{shown} is no manifest"), "")),
                }
            }
            (Content::Foreign(what), None) => Is::Refused(None, foreign(what)),
            (content, None) => Is::Manifest(file::bucket_of(&content, path)?),
        };
        Ok(Self { path: path.to_path_buf(), content: is })
    }

    /// The path as it was given.
    pub(super) fn name(&self) -> String {
        self.path.display().to_string()
    }

    pub(super) const fn certificate(&self) -> Option<(Vendor, &Certificate)> {
        match &self.content {
            Is::Certificate(vendor, certificate) => Some((*vendor, certificate)),
            Is::Manifest(_) | Is::Refused(..) => None,
        }
    }

    pub(super) const fn is_certificate(&self) -> bool {
        self.certificate().is_some()
    }
}

/// The file in a bucket, as the bucket's first look at it ends.
fn judged(content: Content, bucket: Bucket) -> Is {
    match content.purpose(bucket) {
        Ok(_) => Is::Manifest(bucket),
        Err(error) => Is::Refused(Some(bucket), stop(&error)),
    }
}

/// Why a file is not used, in words for somebody who has not uploaded it yet.
pub(super) fn stop(error: &ManifestError) -> Stop {
    let reason = match error {
        ManifestError::PrivateKey { place, .. } => format!(
            "there is a private key at {place}; a private key belongs on its device and nowhere else: do not upload this \
             file, and do not pass it on. Whoever has seen it has the key; Thingpress needs certificates only"
        ),
        error => error.to_string(),
    };
    Stop { code: error.code().to_owned(), reason }
}

fn foreign(what: &str) -> Stop {
    let reason = format!(
        "this file is {what}, and no vendor's manifest; if it is one all the same, name its vendor with --vendor, and it \
         is said what is wrong with it"
    );
    Stop { code: "Manifest.WrongFormat".to_owned(), reason }
}

/// The certificate in a file that is given as a signer's or an authority's.
pub(super) fn signer(path: &Path) -> Result<Certificate> {
    let shown = path.display();
    let head = file::head(path).map_err(|error| {
        wrong_usage(
            format!("failed to read {shown}: {error}"),
            "give the path of a certificate (.crt, .cer, .pem or .der)",
        )
    })?;
    match recognize(&head.bytes, head.complete) {
        Content::Certificate(certificate) => Ok(*certificate),
        _ => Err(wrong_usage(
            format!("{shown} is not the certificate of a signer"),
            "--signer takes one certificate, as PEM, DER or base64; manifests are given without it",
        )),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use manifest::{Bucket, Vendor};

    use super::{Given, Is};
    use crate::advice::exit_status;

    /// What is said of a file with this content.
    #[track_caller]
    fn check(content: &[u8], vendor: Option<Bucket>, expected: &str) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, content).unwrap();
        let found = match Given::look(&path, vendor).map(|given| given.content) {
            Ok(Is::Certificate(vendor, _)) => format!("certificate for {vendor}"),
            Ok(Is::Manifest(bucket)) => format!("manifest for {}", bucket.name()),
            Ok(Is::Refused(_, stop)) => format!("{}: {}", stop.code, stop.reason),
            Err(error) => format!("{:?}: {error}", exit_status(&error)),
        };
        assert!(found.starts_with(expected), "expected `{expected}`, got `{found}`");
    }

    #[test]
    fn a_file_that_no_bucket_takes_is_told_with_the_buckets_code() {
        check(b"", None, "Manifest.Empty: the file is empty");
        check(b"%PDF-1.7", None, "Manifest.WrongFormat: this file is a PDF document");
        let key = rcgen_key();
        check(key.as_bytes(), None, "Manifest.PrivateKey: there is a private key");
        check(
            key.as_bytes(),
            Some(Vendor::Espressif.into()),
            "Manifest.PrivateKey: there is a private key at the file; a private key belongs on its device and nowhere \
             else: do not upload",
        );
    }

    #[test]
    fn a_vendor_that_is_given_is_believed_and_its_bucket_judges() {
        let text = br#"{"batch_id": "b", "devices": []}"#;
        check(text, None, "manifest for mes");
        check(
            text,
            Some(Vendor::Microchip.into()),
            "Manifest.WrongFormat: this file is an MES device-infos file, and this bucket takes Microchip",
        );
        check(b"who knows", None, "Some(2): ");
        check(b"who knows", Some(Vendor::Generated.into()), "manifest for generated");
    }

    fn rcgen_key() -> String {
        use openssl::{ec::EcGroup, ec::EcKey, nid::Nid};
        let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
        String::from_utf8(EcKey::generate(&group).unwrap().private_key_to_pem().unwrap()).unwrap()
    }
}
