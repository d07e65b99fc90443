//! The deployment, as a table of contents.

mod arrivals;
mod definitions;

use serde_json::json;

use crate::config::Config;
use crate::constructs::REQUIRE_TLS;
use crate::constructs::bucket::{Bucket, Purpose};
use crate::constructs::function::{Function, FunctionProps};
use crate::constructs::machine::{Kind, Machine, MachineProps, Target};
use crate::constructs::queue::DeadLetterQueue;
use crate::constructs::rule::{Rule, RuleProps};
use crate::grants;
use crate::template::{Template, Violation};
use arrivals::ARRIVALS;

pub use arrivals::{BUCKETS, VENDORS};

/// The parameters that every deployment fills in: where the functions' zips are. [`REQUIRE_TLS`]
/// comes besides.
pub const PARAMETERS: [&str; 6] =
    ["AssetsBucket", "PreflightKey", "DecodeKey", "RegisterKey", "ActivateKey", "ReportKey"];

const DESCRIPTION: &str =
    "Thingpress: imports the certificate manifests of secure-element vendors into AWS IoT Core";

/// The CloudFormation template of a configuration: the same bytes for the same configuration.
pub fn synthesize(config: &Config) -> Result<String, Vec<Violation>> {
    let mut template = Template::default();
    for problem in config.problems() {
        template.violation("configuration", problem.message);
    }
    parameters(&mut template);
    let buckets = buckets(&mut template, config);
    let functions = functions(&mut template, config, &buckets);
    let machines = machines(&mut template, config, &buckets, &functions);
    rules(&mut template, config, &machines);
    outputs(&mut template, config, &buckets, &machines);
    template.finish(DESCRIPTION)
}

fn parameters(template: &mut Template) {
    let [assets, keys @ ..] = PARAMETERS;
    template.parameter(assets, "Bucket that holds the functions' zips");
    for key in keys {
        template.parameter(key, "Key of the function's zip in the assets bucket");
    }
    template.switch(
        REQUIRE_TLS,
        "Whether requests without TLS are refused; false for the local cloud only",
    );
}

struct Buckets {
    /// Where files arrive, in the order of [`ARRIVALS`].
    arrivals: [Bucket; ARRIVALS.len()],
    runs: Bucket,
}

fn buckets(template: &mut Template, config: &Config) -> Buckets {
    let name = |suffix: &str| format!("{}-{suffix}", config.stack);
    Buckets {
        arrivals: ARRIVALS.map(|arrival| {
            Bucket::new(template, arrival.bucket, &name(arrival.name), Purpose::Arrivals)
        }),
        runs: Bucket::new(template, "RunsBucket", &name("runs"), Purpose::Runs),
    }
}

struct Functions {
    preflight: Function,
    decode: Function,
    register: Function,
    activate: Function,
    report: Function,
}

fn functions(template: &mut Template, config: &Config, buckets: &Buckets) -> Functions {
    let runs = &buckets.runs;
    let preflight = FunctionProps {
        name: "preflight",
        code_key: "PreflightKey",
        // A listing compares the account with every device of a file.
        memory_mb: 512,
        storage_mb: None,
        timeout_seconds: 900,
        runs,
        grants: grants::preflight(config, runs),
    };
    let decode = FunctionProps {
        name: "decode",
        code_key: "DecodeKey",
        // One whole processor core: signatures are checked here.
        memory_mb: 1769,
        // An archive is kept here while it is read, and the one that it holds: 256 MiB each.
        storage_mb: Some(1024),
        timeout_seconds: 900,
        runs,
        grants: grants::decode(&buckets.arrivals, runs),
    };
    let register = FunctionProps {
        name: "register",
        code_key: "RegisterKey",
        // It waits for AWS IoT most of the time; with less memory, setting up TLS would take most
        // of a second.
        memory_mb: 256,
        storage_mb: None,
        timeout_seconds: 900,
        runs,
        grants: grants::register(config, runs),
    };
    let activate = FunctionProps {
        name: "activate",
        code_key: "ActivateKey",
        grants: grants::activate(config, runs),
        // It does the same kind of work.
        ..register
    };
    let report = FunctionProps {
        name: "report",
        code_key: "ReportKey",
        memory_mb: 512,
        storage_mb: None,
        timeout_seconds: 900,
        runs,
        grants: grants::report(runs),
    };
    Functions {
        preflight: Function::new(template, "Preflight", config, preflight),
        decode: Function::new(template, "Decode", config, decode),
        register: Function::new(template, "Register", config, register),
        activate: Function::new(template, "Activate", config, activate),
        report: Function::new(template, "Report", config, report),
    }
}

struct Machines {
    ingest: Machine,
    import: Machine,
    activate: Machine,
    closing: Machine,
}

