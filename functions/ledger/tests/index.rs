//! The laws of the index, in a bucket in memory that counts what is read.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test says by panicking that something is not as it should be"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write as _,
    ops::Range,
    sync::{Arc, Mutex, MutexGuard},
};

use ledger::{
    Index, IndexError, IndexWriter, Listed, Names, Objects, Output, RunTag, STAYS, StoreError,
};
use proptest::prelude::*;

/// A bucket in memory.
#[derive(Clone, Debug, Default)]
struct Memory {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    objects: BTreeMap<String, Vec<u8>>,
    listings: usize,
    /// The keys that were read, and how many bytes of them.
    reads: Vec<(String, u64)>,
    /// Whether the next read finds its object gone, and the one that it was merged into instead.
    merges_away: Option<Box<Memory>>,
}

impl Memory {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Objects and bytes read since the last time.
    fn read(&self) -> (usize, u64) {
        let reads = std::mem::take(&mut self.state().reads);
        let objects: BTreeSet<_> = reads.iter().map(|(key, _)| key).collect();
        (objects.len(), reads.iter().map(|(_, bytes)| bytes).sum())
    }

    fn keys(&self) -> Vec<String> {
        self.state().objects.keys().cloned().collect()
    }

    /// Adds a run with these entries, each with its names, the lines of its results a hundred bytes long.
    async fn add(&self, run: &str, started: f64, entries: &[Vec<String>]) {
        let mut writer = IndexWriter::new(self.clone(), RunTag::of(run, started));
        for (offset, names) in (0..).step_by(100).zip(entries) {
            let names = Names::default().with(names.iter().map(String::as_str));
            writer.add(&names, offset).await.unwrap();
        }
        writer.finish().await.unwrap();
    }

    async fn find(&self, name: &str) -> Vec<(RunTag, u64)> {
        let found = Index::new(self.clone()).find(name).await.unwrap();
        assert_eq!(found.damaged, [""; 0]);
        found.records.iter().map(|record| (record.run, record.offset)).collect()
    }

    async fn merge(&self) -> usize {
        Index::new(self.clone()).merge(STAYS).await.unwrap()
    }
}

impl Objects for Memory {
    type Output = Written;

    async fn list(&self, prefix: &str) -> Result<Vec<Listed>, StoreError> {
        let mut state = self.state();
        state.listings += 1;
        let objects = state.objects.iter().filter(|(key, _)| key.starts_with(prefix));
        let listed = objects.map(|(key, content)| Listed {
            key: key.clone(),
            written: None,
            etag: String::new(),
            bytes: u64::try_from(content.len()).unwrap(),
        });
        Ok(listed.collect())
    }

    async fn read_range(
        &self,
        key: &str,
        range: Range<u64>,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let mut state = self.state();
        if let Some(after) = state.merges_away.take() {
            state.objects = std::mem::take(&mut after.state().objects);
        }
        let Some(object) = state.objects.get(key) else { return Ok(None) };
        let end = range.end.min(u64::try_from(object.len()).unwrap());
        let [from, to] = [range.start.min(end), end].map(|at| usize::try_from(at).unwrap());
        let bytes = object[from..to].to_vec();
        state.reads.push((key.to_owned(), end - range.start));
        Ok(Some(bytes))
    }

    async fn write(&self, key: &str, content: Vec<u8>) -> Result<(), StoreError> {
        self.state().objects.insert(key.to_owned(), content);
        Ok(())
    }

    fn create(&self, key: &str) -> Written {
        Written { to: self.clone(), key: key.to_owned(), content: Vec::new() }
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        self.state().objects.remove(key);
        Ok(())
    }
}

struct Written {
    to: Memory,
    key: String,
    content: Vec<u8>,
}

impl Output for Written {
    async fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.content.extend_from_slice(bytes);
        Ok(())
    }

    async fn finish(self) -> Result<(), StoreError> {
        self.to.write(&self.key, self.content).await
    }
}

/// The names of an entry, as an import of Microchip's devices gives them.
fn device(number: u32) -> Vec<String> {
    let id = format!("0123{number:012x}01");
    let thing = format!("sn{}", id.to_uppercase());
    let digest = |what: &str| {
        let number = u64::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        format!("{what}{:016x}{:016x}", number, number.rotate_left(29))
    };
    vec![thing, digest("ab"), digest("5e"), id]
}

