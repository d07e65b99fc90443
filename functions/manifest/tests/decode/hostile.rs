//! 7z archives that no program makes.

use manifest::Limits;

use crate::archives::{Plain, number, with_header};
use crate::infineon::{Bench, short};
use crate::support::{Authority, pem};

#[track_caller]
fn check(file: &[u8], expected: &[&str]) {
    assert_eq!(short(&Bench::new().read(file)), expected);
}

fn plain() -> Plain {
    let authority = Authority::new("Test CA");
    let [a, b] = ["a", "b"].map(|name| pem(&authority.leaf(name)).into_bytes());
    Plain::new(&[("a.pem", &a), ("b.pem", &b)])
}

const BOTH: [&str; 2] = ["`a.pem` a", "`b.pem` b"];

#[test]
fn archives_by_hand_are_genuine() {
    let archive = plain();
    check(&archive.bytes(), &BOTH);
    check(&archive.packed(None), &BOTH);
    let good = pem(&Authority::new("Test CA").leaf("a")).into_bytes();
    let archive = Plain::compressed(&[("a.pem", &good), ("b.pem", &good)]);
    check(&archive.bytes(), &["`a.pem` a", "`b.pem` a"]);
    check(&archive.packed(None), &["`a.pem` a", "`b.pem` a"]);
}

#[test]
fn a_large_dictionary_is_refused_before_anything_is_unpacked() {
    let mut archive = plain();
    // LZMA2 with so many steps of its dictionary: 128 MiB, 192 MiB, 4 GiB.
    for (steps, code) in
        [(30, "! Archive.Malformed"), (31, "! Archive.Dictionary"), (40, "! Archive.Dictionary")]
    {
        archive.coders = vec![1, 0x21, 0x21, 1, steps];
        check(&archive.bytes(), &[code]);
    }
    // LZMA, with its size in four bytes.
    for (size, code) in
        [(128 << 20, "! Archive.Malformed"), ((128 << 20) + 1, "! Archive.Dictionary")]
    {
        let size = u32::to_le_bytes(size);
        archive.coders = [&[1, 0x23, 3, 1, 1, 5, 0x5d], &size[..]].concat();
        check(&archive.bytes(), &[code]);
    }
}

#[test]
fn methods_that_are_not_read_are_named() {
    let mut archive = plain();
    for (coders, name) in [
        // PPMd, with its properties.
        (vec![1, 0x23, 3, 4, 1, 5, 6, 0, 0, 0, 1], "PPMD"),
        (vec![1, 1, 0x0a], "BCJ_ARM64"),
        (vec![1, 2, 0xab, 0xcd], "abcd"),
        // Four streams in, one out.
        (vec![1, 0x14, 3, 3, 1, 0x1b, 4, 1, 0, 1, 2, 3], "several streams a block"),
    ] {
        archive.coders = coders;
        let reading = Bench::new().read(&archive.bytes());
        assert_eq!(short(&reading), ["! Archive.Method"], "{name}");
        let text = reading.end.unwrap().to_string();
        assert!(text.contains(&format!("compressed with {name},")), "{text}");
    }
}

#[test]
fn the_number_of_members_is_limited_before_room_is_made_for_them() {
    let mut archive = plain();
    for count in [1_000_001, u64::MAX] {
        archive.count = Some(count);
        check(&archive.bytes(), &["! Archive.TooManyMembers"]);
        check(&archive.packed(None), &["! Archive.TooManyMembers"]);
    }
    archive.count = Some(1_000_000);
    check(&archive.bytes(), &["! Archive.Malformed"]);
    // So is the number of packed streams, of blocks, and of streams in all blocks.
    let many = number(1_000_001);
    let half = number(500_001);
    for header in [
        [&[1, 4, 6, 0][..], &many, &[9]].concat(),
        [&[1, 4, 7, 11][..], &many, &[0]].concat(),
        [&[1, 4, 7, 11, 2, 0, 1, 1, 0, 1, 1, 0, 12, 0, 0, 0, 8, 13][..], &half, &half, &[9]]
            .concat(),
    ] {
        check(&with_header(b"", &header), &["! Archive.TooManyMembers"]);
    }
}

#[test]
fn a_packed_header_must_not_become_large() {
    let archive = plain();
    for size in [161_000_000, u64::MAX] {
        check(&archive.packed(Some(size)), &["! Archive.TooManyMembers"]);
    }
    check(&archive.packed(Some(10_000)), &["! Archive.Malformed"]);
    let limits = Limits { members: 1, ..Limits::default() };
    let reading = Bench { limits, ..Bench::new() }.read(&archive.bytes());
    assert_eq!(short(&reading), ["! Archive.TooManyMembers"]);
}

#[test]
fn damage_is_seen_wherever_it_is() {
    let archive = plain();
    let bytes = archive.bytes();
    let end = bytes.len();
    let header = archive.header().len();
    // The last but five is the end of the last name.
    for at in [8, 12, 20, 28, end - header, end - 6, end - 1] {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1;
        let codes = short(&Bench::new().read(&damaged));
        assert_eq!(codes, ["! Archive.Malformed"], "byte {at}");
    }
    // In the second member: the first one came through.
    let mut damaged = bytes.clone();
    damaged[end - header - 40] ^= 1;
    let codes = short(&Bench::new().read(&damaged));
    assert_eq!(codes.last().unwrap(), "! Archive.Malformed");
    // Who packs writes the start last.
    let mut unfinished = bytes;
    unfinished[8..32].fill(0);
    check(&unfinished, &["! Manifest.Truncated"]);
}

#[test]
fn an_archive_within_that_is_too_large_is_refused_by_its_size() {
    let mut archive = Plain::new(&[("R_x_E0E0_Certs.7z", &[b' '; 1_000])]);
    archive.content.truncate(10);
    let limits = Limits { archive_bytes: 999, ..Limits::default() };
    let reading = Bench { limits, ..Bench::new() }.read(&archive.bytes());
    assert_eq!(short(&reading), ["! Archive.TooLarge"]);
}

#[test]
fn a_stream_that_ends_early_is_no_smaller_member() {
    let mut archive = plain();
    archive.content.truncate(archive.content.len() - 10);
    check(&archive.bytes(), &["`a.pem` a", "! Archive.Malformed"]);
}

#[test]
fn headers_of_nonsense_are_refused() {
    for header in [
        &[1][..],
        &[1, 4],
        &[1, 5, 1],
        &[2],
        &[0x17],
        &[0x17, 6, 0, 1, 9, 1, 0, 7, 11, 1, 0, 0],
        &[1, 4, 6, 0, 0x7f, 9],
        &[1, 4, 7, 11, 0x7f, 0],
        &[1, 2, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
    ] {
        check(&with_header(b"content", header), &["! Archive.Malformed"]);
    }
}
