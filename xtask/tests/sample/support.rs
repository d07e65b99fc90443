//! Samples in a folder of a test's own, and what is in their manifests, read without the makers' code.

use std::{collections::BTreeMap, fmt::Write as _, fs, io::Cursor, sync::OnceLock};

use manifest::Vendor;
use openssl::{base64::decode_block, sha::sha256, x509::X509};
use sevenz_rust2::{ArchiveReader, Password};
use tempfile::TempDir;
use xtask::sample::{self, Identity, Options, Sample, mes};

/// A sample, and the folder that it is in.
pub(crate) struct Made {
    pub(crate) sample: Sample,
    pub(crate) folder: TempDir,
}

pub(crate) fn make(vendor: Vendor, devices: u64, seed: u64) -> Made {
    make_with(devices, seed, false, |options| sample::write(vendor, options).unwrap())
}

pub(crate) fn make_mes(of: Vendor, devices: u64, seed: u64) -> Made {
    make_with(devices, seed, false, |options| mes::write(of, options).unwrap())
}

pub(crate) fn make_with_keys(vendor: Vendor, devices: u64) -> Made {
    make_with(devices, 1, true, |options| sample::write(vendor, options).unwrap())
}

fn make_with(devices: u64, seed: u64, keys: bool, write: impl Fn(&Options) -> Sample) -> Made {
    let folder = tempfile::tempdir().unwrap();
    let options = Options { devices, seed, folder: folder.path().join("made/here"), keys };
    Made { sample: write(&options), folder }
}

impl Made {
    pub(crate) fn identities(&self) -> Vec<Identity> {
        self.sample.identities().unwrap()
    }

    pub(crate) fn manifest(&self) -> Vec<u8> {
        fs::read(&self.sample.manifest).unwrap()
    }

    /// Every file by its path within the folder.
    pub(crate) fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let mut folders = vec![self.folder.path().join("made/here")];
        let mut files = BTreeMap::new();
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let name = path.strip_prefix(self.folder.path()).unwrap();
                    files.insert(name.to_str().unwrap().to_owned(), fs::read(&path).unwrap());
                }
            }
        }
        files
    }
}

/// What a sample of a dozen devices holds. Many tests only read it, and finding primes takes its time.
pub(crate) struct Dozen {
    pub(crate) manifest: Vec<u8>,
    pub(crate) identities: Vec<Identity>,
    /// The authorities' certificates as their files hold them.
    pub(crate) authorities: Vec<Vec<u8>>,
}

/// A vendor's sample of a dozen devices with the first seed.
pub(crate) fn dozen(vendor: Vendor) -> &'static Dozen {
    static DOZENS: [OnceLock<Dozen>; 4] = [const { OnceLock::new() }; 4];
    let at = Vendor::ALL.iter().position(|one| *one == vendor).unwrap();
    DOZENS[at].get_or_init(|| {
        let made = make(vendor, 12, 1);
        let authorities = made.sample.authorities.iter();
        Dozen {
            manifest: made.manifest(),
            identities: made.identities(),
            authorities: authorities.map(|path| fs::read(path).unwrap()).collect(),
        }
    })
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

/// The id that AWS IoT gives to a certificate.
pub(crate) fn certificate_id(certificate: &X509) -> String {
    hex(&sha256(&certificate.to_der().unwrap()))
}

pub(crate) fn common_name(certificate: &X509) -> String {
    let mut names = certificate.subject_name().entries_by_nid(openssl::nid::Nid::COMMONNAME);
    names.next().unwrap().data().to_string().unwrap()
}

pub(crate) fn decode_url(text: &str) -> Vec<u8> {
    let mut text = text.replace('-', "+").replace('_', "/");
    while !text.len().is_multiple_of(4) {
        text.push('=');
    }
    decode_block(&text).unwrap()
}

/// The devices' certificates of a manifest, in its order.
pub(crate) fn certificates(vendor: Vendor, manifest: &[u8]) -> Vec<X509> {
    match vendor {
        Vendor::Microchip => payloads(manifest)
            .iter()
            .map(|payload| {
                let leaf = payload["publicKeySet"]["keys"][0]["x5c"][0].as_str().unwrap();
                X509::from_der(&decode_url(leaf)).unwrap()
            })
            .collect(),
        Vendor::Infineon => {
            let sets = ["E0E0", "E0E1", "E0E2"].map(|set| members(&inner(manifest, set)));
            sets.iter().flatten().map(|(_, pem)| X509::from_pem(pem).unwrap()).collect()
        }
        Vendor::Espressif => csv::Reader::from_reader(manifest)
            .records()
            .map(|record| X509::from_pem(record.unwrap()[2].as_bytes()).unwrap())
            .collect(),
        Vendor::Generated => std::str::from_utf8(manifest)
            .unwrap()
            .lines()
            .map(|line| X509::from_pem(&decode_url(line)).unwrap())
            .collect(),
    }
}

/// The signed payloads of Microchip's manifest.
pub(crate) fn payloads(manifest: &[u8]) -> Vec<serde_json::Value> {
    let elements: Vec<serde_json::Value> = serde_json::from_slice(manifest).unwrap();
    let payload = |element: &serde_json::Value| decode_url(element["payload"].as_str().unwrap());
    elements.iter().map(|element| serde_json::from_slice(&payload(element)).unwrap()).collect()
}

/// The archive of one of Infineon's sets.
pub(crate) fn inner(bundle: &[u8], set: &str) -> Vec<u8> {
    let end = format!("_{set}_Certs.7z");
    members(bundle).into_iter().find(|(name, _)| name.ends_with(&end)).unwrap().1
}

/// The files of a 7z archive, in its order.
pub(crate) fn members(archive: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut reader = ArchiveReader::new(Cursor::new(archive), Password::empty()).unwrap();
    let mut members = Vec::new();
    reader
        .for_each_entries(|entry, content| {
            let mut bytes = Vec::new();
            content.read_to_end(&mut bytes)?;
            members.push((entry.name().to_owned(), bytes));
            Ok(true)
        })
        .unwrap();
    members
}
