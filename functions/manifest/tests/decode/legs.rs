//! A file that is read in legs is read as if in one go.

use std::cell::Cell;
use std::io::Cursor;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::LazyLock;

use manifest::{
    Authorities, Bundle, Context, Decoded, Leg, Limits, ManifestError, Position, Progress, Signers,
    Summary, Vendor, decode, decode_device_infos, decode_device_infos_leg, decode_leg,
};
use proptest::prelude::*;
use serde_json::json;

use crate::archives::{seven, zipped};
use crate::laws::{FILES, LINES, WORLD, mutated};
use crate::support::{Authority, NOW, hex, pem, standard};

/// What a reading gave, in a form that can be compared.
#[derive(Debug, PartialEq)]
struct Outline {
    entries: Vec<String>,
    end: Result<Summary, ManifestError>,
}

/// Stops after each of these numbers of entries, in turn.
#[derive(Clone, Debug)]
struct Stops(Vec<usize>);

/// Reads by legs. `leg` reads one from a position, and gives every entry to what it is handed.
fn in_legs(
    stops: &Stops,
    mut leg: impl FnMut(Leg<'_>, &mut dyn FnMut(String)) -> Result<Progress, ManifestError>,
) -> Outline {
    let mut entries = Vec::new();
    let mut from: Option<Position> = None;
    for stop in stops.0.iter().cycle() {
        let before = entries.len();
        // With several threads, entries are handed on later than they are taken.
        let asked = Cell::new(0);
        let enough = || {
            asked.set(asked.get() + 1);
            asked.get() >= *stop
        };
        let progress =
            leg(Leg { from: from.as_ref(), enough: &enough }, &mut |entry| entries.push(entry));
        match progress {
            Ok(Progress::Whole(summary)) => return Outline { entries, end: Ok(summary) },
            Err(error) => return Outline { entries, end: Err(error) },
            Ok(Progress::Rest(position)) => {
                assert!(entries.len() > before, "a leg took nothing");
                assert_eq!(position.entries(), u64::try_from(entries.len()).unwrap());
                // It passes through a file.
                let text = serde_json::to_string(&position).unwrap();
                let read: Position = serde_json::from_str(&text).unwrap();
                assert_eq!(read, position, "{text}");
                from = Some(read);
            }
        }
    }
    unreachable!("there is always another stop")
}

fn outline(decoded: &Decoded) -> String {
    match decoded {
        Ok(entry) => format!("{entry:?}"),
        Err(error) => format!("{} {error} {}", error.number, error.id),
    }
}

fn context(signers: &Signers, threads: usize) -> Context<'_> {
    static ISSUERS: LazyLock<Authorities> = LazyLock::new(Authorities::new);
    let limits = Limits { entries: 40, depth: 8, ..Limits::default() };
    let threads = NonZeroUsize::new(threads).unwrap();
    Context { signers, issuers: &ISSUERS, bundle: Bundle::E0E0, now: NOW, limits, threads }
}

/// Reads in one go and in legs; both have to find the same.
fn same(vendor: Vendor, text: &[u8], stops: &Stops, threads: usize) -> Outline {
    let context = context(&WORLD.0.signers, threads);
    let mut entries = Vec::new();
    let end = decode(vendor, text, context, &mut |decoded| {
        entries.push(outline(&decoded));
        ControlFlow::Continue(())
    });
    let whole = Outline { entries, end };
    let legs = in_legs(stops, |leg, entries| {
        decode_leg(vendor, &mut Cursor::new(text), context, leg, &mut |decoded| {
            entries(outline(&decoded));
            ControlFlow::Continue(())
        })
    });
    assert_eq!(legs, whole, "{vendor}, {stops:?}, {threads} threads");
    whole
}

fn same_device_infos(text: &[u8], stops: &Stops) -> Outline {
    let limits = Limits { entries: 40, depth: 8, ..Limits::default() };
    let mut entries = Vec::new();
    let end = decode_device_infos(text, limits, &mut |device| {
        entries.push(format!("{device:?}"));
        ControlFlow::Continue(())
    });
    let whole = Outline { entries, end };
    let legs = in_legs(stops, |leg, entries| {
        decode_device_infos_leg(&mut Cursor::new(text), limits, leg, &mut |device| {
            entries(format!("{device:?}"));
            ControlFlow::Continue(())
        })
    });
    assert_eq!(legs, whole, "{stops:?}");
    whole
}

/// Files with lines of every kind among them, in an archive with what is passed over and refused.
struct Archives {
    generated: Vec<u8>,
    infineon: Vec<u8>,
    microchip: Vec<u8>,
}

