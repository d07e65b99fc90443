//! What holds for any input.

use std::io::{self, Read};
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::LazyLock;

use manifest::{
    Authorities, Bundle, Content, Context, Limits, Signers, Vendor, decode as decode_in, recognize,
    recognize_zip,
};
use proptest::prelude::*;

use crate::archives::{Plain, filtered, seven, with_header, zipped};
use crate::support::{Authority, Reading, World, hex, pem, read, standard};

/// Making certificates is slow, so all cases share these.
pub(crate) static WORLD: LazyLock<(World, Vec<u8>)> = LazyLock::new(|| {
    let world = World::new();
    let manifest = world.manifest(12);
    (world, manifest)
});

pub(crate) static LINES: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let authority = Authority::new("Test CA");
    let leaves: Vec<Vec<u8>> = (0..6).map(|number| authority.leaf(&format!("d{number}"))).collect();
    let mut text = String::new();
    for (number, leaf) in leaves.iter().enumerate() {
        match number % 3 {
            0 => text += &standard(leaf),
            1 => text += &pem(leaf),
            _ => text += &standard(pem(leaf) + &pem(&authority.der)),
        }
        text += "\r\n";
    }
    text.into_bytes()
});

/// Files of every other form, each with six devices.
pub(crate) struct Files {
    pub list: Vec<u8>,
    pub groups: Vec<u8>,
    pub bundle: Vec<u8>,
    pub zip: Vec<u8>,
    /// An archive of which the header can be changed.
    plain: Plain,
}

pub(crate) static FILES: LazyLock<Files> = LazyLock::new(|| {
    let authority = Authority::new("Test CA");
    let leaves: Vec<Vec<u8>> = (0..6).map(|number| authority.leaf(&format!("d{number}"))).collect();
    let mac = |number: usize| format!("AABB0000000{number}");
    let rows = leaves.iter().enumerate().map(|(number, leaf)| {
        let cell = if number % 2 == 0 { pem(leaf) } else { standard(leaf) };
        format!("{};d{number};\"{cell}\";\"a \"\"note\"\"\"", mac(number))
    });
    let header = "MAC;cn;cert;note".to_owned();
    let list = std::iter::once(header).chain(rows).collect::<Vec<_>>().join("\r\n");
    let groups = leaves.iter().enumerate().map(|(number, leaf)| {
        let (mac, digits) = (mac(number), hex(leaf));
        format!(
            "<group><hex name='TpmMAC' value='{mac}'/><binaryhex>\n{digits}&#32;</binaryhex></group>"
        )
    });
    let groups = format!("<tpms>{}</tpms>", groups.collect::<Vec<_>>().join("\n")).into_bytes();
    let members: Vec<_> = leaves
        .iter()
        .enumerate()
        .map(|(number, leaf)| (format!("0A0933101842{number:08}_E0E0.pem"), pem(leaf).into_bytes()))
        .collect();
    let members: Vec<_> =
        members.iter().map(|(name, content)| (name.as_str(), content.as_slice())).collect();
    let bundle = seven(&[
        ("R_x_E0E1_Certs.7z", &seven(&members[..1])),
        ("R_x_E0E0_Certs.7z", &filtered(&members)),
        ("README.txt", b"Read me"),
    ]);
    let (zip, plain) = (zipped(&members), Plain::compressed(&members));
    Files { list: list.into_bytes(), groups, bundle, zip, plain }
});

/// Gives its bytes in pieces of the given sizes, in turn, and is interrupted now and then.
pub(crate) struct Pieces<'t> {
    pub text: &'t [u8],
    pub sizes: std::iter::Cycle<std::vec::IntoIter<usize>>,
}

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let size = self.sizes.next().unwrap_or(1).min(buffer.len());
        if size == 0 && !buffer.is_empty() {
            return Err(io::ErrorKind::Interrupted.into());
        }
        self.text.read(&mut buffer[..size])
    }
}

/// A reading in a form that can be compared.
pub(crate) fn outline(reading: &Reading) -> Vec<String> {
    let entries = reading.entries.iter().map(|entry| match entry {
        Ok(entry) => format!("{entry:?}"),
        Err(error) => error.to_string(),
    });
    entries.chain(reading.end.iter().map(ToString::to_string)).collect()
}

fn decode(vendor: Vendor, text: impl Read, limits: Limits) -> Reading {
    read(vendor, text, &WORLD.0.signers, limits)
}

