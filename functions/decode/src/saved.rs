//! Where the decoder stopped, so that the next call goes on there.
//!
//! `decoding.json` is put last and whole, so it is one leg's or the next one's, and a call that dies in
//! between is repeated from the leg before it. What that call sent is sent again, under the same numbers
//! of parts.

use ledger::{Keep, ObjectWriter, Prepared, RunFiles, Stop, Store, Unfinished, UnitSizes};
use manifest::Position;
use prepare::{Books, Signatures, Sorting};
use serde::{Deserialize, Serialize};

use crate::{DecodeError, fingerprint::Fingerprint, run_files::Each};

/// `decoding.json`
#[derive(Debug, Serialize, Deserialize)]
struct Document {
    legs: u32,
    now: i64,
    next: Next,
    files: Each<Unfinished>,
    /// How much of each file was not sent yet: it stands in `decoding-<legs>.bin`, and behind it what finds
    /// duplicates.
    rest: Each<usize>,
}

/// What is to be done next.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Next {
    /// The file is read on.
    Read { position: Box<Position>, fingerprint: Fingerprint, books: Books, sizes: UnitSizes },
    /// Nothing more of the file can be used, and it is read on for its fingerprint alone.
    Fingerprint { fingerprint: Fingerprint, end: End },
    /// All is read and sent, and the run's files are to appear.
    Close { end: End },
}

/// What the reading came to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct End {
    pub(crate) prepared: Prepared,
    pub(crate) signatures: Signatures,
    /// Why the file is not used, where it cannot be read to its end.
    pub(crate) broken: Option<Stop>,
}

/// What the legs before have left.
#[derive(Debug)]
pub(crate) struct Saved {
    /// How many they are.
    pub(crate) legs: u32,
    /// When the first one began, in seconds since 1970.
    pub(crate) now: i64,
    pub(crate) next: Next,
    pub(crate) files: Each<Unfinished>,
    pub(crate) rest: Each<Vec<u8>>,
    /// What finds duplicates, as it was written down.
    pub(crate) duplicates: Vec<u8>,
}

impl Saved {
    /// What was saved of the run; none where no leg is behind.
    pub(crate) async fn read(store: &Store, files: &RunFiles) -> Result<Option<Self>, DecodeError> {
        let Some(document) = store.read_json::<Document>(&files.decoding()).await? else {
            return Ok(None);
        };
        let Document { legs, now, next, files: unfinished, rest } = document;
        let missing = DecodeError::Missing("state of the legs before");
        let Some(bytes) = store.read(&files.decoded(legs)).await? else { return Err(missing) };
        let mut left = bytes.as_slice();
        let mut take = |length| {
            let (part, behind) = left.split_at_checked(length)?;
            left = behind;
            Some(part.to_vec())
        };
        let (Some(work), Some(units), Some(rejected)) =
            (take(rest.work), take(rest.units), take(rest.rejected))
        else {
            return Err(missing);
        };
        let (rest, duplicates) = (Each { work, units, rejected }, left.to_vec());
        Ok(Some(Self { legs, now, next, files: unfinished, rest, duplicates }))
    }
}

/// Saves what the next call needs, behind so many legs that began at `now`. `sorting` is there where more is
/// to be sorted.
pub(crate) async fn save(
    store: &Store,
    files: &RunFiles,
    (legs, now): (u32, i64),
    next: Next,
    writers: Each<ObjectWriter>,
    sorting: Option<&Sorting>,
) -> Result<(), DecodeError> {
    let (unfinished, rest) = writers.put_aside().await?;
    let document = Document {
        legs,
        now,
        next,
        files: unfinished,
        rest: Each {
            work: rest.work.len(),
            units: rest.units.len(),
            rejected: rest.rejected.len(),
        },
    };
    let mut duplicates = Vec::new();
    if let Some(sorting) = sorting {
        // Writing into memory does not fail.
        let _ = sorting.write_duplicates(&mut duplicates);
    }
    let mut writer = store.writer(files.decoded(legs), Keep::Passing);
    for part in [rest.work, rest.units, rest.rejected, duplicates] {
        writer.write_owned(part).await?;
    }
    writer.finish().await?;
    Ok(store.write_json(&files.decoding(), &document, Keep::Passing).await?)
}
