//! What is done to each device of a unit.

use ledger::{Activation, Activations, Plan, Profile, StoreError, Work, seconds_of_epoch};
use registry::{CallError, Ending, Finding, Reason, Registry};

/// What is done to each device of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Job {
    /// Its certificate is registered, and its thing is made with all that belongs to it.
    Register,
    /// Its certificate is registered already: its thing is made with all that belongs to it, and then
    /// the certificate is activated.
    Activate,
}

impl Job {
    /// What stands where the device is to be. `listed` says that a listing of the account showed the
    /// device whole. Writes nothing.
    pub(crate) async fn look(
        self,
        registry: &Registry,
        profile: &Profile,
        work: &Work,
        listed: bool,
    ) -> Result<Finding, CallError> {
        if listed && let Some(finding) = registry::look_at_listed(registry, profile, work).await? {
            return Ok(finding);
        }
        match self {
            Self::Register => registry::look(registry, profile, work).await,
            Self::Activate => registry::look_to_activate(registry, profile, work).await,
        }
    }

    /// The same, with what earlier runs remember: a device that was activated once and is inactive now
    /// was deactivated by somebody, and stays so unless the profile says otherwise.
    pub(crate) async fn recall(
        self,
        activations: &Activations,
        profile: &Profile,
        work: &Work,
        finding: Finding,
    ) -> Result<Finding, StoreError> {
        let asks = self == Self::Activate && finding.is_inactive() && !profile.reactivate;
        if asks && activations.was_activated(&work.certificate_id).await? {
            return Ok(Finding::Conflict(Reason::CertificateDeactivated));
        }
        Ok(finding)
    }

    /// Notes for later runs that a device is active.
    ///
    /// The note comes after the activation: before it, a run that was cut off in between would look
    /// like somebody's deactivation. And it is put for every device that ended well, also where it
    /// was found active: a run that was cut off between the activation and the note is made good by
    /// whoever comes to the device next, the same unit's next try or a later run of the file.
    pub(crate) async fn remember(
        self,
        activations: &Activations,
        plan: &Plan,
        work: &Work,
        ending: &Ending,
    ) -> Result<(), StoreError> {
        if self != Self::Activate || !ending.outcome.is_fine() {
            return Ok(());
        }
        let activation = Activation {
            run: plan.run.clone(),
            thing: work.thing.clone(),
            time: seconds_of_epoch(),
        };
        activations.note(&work.certificate_id, &activation).await
    }
}
