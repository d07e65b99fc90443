//! The runs that have ended, one small object each, which a listing gives newest first.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{Counts, RunFiles, Verdict};

const PREFIX: &str = "history/";

/// What a run was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RunKind {
    /// A vendor's manifest was imported.
    Import,
    /// A factory's devices were activated.
    Activate,
    /// It was asked what an import would do.
    Plan,
    /// What a run had made was taken back.
    Undo,
    /// What a run had left was tried again.
    Redrive,
}

impl RunKind {
    /// The word used in files.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Import => "import",
            Self::Activate => "activate",
            Self::Plan => "plan",
            Self::Undo => "undo",
            Self::Redrive => "redrive",
        }
    }
}

impl fmt::Display for RunKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// `history/<..>-<run>.json`: how a run ended, for those who look at many runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// Name of the run.
    pub run: String,
    /// What it was for.
    pub kind: RunKind,
    /// When it started, in seconds of the Unix epoch.
    pub started: f64,
    /// When its report was written.
    pub ended: f64,
    /// Bucket that the file was uploaded to.
    pub bucket: String,
    /// The file's key.
    pub key: String,
    /// Vendor whose bucket it is; `mes` for device-infos.
    pub vendor: String,
    /// Name of the profile in force; empty where the run stopped before it was chosen.
    pub profile: String,
    /// How the run ended.
    pub verdict: Verdict,
    /// How many entries ended in which way.
    pub counts: Counts,
    /// Code of why it stopped, or of what most entries have that did not end well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

impl History {
    /// How the keys of all runs begin.
    pub const ALL: &str = PREFIX;

    /// The run's key.
    pub fn key(&self) -> String {
        RunTag::of(&self.run, self.started).key(&self.run)
    }

    /// The key before which the runs are that started at this second of the Unix epoch, or later.
    pub fn end_of_since(started: f64) -> String {
        let newest = newest_first(started);
        // The character after the hyphen.
        format!("{PREFIX}{newest:010}.")
    }

    /// The run that a key is of.
    pub fn run_of(key: &str) -> Option<&str> {
        key.strip_prefix(PREFIX)?.strip_suffix(".json")?.split_once('-').map(|(_, run)| run)
    }
}

/// A run in the index: when it started, and four bytes of its name's digest. The newest are the least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunTag {
    pub(crate) newest: u32,
    pub(crate) tag: u32,
}

impl RunTag {
    /// The tag of a run that started at this second of the Unix epoch.
    pub fn of(run: &str, started: f64) -> Self {
        let digest = Sha256::digest(run);
        let tag = digest.iter().take(4).fold(0, |tag: u32, byte| (tag << 8) | u32::from(*byte));
        Self { newest: newest_first(started), tag }
    }

    /// The tag of the run whose history has this key.
    pub fn of_key(key: &str) -> Option<(Self, &str)> {
        let run = History::run_of(key)?;
        let newest = u32::from_str(key.strip_prefix(PREFIX)?.split('-').next()?).ok()?;
        Some((Self { newest, ..Self::of(run, 0.0) }, run))
    }

    /// When the run started, in whole seconds of the Unix epoch.
    pub const fn started(self) -> u32 {
        u32::MAX - self.newest
    }

    /// How the keys of the history begin of the runs that started in the same second.
    pub fn prefix(self) -> String {
        format!("{PREFIX}{:010}-", self.newest)
    }

    /// Key of the history of this run.
    pub fn key(self, run: &str) -> String {
        format!("{}{run}.json", self.prefix())
    }

    /// Whether it is this run's history.
    pub fn is_of_key(self, key: &str) -> bool {
        Self::of_key(key).is_some_and(|(tag, _)| tag == self)
    }
}

/// Whole seconds, so that everybody who knows the run's start rounds it to the same.
fn newest_first(started: f64) -> u32 {
    let whole = std::time::Duration::try_from_secs_f64(started).unwrap_or_default().as_secs();
    u32::MAX - u32::try_from(whole).unwrap_or(u32::MAX)
}

/// Runs whose entries are not in the index yet, because that failed, or because they are older than it.
#[derive(Clone, Copy, Debug)]
pub struct Unindexed;

impl Unindexed {
    /// How the keys of all begin.
    pub const ALL: &str = "index/pending/";
    /// That all older runs are in the index, or noted as those that are not.
    pub const COMPLETE: &str = "index/complete";

    /// The key that notes a run.
    pub fn key(files: &RunFiles) -> String {
        format!("{}{}", Self::ALL, files.run())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_gives_the_newest_first() {
        let key = |run: &str, started| RunTag::of(run, started).key(run);
        let keys =
            [key("z", 1_795_339_801.0), key("a-1", 1_795_339_800.9), key("b", 9.0), key("c", 0.0)];
        assert!(keys.is_sorted(), "{keys:?}");
        assert_eq!(keys[1], "history/2499627495-a-1.json");
        assert_eq!(History::run_of(&keys[1]), Some("a-1"));
        let since = History::end_of_since(1_795_339_800.0);
        assert!(keys[1] < since && since < keys[2], "a second belongs to itself");
    }

    #[test]
    fn a_run_is_known_by_its_second_and_its_name() {
        let tag = RunTag::of("reel-7-0123", 1_795_339_800.25);
        assert_eq!(tag, RunTag::of("reel-7-0123", 1_795_339_800.9));
        assert_ne!(tag, RunTag::of("reel-7-0124", 1_795_339_800.25));
        assert_eq!(tag.started(), 1_795_339_800);
        let key = tag.key("reel-7-0123");
        assert_eq!(RunTag::of_key(&key), Some((tag, "reel-7-0123")));
        assert!(tag.is_of_key(&key) && key.starts_with(&tag.prefix()));
        assert!(!tag.is_of_key(&tag.key("reel-7-0124")));
        assert!(!tag.is_of_key("history/readme"));
    }
}
