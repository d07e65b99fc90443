//! DER's outermost layer, enough to tell one kind of file from another.

pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(crate) const SEQUENCE: u8 = 0x30;

/// Tag, content, and what follows. `None` where the bytes are no DER element or end within it.
pub(crate) fn read(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, length, rest) = header(bytes)?;
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

/// Whether the bytes begin a DER sequence that is longer than they are.
pub(crate) fn is_cut_short(bytes: &[u8]) -> bool {
    header(bytes).is_some_and(|(tag, length, rest)| tag == SEQUENCE && length > rest.len())
}

fn header(bytes: &[u8]) -> Option<(u8, usize, &[u8])> {
    let (tag, rest) = bytes.split_first()?;
    let (first, rest) = rest.split_first()?;
    match first {
        0..=0x7f => Some((*tag, usize::from(*first), rest)),
        0x81..=0x84 => {
            let (length, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            let length = length
                .iter()
                .try_fold(0_usize, |sum, byte| Some(sum.checked_mul(256)? + usize::from(*byte)))?;
            Some((*tag, length, rest))
        }
        // An indefinite length, which DER does not have, or one that no file has.
        0x80 | 0x85.. => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{is_cut_short, read};

    #[test]
    fn short_and_long_lengths_are_read() {
        assert_eq!(read(&[2, 1, 7, 9]), Some((2, &[7][..], &[9][..])));
        assert_eq!(read(&[4, 0x82, 0, 1, 7]), Some((4, &[7][..], &[][..])));
    }

    #[test]
    fn what_ends_too_early_is_seen() {
        assert_eq!(read(&[0x30, 0x82, 1, 0, 7]), None);
        assert!(is_cut_short(&[0x30, 0x82, 1, 0, 7]));
        assert!(!is_cut_short(&[0x30, 1, 7]));
        assert_eq!(read(&[0x30, 0x80]), None);
        assert_eq!(read(&[]), None);
    }
}
