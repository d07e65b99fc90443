//! What the command says, and what it refuses.

use std::{fs, path::Path};

use assert_cmd::Command;

fn run(arguments: &[&str], folder: &Path) -> (i32, String) {
    let output = Command::cargo_bin("xtask")
        .unwrap()
        .arg("sample")
        .args(arguments)
        .current_dir(folder)
        .env("NO_COLOR", "1")
        .output()
        .unwrap();
    assert_eq!(output.stdout, b"", "stdout is for data, and there is none");
    (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
}

#[track_caller]
fn refused(arguments: &[&str], message: &str) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a_file"), "").unwrap();
    let (status, stderr) = run(arguments, folder.path());
    assert_eq!(status, 2, "{stderr}");
    assert!(stderr.contains(message) && stderr.contains("hint: "), "{stderr}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is made");
}

#[test]
fn a_sample_has_at_least_one_device_and_no_more_than_an_import_takes() {
    refused(&["generated", "--devices", "0", "--out", "o"], "a sample cannot have 0 devices");
    refused(&["generated", "--devices", "5000001", "--out", "o"], "from 1 to 5000000");
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    refused(&["generated", "--devices", "1", "--out", "a_file"], "a_file cannot be made");
    refused(&["mes", "--devices", "1", "--out", "a_file/o"], "a_file/o cannot be made");
}

#[test]
fn device_infos_have_options_of_their_own() {
    refused(&["generated", "--of", "microchip", "--devices", "1", "--out", "o"], "--of is for");
    refused(&["mes", "--keys", "--devices", "1", "--out", "o"], "come without keys");
}

#[test]
fn an_unknown_vendor_is_refused_with_the_known_ones() {
    let folder = tempfile::tempdir().unwrap();
    let (status, stderr) = run(&["microship", "--devices", "1", "--out", "o"], folder.path());
    assert_eq!(status, 2);
    assert!(stderr.contains("microship") && stderr.contains("espressif"), "{stderr}");
}

#[test]
fn a_file_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("o/generated-1.txt")).unwrap();
    let (status, stderr) = run(&["generated", "--devices", "1", "--out", "o"], folder.path());
    assert_eq!(status, 1);
    assert!(stderr.contains("failed to write o/generated-1.txt"), "{stderr}");
    assert!(stderr.contains("hint: "), "{stderr}");
}

#[test]
fn it_says_what_it_wrote_and_what_to_do_next() {
    let folder = tempfile::tempdir().unwrap();
    let said = |arguments: &[&str]| {
        let (status, stderr) = run(arguments, folder.path());
        assert_eq!(status, 0, "{stderr}");
        stderr
    };
    insta::assert_snapshot!(
        "microchip",
        said(&["microchip", "--devices", "2", "--out", "o", "--keys"])
    );
    insta::assert_snapshot!(
        "mes",
        said(&["mes", "--of", "espressif", "--devices", "1", "--seed", "7", "--out", "o"])
    );
    let infineon = said(&["infineon", "--devices", "1", "--out", "o"]);
    let import = "cargo xtask import --local o/infineon-1-ca-ecc.crt o/infineon-1-ca-rsa.crt o/infineon-1.7z";
    assert!(infineon.contains(import), "{infineon}");
}
