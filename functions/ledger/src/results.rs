//! `results.csv`: the end of every entry, one a line, in the order of the file.
//!
//! It is read while it comes: a million entries have some hundred megabytes of it.

use aws_sdk_s3::{error::DisplayErrorContext, primitives::ByteStream};
use csv_core::{ReadRecordResult, Reader};

use crate::{RunFiles, Store, StoreError};

/// The columns. Further ones come at the end, so that a line by itself can be read.
pub const RESULT_COLUMNS: [&str; 12] = [
    "entry",
    "place",
    "id",
    "thing",
    "certificate_id",
    "outcome",
    "code",
    "reason",
    "retry",
    "unit",
    "warnings",
    // Further names of the device, with semicolons between them.
    "names",
];

/// The results of a run, an entry at a time.
pub(crate) struct Results {
    rows: Rows,
    key: String,
    columns: [usize; 2],
}

/// What became of an entry, as far as a later run asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EntryResult {
    /// Its number, from 1.
    pub(crate) entry: u64,
    /// Whether it did not end well, and the same file can succeed later.
    pub(crate) retry: bool,
}

impl Results {
    /// The results of the run of these files; none where they are gone.
    pub(crate) async fn open(store: &Store, files: &RunFiles) -> Result<Option<Self>, StoreError> {
        let key = files.results();
        let Some(body) = store.open(&key, None).await? else { return Ok(None) };
        let mut rows = Rows::new(body);
        let header = rows.next_row(&key).await?.unwrap_or_default();
        let column = |name| header.iter().position(|column| column == name);
        let (Some(entry), Some(retry)) = (column("entry"), column("retry")) else {
            return Err(malformed(&key));
        };
        Ok(Some(Self { rows, key, columns: [entry, retry] }))
    }

    /// The next entry, or `None` at the end.
    pub(crate) async fn next_result(&mut self) -> Result<Option<EntryResult>, StoreError> {
        let Some(row) = self.rows.next_row(&self.key).await? else { return Ok(None) };
        let [entry, retry] = self.columns.map(|column| row.get(column).map(String::as_str));
        let entry = entry.and_then(|entry| entry.parse().ok());
        match (entry, retry) {
            (Some(entry), Some(retry)) => Ok(Some(EntryResult { entry, retry: retry == "yes" })),
            _ => Err(malformed(&self.key)),
        }
    }
}

fn malformed(key: &str) -> StoreError {
    StoreError::Results { key: key.to_owned() }
}

/// Rows of CSV out of a stream of bytes.
struct Rows {
    body: ByteStream,
    chunk: Vec<u8>,
    position: usize,
    has_ended: bool,
    csv: Reader,
    text: Vec<u8>,
    ends: Vec<usize>,
}

impl Rows {
    fn new(body: ByteStream) -> Self {
        Self {
            body,
            chunk: Vec::new(),
            position: 0,
            has_ended: false,
            csv: Reader::new(),
            text: vec![0; 1 << 10],
            ends: vec![0; 16],
        }
    }

    async fn next_row(&mut self, key: &str) -> Result<Option<Vec<String>>, StoreError> {
        let (mut length, mut cells) = (0, 0);
        loop {
            if self.position >= self.chunk.len() && !self.has_ended {
                self.refill(key).await?;
            }
            // At the end, an empty piece tells the parser so.
            let (result, read, written, ended) = self.csv.read_record(
                self.chunk.get(self.position..).unwrap_or_default(),
                self.text.get_mut(length..).unwrap_or_default(),
                self.ends.get_mut(cells..).unwrap_or_default(),
            );
            self.position += read;
            length += written;
            cells += ended;
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => self.text.resize(self.text.len() * 2, 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                ReadRecordResult::Record => return Ok(Some(self.row(cells))),
                ReadRecordResult::End => return Ok(None),
            }
        }
    }

    fn row(&self, cells: usize) -> Vec<String> {
        let mut start = 0;
        let ends = self.ends.iter().take(cells);
        ends.map(|end| {
            let cell = self.text.get(start..*end).unwrap_or_default();
            start = *end;
            String::from_utf8_lossy(cell).into_owned()
        })
        .collect()
    }

    async fn refill(&mut self, key: &str) -> Result<(), StoreError> {
        match self.body.next().await {
            Some(Ok(chunk)) => {
                self.chunk.clear();
                self.chunk.extend_from_slice(&chunk);
                self.position = 0;
            }
            Some(Err(error)) => {
                let (key, cause) = (key.to_owned(), DisplayErrorContext(error).to_string());
                return Err(StoreError::S3 { action: "read", key, cause });
            }
            None => self.has_ended = true,
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn rows(text: &str) -> Vec<Vec<String>> {
        let mut rows = Rows::new(ByteStream::from(text.as_bytes().to_vec()));
        let mut all = Vec::new();
        while let Some(row) = rows.next_row("results.csv").await.unwrap() {
            all.push(row);
        }
        all
    }

    #[tokio::test]
    async fn cells_may_hold_commas_quotes_and_line_ends_of_any_length() {
        let long = "ü".repeat(5_000);
        let text = format!("a,b\n1,\"x, \"\"y\"\"\nz\"\n2,{long}\n3,last");
        let expected = [["a", "b"], ["1", "x, \"y\"\nz"], ["2", &long], ["3", "last"]];
        assert_eq!(rows(&text).await, expected);
    }

    #[tokio::test]
    async fn many_cells_and_no_rows_are_read_too() {
        let cells: Vec<String> = (0..100).map(|number| number.to_string()).collect();
        assert_eq!(rows(&cells.join(",")).await, [cells]);
        assert_eq!(rows("").await, Vec::<Vec<String>>::new());
    }
}
