//! What people are told of by the topic. Thresholds are one: none of this happens where all is well.
//!
//! There is none on the queue of failures. Programs read it, and one that nobody reads is a choice;
//! what its messages are about has an alarm of its own.

use serde_json::Value;

use super::channels::Channels;
use super::functions::Functions;
use super::machines::Machines;
use crate::config::Config;
use crate::constructs::alarm::{Alarm, AlarmProps, Rings, Watched};
use crate::metrics;
use crate::template::Template;

const CLOSING: &str = "A run died and its report could not be written. Upload its file again, which is safe, for a \
                       report on every device.";
const WATCH: &str = "The machine that looks for stuck runs failed, so nobody would be told of one. Its log says why.";

/// Adds all alarms, in the order in which people are shown them.
pub(super) fn alarms(
    template: &mut Template,
    config: &Config,
    channels: &Channels,
    functions: &Functions,
    machines: &Machines,
) -> Vec<Alarm> {
    let mut maker = Maker { template, config, topic: channels.notices.arn(), made: Vec::new() };
    maker.of_runs(machines);
    maker.of_events(channels);
    maker.of_machines(machines);
    maker.of_functions(functions);
    maker.made
}

struct Maker<'a> {
    template: &'a mut Template,
    config: &'a Config,
    topic: Value,
    made: Vec<Alarm>,
}

impl Maker<'_> {
    /// How runs end. The functions count it themselves.
    fn of_runs(&mut self, machines: &Machines) {
        let runs = machines.import.page();
        let own = |metric| Watched::own(self.config, metric);
        let alarms = [
            (
                "RunsWithFailures",
                "A run ended with devices that did not end well. Read its report: every problem has a code, and \
                 docs/codes.md says what helps.",
                own(metrics::RUNS_WITH_FAILURES),
                Rings::AtOnce,
            ),
            (
                "RunsStopped",
                "A run stopped before its end, so devices of its file are not imported. The execution names the \
                 cause; correct it, and upload the file again.",
                own(metrics::RUNS_STOPPED),
                Rings::AtOnce,
            ),
            (
                "RunsStuck",
                "A run has made no progress for a quarter of an hour. Open the execution that runs longest and see \
                 where it waits; stopping it and uploading the file again is safe.",
                own(metrics::RUNS_STUCK),
                Rings::WhenFound,
            ),
            (
                "SignaturesFailed",
                "A signature in a manifest does not hold: the file was damaged or changed on its way, or its signer is \
                 not trusted. Nothing of these entries was imported. The run's report names the reason; get the file \
                 from its vendor again.",
                own(metrics::SIGNATURES_FAILED),
                Rings::AtOnce,
            ),
        ];
        for (id, description, watched, rings) in alarms {
            self.add(id, description, runs.clone(), watched, rings);
        }
    }

    /// Events and notices that did not reach whom they were for.
    fn of_events(&mut self, channels: &Channels) {
        let queue = channels.undelivered.name();
        let watched = Watched::of_service(
            "AWS/SQS",
            "ApproximateNumberOfMessagesVisible",
            "QueueName",
            queue,
        );
        self.add(
            "UndeliveredEvents",
            "An event or a notice could not be delivered, so a file may have no run. Read the queue: each message \
             holds the event. Upload the file again, then delete the message.",
            channels.undelivered.page(),
            watched,
            Rings::WhileThere,
        );
    }

    /// The machines around the runs. A run that ends badly is counted by its report.
    fn of_machines(&mut self, machines: &Machines) {
        let failed = ("Failed", "ExecutionsFailed");
        let timed_out = ("TimedOut", "ExecutionsTimedOut");
        let machines_and_alarms = [
            (
                "FilesNotStarted",
                ("", "ExecutionsFailed"),
                &machines.ingest,
                "A file arrived and no run could be started for it. Upload it again; where that fails as well, the \
                 machine's log says why.",
            ),
            (
                "Ingest",
                timed_out,
                &machines.ingest,
                "Starting a run took too long, so a file may have none. Upload the files of the last minutes again, \
                 which starts only what is missing.",
            ),
            ("Closing", failed, &machines.closing, CLOSING),
            ("Closing", timed_out, &machines.closing, CLOSING),
            ("Watch", failed, &machines.watch, WATCH),
            ("Watch", timed_out, &machines.watch, WATCH),
        ];
        for (id, (what, metric), machine, description) in machines_and_alarms {
            let id = format!("{id}{what}");
            let watched =
                Watched::of_service("AWS/States", metric, "StateMachineArn", machine.arn());
            self.add(&id, description, machine.page(), watched, Rings::AtOnce);
        }
        self.add(
            "IngestThrottled",
            "Step Functions slows the machine that starts runs, so files wait for theirs. Raise the account's quota \
             of state transitions, or upload fewer files at a time.",
            machines.ingest.page(),
            Watched::of_service(
                "AWS/States",
                "ExecutionThrottled",
                "StateMachineArn",
                machines.ingest.arn(),
            ),
            Rings::WhenItLasts,
        );
    }

    /// A function fails only where it could not do its own work: what is wrong with a file or a device
    /// is an answer.
    fn of_functions(&mut self, functions: &Functions) {
        for (id, function) in functions.all() {
            let page = function.page();
            let watched =
                |metric| Watched::of_service("AWS/Lambda", metric, "FunctionName", function.name());
            self.add(
                &format!("{id}Errors"),
                "The function failed, and not because of a file or a device. The machine tries again by itself; where \
                 the alarm stays, read the function's log.",
                page.clone(),
                watched("Errors"),
                Rings::AtOnce,
            );
            // A throttled invocation is tried again; that it goes on says that the account is full.
            self.add(
                &format!("{id}Throttles"),
                "AWS Lambda has refused to start the function for a quarter of an hour, because the account or the \
                 function's reserve is full. Runs are slower. Raise the quota of concurrent executions, or \
                 reserved_concurrency in the configuration.",
                page,
                watched("Throttles"),
                Rings::WhenItLasts,
            );
        }
    }

    fn add(&mut self, id: &str, description: &str, page: String, watched: Watched, rings: Rings) {
        let description = description.to_owned();
        let props = AlarmProps { description, page, watched, rings, topic: self.topic.clone() };
        self.made.push(Alarm::new(self.template, id, self.config, props));
    }
}
