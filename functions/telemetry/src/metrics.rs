//! Every metric, with what it means. Alarms, the dashboard and `docs/monitoring.md` go by these names.

/// A metric of the stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metric {
    /// Name in CloudWatch.
    pub name: &'static str,
    /// CloudWatch's word for the unit.
    pub unit: &'static str,
    /// What it counts, for a person.
    pub means: &'static str,
}

/// A metric that has a second dimension besides the stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MetricBy {
    /// The metric.
    pub metric: Metric,
    /// Name of the second dimension.
    pub dimension: &'static str,
}

const fn count(name: &'static str, means: &'static str) -> Metric {
    Metric { name, unit: "Count", means }
}

const fn seconds(name: &'static str, means: &'static str) -> Metric {
    Metric { name, unit: "Seconds", means }
}

const fn by(dimension: &'static str, metric: Metric) -> MetricBy {
    MetricBy { metric, dimension }
}

macro_rules! metrics {
    ($kind:ty, $all:ident, $about:literal: $($name:ident = $metric:expr;)+) => {
        $(
            #[doc = concat!("See [`", stringify!($all), "`].")]
            pub const $name: $kind = $metric;
        )+

        #[doc = $about]
        pub const $all: &[$kind] = &[$($name),+];
    };
}

metrics! { Metric, METRICS, "Every metric whose only dimension is the stack.":
    RUNS_FINISHED = count("RunsFinished", "runs that ended with every entry well");
    RUNS_WITH_FAILURES = count("RunsWithFailures", "runs that went through, and some entries did not end well");
    RUNS_STOPPED = count("RunsStopped", "runs that ended before they were through");
    RUNS_STUCK = count("RunsStuck", "runs that nobody works on any more, at each look");
    MANIFESTS_PASSED = count("ManifestsPassed", "files that could be read to their end and hold devices");
    MANIFESTS_FAILED = count("ManifestsFailed", "files that could not be used, or hold no usable entry");
    SIGNATURES_PASSED = count("SignaturesPassed", "entries that a trusted signer signed");
    SIGNATURES_FAILED = count("SignaturesFailed", "entries whose signature, signer or issuer did not hold");
    ENTRIES_READ = count("EntriesRead", "entries of files; an undo reads none");
    REGISTRATIONS_PASSED = count("RegistrationsPassed", "devices that phase 1, or the only phase, brought to a good end");
    REGISTRATIONS_FAILED = count("RegistrationsFailed", "devices that it did not bring to one");
    ACTIVATIONS_PASSED = count("ActivationsPassed", "devices that phase 2 brought to a good end");
    ACTIVATIONS_FAILED = count("ActivationsFailed", "devices that it did not bring to one");
    RUN_DURATION = seconds("RunDuration", "time from a run's start to its report");
    ESTIMATED_COST = Metric {
        name: "EstimatedCost",
        unit: "None",
        means: "US dollars that a run cost, estimated from its calls and the prices of us-east-1",
    };
}

metrics! { MetricBy, METRICS_BY, "Every metric that has a second dimension.":
    DEVICES = by("Outcome", count("Devices", "entries by how they ended"));
    CALLS = by("Call", count("Calls", "calls of AWS IoT"));
    THROTTLED_CALLS = by("Call", count("ThrottledCalls", "calls that AWS IoT throttled"));
    LIMITED_SECONDS = by("Call", seconds("LimitedSeconds", "time for which a quota held a run up"));
}
