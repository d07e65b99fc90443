//! The metrics that the functions emit: the one table that alarms, the dashboard and a test of the
//! functions read.

/// The namespace of all of them.
pub const NAMESPACE: &str = "Thingpress";
/// The dimension that all of them have.
pub const STACK: &str = "Stack";

/// What a metric counts in, by CloudWatch's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A number of things.
    Count,
    /// A time.
    Seconds,
    /// Something that CloudWatch has no word for: US dollars.
    None,
}

impl Unit {
    /// CloudWatch's word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Count => "Count",
            Self::Seconds => "Seconds",
            Self::None => "None",
        }
    }
}

/// A dimension besides the stack, and all that it can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dimension {
    /// Its name.
    pub name: &'static str,
    /// Its values.
    pub values: &'static [&'static str],
}

/// A metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// What it counts in.
    pub unit: Unit,
    /// The dimension that it has besides the stack.
    pub dimension: Option<Dimension>,
}

/// What can become of an entry, in the order of the books.
const OUTCOME: Dimension = Dimension {
    name: "Outcome",
    values: &[
        "created",
        "unchanged",
        "updated",
        "conflict",
        "rejected",
        "failed",
        "waiting",
        "not_attempted",
        "removed",
        "kept",
    ],
};

/// The operations of AWS IoT that have a rate.
const CALL: Dimension = Dimension {
    name: "Call",
    values: &[
        "RegisterCertificateWithoutCA",
        "AttachPolicy",
        "DescribeThing",
        "CreateThing",
        "UpdateThing",
        "AttachThingPrincipal",
        "AddThingToThingGroup",
        "ListThingPrincipals",
        "DescribeCertificate",
        "UpdateCertificate",
        "ListAttachedPolicies",
        "ListThingGroupsForThing",
        "ListPrincipalThings",
        "DetachPolicy",
        "RemoveThingFromThingGroup",
        "DeleteThing",
        "DeleteCertificate",
    ],
};

macro_rules! metrics {
    ($($(#[$doc:meta])* $constant:ident = $name:literal, $unit:ident, $dimension:expr;)+) => {
        $($(#[$doc])* pub const $constant: Metric =
            Metric { name: $name, unit: Unit::$unit, dimension: $dimension };)+

        /// All of them.
        pub const METRICS: &[Metric] = &[$($constant,)+];
    };
}

metrics! {
    /// Runs after which every device was as it should be.
    RUNS_FINISHED = "RunsFinished", Count, None;
    /// Runs that ended with devices that did not end well.
    RUNS_WITH_FAILURES = "RunsWithFailures", Count, None;
    /// Runs that were stopped, or stopped themselves.
    RUNS_STOPPED = "RunsStopped", Count, None;
    /// Runs that make no progress.
    RUNS_STUCK = "RunsStuck", Count, None;
    /// Files that were read to their end.
    MANIFESTS_PASSED = "ManifestsPassed", Count, None;
    /// Files that cannot be used.
    MANIFESTS_FAILED = "ManifestsFailed", Count, None;
    /// Entries whose signature was verified.
    SIGNATURES_PASSED = "SignaturesPassed", Count, None;
    /// Entries whose signature does not hold.
    SIGNATURES_FAILED = "SignaturesFailed", Count, None;
    /// Entries of all files.
    ENTRIES_READ = "EntriesRead", Count, None;
    /// What became of them.
    DEVICES = "Devices", Count, Some(OUTCOME);
    /// Devices that an import finished.
    REGISTRATIONS_PASSED = "RegistrationsPassed", Count, None;
    /// Devices that an import could not finish.
    REGISTRATIONS_FAILED = "RegistrationsFailed", Count, None;
    /// Devices that were activated.
    ACTIVATIONS_PASSED = "ActivationsPassed", Count, None;
    /// Devices that could not be activated.
    ACTIVATIONS_FAILED = "ActivationsFailed", Count, None;
    /// Calls of AWS IoT.
    CALLS = "Calls", Count, Some(CALL);
    /// Calls that AWS IoT throttled.
    THROTTLED_CALLS = "ThrottledCalls", Count, Some(CALL);
    /// Time for which an operation held a run up.
    LIMITED_SECONDS = "LimitedSeconds", Seconds, Some(CALL);
    /// Time from a run's start to its report.
    RUN_DURATION = "RunDuration", Seconds, None;
    /// What a run costs at AWS's list prices, in US dollars.
    ESTIMATED_COST = "EstimatedCost", None, None;
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_name_stands_once() {
        let names: BTreeSet<&str> = METRICS.iter().map(|metric| metric.name).collect();
        assert_eq!(names.len(), METRICS.len());
        for dimension in METRICS.iter().filter_map(|metric| metric.dimension) {
            let values: BTreeSet<&&str> = dimension.values.iter().collect();
            assert_eq!(values.len(), dimension.values.len(), "{}", dimension.name);
        }
    }
}
