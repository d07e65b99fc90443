//! Whom to believe: signers that are pinned, uploaded, late or unknown.

use serde_json::{Value, json};

use crate::{
    samples::{self, Authority, Signer},
    world::{Making, PROFILES, World},
};

pub(crate) fn manifest(signer: &Signer, devices: u32) -> String {
    let authority = Authority::new("Test CA");
    let elements: Vec<Value> = (1..=devices)
        .map(|number| samples::Device::new(number, &authority).element(signer))
        .collect();
    json!(elements).to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signer_that_never_comes_costs_every_entry_and_is_named() {
    let world = Making::with(PROFILES).waiting("0.02").world().await;
    let signer = Signer::new("Absent Signer");
    let run = world.import("microchip", "reel.json", manifest(&signer, 3)).await;
    assert_eq!(run.summary(), "3 read, 3 rejected; red");
    assert_eq!(run.problem(), "Signer.NotUploaded");
    assert!(run.report().problems[0].reason.contains(&signer.kid()), "{:?}", run.report().problems);
    assert_eq!(world.registered().await, (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signer_that_comes_a_little_later_is_waited_for() {
    let world = Making::with(PROFILES).waiting("0.2").world().await;
    let signer = Signer::new("Late Signer");
    world.upload("microchip", "reel.json", manifest(&signer, 3)).await;
    let name = world.next_run(&[]).await;
    world.until("the run waits", async || is_waiting(&world, &name).await.then_some(())).await;
    world.upload("microchip", "signer.crt", samples::pem(&signer.der)).await;
    let run = world.ended(&name).await;
    assert_eq!(run.summary(), "3 read, 3 created");
}

async fn is_waiting(world: &World, run: &str) -> bool {
    let arn = world.execution(run);
    let history = world.sfn.get_execution_history().execution_arn(arn).send().await.unwrap();
    history.events().iter().any(|event| {
        event.state_entered_event_details().is_some_and(|details| details.name() == "WaitForSigner")
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signer_that_nobody_pinned_is_refused_with_the_line_to_add() {
    let world = Making::with(PROFILES).trusting_published_signers_only().world().await;
    let signer = Signer::new("Somebody");
    let filed = world.import("microchip", "somebody.crt", signer.der.clone()).await;
    assert_eq!(filed.output["trusted"], false);
    let run = world.import("microchip", "reel.json", manifest(&signer, 2)).await;
    assert_eq!(run.summary(), "2 read, 2 rejected; red");
    assert_eq!(run.problem(), "Signer.NotTrusted");
    let reason = &run.report().problems[0].reason;
    let fingerprint = signer.certificate().id().to_string();
    assert!(reason.contains(&fingerprint) && reason.contains("signers = ["), "{reason}");
    assert_eq!(world.registered().await, (0, 0));
}
