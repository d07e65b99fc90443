//! What was found out about a file, as a program gets it.

use std::collections::BTreeMap;

use ledger::{Note, Stop};
use serde::Serialize;

use super::certificates::Trusted;

/// Everything that the check of a file says.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Finding {
    pub(super) file: String,
    pub(super) what: What,
    /// Whose file it is; `mes` for device-infos. Nothing where that is not known.
    pub(super) vendor: Option<String>,
    pub(super) verdict: Verdict,
    /// Why the file cannot be used as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) stopped: Option<Stop>,
    pub(super) bytes: u64,
    pub(super) sha256: String,
    /// Name of the profile that was applied.
    pub(super) profile: String,
    /// The configuration that has it; nothing where there is none.
    pub(super) configuration: Option<String>,
    pub(super) counts: Counts,
    /// Whether every entry that was read is accounted for exactly once.
    pub(super) balanced: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) batch: Option<String>,
    /// Which of an Infineon file's sets was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) bundle: Option<String>,
    /// How many devices have which of the vendor's part numbers.
    pub(super) part_numbers: BTreeMap<String, u64>,
    pub(super) signatures: Signatures,
    pub(super) chains: Chains,
    /// How many devices have which kind of key.
    pub(super) keys: BTreeMap<String, u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) validity: Option<Validity>,
    pub(super) names: Names,
    /// Of a certificate that verifies: its own facts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) certificate: Option<Verifier>,
    /// Why entries would not be taken, by code, the most frequent first.
    pub(super) problems: Vec<Group>,
    /// What is worth knowing about devices that would be taken, by code.
    pub(super) warnings: Vec<Group>,
    /// What is worth knowing about the file as a whole.
    pub(super) notes: Vec<Note>,
    /// Every entry, where a program asks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) entries: Option<Vec<Line>>,
}

/// What a file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum What {
    /// Devices to import.
    Manifest,
    /// Devices to activate.
    DeviceInfos,
    /// A certificate that signs manifests.
    Signer,
    /// A certificate that issues devices' certificates.
    Authority,
    /// Nothing that is known.
    Unknown,
}

/// How the check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Verdict {
    /// Every entry would be taken.
    Fine,
    /// Some entries would not.
    SomeNotFine,
    /// The file cannot be used.
    Unusable,
}

/// The books.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Counts {
    /// Entries that the file holds, as far as it could be read.
    pub(super) read: u64,
    /// Those that would go on to AWS IoT.
    pub(super) devices: u64,
    /// Those that are unusable by themselves.
    pub(super) rejected: u64,
    /// Those that repeat an earlier one.
    pub(super) conflict: u64,
    /// Those whose turn would not come, because the file is not used as a whole.
    pub(super) not_attempted: u64,
}

impl Counts {
    pub(super) const fn is_balanced(&self) -> bool {
        self.read == self.devices + self.rejected + self.conflict + self.not_attempted
    }
}

/// The signatures of a manifest's entries.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Signatures {
    /// Those of entries that hold a usable device.
    pub(super) verified: u64,
    pub(super) failed: u64,
    /// Who made those of the devices that would be taken.
    pub(super) signers: Vec<Signer>,
}

/// Somebody who vouches for devices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Signer {
    pub(super) name: String,
    pub(super) fingerprint: String,
    pub(super) trusted: Trusted,
    pub(super) devices: u64,
}

/// The chains of devices' certificates, one step up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Chains {
    /// Devices whose certificate was verified by its issuer's.
    pub(super) verified: u64,
    /// Devices whose issuer's certificate is not at hand.
    pub(super) unchecked: u64,
    pub(super) issuers: Vec<Issuer>,
}

/// Somebody who issued devices' certificates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Issuer {
    pub(super) name: String,
    pub(super) fingerprint: String,
    /// Whether its certificate was given; otherwise the file brings it along.
    pub(super) given: bool,
    pub(super) devices: u64,
}

/// The dates of devices' certificates, as `YYYY-MM-DD`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Validity {
    pub(super) first_begins: String,
    pub(super) last_begins: String,
    pub(super) first_ends: String,
    pub(super) last_ends: String,
    /// How many are over.
    pub(super) expired: u64,
    /// How many are to come.
    pub(super) not_yet: u64,
}

/// Names that things would get.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Names {
    pub(super) first: Vec<String>,
    /// The last ones, as far as they are not among the first.
    pub(super) last: Vec<String>,
}

/// A certificate that verifies others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Verifier {
    pub(super) name: String,
    pub(super) fingerprint: String,
    /// Nothing for an authority, which needs no trust: it can only refuse.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) trusted: Option<Trusted>,
    pub(super) key: String,
    pub(super) not_before: String,
    pub(super) not_after: String,
}

/// Entries that have a code in common.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Group {
    pub(super) code: String,
    pub(super) count: u64,
    /// That of the first entry.
    pub(super) reason: String,
    /// Whether the same file can succeed later.
    pub(super) retry: bool,
    /// Where the entries are: the first few, or all where a program asks.
    pub(super) places: Vec<At>,
}

/// Where an entry is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct At {
    pub(super) entry: u64,
    pub(super) place: String,
    pub(super) id: String,
}

/// An entry, as `results.csv` has it after an import.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Line {
    pub(super) entry: u64,
    pub(super) place: String,
    pub(super) id: String,
    pub(super) thing: String,
    pub(super) certificate_id: String,
    /// `device` where it would go on to AWS IoT.
    pub(super) outcome: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) code: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) reason: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) warnings: Vec<String>,
}