static ARCHIVES: LazyLock<Archives> = LazyLock::new(|| {
    let chip = |number: usize, bundle: &str| format!("0A0933101842{number:08}_{bundle}.pem");
    let authority = Authority::new("Test CA");
    let leaf = pem(&authority.leaf("chip"));
    let (one, other, two) = (chip(1, "E0E0"), chip(1, "E0E1"), chip(2, "E0E0"));
    Archives {
        generated: zipped(&[
            ("folder/", b""),
            ("README.md", b"# Certificates"),
            ("a.txt", &LINES),
            ("page.crt", b"<html>"),
            ("b.txt", &LINES),
            ("one.der", &authority.leaf("one")),
        ]),
        infineon: zipped(&[
            (&one, leaf.as_bytes()),
            (&other, leaf.as_bytes()),
            ("groups.xml", &FILES.groups),
            (&two, leaf.as_bytes()),
        ]),
        microchip: zipped(&[("a.json", &WORLD.1), ("empty.json", b""), ("b.json", &WORLD.1)]),
    }
});

/// Elements around groups, of several names and depths, and a group with two certificates.
static NESTED: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let authority = Authority::new("Test CA");
    let leaf = hex(&authority.leaf("chip"));
    let group = |mac: &str, count: usize| {
        let certificate = format!("<x:binaryhex>{leaf}</x:binaryhex>").repeat(count);
        format!("<Group><hex name='TpmMAC' value='{mac}'/>{certificate}</Group>\n")
    };
    let (one, two, three) = (group("AABB00000001", 1), group("AABB00000002", 2), "<group/>");
    format!(
        "<?xml version='1.0'?>\n<x:tpms xmlns:x='u'><!-- a --><reel a='1'>{one}{two}</reel>{three}<reel/>\
         <x:Reel><lot>{one}</lot>{two}</x:Reel></x:tpms>\n"
    )
    .into_bytes()
});

/// Lines, blocks, blanks and what is refused.
static BLOCKS: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let authority = Authority::new("Test CA");
    let leaf = authority.leaf("a");
    let (block, line) = (pem(&leaf), standard(&leaf));
    format!("\u{feff}\n{line}\nsubject: x\n{block}\n\nMIIbroken\n{line}{line}\n{block}{block}")
        .into_bytes()
});

fn stops() -> impl Strategy<Value = Stops> {
    prop::collection::vec(1..9_usize, 1..4).prop_map(Stops)
}

#[test]
fn each_form_is_read_alike_however_often_it_is_stopped() {
    for stops in [vec![1], vec![2], vec![3, 1]].map(Stops) {
        for threads in [1, 3] {
            let check = |vendor, text: &[u8], entries| {
                assert_eq!(same(vendor, text, &stops, threads).entries.len(), entries, "{vendor}");
            };
            check(Vendor::Microchip, &WORLD.1, 12);
            check(Vendor::Generated, &LINES, 6);
            check(Vendor::Generated, &BLOCKS, 6);
            check(Vendor::Espressif, &FILES.list, 6);
            check(Vendor::Infineon, &FILES.groups, 6);
            check(Vendor::Infineon, &NESTED, 7);
            check(Vendor::Generated, &ARCHIVES.generated, 14);
            check(Vendor::Infineon, &ARCHIVES.infineon, 8);
            check(Vendor::Microchip, &ARCHIVES.microchip, 25);
            check(Vendor::Infineon, &FILES.zip, 6);
        }
    }
}

#[test]
fn files_of_one_certificate_or_element_have_nothing_behind_it() {
    let authority = Authority::new("Test CA");
    let leaf = authority.leaf("a");
    let element = WORLD.0.devices(1)[0].element(&WORLD.0.signer).to_string();
    let stops = Stops(vec![1]);
    for vendor in [Vendor::Generated, Vendor::Infineon] {
        assert_eq!(same(vendor, &leaf, &stops, 1).entries.len(), 1);
        assert_eq!(same(vendor, pem(&leaf).as_bytes(), &stops, 1).entries.len(), 1);
    }
    assert_eq!(same(Vendor::Microchip, element.as_bytes(), &stops, 1).entries.len(), 1);
    let followed = element + "x";
    same(Vendor::Microchip, followed.as_bytes(), &stops, 1).end.unwrap_err();
}

