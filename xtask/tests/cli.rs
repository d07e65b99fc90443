//! What the command line says: its help, and what it tells somebody who got something wrong.
#![expect(
    clippy::unwrap_used,
    reason = "a helper that panics fails the test that called it, as it should"
)]

use assert_cmd::Command;

/// Runs a command where there is no AWS account, no stack and no colour.
fn run(arguments: &[&str]) -> (i32, String, String) {
    let output = Command::cargo_bin("xtask")
        .unwrap()
        .args(arguments)
        .env_remove("THINGPRESS_STACK")
        .env("NO_COLOR", "1")
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[track_caller]
fn help(arguments: &[&str]) -> String {
    let (status, stdout, _) = run(arguments);
    assert_eq!(status, 0);
    stdout
}

/// Wrong usage: status 2, nothing on stdout.
#[track_caller]
fn refused(arguments: &[&str]) -> String {
    let (status, stdout, stderr) = run(arguments);
    assert_eq!((status, stdout.as_str()), (2, ""), "{stderr}");
    stderr
}

#[test]
fn the_commands_are_listed() {
    insta::assert_snapshot!("help", help(&["--help"]));
}

#[test]
fn policies_are_written_for_the_stack_of_the_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("my.toml");
    std::fs::write(&config, "stack = \"my-stack\"\n[profile.default]\n").unwrap();
    let [config, out] = [config.as_path(), folder.path()].map(|path| path.to_str().unwrap());
    let (status, stdout, stderr) = run(&["policies", "--config", config, "--out", out]);
    assert_eq!((status, stdout.as_str()), (0, ""), "{stderr}");
    assert!(stderr.contains("has to be called my-stack-boundary"), "{stderr}");
    for file in ["boundary-policy.json", "deployer-policy.json", "deployer-services-policy.json"] {
        let policy = std::fs::read_to_string(folder.path().join(file)).unwrap();
        assert!(policy.contains("my-stack-") && !policy.contains("acme-thingpress"), "{file}");
    }
}

#[test]
fn every_command_explains_itself() {
    for command in [
        &["demo"][..],
        &["local"],
        &["local", "start"],
        &["import"],
        &["device-infos"],
        &["check"],
        &["report"],
        &["watch"],
        &["summary"],
        &["reconcile"],
        &["runs"],
        &["find"],
        &["undo"],
        &["sample"],
        &["synth"],
        &["policies"],
        &["l1"],
        &["init"],
        &["deploy"],
        &["diff"],
        &["destroy"],
        &["outputs"],
        &["doctor"],
        &["test"],
        &["bench"],
        &["bench", "decode"],
    ] {
        let text = help(&[command, &["--help"]].concat());
        insta::assert_snapshot!(format!("help-{}", command.join("-")), text);
    }
}

#[test]
fn an_import_needs_a_place_to_go() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.txt");
    std::fs::write(&file, "x").unwrap();
    let stderr = refused(&["import", "--vendor", "generated", file.to_str().unwrap()]);
    insta::assert_snapshot!(stderr);
}

#[test]
fn a_missing_file_is_named() {
    insta::assert_snapshot!(refused(&["import", "--local", "no/such/manifest.json"]));
}

#[test]
fn an_unknown_vendor_is_refused_with_the_known_ones() {
    let stderr = refused(&["import", "--local", "--vendor", "microship", "a.json"]);
    assert!(stderr.contains("microship") && stderr.contains("microchip"), "{stderr}");
}

#[test]
fn local_and_stack_exclude_each_other() {
    let stderr = refused(&["import", "--local", "--stack", "acme", "a.json"]);
    assert!(stderr.contains("cannot be used with"), "{stderr}");
}

#[test]
fn a_missing_configuration_is_named() {
    let (status, stdout, stderr) = run(&["synth", "--config", "no/such/thingpress.toml"]);
    assert_eq!((status, stdout.as_str()), (1, ""));
    insta::assert_snapshot!(stderr);
}

#[test]
fn synth_gives_the_same_bytes_wherever_it_is_called() {
    let elsewhere = tempfile::tempdir().unwrap();
    let template = |folder: &std::path::Path| {
        let output =
            Command::cargo_bin("xtask").unwrap().arg("synth").current_dir(folder).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    };
    let here = template(std::path::Path::new(env!("CARGO_MANIFEST_DIR")));
    let parsed: serde_json::Value = serde_json::from_slice(&here).unwrap();
    assert!(parsed["Resources"].as_object().unwrap().len() > 10);
    assert_eq!(here, template(elsewhere.path()));
}
