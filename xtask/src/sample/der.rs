//! DER, as far as a certificate needs it.

/// Tag, length, value.
pub(super) fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut der = Vec::with_capacity(content.len() + 6);
    der.push(tag);
    let length = content.len().to_be_bytes();
    let length = without_leading_zeros(&length);
    if content.len() >= 0x80 {
        // At most eight bytes hold a length.
        der.push(0x80 | u8::try_from(length.len()).unwrap_or_default());
    }
    der.extend(if length.is_empty() { &[0] } else { length });
    der.extend(content);
    der
}

pub(super) fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    tlv(0x30, &parts.concat())
}

pub(super) fn set(parts: &[&[u8]]) -> Vec<u8> {
    tlv(0x31, &parts.concat())
}

/// An integer that is not negative.
pub(super) fn integer(bytes: &[u8]) -> Vec<u8> {
    match without_leading_zeros(bytes) {
        [] => tlv(0x02, &[0]),
        significant @ [0x80..=0xff, ..] => tlv(0x02, &[&[0], significant].concat()),
        significant => tlv(0x02, significant),
    }
}

pub(super) fn bit_string(bytes: &[u8]) -> Vec<u8> {
    tlv(0x03, &[&[0], bytes].concat())
}

pub(super) fn octet_string(bytes: &[u8]) -> Vec<u8> {
    tlv(0x04, bytes)
}

pub(super) fn null() -> Vec<u8> {
    tlv(0x05, &[])
}

pub(super) fn utf8(text: &str) -> Vec<u8> {
    tlv(0x0c, text.as_bytes())
}

pub(super) fn printable(text: &str) -> Vec<u8> {
    tlv(0x13, text.as_bytes())
}

/// Part of a structure that a number tells from the others.
pub(super) fn tagged(number: u8, content: &[u8]) -> Vec<u8> {
    tlv(0xa0 | number, content)
}

/// `YYMMDDhhmmssZ`, or with a year of four digits, which RFC 5280 wants from 2050.
pub(super) fn time(text: &str) -> Vec<u8> {
    const SHORT: usize = 13;
    let tag = if text.len() == SHORT { 0x17 } else { 0x18 };
    tlv(tag, text.as_bytes())
}

/// An object identifier by its numbers.
pub(super) fn oid(numbers: &[u32]) -> Vec<u8> {
    let mut content = Vec::new();
    if let [first, second, rest @ ..] = numbers {
        for number in [&(first * 40 + second)].into_iter().chain(rest) {
            // Seven bits a byte; all bytes but the last say that more follow.
            let mut digits = vec![low_bits(*number)];
            let mut rest = number >> 7;
            while rest > 0 {
                digits.push(0x80 | low_bits(rest));
                rest >>= 7;
            }
            content.extend(digits.iter().rev());
        }
    }
    tlv(0x06, &content)
}

fn low_bits(number: u32) -> u8 {
    u8::try_from(number & 0x7f).unwrap_or_default()
}

fn without_leading_zeros(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    bytes.get(zeros..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{integer, oid, tlv};

    #[test]
    fn lengths_have_the_shortest_form() {
        let starts = |length, start: &[u8]| tlv(0x04, &vec![9; length]).starts_with(start);
        assert_eq!(tlv(0x04, &[]), [4, 0]);
        assert!(starts(127, &[4, 127, 9]));
        assert!(starts(128, &[4, 0x81, 128, 9]));
        assert!(starts(256, &[4, 0x82, 1, 0, 9]));
        assert!(starts(65_536, &[4, 0x83, 1, 0, 0, 9]));
    }

    #[test]
    fn integers_are_not_negative_and_have_no_spare_bytes() {
        assert_eq!(integer(&[]), [2, 1, 0]);
        assert_eq!(integer(&[0, 0, 5]), [2, 1, 5]);
        assert_eq!(integer(&[0, 0x80]), [2, 2, 0, 0x80]);
    }

    #[test]
    fn object_identifiers_are_those_of_the_standards() {
        assert_eq!(oid(&[2, 5, 4, 3]), b"\x06\x03\x55\x04\x03");
        assert_eq!(
            oid(&[1, 2, 840, 113_549, 1, 1, 11]),
            b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b"
        );
        assert_eq!(oid(&[1, 2, 276, 0, 68, 1, 20, 1]), b"\x06\x08\x2a\x82\x14\x00\x44\x01\x14\x01");
    }
}
