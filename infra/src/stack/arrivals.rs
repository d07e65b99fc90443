//! The buckets that files arrive in, as the stack knows them.

use crate::grants::Certificates;

/// A bucket that files arrive in, and its part of the stack. The ids are contract, since a changed id
/// replaces the resource.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrival {
    /// What stands behind the stack in the bucket's name.
    pub(super) name: &'static str,
    /// Id of the bucket; with `Name` behind it, the output of its name.
    pub(super) bucket: &'static str,
    /// Id of the rule of arrivals, to which the construct adds `Rule`.
    pub(super) rule: &'static str,
    /// Id of the bucket's decoder, to which the construct adds `Function`.
    pub(super) decoder: &'static str,
    /// The certificates by which its files are checked, which come through the same bucket.
    pub(super) certificates: Option<Certificates>,
    /// What belongs into the bucket, for a person.
    pub(super) takes: &'static str,
}

/// Every bucket, in the order in which people are told of them: the vendors', then the factory's.
pub(super) const ARRIVALS: [Arrival; 5] = [
    Arrival {
        name: "microchip",
        bucket: "MicrochipBucket",
        rule: "Microchip",
        decoder: "DecodeMicrochip",
        certificates: Some(Certificates::OfSigners),
        takes: "Microchip's manifests",
    },
    Arrival {
        name: "infineon",
        bucket: "InfineonBucket",
        rule: "Infineon",
        decoder: "DecodeInfineon",
        certificates: Some(Certificates::OfIssuers),
        takes: "Infineon's bundles",
    },
    Arrival {
        name: "espressif",
        bucket: "EspressifBucket",
        rule: "Espressif",
        decoder: "DecodeEspressif",
        certificates: None,
        takes: "Espressif's CSV files",
    },
    Arrival {
        name: "generated",
        bucket: "GeneratedBucket",
        rule: "Generated",
        decoder: "DecodeGenerated",
        certificates: None,
        takes: "lists of certificates",
    },
    Arrival {
        name: "mes",
        bucket: "MesBucket",
        rule: "Mes",
        decoder: "DecodeMes",
        certificates: None,
        takes: "the factory's device-infos",
    },
];

/// The buckets that files arrive in, each called `<stack>-<name>`.
pub const BUCKETS: [&str; ARRIVALS.len()] = {
    let [microchip, infineon, espressif, generated, mes] = ARRIVALS;
    [microchip.name, infineon.name, espressif.name, generated.name, mes.name]
};

/// The output that holds the name of the runs' bucket.
pub const RUNS_OUTPUT: &str = "RunsBucketName";

/// The output that holds the name of a bucket of [`BUCKETS`].
#[must_use]
pub fn bucket_output(name: &str) -> Option<String> {
    let arrival = ARRIVALS.iter().find(|arrival| arrival.name == name)?;
    Some(format!("{}Name", arrival.bucket))
}

/// The vendors whose manifests are taken; each has a bucket.
pub const VENDORS: [&str; BUCKETS.len() - 1] = {
    let [microchip, infineon, espressif, generated, _] = BUCKETS;
    [microchip, infineon, espressif, generated]
};