#[tokio::test]
async fn a_device_among_a_million_in_a_thousand_runs_is_found_by_reading_little() {
    let memory = Memory::default();
    let (mut most_segments, mut merges) = (0, 0);
    for run in 0..1_000 {
        let entries: Vec<_> = (0..1_000).map(|entry| device(run * 1_000 + entry)).collect();
        memory.add(&format!("run-{run}"), f64::from(run) * 60.0, &entries).await;
        merges += memory.merge().await;
        most_segments = most_segments.max(memory.keys().len());
    }
    memory.read();
    assert!(most_segments <= 15, "{most_segments} segments");
    assert!(memory.keys().len() <= 15 && merges > 300, "{merges} merges");

    let mut most = (0, 0);
    for number in (0..1_000_000).step_by(9_973) {
        for name in device(number) {
            memory.state().listings = 0;
            let expected =
                RunTag::of(&format!("run-{}", number / 1_000), f64::from(number / 1_000) * 60.0);
            assert_eq!(memory.find(&name).await, [(expected, u64::from(number % 1_000) * 100)]);
            let (objects, bytes) = memory.read();
            assert!(objects <= 15 && bytes <= 1_000_000, "{objects} objects, {bytes} bytes");
            assert_eq!(memory.state().listings, 1);
            most = (most.0.max(objects), most.1.max(bytes));
        }
    }
    let line = format!(
        "the most that was read of 1,000 runs of 1,000 devices: {} objects, {} bytes\n",
        most.0, most.1
    );
    // `eprintln!` would be kept back where the test passes.
    std::io::stderr().write_all(line.as_bytes()).unwrap();
    assert_eq!(memory.find("never made").await, []);
}

#[tokio::test]
async fn merging_by_two_at_a_time_loses_nothing() {
    let memory = Memory::default();
    for run in 0..9 {
        memory.add(&format!("run-{run}"), f64::from(run), &[device(run)]).await;
    }
    // The other one has listed, and then deletes what this one has merged, and writes what it merged itself.
    let other = Memory::default();
    other.state().objects.clone_from(&memory.state().objects);
    other.merge().await;
    memory.merge().await;
    let written = other.state().objects.clone();
    for (key, content) in written {
        memory.write(&key, content).await.unwrap();
    }
    memory.merge().await;
    for run in 0..9 {
        let expected = (RunTag::of(&format!("run-{run}"), f64::from(run)), 0);
        assert_eq!(
            memory.find(&device(run)[0]).await,
            [expected],
            "once, however often it is there"
        );
    }
}

#[tokio::test]
async fn a_segment_that_is_merged_away_during_a_lookup_is_looked_for_again() {
    let memory = Memory::default();
    for run in 0..4 {
        memory.add(&format!("run-{run}"), f64::from(run), &[device(run)]).await;
    }
    let after = Memory::default();
    after.state().objects.clone_from(&memory.state().objects);
    assert_eq!(after.merge().await, 1);
    memory.state().merges_away = Some(Box::new(after));
    assert_eq!(memory.find(&device(2)[0]).await, [(RunTag::of("run-2", 2.0), 0)]);
    assert_eq!(memory.state().listings, 2);
}

#[tokio::test]
async fn a_damaged_segment_is_named_and_the_others_are_still_read() {
    let memory = Memory::default();
    for run in 0..3 {
        memory.add(&format!("run-{run}"), f64::from(run), &[device(run), device(run + 10)]).await;
    }
    let keys = memory.keys();
    let damage = |how: fn(&mut Vec<u8>)| how(memory.state().objects.get_mut(&keys[0]).unwrap());
    let lost = async || {
        let index = Index::new(memory.clone());
        let mut lost = 0;
        for run in 0..3 {
            let found = index.find(&device(run)[0]).await.unwrap();
            assert!(found.damaged[0].contains(&keys[0]), "{:?}", found.damaged);
            lost += usize::from(found.records.is_empty());
        }
        lost
    };
    damage(|content| content.truncate(24 * 7));
    assert_eq!(lost().await, 1, "the others are found");
    damage(|content| content.resize(24 * 8, 0));
    assert_eq!(lost().await, 1, "its records are not in order");

    // Merging leaves it alone, and merges the others.
    for run in 3..6 {
        memory.add(&format!("run-{run}"), f64::from(run), &[device(run), device(run + 10)]).await;
    }
    let merged = Index::new(memory.clone()).merge(STAYS).await;
    assert!(matches!(merged, Err(IndexError::Damaged { .. })), "{merged:?}");
    assert!(memory.keys().contains(&keys[0]) && memory.keys().len() < 6, "{:?}", memory.keys());
    memory.state().objects.remove(&keys[0]);
    let mut found = 0;
    for run in 0..6 {
        found += memory.find(&device(run)[0]).await.len();
    }
    assert_eq!(found, 5);
}