/// Genuine text with some of its bytes changed, taken out or put in.
pub(crate) fn mutated(text: &'static [u8]) -> impl Strategy<Value = Vec<u8>> {
    let change = (any::<prop::sample::Index>(), any::<u8>(), 0..3_u8);
    prop::collection::vec(change, 1..8).prop_map(move |changes| {
        let mut text = text.to_vec();
        for (at, byte, kind) in changes {
            let at = at.index(text.len());
            match kind {
                0 => text[at] = byte,
                1 => drop(text.remove(at)),
                _ => text.insert(at, byte),
            }
        }
        text
    })
}

/// Text of the characters that mean something to the readers.
fn syntax() -> impl Strategy<Value = Vec<u8>> {
    let tokens = [
        "[",
        "]",
        "{",
        "}",
        ",",
        ":",
        "\"",
        "\\",
        "\n",
        " ",
        "\"payload\"",
        "\"protected\"",
        "\"signature\"",
        "1",
        "-----BEGIN CERTIFICATE-----\n",
        "-----END CERTIFICATE-----\n",
        "-----BEGIN ",
        "MII",
        "LS0tLS1CRUdJTi",
        "\u{feff}",
        "0\u{82}",
        "mac,cert",
        "<group>",
        "</group>",
        "<binaryhex>",
        "<hex name=\"TpmMAC\" value=\"",
        "<!",
        "&#",
        ";",
    ];
    prop::collection::vec(prop::sample::select(tokens.to_vec()), 0..60)
        .prop_map(|tokens| tokens.concat().into_bytes())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read_without_panic(text in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = recognize(&text, true);
        for vendor in Vendor::ALL {
            // What is checked here is in `read`: numbers without gaps, and an end that is one.
            let reading = decode(vendor, text.as_slice(), Limits::default());
            prop_assert!(!reading.entries.is_empty() || reading.end.is_some());
        }
    }

    #[test]
    fn any_syntax_is_read_without_panic(text in syntax()) {
        let _ = recognize(&text, false);
        for vendor in Vendor::ALL {
            let reading = decode(vendor, text.as_slice(), Limits::default());
            prop_assert!(!reading.entries.is_empty() || reading.end.is_some());
        }
    }

    #[test]
    fn changed_bytes_never_change_a_device(text in mutated(&WORLD.1)) {
        let genuine = decode(Vendor::Microchip, WORLD.1.as_slice(), Limits::default());
        let genuine: Vec<_> =
            genuine.good().iter().map(|entry| (entry.id.clone(), entry.certificate.id())).collect();
        let reading = decode(Vendor::Microchip, text.as_slice(), Limits::default());
        for entry in reading.good() {
            prop_assert!(genuine.contains(&(entry.id.clone(), entry.certificate.id())));
        }
    }

    #[test]
    fn changed_lines_are_read_without_panic(text in mutated(&LINES)) {
        let reading = decode(Vendor::Generated, text.as_slice(), Limits::default());
        prop_assert!(!reading.entries.is_empty() || reading.end.is_some());
    }

    #[test]
    fn changed_archives_tables_and_groups_are_read_without_panic(
        bundle in mutated(&FILES.bundle),
        zip in mutated(&FILES.zip),
        list in mutated(&FILES.list),
        groups in mutated(&FILES.groups),
    ) {
        // What is checked here is in `read`.
        for text in [&bundle, &zip, &list, &groups] {
            for vendor in Vendor::ALL {
                decode(vendor, text.as_slice(), Limits::default());
            }
        }
        recognize_zip(io::Cursor::new(zip), Limits::default());
    }

    #[test]
    fn changed_headers_of_archives_are_read_without_panic(
        header in mutated(FILES.plain.header().leak()),
        content in mutated(&FILES.plain.content),
        outer in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        // With their checksums right, so that they are not refused for those alone.
        for (content, header) in [
            (&FILES.plain.content, &header),
            (&content, &FILES.plain.header()),
            (&content, &header),
            (&content, &[&[0x17, 6], &*outer].concat()),
            (&content, &[&[1, 4, 6], &*outer].concat()),
        ] {
            decode(Vendor::Infineon, with_header(content, header).as_slice(), Limits::default());
        }
    }

    #[test]
    fn entries_keep_their_order(order in Just((0..12_usize).collect::<Vec<_>>()).prop_shuffle()) {
        let elements: Vec<serde_json::Value> = serde_json::from_slice(&WORLD.1).unwrap();
        let shuffled: Vec<_> = order.iter().map(|at| elements[*at].clone()).collect();
        let text = serde_json::to_vec(&shuffled).unwrap();
        let reading = decode(Vendor::Microchip, text.as_slice(), Limits::default());
        let ids: Vec<_> = reading.good().iter().map(|entry| entry.id.clone()).collect();
        let expected: Vec<_> = order.iter().map(|at| format!("0123{:012x}01", at + 1)).collect();
        prop_assert_eq!(ids, expected);
    }

    #[test]
    fn the_pieces_of_the_source_do_not_matter(
        sizes in prop::collection::vec(0..5_000_usize, 1..20),
        entry_bytes in prop::sample::select(vec![600, 1_500, 100_000]),
        (vendor, text) in prop::sample::select(vec![
            (Vendor::Microchip, WORLD.1.as_slice()),
            (Vendor::Generated, LINES.as_slice()),
            (Vendor::Espressif, FILES.list.as_slice()),
            (Vendor::Infineon, FILES.groups.as_slice()),
            (Vendor::Infineon, FILES.bundle.as_slice()),
            (Vendor::Infineon, FILES.zip.as_slice()),
        ]),
    ) {
        let sizes = [sizes, vec![0, 1]].concat().into_iter().cycle();
        let limits = Limits { entry_bytes, ..Limits::default() };
        let pieces = decode(vendor, Pieces { text, sizes }, limits);
        prop_assert_eq!(outline(&pieces), outline(&decode(vendor, text, limits)));
    }
}

