//! What a run set out to do, and why it stopped.

use serde::{Deserialize, Serialize};

use crate::{Note, Profile, Rates, SignerPolicy};

/// The uploaded object, as its event named it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Object {
    /// Bucket that it was uploaded to.
    pub bucket: String,
    /// Its key.
    pub key: String,
    /// Its version; empty where the event names none.
    #[serde(default)]
    pub version: String,
    /// Its entity tag; empty where the event names none.
    #[serde(default)]
    pub etag: String,
    /// Who put it there, as far as the event tells; empty where it does not.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub uploader: String,
}

/// What a run is started with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// Vendor whose bucket the file was uploaded to; `mes` for device-infos.
    pub vendor: String,
    /// The file, as its event named it.
    pub object: Object,
    /// The run whose entries are taken up, where this one does not begin from the file alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resume: Option<String>,
}

/// The object's pinned version, which the whole run works on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Bucket that it was uploaded to.
    pub bucket: String,
    /// Its key.
    pub key: String,
    /// Its version; empty in a bucket without versions.
    pub version: String,
    /// Its entity tag.
    pub etag: String,
    /// Its size.
    pub bytes: u64,
    /// Who put it there, as far as the event tells; empty where it does not.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub uploader: String,
}

/// `plan.json`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Name of the run.
    pub run: String,
    /// Vendor whose bucket the file was uploaded to; `mes` for device-infos.
    pub vendor: String,
    /// The file.
    pub source: Source,
    /// Name of the profile in force.
    pub profile_name: String,
    /// The profile in force, as it was when the run began.
    pub profile: Profile,
    /// Which signers are trusted.
    pub signers: SignerPolicy,
    /// Calls a second that all active runs share.
    pub rate: Rates,
    /// How many of the run's units are worked on at once.
    pub concurrency: u32,
    /// Whether nothing is written to AWS IoT, and the run only tells what it would do.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dry: bool,
    /// Whether `standing.txt` tells which devices stand already.
    #[serde(default)]
    pub listed: bool,
    /// The run that this one takes back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undoes: Option<String>,
    /// The run whose entries are taken up, where the file has been worked on before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resumes: Option<String>,
    /// What Decode made of the file; absent until it has read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prepared: Option<Prepared>,
}

impl Plan {
    /// Whether the file is a factory's device-infos, whose certificates are registered already.
    pub fn is_of_factory(&self) -> bool {
        self.vendor == "mes"
    }
}

/// What Decode made of the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prepared {
    /// Entries read; of a run that takes up another one's, those that are taken up.
    pub entries: u64,
    /// Devices in `work.jsonl`.
    pub devices: u64,
    /// Lines of `rejected.jsonl`.
    pub refused: u64,
    /// Lines of `units.jsonl`.
    pub units: u64,
    /// SHA-256 of the bytes read, lower-case hex.
    pub sha256: String,
    /// Fingerprints of the signers that vouched for entries.
    pub signers: Vec<String>,
    /// Whether a file of this content was imported to its end before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub again: bool,
    /// The batch that the file names; only device-infos have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<String>,
    /// What is worth knowing about the file as a whole.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
}

impl From<Source> for Object {
    fn from(Source { bucket, key, version, etag, uploader, .. }: Source) -> Self {
        Self { bucket, key, version, etag, uploader }
    }
}

/// `files/<sha256>.json`: a file of this content was imported to its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FinishedFile {
    /// The last run that did it.
    pub run: String,
}

/// `stopped.json`: why a run ended before its devices' turn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stop {
    /// Stable code.
    pub code: String,
    /// What happened and what to do, for a person.
    pub reason: String,
}
