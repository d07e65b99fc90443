//! The law: decoding a sample gives what the sample lists, in its order, and refuses nothing.

use std::{
    fs::{self, File},
    num::NonZeroUsize,
    ops::ControlFlow,
    path::PathBuf,
};

use manifest::{
    Authorities, Bundle, Certificate, Content, Context, Decoded, Limits, Signers, Vendor,
};
use xtask::sample::{Identity, Sample};

use crate::support::make;

/// 2026-01-01.
const NOW: i64 = 1_767_225_600;

/// Everything that decoding gives. How it is called stands here alone.
fn decode(vendor: Vendor, sample: &Sample, bundle: Bundle, signers: &Signers) -> Vec<Decoded> {
    let mut issuers = Authorities::new();
    for certificate in certificates(sample) {
        issuers.add(certificate);
    }
    let limits = Limits::default();
    let threads = NonZeroUsize::MIN;
    let context = Context { signers, issuers: &issuers, bundle, now: NOW, limits, threads };
    let file = File::open(&sample.manifest).unwrap();
    let mut entries = Vec::new();
    manifest::decode(vendor, file, context, &mut |entry| {
        entries.push(entry);
        ControlFlow::Continue(())
    })
    .unwrap();
    entries
}

/// The certificates that come beside the manifest.
fn certificates(sample: &Sample) -> Vec<Certificate> {
    let read = |path: &PathBuf| match manifest::recognize(&fs::read(path).unwrap(), true) {
        Content::Certificate(certificate) => *certificate,
        _ => panic!("{} is no certificate", path.display()),
    };
    sample.authorities.iter().map(read).collect()
}

/// A manifest holds one of its bundles at a time: Infineon's three, or the only one of other vendors.
fn decoded(vendor: Vendor, sample: &Sample, bundle: Bundle) -> Vec<Result<Identity, String>> {
    let mut signers = Signers::new([], true);
    for certificate in certificates(sample) {
        signers.add(certificate);
    }
    let entries = decode(vendor, sample, bundle, &signers).into_iter().map(|entry| {
        let entry = entry.map_err(|error| error.to_string())?;
        assert_eq!(entry.warnings, [], "{}", entry.place);
        let field = |name: &str| entry.fields.get(name).cloned();
        Ok(Identity {
            cn: field("cn").unwrap(),
            certificate_id: entry.certificate.id().to_string(),
            key: None,
            mac: field("mac"),
            chip_id: field("chip_id"),
            bundle: (vendor == Vendor::Infineon).then(|| bundle.to_string()),
            id: entry.id,
        })
    });
    entries.collect()
}

#[track_caller]
fn check(vendor: Vendor, devices: u64, seed: u64) {
    let made = make(vendor, devices, seed);
    let bundles = if vendor == Vendor::Infineon { &Bundle::ALL[..] } else { &Bundle::ALL[..1] };
    let decoded = bundles.iter().flat_map(|bundle| decoded(vendor, &made.sample, *bundle));
    let listed: Vec<_> = made.identities().into_iter().map(Ok).collect();
    assert_eq!(u64::try_from(listed.len() / bundles.len()), Ok(devices));
    assert_eq!(decoded.collect::<Vec<_>>(), listed, "{devices} devices, seed {seed}");
}

#[track_caller]
fn check_many(vendor: Vendor, seeds: u64) {
    for seed in (0..seeds).chain([1_000_000, u64::MAX]) {
        check(vendor, seed % 5 + 1, seed);
    }
    check(vendor, 150, 1);
}

#[test]
fn microchip() {
    check_many(Vendor::Microchip, 24);
}

#[test]
fn infineon() {
    check_many(Vendor::Infineon, 6);
}

#[test]
fn espressif() {
    check_many(Vendor::Espressif, 12);
}

#[test]
fn generated() {
    check_many(Vendor::Generated, 24);
}

#[test]
fn a_microchip_sample_is_refused_where_its_signer_is_not_trusted() {
    let made = make(Vendor::Microchip, 1, 1);
    let nobody = Signers::new([], false);
    let mut entries = decode(Vendor::Microchip, &made.sample, Bundle::E0E0, &nobody);
    let refused = entries.remove(0).unwrap_err();
    assert_eq!(refused.reason.code(), "Signer.NotTrusted");
    // The fingerprint that a person is told to trust is the one that decoding asks for.
    assert!(refused.to_string().contains(made.sample.signer.as_ref().unwrap()), "{refused}");
}
