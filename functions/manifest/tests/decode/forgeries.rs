//! What somebody might try, each attempt by name.

use manifest::{Limits, Signers, Vendor};
use serde_json::{Value, json};

use crate::support::{Authority, Device, Signer, World, parameters, read, standard, url};

/// One device of the world, whose element is forged by signing something odd with the right key.
#[track_caller]
fn signed(world: &World, change: impl FnOnce(&mut Value, &mut Value), expected: &str) {
    let device = Device::new(1, &world.authority);
    let (mut protected, mut payload) = (world.signer.protected(), device.payload());
    change(&mut protected, &mut payload);
    let element =
        world.signer.element(&device.unique_id, &protected.to_string(), &payload.to_string());
    assert_eq!(world.verdict(&element), expected);
}

/// One genuine element, changed after it was signed.
#[track_caller]
fn edited(world: &World, change: impl FnOnce(&mut Value), expected: &str) {
    let mut element = Device::new(1, &world.authority).element(&world.signer);
    change(&mut element);
    assert_eq!(world.verdict(&element), expected);
}

#[test]
fn the_unforged_element_is_good() {
    let world = World::new();
    signed(&world, |_, _| {}, "ok");
    edited(&world, |_| {}, "ok");
}

#[test]
fn no_algorithm_but_es256_is_taken() {
    let world = World::new();
    for algorithm in ["none", "HS256", "ES384", "RS256", "es256", ""] {
        signed(&world, |protected, _| protected["alg"] = json!(algorithm), "Signature.Algorithm");
    }
    signed(&world, |protected, _| protected["alg"] = json!(["ES256"]), "Signature.Algorithm");
    signed(&world, |protected, _| protected["alg"] = Value::Null, "Signature.Algorithm");
}

#[test]
fn alg_none_with_an_empty_signature_is_refused() {
    let world = World::new();
    let device = Device::new(1, &world.authority);
    let protected =
        json!({"alg": "none", "kid": world.signer.kid(), "x5t#S256": world.signer.thumbprint()});
    let element = json!({
        "payload": url(device.payload().to_string()),
        "protected": url(protected.to_string()),
        "signature": "",
    });
    assert_eq!(world.verdict(&element), "Signature.Algorithm");
}

#[test]
fn hs256_with_the_public_key_as_its_secret_is_refused() {
    let world = World::new();
    let device = Device::new(1, &world.authority);
    let mut protected = world.signer.protected();
    protected["alg"] = json!("HS256");
    let signed = format!("{}.{}", url(protected.to_string()), url(device.payload().to_string()));
    let secret = openssl::pkey::PKey::hmac(&world.signer.der).unwrap();
    let digest = openssl::hash::MessageDigest::sha256();
    let mac = openssl::sign::Signer::new(digest, &secret)
        .unwrap()
        .sign_oneshot_to_vec(signed.as_bytes())
        .unwrap();
    let (protected, payload) = signed.split_once('.').unwrap();
    let element = json!({"payload": payload, "protected": protected, "signature": url(mac)});
    assert_eq!(world.verdict(&element), "Signature.Algorithm");
}

#[test]
fn an_untrusted_signer_is_refused_with_his_fingerprint_and_the_line_to_add() {
    let world = World::new();
    let stranger = Signer::new("Stranger");
    let element = json!([Device::new(1, &world.authority).element(&stranger)]).to_string();
    // Knowing his certificate is not trusting him.
    let mut signers = world.signers.clone();
    for _ in 0..2 {
        let reading = read(Vendor::Microchip, element.as_bytes(), &signers, Limits::default());
        assert_eq!(reading.codes(), ["Signer.NotTrusted"]);
        let fingerprint = stranger.certificate().id();
        let line = format!("[vendor.microchip] signers = [\"{fingerprint}\"]");
        assert!(reading.sentence(0).contains(&line), "{}", reading.sentence(0));
        signers.add(stranger.certificate());
    }
}

