//! Pieces of work, each of which needs some of the grants.

use std::fs;

use aws_sdk_iot::types::CertificateStatus;
use aws_sdk_sfn::types::ExecutionStatus;
use gate::Then;
use ledger::{Index, Report, RunFiles, Store, Unindexed};
use manifest::Vendor;
use serde_json::json;
use xtask::sample;

use crate::{
    factory::{Made, device_infos, set_status},
    notices::carried_out,
    samples::{Authority, standard},
    standing::{attach, attributes, create_thing, describe, list, register, sensor},
    world::{World, bucket},
};

/// The product lines that the scenarios need.
pub(super) const WORLD: &str = r#"
[profile.default]
policies = ["sensor-base"]
thing_groups = ["sensors"]
thing_type = "sensor"

[profile.described]
policies = ["sensor-base"]
thing_groups = ["sensors"]
thing_type = "sensor"
attributes = { line = "north" }

[profile.factory]
policies = ["sensor-base"]
thing_groups = ["sensors"]
thing_type = "sensor"
certificate_status = "inactive"
defer_things = true
"#;

/// A piece of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Scenario {
    /// A device that AWS IoT does not know is imported.
    NewDevice,
    /// A file of a vendor that was imported before comes again.
    FileAgain(Vendor),
    /// Another file holds a device that stands already.
    StandingDevice,
    /// A thing that stands lacks an attribute.
    MissingAttribute,
    /// Somebody else takes the thing meanwhile.
    Race,
    /// A vendor's file comes, and before it the certificates by which it is checked.
    VendorsFile(Vendor),
    /// An entry of a file is unusable.
    BadEntry,
    /// A device is imported and found, and a run that is noted as missing is put into the index again.
    Indexed,
    /// A person stops the run while its worker works.
    StoppedRun,
    /// A factory activates a device of the first phase.
    Activation,
    /// It uploads the same file again.
    ActivationAgain,
    /// It activates a device that stands in part.
    ActivationInPart,
    /// It names one that somebody deactivated.
    Deactivated,
    /// Somebody else takes the thing of a device that is activated.
    ActivationRace,
    /// A file is planned whose device stands in part.
    PlanOfPart,
    /// Device-infos are planned of a device that has a type of its own.
    PlanOfType,
    /// Device-infos are planned of a device that somebody deactivated.
    PlanOfDeactivated,
    /// A device that a run made is taken back.
    Undone,
    /// A thing gets back what it had.
    UndoneAttribute,
    /// An activation is taken back.
    UndoneActivation,
}

use Scenario::{
    Activation, ActivationAgain, ActivationInPart, ActivationRace, BadEntry, Deactivated,
    FileAgain, Indexed, MissingAttribute, NewDevice, PlanOfDeactivated, PlanOfPart, PlanOfType,
    Race, StandingDevice, StoppedRun, Undone, UndoneActivation, UndoneAttribute, VendorsFile,
};

/// The work that needs an action of a function's role, found by the statement and the action.
pub(super) fn scenario(function: &str, sid: &str, action: &str) -> Option<Scenario> {
    Some(match (function, sid, action) {
        ("preflight", "ListAccount", _)
        | ("preflight", "CheckGroups", "iot:ListThingsInThingGroup")
        | ("preflight", "UseRunFiles", "s3:GetObject") => FileAgain(Vendor::Generated),
        ("preflight", "CheckPolicies" | "CheckGroups" | "CheckTypes" | "UseRunFiles", _) => {
            NewDevice
        }
        ("decode-mes", "FindFinishedFiles", _) => ActivationAgain,
        ("decode-mes", _, _) => Activation,
        (decoder, sid, _) if decoder.starts_with("decode-") => {
            let vendor = decoder.strip_prefix("decode-")?.parse().ok()?;
            if sid == "FindFinishedFiles" { FileAgain(vendor) } else { VendorsFile(vendor) }
        }
        ("register", "ReadCertificates" | "ReadAttachments", _)
        | ("register", "ReadThings", "iot:ListThingGroupsForThing" | "iot:ListThingPrincipals") => {
            StandingDevice
        }
        ("register", "UpdateThings", _) => MissingAttribute,
        ("register", "AttachCertificates", "iot:DetachThingPrincipal") => Race,
        ("activate", "ReadThings", "iot:ListThingGroupsForThing" | "iot:ListThingPrincipals")
        | ("activate", "ReadAttachments", "iot:ListAttachedPolicies")
        | ("activate", "UpdateThings", _) => ActivationInPart,
        ("activate", "AttachCertificates", "iot:DetachThingPrincipal") => ActivationRace,
        ("activate", "RememberActivations", "s3:GetObject") => Deactivated,
        ("activate", _, _) => Activation,
        ("plan", "CheckTypes", _) => PlanOfType,
        ("plan", "RecallActivations", _) => PlanOfDeactivated,
        ("plan", _, _) => PlanOfPart,
        ("undo", "RestoreAndDeleteThings", "iot:UpdateThing") => UndoneAttribute,
        ("undo", "ForgetActivations", _) => UndoneActivation,
        ("undo", _, _) => Undone,
        ("report", "EndLeases", "s3:PutObject") | ("report", "FindLeasesAndRunFiles", _) => {
            StoppedRun
        }
        ("report", "KeepIndex" | "NoteHistory", _) => Indexed,
        ("report", "PassFailuresOn", _) => BadEntry,
        ("register" | "report", _, _) => NewDevice,
        _ => return None,
    })
}

