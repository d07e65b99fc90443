//! What a file to import is, before anything is sent.

use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
};

use anyhow::Result;
use manifest::{
    Bucket, Certificate, Content, HEAD_BYTES, Limits, Vendor, recognize, recognize_zip,
};

use crate::advice::wrong_usage;

/// A file that can be uploaded.
#[derive(Debug)]
pub(crate) struct File {
    pub(crate) path: PathBuf,
    /// Its name without folders, which becomes the key.
    pub(crate) name: String,
    /// Where it belongs.
    pub(crate) bucket: Bucket,
    pub(crate) kind: Kind,
}

/// What a run makes of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A certificate by which manifests, or the certificates in them, are verified.
    Authority,
    /// Devices to register, or to activate.
    Manifest,
}

impl File {
    /// Looks at a file's first bytes. A bucket that is given is believed, so that a run may judge the file.
    pub(crate) fn look(path: &Path, bucket: Option<Bucket>) -> Result<Self> {
        let shown = path.display();
        let head = head(path).map_err(|error| {
            wrong_usage(format!("failed to read {shown}: {error}"), "give the path of a manifest")
        })?;
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            return Err(wrong_usage(
                format!("{shown} has no name that can be a key"),
                "rename the file, in UTF-8",
            ));
        };
        let mut content = recognize(&head.bytes, head.complete);
        if matches!(content, Content::Zip) {
            content = fs::File::open(path)
                .map_or(Content::Zip, |file| recognize_zip(file, Limits::default()));
        }
        let (bucket, kind) = match (content, bucket) {
            (Content::Certificate(certificate), bucket) => role(&certificate, bucket),
            (_, Some(bucket)) => (bucket, Kind::Manifest),
            (content, None) => (bucket_of(&content, path)?, Kind::Manifest),
        };
        Ok(Self { path: path.to_path_buf(), name: name.to_owned(), bucket, kind })
    }
}

/// What a lone certificate is for.
///
/// The signers of Microchip's manifests issue themselves and are no authorities; Infineon's authorities are. What
/// somebody else issued is a device's.
pub(crate) fn role(certificate: &Certificate, bucket: Option<Bucket>) -> (Bucket, Kind) {
    const MICROCHIP: Bucket = Bucket::Vendor(Vendor::Microchip);
    const INFINEON: Bucket = Bucket::Vendor(Vendor::Infineon);
    match bucket {
        Some(MICROCHIP) => (MICROCHIP, Kind::Authority),
        Some(INFINEON) | None if certificate.is_authority() => (INFINEON, Kind::Authority),
        None if certificate.is_self_issued() => (MICROCHIP, Kind::Authority),
        Some(bucket) => (bucket, Kind::Manifest),
        None => (Vendor::Generated.into(), Kind::Manifest),
    }
}

pub(crate) fn bucket_of(content: &Content, path: &Path) -> Result<Bucket> {
    let shown = path.display();
    let by_hand = "if it is a manifest all the same, name its vendor: --vendor microchip, infineon, espressif or generated; \
                   or --vendor mes for a factory's device-infos";
    match content {
        Content::Manifest(vendor) => Ok((*vendor).into()),
        Content::DeviceInfos => Ok(Bucket::Mes),
        Content::Empty => {
            Err(wrong_usage(format!("{shown} is empty"), "copy it again from where it came"))
        }
        Content::PrivateKey => Err(wrong_usage(
            format!("{shown} holds a private key, which must never be uploaded"),
            "keep it where it belongs; Thingpress needs certificates only",
        )),
        Content::Foreign(what) => Err(wrong_usage(
            format!("{shown} is {what}, which Thingpress does not import"),
            by_hand,
        )),
        Content::Zip => Err(wrong_usage(
            format!("{shown} is a zip archive, and nothing in it says whose"),
            by_hand,
        )),
        Content::Certificate(_) | Content::Unknown => {
            Err(wrong_usage(format!("{shown} is no manifest that Thingpress knows"), by_hand))
        }
    }
}

/// How a file begins.
pub(crate) struct Head {
    pub(crate) bytes: Vec<u8>,
    /// Whether these are all bytes of the file.
    pub(crate) complete: bool,
}

pub(crate) fn head(path: &Path) -> std::io::Result<Head> {
    let limit = u64::try_from(HEAD_BYTES).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    let mut file = fs::File::open(path)?;
    file.by_ref().take(limit).read_to_end(&mut bytes)?;
    let complete = file.read(&mut [0])? == 0;
    Ok(Head { bytes, complete })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use manifest::{Bucket, Vendor};

    use super::{File, Kind};
    use crate::advice::exit_status;

    #[test]
    fn a_given_vendor_is_believed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notes.txt");
        fs::write(&path, "nothing that anybody knows, really").unwrap();
        let file = File::look(&path, Some(Vendor::Generated.into())).unwrap();
        assert_eq!(
            (file.bucket, file.kind, file.name.as_str()),
            (Vendor::Generated.into(), Kind::Manifest, "notes.txt")
        );
        assert_eq!(exit_status(&File::look(&path, None).unwrap_err()), Some(2));
    }

    #[test]
    fn device_infos_go_to_the_factorys_bucket() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lot-7.json");
        fs::write(&path, r#"{"batch_id": "lot-7", "devices": []}"#).unwrap();
        let file = File::look(&path, None).unwrap();
        assert_eq!((file.bucket, file.kind), (Bucket::Mes, Kind::Manifest));
    }

    #[test]
    fn an_empty_file_is_refused_here() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("empty.json");
        fs::write(&path, "").unwrap();
        assert!(File::look(&path, None).unwrap_err().to_string().contains("is empty"));
    }

    #[test]
    fn a_missing_file_is_wrong_usage() {
        let error = File::look("does/not/exist.json".as_ref(), None).unwrap_err();
        assert_eq!(exit_status(&error), Some(2));
    }

    /// Vendors' real files are no part of the repository; where they are, they must be told apart.
    #[test]
    fn real_files_are_told_apart() {
        let manifests = crate::workspace::root().join("../shared/manifests");
        if !manifests.exists() {
            eprintln!("left out: there are no real manifests beside the workspace");
            return;
        }
        let look = |folder: &str| -> Vec<Option<(Bucket, Kind)>> {
            let files =
                fs::read_dir(manifests.join(folder)).unwrap().map(|entry| entry.unwrap().path());
            let files = files.filter(|path| path.is_file());
            files
                .map(|path| File::look(&path, None).ok().map(|file| (file.bucket, file.kind)))
                .collect()
        };
        assert_eq!(
            look("microchip/signers"),
            [Some((Vendor::Microchip.into(), Kind::Authority)); 5]
        );
        assert_eq!(look("infineon/ca"), [Some((Vendor::Infineon.into(), Kind::Authority)); 4]);
        assert_eq!(look("generated"), [Some((Vendor::Generated.into(), Kind::Manifest))]);
        assert_eq!(look("espressif"), [Some((Vendor::Espressif.into(), Kind::Manifest))]);
        assert_eq!(look("infineon"), [Some((Vendor::Infineon.into(), Kind::Manifest))]);
        let manifests = look("microchip")
            .into_iter()
            .filter(|kind| *kind == Some((Vendor::Microchip.into(), Kind::Manifest)));
        assert_eq!(manifests.count(), 2);
    }
}
