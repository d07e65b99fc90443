//! The two phases in which devices are made.

use ledger::{Profile, Work};

use crate::{CallError, Finding, Reason, Registry, device::Device, look, look_to_activate};

/// What is done to a run's devices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Their certificates are registered.
    Register,
    /// Their certificates are registered already, and activated.
    Activate,
}

impl Phase {
    /// Looks at one device. Writes nothing.
    pub async fn look(
        self,
        registry: &Registry,
        profile: &Profile,
        work: &Work,
    ) -> Result<Finding, CallError> {
        match self {
            Self::Register => look(registry, profile, work).await,
            Self::Activate => look_to_activate(registry, profile, work).await,
        }
    }

    /// What looking at a device comes to of which neither thing nor certificate is there.
    pub fn of_absent(self, profile: &Profile, work: &Work) -> Finding {
        match self {
            Self::Register if profile.defer_things => Finding::Device(Device::deferred(profile)),
            Self::Register => Finding::Device(Device::without_thing(profile, work)),
            Self::Activate => Finding::Conflict(Reason::CertificateNotRegistered),
        }
    }
}
