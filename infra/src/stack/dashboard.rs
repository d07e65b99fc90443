//! How the deployment is, at a glance.

use super::arrivals::ARRIVALS;
use super::channels::Channels;
use super::functions::Functions;
use super::machines::Machines;
use crate::config::Config;
use crate::constructs::alarm::Alarm;
use crate::constructs::dashboard::{self, CONSOLE, Level, Line, Row, Widget};
use crate::metrics as metric;
use crate::template::Template;

/// Id of the dashboard.
const ID: &str = "Dashboard";

pub(super) fn dashboard(
    template: &mut Template,
    config: &Config,
    channels: &Channels,
    functions: &Functions,
    machines: &Machines,
    alarms: &[Alarm],
) {
    let rows = [
        Row { height: 3, widgets: vec![(24, links(config, channels, machines))] },
        Row {
            height: 6,
            widgets: vec![
                (12, runs(config, machines)),
                (12, Widget::Alarms("Alarms", alarms.iter().map(dashboard::alarm).collect())),
            ],
        },
        Row { height: 6, widgets: vec![(12, devices(config)), (12, speed(config))] },
        Row { height: 6, widgets: vec![(12, files(config)), (12, checks(config))] },
        Row { height: 6, widgets: calls(config) },
        Row { height: 6, widgets: functions_at_work(functions) },
        Row { height: 6, widgets: upkeep(config, channels, machines) },
    ];
    dashboard::add(template, ID, config, &rows);
    template.output(
        "DashboardName",
        "Dashboard of the deployment",
        crate::intrinsics::reference(ID),
    );
}

fn links(config: &Config, channels: &Channels, machines: &Machines) -> Widget {
    let Machines { ingest, import, activate, undo, closing, watch } = machines;
    let pages = [
        ("imports", import.page()),
        ("activations", activate.page()),
        ("undone runs", undo.page()),
        ("starts of runs", ingest.page()),
        ("reports of runs that died", closing.page()),
        ("watch over stuck runs", watch.page()),
        ("undelivered events", channels.undelivered.page()),
        ("devices that did not end well", channels.failures.page()),
    ];
    let links = pages.map(|(name, page)| format!("[{name}]({CONSOLE}{page})")).join(" · ");
    let files = format!("[reports]({CONSOLE}/s3/buckets/${{RunsBucket}}?prefix=runs/)");
    Widget::Text(format!("# {}\n{links} · {files}", config.stack))
}

fn runs(config: &Config, machines: &Machines) -> Widget {
    let line = |metric, label| Line::own(config, metric, "Sum", label);
    Widget::Numbers(
        "Runs",
        vec![
            line(metric::RUNS_FINISHED, "finished"),
            line(metric::RUNS_WITH_FAILURES, "with failures"),
            line(metric::RUNS_STOPPED, "stopped"),
            Line::own(config, metric::RUNS_STUCK, "Maximum", "stuck"),
            of_ingest(machines, "ExecutionsFailed", "files not started"),
            line(metric::ESTIMATED_COST, "cost, US dollars"),
        ],
    )
}

/// What the machine counts that starts a run for each file.
fn of_ingest(machines: &Machines, metric: &'static str, label: &str) -> Line {
    let dimension = ("StateMachineArn", machines.ingest.placeholder());
    Line::of_service(("AWS/States", metric), dimension, "Sum", label)
}

fn devices(config: &Config) -> Widget {
    Widget::Stacked("Devices by outcome", Line::each(config, metric::DEVICES))
}

/// What the rates allow stands beside what is done.
fn speed(config: &Config) -> Widget {
    let line = |metric, label| Line::own(config, metric, "Sum", label).a_second();
    Widget::Lines(
        "Devices a second",
        vec![
            line(metric::REGISTRATIONS_PASSED, "registrations"),
            line(metric::ACTIVATIONS_PASSED, "activations"),
        ],
        vec![
            Level {
                label: "register_certificate in [rate]".to_owned(),
                value: config.rate.register_certificate,
            },
            Level {
                label: "update_certificate in [rate]".to_owned(),
                value: config.rate.update_certificate,
            },
        ],
    )
}

