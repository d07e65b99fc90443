//! `cargo xtask check` says of every file and entry what the cloud says.

use std::{
    env, fs,
    io::{Cursor, Write},
    path::Path,
};

use assert_cmd::Command;
use rcgen::KeyPair;
use serde_json::{Value, json};
use tempfile::TempDir;
use xtask::sample;
use zip::{ZipWriter, write::SimpleFileOptions};

use crate::{
    factory::Made,
    samples::{self, Authority, Device, Signer, parameters, pem, private_key, standard, url},
    world::{Making, Run, World, tell},
};

/// A product line with rules that a file can break.
const LINES: &str = r#"
[profile.default]
policies = ["sensor-base"]

[profile.line]
policies = ["sensor-base"]
thing_name = "{mac}"
attributes = { batch = "{batch}" }

[profile.factory]
policies = ["sensor-base"]
certificate_status = "inactive"
defer_things = true

[profile.second]
policies = ["sensor-base"]
bundle = "E0E1"
"#;

/// What only AWS IoT can know.
const AWS_IOTS_WARNINGS: [&str; 1] = ["Certificate.LeftActive"];

/// A cloud, and a folder in which a person checks what comes into it.
struct Bench {
    world: World,
    folder: TempDir,
    signers: Vec<String>,
}

impl Bench {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config =
            format!("stack = \"acme\"\n{LINES}[vendor.microchip]\nsigners = \"uploaded\"\n");
        fs::write(folder.path().join("my.toml"), config).unwrap();
        // A signer that never comes is waited for, but not for two minutes.
        let world = Making::with(LINES).waiting("0.02").world().await;
        Self { world, folder, signers: Vec::new() }
    }

    /// Uploads somebody's certificate, and gives it to the checks from now on.
    async fn trust(&mut self, vendor: &str, name: &str, certificate: Vec<u8>) {
        fs::write(self.folder.path().join(name), &certificate).unwrap();
        let run = self.world.import(vendor, &format!("signers/{name}"), certificate).await;
        assert_eq!(run.output["next"], "filed");
        self.signers.push(name.to_owned());
    }

    /// Imports a file and checks it, and compares. The key's folder chooses the profile in both.
    async fn same(&self, vendor: &str, key: &str, content: impl Into<Vec<u8>>) -> Value {
        let content = content.into();
        let (profile, name) = key.split_once('/').unwrap_or(("default", key));
        fs::write(self.folder.path().join(name), &content).unwrap();
        let run = match vendor {
            "mes" => self.world.activate(key, content).await,
            _ => self.world.import(vendor, key, content).await,
        };
        let found = check(
            self.folder.path(),
            &self.signers,
            &[name, "--vendor", vendor, "--profile", profile],
        );
        compare(key, &run, &found);
        found
    }
}

/// What a check says of a file.
fn check(folder: &Path, signers: &[String], arguments: &[&str]) -> Value {
    let mut command = Command::new(env::current_exe().unwrap().with_file_name("../xtask"));
    command.current_dir(folder).arg("check").args(arguments);
    command.args(["--json", "--config", "my.toml"]);
    command.args(signers.iter().flat_map(|signer| ["--signer", signer]));
    let output = command.output().unwrap();
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)))
}

