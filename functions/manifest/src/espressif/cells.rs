//! The cells of one row (RFC 4180).

use std::borrow::Cow;
use std::cell::RefCell;
use std::ops::Range;

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};
use memchr::{memchr, memchr3};

use crate::reason::Reason;

thread_local! {
    /// The last reader of this thread, and for which delimiter it was made. Making one takes longer than
    /// reading most rows does, and one that is cloned reads wrongly.
    static READER: RefCell<Option<(u8, Reader)>> = const { RefCell::new(None) };
}

/// Takes rows apart.
#[derive(Clone, Copy, Debug)]
pub(super) struct Splitter {
    delimiter: u8,
}

/// The cells of a row, one after the other.
#[derive(Debug)]
pub(super) struct Cells<'r> {
    text: Cow<'r, str>,
    /// Where in the text each one is.
    spans: Vec<Range<usize>>,
}

impl Splitter {
    pub(super) const fn new(delimiter: u8) -> Self {
        Self { delimiter }
    }

    /// Takes a row apart, which is to be one and no more.
    pub(super) fn split(self, row: &[u8]) -> Result<Cells<'_>, Reason> {
        match self.plain(row) {
            Some(spans) => {
                let text = std::str::from_utf8(row).map_err(|_| no_text())?;
                Ok(Cells { text: Cow::Borrowed(text), spans })
            }
            None => self.split_any(row),
        }
    }

    /// Where the cells of a row are, if its quotation marks stand around whole cells and nowhere else, as
    /// they nearly always do. Such a row is taken apart without being copied.
    fn plain(self, row: &[u8]) -> Option<Vec<Range<usize>>> {
        let line = row.strip_suffix(b"\n")?;
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        // A mark of the byte order would go.
        if line.is_empty() || line.starts_with(b"\xef") {
            return None;
        }
        let mut spans = Vec::with_capacity(8);
        let mut at = 0;
        loop {
            let rest = line.get(at..)?;
            let end = if let Some(quoted) = rest.strip_prefix(b"\"") {
                let length = memchr(b'"', quoted)?;
                spans.push(at + 1..at + 1 + length);
                at + length + 2
            } else {
                let length = memchr(self.delimiter, rest).unwrap_or(rest.len());
                if memchr3(b'"', b'\r', b'\n', rest.get(..length)?).is_some() {
                    return None;
                }
                spans.push(at..at + length);
                at + length
            };
            match line.get(end) {
                None => return Some(spans),
                Some(byte) if *byte == self.delimiter => at = end + 1,
                Some(_) => return None,
            }
        }
    }

    /// Takes any row apart.
    fn split_any(self, row: &[u8]) -> Result<Cells<'_>, Reason> {
        READER.with_borrow_mut(|kept| {
            let made = kept.take().filter(|(delimiter, _)| *delimiter == self.delimiter);
            let (_, reader) = kept.insert(made.unwrap_or_else(|| {
                (self.delimiter, ReaderBuilder::new().delimiter(self.delimiter).build())
            }));
            reader.reset();
            split(reader, row)
        })
    }
}

fn split<'r>(reader: &mut Reader, row: &[u8]) -> Result<Cells<'r>, Reason> {
    const UNORDERED: &str = "the row's quotation marks or line ends are not in order";
    let mut cells = Vec::new();
    let mut ends = Vec::new();
    let rest = take(reader, row, &mut cells, &mut ends).ok_or(Reason::malformed(UNORDERED))?;
    if !rest.is_empty() && take(reader, rest, &mut Vec::new(), &mut Vec::new()).is_some() {
        return Err(Reason::malformed(UNORDERED));
    }
    let text = String::from_utf8(cells).map_err(|_| no_text())?;
    // A character must not begin in one cell and end in the next.
    if ends.iter().any(|end| !text.is_char_boundary(*end)) {
        return Err(no_text());
    }
    let starts = std::iter::once(0).chain(ends.iter().copied());
    let spans = starts.zip(&ends).map(|(start, end)| start..*end).collect();
    Ok(Cells { text: Cow::Owned(text), spans })
}

