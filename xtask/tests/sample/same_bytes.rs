//! The same arguments give the same bytes; the first devices of a larger sample are those of a smaller one.

use std::collections::BTreeSet;

use manifest::Vendor;
use openssl::sha::sha256;
use xtask::sample::Identity;

use crate::support::{hex, make, make_mes, make_with_keys};

#[test]
fn a_sample_made_twice_is_the_same() {
    for vendor in Vendor::ALL {
        assert_eq!(make(vendor, 5, 3).files(), make(vendor, 5, 3).files(), "{vendor:?}");
        assert_eq!(make_mes(vendor, 5, 3).files(), make_mes(vendor, 5, 3).files(), "{vendor:?}");
    }
    for vendor in [Vendor::Microchip, Vendor::Espressif] {
        assert_eq!(make_with_keys(vendor, 2).files(), make_with_keys(vendor, 2).files());
    }
}

/// The first sixteen digits of a digest.
fn digest(bytes: &[u8]) -> String {
    hex(&sha256(bytes)[..8])
}

/// On every machine, in every run, and until somebody changes what samples are. Infineon's archive may change with the
/// library that compresses it, its certificates may not.
#[test]
fn samples_are_the_same_everywhere() {
    let digests: Vec<_> = Vendor::ALL
        .map(|vendor| {
            let made = make(vendor, 3, 1);
            let identities = std::fs::read(&made.sample.identities).unwrap();
            let manifest = if vendor == Vendor::Infineon { Vec::new() } else { made.manifest() };
            format!("{} {} {}", vendor.name(), digest(&identities), digest(&manifest))
        })
        .into();
    assert_eq!(
        digests,
        [
            "microchip abe004d572deba53 f9b8f4838e2e23ac",
            "infineon 3e5a8bbc47d52c92 e3b0c44298fc1c14",
            "espressif bd0a4b85aae6df8f 62fb8d191f7f9242",
            "generated 7e444632d3ab8c91 e17a11aacf218a2e",
        ]
    );
}

#[track_caller]
fn check_other_seed(vendor: Vendor) {
    let all = |seed| -> BTreeSet<String> {
        let identities = make(vendor, 4, seed).identities().into_iter();
        identities
            .flat_map(|identity| [identity.id, identity.cn, identity.certificate_id])
            .collect()
    };
    assert!(all(1).is_disjoint(&all(2)), "{vendor:?}");
}

#[test]
fn another_seed_gives_other_devices() {
    for vendor in Vendor::ALL {
        check_other_seed(vendor);
    }
}

#[test]
fn the_first_devices_of_a_larger_sample_are_those_of_a_smaller_one() {
    for vendor in Vendor::ALL {
        let larger = sets(make(vendor, 7, 1).identities());
        for devices in [1, 4] {
            let smaller = sets(make(vendor, devices, 1).identities());
            assert_eq!(smaller.len(), larger.len());
            for (smaller, larger) in smaller.iter().zip(&larger) {
                assert_eq!(u64::try_from(smaller.len()), Ok(devices));
                assert!(larger.starts_with(smaller), "{vendor:?} {devices}: {smaller:?}");
            }
        }
    }
}

/// Infineon's manifest holds its devices three times, other manifests once.
fn sets(identities: Vec<Identity>) -> Vec<Vec<Identity>> {
    identities.chunk_by(|one, next| one.bundle == next.bundle).map(<[_]>::to_vec).collect()
}

#[test]
fn files_that_exist_are_overwritten() {
    let made = make(Vendor::Generated, 5, 1);
    let options = xtask::sample::Options {
        devices: 2,
        seed: 1,
        folder: made.sample.manifest.parent().unwrap().to_path_buf(),
        keys: false,
    };
    xtask::sample::generated::write(&options).unwrap();
    assert_eq!(made.identities().len(), 2);
    assert_eq!(made.manifest().split(|byte| *byte == b'\n').count(), 3, "two lines and their ends");
}
