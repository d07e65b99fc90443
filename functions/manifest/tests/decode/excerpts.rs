//! Entries as files of their own.

use std::collections::BTreeSet;
use std::io::Cursor;
use std::ops::ControlFlow;

use manifest::{
    Bucket, Bundle, Choice, Copied, Decoded, Excerpt, Limits, Original, Vendor,
    decode_device_infos, excerpt,
};
use proptest::prelude::*;

use crate::archives::{seven, zipped};
use crate::laws::{FILES, LINES, WORLD, mutated};
use crate::support::{Reading, generated, hex, pem, read, standard};

/// An excerpt of these entries, and which number each has in it.
fn cut_within(
    bucket: impl Into<Bucket>,
    text: &[u8],
    entries: &BTreeSet<u64>,
    limits: Limits,
) -> (Vec<u8>, Excerpt, Vec<Copied>) {
    let original = Original { bucket: bucket.into(), bundle: Bundle::E0E0, limits };
    let (mut to, mut copied) = (Cursor::new(Vec::new()), Vec::new());
    let mut choose = |entry| match entries.last() {
        Some(last) if entry > *last => Choice::Enough,
        _ if entries.contains(&entry) => Choice::Copy,
        _ => Choice::Leave,
    };
    let made = excerpt(text, original, &mut choose, &mut to, &mut |one| copied.push(one)).unwrap();
    (to.into_inner(), made, copied)
}

fn cut(bucket: impl Into<Bucket>, text: &[u8], entries: &[u64]) -> (Vec<u8>, Excerpt, Vec<Copied>) {
    cut_within(bucket, text, &entries.iter().copied().collect(), Limits::default())
}

fn decode(vendor: Vendor, text: &[u8]) -> Reading {
    read(vendor, text, &WORLD.0.signers, Limits::default())
}

/// What an entry says, wherever it stands.
fn what(entry: &Decoded) -> String {
    match entry {
        Ok(entry) => format!(
            "{} {} {:?} {:?} {:?}",
            entry.id,
            entry.certificate.id(),
            entry.fields,
            entry.signer,
            entry.warnings
        ),
        Err(error) => format!("{} {}", error.id, error.reason.code()),
    }
}

/// Whether an excerpt of these entries decodes to what they are in the original; it gives their numbers
/// in the excerpt.
#[track_caller]
fn check(vendor: Vendor, text: &[u8], entries: &[u64]) -> Vec<Option<u64>> {
    let whole = decode(vendor, text);
    let (part, made, copied) = cut(vendor, text, entries);
    assert_eq!(made.end, None);
    assert_eq!(copied.iter().map(|one| one.entry).collect::<Vec<_>>(), entries);
    let part = decode(vendor, &part);
    assert_eq!(part.end, None);
    assert_eq!(u64::try_from(part.entries.len()).unwrap(), made.entries);
    for Copied { entry, becomes } in &copied {
        let Some(becomes) = becomes else { continue };
        let at = |number: u64| usize::try_from(number - 1).unwrap();
        assert_eq!(what(&part.entries[at(*becomes)]), what(&whole.entries[at(*entry)]));
    }
    copied.iter().map(|one| one.becomes).collect()
}

fn numbers<const N: usize>(numbers: [u64; N]) -> [Option<u64>; N] {
    numbers.map(Some)
}

/// The numbers of the first two entries of XML in an excerpt of both.
fn becomes(groups: &str, limits: Limits) -> Vec<Option<u64>> {
    let both = BTreeSet::from([1, 2]);
    let (_, _, copied) = cut_within(Vendor::Infineon, groups.as_bytes(), &both, limits);
    copied.iter().map(|one| one.becomes).collect()
}

