//! The functions.

use super::arrivals::ARRIVALS;
use super::buckets::Buckets;
use super::channels::Channels;
use crate::config::Config;
use crate::constructs::function::{Function, FunctionProps};
use crate::grants;
use crate::template::Template;

pub(super) struct Functions {
    pub(super) preflight: Function,
    /// One for each bucket that files arrive in; the factory's comes last.
    pub(super) decode: [Function; ARRIVALS.len()],
    pub(super) register: Function,
    pub(super) activate: Function,
    pub(super) plan: Function,
    pub(super) undo: Function,
    pub(super) report: Function,
}

impl Functions {
    /// Each function and what the ids of its resources begin with.
    pub(super) fn all(&self) -> impl Iterator<Item = (&'static str, &Function)> {
        let Self { preflight, decode, register, activate, plan, undo, report } = self;
        let decoders = ARRIVALS.iter().map(|arrival| arrival.decoder).zip(decode);
        let workers =
            [("Register", register), ("Activate", activate), ("Plan", plan), ("Undo", undo)];
        let first = [("Preflight", preflight)].into_iter().chain(decoders);
        first.chain(workers).chain([("Report", report)])
    }
}

pub(super) fn functions(
    template: &mut Template,
    config: &Config,
    buckets: &Buckets,
    channels: &Channels,
) -> Functions {
    let runs = &buckets.runs;
    let preflight = FunctionProps {
        name: "preflight",
        code_key: "PreflightKey",
        // A listing compares the account with every device of a file.
        memory_mb: 512,
        storage_mb: None,
        timeout_seconds: 900,
        runs,
        environment: &[],
        grants: grants::preflight(config, runs),
    };
    let decode = buckets.arrivals.each_ref().map(|(arrival, bucket)| {
        let name = format!("decode-{}", arrival.name);
        let props = FunctionProps {
            name: &name,
            code_key: "DecodeKey",
            // One whole processor core: signatures are checked here.
            memory_mb: 1769,
            // An archive is kept here while it is read, and the one that it holds: 256 MiB each.
            storage_mb: Some(1024),
            timeout_seconds: 900,
            runs,
            environment: &[],
            grants: grants::decode(bucket, arrival.certificates, runs),
        };
        Function::new(template, arrival.decoder, config, props)
    });
    let register = FunctionProps {
        name: "register",
        code_key: "RegisterKey",
        // It waits for AWS IoT most of the time; with less memory, setting up TLS would take most
        // of a second.
        memory_mb: 256,
        storage_mb: None,
        timeout_seconds: 900,
        runs,
        environment: &[],
        grants: grants::register(config, runs),
    };
    let activate = FunctionProps {
        name: "activate",
        code_key: "ActivateKey",
        grants: grants::activate(config, runs),
        // It does the same kind of work.
        ..register
    };
    let plan = FunctionProps {
        name: "plan",
        code_key: "PlanKey",
        memory_mb: 256,
        storage_mb: None,
        timeout_seconds: 900,
        runs,
        environment: &[],
        grants: grants::plan(runs),
    };
    let undo = FunctionProps {
        name: "undo",
        code_key: "UndoKey",
        // It also reads all files of the run that is taken back.
        memory_mb: 512,
        storage_mb: None,
        timeout_seconds: 900,
        runs,
        environment: &[],
        grants: grants::undo(runs),
    };
    let report = FunctionProps {
        name: "report",
        code_key: "ReportKey",
        // For the share of a processor that comes with it: ten million devices are counted within the timeout.
        memory_mb: 1024,
        storage_mb: None,
        timeout_seconds: 900,
        runs,
        environment: &[("THINGPRESS_FAILURES_QUEUE", channels.failures.url())],
        grants: grants::report(runs, &channels.failures),
    };
    Functions {
        preflight: Function::new(template, "Preflight", config, preflight),
        decode,
        register: Function::new(template, "Register", config, register),
        activate: Function::new(template, "Activate", config, activate),
        plan: Function::new(template, "Plan", config, plan),
        undo: Function::new(template, "Undo", config, undo),
        report: Function::new(template, "Report", config, report),
    }
}
