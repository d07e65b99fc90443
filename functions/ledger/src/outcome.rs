//! What became of one entry of a manifest.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The closed set of ends that an entry can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutcomeKind {
    /// This run registered the certificate and everything that belongs to it.
    Created,
    /// Everything was there before.
    Unchanged,
    /// The device existed in part; what was missing was added.
    Updated,
    /// Something else stands where the device should be; nothing was touched.
    Conflict,
    /// The entry itself is unusable.
    Rejected,
    /// AWS IoT refused the device.
    Failed,
    /// The device cannot be served yet.
    Waiting,
    /// The run ended before the device's turn.
    NotAttempted,
    /// Nothing that the run which is taken back added is left of the device.
    Removed,
    /// The device is not as the run left it, so that it was not taken back.
    Kept,
}

impl OutcomeKind {
    /// Whether the device is as its owner wants it.
    pub const fn is_fine(self) -> bool {
        matches!(self, Self::Created | Self::Unchanged | Self::Updated | Self::Removed)
    }

    /// The word used in files and reports.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Unchanged => "unchanged",
            Self::Updated => "updated",
            Self::Conflict => "conflict",
            Self::Rejected => "rejected",
            Self::Failed => "failed",
            Self::Waiting => "waiting",
            Self::NotAttempted => "not_attempted",
            Self::Removed => "removed",
            Self::Kept => "kept",
        }
    }

    /// What became of such an entry.
    pub const fn means(self) -> &'static str {
        match self {
            Self::Created => {
                "this run made the device: it registered the certificate and made the thing; in phase 2 it made the thing"
            }
            Self::Unchanged => "the device was there before, whole",
            Self::Updated => {
                "the device was there in part, or its thing was, without a certificate; what was missing was added"
            }
            Self::Conflict => "something else stands there; nothing was touched",
            Self::Rejected => "the entry itself is unusable; nothing was sent to AWS IoT",
            Self::Failed => "AWS IoT refused the device",
            Self::Waiting => "the device cannot be served yet; nothing was written",
            Self::NotAttempted => "the run ended before the device's turn",
            Self::Removed => {
                "an undo took the device back: nothing that the run added is left of it"
            }
            Self::Kept => {
                "an undo left the device as it is, because somebody changed it since the run"
            }
        }
    }
}

impl fmt::Display for OutcomeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// What stands in a reason between why a device could not be finished and what had been written for it
/// before that.
pub const HALF_DONE: &str = ". Before that, ";

/// Something worth knowing about a device that does not stop it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// Stable code.
    pub code: String,
    /// A sentence for a person.
    pub reason: String,
}

/// A line of `outcomes/<unit>.jsonl` or `rejected.jsonl`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// Position in the manifest, from 1.
    pub entry: u64,
    /// The same for a person, such as `line 7`.
    pub place: String,
    /// The vendor's identifier of the device; empty where it could not be read.
    pub id: String,
    /// Name of the thing; empty where there is none.
    pub thing: String,
    /// AWS IoT certificate id; empty where no certificate could be read.
    pub certificate_id: String,
    /// What became of the entry.
    pub outcome: OutcomeKind,
    /// Stable code of the reason; empty where all is well.
    pub code: String,
    /// The reason in words; empty where all is well.
    pub reason: String,
    /// Things worth knowing that did not stop the device.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Note>,
}

/// How many entries ended in which way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Entries that the manifest holds, as far as it could be read.
    pub read: u64,
    /// See [`OutcomeKind::Created`].
    pub created: u64,
    /// See [`OutcomeKind::Unchanged`].
    pub unchanged: u64,
    /// See [`OutcomeKind::Updated`].
    pub updated: u64,
    /// See [`OutcomeKind::Conflict`].
    pub conflict: u64,
    /// See [`OutcomeKind::Rejected`].
    pub rejected: u64,
    /// See [`OutcomeKind::Failed`].
    pub failed: u64,
    /// See [`OutcomeKind::Waiting`].
    pub waiting: u64,
    /// See [`OutcomeKind::NotAttempted`].
    pub not_attempted: u64,
    /// See [`OutcomeKind::Removed`].
    #[serde(default, skip_serializing_if = "is_zero")]
    pub removed: u64,
    /// See [`OutcomeKind::Kept`].
    #[serde(default, skip_serializing_if = "is_zero")]
    pub kept: u64,
}

impl Counts {
    /// Counts one entry's end. `read` is counted by whoever read the manifest.
    pub fn add(&mut self, kind: OutcomeKind) {
        *match kind {
            OutcomeKind::Created => &mut self.created,
            OutcomeKind::Unchanged => &mut self.unchanged,
            OutcomeKind::Updated => &mut self.updated,
            OutcomeKind::Conflict => &mut self.conflict,
            OutcomeKind::Rejected => &mut self.rejected,
            OutcomeKind::Failed => &mut self.failed,
            OutcomeKind::Waiting => &mut self.waiting,
            OutcomeKind::NotAttempted => &mut self.not_attempted,
            OutcomeKind::Removed => &mut self.removed,
            OutcomeKind::Kept => &mut self.kept,
        } += 1;
    }

    /// How many ended in each way.
    pub const fn by_kind(&self) -> [(OutcomeKind, u64); 10] {
        [
            (OutcomeKind::Created, self.created),
            (OutcomeKind::Unchanged, self.unchanged),
            (OutcomeKind::Updated, self.updated),
            (OutcomeKind::Conflict, self.conflict),
            (OutcomeKind::Rejected, self.rejected),
            (OutcomeKind::Failed, self.failed),
            (OutcomeKind::Waiting, self.waiting),
            (OutcomeKind::NotAttempted, self.not_attempted),
            (OutcomeKind::Removed, self.removed),
            (OutcomeKind::Kept, self.kept),
        ]
    }

    /// Entries that ended as their owner wants.
    pub const fn fine(&self) -> u64 {
        self.created + self.unchanged + self.updated + self.removed
    }

    /// Entries accounted for.
    pub const fn ended(&self) -> u64 {
        self.fine()
            + self.conflict
            + self.rejected
            + self.failed
            + self.waiting
            + self.not_attempted
            + self.kept
    }

    /// Whether every entry read is accounted for exactly once.
    pub const fn balanced(&self) -> bool {
        self.read == self.ended()
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
const fn is_zero(count: &u64) -> bool {
    *count == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [OutcomeKind; 10] = [
        OutcomeKind::Created,
        OutcomeKind::Unchanged,
        OutcomeKind::Updated,
        OutcomeKind::Conflict,
        OutcomeKind::Rejected,
        OutcomeKind::Failed,
        OutcomeKind::Waiting,
        OutcomeKind::NotAttempted,
        OutcomeKind::Removed,
        OutcomeKind::Kept,
    ];

    #[test]
    fn every_kind_counts_towards_the_balance_once() {
        let mut counts = Counts { read: 10, ..Counts::default() };
        for kind in ALL {
            assert!(!counts.balanced(), "balanced before `{kind}` was counted");
            counts.add(kind);
        }
        assert!(counts.balanced());
        assert_eq!(counts.fine(), 4);
        assert_eq!(counts.by_kind(), ALL.map(|kind| (kind, 1)));
    }

    #[test]
    fn words_are_those_of_the_files() {
        for kind in ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.word());
        }
    }
}
