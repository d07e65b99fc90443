//! Where each device stands in the results of all runs, so that finding one reads little of little.
//!
//! # The format
//!
//! The index is objects `index/v1/<records>-<digest>` of the runs bucket, called segments. No service
//! stands behind it, and nothing in it cannot be made again of the runs' `results.csv`.
//!
//! A segment is records of 24 bytes, in ascending order of their bytes, and nothing else. `<records>` is
//! how many, in twelve decimal digits; an object of another size is damaged. A record is four
//! unsigned numbers, the most significant byte first:
//!
//! | bytes | what |
//! |---|---|
//! | 8 | the first 8 bytes of the SHA-256 of a name's letters and digits, in lower case and UTF-8 |
//! | 4 | 4294967295 less the second of the Unix epoch in which the run started |
//! | 4 | the first 4 bytes of the SHA-256 of the run's name |
//! | 8 | where the entry's line begins in the run's `results.csv`, in bytes |
//!
//! A name is anything by which a person may ask for a device: see [`Names`]. The second number, in ten
//! decimal digits, is how the keys of the run's [`History`](crate::History) begin:
//! `history/<second number>-<run>.json`; the third one tells runs apart that started in the same second.
//!
//! To find a name, list `index/v1/`, and search each segment for the records that begin with the name's
//! 8 bytes. The digest spreads names evenly, so the place where they must be is known but for a few
//! hundred records, and one read of a range of a few kilobytes finds them. Then read the line, and
//! compare: two names may have the same 8 bytes, and a report that was written again may have moved its
//! lines. The same record may be in several segments.
//!
//! # How segments come and go
//!
//! Each report adds a segment. Where four of about the same size stand, they are merged into one, so
//! that there are at most three of each power of four, and one lookup a segment stays few. A merged segment is
//! written before its parts are deleted, and a segment's digest stands for its content: whoever
//! merges or writes at the same time may leave a record twice, and never loses one. A segment of
//! [`STAYS`] records is left as it is.

mod merge;
mod names;
mod objects;
mod search;
mod segment;
mod writer;

use std::collections::BTreeSet;

use tokio::task::JoinSet;

pub use names::{Names, normalized};
pub use objects::{Objects, Output};
pub use segment::{Record, STAYS};
pub use writer::{IndexWriter, SHARED};

use crate::{Store, StoreError};
use search::Search;
use segment::Segment;

/// A lookup that comes upon segments which were merged away meanwhile begins again so often.
const LOOKS: usize = 5;

/// So many of about the same size are merged into one.
const MERGED: usize = 4;

/// The index could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// S3 refused, or could not be reached.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A segment is not what its key says.
    #[error("`{key}` is damaged: {what}")]
    Damaged {
        /// Its key.
        key: String,
        /// What is wrong with it.
        what: &'static str,
    },
    /// Segments vanished, again and again, between listing them and reading them.
    #[error("the index changed under every look at it; look again in a minute")]
    Restless,
    /// A part of a lookup ended without an answer.
    #[error("a lookup was broken off")]
    BrokenOff,
}

impl IndexError {
    /// Stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Store(error) => error.code(),
            Self::Damaged { .. } => "Index.Damaged",
            Self::Restless | Self::BrokenOff => "Index.Restless",
        }
    }
}

/// What a lookup found.
#[derive(Debug, Default)]
pub struct Found {
    /// Where the name stands, each place once: by the time of the run, the newest first. At most a
    /// hundred of a segment.
    pub records: Vec<Record>,
    /// How many segments were searched.
    pub segments: usize,
    /// How many records they have.
    pub searched: u64,
    /// What could not be searched, each in a sentence.
    pub damaged: Vec<String>,
}

/// The index, in a bucket.
#[derive(Clone, Debug)]
pub struct Index<O = Store> {
    objects: O,
}

impl<O: Objects> Index<O> {
    /// The index in these objects.
    pub fn new(objects: O) -> Self {
        Self { objects }
    }

    /// Adds a segment of these records, in any order.
    pub async fn add(&self, mut records: Vec<Record>) -> Result<(), IndexError> {
        if records.is_empty() {
            return Ok(());
        }
        records.sort_unstable();
        records.dedup();
        let (segment, content) = Segment::of(&records);
        self.objects.write(segment.key(), content).await?;
        Ok(())
    }

