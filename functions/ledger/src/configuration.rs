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
    /// Thing attributes by name: text, with the entry's fields in braces, such as `{mac}`.
    pub attributes: BTreeMap<String, String>,
    /// What becomes of a device where something else stands already.
    pub on_conflict: OnConflict,
    /// Whether the factory may activate a device again that somebody deactivated.
    pub reactivate: bool,
    /// The set that is imported of an Infineon bundle, such as `E0E0`.
    ///
    /// It is always written, because a value assumed here could import another set than the
    /// configuration names.
    pub bundle: String,
}

/// What becomes of a device where something else stands already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnConflict {
    /// The device is a conflict, and nothing is touched.
    #[default]
    Fail,
    /// The device is added to what stands there. Nothing is removed.
    Adopt,
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
    /// `UpdateThing`
    pub update_thing: f64,
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
    /// `UpdateCertificate`
    pub update_certificate: f64,
    /// `ListAttachedPolicies`
    pub list_attached_policies: f64,
    /// `ListThingGroupsForThing`
    pub list_thing_groups: f64,
    /// `ListPrincipalThings`
    pub list_principal_things: f64,
    /// `DetachPolicy`
    #[serde(default = "quota::detach_policy")]
    pub detach_policy: f64,
    /// `RemoveThingFromThingGroup`
    #[serde(default = "quota::remove_thing_from_thing_group")]
    pub remove_thing_from_thing_group: f64,
    /// `DeleteThing`
    #[serde(default = "quota::delete_thing")]
    pub delete_thing: f64,
    /// `DeleteCertificate`
    #[serde(default = "quota::delete_certificate")]
    pub delete_certificate: f64,
}

/// AWS's default quotas of the operations that the plans of earlier versions do not have.
mod quota {
    pub(super) const fn detach_policy() -> f64 {
        15.0
    }

    pub(super) const fn remove_thing_from_thing_group() -> f64 {
        100.0
    }

    pub(super) const fn delete_thing() -> f64 {
        100.0
    }

    pub(super) const fn delete_certificate() -> f64 {
        10.0
    }
}

/// The rate of one operation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// AWS's name of the operation.
    pub call: &'static str,
    /// Its key in the configuration's `[rate]`.
    pub key: &'static str,
    /// Calls a second.
    pub calls_a_second: f64,
}

impl Rates {
    /// Each operation's rate.
    pub fn by_call(&self) -> Vec<Rate> {
        let rates = [
            ("DescribeThing", "describe_thing", self.describe_thing),
            ("RegisterCertificateWithoutCA", "register_certificate", self.register_certificate),
            ("CreateThing", "create_thing", self.create_thing),
            ("UpdateThing", "update_thing", self.update_thing),
            ("AttachThingPrincipal", "attach_thing_principal", self.attach_thing_principal),
            ("AddThingToThingGroup", "add_thing_to_thing_group", self.add_thing_to_thing_group),
            ("AttachPolicy", "attach_policy", self.attach_policy),
            ("ListThingPrincipals", "list_thing_principals", self.list_thing_principals),
            ("DescribeCertificate", "describe_certificate", self.describe_certificate),
            ("UpdateCertificate", "update_certificate", self.update_certificate),
            ("ListAttachedPolicies", "list_attached_policies", self.list_attached_policies),
            ("ListThingGroupsForThing", "list_thing_groups", self.list_thing_groups),
            ("ListPrincipalThings", "list_principal_things", self.list_principal_things),
            ("DetachPolicy", "detach_policy", self.detach_policy),
            (
                "RemoveThingFromThingGroup",
                "remove_thing_from_thing_group",
                self.remove_thing_from_thing_group,
            ),
            ("DeleteThing", "delete_thing", self.delete_thing),
            ("DeleteCertificate", "delete_certificate", self.delete_certificate),
        ];
        rates.map(|(call, key, calls_a_second)| Rate { call, key, calls_a_second }).to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rate_belongs_to_an_operation() {
        let keys = [
            "describe_thing",
            "register_certificate",
            "create_thing",
            "update_thing",
            "attach_thing_principal",
            "add_thing_to_thing_group",
            "attach_policy",
            "list_thing_principals",
            "describe_certificate",
            "update_certificate",
            "list_attached_policies",
            "list_thing_groups",
            "list_principal_things",
            "detach_policy",
            "remove_thing_from_thing_group",
            "delete_thing",
            "delete_certificate",
        ];
        let rates: BTreeMap<_, _> =
            (1_u8..).map(f64::from).zip(keys).map(|(rate, key)| (key, rate)).collect();
        let read: Rates = serde_json::from_value(serde_json::to_value(&rates).unwrap()).unwrap();
        let by_call: BTreeMap<_, _> =
            read.by_call().into_iter().map(|rate| (rate.key, rate.calls_a_second)).collect();
        assert_eq!(by_call, rates);
        let written = serde_json::to_value(read).unwrap();
        assert_eq!(written.as_object().unwrap().len(), by_call.len());
    }
}
