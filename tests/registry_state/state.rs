//! What an account holds and what a file asks for, in a small alphabet, so that they collide.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use base64::{Engine, prelude::BASE64_STANDARD};

pub(crate) const NAMES: [&str; 4] = ["north", "east", "south", "west"];
pub(crate) const TYPES: [&str; 2] = ["sensor", "gateway"];
/// A type that no account has.
pub(crate) const GHOST: &str = "ghost";
pub(crate) const GROUPS: [&str; 3] = ["red", "green", "blue"];
pub(crate) const POLICIES: [&str; 3] = ["connect", "publish", "subscribe"];
pub(crate) const ATTRIBUTES: [&str; 5] = ["mac", "part", "lot", "color", "site"];

/// How many certificates there are.
pub(crate) const CERTIFICATES: usize = 4;

/// A certificate, by its place in [`CERTIFICATES`].
pub(crate) type Number = usize;

/// A certificate in the forms in which it is needed.
pub(crate) struct Certificate {
    pub(crate) id: String,
    pub(crate) pem: String,
    /// As the work of a run has it.
    pub(crate) base64: String,
}

/// The certificates, made once.
pub(crate) fn certificate(number: Number) -> &'static Certificate {
    static MADE: LazyLock<Vec<Certificate>> = LazyLock::new(|| {
        let make = |number| {
            let key = rcgen::KeyPair::generate().unwrap();
            let name = format!("certificate-{number}");
            let made = rcgen::CertificateParams::new([name]).unwrap().self_signed(&key).unwrap();
            Certificate {
                id: manifest::CertificateId::of(made.der()).to_string(),
                pem: made.pem(),
                base64: BASE64_STANDARD.encode(made.der()),
            }
        };
        (0..CERTIFICATES).map(make).collect()
    });
    &MADE[number]
}

/// What an account holds, beside the policies, groups and types that all of them have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct State {
    pub(crate) things: BTreeMap<&'static str, Thing>,
    pub(crate) certificates: BTreeMap<Number, Registered>,
}

impl State {
    /// How a device can be used that is not `after`'s yet and was not so `before`.
    ///
    /// Policies are what makes a certificate usable, and in phase 2 its status, which comes last.
    pub(crate) fn half_done_and_usable(
        &self,
        before: &Self,
        after: &Self,
        device: &Device,
    ) -> Option<String> {
        let of = |state: &Self| {
            let certificate = state.certificates.get(&device.certificate).cloned();
            (state.things.get(device.name).cloned(), certificate)
        };
        let (thing, Some(certificate)) = of(self) else { return None };
        let (whole_thing, whole_certificate) = of(after);
        let (_, found) = of(before);
        let had = found.as_ref().map(|found| found.policies.clone()).unwrap_or_default();
        let was_inactive = found.is_some_and(|found| found.status == Status::Inactive);
        let activated = was_inactive && certificate.status == Status::Active;
        if certificate.policies != had && thing != whole_thing {
            return Some(format!("{certificate:?} has policies, and its thing is {thing:?}"));
        }
        if activated && (thing, Some(certificate.clone())) != (whole_thing, whole_certificate) {
            return Some(format!("{certificate:?} is active and not whole"));
        }
        None
    }
}

#[expect(clippy::struct_field_names, reason = "`type` alone is a keyword")]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Thing {
    pub(crate) thing_type: Option<String>,
    pub(crate) attributes: BTreeMap<String, String>,
    pub(crate) groups: BTreeSet<String>,
    pub(crate) certificates: BTreeSet<Number>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Registered {
    pub(crate) status: Status,
    pub(crate) policies: BTreeSet<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Active,
    Inactive,
    Revoked,
    PendingTransfer,
}

/// Which of the two phases a file is imported by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Register,
    Activate,
}

/// A device that a file names.
#[derive(Clone, Debug)]
pub(crate) struct Device {
    pub(crate) name: &'static str,
    pub(crate) certificate: Number,
    pub(crate) thing_type: Option<String>,
    pub(crate) attributes: BTreeMap<String, String>,
}

/// How a device ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct End {
    pub(crate) outcome: ledger::OutcomeKind,
    /// Code of the reason; empty where all is well.
    pub(crate) code: String,
    /// Codes of the warnings.
    pub(crate) warnings: BTreeSet<String>,
}
