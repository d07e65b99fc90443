//! `cargo xtask import`, as a person uses it.

use std::{env, fs, path::Path, process::Output};

use assert_cmd::Command;
use ledger::Report;

use crate::{
    samples::{Authority, standard},
    world::{STACK, World},
};

fn import(world: &World, folder: &Path, arguments: &[&str]) -> Output {
    // Cargo puts the tests of a workspace beside its binaries.
    let xtask = env::current_exe().unwrap().with_file_name("../xtask");
    let mut command = Command::new(xtask);
    command.current_dir(folder).args(["import", "--stack", STACK]).args(arguments);
    command.env("AWS_ENDPOINT_URL", world.cloud.endpoint()).env("AWS_REGION", "us-east-1");
    command
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env_remove("AWS_PROFILE");
    command.output().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn import_follows_the_run_and_its_exit_status_tells_the_end() {
    let world = World::new().await;
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new("Test CA");
    let good: String =
        ["device-1", "device-2"].map(|name| standard(authority.leaf(name)) + "\n").concat();
    fs::write(folder.path().join("good.txt"), &good).unwrap();
    fs::write(folder.path().join("half.txt"), good.clone() + "bm8gY2VydGlmaWNhdGU=\n").unwrap();
    fs::write(folder.path().join("notes.txt"), "hello").unwrap();

    let done = import(&world, folder.path(), &["--json", "good.txt"]);
    assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
    let report: Report =
        serde_json::from_slice(&done.stdout).expect("stdout is report.json and nothing else");
    assert_eq!((report.counts.read, report.counts.created), (2, 2));

    let half = import(&world, folder.path(), &["half.txt"]);
    assert_eq!(half.status.code(), Some(1), "{}", String::from_utf8_lossy(&half.stderr));
    let shown = String::from_utf8(half.stdout).unwrap();
    assert!(shown.contains("unchanged") && shown.contains("Certificate.Malformed"), "{shown}");

    let stopped = import(&world, folder.path(), &["--profile", "gateway", "good.txt"]);
    assert_eq!(stopped.status.code(), Some(3), "{}", String::from_utf8_lossy(&stopped.stderr));
    assert!(String::from_utf8(stopped.stdout).unwrap().contains("Preflight.UnknownProfile"));

    let unknown = import(&world, folder.path(), &["notes.txt"]);
    assert_eq!(unknown.status.code(), Some(2), "{}", String::from_utf8_lossy(&unknown.stderr));
    let absent = import(&world, folder.path(), &["absent.txt"]);
    assert_eq!(absent.status.code(), Some(2), "{}", String::from_utf8_lossy(&absent.stderr));
}