fn files(config: &Config) -> Widget {
    let arrived = ARRIVALS.map(|arrival| {
        Line::of_service(
            ("AWS/Events", "MatchedEvents"),
            ("RuleName", format!("{}-{}", config.stack, arrival.name)),
            "Sum",
            &format!("arrived: {}", arrival.name),
        )
    });
    let used = [
        Line::own(config, metric::MANIFESTS_PASSED, "Sum", "read to the end"),
        Line::own(config, metric::MANIFESTS_FAILED, "Sum", "cannot be used"),
    ];
    Widget::Lines("Files", arrived.into_iter().chain(used).collect(), Vec::new())
}

fn checks(config: &Config) -> Widget {
    let line = |metric, label| Line::own(config, metric, "Sum", label);
    Widget::Lines(
        "Entries",
        vec![
            line(metric::ENTRIES_READ, "read"),
            line(metric::SIGNATURES_PASSED, "signature holds"),
            line(metric::SIGNATURES_FAILED, "signature does not hold"),
            line(metric::REGISTRATIONS_FAILED, "registration failed"),
            line(metric::ACTIVATIONS_FAILED, "activation failed"),
        ],
        Vec::new(),
    )
}

fn calls(config: &Config) -> Vec<(u32, Widget)> {
    vec![
        (8, Widget::Stacked("Calls of AWS IoT", Line::each(config, metric::CALLS))),
        (8, Widget::Stacked("Throttled calls", Line::each(config, metric::THROTTLED_CALLS))),
        (
            8,
            Widget::Stacked(
                "Seconds for which a call held runs up",
                Line::each(config, metric::LIMITED_SECONDS),
            ),
        ),
    ]
}

fn functions_at_work(functions: &Functions) -> Vec<(u32, Widget)> {
    let lines = |metric: &'static str, statistic: &'static str| {
        functions
            .all()
            .map(|(name, function)| {
                let dimension = ("FunctionName", function.placeholder());
                Line::of_service(("AWS/Lambda", metric), dimension, statistic, &name.to_lowercase())
            })
            .collect()
    };
    vec![
        (6, Widget::Lines("Invocations", lines("Invocations", "Sum"), Vec::new())),
        (6, Widget::Lines("Function errors", lines("Errors", "Sum"), Vec::new())),
        (6, Widget::Lines("Functions refused a start", lines("Throttles", "Sum"), Vec::new())),
        (
            6,
            Widget::Lines(
                "Longest invocation, milliseconds",
                lines("Duration", "Maximum"),
                Vec::new(),
            ),
        ),
    ]
}

fn upkeep(config: &Config, channels: &Channels, machines: &Machines) -> Vec<(u32, Widget)> {
    let durations = vec![
        Line::own(config, metric::RUN_DURATION, "Maximum", "longest"),
        Line::own(config, metric::RUN_DURATION, "Average", "on average"),
    ];
    let cost = vec![Line::own(config, metric::ESTIMATED_COST, "Sum", "US dollars")];
    let waiting = |queue: String, label| {
        let metric = ("AWS/SQS", "ApproximateNumberOfMessagesVisible");
        Line::of_service(metric, ("QueueName", queue), "Maximum", label)
    };
    let queues = vec![
        waiting(channels.failures.name_placeholder(), "devices that did not end well"),
        waiting(channels.undelivered.name_placeholder(), "undelivered events"),
    ];
    let starts = vec![
        of_ingest(machines, "ExecutionsSucceeded", "started a run"),
        of_ingest(machines, "ExecutionsFailed", "failed"),
        of_ingest(machines, "ExecutionThrottled", "slowed down"),
    ];
    vec![
        (6, Widget::Lines("Duration of runs, seconds", durations, Vec::new())),
        (6, Widget::Lines("Estimated cost of runs", cost, Vec::new())),
        (6, Widget::Lines("Messages in queues", queues, Vec::new())),
        (6, Widget::Lines("Starts of runs", starts, Vec::new())),
    ]
}