#[test]
fn an_uploaded_signer_is_trusted_only_where_the_owner_wants_it() {
    let world = World::new();
    let element = json!([Device::new(1, &world.authority).element(&world.signer)]).to_string();
    let mut signers = Signers::new([], true);
    let before = read(Vendor::Microchip, element.as_bytes(), &signers, Limits::default());
    assert_eq!(before.codes(), ["Signer.NotUploaded"]);
    signers.add(world.signer.certificate());
    let after = read(Vendor::Microchip, element.as_bytes(), &signers, Limits::default());
    assert_eq!(after.codes(), ["ok"]);
}

#[test]
fn the_name_of_one_signer_over_the_signature_of_another_is_refused() {
    let mut world = World::new();
    let other = Signer::new("Other Signer");
    world.signers = Signers::new([], true);
    world.signers.add(world.signer.certificate());
    world.signers.add(other.certificate());
    let device = Device::new(1, &world.authority);
    let element = other.element(
        &device.unique_id,
        &world.signer.protected().to_string(),
        &device.payload().to_string(),
    );
    assert_eq!(world.verdict(&element), "Signature.Invalid");
    assert_eq!(world.verdict(&device.element(&other)), "ok");
}

#[test]
fn both_names_of_the_signer_must_be_his() {
    let mut world = World::new();
    let other = Signer::new("Other Signer");
    let wrong_kid = |protected: &mut Value, _: &mut Value| protected["kid"] = json!(other.kid());
    let wrong_thumbprint =
        |protected: &mut Value, _: &mut Value| protected["x5t#S256"] = json!(other.thumbprint());
    signed(&world, wrong_kid, "Signer.KidMismatch");
    signed(&world, wrong_thumbprint, "Signer.NotTrusted");
    world.signers = Signers::new([], true);
    world.signers.add(world.signer.certificate());
    world.signers.add(other.certificate());
    signed(&world, wrong_kid, "Signer.KidMismatch");
    signed(&world, wrong_thumbprint, "Signer.KidMismatch");
}

#[test]
fn a_signer_without_a_name_is_refused() {
    let world = World::new();
    for name in ["kid", "x5t#S256"] {
        let remove = |protected: &mut Value, _: &mut Value| {
            protected.as_object_mut().unwrap().remove(name);
        };
        signed(&world, remove, "Signer.Unnamed");
    }
    signed(&world, |protected, _| protected["x5t#S256"] = json!("AAAA"), "Signer.Unnamed");
}

#[test]
fn swapped_payloads_are_refused() {
    let world = World::new();
    let [mut first, mut second] =
        [1, 2].map(|number| Device::new(number, &world.authority).element(&world.signer));
    std::mem::swap(&mut first["payload"], &mut second["payload"]);
    let text = json!([first, second]).to_string();
    assert_eq!(world.codes(text.as_bytes()), ["Signature.Invalid"; 2]);
}

#[test]
fn swapped_payloads_with_their_signatures_are_seen_by_the_header() {
    let world = World::new();
    let [mut first, mut second] =
        [1, 2].map(|number| Device::new(number, &world.authority).element(&world.signer));
    std::mem::swap(&mut first["header"], &mut second["header"]);
    let text = json!([first, second]).to_string();
    assert_eq!(world.codes(text.as_bytes()), ["Manifest.UniqueIdEdited"; 2]);
}

#[test]
fn an_edited_unique_id_is_refused_and_a_missing_one_is_not() {
    let world = World::new();
    let edit = |element: &mut Value| element["header"]["uniqueId"] = json!("0123ffffffffffff01");
    edited(&world, edit, "Manifest.UniqueIdEdited");
    edited(&world, |element| element["header"]["uniqueId"] = json!(7), "Manifest.Malformed");
    edited(&world, |element| element["header"] = json!({}), "ok");
    let remove = |element: &mut Value| drop(element.as_object_mut().unwrap().remove("header"));
    edited(&world, remove, "ok");
}

#[test]
fn an_unsigned_header_does_not_overrule_the_signed_one() {
    let world = World::new();
    edited(&world, |element| element["header"]["alg"] = json!("none"), "Manifest.Malformed");
}

