//! What tools and people read after the deployment.

use serde_json::json;

use super::arrivals::{RUNS_OUTPUT, VENDORS};
use super::buckets::Buckets;
use super::channels::Channels;
use super::machines::Machines;
use crate::config::Config;
use crate::template::Template;

pub(super) fn outputs(
    template: &mut Template,
    config: &Config,
    buckets: &Buckets,
    channels: &Channels,
    machines: &Machines,
) {
    let profiles: Vec<&str> = config.profiles.keys().map(String::as_str).collect();
    for (arrival, bucket) in &buckets.arrivals {
        template.output(
            &format!("{}Name", arrival.bucket),
            &format!("Bucket for {}", arrival.takes),
            bucket.name(),
        );
    }
    let others = [
        (RUNS_OUTPUT, "Bucket with the files and reports of the runs", buckets.runs.name()),
        ("IngestMachineArn", "Machine that starts imports and activations", machines.ingest.arn()),
        ("ImportMachineArn", "Machine that imports a file", machines.import.arn()),
        (
            "ActivateMachineArn",
            "Machine that activates the devices of a file",
            machines.activate.arn(),
        ),
        ("UndoMachineArn", "Machine that takes back what a run added", machines.undo.arn()),
        ("ClosingMachineArn", "Machine that reports on runs that died", machines.closing.arn()),
        ("WatchMachineArn", "Machine that looks for runs that are stuck", machines.watch.arn()),
        (
            "NoticesTopicArn",
            "Topic that tells how runs ended, and what is stuck",
            channels.notices.arn(),
        ),
        ("FailuresQueueUrl", "Queue of the devices that did not end well", channels.failures.url()),
        (
            "UndeliveredQueueUrl",
            "Queue of the events and notices that could not be delivered",
            channels.undelivered.url(),
        ),
        ("Vendors", "Vendors whose manifests are taken", json!(VENDORS.join(","))),
        ("Profiles", "Profiles that the first folder of a key chooses", json!(profiles.join(","))),
    ];
    for (name, description, value) in others {
        template.output(name, description, value);
    }
}
