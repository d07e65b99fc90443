//! The runs that had a device, by the index in the runs bucket.

use std::{cmp::Ordering, collections::BTreeMap};

use anyhow::Result;
use ledger::{
    Found, History, Index, RESULT_COLUMNS, Record, RunFiles, RunKind, RunTag, Store, normalized,
};
use serde::Serialize;

use super::registry::Named;
use crate::{deployed::Deployed, unindexed::Missing};

/// So many are shown, unless all are asked for.
const SHOWN: usize = 5;

/// A line of results is rarely longer.
const LINE: u64 = 2 * 1024;
/// None is longer.
const LONGEST_LINE: u64 = 4 * 1024 * 1024;

/// How the keys of a second's runs begin leads to so many runs at most.
const OF_A_SECOND: u16 = 1_000;

/// What the search through all runs found.
#[derive(Debug, Default, Serialize)]
pub(super) struct Search {
    /// The entries that have the device, those of the newest run first.
    pub(super) seen: Vec<Seen>,
    /// How many more there are, in older runs.
    pub(super) more: usize,
    /// How many names were searched.
    pub(super) names: u64,
    /// In how many segments of the index.
    pub(super) segments: usize,
    /// How many runs are not in the index yet; `null` where that is not known.
    pub(super) unindexed: Missing,
    /// Parts of the index that could not be searched.
    pub(super) damaged: Vec<String>,
    /// Places of the index that lead to no entry.
    pub(super) unresolved: usize,
}

/// An entry of a run's file.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Seen {
    /// Name of the run.
    pub(super) run: String,
    /// What it was for.
    pub(super) kind: RunKind,
    /// When it started, in seconds of the Unix epoch.
    pub(super) started: f64,
    /// When its report was written.
    pub(super) ended: f64,
    /// Address of its file.
    pub(super) file: String,
    pub(super) vendor: String,
    pub(super) profile: String,
    /// Position in the file, from 1.
    pub(super) entry: u64,
    /// The same for a person.
    pub(super) place: String,
    /// The vendor's identifier.
    pub(super) id: String,
    pub(super) thing: String,
    pub(super) certificate_id: String,
    /// What was done.
    pub(super) outcome: String,
    pub(super) code: String,
    pub(super) reason: String,
    /// Codes of what was worth knowing.
    pub(super) warnings: String,
    /// Further names.
    pub(super) names: Vec<String>,
}

impl Seen {
    /// Whether it has this name.
    fn has(&self, name: &str) -> bool {
        let own = [&self.id, &self.thing, &self.certificate_id];
        own.into_iter().chain(&self.names).any(|own| normalized(own) == name)
    }
}

impl Search {
    /// The devices that the entries are, each once, the newest first: a certificate, and the thing that it was last given.
    pub(super) fn devices(&self) -> Vec<Named> {
        let mut devices: Vec<Named> = Vec::new();
        for Seen { thing, certificate_id, .. } in &self.seen {
            if thing.is_empty() && certificate_id.is_empty() {
                continue;
            }
            let same = devices.iter_mut().find(|device| {
                if certificate_id.is_empty() || device.certificate_id.is_empty() {
                    !thing.is_empty() && device.thing == *thing
                } else {
                    device.certificate_id == *certificate_id
                }
            });
            match same {
                Some(device) if device.thing.is_empty() => device.thing.clone_from(thing),
                Some(device) if device.certificate_id.is_empty() => {
                    device.certificate_id.clone_from(certificate_id);
                }
                Some(_) => {}
                None => devices
                    .push(Named { thing: thing.clone(), certificate_id: certificate_id.clone() }),
            }
        }
        devices
    }
}

/// Searches for what has this name, and then for the other entries of the same certificates: the second phase does not
/// know what the vendor calls a device, and the first one not what the factory does.
pub(super) async fn search(
    deployed: &Deployed,
    runs: &Store,
    id: &str,
    all: bool,
) -> Result<Search> {
    let unindexed = Missing::of(deployed, runs).await?;
    let mut reading = Reading { deployed, runs, history: BTreeMap::new() };
    let index = Index::new(runs.clone());
    let most = if all { usize::MAX } else { SHOWN };
    let found = index.find(id).await.map_err(|error| deployed.refused(error))?;
    let Found { records, segments, searched: names, damaged } = found;
    let mut search = Search { names, segments, unindexed, damaged, ..Search::default() };
    let mut known = records.clone();
    reading.add(&mut search, &records, id, most).await?;
    let mut certificates: Vec<String> =
        search.seen.iter().map(|seen| seen.certificate_id.clone()).collect();
    certificates.sort();
    certificates.dedup();
    for certificate in certificates {
        if certificate.is_empty() || normalized(&certificate) == normalized(id) {
            continue;
        }
        let found = index.find(&certificate).await.map_err(|error| deployed.refused(error))?;
        let others = |record: &Record| known.iter().all(|known| place(known) != place(record));
        let others: Vec<Record> = found.records.into_iter().filter(others).collect();
        known.extend(&others);
        reading.add(&mut search, &others, &certificate, most).await?;
    }
    // Runs of one second are told apart by their ends.
    let times = |seen: &Seen| (seen.started, seen.ended);
    search
        .seen
        .sort_by(|one, other| times(other).partial_cmp(&times(one)).unwrap_or(Ordering::Equal));
    let left = search.seen.split_off(search.seen.len().min(most));
    search.more += left.len();
    Ok(search)
}

fn place(record: &Record) -> (RunTag, u64) {
    (record.run, record.offset)
}

/// Reads what the index points at.
struct Reading<'a> {
    deployed: &'a Deployed,
    runs: &'a Store,
    history: BTreeMap<RunTag, Option<History>>,
}

