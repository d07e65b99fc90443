//! The state machines.

use super::buckets::Buckets;
use super::channels::Channels;
use super::definitions;
use super::functions::Functions;
use crate::config::Config;
use crate::constructs::machine::{Kind, Machine, MachineProps, Target};
use crate::template::Template;

pub(super) struct Machines {
    pub(super) ingest: Machine,
    pub(super) import: Machine,
    pub(super) activate: Machine,
    pub(super) undo: Machine,
    pub(super) closing: Machine,
    pub(super) watch: Machine,
}

pub(super) fn machines(
    template: &mut Template,
    config: &Config,
    buckets: &Buckets,
    channels: &Channels,
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
    let undo_definition = definitions::undo(config).unwrap_or_else(|message| {
        template.violation("UndoMachine", message);
        definitions::UNDO.to_owned()
    });
    let [of_vendors @ .., of_factory] = &functions.decode;
    let decoders = format!("{}-decode", config.stack);
    let notices = ("NoticesTopic", Target::Topic(&channels.notices));
    let undelivered = ("UndeliveredQueue", Target::Queue(&channels.undelivered));
    let report = ("ReportFunction", Target::Function(&functions.report));
    let import = MachineProps {
        name: "import",
        kind: Kind::Standard,
        definition: &import_definition,
        substitutions: &[
            ("DecodeFunctions", Target::Functions { stem: &decoders, functions: of_vendors }),
            ("PreflightFunction", Target::Function(&functions.preflight)),
            ("RegisterFunction", Target::Function(&functions.register)),
            ("PlanFunction", Target::Function(&functions.plan)),
            report,
            ("RunsBucket", Target::Bucket(&buckets.runs)),
            notices,
            undelivered,
        ],
        map_reads: Some("runs/*/units.jsonl"),
    };
    let import = Machine::new(template, "Import", config, import);
    let activate = MachineProps {
        name: "activate",
        kind: Kind::Standard,
        definition: &activate_definition,
        substitutions: &[
            ("DecodeFunction", Target::Function(of_factory)),
            ("PreflightFunction", Target::Function(&functions.preflight)),
            ("ActivateFunction", Target::Function(&functions.activate)),
            ("PlanFunction", Target::Function(&functions.plan)),
            report,
            ("RunsBucket", Target::Bucket(&buckets.runs)),
            notices,
            undelivered,
        ],
        map_reads: Some("runs/*/units.jsonl"),
    };
    let activate = Machine::new(template, "Activate", config, activate);
    let undo = MachineProps {
        name: "undo",
        kind: Kind::Standard,
        definition: &undo_definition,
        substitutions: &[
            ("UndoFunction", Target::Function(&functions.undo)),
            report,
            ("RunsBucket", Target::Bucket(&buckets.runs)),
            notices,
            undelivered,
        ],
        map_reads: Some("runs/*/units.jsonl"),
    };
    let ingest = MachineProps {
        name: "ingest",
        kind: Kind::Express,
        definition: definitions::INGEST,
        substitutions: &[
            ("ImportMachine", Target::Machine(&import)),
            ("ActivateMachine", Target::Machine(&activate)),
            ("Stack", Target::Stack(&config.stack)),
            notices,
            undelivered,
        ],
        map_reads: None,
    };
    let closing = MachineProps {
        name: "closing",
        kind: Kind::Standard,
        definition: definitions::CLOSING,
        substitutions: &[report, notices, undelivered],
        map_reads: None,
    };
    let watch = MachineProps {
        name: "watch",
        kind: Kind::Express,
        definition: definitions::WATCH,
        substitutions: &[report, notices, undelivered],
        map_reads: None,
    };
    Machines {
        ingest: Machine::new(template, "Ingest", config, ingest),
        closing: Machine::new(template, "Closing", config, closing),
        watch: Machine::new(template, "Watch", config, watch),
        undo: Machine::new(template, "Undo", config, undo),
        import,
        activate,
    }
}