fn no_text() -> Reason {
    Reason::malformed("the row is not text in UTF-8")
}

impl Cells<'_> {
    pub(super) fn len(&self) -> usize {
        self.spans.len()
    }

    pub(super) fn get(&self, at: usize) -> Option<&str> {
        self.text.get(self.spans.get(at)?.clone())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).filter_map(|at| self.get(at))
    }
}

/// Reads the next row into `cells`, and gives what follows it; `None` where there is none.
fn take<'r>(
    reader: &mut Reader,
    row: &'r [u8],
    cells: &mut Vec<u8>,
    ends: &mut Vec<usize>,
) -> Option<&'r [u8]> {
    let mut rest = row;
    let (mut written, mut ended) = (0, 0);
    cells.resize(row.len() + 1, 0);
    ends.resize(8, 0);
    loop {
        let (result, read, more_written, more_ended) = reader.read_record(
            rest,
            cells.get_mut(written..).unwrap_or_default(),
            ends.get_mut(ended..).unwrap_or_default(),
        );
        rest = rest.get(read..).unwrap_or_default();
        written += more_written;
        ended += more_ended;
        match result {
            // Being called once more without any input, it ends the row.
            ReadRecordResult::InputEmpty => {}
            ReadRecordResult::OutputFull => cells.resize(cells.len() * 2, 0),
            ReadRecordResult::OutputEndsFull => ends.resize(ends.len() * 2, 0),
            ReadRecordResult::Record => break,
            ReadRecordResult::End => return None,
        }
    }
    cells.truncate(written);
    ends.truncate(ended);
    Some(rest)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Splitter;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn both_ways_take_any_row_apart_alike(
            pieces in prop::collection::vec(prop::sample::select(vec![
                &b"a"[..], b"b c", b",", b",", b";", b"\"", b"\"", b"\"a\"", b",\"x\ny\",", b"\"\"", b"\r", b"\n",
                b"\r\n", b" ", b"\xef\xbb\xbf", b"\xc3\xa4", b"\xc3",
            ]), 0..12),
            end in prop::sample::select(vec!["\n", "\r\n", ""]),
        ) {
            let row = [&pieces.concat(), end.as_bytes()].concat();
            let splitter = Splitter::new(b',');
            let cells = |cells: super::Cells<'_>| {
                cells.iter().map(str::to_owned).collect::<Vec<_>>()
            };
            let (one, other) = (splitter.split(&row), splitter.split_any(&row));
            prop_assert_eq!(one.map(cells), other.map(cells));
        }
    }

    #[track_caller]
    fn check(row: &str, expected: &[&str]) {
        let cells = Splitter::new(b',').split(row.as_bytes()).unwrap();
        assert_eq!(cells.iter().collect::<Vec<_>>(), expected, "{row:?}");
        assert_eq!(cells.len(), expected.len());
    }

    #[test]
    fn cells_are_taken_apart_by_the_rules_of_quotation_marks() {
        check("a,b\n", &["a", "b"]);
        check("a,b", &["a", "b"]);
        check("\"a,\nb\",\"c\"\"d\"\r\n", &["a,\nb", "c\"d"]);
        check(",,\n", &["", "", ""]);
        check("ä,\"ö\"\n", &["ä", "ö"]);
        check(&format!("{}x\n", "x,".repeat(40)), &["x"; 41]);
    }

    #[test]
    fn what_is_more_or_less_than_one_row_is_refused() {
        for row in ["a,b\nc,d\n", "a\rb\n", "", "\n\n"] {
            assert!(Splitter::new(b',').split(row.as_bytes()).is_err(), "{row:?}");
        }
    }

    #[test]
    fn a_character_across_two_cells_is_no_text() {
        for row in [&b"\xc3,\xa9\n"[..], b"\xff,a\n"] {
            assert!(Splitter::new(b',').split(row).is_err());
        }
        assert!(Splitter::new(b';').split("é;a,b\n".as_bytes()).is_ok());
    }
}