#[test]
fn device_infos_keep_their_batch_and_their_notes() {
    let device = |number: u32| json!({"certFingerprint": format!("{number:064x}"), "deviceId": format!("d-{number}"), "x": 1});
    let devices = json!([device(1), device(2), {"deviceId": "d-3"}, device(4)]);
    let text = format!(
        r#"{{"batch_id": 7, "batchId": 8, "line": 1, "devices": {devices}, "batchId": 9, "line": 2}}"#
    );
    for stops in [vec![1], vec![3, 1]].map(Stops) {
        let whole = same_device_infos(text.as_bytes(), &stops);
        assert_eq!(whole.entries.len(), 4);
        let summary = whole.end.unwrap();
        assert_eq!(summary.batch.as_deref(), Some("7"));
        let codes: Vec<_> = summary.notes.iter().map(|note| note.code).collect();
        assert_eq!(codes, ["DeviceInfos.Batch", "DeviceInfos.Batch", "DeviceInfos.NotRead"]);
    }
}

#[test]
fn a_7z_archive_is_refused_where_its_time_is_over() {
    let context = context(&WORLD.0.signers, 1);
    let read = |enough: &dyn Fn() -> bool, limits: Limits| {
        let mut count = 0;
        let leg = Leg { from: None, enough };
        let context = Context { limits, ..context };
        let mut source = Cursor::new(FILES.bundle.as_slice());
        let end = decode_leg(Vendor::Infineon, &mut source, context, leg, &mut |_| {
            count += 1;
            ControlFlow::Continue(())
        });
        (count, end.map(|_| ()).map_err(|error| error.code()))
    };
    assert_eq!(read(&|| false, context.limits), (6, Ok(())));
    assert_eq!(read(&|| true, context.limits), (1, Err("Archive.TooLong")));
    let few = |solid_entries| Limits { solid_entries, ..context.limits };
    assert_eq!(read(&|| false, few(6)), (6, Ok(())));
    assert_eq!(read(&|| false, few(5)), (0, Err("Archive.TooLong")), "before anything is inflated");
    let flat =
        seven(&[("0A093310184200000001_E0E0.pem", b"x"), ("0A093310184200000001_E0E1.pem", b"x")]);
    let (signers, limits) = (&WORLD.0.signers, few(1));
    let context = Context { limits, signers, ..context };
    let end =
        decode(Vendor::Infineon, flat.as_slice(), context, &mut |_| ControlFlow::Continue(()));
    assert_ne!(end.map_err(|error| error.code()).err(), Some("Archive.TooLong"), "one is wanted");
}

#[test]
fn a_position_is_of_no_use_in_another_file() {
    let context = context(&WORLD.0.signers, 1);
    let mut nobody = |_| ControlFlow::Continue(());
    let leg = Leg { from: None, enough: &|| true };
    let mut lines = Cursor::new(LINES.as_slice());
    let Ok(Progress::Rest(position)) =
        decode_leg(Vendor::Generated, &mut lines, context, leg, &mut nobody)
    else {
        panic!("the file has more than one entry");
    };
    let leg = Leg { from: Some(&position), enough: &|| false };
    let mut archive = Cursor::new(ARCHIVES.generated.as_slice());
    let end = decode_leg(Vendor::Generated, &mut archive, context, leg, &mut nobody);
    assert_eq!(end.unwrap_err().code(), "Manifest.Read");
    let end = decode_device_infos_leg(
        &mut Cursor::new(r#"{"devices": []}"#),
        Limits::default(),
        leg,
        &mut |_| ControlFlow::Continue(()),
    );
    assert_eq!(end.unwrap_err().code(), "Manifest.Read");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn changed_files_of_every_form_are_judged_alike_in_legs(
        elements in mutated(&WORLD.1),
        lines in mutated(&LINES),
        blocks in mutated(&BLOCKS),
        list in mutated(&FILES.list),
        groups in mutated(&FILES.groups),
        nested in mutated(&NESTED),
        zip in mutated(&ARCHIVES.generated),
        stops in stops(),
        threads in 1..3_usize,
    ) {
        same(Vendor::Microchip, &elements, &stops, threads);
        same(Vendor::Generated, &lines, &stops, threads);
        same(Vendor::Generated, &blocks, &stops, threads);
        same(Vendor::Espressif, &list, &stops, threads);
        same(Vendor::Infineon, &groups, &stops, threads);
        same(Vendor::Infineon, &nested, &stops, threads);
        same(Vendor::Generated, &zip, &stops, threads);
    }

    #[test]
    fn changed_device_infos_are_judged_alike_in_legs(
        numbers in prop::collection::vec(0..9_u32, 0..8),
        change in (any::<prop::sample::Index>(), any::<u8>()),
        stops in stops(),
    ) {
        let devices: Vec<_> = numbers
            .iter()
            .map(|number| json!({"certFingerprint": format!("{number:064x}"), "deviceId": number.to_string()}))
            .collect();
        let mut text = json!({"a": 1, "devices": devices, "batch_id": "b"}).to_string().into_bytes();
        let at = change.0.index(text.len());
        text[at] = change.1;
        same_device_infos(&text, &stops);
    }
}
