//! The vendors whose files are taken, as the stack knows them.

/// A vendor's part of the stack. Its ids are contract, since a changed id replaces the resource.
#[derive(Clone, Copy)]
pub(super) struct Vendor {
    /// What stands behind the stack in the bucket's name.
    pub(super) name: &'static str,
    /// Id of the bucket; with `Name` behind it, the output of its name.
    pub(super) bucket: &'static str,
    /// Id of the rule of arrivals, to which the construct adds `Rule`.
    pub(super) rule: &'static str,
    /// What belongs into the bucket, for a person.
    pub(super) takes: &'static str,
}

/// Every vendor, in the order in which people are told of them.
pub(super) const TAKEN: [Vendor; 4] = [
    Vendor {
        name: "microchip",
        bucket: "MicrochipBucket",
        rule: "Microchip",
        takes: "Microchip's manifests",
    },
    Vendor {
        name: "infineon",
        bucket: "InfineonBucket",
        rule: "Infineon",
        takes: "Infineon's bundles",
    },
    Vendor {
        name: "espressif",
        bucket: "EspressifBucket",
        rule: "Espressif",
        takes: "Espressif's CSV files",
    },
    Vendor {
        name: "generated",
        bucket: "GeneratedBucket",
        rule: "Generated",
        takes: "lists of certificates",
    },
];

/// The vendors whose manifests are taken; each has a bucket `<stack>-<vendor>`.
pub const VENDORS: [&str; TAKEN.len()] = {
    let [microchip, infineon, espressif, generated] = TAKEN;
    [microchip.name, infineon.name, espressif.name, generated.name]
};
