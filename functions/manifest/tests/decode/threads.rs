//! What is found does not depend on how many threads look.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::LazyLock;

use manifest::{Authorities, Bundle, Certificate, Context, Limits, Signers, Vendor, decode};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::laws::{FILES, LINES, WORLD, mutated, outline};
use crate::support::{NOW, Reading, read_in};

/// Elements of a manifest: genuine ones, and at the end one that is forged, one that is broken, one
/// with a certificate only, and one with a private key.
static ELEMENTS: LazyLock<Vec<Value>> = LazyLock::new(|| {
    let (world, text) = &*WORLD;
    let mut elements: Vec<Value> = serde_json::from_slice(text).unwrap();
    let mut forged = elements[0].clone();
    forged["signature"] = elements[1]["signature"].clone();
    let device = &world.devices(1)[0];
    let protected = world.signer.protected().to_string();
    let element =
        |payload: &Value| world.signer.element(&device.unique_id, &protected, &payload.to_string());
    let mut other_issuer = device.payload();
    other_issuer["publicKeySet"]["keys"][1]["x5c"][1] = device.chain[0].clone().into();
    let mut private = device.payload();
    private["publicKeySet"]["keys"][0]["d"] = "AA".into();
    elements.extend([forged, json!({"payload": 1}), element(&other_issuer), element(&private)]);
    elements
});

/// The place of the private key among the elements.
const PRIVATE: usize = 15;

fn with_threads(vendor: Vendor, text: &[u8], limits: Limits, threads: usize) -> Reading {
    let threads = NonZeroUsize::new(threads).unwrap();
    let mut issuers = Authorities::new();
    issuers.add(Certificate::parse(WORLD.0.authority.der.clone()).unwrap());
    let (signers, bundle, now) = (&WORLD.0.signers, Bundle::E0E0, NOW);
    read_in(vendor, text, Context { signers, issuers: &issuers, bundle, now, limits, threads })
}

/// Reads with one thread and with several, and gives what both found.
fn same(vendor: Vendor, text: &[u8], limits: Limits, threads: usize) -> Vec<String> {
    let alone = outline(&with_threads(vendor, text, limits, 1));
    let together = outline(&with_threads(vendor, text, limits, threads));
    assert!(alone == together, "{vendor}, {threads} threads:\n{alone:#?}\n{together:#?}");
    alone
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// Over many batches, with refusals among them, a private key or none, cut short or not.
    #[test]
    fn a_manifest_is_judged_alike_by_any_number_of_threads(
        order in prop::collection::vec(0..PRIVATE, 0..300),
        key in prop::option::of(any::<prop::sample::Index>()),
        cut in prop::option::of(any::<prop::sample::Index>()),
        entries in prop::sample::select(vec![5, 100, 1_000]),
        threads in 2..6_usize,
    ) {
        let mut order = order;
        if let Some(key) = key {
            order.insert(key.index(order.len() + 1), PRIVATE);
        }
        let elements: Vec<&Value> = order.iter().map(|at| &ELEMENTS[*at]).collect();
        let mut text = serde_json::to_vec(&elements).unwrap();
        if let Some(cut) = cut {
            text.truncate(cut.index(text.len()));
        }
        same(Vendor::Microchip, &text, Limits { entries, ..Limits::default() }, threads);
    }

    #[test]
    fn changed_files_of_every_form_are_judged_alike_by_any_number_of_threads(
        elements in mutated(&WORLD.1),
        lines in mutated(&LINES),
        list in mutated(&FILES.list),
        groups in mutated(&FILES.groups),
        bundle in mutated(&FILES.bundle),
        zip in mutated(&FILES.zip),
        threads in 2..6_usize,
    ) {
        for (vendor, text) in [
            (Vendor::Microchip, elements),
            (Vendor::Generated, lines),
            (Vendor::Espressif, list),
            (Vendor::Infineon, groups),
            (Vendor::Infineon, bundle),
            (Vendor::Infineon, zip),
        ] {
            same(vendor, &text, Limits::default(), threads);
        }
    }
}

#[test]
fn the_elements_are_what_they_are_meant_to_be() {
    let text = serde_json::to_vec(&*ELEMENTS).unwrap();
    let reading = with_threads(Vendor::Microchip, &text, Limits::default(), 3);
    let codes = reading.codes();
    assert_eq!(codes[..12], ["ok"; 12]);
    assert_eq!(
        codes[12..],
        [
            "Signature.Invalid",
            "Manifest.Malformed",
            "Certificate.NotSignedByIssuer",
            "! Manifest.PrivateKey",
        ]
    );
}

#[test]
fn entries_of_many_batches_keep_their_order() {
    let elements: Vec<&Value> = ELEMENTS[..12].iter().cycle().take(1_000).collect();
    let text = serde_json::to_vec(&elements).unwrap();
    let reading = with_threads(Vendor::Microchip, &text, Limits::default(), 4);
    // That numbers have no gaps is checked where it is read.
    let ids: Vec<_> = reading.good().iter().map(|entry| entry.id.clone()).collect();
    let expected: Vec<_> = (0..1_000).map(|at| format!("0123{:012x}01", at % 12 + 1)).collect();
    assert_eq!(ids, expected);
}

#[test]
fn whoever_breaks_off_hears_nothing_more_of_any_thread() {
    let elements: Vec<&Value> = ELEMENTS[..12].iter().cycle().take(500).collect();
    let text = serde_json::to_vec(&elements).unwrap();
    let issuers = Authorities::new();
    let (signers, bundle, limits) = (&WORLD.0.signers, Bundle::E0E0, Limits::default());
    let threads = NonZeroUsize::new(4).unwrap();
    let context = Context { signers, issuers: &issuers, bundle, now: NOW, limits, threads };
    let mut heard = 0;
    let result = decode(Vendor::Microchip, text.as_slice(), context, &mut |_| {
        heard += 1;
        if heard < 70 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    assert_eq!((result, heard), (Ok(manifest::Summary::default()), 70));
}

#[test]
fn a_caller_that_panics_ends_the_threads_as_well() {
    let text = serde_json::to_vec(&ELEMENTS[..12].iter().cycle().take(500).collect::<Vec<_>>());
    let text = text.unwrap();
    let panicked = std::panic::catch_unwind(|| {
        let issuers = Authorities::new();
        let (signers, bundle, limits) = (&Signers::new([], false), Bundle::E0E0, Limits::default());
        let threads = NonZeroUsize::new(4).unwrap();
        let context = Context { signers, issuers: &issuers, bundle, now: NOW, limits, threads };
        decode(Vendor::Microchip, text.as_slice(), context, &mut |_| panic!("enough"))
    });
    assert!(panicked.is_err());
}
