//! What is done to each device of a unit.

use ledger::{
    Activation, Activations, OutcomeKind, Plan, Standing, StoreError, Work, seconds_of_epoch,
};
use registry::{CallError, Ending, Finding, Phase, Reason, Registry};

use crate::unit::Planned;

/// What is done to each device of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Job {
    /// Its certificate is registered, and its thing is made with all that belongs to it.
    Register,
    /// Its certificate is registered already: its thing is made with all that belongs to it, and then
    /// the certificate is activated.
    Activate,
    /// It is told what an import or an activation would make of it. Nothing is written to AWS IoT.
    Foresee,
    /// What another run added to it is taken back.
    Undo,
}

impl Job {
    /// The phase of a device's making that is carried out, or foreseen; none where it is taken back.
    pub(crate) fn phase(self, plan: &Plan) -> Option<Phase> {
        match self {
            Self::Activate => Some(Phase::Activate),
            Self::Foresee if plan.is_of_factory() => Some(Phase::Activate),
            Self::Register | Self::Foresee => Some(Phase::Register),
            Self::Undo => None,
        }
    }

    /// What stands where the device is to be. Writes nothing.
    pub(crate) async fn look(
        self,
        registry: &Registry,
        plan: &Plan,
        planned: &Planned,
    ) -> Result<Finding, CallError> {
        let (profile, Planned { work, standing, undo }) = (&plan.profile, planned);
        let Some(phase) = self.phase(plan) else {
            let undo = undo.clone().unwrap_or_default();
            return registry::look_to_take_back(registry, profile, work, undo, plan.dry).await;
        };
        match standing {
            Standing::Whole => {
                if let Some(found) = registry::look_at_listed(registry, profile, work).await? {
                    return Ok(found);
                }
            }
            // Somebody may have made it since; whoever is to write to it asks.
            Standing::Absent if self == Self::Foresee => return Ok(phase.of_absent(profile, work)),
            Standing::Absent | Standing::Unknown => {}
        }
        phase.look(registry, profile, work).await
    }

    /// The same, with what earlier runs remember: a device that was activated once and is inactive now
    /// was deactivated by somebody, and stays so unless the profile says otherwise.
    pub(crate) async fn recall(
        self,
        activations: &Activations,
        plan: &Plan,
        work: &Work,
        finding: Finding,
    ) -> Result<Finding, StoreError> {
        let activates = self.phase(plan) == Some(Phase::Activate) && finding.is_inactive();
        let asks = activates && !plan.profile.reactivate;
        if asks && activations.was_activated(&work.certificate_id).await? {
            return Ok(Finding::Conflict(Reason::CertificateDeactivated));
        }
        Ok(finding)
    }

    /// Notes for later runs that a device is active, and that it is not any more where its activation was
    /// taken back: another one is not to be taken for that of a device which somebody deactivated.
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
        if self == Self::Undo {
            let is_done = !plan.dry && ending.outcome == OutcomeKind::Removed;
            return match &plan.undoes {
                Some(run) if is_done && plan.is_of_factory() => {
                    activations.forget(&work.certificate_id, run).await
                }
                _ => Ok(()),
            };
        }
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
