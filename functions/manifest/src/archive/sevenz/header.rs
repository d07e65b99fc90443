//! The header of a 7z archive, as far as it must be known before it is used (7-Zip's
//! `7zFormat.txt` describes it).

use super::super::ArchiveFault;

const END: u8 = 0x00;
const HEADER: u8 = 0x01;
const ARCHIVE_PROPERTIES: u8 = 0x02;
const MAIN_STREAMS: u8 = 0x04;
const FILES: u8 = 0x05;
const PACK_INFO: u8 = 0x06;
const UNPACK_INFO: u8 = 0x07;
const SUB_STREAMS: u8 = 0x08;
const SIZES: u8 = 0x09;
const CRCS: u8 = 0x0a;
const FOLDER: u8 = 0x0b;
const UNPACK_SIZES: u8 = 0x0c;
const SUB_STREAM_COUNTS: u8 = 0x0d;
const NAMES: u8 = 0x11;
/// What a header begins with that is packed itself.
pub(super) const PACKED: u8 = 0x17;

/// The methods of one block that are chained, at most: four are for branches in code, one for
/// compression, one for encryption. The library takes 64.
const CODERS: u64 = 16;

/// A header being walked through.
#[derive(Debug)]
pub(super) struct Walk<'h> {
    rest: &'h [u8],
    /// How many there may be of anything that the library makes room for: members, blocks, and
    /// streams. Each block has a member, and each member a stream.
    most: u64,
}

type Walked<T> = Result<T, ArchiveFault>;

const BROKEN: ArchiveFault = ArchiveFault::HEADER;

/// A plain header for an archive whose only member is the packed header that `packed` describes.
pub(super) fn unpacking(packed: &[u8], most: u64) -> Walked<Vec<u8>> {
    let mut walk = Walk::new(packed, most);
    walk.tag(PACKED)?;
    let streams = walk.rest;
    let has_sub_streams = walk.streams()?;
    let used = streams.len() - walk.rest.len();
    // Without the end, because the library asks for a list of the streams within.
    let streams = streams.get(..used.saturating_sub(1)).unwrap_or_default();
    let sub_streams: &[u8] = if has_sub_streams { &[] } else { &[SUB_STREAMS, END] };
    // One file, and 5 bytes of names: not elsewhere, `h` in UTF-16 and its end.
    let files = [FILES, 1, NAMES, 5, 0, b'h', 0, 0, 0, END];
    Ok([&[HEADER, MAIN_STREAMS], streams, sub_streams, &[END], &files, &[END]].concat())
}

impl<'h> Walk<'h> {
    pub(super) const fn new(header: &'h [u8], most: u64) -> Self {
        Self { rest: header, most }
    }

    /// Walks over a plain header, to where it says how many members it lists.
    pub(super) fn members(&mut self) -> Walked<u64> {
        self.tag(HEADER)?;
        let mut tag = self.byte()?;
        if tag == ARCHIVE_PROPERTIES {
            while self.byte()? != END {
                let size = self.number()?;
                self.skip(size)?;
            }
            tag = self.byte()?;
        }
        if tag == MAIN_STREAMS {
            self.streams()?;
            tag = self.byte()?;
        }
        match tag {
            FILES => self.count(),
            END => Ok(0),
            _ => Err(BROKEN),
        }
    }

    /// Walks over the description of what is packed how. Says whether it lists the streams within
    /// the blocks.
    fn streams(&mut self) -> Walked<bool> {
        let mut tag = self.byte()?;
        if tag == PACK_INFO {
            self.number()?;
            let streams = self.count()?;
            tag = self.byte()?;
            if tag == SIZES {
                self.numbers(streams)?;
                tag = self.byte()?;
            }
            if tag == CRCS {
                self.checksums(streams, |_| {})?;
                tag = self.byte()?;
            }
            if tag != END {
                return Err(BROKEN);
            }
            tag = self.byte()?;
        }
        let mut has_crc = Vec::new();
        if tag == UNPACK_INFO {
            has_crc = self.blocks()?;
            tag = self.byte()?;
        }
        let has_sub_streams = tag == SUB_STREAMS;
        if has_sub_streams {
            self.sub_streams(&has_crc)?;
            tag = self.byte()?;
        }
        if tag == END { Ok(has_sub_streams) } else { Err(BROKEN) }
    }

    /// Walks over the blocks, and says of each whether it has a checksum.
    fn blocks(&mut self) -> Walked<Vec<bool>> {
        self.tag(FOLDER)?;
        let blocks = self.count()?;
        self.tag(END)?;
        let mut has_crc = Vec::new();
        let mut coders = 0_u64;
        for _ in 0..blocks {
            coders = coders.saturating_add(self.block()?);
            has_crc.push(false);
        }
        self.tag(UNPACK_SIZES)?;
        self.numbers(coders)?;
        let mut tag = self.byte()?;
        if tag == CRCS {
            let mut block = has_crc.iter_mut();
            self.checksums(blocks, |is_there| {
                if let Some(has_crc) = block.next() {
                    *has_crc = is_there;
                }
            })?;
            tag = self.byte()?;
        }
        if tag == END { Ok(has_crc) } else { Err(BROKEN) }
    }