impl Scenario {
    /// How it ends with the whole roles.
    pub(super) fn expected(self) -> &'static str {
        match self {
            NewDevice => "1 created; noted as finished, lease given back",
            FileAgain(_) | ActivationAgain => "1 unchanged; listed",
            StandingDevice => "1 unchanged",
            MissingAttribute => "1 updated; line=north owner=ann",
            VendorsFile(_) | PlanOfType => "1 created",
            BadEntry => "nothing good (Certificate.Malformed); passed on",
            Indexed => "1 created; found; kept",
            StoppedRun => "ABORTED, 1 created",
            Activation => "1 created; noted as activated",
            ActivationInPart | PlanOfPart => "1 updated",
            Deactivated | PlanOfDeactivated => "1 conflict (Certificate.Deactivated)",
            Undone => "1 removed; gone",
            UndoneAttribute => "1 removed; owner=ann",
            UndoneActivation => "1 removed; forgotten",
            Race | ActivationRace => "1 conflict (Thing.Raced); 1 certificate",
        }
    }

    /// Carries it out, and tells how it ended. `number` sets its names apart.
    pub(super) async fn carry_out(self, world: &World, number: usize) -> String {
        let name = format!("device-{number}");
        let file = format!("{name}.txt");
        let der = Authority::new("Test CA").leaf(&name);
        match self {
            NewDevice => new_device(world, &file, &list(&[&der])).await,
            FileAgain(vendor) => {
                let file = VendorFile::of(vendor, number);
                file.import(world).await;
                listed(world, file.import(world).await).await
            }
            StandingDevice => {
                import(world, &file, list(&[&der])).await;
                // Another content, so that it is not the same file again.
                import(world, &format!("again-{file}"), list(&[&der]) + "\n").await.0
            }
            MissingAttribute => {
                sensor(world, &name, &der, CertificateStatus::Active).await;
                describe(world, &name, &[("owner", "ann")]).await;
                let (ended, _) = import(world, &format!("described/{file}"), list(&[&der])).await;
                format!("{ended}; {}", attributes(world, &name).await)
            }
            Race => {
                let others = lose_the_thing(world, &name).await;
                let (ended, _) = import(world, &file, list(&[&der])).await;
                others.end(world, ended, &name).await
            }
            VendorsFile(vendor) => VendorFile::of(vendor, number).import(world).await.0,
            BadEntry => {
                let (ended, run) = import(world, &file, standard(&name)).await;
                let told = world.run_file(&run, "told.json").await.is_some();
                if told { format!("{ended}; passed on") } else { ended }
            }
            Indexed => indexed(world, &name, list(&[&der])).await,
            StoppedRun => stopped_run(world, &file, list(&[&der])).await,
            Activation => {
                let made = registered(world, &name).await;
                let (ended, _) = activate(world, &made).await;
                let noted = exists(world, &format!("activated/{}", made.id)).await;
                if noted { format!("{ended}; noted as activated") } else { ended }
            }
            ActivationAgain => {
                let made = registered(world, &name).await;
                activate(world, &made).await;
                listed(world, activate(world, &made).await).await
            }
            ActivationInPart => {
                let made = registered(world, &name).await;
                create_thing(world, &name, Some("sensor")).await;
                attach(world, &name, &arn_of(world, &made.id).await).await;
                activate(world, &made).await.0
            }
            Deactivated => {
                let made = registered(world, &name).await;
                activate(world, &made).await;
                set_status(world, &made.id, CertificateStatus::Inactive).await;
                activate(world, &made).await.0
            }
            PlanOfPart => {
                sensor(world, &name, &der, CertificateStatus::Active).await;
                import(world, &format!("plan/{file}"), list(&[&der])).await.0
            }
            PlanOfType => {
                let made = registered(world, &name).await;
                let info = made.with("deviceType", "sensor".into());
                plan_activation(world, &made, &[info]).await
            }
            PlanOfDeactivated => {
                let made = registered(world, &name).await;
                activate(world, &made).await;
                set_status(world, &made.id, CertificateStatus::Inactive).await;
                plan_activation(world, &made, &[made.info()]).await
            }
            ActivationRace => {
                let made = registered(world, &name).await;
                let others = lose_the_thing(world, &name).await;
                let (ended, _) = activate(world, &made).await;
                others.end(world, ended, &name).await
            }
            Undone => {
                let (_, run) = import(world, &file, list(&[&der])).await;
                let ended = undo(world, &run).await;
                let is_gone = world.device(&name).await.is_none();
                if is_gone { format!("{ended}; gone") } else { ended }
            }
            UndoneAttribute => {
                sensor(world, &name, &der, CertificateStatus::Active).await;
                describe(world, &name, &[("owner", "ann")]).await;
                let (_, run) = import(world, &format!("described/{file}"), list(&[&der])).await;
                let ended = undo(world, &run).await;
                format!("{ended}; {}", attributes(world, &name).await)
            }
            UndoneActivation => {
                let made = registered(world, &name).await;
                let (_, run) = activate(world, &made).await;
                let ended = undo(world, &run).await;
                let noted = exists(world, &format!("activated/{}", made.id)).await;
                if noted { ended } else { format!("{ended}; forgotten") }
            }
        }
    }
}