#[test]
fn a_demanded_extension_is_refused() {
    let world = World::new();
    signed(
        &world,
        |protected, _| {
            protected["crit"] = json!(["b64"]);
            protected["b64"] = json!(false);
        },
        "Signature.CriticalExtension",
    );
}

#[test]
fn the_certificate_of_another_device_is_refused() {
    let world = World::new();
    let other = Device::new(2, &world.authority);
    let key = "/publicKeySet/keys/1";
    let swap_chain = |_: &mut Value, payload: &mut Value| {
        *payload.pointer_mut(&format!("{key}/x5c")).unwrap() = json!(other.chain);
    };
    signed(&world, swap_chain, "Certificate.OtherKey");
    // With its key as well, only the name in it is left to tell.
    let swap_key = |_: &mut Value, payload: &mut Value| {
        *payload.pointer_mut(key).unwrap() = other.payload().pointer(key).unwrap().clone();
    };
    signed(&world, swap_key, "Certificate.OtherDevice");
}

#[test]
fn the_old_form_of_the_common_name_is_compared_and_a_customers_own_is_not() {
    let world = World::new();
    let id = "0123aabbccddeeff01";
    for (name, expected) in [
        ("0123AABBCCDDEEFF01 ATECC", "ok"),
        ("0123AABBCCDDEEFF02 ATECC", "Certificate.OtherDevice"),
        ("sn0123AABBCCDDEEFF02", "Certificate.OtherDevice"),
        ("sn0123AABBCCDDEEFF", "ok"),
        ("0123AABBCCDDEEFF02", "ok"),
        ("pump-17.example.com", "ok"),
    ] {
        let device = Device::named(id, &parameters(name), &world.authority);
        assert_eq!(world.verdict(&device.element(&world.signer)), expected, "{name}");
    }
}

#[test]
fn duplicate_members_are_refused_wherever_they_are() {
    let world = World::new();
    let device = Device::new(1, &world.authority);
    let element = device.element(&world.signer).to_string();
    let (protected, payload) = (world.signer.protected().to_string(), device.payload().to_string());
    let doubled = |text: &str, member: &str| {
        assert!(text.contains(member), "{member}");
        text.replacen(member, &format!("{member}0\",{member}"), 1)
    };
    let sign = |protected: &str, payload: &str| {
        world.signer.element(&device.unique_id, protected, payload).to_string()
    };
    for (place, text) in [
        ("top", doubled(&element, "\"signature\":\"")),
        ("header", doubled(&element, "\"uniqueId\":\"")),
        ("protected", sign(&doubled(&protected, "\"alg\":\""), &payload)),
        ("payload", sign(&protected, &doubled(&payload, "\"uniqueId\":\""))),
        ("key", sign(&protected, &doubled(&payload, "\"x\":\""))),
    ] {
        assert_eq!(
            world.codes(format!("[{text}]").as_bytes()),
            ["Manifest.DuplicateMember"],
            "{place}"
        );
    }
}

#[test]
fn a_signature_in_der_is_refused_as_malformed() {
    let world = World::new();
    let to_der = |element: &mut Value| {
        let message = format!(
            "{}.{}",
            element["protected"].as_str().unwrap(),
            element["payload"].as_str().unwrap()
        );
        let raw = world.signer.signature(&message);
        let number = |bytes| openssl::bn::BigNum::from_slice(bytes).unwrap();
        let (r, s) = raw.split_at(32);
        let signature =
            openssl::ecdsa::EcdsaSig::from_private_components(number(r), number(s)).unwrap();
        element["signature"] = json!(url(signature.to_der().unwrap()));
    };
    edited(&world, to_der, "Signature.Malformed");
}

#[test]
fn signatures_of_wrong_lengths_and_of_zeros_are_refused() {
    let world = World::new();
    for (signature, expected) in [
        (String::new(), "Signature.Malformed"),
        (url([1; 63]), "Signature.Malformed"),
        (url([1; 65]), "Signature.Malformed"),
        (url([1; 96]), "Signature.Malformed"),
        (standard([0xff; 64]), "Signature.Malformed"),
        (url([0; 64]), "Signature.Invalid"),
        (url([0xff; 64]), "Signature.Invalid"),
    ] {
        edited(&world, |element| element["signature"] = json!(signature), expected);
    }
}

