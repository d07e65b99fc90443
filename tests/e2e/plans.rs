//! A dry run says of every device what an import would do, and leaves AWS IoT as it is.

use std::{collections::BTreeMap, env, fmt::Write as _, fs, time::Instant};

use aws_sdk_iot::types::CertificateStatus;
use futures::{StreamExt, stream};
use ledger::Report;
use serde_json::json;

use crate::{
    command_line::xtask_as,
    factory::{Made, device_infos, factory, set_status},
    samples::{Authority, Signer, parameters, pem, standard},
    standing::{attach, create_thing, describe, id, list, register, sensor},
    world::{Making, Run, SIX_CALLS, World, bucket, tell},
};

/// Product lines that differ in everything that a prediction depends on.
const LINES: &str = r#"
[profile.default]
policies = ["sensor-base", "sensor-telemetry"]
thing_groups = ["sensors"]
thing_type = "sensor"

[profile.inactive]
policies = ["sensor-base"]
certificate_status = "inactive"
defer_things = true

[profile.deferred]
policies = ["sensor-base"]
certificate_status = "active"
defer_things = true

[profile.described]
policies = ["sensor-base"]
thing_groups = ["sensors"]
thing_type = "sensor"
attributes = { line = "north" }

[profile.gateways]
policies = []
thing_type = "gateway"

[profile.adopting]
policies = ["sensor-base", "sensor-telemetry"]
thing_groups = ["sensors", "plant"]
thing_type = "sensor"
attributes = { line = "north" }
on_conflict = "adopt"
"#;

/// Everything that AWS IoT holds of devices, in words.
async fn registry(world: &World) -> String {
    let (mut text, iot) = (String::new(), &world.iot);
    let mut things = iot.list_things().into_paginator().items().send();
    let mut names = Vec::new();
    while let Some(thing) = things.next().await {
        names.push(thing.unwrap().thing_name.unwrap());
    }
    names.sort();
    for name in names {
        let found = iot.describe_thing().thing_name(&name).send().await.unwrap();
        let attributes: BTreeMap<_, _> = found.attributes.unwrap_or_default().into_iter().collect();
        let (version, thing_type) = (found.version, found.thing_type_name);
        let principals = iot.list_thing_principals().thing_name(&name).send().await.unwrap();
        let groups = iot.list_thing_groups_for_thing().thing_name(&name).send().await.unwrap();
        let (principals, groups) = (principals.principals(), groups.thing_groups());
        writeln!(text, "{name} {version} {thing_type:?} {attributes:?} {principals:?} {groups:?}")
            .unwrap();
    }
    let mut certificates = Vec::new();
    let mut marker = None;
    loop {
        let page = iot.list_certificates().set_marker(marker).send().await.unwrap();
        certificates.extend(page.certificates.unwrap_or_default());
        marker = page.next_marker;
        if marker.is_none() {
            break;
        }
    }
    certificates.sort_by(|one, other| one.certificate_id.cmp(&other.certificate_id));
    for certificate in certificates {
        let arn = certificate.certificate_arn.as_deref().unwrap();
        let policies = iot.list_attached_policies().target(arn).send().await.unwrap();
        let policies = policies.policies();
        writeln!(text, "{certificate:?} {policies:?}").unwrap();
    }
    text
}

/// What a run says of every entry: outcome, code, reason and warnings, and whether a retry helps. The
/// one warning that only plans give is checked and left out, and so is its text where a reason would be.
fn predictions(run: &Run) -> Vec<[String; 5]> {
    let is_dry = run.report().dry;
    let entries = 1..=run.report().counts.read;
    let each = entries.map(|entry| {
        let line = run.result(entry);
        let mut warnings: Vec<_> = line["warnings"].split_whitespace().collect();
        let all = warnings.len();
        warnings.retain(|code| *code != "Plan.WouldUpdate");
        let told = warnings.len() < all;
        let updated = line["outcome"] == "updated";
        assert_eq!(told, is_dry && updated, "{line:?}");
        assert_eq!(told, line["reason"].starts_with("an import would "), "{line:?}");
        let reason = if told { "" } else { line["reason"].as_str() };
        let fields = [&line["outcome"], &line["code"], reason, &line["retry"]];
        let [outcome, code, reason, retry] = fields.map(str::to_owned);
        [outcome, code, reason, retry, warnings.join(" ")]
    });
    each.collect()
}

