//! What is in the manifests, read with OpenSSL: certificates of real keys, signed by the authorities that come along.

use std::{collections::BTreeSet, fs, os::unix::fs::PermissionsExt as _};

use manifest::Vendor;
use openssl::{
    pkey::{Id, PKey},
    sha::sha256,
    x509::X509,
};

use crate::support::{
    Dozen, certificate_id, certificates, common_name, decode_url, dozen, hex, inner, make,
    make_mes, make_with_keys, members, payloads,
};

#[test]
fn the_manifest_holds_what_is_listed() {
    for vendor in Vendor::ALL {
        let Dozen { manifest, identities, .. } = dozen(vendor);
        let found: Vec<_> = certificates(vendor, manifest)
            .iter()
            .map(|certificate| (common_name(certificate), certificate_id(certificate)))
            .collect();
        let listed = identities
            .iter()
            .map(|identity| (identity.cn.clone(), identity.certificate_id.clone()));
        assert_eq!(found, listed.collect::<Vec<_>>(), "{vendor:?}");
        assert_eq!(found.len(), if vendor == Vendor::Infineon { 36 } else { 12 });
    }
}

#[test]
fn no_two_certificates_share_anything() {
    for vendor in Vendor::ALL {
        let certificates = certificates(vendor, &dozen(vendor).manifest);
        let count = |what: &dyn Fn(&X509) -> Vec<u8>| {
            certificates.iter().map(what).collect::<BTreeSet<_>>().len()
        };
        let all = certificates.len();
        assert_eq!(count(&|one| one.public_key().unwrap().public_key_to_der().unwrap()), all);
        assert_eq!(count(&|one| common_name(one).into_bytes()), all);
        let serials = count(&|one| {
            let serial = one.serial_number().to_bn().unwrap();
            assert!(!serial.is_negative() && serial.num_bits() > 8);
            serial.to_vec()
        });
        assert_eq!(serials, all, "{vendor:?}");
    }
}

#[test]
fn keys_are_of_the_vendors_kinds() {
    for vendor in Vendor::ALL {
        let Dozen { manifest, identities, .. } = dozen(vendor);
        for (certificate, identity) in certificates(vendor, manifest).iter().zip(identities) {
            let key = certificate.public_key().unwrap();
            let rsa = vendor == Vendor::Espressif || identity.bundle.as_deref() == Some("E0E2");
            let expected = if rsa { (Id::RSA, 2_048) } else { (Id::EC, 256) };
            assert_eq!((key.id(), key.bits()), expected, "{vendor:?}");
        }
    }
}

#[test]
fn private_keys_fit_their_certificates_and_are_nobody_elses_business() {
    for vendor in Vendor::ALL {
        let made = make_with_keys(vendor, 3);
        let identities = made.identities();
        let keys: BTreeSet<_> = identities.iter().map(|identity| identity.key.clone()).collect();
        assert_eq!(keys.len(), identities.len());
        for (certificate, identity) in
            certificates(vendor, &made.manifest()).iter().zip(&identities)
        {
            let path = identity.key.as_ref().unwrap();
            let key = PKey::private_key_from_pem(&fs::read(path).unwrap()).unwrap();
            assert!(fs::read_to_string(path).unwrap().starts_with("-----BEGIN PRIVATE KEY-----"));
            assert!(key.public_eq(&certificate.public_key().unwrap()), "{}", path.display());
            assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
            let beside = X509::from_pem(&fs::read(path.with_extension("crt")).unwrap()).unwrap();
            assert_eq!(beside, *certificate);
        }
    }
}

