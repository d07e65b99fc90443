//! `cargo xtask import`, as a person uses it.

use std::{
    env, fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Output},
};

use ledger::Report;

use crate::{
    factory::{factory, register},
    samples::{Authority, standard},
    world::{STACK, World, device},
};

fn import(world: &World, folder: &Path, arguments: &[&str]) -> Output {
    xtask(world, folder, &[&["import"], arguments].concat())
}

fn xtask(world: &World, folder: &Path, arguments: &[&str]) -> Output {
    xtask_as(["test", "test"], world, folder, arguments)
}

/// The command line with somebody's access key and its secret.
pub(crate) fn xtask_as(key: [&str; 2], world: &World, folder: &Path, arguments: &[&str]) -> Output {
    command(key, world, folder, arguments).output().unwrap()
}

/// The same, to be started in any way.
fn command(key: [&str; 2], world: &World, folder: &Path, arguments: &[&str]) -> Command {
    let mut command = command_as(key, world);
    command.current_dir(folder).args(arguments).args(["--stack", STACK]);
    command
}

/// The same without arguments.
pub(crate) fn command_as([id, secret]: [&str; 2], world: &World) -> Command {
    // Cargo puts the tests of a workspace beside its binaries.
    let xtask = env::current_exe().unwrap().with_file_name("../xtask");
    let mut command = Command::new(xtask);
    command.env("AWS_ENDPOINT_URL", world.cloud.endpoint()).env("AWS_REGION", "us-east-1");
    // Nobody listens there, and nobody asks: this machine needs no proxy.
    command.env("HTTP_PROXY", "http://127.0.0.1:9");
    command
        .env("AWS_ACCESS_KEY_ID", id)
        .env("AWS_SECRET_ACCESS_KEY", secret)
        .env_remove("AWS_PROFILE");
    command
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

#[tokio::test(flavor = "multi_thread")]
async fn the_report_of_a_run_is_shown_in_the_terminal_and_as_a_page() {
    let world = World::new().await;
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let report = |arguments: &[&str]| xtask(&world, folder, &[&["report"], arguments].concat());

    let none = report(&[]);
    assert_eq!(none.status.code(), Some(3));
    assert!(text(&none.stderr).contains("no run of the stack `acme` has a report yet"));

    let good = standard(Authority::new("Test CA").leaf("device-1")) + "\n";
    fs::write(folder.join("good.txt"), &good).unwrap();
    fs::write(folder.join("half.txt"), good + "bm8gY2VydGlmaWNhdGU=\n").unwrap();
    let imported = import(&world, folder, &["good.txt"]);
    let [run] = world.runs().await.try_into().unwrap();
    let hint = format!("cargo xtask report {run} --open --stack acme");
    assert!(text(&imported.stderr).contains(&hint), "{}", text(&imported.stderr));
    import(&world, folder, &["half.txt"]);

    let shown = report(&[&run]);
    assert_eq!(shown.status.code(), Some(0), "{}", text(&shown.stderr));
    assert!(text(&shown.stdout).starts_with(&format!("{run}: every device ended well\n")));

    // Without a name it is the latest run's, which did not go well.
    let latest = report(&["--html", "page.html"]);
    assert_eq!(latest.status.code(), Some(1), "{}", text(&latest.stderr));
    let shown = text(&latest.stdout);
    for line in
        ["Certificate.Malformed (1 entry)", "what to do: Get the file again", "does not help"]
    {
        assert!(shown.contains(line), "`{line}` is not in:\n{shown}");
    }
    let runs = world.runs().await;
    let second = runs.iter().find(|name| **name != run).unwrap();
    let page = world.run_file(second, "report.html").await.unwrap();
    assert!(fs::read(folder.join("page.html")).unwrap() == page);
    let json = report(&["--json"]);
    let told: Report = serde_json::from_slice(&json.stdout).expect("report.json and nothing else");
    assert_eq!((&told.run, told.counts.rejected), (second, 1));
    assert_eq!(told.execution, world.execution(second));
    assert!(told.started.is_some_and(|started| started < told.ended));

    let absent = report(&["no-such-run"]);
    assert_eq!(absent.status.code(), Some(3));
    assert!(text(&absent.stderr).contains("the stack `acme` has no run `no-such-run`"));

    // What opens pages is a script that notes what it was asked to open.
    let script = folder.join("xdg-open");
    fs::write(&script, "#!/bin/sh\necho \"$1\" > opened.txt\n").unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let open = |path: &Path| {
        let mut open = command(["test", "test"], &world, folder, &["report", &run, "--open"]);
        open.env("XDG_CACHE_HOME", folder).env("PATH", path).output().unwrap()
    };
    let opened = open(folder);
    let place = folder.join(format!("thingpress/acme/{run}.html"));
    let told = text(&opened.stderr);
    assert!(told.contains(&format!("open in a browser: {}", place.display())), "{told}");
    let asked = fs::read_to_string(folder.join("opened.txt")).unwrap();
    assert_eq!(asked.trim_end(), place.display().to_string());
    assert!(fs::read(&place).unwrap() == world.run_file(&run, "report.html").await.unwrap());
    let nothing = open(Path::new("/nonexistent"));
    assert_eq!(nothing.status.code(), Some(0));
    let told = text(&nothing.stderr);
    assert!(told.contains("Nothing here opens a browser") && told.contains(&run), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn device_infos_of_a_run_are_accepted_as_they_are() {
    let (world, devices) = factory(["device-1", "device 2"]).await;
    let folder = tempfile::tempdir().unwrap();
    let infos = |arguments: &[&str]| {
        let output = xtask(&world, folder.path(), &[&["device-infos"], arguments].concat());
        let [stdout, stderr] =
            [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
        (output.status.code(), stdout, stderr)
    };
    let phase_1 = register(&world, &devices.each_ref()).await;

    let (status, stdout, stderr) = infos(&[&phase_1.name]);
    assert_eq!(status, Some(0), "{stderr}");
    let value: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(value["batch_id"], phase_1.name);
    assert_eq!(value["devices"][0]["deviceId"], "device-1");
    assert_eq!(value["devices"][1]["deviceId"], devices[1].id, "a name that no thing may have");

    let (status, stdout, stderr) = infos(&[&world.execution(&phase_1.name), "--out", "infos.json"]);
    assert_eq!((status, stdout.as_str()), (Some(0), ""), "{stderr}");
    assert!(
        stderr.contains("2 devices") && stderr.contains("cargo xtask import infos.json"),
        "{stderr}"
    );
    let done = import(&world, folder.path(), &["--json", "infos.json"]);
    assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
    let phase_2: Report = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!((phase_2.counts.read, phase_2.counts.created), (2, 2));
    assert_eq!(phase_2.batch, Some(phase_1.name));
    assert_eq!(world.device("device-1").await, Some(device(&devices[0].id, &["sensor-base"])));

    let whole =
        world.import("generated", "whole.txt", standard(Authority::new("CA").leaf("whole"))).await;
    let empty = world.import("generated", "empty.txt", "").await;
    let refused =
        world.import("generated", "factory/bad.txt", "bm8gY2VydGlmaWNhdGU=\nbm8=\n").await;
    for (run, message) in [
        (phase_2.run.as_str(), "is a run of phase 2"),
        (&whole.name, "made things, such as `whole`"),
        (&empty.name, "stopped before it read a device"),
        (&refused.name, "no certificate of the run"),
        ("no-such-run", "there is no report of a run `no-such-run`"),
    ] {
        let (status, stdout, stderr) = infos(&[run]);
        assert_eq!((status, stdout.as_str()), (Some(1), ""), "{stderr}");
        assert!(stderr.contains(message) && stderr.contains("hint: "), "{stderr}");
    }
}
