//! The runs that are not in the index yet: because that failed, because an earlier version reported them, or because
//! somebody deleted the index.

use anyhow::Result;
use ledger::{History, Store, Unindexed};
use serde::Serialize;

use crate::{
    deployed::Deployed,
    progress::{self, say},
};

/// One call of S3's counts so many.
const MOST: u16 = 1_000;

/// What is known of such runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct Missing {
    /// How many there are, up to 1,000; none where nobody has looked through the older runs yet.
    count: Option<usize>,
}

impl Missing {
    /// What is noted in the runs bucket. A run may be brought in at any time, so it is read before the index is.
    pub(crate) async fn of(deployed: &Deployed, runs: &Store) -> Result<Self> {
        let noted = runs.list_first(Unindexed::ALL, None, MOST).await;
        let noted = noted.map_err(|error| deployed.refused(error))?.len();
        let mark = runs.read(Unindexed::COMPLETE).await;
        let is_complete = mark.map_err(|error| deployed.refused(error))?.is_some();
        // Without the mark nobody has looked for older runs yet. A young stack has none.
        let is_complete = is_complete || Self::are_all_known(deployed, runs).await?;
        Ok(Self { count: is_complete.then_some(noted) })
    }

    /// Whether every run is in the history, as far as one listing tells.
    async fn are_all_known(deployed: &Deployed, runs: &Store) -> Result<bool> {
        let known = runs.list_first(History::ALL, None, MOST).await;
        let known = known.map_err(|error| deployed.refused(error))?.len();
        if known >= usize::from(MOST) {
            return Ok(false);
        }
        let folders = runs.folders("runs/").await.map_err(|error| deployed.refused(error))?;
        Ok(folders.len() <= known)
    }

    /// Says so, where there are some or may be some. `meaning` is what that does to the answer.
    pub(crate) fn warn(self, meaning: &str) {
        if let Some(warning) = self.warning(meaning) {
            say(&format!("{} {warning}", progress::yellow("warning:")));
        }
    }

    fn warning(self, meaning: &str) -> Option<String> {
        let what = match self.count {
            Some(0) => return None,
            Some(1) => "1 run is not in the index yet".to_owned(),
            Some(runs) if runs >= usize::from(MOST) => {
                format!("{runs} runs or more are not in the index yet")
            }
            Some(runs) => format!("{runs} runs are not in the index yet"),
            None => "earlier runs may not be in the index yet".to_owned(),
        };
        Some(format!("{what}; {meaning}. It is brought up to date every quarter of an hour"))
    }
}

#[cfg(test)]
mod tests {
    use super::Missing;

    #[track_caller]
    fn check(count: Option<usize>, expected: Option<&str>) {
        let warning = Missing { count }.warning("a device of theirs is not found");
        let begin = warning.as_deref().and_then(|warning| warning.split(';').next());
        assert_eq!(begin, expected);
    }

    #[test]
    fn what_is_missing_is_said_and_a_whole_index_says_nothing() {
        check(Some(0), None);
        check(Some(1), Some("1 run is not in the index yet"));
        check(Some(7), Some("7 runs are not in the index yet"));
        check(Some(1_000), Some("1000 runs or more are not in the index yet"));
        check(None, Some("earlier runs may not be in the index yet"));
    }

    #[test]
    fn a_program_reads_a_number_or_that_none_is_known() {
        let json = |count| serde_json::to_string(&Missing { count }).unwrap();
        assert_eq!((json(Some(3)).as_str(), json(None).as_str()), ("3", "null"));
    }
}
