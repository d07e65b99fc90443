//! Reads `results.csv` of a run that has ended, a stretch at a time.

use ledger::{Names, Store, StoreError};

use crate::ReportError;

/// What is read at once.
const STRETCH: u64 = 4 * 1024 * 1024;

/// The columns by which a device is known, each with one name; and the one with further names.
const COLUMNS: [&str; 4] = ["id", "thing", "certificate_id", "names"];

/// The results of a run.
pub(crate) struct Results<'a> {
    store: &'a Store,
    key: String,
    bytes: u64,
    lines: Lines,
}

impl<'a> Results<'a> {
    /// The results under this key; none where the run read no entry.
    pub(crate) async fn open(store: &'a Store, key: String) -> Result<Self, StoreError> {
        let listed = store.list_written(&key).await?;
        let bytes = listed.iter().find(|listed| listed.key == key).map_or(0, |listed| listed.bytes);
        Ok(Self { store, key, bytes, lines: Lines::default() })
    }

    /// The next entries: where each one's line begins, and its names. None at the end.
    pub(crate) async fn next_entries(&mut self) -> Result<Option<Vec<(u64, Names)>>, ReportError> {
        let from = self.lines.next;
        if from >= self.bytes {
            return Ok(None);
        }
        let to = self.bytes.min(from + STRETCH);
        let Some(stretch) = self.store.read_range(&self.key, from..to).await? else {
            return Ok(None);
        };
        Ok(Some(self.lines.take(&stretch, to == self.bytes)?))
    }
}

/// Lines of CSV out of stretches that end anywhere.
#[derive(Default)]
struct Lines {
    /// Where the next stretch begins, in bytes.
    next: u64,
    /// A line that was not read to its end.
    rest: Vec<u8>,
    /// Where the columns are, once the first line is read.
    columns: Option<[Option<usize>; 4]>,
}

impl Lines {
    /// The entries of whole lines. Only at the end of the file is the last line known to be whole.
    fn take(&mut self, stretch: &[u8], is_last: bool) -> Result<Vec<(u64, Names)>, csv::Error> {
        let length = |bytes: &[u8]| u64::try_from(bytes.len()).unwrap_or_default();
        let begin = self.next - length(&self.rest);
        self.next += length(stretch);
        let mut text = std::mem::take(&mut self.rest);
        text.extend_from_slice(stretch);
        let mut reader = csv::ReaderBuilder::new();
        let reader = reader.has_headers(false).flexible(true).from_reader(text.as_slice());
        let mut lines = reader.into_byte_records().collect::<Result<Vec<_>, _>>()?;
        if !is_last && let Some(last) = lines.pop() {
            let at = usize::try_from(offset(&last)).unwrap_or_default();
            self.rest = text.get(at..).unwrap_or_default().to_vec();
        }
        let mut entries = Vec::new();
        for line in lines {
            match self.columns {
                None => self.columns = Some(COLUMNS.map(|name| position(&line, name))),
                Some(columns) => entries.push((begin + offset(&line), names(&line, columns))),
            }
        }
        Ok(entries)
    }
}

fn offset(line: &csv::ByteRecord) -> u64 {
    line.position().map_or(0, csv::Position::byte)
}

fn position(line: &csv::ByteRecord, name: &str) -> Option<usize> {
    line.iter().position(|cell| cell == name.as_bytes())
}

fn names(line: &csv::ByteRecord, columns: [Option<usize>; 4]) -> Names {
    let cells = columns.map(|column| {
        let cell = column.and_then(|column| line.get(column)).unwrap_or_default();
        String::from_utf8_lossy(cell)
    });
    let [id, thing, certificate_id, further] = &cells;
    let names = Names::default().with([id, thing, certificate_id].map(|cell| &**cell));
    names.with(further.split(';'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "entry,id,thing,reason,certificate_id,names\n\
        1,a-1,T-1,,c1,01:02; cn one\n\
        2,b-2,,\"two lines,\nand \"\"more\"\"\",c2,\n\
        3,ü-3,T-3,,c3,03\n";

    /// The file's entries, read in stretches of so many bytes: the text at each place, and the names.
    fn entries(stretch: usize) -> Vec<(String, Vec<String>)> {
        let mut lines = Lines::default();
        let mut found = Vec::new();
        let mut left = FILE.as_bytes();
        while !left.is_empty() {
            let (first, rest) = left.split_at(stretch.min(left.len()));
            found.extend(lines.take(first, rest.is_empty()).unwrap());
            left = rest;
        }
        let text = |at: u64| FILE[usize::try_from(at).unwrap()..].chars().take(5).collect();
        found.into_iter().map(|(at, names)| (text(at), names.beyond(&[]))).collect()
    }

    #[test]
    fn entries_and_their_places_do_not_depend_on_where_stretches_end() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let expected: Vec<(String, Vec<String>)> = vec![
            ("1,a-1".into(), names(&["a-1", "T-1", "c1", "01:02", " cn one"])),
            ("2,b-2".into(), names(&["b-2", "c2"])),
            ("3,ü-3".into(), names(&["ü-3", "T-3", "c3", "03"])),
        ];
        for stretch in 1..=FILE.len() {
            assert_eq!(entries(stretch), expected, "{stretch} bytes at a time");
        }
    }
}
