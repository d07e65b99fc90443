//! What a run's workers have written down of its units, read as it appears.
//!
//! A million devices make some ten thousand units. A refresh lists at most two pages of a thousand keys, from the
//! first unit that is not complete on, and reads at most four hundred of the objects that are new or have changed. So
//! the price of looking on does not grow with the run, and somebody who joins late has read up within a minute.

use std::collections::{BTreeMap, VecDeque};

use futures::{StreamExt, TryStreamExt, stream};
use ledger::{OutcomeKind, RunFiles, Store, StoreError, Unit, UnitLimits};

/// Pages that a refresh lists.
const PAGES: usize = 2;
/// Objects that a refresh reads.
const READS: usize = 400;
/// Objects that are read at once.
const AT_ONCE: usize = 32;

/// The units of one run, as far as they were read.
#[derive(Debug)]
pub(super) struct Units {
    files: RunFiles,
    /// How many devices each unit has, by its number less one.
    sizes: Vec<u64>,
    read: BTreeMap<u64, Read>,
    /// New or changed objects that were listed and not read yet.
    waiting: VecDeque<(u64, String)>,
    /// All units up to this one are complete, and looked at no more.
    complete: u64,
    /// Where the listing goes on where two pages were not enough.
    listed_to: u64,
}

#[derive(Debug)]
struct Read {
    etag: String,
    limits: UnitLimits,
}

impl Units {
    /// The units of a run whose file was read.
    pub(super) async fn of(store: &Store, files: RunFiles) -> Result<Self, StoreError> {
        let mut lines = store.lines::<Unit>(&files.units()).await?;
        let mut sizes = Vec::new();
        while let Some(unit) = lines.next_line().await? {
            sizes.push(unit.count);
        }
        Ok(Self::with_sizes(files, sizes))
    }

    fn with_sizes(files: RunFiles, sizes: Vec<u64>) -> Self {
        Self {
            files,
            sizes,
            read: BTreeMap::new(),
            waiting: VecDeque::new(),
            complete: 0,
            listed_to: 0,
        }
    }

    /// Reads what is new.
    pub(super) async fn refresh(&mut self, store: &Store) -> Result<(), StoreError> {
        if self.waiting.is_empty() {
            self.list(store).await?;
        }
        let now = self.waiting.len().min(READS);
        let due: Vec<_> = self.waiting.drain(..now).collect();
        let files = &self.files;
        let reads = due.into_iter().map(|(unit, etag)| async move {
            let limits: Option<UnitLimits> = store.read_json(&files.limits(unit)).await?;
            Ok::<_, StoreError>(limits.map(|limits| (unit, Read { etag, limits })))
        });
        let read: Vec<_> = stream::iter(reads).buffer_unordered(AT_ONCE).try_collect().await?;
        self.read.extend(read.into_iter().flatten());
        while self.is_complete(self.complete + 1) {
            self.complete += 1;
        }
        Ok(())
    }

    async fn list(&mut self, store: &Store) -> Result<(), StoreError> {
        let mut after = self.listed_to.max(self.complete);
        for _ in 0..PAGES {
            let (page, more) =
                store.list_page_after(&self.files.all_limits(), &self.files.limits(after)).await?;
            let units = page
                .into_iter()
                .filter_map(|listed| Some((RunFiles::unit_of(&listed.key)?, listed.etag)));
            for (unit, etag) in units {
                after = after.max(unit);
                if self.read.get(&unit).is_none_or(|read| read.etag != etag) {
                    self.waiting.push_back((unit, etag));
                }
            }
            if !more {
                // From the first one again: a unit may be taken up again later.
                after = 0;
                break;
            }
        }
        self.listed_to = after;
        Ok(())
    }

    fn is_complete(&self, unit: u64) -> bool {
        let size = usize::try_from(unit - 1).ok().and_then(|index| self.sizes.get(index));
        let ended = self.read.get(&unit).map(|read| read.limits.outcomes.values().sum::<u64>());
        size.is_some() && size.copied() == ended
    }

    /// Whether more is known to be there than was read.
    pub(super) fn is_behind(&self) -> bool {
        !self.waiting.is_empty() || self.listed_to > 0
    }

    /// What the units that were read came to.
    pub(super) fn limits(&self) -> impl Iterator<Item = &UnitLimits> {
        self.read.values().map(|read| &read.limits)
    }

    /// Devices by what became of them.
    pub(super) fn outcomes(&self) -> BTreeMap<OutcomeKind, u64> {
        let mut sum = BTreeMap::new();
        for (kind, count) in self.limits().flat_map(|limits| &limits.outcomes) {
            *sum.entry(*kind).or_default() += count;
        }
        sum
    }

