//! `cargo xtask watch`, without a terminal.

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    process::{Child, ChildStderr, Command, Stdio},
};

use rcgen::KeyPair;
use serde_json::Value;

use crate::{
    command_line::{command_as, xtask_as},
    person::Person,
    samples::{self, Signer, parameters, standard},
    signers::manifest,
    world::{Making, PROFILES, SIX_CALLS, STACK, World},
};

const ROOT: [&str; 2] = ["test", "test"];

/// Certificates, one a line, with one key for all: making hundreds would take longer than importing them.
fn list(devices: u32) -> String {
    let key = KeyPair::generate().unwrap();
    let certificate = |number| {
        let leaf = parameters(&format!("device-{number:04}")).self_signed(&key).unwrap();
        standard(leaf.der()) + "\n"
    };
    (0..devices).map(certificate).collect()
}

/// A watch that is going.
struct Watch {
    child: Child,
    stderr: BufReader<ChildStderr>,
    said: String,
}

/// What it ended with.
struct Ended {
    status: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Watch {
    fn begin(keys: [&str; 2], world: &World, arguments: &[&str]) -> Self {
        Self::by(keys, world, &[&["watch"], arguments].concat())
    }

    /// The same by another command.
    fn by(keys: [&str; 2], world: &World, arguments: &[&str]) -> Self {
        let mut command = command_as(keys, world);
        command.args(arguments).args(["--stack", STACK]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        Self { child, stderr, said: String::new() }
    }

    /// Reads on until a line has this in it.
    fn until_it_says(&mut self, text: &str) {
        loop {
            let mut line = String::new();
            assert!(self.stderr.read_line(&mut line).unwrap() > 0, "{text}: {}", self.said);
            self.said += &line;
            if line.contains(text) {
                return;
            }
        }
    }

    /// As Ctrl-C does.
    fn interrupt(&self) {
        let sent = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status();
        assert!(sent.unwrap().success());
    }

    fn end(mut self) -> Ended {
        let mut stdout = String::new();
        self.child.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
        self.stderr.read_to_string(&mut self.said).unwrap();
        Ended { status: self.child.wait().unwrap().code(), stdout, stderr: self.said }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_told_as_it_goes_and_goes_on_when_nobody_watches_any_more() {
    const DEVICES: u32 = 300;
    let world = Making::with(SIX_CALLS).registering_at(15.0).world().await;
    let auditor = Person::with(&world, "auditor").await;
    let [id, secret] = &auditor.keys;
    world.upload("generated", "list.txt", list(DEVICES)).await;
    let name = world.next_run(&[]).await;

    let in_lines = Watch::begin([id, secret], &world, &[&name]);
    let in_json = Watch::begin(ROOT, &world, &["--json"]);
    let mut left = Watch::begin(ROOT, &world, &[&name]);
    left.until_it_says("of 300 devices (");
    left.interrupt();
    let left = left.end();
    assert_eq!((left.status, left.stdout.as_str()), (Some(130), ""), "{}", left.stderr);
    let goes_on = format!("interrupted: the run `{name}` goes on in the cloud");
    assert!(left.stderr.contains(&goes_on), "{}", left.stderr);
    assert!(left.stderr.contains("stop-execution --execution-arn arn:aws:"), "{}", left.stderr);

    let in_lines = in_lines.end();
    assert_eq!(in_lines.status, Some(0), "{}", in_lines.stderr);
    let stdout = in_lines.stdout.as_str();
    assert!(stdout.starts_with(&format!("{name}: ")) && stdout.lines().count() == 1, "{stdout}");
    for part in [
        format!("{name}: Register"),
        " created); ".to_owned(),
        " devices a second, RegisterCertificateWithoutCA ".to_owned(),
        " of 15 calls a second".to_owned(),
        " left\n".to_owned(),
        format!("hint: all about it: cargo xtask report {name} "),
    ] {
        assert!(in_lines.stderr.contains(&part), "{part}: {}", in_lines.stderr);
    }

    let in_json = in_json.end();
    assert_eq!(in_json.status, Some(0), "{}", in_json.stderr);
    let views: Vec<Value> =
        in_json.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let (end, views) = views.split_last().unwrap();
    assert_eq!((&end["verdict"], &end["counts"]["created"]), (&"done".into(), &DEVICES.into()));
    let ended = |view: &Value| -> u64 {
        let outcomes = view["outcomes"].as_object().unwrap().values();
        outcomes.map(|count| count.as_u64().unwrap()).sum()
    };
    let sums: Vec<u64> = views.iter().map(ended).collect();
    assert!(sums.is_sorted() && sums.iter().any(|sum| (1..300).contains(sum)), "{sums:?}");
    assert_eq!(sums.last(), Some(&u64::from(DEVICES)), "the last view has them all");
    assert!(views.iter().all(|view| view["run"] == name.as_str() && view["sharing"] == 1));

    // The local cloud lets only the account's owner count units.
    assert!(views.iter().any(|view| view["units"]["all"] == 120), "{views:?}");

    let run = world.ended(&name).await;
    assert_eq!(run.summary(), format!("{DEVICES} read, {DEVICES} created"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_is_interrupted_says_that_its_run_goes_on() {
    const DEVICES: u32 = 40;
    let world = Making::with(SIX_CALLS).registering_at(5.0).world().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("list.txt");
    fs::write(&file, list(DEVICES)).unwrap();
    let mut import = Watch::by(ROOT, &world, &["import", file.to_str().unwrap()]);
    import.until_it_says(": Register");
    import.interrupt();
    let import = import.end();
    assert_eq!((import.status, import.stdout.as_str()), (Some(130), ""), "{}", import.stderr);
    let name = world.next_run(&[]).await;
    for part in [
        format!("interrupted: the run `{name}` goes on in the cloud, and reports at its end\n"),
        format!("hint: look again: cargo xtask watch {name} "),
    ] {
        assert!(import.stderr.contains(&part), "{part}: {}", import.stderr);
    }
    let run = world.ended(&name).await;
    assert_eq!(run.summary(), format!("{DEVICES} read, {DEVICES} created"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_waits_for_a_signer_says_so() {
    let world = Making::with(PROFILES).waiting("0.5").world().await;
    let signer = Signer::new("Late Signer");
    world.upload("microchip", "reel.json", manifest(&signer, 3)).await;
    let name = world.next_run(&[]).await;
    let mut watch = Watch::begin(ROOT, &world, &[&name]);
    watch.until_it_says("waits for a signer: ");
    assert!(watch.said.contains(&signer.kid()), "{}", watch.said);
    world.upload("microchip", "signer.crt", samples::pem(&signer.der)).await;
    let watch = watch.end();
    assert_eq!(watch.status, Some(0), "{}", watch.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_exit_status_follows_the_verdict_and_what_is_not_there_is_told() {
    let world = World::new().await;
    let folder = tempfile::tempdir().unwrap();
    let watch = |keys, arguments: &[&str]| {
        let output = xtask_as(keys, &world, folder.path(), &[&["watch"], arguments].concat());
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    let (status, stdout, stderr) = watch(ROOT, &[]);
    assert_eq!((status, stdout.as_str()), (Some(0), ""));
    assert!(stderr.contains("no run is going, and none has ended yet"), "{stderr}");

    let half = world.import("generated", "half.txt", list(1) + "bm8=\n").await;
    let (status, stdout, stderr) = watch(ROOT, &[&half.name]);
    assert_eq!(status, Some(1), "{stderr}");
    assert!(stdout.starts_with(&format!("{}: ", half.name)), "{stdout}");

    let stopped = world.import("generated", "empty.txt", "").await;
    let (status, _, stderr) = watch(ROOT, &[&world.execution(&stopped.name)]);
    assert_eq!(status, Some(3), "{stderr}");

    let signer = Signer::new("Somebody");
    let filed = world.import("microchip", "somebody.crt", signer.der.clone()).await;
    let (status, stdout, stderr) = watch(ROOT, &[]);
    assert_eq!(status, Some(0), "{stderr}");
    assert!(stderr.contains("no run is going; this one ended last"), "{stderr}");
    assert!(stdout.starts_with(&format!("{}: ", filed.name)), "{stdout}");

    let (status, stdout, stderr) = watch(ROOT, &["no-such-run"]);
    assert_eq!((status, stdout.as_str()), (Some(3), ""));
    assert!(stderr.contains("has no run `no-such-run`") && stderr.contains("hint: "), "{stderr}");

    // Whoever may only upload sees the stages, and is told why the devices are not counted.
    let uploader = Person::with(&world, "upload").await;
    let [id, secret] = &uploader.keys;
    let (status, stdout, stderr) = watch([id, secret], &[&half.name]);
    assert_eq!(status, Some(1), "{stderr}");
    assert!(stdout.contains(&half.name), "{stdout}");
    assert!(stderr.contains("cannot be counted: could not read"), "{stderr}");
}