#[tokio::test]
async fn a_segment_of_a_size_with_too_many_records_waits() {
    let memory = Memory::default();
    for run in 0..4 {
        memory.add(&format!("run-{run}"), f64::from(run), &[device(run), device(run + 4)]).await;
    }
    let index = Index::new(memory.clone());
    assert_eq!(index.merge(31).await.unwrap(), 0);
    assert_eq!(index.size().await.unwrap(), 4);
    assert_eq!(index.merge(32).await.unwrap(), 1);
    assert_eq!(index.size().await.unwrap(), 1);
}

#[tokio::test]
async fn writing_a_run_again_changes_nothing() {
    let memory = Memory::default();
    memory.add("run-1", 1.0, &[device(1)]).await;
    let before = memory.keys();
    memory.add("run-1", 1.0, &[device(1)]).await;
    assert_eq!(memory.keys(), before);
}

#[tokio::test]
async fn a_name_that_all_share_is_kept_for_a_few_and_slows_nothing() {
    let memory = Memory::default();
    let entries: Vec<_> = (0..2_000)
        .map(|number| [device(number), vec!["the same name".to_owned()]].concat())
        .collect();
    memory.add("run-1", 1.0, &entries).await;
    assert_eq!(memory.find("The-same-NAME").await.len(), ledger::SHARED);
    assert_eq!(memory.find(&device(1_999)[3]).await.len(), 1);
}

/// What happens to the index, one after another.
#[derive(Clone, Debug)]
enum Event {
    /// A run of entries, of a few names each.
    Run(Vec<Vec<u8>>),
    /// The last run's report is written again.
    Again,
    Merge,
}

fn event() -> impl Strategy<Value = Event> {
    let entry = prop::collection::vec(any::<u8>(), 0..4);
    prop_oneof![
        5 => prop::collection::vec(entry, 0..40).prop_map(Event::Run),
        1 => Just(Event::Again),
        3 => Just(Event::Merge),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_name_of_every_run_is_found_after_whatever_came(events in prop::collection::vec(event(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let memory = Memory::default();
            let mut expected: BTreeMap<String, BTreeSet<(RunTag, u64)>> = BTreeMap::new();
            let mut last = (0, Vec::new());
            for (number, event) in (0_u32..).zip(events) {
                if matches!(event, Event::Merge) {
                    memory.merge().await;
                    continue;
                }
                if let Event::Run(entries) = event {
                    let named = |entry: &Vec<u8>| entry.iter().map(|name| format!("N-{name}")).collect();
                    last = (number, entries.iter().map(named).collect());
                }
                let (run, started) = (format!("run-{}", last.0), f64::from(last.0 / 3));
                memory.add(&run, started, &last.1).await;
                let mut shared: BTreeMap<String, usize> = BTreeMap::new();
                for (offset, names) in (0..).step_by(100).zip(&last.1) {
                    for name in names.iter().collect::<BTreeSet<_>>() {
                        let times = shared.entry(name.clone()).or_default();
                        *times += 1;
                        if *times <= ledger::SHARED {
                            expected.entry(name.clone()).or_default().insert((RunTag::of(&run, started), offset));
                        }
                    }
                }
            }
            for (name, places) in expected {
                let found = memory.find(&name.to_lowercase().replace('-', " ")).await;
                assert!(found.is_sorted(), "the newest run first");
                assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), places, "{name}");
            }
        });
    }
}