#[test]
fn a_signature_with_a_high_s_is_good() {
    let world = World::new();
    edited(
        &world,
        |element| {
            let (protected, payload) =
                (element["protected"].as_str().unwrap(), element["payload"].as_str().unwrap());
            let signature = world.signer.high_signature(&format!("{protected}.{payload}"));
            assert!(signature[32] >= 0x7f);
            element["signature"] = json!(url(signature));
        },
        "ok",
    );
}

#[test]
fn one_flipped_byte_is_refused() {
    let world = World::new();
    for member in ["payload", "signature"] {
        let flip = |element: &mut Value| {
            let text = element[member].as_str().unwrap();
            let other = if text.as_bytes()[40] == b'A' { "B" } else { "A" };
            element[member] = json!(format!("{}{other}{}", &text[..40], &text[41..]));
        };
        edited(&world, flip, "Signature.Invalid");
    }
}

#[test]
fn a_certificate_that_its_issuer_did_not_sign_is_refused() {
    let world = World::new();
    // The same name, another key.
    let impostor = Authority::new("Test CA");
    let device = Device::new(1, &impostor);
    let chain = |issuer: &Authority| {
        let x5c = [standard(&device.leaf), standard(&issuer.der)];
        let mut payload = device.payload();
        payload["publicKeySet"]["keys"][1]["x5c"] = json!(x5c);
        let protected = world.signer.protected().to_string();
        world.signer.element(&device.unique_id, &protected, &payload.to_string())
    };
    assert_eq!(world.verdict(&chain(&world.authority)), "Certificate.NotSignedByIssuer");
    assert_eq!(world.verdict(&chain(&Authority::new("Other CA"))), "Certificate.NotSignedByIssuer");
    assert_eq!(world.verdict(&chain(&impostor)), "ok");
    // An issuer that is known already does not vouch for what it did not sign either.
    let text = json!([chain(&impostor), chain(&world.authority), chain(&impostor)]).to_string();
    assert_eq!(world.codes(text.as_bytes()), ["ok", "Certificate.NotSignedByIssuer", "ok"]);
}

#[test]
fn an_issuer_of_another_name_is_refused_though_the_key_is_the_same() {
    let world = World::new();
    let key = rcgen::KeyPair::generate().unwrap();
    let again = rcgen::KeyPair::from_pem(&key.serialize_pem()).unwrap();
    let mut device = Device::new(1, &Authority::of("Test CA", key));
    device.chain[1] = standard(&Authority::of("Other CA", again).der);
    assert_eq!(world.verdict(&device.element(&world.signer)), "Certificate.NotSignedByIssuer");
}

#[test]
fn an_authority_is_no_device() {
    let world = World::new();
    let mut parameters = parameters("sn0123AABBCCDDEEFF01");
    parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let device = Device::named("0123aabbccddeeff01", &parameters, &world.authority);
    assert_eq!(world.verdict(&device.element(&world.signer)), "Certificate.IsAuthority");
}

#[test]
fn a_forged_entry_costs_itself_alone_and_says_where_it_is() {
    let world = World::new();
    let mut elements: Vec<Value> =
        world.devices(10).iter().map(|device| device.element(&world.signer)).collect();
    let text = elements[6]["payload"].as_str().unwrap().replacen('A', "B", 1);
    elements[6]["payload"] = json!(text);
    let reading = world.read(json!(elements).to_string().as_bytes());
    assert_eq!(reading.good().len(), 9);
    let error = reading.entries[6].as_ref().unwrap_err();
    assert_eq!((error.number, error.id.as_str()), (7, "012300000000000701"));
    assert_eq!(
        error.to_string(),
        "entry 7: the entry's signature does not match its content: the entry was changed after it \
         was signed; get the file again from the vendor"
    );
}