/// The verdict on the file, and every entry of it.
#[track_caller]
fn compare(key: &str, run: &Run, found: &Value) {
    let report = run.report();
    let stopped = report.stopped.as_ref().map(|stop| stop.code.as_str());
    assert_eq!(found.pointer("/stopped/code").and_then(Value::as_str), stopped, "{key}");
    assert_eq!(found["counts"]["read"], report.counts.read, "{key}");
    assert_eq!(found["balanced"], true, "{key}");
    if report.counts.read > 0 {
        assert_eq!(found["sha256"], report.source.sha256, "{key}");
        let notes: Vec<_> = report.notes.iter().map(|note| note.code.as_str()).collect();
        let found_notes: Vec<_> =
            found["notes"].as_array().unwrap().iter().map(|note| &note["code"]).collect();
        assert_eq!(found_notes, notes, "{key}");
    }
    let entries = found["entries"].as_array().unwrap();
    assert_eq!(u64::try_from(entries.len()).unwrap(), report.counts.read, "{key}");
    let mut taken = 0;
    for (number, entry) in (1..).zip(entries) {
        let line = run.result(number);
        let text = |name: &str| entry.get(name).and_then(Value::as_str).unwrap_or_default();
        for column in ["place", "id", "thing", "certificate_id"] {
            assert_eq!(text(column), line[column], "{key}, entry {number}: {column}");
        }
        let warnings = entry.get("warnings").and_then(Value::as_array).into_iter().flatten();
        let warnings: Vec<_> = warnings.filter_map(Value::as_str).collect();
        let told = line["warnings"].split(' ').filter(|code| !code.is_empty());
        let told: Vec<_> = told.filter(|code| !AWS_IOTS_WARNINGS.contains(code)).collect();
        assert_eq!(warnings, told, "{key}, entry {number}");
        if text("outcome") == "device" {
            taken += 1;
            // The cloud takes it, too: what becomes of it is AWS IoT's word.
            let code = line["code"].as_str();
            assert!(line["outcome"] != "rejected", "{key}, entry {number}: {line:?}");
            assert!(line["outcome"] != "not_attempted", "{key}, entry {number}: {line:?}");
            assert!(!code.starts_with("Manifest."), "{key}, entry {number}: {line:?}");
        } else {
            for column in ["outcome", "code"] {
                assert_eq!(text(column), line[column], "{key}, entry {number}: {column}");
            }
            if text("outcome") != "not_attempted" {
                assert_eq!(text("reason"), line["reason"], "{key}, entry {number}");
            }
        }
    }
    tell(&format!("{key}: {} entries, {taken} taken, stop {stopped:?}", entries.len()));
}

/// The codes of the entries, or `device`.
fn codes(found: &Value) -> Vec<&str> {
    let entries = found["entries"].as_array().unwrap().iter();
    entries
        .map(|entry| entry.get("code").or_else(|| entry.get("outcome")).unwrap().as_str().unwrap())
        .collect()
}