#[test]
fn the_shared_fixtures_are_genuine() {
    assert_eq!(
        decode(Vendor::Microchip, WORLD.1.as_slice(), Limits::default()).codes(),
        ["ok"; 12]
    );
    assert_eq!(
        read(Vendor::Generated, LINES.as_slice(), &Signers::new([], false), Limits::default())
            .codes(),
        ["ok"; 6]
    );
    assert_eq!(recognize(&LINES, true), Content::Manifest(Vendor::Generated));
    let plain = FILES.plain.bytes();
    for (vendor, file) in [
        (Vendor::Espressif, &FILES.list),
        (Vendor::Infineon, &FILES.groups),
        (Vendor::Infineon, &FILES.bundle),
        (Vendor::Infineon, &FILES.zip),
        (Vendor::Infineon, &plain),
    ] {
        let reading = decode(vendor, file.as_slice(), Limits::default());
        // They keep their order.
        let names: Vec<_> = reading.good().iter().map(|entry| entry.fields["cn"].clone()).collect();
        assert_eq!(names, ["d0", "d1", "d2", "d3", "d4", "d5"]);
    }
}

/// Signers and authorities are shared between threads, and entries may move to another one.
#[test]
fn what_the_caller_holds_may_cross_threads() {
    let (world, text) = &*WORLD;
    let issuers = Authorities::new();
    let (signers, bundle, limits) = (&world.signers, Bundle::E0E0, Limits::default());
    let threads = NonZeroUsize::MIN;
    let context = Context { signers, issuers: &issuers, bundle, now: 0, limits, threads };
    let (sender, entries) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            decode_in(Vendor::Microchip, text.as_slice(), context, &mut |entry| {
                sender.send(entry).unwrap();
                ControlFlow::Continue(())
            })
        });
    });
    assert_eq!(entries.iter().flatten().count(), 12);
}

#[test]
fn whoever_breaks_off_hears_nothing_more() {
    let (world, elements) = &*WORLD;
    for (vendor, file) in [
        (Vendor::Microchip, elements),
        (Vendor::Generated, &*LINES),
        (Vendor::Espressif, &FILES.list),
        (Vendor::Infineon, &FILES.groups),
        (Vendor::Infineon, &FILES.bundle),
        (Vendor::Infineon, &FILES.zip),
    ] {
        let issuers = Authorities::new();
        let (signers, bundle, limits) = (&world.signers, Bundle::E0E0, Limits::default());
        let threads = NonZeroUsize::MIN;
        let context = Context { signers, issuers: &issuers, bundle, now: 0, limits, threads };
        let mut heard = 0;
        let result = decode_in(vendor, file.as_slice(), context, &mut |_| {
            heard += 1;
            if heard < 3 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        assert_eq!((result, heard), (Ok(manifest::Summary::default()), 3), "{vendor}");
    }
}