/// The calls of the functions so far, those that write apart.
fn calls(world: &World) -> (u64, Vec<&'static str>) {
    let calls = world.gate.calls();
    let is_read = |call: &&str| ["Describe", "Get", "List"].iter().any(|it| call.starts_with(it));
    (calls.values().sum(), calls.keys().copied().filter(|call| !is_read(call)).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_foresees_what_the_import_does_device_by_device() {
    let world = Making::with(LINES).world().await;
    let authority = Authority::new("Test CA");
    let leaf = |name: &str| authority.leaf(name);
    let old = leaf("renewed");
    let [new, whole, partial, renewed, renamed] =
        ["new", "whole", "partial", "renewed", "renamed"].map(leaf);
    let [revoked, transferred, retyped, untyped, free, inactive, valued] =
        ["revoked", "transferred", "retyped", "untyped", "free", "inactive", "valued"].map(leaf);
    let active = CertificateStatus::Active;
    sensor(&world, "renewed", &old, active.clone()).await;
    sensor(&world, "former-name", &renamed, active.clone()).await;
    for (der, status) in
        [(&revoked, CertificateStatus::Revoked), (&transferred, CertificateStatus::PendingTransfer)]
    {
        register(&world, der, active.clone()).await;
        let update = world.iot.update_certificate().certificate_id(id(der));
        update.new_status(status).send().await.unwrap();
    }
    create_thing(&world, "retyped", Some("gateway")).await;
    create_thing(&world, "untyped", None).await;
    create_thing(&world, "free", Some("sensor")).await;
    sensor(&world, "partial", &partial, CertificateStatus::Inactive).await;
    register(&world, &inactive, CertificateStatus::Inactive).await;
    sensor(&world, "valued", &valued, active).await;
    describe(&world, "valued", &[("line", "south")]).await;
    let first = world.import("generated", "first.txt", list(&[&whole])).await;
    assert_eq!(first.summary(), "1 read, 1 created");

    let twin = leaf("new");
    let devices = [
        &new,
        &whole,
        &partial,
        &renewed,
        &renamed,
        &revoked,
        &transferred,
        &retyped,
        &untyped,
        &free,
        &inactive,
        &valued,
        &twin,
        &new,
    ];
    let file = list(&devices.map(Vec::as_slice)) + "bm8gY2VydGlmaWNhdGU=\n";
    let mut kinds = Vec::new();
    // Each import changes what the next plan finds; the last one finds the file imported before.
    for folder in ["inactive/", "", "deferred/", "described/", "adopting/", "adopting/"] {
        let before = registry(&world).await;
        let (_, written_before) = calls(&world);
        let plan = world.import("generated", &format!("plan/{folder}reel.txt"), file.clone()).await;
        assert_eq!(registry(&world).await, before, "a plan of {folder} changes nothing");
        assert_eq!(calls(&world).1, written_before, "a plan of {folder} tries no other write");
        let import = world.import("generated", &format!("{folder}reel.txt"), file.clone()).await;
        assert_eq!(predictions(&plan), predictions(&import), "{folder}");
        assert_eq!(plan.report().counts, import.report().counts);
        assert_eq!(plan.status, import.status);
        assert!(plan.report().dry && !import.report().dry);
        assert_eq!(plan.report().profile, import.report().profile);
        kinds.extend(predictions(&plan).into_iter().map(|[outcome, ..]| outcome));
    }
    for kind in ["created", "unchanged", "updated", "conflict", "rejected"] {
        assert!(kinds.iter().any(|found| found == kind), "no device would be {kind}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_foresees_what_the_factorys_file_does() {
    let names = ["ready", "waiting", "active", "deactivated", "ghostly", "typed", "taken"];
    let (world, devices) = factory(names).await;
    let [ready, waiting, active, deactivated, ghostly, typed, taken] = &devices;
    for made in [ready, active, deactivated, ghostly, typed, taken] {
        register(&world, &made.certificate, CertificateStatus::Inactive).await;
    }
    let activated = device_infos(&[active, deactivated].map(Made::info));
    world.activate("first.json", activated).await;
    set_status(&world, &deactivated.id, CertificateStatus::Inactive).await;
    let other = Authority::new("Test CA").leaf("taken");
    sensor(&world, "taken", &other, CertificateStatus::Active).await;
    let infos = [
        ready.info(),
        waiting.info(),
        active.info(),
        deactivated.info(),
        ghostly.with("deviceType", json!("ghost")),
        typed.with("deviceType", json!("sensor")),
        taken.info(),
    ];
    let file = device_infos(&infos);
    for folder in ["", "again/"] {
        let before = registry(&world).await;
        let plan = world.activate(&format!("plan/{folder}lot.json"), file.clone()).await;
        assert_eq!(registry(&world).await, before);
        let done = world.activate(&format!("{folder}lot.json"), file.clone()).await;
        assert_eq!(predictions(&plan), predictions(&done), "{folder}");
        assert_eq!((plan.report().counts, plan.status), (done.report().counts, done.status));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_told_of_a_plan_and_nothing_remembers_it() {
    let world = Making::with(SIX_CALLS).waiting("0.1").world().await;
    let authority = Authority::new("Test CA");
    let file = list(&[&authority.leaf("device-1")]) + "bm8gY2VydGlmaWNhdGU=\n";
    let plan = world.import("generated", "plan/reel.txt", file.clone()).await;
    assert_eq!(plan.summary(), "2 read, 1 created, 1 rejected; red");
    let report = plan.report();
    assert!(
        report.summary.starts_with(
            "Nothing was written. Of 2 devices, an import would create 1; 1 would not end well: 1 rejected. Most often: "
        ),
        "{}",
        report.summary
    );
    assert_eq!(world.registered().await, (0, 0));
    assert!(world.run_file(&plan.name, "told.json").await.is_none(), "no device was passed on");
    for key in
        [format!("files/{}.json", report.source.sha256), format!("rate/active/{}", plan.name)]
    {
        let found = world.s3.head_object().bucket(bucket("runs")).key(&key).send().await;
        assert!(found.is_err(), "{key}");
    }
    let queue = world.output("FailuresQueueUrl");
    let sqs = aws_sdk_sqs::Client::new(&world.cloud.aws_config());
    let messages = sqs.receive_message().queue_url(queue).send().await.unwrap();
    assert!(messages.messages().is_empty(), "{messages:?}");

    let signer = Signer::new("Somebody");
    let filed = world.import("microchip", "plan/signer.crt", pem(&signer.der)).await;
    assert_eq!(filed.stop().0, "Plan.Certificate");
    let key = format!("signers/{}.der", signer.certificate().id());
    let found = world.s3.head_object().bucket(bucket("runs")).key(key).send().await;
    assert!(found.is_err(), "a plan files nothing");

    let import = world.import("generated", "reel.txt", file).await;
    assert_eq!(import.summary(), "2 read, 1 created, 1 rejected; red");
    assert!(world.run_file(&import.name, "told.json").await.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn new_devices_are_planned_by_listings_of_the_account_alone() {
    let world = Making::with(SIX_CALLS).registering_at(10.0).world().await;
    let number = if env::var_os("THINGPRESS_LONG").is_some() { 10_000 } else { 1_000 };
    // One key for all: making many would take longer than everything else.
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = |name: String| parameters(&name).self_signed(&key).unwrap();
    let others = (0..number).map(|number| format!("other-{number}"));
    stream::iter(others)
        .for_each_concurrent(16, async |name| {
            register(&world, certificate(name.clone()).der(), CertificateStatus::Active).await;
            create_thing(&world, &name, Some("sensor")).await;
        })
        .await;
    let file: String = (0..number)
        .map(|number| standard(certificate(format!("new-{number}")).der()) + "\n")
        .collect();

    let begun = Instant::now();
    let plan = world.import("generated", "plan/new.txt", file).await;
    let seconds = begun.elapsed().as_secs_f64();
    assert_eq!(plan.summary(), format!("{number} read, {number} created"));
    let (called, writes) = calls(&world);
    assert_eq!(writes, Vec::<&str>::new());
    // The pages of things and of certificates, and what Preflight asks about the profile. The local
    // cloud may give more to a page than the 250 that AWS IoT does.
    let pages = 2 * (u64::try_from(number).unwrap() / 250);
    assert!((2..=pages).contains(&(called - 3)), "{:?}", world.gate.calls());
    assert!(!world.gate.calls().contains_key("ListTargetsForPolicy"), "nothing of the file stands");
    tell(&format!("{number} new devices beside {number} others: {called} calls, {seconds:.1} s"));

    let forecast = plan.report().forecast.clone().unwrap();
    assert_eq!(forecast.limit, "RegisterCertificateWithoutCA");
    let new = |call: &str| forecast.calls[call];
    assert_eq!(new("RegisterCertificateWithoutCA"), u64::try_from(number).unwrap());
    assert_eq!(forecast.calls.values().sum::<u64>(), 6 * u64::try_from(number).unwrap());
    let least = f64::from(number) / forecast.rate;
    assert!(forecast.seconds >= least && forecast.seconds < least + 60.0, "{forecast:?}");
    assert_eq!(world.registered().await, (number.try_into().unwrap(), number.try_into().unwrap()));
}

#[tokio::test(flavor = "multi_thread")]
async fn plan_prints_what_an_import_would_do() {
    let world = Making::with(LINES).world().await;
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new("Test CA");
    let [new, free, part] = ["new", "free", "part"].map(|name| authority.leaf(name));
    create_thing(&world, "free", Some("sensor")).await;
    create_thing(&world, "part", Some("sensor")).await;
    let arn = register(&world, &part, CertificateStatus::Active).await;
    attach(&world, "part", &arn).await;
    fs::write(folder.path().join("reel.txt"), list(&[&new, &free, &part])).unwrap();
    let plan = |arguments: &[&str]| {
        let arguments = [&["plan"], arguments].concat();
        let output = xtask_as(["test", "test"], &world, folder.path(), &arguments);
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    };

    let (status, stdout, stderr) = plan(&["reel.txt"]);
    assert_eq!(status, Some(0), "{stderr}");
    for line in [
        "a plan, and nothing was written; every device would end well",
        "  would create           1\n",
        "  would update           2\n",
        "  what would be updated\n",
        "1 register its certificate, attach its certificate to its thing, add its thing to the group `sensors` and \
         attach the policies `sensor-base` and `sensor-telemetry` to its certificate\n",
        "1 add its thing to the group `sensors` and attach the policies `sensor-base` and `sensor-telemetry` to its \
         certificate\n",
        "  An import would take about ",
        "It would cost about a cent (US) or less",
    ] {
        assert!(stdout.contains(line), "{line}\n{stdout}");
    }
    assert!(stderr.contains("to carry it out: cargo xtask import reel.txt"), "{stderr}");

    let (status, stdout, stderr) = plan(&["--json", "--profile", "adopting", "reel.txt"]);
    assert_eq!(status, Some(0), "{stderr}");
    let report: Report = serde_json::from_str(&stdout).expect("stdout is report.json alone");
    assert_eq!((report.dry, report.profile.as_str()), (true, "adopting"));

    let (status, stdout, _) = plan(&["--profile", "nobody", "reel.txt"]);
    assert_eq!(status, Some(3));
    assert!(stdout.contains("Preflight.UnknownProfile"), "{stdout}");
    assert!(stdout.contains("an import would be stopped as well"), "{stdout}");
    let (status, _, stderr) = plan(&["--profile", "plan", "reel.txt"]);
    assert_eq!(status, Some(2), "{stderr}");
    let (status, _, stderr) = plan(&["absent.txt"]);
    assert_eq!(status, Some(2), "{stderr}");
    assert_eq!(world.registered().await, (2, 1), "nothing was made");
}