/// A file of each form, with six devices or more.
fn forms() -> [(Vendor, &'static [u8]); 6] {
    [
        (Vendor::Microchip, &WORLD.1),
        (Vendor::Generated, &LINES),
        (Vendor::Espressif, &FILES.list),
        (Vendor::Infineon, &FILES.groups),
        (Vendor::Infineon, &FILES.bundle),
        (Vendor::Infineon, &FILES.zip),
    ]
}

#[test]
fn entries_of_every_form_are_a_file_of_their_own() {
    for (vendor, text) in forms() {
        assert_eq!(check(vendor, text, &[2, 3, 6]), numbers([1, 2, 3]), "{vendor}");
        assert_eq!(check(vendor, text, &[1]), numbers([1]), "{vendor}");
        let (_, made, _) = cut(vendor, text, &[4]);
        let is_archive = text == FILES.bundle || text == FILES.zip;
        assert_eq!((made.entries, made.is_archive), (1, is_archive), "{vendor}");
    }
}

#[test]
fn signed_entries_are_copied_byte_for_byte() {
    // They were written by the same library, so that it writes the same again.
    let elements: Vec<serde_json::Value> = serde_json::from_slice(&WORLD.1).unwrap();
    let (part, ..) = cut(Vendor::Microchip, &WORLD.1, &[2, 12]);
    let expected = format!("[\n{},\n{}\n]\n", elements[1], elements[11]);
    assert_eq!(String::from_utf8(part).unwrap(), expected);
}

#[test]
fn rows_keep_their_header_and_their_line_ends() {
    let text = String::from_utf8(FILES.list.clone()).unwrap();
    let (part, ..) = cut(Vendor::Espressif, text.as_bytes(), &[1, 6]);
    let part = String::from_utf8(part).unwrap();
    assert!(part.starts_with("MAC;cn;cert;note\r\nAABB00000000;d0;"), "{part}");
    assert!(part.ends_with("\"a \"\"note\"\"\"\n"), "the last row gets the end that it lacked");
    let rows = part.strip_prefix("MAC;cn;cert;note\r\n").unwrap();
    let (first, second) = rows.split_once("AABB00000005").unwrap();
    assert!(text.contains(first) && text.ends_with(second.trim_end()), "{part}");
}

#[test]
fn explanations_between_blocks_stay_behind_and_blocks_are_untouched() {
    let authority = crate::support::Authority::new("Test CA");
    let [a, b] = ["a", "b"].map(|name| pem(&authority.leaf(name)).replace('\n', "\r\n"));
    let text = format!("subject=a\r\n{a}\r\nsubject=b\r\n{b}");
    assert_eq!(check(Vendor::Generated, text.as_bytes(), &[2]), numbers([1]));
    let (part, ..) = cut(Vendor::Generated, text.as_bytes(), &[1, 2]);
    assert_eq!(String::from_utf8(part).unwrap(), format!("{a}{b}"));
}

#[test]
fn a_file_that_is_one_certificate_is_copied_whole() {
    let authority = crate::support::Authority::new("Test CA");
    let leaf = authority.leaf("one");
    let wrapped = standard(&leaf).as_bytes().chunks(64).collect::<Vec<_>>().join(&b'\n');
    for text in [leaf.clone(), wrapped] {
        assert_eq!(check(Vendor::Generated, &text, &[1]), numbers([1]));
        assert_eq!(cut(Vendor::Generated, &text, &[1]).0, text);
    }
    assert_eq!(check(Vendor::Infineon, pem(&leaf).as_bytes(), &[1]), numbers([1]));
}

#[test]
fn a_group_stays_whole() {
    let authority = crate::support::Authority::new("Test CA");
    let group = |mac: &str, names: &[&str]| {
        let leaf = |name: &&str| format!("<binaryhex>{}</binaryhex>", hex(&authority.leaf(name)));
        let leaves = names.iter().map(leaf).collect::<Vec<_>>().concat();
        format!(
            "<group a='&lt;'>\n<!-- {mac} --><hex name='TpmMAC' value='{mac}'/>{leaves}</group>"
        )
    };
    let [one, two, three] = [
        group("AABB00000001", &["a"]),
        group("AABB00000002", &["b", "c", "d"]),
        group("AABB00000003", &["e"]),
    ];
    let text = format!("<?xml version='1.0'?><x>\n{one} text {two}<y>{three}</y></x>");
    let becomes = check(Vendor::Infineon, text.as_bytes(), &[3, 5]);
    assert_eq!(becomes, numbers([2, 4]), "the second of three, and the one behind them");
    let (part, made, _) = cut(Vendor::Infineon, text.as_bytes(), &[3, 4]);
    assert_eq!(made.entries, 3);
    let expected =
        format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<groups>\n{two}\n</groups>\n");
    assert_eq!(String::from_utf8(part).unwrap(), expected);
}

#[test]
fn the_same_name_in_two_archives_of_a_bundle_gives_two_members() {
    let authority = crate::support::Authority::new("Test CA");
    let leaf = |name: &str| pem(&authority.leaf(name)).into_bytes();
    let name = "0A093310184200000001_E0E0.pem";
    let bundle = seven(&[
        ("R1_x_E0E0_Certs.7z", &seven(&[(name, &leaf("a"))])),
        ("R2_x_E0E0_Certs.7z", &seven(&[(name, &leaf("b")), ("cut_E0E1.pem", &leaf("c"))])),
    ]);
    assert_eq!(check(Vendor::Infineon, &bundle, &[1, 2]), numbers([1, 2]));
    let left_out = check(Vendor::Infineon, &bundle, &[2, 3]);
    assert_eq!(left_out, [Some(1), None], "by its name a zip archive's reader passes it over");
}

#[test]
fn what_cannot_be_cut_out_is_told() {
    let mut limits = Limits { entry_bytes: 3_000, ..Limits::default() };
    let long = "x".repeat(4_000);
    let text = format!("MAC,cert\nAABB00000001,\"{long}\"\nAABB00000002,y\n");
    let all = BTreeSet::from([1, 2]);
    let (part, _, copied) = cut_within(Vendor::Espressif, text.as_bytes(), &all, limits);
    assert_eq!(copied.iter().map(|one| one.becomes).collect::<Vec<_>>(), [None, Some(1)]);
    assert_eq!(String::from_utf8(part).unwrap(), "MAC,cert\nAABB00000002,y\n");

    limits.entry_bytes = 100;
    let text =
        format!("[{{\"payload\": \"{long}\", \"protected\": 1, \"signature\": 1}}, {{\"a\": 1}}]");
    let (part, _, copied) = cut_within(Vendor::Microchip, text.as_bytes(), &all, limits);
    assert_eq!(copied.iter().map(|one| one.becomes).collect::<Vec<_>>(), [None, Some(1)]);
    assert_eq!(String::from_utf8(part).unwrap(), "[\n{\"a\": 1}\n]\n");

    let group =
        |more: &str| format!("<group>{more}<hex name='TpmMAC' value='AABB00000001'/></group>");
    let limits = Limits { entry_bytes: 5_000, ..limits };
    let groups = |comments| {
        let long = group(&format!("<!-- {long} -->").repeat(comments));
        format!("<x>{long}{}</x>", group(""))
    };
    assert_eq!(becomes(&groups(1), limits), [Some(1), Some(2)]);
    assert_eq!(becomes(&groups(6), limits), [None, Some(1)], "20 KB of one group is too much");

    let zip = zipped(&[("../up.txt", b"x"), ("a.txt", &LINES), ("b.pdf", b"%PDF-1.7")]);
    assert_eq!(check(Vendor::Generated, &zip, &[1, 3, 8]), [None, Some(1), None]);
}

#[test]
fn members_of_a_zip_keep_their_names_and_their_form() {
    let list = &FILES.list;
    let zip = zipped(&[("a/one.csv", list), ("empty.csv", b""), ("b/two.csv", list)]);
    assert_eq!(check(Vendor::Espressif, &zip, &[1, 6, 9, 13]), numbers([1, 2, 3, 4]));
    let (part, ..) = cut(Vendor::Espressif, &zip, &[9]);
    let archive = zip::ZipArchive::new(Cursor::new(part)).unwrap();
    let names: Vec<_> = archive.file_names().map(|name| name.unwrap().into_owned()).collect();
    assert_eq!(names, ["b/two.csv"]);
}

#[test]
fn a_file_that_breaks_off_gives_what_came_before() {
    let text = &LINES[..LINES.len() - 200];
    let all = (1..=6).collect::<Vec<_>>();
    let (part, made, copied) = cut(Vendor::Generated, text, &all);
    let before = decode(Vendor::Generated, text);
    assert_eq!(copied.len(), before.entries.len());
    assert_eq!(made.end, before.end);
    assert_eq!(
        generated(part).codes(),
        before.codes().into_iter().filter(|code| !code.starts_with('!')).collect::<Vec<_>>()
    );
}

#[test]
fn devices_of_a_factory_keep_their_batch() {
    let device = |number: u32| {
        format!("{{ \"deviceId\":\"d{number}\",  \"certFingerprint\":\"{number:064x}\" }}")
    };
    let [one, two, three] = [1, 2, 3].map(device);
    let text =
        format!("{{\"devices\": [{one}, {{}},{two},7 ,{three}], \"batchId\": \"lot \\\"7\\\"\"}}");
    let (part, made, copied) = cut(Bucket::Mes, text.as_bytes(), &[2, 3, 4]);
    assert_eq!((made.end, made.entries, made.is_archive), (None, 3, false));
    assert_eq!(copied.iter().map(|one| one.becomes).collect::<Vec<_>>(), numbers([1, 2, 3]));
    let expected =
        format!("{{\"devices\": [\n{{}},\n{two},\n7\n], \"batch_id\": \"lot \\\"7\\\"\"}}\n");
    assert_eq!(String::from_utf8(part.clone()).unwrap(), expected);
    let mut ids = Vec::new();
    let summary = decode_device_infos(part.as_slice(), Limits::default(), &mut |device| {
        ids.push(device.map_or_else(|error| error.reason.code().to_owned(), |told| told.device_id));
        ControlFlow::Continue(())
    });
    assert_eq!(summary.unwrap().batch.as_deref(), Some("lot \"7\""));
    assert_eq!(
        ids,
        ["Device.Missing", "d2", "Device.Malformed"]
            .map(|id| id.replace("Device.Malformed", "Manifest.Malformed"))
    );
}

/// Of a file that anything may have happened to, the devices that are copied are the same devices.
fn holds(vendor: Vendor, text: &[u8], mask: &[bool]) -> Result<(), TestCaseError> {
    let whole = decode(vendor, text);
    let entries: BTreeSet<u64> = (1..)
        .zip(&whole.entries)
        .zip(mask.iter().cycle())
        .filter_map(|((number, _), is_chosen)| is_chosen.then_some(number))
        .collect();
    let (part, made, copied) = cut_within(vendor, text, &entries, Limits::default());
    prop_assert_eq!(
        copied.iter().map(|one| one.entry).collect::<BTreeSet<_>>(),
        entries,
        "every entry that decoding reads is counted"
    );
    let good = |entry: u64| whole.entries[usize::try_from(entry - 1).unwrap()].as_ref().ok();
    if !copied.iter().any(|one| one.becomes.is_some() && good(one.entry).is_some()) {
        return Ok(());
    }
    let part = decode(vendor, &part);
    prop_assert_eq!(part.end, None);
    prop_assert_eq!(u64::try_from(part.entries.len()).unwrap(), made.entries);
    for Copied { entry, becomes } in copied {
        let (Some(good), Some(becomes)) = (good(entry), becomes) else { continue };
        let becomes = &part.entries[usize::try_from(becomes - 1).unwrap()];
        prop_assert_eq!(what(becomes), what(&Ok(good.clone())));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_entries_of_an_excerpt_are_the_same_devices(mask in prop::collection::vec(any::<bool>(), 12)) {
        for (vendor, text) in forms() {
            holds(vendor, text, &mask)?;
        }
    }

    #[test]
    fn and_so_they_are_in_a_damaged_file(
        mask in prop::collection::vec(any::<bool>(), 12),
        elements in mutated(&WORLD.1),
        lines in mutated(&LINES),
        list in mutated(&FILES.list),
        groups in mutated(&FILES.groups),
        zip in mutated(&FILES.zip),
    ) {
        for (vendor, text) in [
            (Vendor::Microchip, &elements),
            (Vendor::Generated, &lines),
            (Vendor::Espressif, &list),
            (Vendor::Infineon, &groups),
            (Vendor::Infineon, &zip),
        ] {
            holds(vendor, text, &mask)?;
        }
    }
}
