//! What decoding a sample must give: a line of `identities.csv` a certificate.

use std::{
    fs::{self, File, Permissions},
    io::Write as _,
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use openssl::sha::sha256;

use super::{
    files::written,
    key::Key,
    text::{hex, pem},
};

/// The folder of the private keys, beside the manifest.
const KEYS: &str = "keys";

/// One certificate of a sample.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// The vendor's identifier: Microchip's `uniqueId`, Infineon's chip id, Espressif's MAC, otherwise the name.
    pub id: String,
    /// The certificate's common name.
    pub cn: String,
    /// The SHA-256 of the certificate, which is its id in AWS IoT.
    pub certificate_id: String,
    /// The private key's file, where the sample was made with keys. The certificate is beside it, as `.crt`.
    pub key: Option<PathBuf>,
    /// Espressif's MAC.
    pub mac: Option<String>,
    /// Infineon's chip id.
    pub chip_id: Option<String>,
    /// Infineon's set that the certificate belongs to.
    pub bundle: Option<String>,
}

/// Columns that every sample's identities have.
const COLUMNS: [&str; 4] = ["id", "cn", "certificate_id", "key"];

impl Identity {
    pub(super) fn new(id: String, cn: String, certificate: &[u8]) -> Self {
        Self { id, cn, certificate_id: hex(&sha256(certificate)), ..Self::default() }
    }

    /// What sets it apart from every other identity of the sample, good for a file's name.
    fn stem(&self) -> String {
        let set = self.bundle.as_ref().map(|bundle| format!("_{bundle}"));
        format!("{}{}", self.id, set.unwrap_or_default())
    }

    fn row<'a>(&'a self, key: &'a str) -> Vec<&'a str> {
        let further = [&self.mac, &self.chip_id, &self.bundle].into_iter().flatten();
        let common = [self.id.as_str(), &self.cn, &self.certificate_id, key];
        common.into_iter().chain(further.map(String::as_str)).collect()
    }
}

/// A device, made.
pub(super) struct Device {
    pub(super) identity: Identity,
    /// The certificate in DER.
    pub(super) certificate: Vec<u8>,
    pub(super) key: Key,
}

/// Notes every device that goes into a manifest.
pub(super) struct Identities {
    csv: csv::Writer<File>,
    path: PathBuf,
    keys: bool,
}

impl Identities {
    /// `further` are the columns of this vendor, in the order of [`Identity`]'s fields.
    pub(super) fn create(path: &Path, keys: bool, further: &[&str]) -> Result<Self> {
        let mut csv = written(path, csv::Writer::from_path(path))?;
        written(path, csv.write_record(COLUMNS.iter().chain(further)))?;
        if keys {
            let folder = path.with_file_name(KEYS);
            written(&folder, fs::create_dir_all(&folder))?;
        }
        Ok(Self { csv, path: path.to_path_buf(), keys })
    }

    pub(super) fn note(&mut self, device: &Device) -> Result<()> {
        let mut key = String::new();
        if self.keys {
            key = format!("{KEYS}/{}.key", device.identity.stem());
            let path = self.path.with_file_name(&key);
            written(&path, write_secret(&path, &device.key.private_pem()?))?;
            let path = path.with_extension("crt");
            written(&path, fs::write(&path, pem(&device.certificate, "\n")))?;
        }
        written(&self.path, self.csv.write_record(device.identity.row(&key)))
    }

    pub(super) fn finish(mut self) -> Result<()> {
        written(&self.path, self.csv.flush())
    }
}

/// Writes a file that nobody else may read, also where there is one already that others may.
fn write_secret(path: &Path, content: &[u8]) -> std::io::Result<()> {
    const OWNER_ONLY: u32 = 0o600;
    let mut file =
        File::options().write(true).create(true).truncate(true).mode(OWNER_ONLY).open(path)?;
    file.set_permissions(Permissions::from_mode(OWNER_ONLY))?;
    file.write_all(content)
}

/// The identities of a sample, in the order of its manifest.
pub(super) fn read(path: &Path) -> Result<Vec<Identity>> {
    rows(path).with_context(|| format!("failed to read {}", path.display()))
}

fn rows(path: &Path) -> Result<Vec<Identity>> {
    let mut csv = csv::Reader::from_path(path)?;
    let columns = csv.headers()?.clone();
    let mut identities = Vec::new();
    for row in csv.records() {
        let row = row?;
        let cell = |name: &str| {
            let at = columns.iter().position(|column| column == name)?;
            row.get(at).filter(|text| !text.is_empty()).map(str::to_owned)
        };
        let needed = |name| cell(name).with_context(|| format!("`{name}` is missing"));
        identities.push(Identity {
            id: needed("id")?,
            cn: needed("cn")?,
            certificate_id: needed("certificate_id")?,
            key: cell("key").map(|key| path.with_file_name(key)),
            mac: cell("mac"),
            chip_id: cell("chip_id"),
            bundle: cell("bundle"),
        });
    }
    Ok(identities)
}