/// Imports a device whose run is missing in the index, and has it brought in.
async fn indexed(world: &World, name: &str, content: String) -> String {
    let (mut ended, run) = import(world, &format!("{name}.txt"), content).await;
    let missing = Unindexed::key(&RunFiles::of(&run));
    world.s3.put_object().bucket(bucket("runs")).key(missing).send().await.unwrap();
    let (status, _) = carried_out(world, "watch", &json!({})).await;
    let store = Store::new(world.s3.clone(), bucket("runs"));
    if !Index::new(store).find(name).await.unwrap().records.is_empty() {
        ended += "; found";
    }
    if status == ExecutionStatus::Succeeded { format!("{ended}; kept") } else { ended }
}

/// Takes a run back, and tells how that ended.
async fn undo(world: &World, run: &str) -> String {
    let undo = world.undo(run, false).await;
    ended(world, &undo.name, &undo.status).await
}

/// Imports a file, and tells how its run ended, and its name.
async fn import(world: &World, key: &str, content: String) -> (String, String) {
    let run = world.import("generated", key, content).await;
    (ended(world, &run.name, &run.status).await, run.name)
}

async fn activate(world: &World, made: &Made) -> (String, String) {
    let infos = device_infos(&[made.info()]);
    let run = world.activate(&format!("{}.json", made.name), infos).await;
    (ended(world, &run.name, &run.status).await, run.name)
}

async fn plan_activation(world: &World, made: &Made, infos: &[serde_json::Value]) -> String {
    let key = format!("plan/{}.json", made.name);
    let run = world.activate(&key, device_infos(infos)).await;
    ended(world, &run.name, &run.status).await
}

/// What became of a run, also where it did not come to a report.
async fn ended(world: &World, run: &str, status: &ExecutionStatus) -> String {
    let Some(report) = report(world, run).await else { return format!("{status}, no report") };
    if let Some(stopped) = report.stopped {
        return stopped.code;
    }
    let (counts, codes) = (report.counts, report.problems);
    let words = [
        (counts.created, "1 created"),
        (counts.unchanged, "1 unchanged"),
        (counts.updated, "1 updated"),
        (counts.conflict, "1 conflict"),
        (counts.removed, "1 removed"),
    ];
    let found = words.iter().find(|(count, _)| *count == 1);
    let outcome = found.map_or("nothing good", |(_, outcome)| outcome);
    match codes.first() {
        Some(problem) => format!("{outcome} ({})", problem.code),
        None if *status == ExecutionStatus::Succeeded => outcome.to_owned(),
        None => format!("{status}, {outcome}"),
    }
}

async fn report(world: &World, run: &str) -> Option<Report> {
    let report = world.run_file(run, "report.json").await?;
    Some(serde_json::from_slice(&report).unwrap())
}

async fn exists(world: &World, key: &str) -> bool {
    world.s3.head_object().bucket(bucket("runs")).key(key).send().await.is_ok()
}

