//! The buckets that files arrive in, as the stack knows them.

/// A bucket that files arrive in, and its part of the stack. The ids are contract, since a changed id
/// replaces the resource.
#[derive(Clone, Copy)]
pub(super) struct Arrival {
    /// What stands behind the stack in the bucket's name.
    pub(super) name: &'static str,
    /// Id of the bucket; with `Name` behind it, the output of its name.
    pub(super) bucket: &'static str,
    /// Id of the rule of arrivals, to which the construct adds `Rule`.
    pub(super) rule: &'static str,
    /// What belongs into the bucket, for a person.
    pub(super) takes: &'static str,
}

/// Every bucket, in the order in which people are told of them: the vendors', then the factory's.
pub(super) const ARRIVALS: [Arrival; 5] = [
    Arrival {
        name: "microchip",
        bucket: "MicrochipBucket",
        rule: "Microchip",
        takes: "Microchip's manifests",
    },
    Arrival {
        name: "infineon",
        bucket: "InfineonBucket",
        rule: "Infineon",
        takes: "Infineon's bundles",
    },
    Arrival {
        name: "espressif",
        bucket: "EspressifBucket",
        rule: "Espressif",
        takes: "Espressif's CSV files",
    },
    Arrival {
        name: "generated",
        bucket: "GeneratedBucket",
        rule: "Generated",
        takes: "lists of certificates",
    },
    Arrival { name: "mes", bucket: "MesBucket", rule: "Mes", takes: "the factory's device-infos" },
];

/// The buckets that files arrive in, each called `<stack>-<name>`.
pub const BUCKETS: [&str; ARRIVALS.len()] = {
    let [microchip, infineon, espressif, generated, mes] = ARRIVALS;
    [microchip.name, infineon.name, espressif.name, generated.name, mes.name]
};

/// The vendors whose manifests are taken; each has a bucket.
pub const VENDORS: [&str; BUCKETS.len() - 1] = {
    let [microchip, infineon, espressif, generated, _] = BUCKETS;
    [microchip, infineon, espressif, generated]
};
