//! Phase 1 registers certificates, phase 2 makes devices of them: the whole way, and again.

use std::collections::BTreeMap;

use aws_sdk_iot::types::CertificateStatus;
use aws_sdk_sfn::types::ExecutionStatus;
use gate::{Then, kill_function};
use ledger::Activation;

use crate::{
    factory::{CALLS_OF_A_NEW_DEVICE, attributes, device_infos, factory, register, set_status},
    world::{STACK, World, bucket, device},
};

/// The calls since `before`.
fn calls(
    now: &BTreeMap<&'static str, u64>,
    before: &BTreeMap<&'static str, u64>,
) -> BTreeMap<&'static str, u64> {
    now.iter()
        .map(|(call, count)| (*call, count - before.get(call).copied().unwrap_or_default()))
        .filter(|(_, count)| *count > 0)
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_connects_only_after_the_second_phase() {
    let (world, [made]) = factory(["device-1"]).await;
    let infos = device_infos(&[made.info()]);

    let early = world.activate("lot-7.json", infos.clone()).await;
    assert_eq!(early.summary(), "1 read, 1 waiting; red");
    assert_eq!(early.problem(), "Certificate.NotRegistered");
    assert_eq!(early.result(1)["certificate_id"], made.id);
    assert_eq!(world.registered().await, (0, 0), "nothing was written");
    let questions = world.gate.calls();
    let asked: Vec<_> = questions.keys().copied().collect();
    let expected = ["DescribeCertificate", "DescribeThingGroup", "DescribeThingType", "GetPolicy"];
    assert_eq!(asked, expected, "nothing but questions");

    let run = register(&world, &[&made]).await;
    assert_eq!(run.summary(), "1 read, 1 created");
    let mut wanted = calls(&world.gate.calls(), &questions);
    assert_eq!(wanted.remove("RegisterCertificateWithoutCA"), Some(1));
    assert_eq!(
        wanted.into_keys().collect::<Vec<_>>(),
        ["DescribeThingGroup", "DescribeThingType", "GetPolicy"]
    );
    assert_eq!(run.result(1)["certificate_id"], made.id, "the report lists fingerprints");
    assert_eq!(world.certificate(&made.id).await, Some((CertificateStatus::Inactive, vec![])));
    assert_eq!(world.registered().await, (0, 1), "the thing comes later");
    assert!(!made.connects(&world), "its certificate is not active yet");

    let before = world.gate.calls();
    let run = world.activate("lot-7.json", infos.clone()).await;
    assert_eq!(run.summary(), "1 read, 1 created");
    let of_preflight = ["DescribeThingGroup", "DescribeThingType", "GetPolicy"];
    let expected = [CALLS_OF_A_NEW_DEVICE.as_slice(), &of_preflight].concat();
    let expected = expected.into_iter().map(|call| (call, 1)).collect();
    assert_eq!(calls(&world.gate.calls(), &before), expected, "7 + P + G calls");
    assert_eq!(world.device("device-1").await, Some(device(&made.id, &["sensor-base"])));
    let expected =
        [("DSN", "SN-device-1"), ("Rev", "B")].map(|(name, value)| (name.into(), value.into()));
    assert_eq!(attributes(&world, "device-1").await, expected.into());
    assert!(made.connects(&world), "it is active, and has its policies");
    let report = run.report();
    assert_eq!((report.vendor.as_str(), report.batch.as_deref()), ("mes", Some("lot-7")));

    let again = world.activate("lot-7.json", infos.clone()).await;
    assert_eq!(again.summary(), "1 read, 1 unchanged");
    // The folder's profile gives its policies; its status, deferral and name are those of phase 1.
    let again = world.activate("factory/lot-7.json", infos).await;
    assert_eq!(again.summary(), "1 read, 1 updated");
    let expected = device(&made.id, &["factory-base", "sensor-base"]);
    assert_eq!(world.device("device-1").await, Some(expected));
    assert!(made.connects(&world));
    let rerun = register(&world, &[&made]).await;
    assert_eq!(rerun.summary(), "1 read, 1 unchanged", "phase 1 again leaves the device active");
    assert!(made.connects(&world));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_was_deactivated_stays_so_unless_the_profile_says_otherwise() {
    let (world, [made, fresh]) = factory(["device-1", "device-2"]).await;
    register(&world, &[&made, &fresh]).await;
    let infos = device_infos(&[made.info(), fresh.info()]);
    let run = world.activate("lot-7.json", device_infos(&[made.info()])).await;
    assert_eq!(run.summary(), "1 read, 1 created");
    let mark = activation(&world, &made.id).await.unwrap();
    assert_eq!((mark.run.as_str(), mark.thing.as_str()), (run.name.as_str(), "device-1"));

    set_status(&world, &made.id, CertificateStatus::Inactive).await;
    let run = world.activate("lot-7.json", infos.clone()).await;
    assert_eq!(run.summary(), "2 read, 1 created, 1 conflict; red");
    assert_eq!(run.result(1)["code"], "Certificate.Deactivated");
    let status = world.certificate(&made.id).await.unwrap().0;
    assert_eq!(status, CertificateStatus::Inactive);
    assert!(!made.connects(&world) && fresh.connects(&world));

    let run = world.activate("again/lot-7.json", infos.clone()).await;
    assert_eq!(run.summary(), "2 read, 1 unchanged, 1 updated");
    assert!(made.connects(&world));

    // Deactivated again, it is no different: the first activation is remembered for good.
    set_status(&world, &made.id, CertificateStatus::Inactive).await;
    let run = world.activate("lot-7.json", infos.clone()).await;
    assert_eq!(run.summary(), "2 read, 1 unchanged, 1 conflict; red");
    // Who activates it by hand is believed.
    set_status(&world, &made.id, CertificateStatus::Active).await;
    let run = world.activate("lot-7.json", infos.clone()).await;
    assert_eq!(run.summary(), "2 read, 2 unchanged");
    assert_eq!(activation(&world, &made.id).await, Some(mark), "the first one stays");

    // A device whose activation nobody noted, because its run died then, is noted when it is seen.
    let key = format!("activated/{}", made.id);
    world.s3.delete_object().bucket(bucket("runs")).key(key).send().await.unwrap();
    let run = world.activate("lot-7.json", infos).await;
    assert_eq!(run.summary(), "2 read, 2 unchanged");
    assert_eq!(activation(&world, &made.id).await.unwrap().run, run.name);
}

/// What is remembered of a certificate's activation.
async fn activation(world: &World, id: &str) -> Option<Activation> {
    let get = world.s3.get_object().bucket(bucket("runs")).key(format!("activated/{id}"));
    let found = get.send().await.ok()?.body.collect().await.unwrap();
    Some(serde_json::from_slice(&found.to_vec()).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_killed_around_the_activation_ends_with_the_same_word() {
    let names = ["killed-before", "killed-after"];
    let (world, devices) = factory(names).await;
    register(&world, &devices.each_ref()).await;
    for (made, then) in devices.iter().zip([Then::Lose, Then::PassOn]) {
        let infos = device_infos(&[made.info()]);
        let gate = world.gate.address;
        world.gate.strike_at("UpdateCertificate", 1, async move || {
            kill_function(gate, &format!("{STACK}-activate"));
            then
        });
        let run = world.activate(&format!("{}.json", made.name), infos.clone()).await;
        assert_eq!(run.summary(), "1 read, 1 created", "{}", made.name);
        assert!(made.connects(&world), "{}", made.name);
        // The retry noted the activation, also where the first try was cut off behind it.
        set_status(&world, &made.id, CertificateStatus::Inactive).await;
        let run = world.activate(&format!("{}.json", made.name), infos).await;
        assert_eq!(run.problem(), "Certificate.Deactivated", "{}", made.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_run_left_that_was_cut_off_before_the_activation_is_completed() {
    let (world, [made]) = factory(["device-1"]).await;
    register(&world, &[&made]).await;
    let iot = &world.iot;
    let create = iot.create_thing().thing_name("device-1").thing_type_name("sensor");
    create.send().await.unwrap();
    let found = iot.describe_certificate().certificate_id(&made.id).send().await.unwrap();
    let arn = found.certificate_description.unwrap().certificate_arn.unwrap();
    iot.attach_thing_principal().thing_name("device-1").principal(&arn).send().await.unwrap();
    let join = iot.add_thing_to_thing_group().thing_name("device-1").thing_group_name("sensors");
    join.send().await.unwrap();
    iot.attach_policy().policy_name("sensor-base").target(&arn).send().await.unwrap();
    assert!(!made.connects(&world));

    let infos = device_infos(&[made.info()]);
    let run = world.activate("lot-7.json", infos.clone()).await;
    assert_eq!(run.summary(), "1 read, 1 updated");
    assert!(made.connects(&world));
    set_status(&world, &made.id, CertificateStatus::Inactive).await;
    let run = world.activate("lot-7.json", infos).await;
    assert_eq!(run.problem(), "Certificate.Deactivated", "now it was activated once");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_activation_that_was_stopped_gets_its_report() {
    let (world, [made]) = factory(["device-1"]).await;
    register(&world, &[&made]).await;
    let (sfn, machine) = (world.sfn.clone(), world.machine("activate"));
    world.gate.strike_at("UpdateCertificate", 1, async move || {
        let runs = sfn.list_executions().state_machine_arn(machine).send().await.unwrap();
        let run = runs.executions.into_iter().next().unwrap();
        sfn.stop_execution().execution_arn(run.execution_arn).send().await.unwrap();
        Then::PassOn
    });
    let run = world.activate("lot-7.json", device_infos(&[made.info()])).await;
    assert_eq!(run.status, ExecutionStatus::Aborted);
    assert_eq!(run.report().counts.created, 1, "the device was finished, and is told");
    let lease = world.s3.head_object().bucket(bucket("runs"));
    let lease = lease.key(format!("rate/active/{}", run.name)).send().await;
    assert!(lease.is_err(), "its share of the rates was given back");
}