    /// Calls that AWS IoT throttled.
    pub(super) fn throttles(&self) -> u64 {
        let calls = self.limits().flat_map(|limits| limits.calls.values());
        calls.map(|call| call.throttles).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::{
        block_on,
        recorded::{Answer, serve},
        s3,
    };

    fn units(answers: Vec<Answer>, sizes: Vec<u64>) -> (Store, Units) {
        let store = Store::new(s3(&serve(answers)), "runs".to_owned());
        (store, Units::with_sizes(RunFiles::of("r"), sizes))
    }

    const fn listing(to: &'static str, body: &'static str) -> Answer {
        Answer { to, status: 200, headers: "Content-Type: application/xml\r\n", body }
    }

    const fn object(to: &'static str, body: &'static str) -> Answer {
        Answer { to, status: 200, headers: "", body }
    }

    const TWO: &str = r#"{"began": 0, "ended": 2, "seconds": 2, "devices": 2, "runs": 1,
        "calls": {"CreateThing": {"calls": 3, "limited_seconds": 0, "throttles": 1}},
        "outcomes": {"created": 1, "failed": 1}}"#;

    #[test]
    fn a_unit_is_read_once_and_complete_units_are_listed_no_more() {
        let (store, mut units) = units(
            vec![
                // Asked first, all units are listed; the third is not complete, so the next listing begins before it.
                listing(
                    "start-after=runs%2Fr%2Flimits%2F00000000.json",
                    r#"<ListBucketResult><IsTruncated>false</IsTruncated>
                    <Contents><Key>runs/r/limits/00000001.json</Key><ETag>"1"</ETag></Contents>
                    <Contents><Key>runs/r/limits/00000002.json</Key><ETag>"1"</ETag></Contents>
                    <Contents><Key>runs/r/limits/00000003.json</Key><ETag>"1"</ETag></Contents></ListBucketResult>"#,
                ),
                listing(
                    "start-after=runs%2Fr%2Flimits%2F00000002.json",
                    r#"<ListBucketResult><IsTruncated>false</IsTruncated>
                    <Contents><Key>runs/r/limits/00000003.json</Key><ETag>"1"</ETag></Contents></ListBucketResult>"#,
                ),
                object("limits/0000000", TWO),
            ],
            vec![2, 2, 10],
        );
        block_on(async {
            units.refresh(&store).await.unwrap();
            assert_eq!(units.complete, 2);
            assert_eq!(
                units.outcomes(),
                BTreeMap::from([(OutcomeKind::Created, 3), (OutcomeKind::Failed, 3)])
            );
            assert_eq!((units.throttles(), units.is_behind()), (3, false));
            units.list(&store).await.unwrap();
            assert!(units.waiting.is_empty(), "its tag is the same");
            Ok(())
        })
        .unwrap();
    }

    #[test]
    fn a_unit_that_was_taken_up_again_is_read_again() {
        let (store, mut units) = units(
            vec![
                listing(
                    "start-after",
                    r#"<ListBucketResult><IsTruncated>false</IsTruncated>
                    <Contents><Key>runs/r/limits/00000001.json</Key><ETag>"2"</ETag></Contents></ListBucketResult>"#,
                ),
                object("limits/00000001", TWO),
            ],
            vec![2],
        );
        let limits: UnitLimits = serde_json::from_str(TWO).unwrap();
        let earlier =
            UnitLimits { outcomes: BTreeMap::from([(OutcomeKind::Created, 1)]), ..limits };
        units.read.insert(1, Read { etag: "\"1\"".to_owned(), limits: earlier });
        block_on(async { Ok(units.refresh(&store).await?) }).unwrap();
        assert_eq!(units.outcomes().values().sum::<u64>(), 2);
        assert_eq!(units.complete, 1);
    }

    #[test]
    fn a_refresh_lists_two_pages_and_goes_on_from_there() {
        let page = r#"<ListBucketResult><IsTruncated>true</IsTruncated>
            <Contents><Key>runs/r/limits/00001000.json</Key><ETag>"1"</ETag></Contents></ListBucketResult>"#;
        let next = r#"<ListBucketResult><IsTruncated>true</IsTruncated>
            <Contents><Key>runs/r/limits/00002000.json</Key><ETag>"1"</ETag></Contents></ListBucketResult>"#;
        let (store, mut units) = units(
            vec![
                listing("start-after=runs%2Fr%2Flimits%2F00000000.json", page),
                listing("start-after=runs%2Fr%2Flimits%2F00001000.json", next),
            ],
            vec![1; 3_000],
        );
        block_on(async { Ok(units.list(&store).await?) }).unwrap();
        assert_eq!(units.listed_to, 2_000);
        assert!(units.is_behind());
    }
}