#[test]
fn a_key_that_others_could_read_is_closed() {
    let made = make_with_keys(Vendor::Generated, 1);
    let path = made.identities().remove(0).key.unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let folder = made.sample.manifest.parent().unwrap().to_path_buf();
    let options = xtask::sample::Options { devices: 1, seed: 1, folder, keys: true };
    xtask::sample::generated::write(&options).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn without_keys_there_are_none() {
    for vendor in [Vendor::Microchip, Vendor::Generated] {
        let made = make(vendor, 2, 1);
        assert!(made.identities().iter().all(|identity| identity.key.is_none()));
        assert!(
            !made.files().keys().any(|name| name.contains("keys")),
            "{:?}",
            made.files().keys()
        );
    }
}

#[test]
fn microchips_devices_come_with_their_issuer_and_more_keys() {
    let Dozen { manifest, identities, .. } = dozen(Vendor::Microchip);
    for (payload, identity) in payloads(manifest).iter().zip(identities) {
        assert_eq!(payload["uniqueId"], identity.id.as_str());
        assert_eq!(identity.cn, format!("sn{}", identity.id.to_uppercase()));
        let keys = payload["publicKeySet"]["keys"].as_array().unwrap();
        assert_eq!(
            keys.iter().map(|key| &key["kid"]).collect::<Vec<_>>(),
            ["0", "1", "2", "3", "4"]
        );
        let points: BTreeSet<_> = keys.iter().map(|key| key["x"].as_str().unwrap()).collect();
        assert_eq!(points.len(), 5);
        let [leaf, issuer] = [0, 1]
            .map(|at| X509::from_der(&decode_url(keys[0]["x5c"][at].as_str().unwrap())).unwrap());
        assert!(leaf.verify(&issuer.public_key().unwrap()).unwrap());
        assert!(issuer.issued(&leaf) == openssl::x509::X509VerifyResult::OK);
    }
}

#[test]
fn infineons_bundle_is_whole() {
    let Dozen { manifest, identities, authorities } = dozen(Vendor::Infineon);
    let outer = members(manifest);
    // What comes before is the reel's number and a GUID.
    let ends: Vec<_> =
        outer.iter().map(|(name, _)| name.get(53..).unwrap_or(name.as_str())).collect();
    assert_eq!(
        ends,
        ["_E0E0_Certs.7z", "_E0E1_Certs.7z", "_E0E2_Certs.7z", "_keys.7z", "README.txt"]
    );

    let authorities: Vec<_> = authorities.iter().map(|der| X509::from_der(der).unwrap()).collect();
    let mut listed = identities.iter();
    for (set, authority) in [("E0E0", 0), ("E0E1", 0), ("E0E2", 1)] {
        for (name, pem) in members(&inner(manifest, set)) {
            let identity = listed.next().unwrap();
            assert_eq!(identity.bundle.as_deref(), Some(set));
            assert_eq!(identity.chip_id.as_ref(), Some(&identity.id));
            assert_eq!(name, format!("{}_{set}.pem", identity.id));
            let text = std::str::from_utf8(&pem).unwrap();
            assert_eq!(text.matches("\r\n").count(), text.matches('\n').count());
            let certificate = X509::from_pem(&pem).unwrap();
            let key = authorities[authority].public_key().unwrap();
            assert!(certificate.verify(&key).unwrap(), "{name}");
            assert_eq!(authorities[authority].issued(&certificate).as_raw(), 0, "{name}");
            // The name is the digest of the BIT STRING that ends the public key.
            let info = certificate.public_key().unwrap().public_key_to_der().unwrap();
            let bits = if set == "E0E2" { &info[19..] } else { &info[23..] };
            assert_eq!(bits[0], 0x03);
            assert_eq!(identity.cn, hex(&sha256(bits)));
        }
    }
    assert_eq!(listed.next(), None);
}

#[test]
fn espressifs_records_end_as_the_real_ones() {
    let Dozen { manifest, identities, .. } = dozen(Vendor::Espressif);
    let text = std::str::from_utf8(manifest).unwrap();
    assert!(text.starts_with("MAC,cn,cert\r\n"));
    assert!(text.ends_with("-----END CERTIFICATE-----\n\""));
    assert_eq!(text.matches("\r\n").count(), 12, "one after the header, eleven between records");
    for (record, identity) in csv::Reader::from_reader(text.as_bytes()).records().zip(identities) {
        let record = record.unwrap();
        assert_eq!([&record[0], &record[1]], [&identity.id, &identity.cn]);
        assert_eq!(identity.mac.as_ref(), Some(&identity.id));
        assert!(record[0].len() == 12 && record[0].bytes().all(|digit| digit.is_ascii_hexdigit()));
    }
}

#[test]
fn device_infos_name_the_devices_of_the_other_sample() {
    for vendor in Vendor::ALL {
        let (infos, sample) = (make_mes(vendor, 4, 9), make(vendor, 4, 9));
        let file: serde_json::Value = serde_json::from_slice(&infos.manifest()).unwrap();
        let devices = file["devices"].as_array().unwrap();
        assert_eq!(devices.len(), 4);
        for (device, identity) in devices.iter().zip(sample.identities()) {
            assert_eq!(device["certFingerprint"], identity.certificate_id.as_str());
            assert_eq!(device["deviceId"], identity.mac.clone().unwrap_or(identity.cn).as_str());
            let attributes = device["attributes"].as_object().unwrap();
            assert_eq!(attributes.keys().collect::<Vec<_>>(), ["DSN", "MAC"]);
            if let Some(mac) = identity.mac {
                assert_eq!(attributes["MAC"], mac.as_str());
            }
        }
        let listed: Vec<_> =
            infos.identities().into_iter().map(|identity| identity.certificate_id).collect();
        let fingerprints: Vec<_> =
            devices.iter().map(|device| device["certFingerprint"].as_str().unwrap()).collect();
        assert_eq!(listed, fingerprints);
    }
}
