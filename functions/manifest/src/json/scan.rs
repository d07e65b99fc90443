//! Where a JSON value ends.
//!
//! Only brackets and strings are looked at, so that a value that is broken inside can be passed
//! over, and the next one is found.

use memchr::memchr2;

/// How far a value goes, as seen so far.
#[derive(Debug, Default)]
pub(super) struct Scan {
    /// The closing brackets that are wanted, the innermost last.
    open: Vec<u8>,
    in_string: bool,
    escaped: bool,
}

/// What a piece of text brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The value goes on after this piece.
    More,
    /// The value ended after so many bytes of this piece.
    End(usize),
}

/// Why the end cannot be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ScanError {
    /// A closing bracket is not the one that is wanted.
    Bracket,
    /// Nested deeper than the limit.
    TooDeep,
}

impl Scan {
    /// Goes on through the next piece of the value, which begins with its first byte.
    pub(super) fn feed(&mut self, piece: &[u8], depth: usize) -> Result<Step, ScanError> {
        let mut next = 0;
        loop {
            if self.in_string {
                match self.string_end(piece, next) {
                    None => return Ok(Step::More),
                    Some(end) if self.open.is_empty() => return Ok(Step::End(end)),
                    Some(end) => next = end,
                }
            }
            let Some(byte) = piece.get(next) else { return Ok(Step::More) };
            let at = next;
            next += 1;
            match byte {
                b'"' => self.in_string = true,
                b'{' | b'[' => {
                    if self.open.len() >= depth {
                        return Err(ScanError::TooDeep);
                    }
                    self.open.push(if *byte == b'{' { b'}' } else { b']' });
                }
                // A bare number or word ends before what cannot belong to it.
                b',' | b']' | b'}' | b' ' | b'\t' | b'\r' | b'\n' if self.open.is_empty() => {
                    return Ok(Step::End(at));
                }
                b'}' | b']' => {
                    if self.open.pop() != Some(*byte) {
                        return Err(ScanError::Bracket);
                    }
                    if self.open.is_empty() {
                        return Ok(Step::End(at + 1));
                    }
                }
                _ => {}
            }
        }
    }

    /// Goes on through a string from `start`. Gives where it is over, unless it goes on after this
    /// piece.
    fn string_end(&mut self, piece: &[u8], start: usize) -> Option<usize> {
        let mut next = start;
        if std::mem::take(&mut self.escaped) {
            self.escaped = next >= piece.len();
            next += 1;
        }
        loop {
            let at = next + memchr2(b'"', b'\\', piece.get(next..)?)?;
            if piece.get(at) == Some(&b'"') {
                self.in_string = false;
                return Some(at + 1);
            }
            self.escaped = at + 1 == piece.len();
            next = at + 2;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Scan, ScanError, Step};

    #[track_caller]
    fn check(text: &str, expected: Result<Step, ScanError>) {
        assert_eq!(Scan::default().feed(text.as_bytes(), 3), expected, "{text}");
        // Byte by byte, too.
        let mut scan = Scan::default();
        let mut last = Ok(Step::More);
        for (at, byte) in text.bytes().enumerate() {
            last = match scan.feed(&[byte], 3) {
                Ok(Step::End(length)) => Ok(Step::End(at + length)),
                other => other,
            };
            if last != Ok(Step::More) {
                break;
            }
        }
        assert_eq!(last, expected, "{text}, byte by byte");
    }

    #[test]
    fn a_value_ends_with_its_last_bracket() {
        check(r#"{"a":[1,{}]} ,"#, Ok(Step::End(12)));
        check("[],", Ok(Step::End(2)));
    }

    #[test]
    fn brackets_and_quotes_within_strings_do_not_count() {
        check(r#"{"a":"}\"]\\"}x"#, Ok(Step::End(14)));
        check(r#""}]\"",1"#, Ok(Step::End(6)));
    }

    #[test]
    fn a_bare_word_ends_where_it_must() {
        check("12,", Ok(Step::End(2)));
        check("null]", Ok(Step::End(4)));
        check("x y", Ok(Step::End(1)));
    }

    #[test]
    fn what_does_not_end_goes_on() {
        check(r#"{"a":"}"#, Ok(Step::More));
        check("[[", Ok(Step::More));
    }

    #[test]
    fn crossed_brackets_and_depth_are_refused() {
        check("{]", Err(ScanError::Bracket));
        check("[[[", Ok(Step::More));
        check("[[[[", Err(ScanError::TooDeep));
    }
}