async fn new_device(world: &World, key: &str, content: &str) -> String {
    let (mut ended, run) = import(world, key, content.to_owned()).await;
    let sha256 = report(world, &run).await.map(|report| report.source.sha256).unwrap_or_default();
    if exists(world, &format!("files/{sha256}.json")).await {
        ended += "; noted as finished";
    }
    if !exists(world, &format!("rate/active/{run}")).await {
        ended += ", lease given back";
    }
    ended
}

/// Tells also whether the run was spared its questions by a listing of the account.
async fn listed(world: &World, (ended, run): (String, String)) -> String {
    let listed = world.run_file(&run, "standing.txt").await.is_some();
    if listed { format!("{ended}; listed") } else { ended }
}

/// A vendor's manifest with everything that is uploaded before it.
struct VendorFile {
    vendor: Vendor,
    authorities: Vec<Vec<u8>>,
    name: String,
    manifest: Vec<u8>,
}

impl VendorFile {
    fn of(vendor: Vendor, number: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = sample::Options {
            devices: 1,
            seed: u64::try_from(number).unwrap(),
            folder: folder.path().to_owned(),
            keys: false,
        };
        let sample = sample::write(vendor, &options).unwrap();
        Self {
            vendor,
            authorities: sample.authorities.iter().map(|file| fs::read(file).unwrap()).collect(),
            name: sample.manifest.file_name().unwrap().to_str().unwrap().to_owned(),
            manifest: fs::read(&sample.manifest).unwrap(),
        }
    }

    /// Uploads everything, and tells how the manifest's run ended, and its name.
    async fn import(&self, world: &World) -> (String, String) {
        let bucket = self.vendor.name();
        for (at, certificate) in self.authorities.iter().enumerate() {
            let key = format!("{}-{at}.crt", self.name);
            let run = world.import(bucket, &key, certificate.as_slice()).await;
            if run.status != ExecutionStatus::Succeeded {
                return (format!("{key} is not filed"), run.name);
            }
        }
        let run = world.import(bucket, &self.name, self.manifest.as_slice()).await;
        (ended(world, &run.name, &run.status).await, run.name)
    }
}

async fn stopped_run(world: &World, key: &str, content: String) -> String {
    let (sfn, machine) = (world.sfn.clone(), world.machine("import"));
    world.gate.strike_at("RegisterCertificateWithoutCA", 1, async move || {
        let runs = sfn.list_executions().state_machine_arn(machine).send().await.unwrap();
        let run = runs.executions.into_iter().next().unwrap();
        sfn.stop_execution().execution_arn(run.execution_arn).send().await.unwrap();
        Then::PassOn
    });
    let [imports, closings] = [world.runs().await, world.runs_of("closing").await];
    world.upload("generated", key, content).await;
    let run = world.next_run(&imports).await;
    let closing = world.next_run_of("closing", &closings).await;
    world.settled("closing", &closing).await;
    ended(world, &run, &ExecutionStatus::Aborted).await
}

/// A device whose certificate the first phase has registered.
async fn registered(world: &World, name: &str) -> Made {
    let made = Made::new(&Authority::new("Test CA"), name);
    register(world, &made.certificate, CertificateStatus::Inactive).await;
    made
}

async fn arn_of(world: &World, id: &str) -> String {
    let found = world.iot.describe_certificate().certificate_id(id).send().await.unwrap();
    found.certificate_description.unwrap().certificate_arn.unwrap()
}

/// Another run, which takes the thing.
struct Others;

const OTHERS_LEASE: &str = "rate/active/the-other-run";

/// Lets another certificate be attached to the thing, just before ours is.
async fn lose_the_thing(world: &World, thing: &str) -> Others {
    world.s3.put_object().bucket(bucket("runs")).key(OTHERS_LEASE).send().await.unwrap();
    let theirs = Authority::new("Test CA").leaf(thing);
    let arn = register(world, &theirs, CertificateStatus::Active).await;
    let (iot, thing) = (world.iot.clone(), thing.to_owned());
    world.gate.strike_at("AttachThingPrincipal", 1, async move || {
        iot.attach_thing_principal().thing_name(thing).principal(arn).send().await.unwrap();
        Then::PassOn
    });
    Others
}

impl Others {
    async fn end(self, world: &World, ended: String, thing: &str) -> String {
        world.s3.delete_object().bucket(bucket("runs")).key(OTHERS_LEASE).send().await.unwrap();
        let certificates = world.device(thing).await.map_or(0, |device| device.certificates.len());
        format!("{ended}; {certificates} certificate")
    }
}
