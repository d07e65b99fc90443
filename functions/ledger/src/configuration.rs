//! The part of the configuration that functions need, as synth writes it into the import machine.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The configuration in force for a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Configuration {
    /// Name of the stack.
    pub stack: String,
    /// Product lines by name; `default` is always there.
    pub profiles: BTreeMap<String, Profile>,
    /// Which manifest signers are trusted.
    pub signers: SignerPolicy,
    /// AWS IoT calls a second that all active runs share.
    pub rate: Rates,
    /// How many units are worked on at once; the machine's `MaxConcurrency`.
    pub concurrency: u32,
}

/// What devices of one product line get.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// AWS IoT policies attached to each certificate.
    pub policies: Vec<String>,
    /// Thing groups that each thing joins.
    pub thing_groups: Vec<String>,
    /// Thing type given at creation.
    pub thing_type: Option<String>,
    /// Status that a new certificate is registered with.
    pub certificate_status: CertificateStatus,
    /// Whether only the certificate is registered now, and its thing comes later.
    pub defer_things: bool,
    /// Naming template; the vendor's default where there is none.
    pub thing_name: Option<String>,
    /// The set that is imported of an Infineon bundle, such as `E0E0`.
    ///
    /// It is always written, because a value assumed here could import another set than the
    /// configuration names.
    pub bundle: String,
}

/// Status of a newly registered certificate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CertificateStatus {
    /// The device can connect once its policies are attached.
    #[default]
    Active,
    /// The device cannot connect until it is activated.
    Inactive,
}

/// Which manifest signers are trusted, beyond those that the vendor has published.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignerPolicy {
    /// SHA-256 fingerprints, lower-case hex.
    pub pins: Vec<String>,
    /// Whether every signer whose certificate was uploaded is trusted.
    pub trust_uploaded: bool,
}

/// AWS IoT calls a second, by operation.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rates {
    /// `DescribeThing`
    pub describe_thing: f64,
    /// `RegisterCertificateWithoutCA`
    pub register_certificate: f64,
    /// `CreateThing`
    pub create_thing: f64,
    /// `AttachThingPrincipal`, and `DetachThingPrincipal`
    pub attach_thing_principal: f64,
    /// `AddThingToThingGroup`
    pub add_thing_to_thing_group: f64,
    /// `AttachPolicy`
    pub attach_policy: f64,
    /// `ListThingPrincipals`
    pub list_thing_principals: f64,
    /// `DescribeCertificate`
    pub describe_certificate: f64,
    /// `ListAttachedPolicies`
    pub list_attached_policies: f64,
    /// `ListThingGroupsForThing`
    pub list_thing_groups: f64,
    /// `ListPrincipalThings`
    pub list_principal_things: f64,
}