fn machines(
    template: &mut Template,
    config: &Config,
    buckets: &Buckets,
    functions: &Functions,
) -> Machines {
    let import_definition = definitions::import(config).unwrap_or_else(|message| {
        template.violation("ImportMachine", message);
        definitions::IMPORT.to_owned()
    });
    let activate_definition = definitions::activate(config).unwrap_or_else(|message| {
        template.violation("ActivateMachine", message);
        definitions::ACTIVATE.to_owned()
    });
    let import = MachineProps {
        name: "import",
        kind: Kind::Standard,
        definition: &import_definition,
        substitutions: &[
            ("DecodeFunction", Target::Function(&functions.decode)),
            ("PreflightFunction", Target::Function(&functions.preflight)),
            ("RegisterFunction", Target::Function(&functions.register)),
            ("ReportFunction", Target::Function(&functions.report)),
            ("RunsBucket", Target::Bucket(&buckets.runs)),
        ],
        map_reads: Some("runs/*/units.jsonl"),
    };
    let import = Machine::new(template, "Import", config, import);
    let activate = MachineProps {
        name: "activate",
        kind: Kind::Standard,
        definition: &activate_definition,
        substitutions: &[
            ("DecodeFunction", Target::Function(&functions.decode)),
            ("PreflightFunction", Target::Function(&functions.preflight)),
            ("ActivateFunction", Target::Function(&functions.activate)),
            ("ReportFunction", Target::Function(&functions.report)),
            ("RunsBucket", Target::Bucket(&buckets.runs)),
        ],
        map_reads: Some("runs/*/units.jsonl"),
    };
    let activate = Machine::new(template, "Activate", config, activate);
    let ingest = MachineProps {
        name: "ingest",
        kind: Kind::Express,
        definition: definitions::INGEST,
        substitutions: &[
            ("ImportMachine", Target::Machine(&import)),
            ("ActivateMachine", Target::Machine(&activate)),
        ],
        map_reads: None,
    };
    let closing = MachineProps {
        name: "closing",
        kind: Kind::Standard,
        definition: definitions::CLOSING,
        substitutions: &[("ReportFunction", Target::Function(&functions.report))],
        map_reads: None,
    };
    Machines {
        ingest: Machine::new(template, "Ingest", config, ingest),
        closing: Machine::new(template, "Closing", config, closing),
        import,
        activate,
    }
}

fn rules(template: &mut Template, config: &Config, machines: &Machines) {
    let stack = &config.stack;
    let undelivered =
        DeadLetterQueue::new(template, "UndeliveredQueue", &format!("{stack}-undelivered"));
    let arrivals = ARRIVALS.map(|arrival| {
        let bucket = format!("{stack}-{}", arrival.name);
        let props = RuleProps {
            description: format!("A file arrived in {bucket}: its run is started"),
            pattern: json!({
                "source": ["aws.s3"],
                "detail-type": ["Object Created"],
                "detail": { "bucket": { "name": [bucket] } },
            }),
            name: bucket,
            target: &machines.ingest,
            input: Some(format!(
                r#"{{"vendor":"{}","event":<aws.events.event.json>}}"#,
                arrival.name
            )),
            undelivered: &undelivered,
        };
        Rule::new(template, arrival.rule, props).arn()
    });
    let props = RuleProps {
        name: format!("{stack}-closing"),
        description: "An import or an activation ended badly: its report is written if it has none"
            .to_owned(),
        // The children of a Map have a machine ARN of their own, `<machine>/<label>`, and do not
        // match.
        pattern: json!({
            "source": ["aws.states"],
            "detail-type": ["Step Functions Execution Status Change"],
            "detail": {
                "stateMachineArn": [machines.import.arn(), machines.activate.arn()],
                "status": ["FAILED", "TIMED_OUT", "ABORTED"],
            },
        }),
        target: &machines.closing,
        input: None,
        undelivered: &undelivered,
    };
    let closing = Rule::new(template, "Closing", props).arn();
    undelivered.accept_from(template, arrivals.into_iter().chain([closing]).collect());
    template.output(
        "UndeliveredQueueUrl",
        "Queue of the events that could not be delivered",
        undelivered.url(),
    );
}

fn outputs(template: &mut Template, config: &Config, buckets: &Buckets, machines: &Machines) {
    let profiles: Vec<&str> = config.profiles.keys().map(String::as_str).collect();
    for (arrival, bucket) in ARRIVALS.iter().zip(&buckets.arrivals) {
        template.output(
            &format!("{}Name", arrival.bucket),
            &format!("Bucket for {}", arrival.takes),
            bucket.name(),
        );
    }
    template.output(
        "RunsBucketName",
        "Bucket with the files and reports of the runs",
        buckets.runs.name(),
    );
    template.output(
        "IngestMachineArn",
        "Machine that starts imports and activations",
        machines.ingest.arn(),
    );
    template.output("ImportMachineArn", "Machine that imports a file", machines.import.arn());
    template.output(
        "ActivateMachineArn",
        "Machine that activates the devices of a file",
        machines.activate.arn(),
    );
    template.output(
        "ClosingMachineArn",
        "Machine that reports on imports and activations that died",
        machines.closing.arn(),
    );
    template.output("Vendors", "Vendors whose manifests are taken", json!(VENDORS.join(",")));
    template.output(
        "Profiles",
        "Profiles that the first folder of a key chooses",
        json!(profiles.join(",")),
    );
}

#[cfg(test)]
mod tests;