    /// Where a name stands in the results of all runs.
    pub async fn find(&self, name: &str) -> Result<Found, IndexError> {
        let hash = names::hash(name);
        for _ in 0..LOOKS {
            if let Some(found) = self.look(hash).await? {
                return Ok(found);
            }
        }
        Err(IndexError::Restless)
    }

    /// One look through all segments; none where one of them vanished meanwhile.
    async fn look(&self, hash: u64) -> Result<Option<Found>, IndexError> {
        let mut found = Found::default();
        let mut lookups = JoinSet::new();
        for segment in self.segments().await? {
            match segment {
                Ok(segment) => {
                    found.segments += 1;
                    found.searched += segment.records();
                    lookups.spawn(search_segment(self.objects.clone(), segment, hash));
                }
                Err(damage) => found.damaged.push(damage.to_string()),
            }
        }
        let mut records = BTreeSet::new();
        while let Some(lookup) = lookups.join_next().await {
            match lookup.map_err(|_| IndexError::BrokenOff)? {
                Ok(Some(more)) => records.extend(more),
                Ok(None) => return Ok(None),
                Err(damage @ IndexError::Damaged { .. }) => found.damaged.push(damage.to_string()),
                Err(error) => return Err(error),
            }
        }
        found.records = records.into_iter().collect();
        found.damaged.sort();
        Ok(Some(found))
    }

    /// Merges segments of about the same size, the smallest first, as long as four together have no more
    /// than `most` records. Returns how many merges were done.
    ///
    /// One that fails, or is dropped on its way, leaves the index as it was.
    pub async fn merge(&self, most: u64) -> Result<usize, IndexError> {
        let mut segments: Vec<Segment> =
            self.segments().await?.into_iter().filter_map(Result::ok).collect();
        let mut done = 0;
        let mut damage = None;
        while let Some(parts) = take_alike(&mut segments, most) {
            match merge::merge(&self.objects, &parts).await {
                Ok(Some(merged)) => {
                    segments.push(merged);
                    done += 1;
                }
                // Somebody else merged one of them meanwhile; the others wait for the next time.
                Ok(None) => {}
                // It stays away from all merges, and the others' turn comes without it.
                Err(IndexError::Damaged { key, what }) => {
                    segments.extend(parts.into_iter().filter(|part| part.key() != key));
                    damage = Some(IndexError::Damaged { key, what });
                }
                Err(error) => return Err(error),
            }
        }
        damage.map_or(Ok(done), Err)
    }

    /// How many segments stand.
    pub async fn size(&self) -> Result<usize, IndexError> {
        Ok(self.segments().await?.len())
    }

    async fn segments(&self) -> Result<Vec<Result<Segment, IndexError>>, IndexError> {
        let listed = self.objects.list(segment::PREFIX).await?;
        Ok(listed.iter().filter_map(Segment::listed).collect())
    }
}

/// Takes four segments of about the same size out, of the smallest size that has four.
fn take_alike(segments: &mut Vec<Segment>, most: u64) -> Option<Vec<Segment>> {
    let mut sizes: Vec<u32> = segments.iter().filter_map(Segment::level).collect();
    sizes.sort_unstable();
    let level = *sizes
        .chunk_by(|one, other| one == other)
        .find(|alike| alike.len() >= MERGED)
        .and_then(<[u32]>::first)?;
    let (mut alike, rest): (Vec<_>, Vec<_>) =
        segments.drain(..).partition(|segment| segment.level() == Some(level));
    *segments = rest;
    alike.sort();
    segments.extend(alike.split_off(MERGED));
    let records: u64 = alike.iter().map(Segment::records).sum();
    if records <= most {
        return Some(alike);
    }
    // All others of this size, and all greater ones, are too large as well, or nearly so.
    segments.extend(alike);
    None
}

async fn search_segment<O: Objects>(
    objects: O,
    segment: Segment,
    hash: u64,
) -> Result<Option<Vec<Record>>, IndexError> {
    let mut search = Search::new(hash, segment.records());
    while let Some(records) = search.next() {
        let range = segment::bytes_of(&records);
        let Some(bytes) = objects.read_range(segment.key(), range).await? else {
            return Ok(None);
        };
        search.feed(&records, &bytes).map_err(|what| segment.damaged(what))?;
    }
    Ok(Some(search.into_found()))
}