fn zipped(members: &[(&str, String)]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in members {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(content.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_says_of_every_file_and_entry_what_the_cloud_says() {
    let mut bench = Bench::new().await;
    let authority = Authority::new("Test CA");
    lists(&bench, &authority).await;
    tables(&bench, &authority).await;
    manifests(&mut bench, &authority).await;
    bundles(&mut bench).await;
    device_infos(&bench, &authority).await;
}

async fn lists(bench: &Bench, authority: &Authority) {
    let leaves: Vec<Vec<u8>> =
        ["d-1", "d-2", "d-1", "has a space"].map(|name| authority.leaf(name)).into();
    let mut old = parameters("d-old");
    old.not_before = rcgen::date_time_ymd(2001, 1, 1);
    old.not_after = rcgen::date_time_ymd(2002, 1, 1);
    let old = authority.issue(&old, &KeyPair::generate().unwrap());
    let other = Authority::new("Another CA");
    let lines = [
        standard(&leaves[0]),
        standard(&leaves[1])[..100].to_owned(),
        standard(&leaves[0]),
        standard(&leaves[2]),
        String::new(),
        standard(&leaves[3]),
        standard(&old),
        standard(&authority.der),
        standard(pem(&leaves[1]) + &pem(&authority.der)),
        standard(pem(&authority.leaf("d-3")) + &pem(&other.der)),
    ];
    let found = bench.same("generated", "damaged.txt", lines.join("\n")).await;
    let expected = [
        "device",
        "Certificate.Malformed",
        "Manifest.DuplicateCertificate",
        "Manifest.DuplicateName",
        "Name.Illegal",
        "device",
        "Certificate.IsAuthority",
        "device",
        "Certificate.NotSignedByIssuer",
    ];
    assert_eq!(codes(&found), expected);
    bench.same("generated", "factory/deferred.txt", lines.join("\n")).await;
    bench.same("generated", "line/nameless.txt", lines.join("\n")).await;

    let members = [
        ("reel/1.pem", pem(&authority.leaf("z-1"))),
        ("reel/2.pem", "this is no certificate".to_owned()),
        ("../3.pem", pem(&authority.leaf("z-3"))),
        ("reel/4.txt", standard(authority.leaf("z-4"))),
        ("reel/empty.txt", String::new()),
    ];
    let found = bench.same("generated", "reel.zip", zipped(&members)).await;
    assert_eq!(found["counts"]["devices"], 2, "{:?}", codes(&found));

    let key = String::from_utf8(private_key().private_key_to_pem_pkcs8().unwrap()).unwrap();
    let cut = pem(&leaves[0]);
    for (name, content, expected) in [
        ("empty.txt", String::new(), "Manifest.Empty"),
        ("blank.txt", "\n \n".to_owned(), "Manifest.Empty"),
        ("key.pem", key.clone(), "Manifest.PrivateKey"),
        ("late-key.pem", pem(&leaves[0]) + &pem(&leaves[1]) + &key, "Manifest.PrivateKey"),
        ("cut.pem", pem(&leaves[1]) + &cut[..cut.len() / 2], "Manifest.Truncated"),
        ("page.html", "<html><body>Sign in</body></html>".to_owned(), "Manifest.WrongFormat"),
        ("words.txt", "hello\nworld\n".to_owned(), ""),
    ] {
        let found = bench.same("generated", name, content).await;
        let stopped = found.pointer("/stopped/code").and_then(Value::as_str).unwrap_or_default();
        assert_eq!(stopped, expected, "{name}");
    }
}

async fn tables(bench: &Bench, authority: &Authority) {
    let leaf = |name: &str| pem(&authority.leaf(name));
    let row =
        |mac: &str, name: &str, batch: &str| format!("{mac},{name},\"{}\",{batch}", leaf(name));
    let rows = [
        "MAC,cn,cert,batch".to_owned(),
        row("AABBCC000001", "e-1", "7"),
        row("AA:BB:CC:00:00:02", "e-2", "8"),
        row("AABBCC00000", "e-3", "8"),
        row("AABBCC000001", "e-4", "9"),
        format!("AABBCC000005,other,\"{}\",1", leaf("e-5")),
        "AABBCC000006,e-6,nothing,1".to_owned(),
        row("AABBCC000007", "e-7", "two words"),
        row("AABBCC000008", "e-8", ""),
    ];
    let found = bench.same("espressif", "line/table.csv", rows.join("\r\n")).await;
    assert_eq!(found["counts"]["devices"], 3, "{:?}", codes(&found));
    bench.same("espressif", "table.csv", rows.join("\r\n")).await;
    let header = "MAC,certificate\nAABBCC000001,x\n";
    let found = bench.same("espressif", "header.csv", header).await;
    assert!(found.pointer("/stopped/code").is_some(), "{found}");
}

async fn manifests(bench: &mut Bench, authority: &Authority) {
    let signer = Signer::new("Test Signer");
    let stranger = Signer::new("Stranger");
    bench.trust("microchip", "signer.crt", signer.der.clone()).await;
    let devices: Vec<Device> = (1..=4).map(|number| Device::new(number, authority)).collect();
    let [one, two, three, four] = devices.as_slice() else { panic!("four devices") };
    let mut forged = two.element(&signer);
    forged["signature"] = one.element(&signer)["signature"].clone();
    let mut unsigned = two.element(&signer);
    unsigned["protected"] = url(json!({"alg": "none"}).to_string()).into();
    let mut edited = two.element(&signer);
    edited["header"]["uniqueId"] = three.unique_id.clone().into();
    let mut lite = three.payload();
    lite["version"] = 2.into();
    lite.as_object_mut().unwrap().remove("publicKeySet");
    let lite = signer.element(&three.unique_id, &signer.protected().to_string(), &lite.to_string());
    let mut alone = four.payload();
    alone["publicKeySet"]["keys"][1]["x5c"].as_array_mut().unwrap().pop();
    let alone =
        signer.element(&four.unique_id, &signer.protected().to_string(), &alone.to_string());
    let elements = [
        one.element(&signer),
        forged,
        unsigned,
        edited,
        two.element(&stranger),
        json!("a device"),
        lite,
        alone,
        one.element(&signer),
    ];
    let found = bench.same("microchip", "damaged.json", json!(elements).to_string()).await;
    assert_eq!(
        codes(&found),
        [
            "device",
            "Signature.Invalid",
            "Signature.Algorithm",
            "Manifest.UniqueIdEdited",
            "Signer.NotUploaded",
            "Manifest.Malformed",
            "Manifest.NoCertificate",
            "device",
            "Manifest.DuplicateCertificate",
        ]
    );
    let text =
        json!([one.element(&signer), two.element(&signer), three.element(&signer)]).to_string();
    bench.same("microchip", "cut.json", &text.as_bytes()[..text.len() * 3 / 4]).await;
    let members =
        [("a.json", text.clone()), ("b.json", json!([four.element(&signer)]).to_string())];
    bench.same("microchip", "two.zip", zipped(&members)).await;
    let found = bench
        .same("microchip", "list.txt", standard(&one.leaf) + "\n" + &standard(&two.leaf))
        .await;
    assert_eq!(found["stopped"]["code"], "Manifest.WrongFormat");
}

async fn bundles(bench: &mut Bench) {
    let folder = bench.folder.path().to_owned();
    let options = sample::Options { devices: 3, seed: 1, folder, keys: false };
    let made = sample::write(manifest::Vendor::Infineon, &options).unwrap();
    let bundle = fs::read(&made.manifest).unwrap();
    // Before the authority's certificate is there, and after.
    let found = bench.same("infineon", "bundle.7z", bundle.clone()).await;
    assert_eq!(found["warnings"][0]["code"], "Certificate.IssuerNotUploaded");
    let authority = fs::read(bench.folder.path().join("infineon-1-ca-ecc.crt")).unwrap();
    bench.trust("infineon", "ca.crt", authority).await;
    let found = bench.same("infineon", "again.7z", bundle.clone()).await;
    assert_eq!(found["chains"]["verified"], 3);
    bench.same("infineon", "second/second.7z", bundle.clone()).await;
    bench.same("infineon", "cut.7z", &bundle[..bundle.len() / 2]).await;
    let leaf = pem(&Authority::new("Test CA").leaf("i-1"));
    let wrong = zipped(&[("0A09330018420000000001_E0E2.pem", leaf.clone())]);
    let found = bench.same("infineon", "wrong.zip", wrong).await;
    assert_eq!(found["stopped"]["code"], "Manifest.MissingBundle");
    let digits = samples::hex(&Authority::new("Test CA").leaf("x-1"));
    let xml = format!(
        "<tpms><group><hex name='TpmMAC' value='AABBCC000011'/><binaryhex>{digits}</binaryhex></group>\
         <group><binaryhex>3082</binaryhex></group></tpms>"
    );
    bench.same("infineon", "groups.xml", xml).await;
}

async fn device_infos(bench: &Bench, authority: &Authority) {
    let made = Made::new(authority, "m-1");
    let many: Value = (0..4)
        .map(|number| (format!("a{number}"), "v".into()))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let devices = [
        made.info(),
        made.with("certFingerprint", json!(made.id[1..])),
        made.with("deviceId", json!("bad device")),
        made.with("attributes", many),
        made.info(),
        json!("device"),
    ];
    let file = json!({"batch_id": "lot-7", "devices": devices, "more": 1}).to_string();
    let found = bench.same("mes", "infos.json", file).await;
    assert_eq!(found["batch"], "lot-7");
    assert_eq!(codes(&found)[0], "device", "that it was never registered is AWS IoT's word");
    let found = bench.same("mes", "none.json", r#"{"devices": []}"#).await;
    assert_eq!(found["stopped"]["code"], "Manifest.Empty");
}
