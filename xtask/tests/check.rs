//! `cargo xtask check`, as somebody without any AWS account uses it.
#![expect(
    clippy::unwrap_used,
    reason = "a helper that panics fails the test that called it, as it should"
)]

use std::{
    fs,
    path::{Path, PathBuf},
};

use assert_cmd::Command;
use serde_json::Value;
use tempfile::TempDir;

/// A configuration with two profiles, which trusts whoever is uploaded.
const CONFIG: &str = r#"
stack = "acme-sensors"

[profile.default]
thing_type = "sensor"

[profile.line]
thing_name = "line-{serial}"

[profile.factory]
certificate_status = "inactive"
defer_things = true

[vendor.microchip]
signers = "uploaded"
"#;

/// A folder with a sample of every vendor in it, and a configuration.
struct Bench {
    folder: TempDir,
}

impl Bench {
    fn new(vendors: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for vendor in vendors {
            let out = folder.path().to_str().unwrap();
            run(folder.path(), &["sample", vendor, "--devices", "4", "--out", out]);
        }
        fs::write(folder.path().join("my.toml"), CONFIG).unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// Status, stdout and stderr of a check with the configuration.
    fn check(&self, arguments: &[&str]) -> (i32, String, String) {
        self.check_without(&[arguments, &["--config", "my.toml"]].concat())
    }

    /// The same without it.
    fn check_without(&self, arguments: &[&str]) -> (i32, String, String) {
        run(self.folder.path(), &[&["check"], arguments].concat())
    }

    /// The documents that `--json` prints.
    fn json(&self, arguments: &[&str]) -> (i32, Vec<Value>) {
        let (status, stdout, stderr) = self.check(&[arguments, &["--json"]].concat());
        let documents = serde_json::Deserializer::from_str(&stdout).into_iter().collect();
        (status, Result::unwrap_or_else(documents, |error| panic!("{error}: {stdout}{stderr}")))
    }
}

/// Runs a command where there is no network to go to, no stack and no colour.
fn run(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let mut command = Command::cargo_bin("xtask").unwrap();
    command.current_dir(folder).args(arguments).env("NO_COLOR", "1");
    // Whatever would ask AWS fails.
    command.env("AWS_ENDPOINT_URL", "http://127.0.0.1:1").env("AWS_REGION", "us-east-1");
    command.env("HTTPS_PROXY", "http://127.0.0.1:1").env_remove("THINGPRESS_STACK");
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[test]
fn every_vendors_sample_is_fine_and_told_in_full() {
    let bench = Bench::new(&["microchip", "infineon", "espressif", "generated", "mes"]);
    let (status, stdout, stderr) = bench.check(&[
        "microchip-1.json",
        "infineon-1.7z",
        "espressif-1.csv",
        "generated-1.txt",
        "mes-1.json",
        "microchip-1-signer.crt",
        "infineon-1-ca-ecc.crt",
    ]);
    assert_eq!((status, stderr.as_str()), (0, ""), "{stdout}");
    insta::assert_snapshot!("check-samples", stdout);
}

#[test]
fn what_is_wrong_is_told_by_code_with_its_places() {
    let bench = Bench::new(&["generated"]);
    let list = bench.read("generated-1.txt");
    let lines: Vec<&str> = list.lines().collect();
    let [first, second, ..] = lines.as_slice() else { panic!("{list}") };
    let cut = &second[..second.len() / 2];
    bench.write("list.txt", format!("{first}\n{cut}\n{first}\n\n{cut}\n{}\n", lines[2]));
    let (status, stdout, _) = bench.check(&["list.txt"]);
    assert_eq!(status, 1, "{stdout}");
    insta::assert_snapshot!("check-damaged", stdout);
}

#[test]
fn a_file_that_cannot_be_used_says_why_and_costs_the_others_nothing() {
    let bench = Bench::new(&["generated", "microchip"]);
    bench.write("empty.txt", "");
    bench.write("report.pdf", "%PDF-1.7 and so on");
    let cut = bench.read("microchip-1.json");
    bench.write("cut.json", &cut[..cut.len() * 2 / 3]);
    let files = ["empty.txt", "report.pdf", "cut.json", "generated-1.txt"];
    let (status, stdout, _) =
        bench.check(&[&files[..], &["--signer", "microchip-1-signer.crt"]].concat());
    assert_eq!(status, 3, "{stdout}");
    insta::assert_snapshot!("check-unusable", stdout);
}

#[test]
fn a_private_key_is_refused_and_never_shown() {
    let bench = Bench::new(&[]);
    let key = "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg\n-----END PRIVATE KEY-----\n";
    bench.write("key.pem", key);
    for arguments in
        [&["key.pem"][..], &["key.pem", "--vendor", "espressif"], &["key.pem", "--json"]]
    {
        let (status, stdout, stderr) = bench.check(arguments);
        assert_eq!(status, 3, "{stdout}{stderr}");
        assert!(
            stdout.contains("Manifest.PrivateKey") && stdout.contains("do not upload"),
            "{stdout}"
        );
        assert!(!stdout.contains("MIGHAg") && !stderr.contains("MIGHAg"), "{stdout}{stderr}");
    }
}

#[test]
fn a_signer_that_is_missing_or_not_trusted_costs_its_entries_and_is_named() {
    let bench = Bench::new(&["microchip"]);
    let (status, documents) = bench.json(&["microchip-1.json"]);
    assert_eq!((status, &documents[0]["problems"][0]["code"]), (1, &"Signer.NotUploaded".into()));

    bench.write("strict.toml", "stack = \"acme-sensors\"\n[profile.default]\n");
    let strict = ["--config", "strict.toml", "microchip-1-signer.crt", "microchip-1.json"];
    let (status, stdout, _) = bench.check_without(&strict);
    assert_eq!(status, 1, "{stdout}");
    insta::assert_snapshot!("check-untrusted", stdout);

    let fingerprint = documents[0]["problems"][0]["reason"].as_str().unwrap();
    let fingerprint = fingerprint.split("SHA-256 ").nth(1).unwrap();
    let pins = format!("[vendor.microchip]\nsigners = [\"{}\"]\n", &fingerprint[..64]);
    bench.write("strict.toml", format!("stack = \"acme-sensors\"\n[profile.default]\n{pins}"));
    let (status, stdout, _) = bench.check_without(&strict);
    assert_eq!(status, 0, "{stdout}");
    assert!(stdout.contains("pinned in the configuration"), "{stdout}");
}

#[test]
fn the_profile_names_and_its_own_mistakes_are_told() {
    let bench = Bench::new(&["generated"]);
    let (status, documents) = bench.json(&["generated-1.txt", "--profile", "line"]);
    let names = documents[0]["names"]["first"].as_array().unwrap();
    assert!(status == 0 && names.iter().all(|name| name.as_str().unwrap().starts_with("line-")));

    let (status, stdout, _) = bench.check(&["generated-1.txt", "--profile", "factory"]);
    assert_eq!(status, 0);
    assert!(stdout.contains("later: the profile leaves them to the factory"), "{stdout}");

    let (status, stdout, stderr) = bench.check(&["generated-1.txt", "--profile", "lime"]);
    assert_eq!((status, stdout.as_str()), (2, ""));
    assert!(stderr.contains("no profile `lime`") && stderr.contains("`line`"), "{stderr}");
}

#[test]
fn wrong_usage_is_told_before_anything_is_read() {
    let bench = Bench::new(&["generated"]);
    for (arguments, expected) in [
        (&["missing.json"][..], "failed to read missing.json"),
        (&["."], "failed to read ."),
        (&["my.toml"], "is no manifest that Thingpress knows"),
        (&["generated-1.txt", "--signer", "generated-1.txt"], "is not the certificate of a signer"),
        (&["generated-1.txt", "--vendor", "acme"], "no bucket is for `acme`"),
        (&[], "required"),
    ] {
        let (status, stdout, stderr) = bench.check(arguments);
        assert_eq!((status, stdout.as_str()), (2, ""), "{stderr}");
        assert!(stderr.contains(expected), "{stderr}");
    }
}

#[test]
fn a_program_gets_a_document_a_file_with_every_entry_and_nothing_else() {
    let bench = Bench::new(&["microchip", "espressif"]);
    let files = ["espressif-1.csv", "microchip-1.json", "microchip-1-signer.crt"];
    let (status, documents) = bench.json(&files);
    assert_eq!(status, 0);
    let what: Vec<_> =
        documents.iter().map(|document| document["what"].as_str().unwrap()).collect();
    assert_eq!(what, ["signer", "manifest", "manifest"]);
    for document in &documents[1..] {
        let entries = document["entries"].as_array().unwrap();
        assert_eq!(entries.len(), 4);
        for (number, entry) in (1..).zip(entries) {
            assert_eq!((&entry["entry"], &entry["outcome"]), (&number.into(), &"device".into()));
            assert_eq!(entry["certificate_id"].as_str().unwrap().len(), 64);
        }
    }
}

/// Vendors' real files are no part of the repository; where they are, the check must take them.
#[test]
fn real_files_are_as_independent_code_found_them() {
    let manifests = launcher::workspace::root().join("../shared/manifests");
    if !manifests.exists() {
        eprintln!("left out: there are no real manifests beside the workspace");
        return;
    }
    let bench = Bench::new(&[]);
    let path = |name: &str| manifests.join(name).to_str().unwrap().to_owned();
    let expected: Value =
        serde_json::from_slice(&fs::read(path("expected.json")).unwrap()).unwrap();
    let signer = path("microchip/signers/MCHP_manifest_signer_5_Mar_6-2024_noExpiration.crt");
    let authority = path("infineon/ca/OptigaTrustEccCA306.crt");
    for (file, count) in [
        ("microchip/ECC608C-TNGTLSU-B.json", 10),
        ("infineon/manifest-infineon.7z", 200),
        ("espressif/manifest-espressif.csv", 7),
        ("generated/certificates_test.txt", 100),
    ] {
        let arguments = [&path(file), "--signer", &signer, "--signer", &authority];
        let (status, documents) = bench.json(&arguments);
        assert_eq!((status, &documents[0]["counts"]["devices"]), (0, &count.into()), "{file}");
        let known = &expected[file];
        let known = known.get("E0E0").unwrap_or(known).as_array().unwrap();
        let known: Vec<&Value> = known
            .iter()
            .map(|entry| entry.pointer("/certs/0").unwrap_or(entry))
            .map(|entry| &entry["leaf_sha256"])
            .collect();
        let entries = documents[0]["entries"].as_array().unwrap();
        let found: Vec<&Value> = entries.iter().map(|entry| &entry["certificate_id"]).collect();
        assert_eq!(found, known, "{file}");
    }
    let (status, documents) =
        bench.json(&[&path("microchip/ECC608-TMNGTLSS-B.json"), "--signer", &signer]);
    let problem = &documents[0]["problems"][0];
    assert_eq!((status, &problem["code"]), (1, &"Manifest.NoCertificate".into()));
    assert_eq!(problem["count"], 10);
}
