//! The policies that people attach to their users, groups and roles.

use super::buckets::Buckets;
use super::channels::Channels;
use super::machines::Machines;
use crate::config::Config;
use crate::constructs::managed_policy::{self, ManagedPolicyProps};
use crate::constructs::role::Grant;
use crate::people::{self, Subjects};
use crate::template::Template;

pub(super) fn policies(
    template: &mut Template,
    config: &Config,
    buckets: &Buckets,
    channels: &Channels,
    machines: &Machines,
) {
    let [vendors @ .., (_, mes)] = &buckets.arrivals;
    let signed: Vec<_> = vendors
        .iter()
        .filter(|(arrival, _)| arrival.certificates.is_some())
        .map(|(_, bucket)| bucket)
        .collect();
    let vendors: Vec<_> = vendors.iter().map(|(_, bucket)| bucket).collect();
    let Machines { ingest, import, activate, undo, closing, watch } = machines;
    let subjects = Subjects {
        vendors: &vendors,
        signed: &signed,
        mes,
        runs: &buckets.runs,
        import,
        activate,
        undo,
        machines: &[ingest, import, activate, undo, closing, watch],
        queues: vec![channels.failures.arn(), channels.undelivered.arn()],
    };
    let policies: [(_, _, _, Table); 7] = [
        ("Upload", "upload", "Uploads vendors' manifests and reads their reports", people::upload),
        (
            "UploadMes",
            "upload-mes",
            "Uploads the factory's device-infos and reads their reports",
            people::upload_mes,
        ),
        (
            "Plan",
            "plan",
            "Has files planned and reads their reports; imports nothing",
            people::plan,
        ),
        (
            "Signers",
            "signers",
            "Names the signers and authorities by which manifests are checked",
            people::signers,
        ),
        (
            "Operator",
            "operator",
            "Runs the deployment from day to day; writes nothing to AWS IoT",
            people::operator,
        ),
        (
            "UndoRuns",
            "undo",
            "Takes runs back: starts the machine that removes what a run added to AWS IoT",
            people::undo,
        ),
        (
            "Auditor",
            "auditor",
            "Reads what arrived, what became of it, and the devices; writes nothing",
            people::auditor,
        ),
    ];
    for (id, name, description, grants) in policies {
        let grants = grants(config, &subjects);
        managed_policy::add(template, id, config, ManagedPolicyProps { name, description, grants });
    }
}

/// A person's part of the table in `people.rs`.
type Table = fn(&Config, &Subjects<'_>) -> Vec<Grant>;
