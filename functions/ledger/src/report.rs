//! `report.json`

use serde::{Deserialize, Serialize};

use crate::{Counts, Forecast, Limited, Note};

/// The report of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Name of the run.
    pub run: String,
    /// Whether nothing was written to AWS IoT: the counts are what the run would come to.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dry: bool,
    /// How the run ended.
    pub verdict: Verdict,
    /// The verdict in one sentence.
    pub summary: String,
    /// Whether every entry read is accounted for exactly once.
    pub balanced: bool,
    /// The run that this one takes back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undoes: Option<String>,
    /// Vendor whose bucket the file was uploaded to; `mes` for device-infos.
    pub vendor: String,
    /// The run whose entries were taken up, where this one did not begin from the file alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resumes: Option<String>,
    /// Name of the profile in force; empty where the run stopped before it was chosen.
    pub profile: String,
    /// The file.
    pub source: SourceSummary,
    /// The batch that the file names; only device-infos have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<String>,
    /// Fingerprints of the signers that vouched for entries.
    pub signers: Vec<String>,
    /// How many entries ended in which way.
    pub counts: Counts,
    /// Why the run stopped, where it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<Note>,
    /// What kept devices from ending well, by code.
    pub problems: Vec<Problem>,
    /// What is worth knowing about devices that ended well, by code.
    pub warnings: Vec<Problem>,
    /// What is worth knowing about the file as a whole.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
    /// Which of AWS IoT's quotas held the run up, the one that did so longest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub limited: Vec<Limited>,
    /// What an import would take; only dry runs have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forecast: Option<Forecast>,
    /// Address of `results.csv`; empty where the run has no entries.
    pub results: String,
    /// ARN of the run's execution.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub execution: String,
    /// When the run started, in seconds of the Unix epoch, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started: Option<f64>,
    /// When it was reported first, in seconds of the Unix epoch; 0 in reports of earlier versions.
    #[serde(default)]
    pub ended: f64,
    /// The version of Thingpress that reported; empty in reports of earlier versions.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub version: String,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Every entry ended well.
    Done,
    /// The run went through, and some entries did not end well.
    DoneWithFailures,
    /// The run ended before it was through.
    Stopped,
}

impl Verdict {
    /// The word used in files.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::DoneWithFailures => "done_with_failures",
            Self::Stopped => "stopped",
        }
    }
}

/// The file that a run worked on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceSummary {
    /// Bucket that it was uploaded to.
    pub bucket: String,
    /// Its key.
    pub key: String,
    /// Its version; empty in a bucket without versions.
    pub version: String,
    /// SHA-256 of its bytes; empty where it was not read.
    pub sha256: String,
    /// Its size.
    pub bytes: u64,
    /// Who put it there, as far as the event tells; empty where it does not.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub uploader: String,
}

/// All entries with one code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Stable code.
    pub code: String,
    /// How many entries have it.
    pub count: u64,
    /// The first one's reason.
    pub reason: String,
    /// Whether the same file can succeed later.
    #[serde(default)]
    pub retry: bool,
    /// The first entry that has it.
    pub example: Example,
}

/// An entry named as an example.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Example {
    /// Position in the manifest, from 1.
    pub entry: u64,
    /// The same for a person.
    pub place: String,
    /// The vendor's identifier of the device.
    pub id: String,
}
