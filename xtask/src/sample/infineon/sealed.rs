//! What stands for the archive of the chips' secrets: encrypted by its headers, noise inside.

use super::archive::{ATTRIBUTES, TIME};
use crate::sample::seed::Seed;

/// Bytes of noise in the place of encrypted ones. AES makes multiples of 16.
const NOISE: usize = 4_096;
/// What its two members are said to hold, each.
const MEMBER_BYTES: usize = 8_192;
const MEMBERS: [&str; 2] = ["auto_keys.txt", "PBS_keys.txt"];

/// The coder that encrypts, by its number.
const AES: [u8; 4] = [0x06, 0xf1, 0x07, 0x01];

// The parts of a 7z header.
const END: u8 = 0x00;
const HEADER: u8 = 0x01;
const STREAMS: u8 = 0x04;
const FILES: u8 = 0x05;
const PACKED: u8 = 0x06;
const UNPACKED: u8 = 0x07;
const SUBSTREAMS: u8 = 0x08;
const SIZES: u8 = 0x09;
const CHECKSUMS: u8 = 0x0a;
const FOLDER: u8 = 0x0b;
const CODER_SIZES: u8 = 0x0c;
const SUBSTREAM_COUNT: u8 = 0x0d;
const NAMES: u8 = 0x11;
const MODIFIED: u8 = 0x14;
const ATTRIBUTE: u8 = 0x15;

/// An archive that names its members and says that AES-256 protects them. There is no password, and nothing to find.
pub(super) fn archive(seed: &Seed) -> Vec<u8> {
    let noise: [u8; NOISE] = seed.bytes("sealed", 0);
    let header = header(seed);
    let mut start = u64_bytes(noise.len()).to_vec();
    start.extend(u64_bytes(header.len()));
    start.extend(crc(&header));
    let mut archive = b"7z\xbc\xaf\x27\x1c\x00\x04".to_vec();
    archive.extend(crc(&start));
    archive.extend(start);
    archive.extend(noise);
    archive.extend(header);
    archive
}

fn header(seed: &Seed) -> Vec<u8> {
    let vector: [u8; 16] = seed.bytes("sealed vector", 0);
    let checksums: [u8; 8] = seed.bytes("sealed checksums", 0);
    let mut header = vec![HEADER, STREAMS];
    // One packed stream from the beginning on.
    header.extend([PACKED, 0, 1, SIZES]);
    header.extend(number(NOISE));
    header.push(END);
    // One folder of two coders: AES-256 with 2^19 rounds and an initialization vector, then LZMA2.
    header.extend([UNPACKED, FOLDER, 1, 0, 2]);
    header.push(0x24);
    header.extend(AES);
    header.extend([18, 0x53, 0x0f]);
    header.extend(vector);
    header.extend([0x21, 0x21, 1, 0x18]);
    // LZMA2 reads what AES gives.
    header.extend([1, 0, CODER_SIZES]);
    header.extend(number(NOISE));
    header.extend(number(2 * MEMBER_BYTES));
    header.push(END);
    header.extend([SUBSTREAMS, SUBSTREAM_COUNT, 2, SIZES]);
    header.extend(number(MEMBER_BYTES));
    header.extend([CHECKSUMS, 1]);
    header.extend(checksums);
    header.extend([END, END]);
    header.extend([FILES, 2]);
    let names = MEMBERS.iter().flat_map(|name| name.encode_utf16().chain([0]));
    let names: Vec<u8> = [0].into_iter().chain(names.flat_map(u16::to_le_bytes)).collect();
    property(&mut header, NAMES, &names);
    // All members have them, and they stand here.
    property(&mut header, MODIFIED, &[&[1, 0], &[TIME.to_le_bytes(); 2].concat()[..]].concat());
    property(
        &mut header,
        ATTRIBUTE,
        &[&[1, 0], &[ATTRIBUTES.to_le_bytes(); 2].concat()[..]].concat(),
    );
    header.extend([END, END]);
    header
}

fn property(header: &mut Vec<u8>, kind: u8, content: &[u8]) {
    header.push(kind);
    header.extend(number(content.len()));
    header.extend(content);
}

/// A number in the longest of its forms, which may stand for every length.
fn number(number: usize) -> Vec<u8> {
    [&[0xff], &u64_bytes(number)[..]].concat()
}

fn u64_bytes(number: usize) -> [u8; 8] {
    u64::try_from(number).unwrap_or_default().to_le_bytes()
}

/// CRC-32, as 7z and many others compute it.
fn crc(bytes: &[u8]) -> [u8; 4] {
    const POLYNOMIAL: u32 = 0xedb8_8320;
    let crc = bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 1 { crc >> 1 ^ POLYNOMIAL } else { crc >> 1 }
        })
    });
    (!crc).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use sevenz_rust2::{Archive, ArchiveReader, Password};

    use super::{AES, archive, crc};
    use crate::sample::seed::Seed;

    #[test]
    fn the_checksum_is_the_usual_one() {
        assert_eq!(crc(b"123456789"), 0xcbf4_3926_u32.to_le_bytes());
    }

    #[test]
    fn it_looks_like_an_archive_that_nobody_can_open() {
        let bytes = archive(&Seed::new(1, "infineon"));
        let read = Archive::read(&mut Cursor::new(&bytes), &Password::empty()).unwrap();
        let names: Vec<_> = read.files.iter().map(|file| (file.name(), file.size())).collect();
        assert_eq!(names, [("auto_keys.txt", 8_192), ("PBS_keys.txt", 8_192)]);
        assert_eq!(read.blocks[0].coders[0].encoder_method_id(), AES);
        let mut reader = ArchiveReader::new(Cursor::new(&bytes), Password::empty()).unwrap();
        reader.read_file("auto_keys.txt").unwrap_err();
    }
}
