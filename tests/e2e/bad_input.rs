//! Files that are not what they should be: where a run starts, it ends red with a sentence for a person.

use std::{
    io::{Cursor, Write},
    time::Duration,
};

use serde_json::json;
use zip::{ZipWriter, write::SimpleFileOptions};

use crate::{
    samples::{self, Authority, Signer, standard},
    world::{Making, PROFILES, Run, World},
};

#[track_caller]
fn check(run: &Run, code: &str, sentence: &str) {
    let (stopped, reason) = run.stop();
    assert_eq!(stopped, code, "{reason}");
    assert!(reason.contains(sentence), "`{sentence}` is not in: {reason}");
    assert!(run.cause.contains(reason), "the execution's cause tells it too: {}", run.cause);
    assert_eq!(run.status.as_str(), "FAILED");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_cannot_be_imported_says_why() {
    let world = World::new().await;
    let authority = Authority::new("Test CA");
    let signer = Signer::new("Test Signer");
    world.import("microchip", "signer.der", signer.der.clone()).await;
    let elements: Vec<_> =
        (1..=4).map(|number| samples::Device::new(number, &authority).element(&signer)).collect();
    let manifest = json!(elements).to_string();
    let list = standard(authority.leaf("device-1")) + "\n";

    let empty = world.import("generated", "nothing.txt", "").await;
    check(&empty, "Manifest.Empty", "the file is empty");

    let wrong_bucket = world.import("generated", "reel.json", manifest.clone()).await;
    check(
        &wrong_bucket,
        "Manifest.WrongFormat",
        "this file is a Microchip manifest (JSON), and this bucket takes certificates",
    );
    let wrong_bucket = world.import("microchip", "list.txt", list.clone() + &list).await;
    check(
        &wrong_bucket,
        "Manifest.WrongFormat",
        "this file is a certificate or a list of certificates, and this bucket takes Microchip manifests",
    );

    let not_what_it_says =
        world.import("microchip", "manifest.json", b"7z\xbc\xaf\x27\x1c\0\x04".to_vec()).await;
    check(&not_what_it_says, "Manifest.WrongFormat", "7z");

    let truncated =
        world.import("microchip", "cut.json", &manifest.as_bytes()[..manifest.len() * 2 / 3]).await;
    check(&truncated, "Manifest.Truncated", "the file ends in the middle");
    assert_eq!(
        truncated.summary(),
        "2 read, 2 not attempted; red",
        "what could be read was not registered"
    );

    let key = rcgen::KeyPair::generate().unwrap().serialize_pem();
    let private = world.import("generated", "keys.pem", key.clone()).await;
    check(&private, "Manifest.PrivateKey", "private key");
    for file in ["stopped.json", "report.json"] {
        let content =
            String::from_utf8(world.run_file(&private.name, file).await.unwrap()).unwrap();
        assert!(!content.contains(key.lines().nth(1).unwrap()), "{file} holds the key");
    }

    let flash =
        format!("key,type,encoding,value\nfctry,namespace,,\npriv_key,data,string,\"{key}\"\n");
    let flash = world.import("espressif", "fctry.csv", flash).await;
    check(&flash, "Manifest.WrongFormat", "a flash-partition CSV");
    for file in ["stopped.json", "report.json"] {
        let content = String::from_utf8(world.run_file(&flash.name, file).await.unwrap()).unwrap();
        assert!(!content.contains("fctry,") && !content.contains("PRIVATE"), "{file}: {content}");
    }
    assert_eq!(world.registered().await, (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_manifest_starts_nothing_and_odd_names_are_fine() {
    let world = World::new().await;
    let authority = Authority::new("Test CA");
    for key in ["default/", ".DS_Store", "default/.DS_Store", "default/Thumbs.db"] {
        world.upload("generated", key, "").await;
    }
    let odd = "default/Charge 7 – Gerät „Süd“ (geprüft) #1?.txt";
    let run = world.import("generated", odd, standard(authority.leaf("device-1"))).await;
    assert_eq!(run.summary(), "1 read, 1 created");
    assert_eq!(run.report().source.key, odd);
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(world.runs().await, [run.name], "only the last upload started a run");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_policy_stops_the_run_before_any_write() {
    let world = Making::with(PROFILES).without_registry_objects().world().await;
    let list = standard(Authority::new("Test CA").leaf("device-1"));
    let run = world.import("generated", "list.txt", list).await;
    check(&run, "Preflight.NoPolicy", "there is no AWS IoT policy `sensor-base`");
    check(
        &run,
        "Preflight.NoPolicy",
        "`sensor-telemetry`; there is no thing group `sensors`; there is no thing type `sensor`",
    );
    assert_eq!(world.registered().await, (0, 0));
    let asked = ["DescribeThingGroup", "DescribeThingType", "GetPolicy"];
    assert_eq!(world.gate.calls().into_keys().collect::<Vec<_>>(), asked, "nothing but questions");

    let run = world.import("generated", "gateway/list.txt", "AA==").await;
    check(&run, "Preflight.UnknownProfile", "`gateway`");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_member_of_a_zip_costs_itself_alone() {
    let world = World::new().await;
    let authority = Authority::new("Test CA");
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let members = [
        ("reel/1.pem", samples::pem(&authority.leaf("device-1"))),
        ("reel/2.pem", "this is no certificate".to_owned()),
        ("reel/3.txt", standard(authority.leaf("device-3"))),
    ];
    for (name, content) in members {
        zip.start_file(name, SimpleFileOptions::default()).unwrap();
        zip.write_all(content.as_bytes()).unwrap();
    }
    let zip = zip.finish().unwrap().into_inner();
    let run = world.import("generated", "reel.zip", zip).await;
    assert_eq!(run.summary(), "3 read, 2 created, 1 rejected; red");
    let bad = run.result(2);
    assert_eq!(bad["place"], "line 1 of `2.pem`");
    assert!(world.device("device-3").await.is_some());
}