impl Reading<'_> {
    /// Adds the entries of the newest of these places that have the name.
    async fn add(
        &mut self,
        search: &mut Search,
        records: &[Record],
        name: &str,
        most: usize,
    ) -> Result<()> {
        search.more += records.len().saturating_sub(most);
        let name = normalized(name);
        for record in records.iter().take(most) {
            let Some(history) = self.history_of(record.run).await? else {
                search.unresolved += 1;
                continue;
            };
            let line = self.line(&RunFiles::of(&history.run).results(), record.offset).await?;
            match line.and_then(|line| seen(history, &line)) {
                Some(seen) if seen.has(&name) => search.seen.push(seen),
                // Another name with the same number, or a report that was written again.
                _ => search.unresolved += 1,
            }
        }
        Ok(())
    }

    async fn history_of(&mut self, run: RunTag) -> Result<Option<History>> {
        if let Some(known) = self.history.get(&run) {
            return Ok(known.clone());
        }
        let listed = self.runs.list_first(&run.prefix(), None, OF_A_SECOND).await;
        let keys = listed.map_err(|error| self.deployed.refused(error))?;
        let history = match keys.iter().find(|key| run.is_of_key(key)) {
            Some(key) => self.deployed.json(key).await?,
            None => None,
        };
        self.history.insert(run, history.clone());
        Ok(history)
    }

    /// The line of results that begins there; none where none does.
    async fn line(&self, key: &str, offset: u64) -> Result<Option<csv::StringRecord>> {
        let mut length = LINE;
        while length <= LONGEST_LINE {
            let read = self.runs.read_range(key, offset..offset + length).await;
            let text = match read {
                Ok(Some(text)) => text,
                Ok(None) => return Ok(None),
                Err(error) if error.to_string().contains("InvalidRange") => return Ok(None),
                Err(error) => return Err(self.deployed.refused(error)),
            };
            let is_end = u64::try_from(text.len()).is_ok_and(|read| read < length);
            if let Some(line) = first_line(&text, is_end) {
                return Ok(Some(line));
            }
            if is_end {
                return Ok(None);
            }
            length *= 16;
        }
        Ok(None)
    }
}

/// The first line, where it is whole.
fn first_line(text: &[u8], is_end: bool) -> Option<csv::StringRecord> {
    let mut reader = csv::ReaderBuilder::new();
    let mut reader = reader.has_headers(false).flexible(true).from_reader(text);
    let mut line = csv::ByteRecord::new();
    if !reader.read_byte_record(&mut line).ok()? {
        return None;
    }
    let read = usize::try_from(reader.position().byte()).ok()?;
    let is_whole = is_end || read < text.len();
    is_whole.then(|| csv::StringRecord::from_byte_record_lossy(line))
}

fn seen(history: History, line: &csv::StringRecord) -> Option<Seen> {
    let cell = |name: &str| {
        let column = RESULT_COLUMNS.iter().position(|column| *column == name)?;
        line.get(column).map(str::to_owned)
    };
    let text = |name: &str| cell(name).unwrap_or_default();
    Some(Seen {
        entry: cell("entry")?.parse().ok()?,
        place: text("place"),
        id: text("id"),
        thing: text("thing"),
        certificate_id: text("certificate_id"),
        outcome: cell("outcome")?,
        code: text("code"),
        reason: text("reason"),
        warnings: text("warnings"),
        names: text("names")
            .split(';')
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect(),
        file: format!("s3://{}/{}", history.bucket, history.key),
        run: history.run,
        kind: history.kind,
        started: history.started,
        ended: history.ended,
        vendor: history.vendor,
        profile: history.profile,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, is_end: bool, expected: Option<&[&str]>) {
        let line = first_line(text.as_bytes(), is_end);
        let cells: Option<Vec<&str>> = line.as_ref().map(|line| line.iter().collect());
        assert_eq!(cells.as_deref(), expected);
    }

    #[test]
    fn a_line_counts_once_it_is_whole() {
        check("1,a\n2,b\n", false, Some(&["1", "a"]));
        check("1,a", false, None);
        check("1,a", true, Some(&["1", "a"]));
        check("1,\"a\nb", false, None);
        check("1,\"a\nb\",c\n2", false, Some(&["1", "a\nb", "c"]));
        check("", true, None);
    }

    fn entry(thing: &str, certificate_id: &str) -> Seen {
        Seen {
            run: String::new(),
            kind: RunKind::Import,
            started: 0.0,
            ended: 0.0,
            file: String::new(),
            vendor: String::new(),
            profile: String::new(),
            entry: 1,
            place: String::new(),
            id: "ID-7".into(),
            thing: thing.into(),
            certificate_id: certificate_id.into(),
            outcome: "created".into(),
            code: String::new(),
            reason: String::new(),
            warnings: String::new(),
            names: vec!["0A:0B".into()],
        }
    }

    #[test]
    fn entries_of_one_certificate_are_one_device_under_the_name_it_has_last() {
        let seen =
            vec![entry("new", "c1"), entry("", "c1"), entry("other", "c2"), entry("old", "c1")];
        let search = Search { seen, ..Search::default() };
        let devices: Vec<_> = search.devices();
        let names: Vec<_> = devices
            .iter()
            .map(|device| (device.thing.as_str(), device.certificate_id.as_str()))
            .collect();
        assert_eq!(names, [("new", "c1"), ("other", "c2")]);
        let search =
            Search { seen: vec![entry("", "c1"), entry("made", "c1")], ..Search::default() };
        assert_eq!(search.devices()[0].thing, "made");
    }

    #[test]
    fn a_name_is_compared_by_its_letters_and_digits() {
        let seen = entry("t", "c1");
        assert!(seen.has("id7") && seen.has("0a0b") && seen.has("c1") && !seen.has("id"));
    }
}