    /// Walks over one block, and says how many coders it has.
    fn block(&mut self) -> Walked<u64> {
        let coders = self.number()?;
        if coders == 0 || coders > CODERS {
            return Err(BROKEN);
        }
        for _ in 0..coders {
            let kind = self.byte()?;
            self.skip(u64::from(kind & 0x0f))?;
            // Several streams in or out, which only filters for programs have; or what the format
            // keeps for later.
            if kind & 0xd0 != 0 {
                return Err(ArchiveFault::Method { method: "several streams a block".to_owned() });
            }
            if kind & 0x20 != 0 {
                let size = self.number()?;
                self.skip(size)?;
            }
        }
        // Each stream that goes from one coder to the next, by its two ends.
        self.numbers((coders - 1) * 2)?;
        Ok(coders)
    }

    fn sub_streams(&mut self, has_crc: &[bool]) -> Walked<()> {
        let mut tag = self.byte()?;
        let mut counts = vec![1; has_crc.len()];
        if tag == SUB_STREAM_COUNTS {
            let mut streams = 0;
            for count in &mut counts {
                *count = self.count()?;
                streams += *count;
                self.check(streams)?;
            }
            tag = self.byte()?;
        }
        if tag == SIZES {
            for count in &counts {
                // The last one's is what is left.
                self.numbers(count.saturating_sub(1))?;
            }
            tag = self.byte()?;
        }
        if tag == CRCS {
            let without = counts
                .iter()
                .zip(has_crc)
                .filter(|(count, has_crc)| **count != 1 || !**has_crc)
                .fold(0_u64, |sum, (count, _)| sum.saturating_add(*count));
            self.checksums(without, |_| {})?;
            tag = self.byte()?;
        }
        if tag == END { Ok(()) } else { Err(BROKEN) }
    }

    /// Walks over checksums, of which some may not be there.
    fn checksums(&mut self, count: u64, mut each: impl FnMut(bool)) -> Walked<()> {
        if self.byte()? != 0 {
            (0..count.min(self.left())).for_each(|_| each(true));
            return self.skip(count.saturating_mul(4));
        }
        let bits = self.rest;
        self.skip(count.div_ceil(8))?;
        let mut there = 0_u64;
        let mut left = count;
        for byte in bits {
            for bit in 0..left.min(8) {
                let is_there = byte & (0x80 >> bit) != 0;
                each(is_there);
                there += u64::from(is_there);
            }
            left = left.saturating_sub(8);
            if left == 0 {
                break;
            }
        }
        self.skip(there.saturating_mul(4))
    }

    fn left(&self) -> u64 {
        u64::try_from(self.rest.len()).unwrap_or(u64::MAX)
    }

    fn byte(&mut self) -> Walked<u8> {
        let (byte, rest) = self.rest.split_first().ok_or(BROKEN)?;
        self.rest = rest;
        Ok(*byte)
    }

    fn tag(&mut self, wanted: u8) -> Walked<()> {
        if self.byte()? == wanted { Ok(()) } else { Err(BROKEN) }
    }

    /// A number: the ones in front of the first byte tell how many bytes follow, the lowest first.
    fn number(&mut self) -> Walked<u64> {
        let first = self.byte()?;
        let following = first.leading_ones();
        let mut number = 0;
        for place in 0..following {
            number |= u64::from(self.byte()?) << (8 * place);
        }
        // What is left of the first byte is the highest part.
        let high = u64::from(first) & (0x7f_u64 >> following);
        Ok(number | high.checked_shl(8 * following).unwrap_or(0))
    }

    /// A number of things that the library makes room for.
    fn count(&mut self) -> Walked<u64> {
        let count = self.number()?;
        self.check(count)?;
        Ok(count)
    }

    fn check(&self, count: u64) -> Walked<()> {
        if count > self.most {
            return Err(ArchiveFault::TooManyMembers { limit: self.most });
        }
        Ok(())
    }

    fn numbers(&mut self, count: u64) -> Walked<()> {
        // Each has a byte at least.
        if count > self.left() {
            return Err(BROKEN);
        }
        (0..count).try_for_each(|_| self.number().map(drop))
    }

    fn skip(&mut self, count: u64) -> Walked<()> {
        let count = usize::try_from(count).map_err(|_| BROKEN)?;
        self.rest = self.rest.get(count..).ok_or(BROKEN)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Walk;

    #[track_caller]
    fn check(bytes: &[u8], expected: Option<u64>) {
        assert_eq!(Walk::new(bytes, 0).number().ok(), expected);
    }

    #[test]
    fn numbers_have_one_to_nine_bytes() {
        check(&[0x7f], Some(0x7f));
        check(&[0x80, 0xff], Some(0xff));
        check(&[0xbf, 0xff], Some(0x3fff));
        check(&[0xc1, 0x02, 0x03], Some(0x01_0302));
        check(&[0xff, 1, 2, 3, 4, 5, 6, 7, 8], Some(0x0807_0605_0403_0201));
        check(&[0xff, 1, 2, 3, 4, 5, 6, 7], None);
        check(&[], None);
    }
}
