//! What is to be done about a device, as far as looking at it tells.
//!
//! Acting and foreseeing decide by this, so that neither can come to another end than the other.

use ledger::{OnConflict, OutcomeKind, Profile, Work};

use crate::{
    CallError, Ending, Finding, Reason, Registry, Situation,
    claim::{Claim, of_other_things},
    client::Registered,
    device::Device,
    look::{status_notes, usable},
    take_back::ToTakeBack,
    word::may_be_own,
};

/// What is to be done about a device.
#[derive(Debug)]
pub(crate) enum Decision {
    /// It is made what its profile says.
    Make(Device),
    /// This run attached the device's certificate, lost a race and died before it could step back.
    StepBack {
        /// ARN of the device's own certificate.
        arn: String,
        /// What else is attached.
        claim: Claim,
    },
    /// What a run added to it is taken back.
    TakeBack(Box<ToTakeBack>),
    /// Nothing: it is as it should be.
    Leave(Ending),
    /// Nothing: something is in the way.
    Refuse(Reason),
}

/// Why a device is not finished.
pub(crate) enum Halt {
    Call(CallError),
    Reason(Reason),
}

impl From<CallError> for Halt {
    fn from(error: CallError) -> Self {
        Self::Call(error)
    }
}

impl From<Reason> for Halt {
    fn from(reason: Reason) -> Self {
        Self::Reason(reason)
    }
}

impl Halt {
    /// Why the device did not end well. An error means that it is to be taken up again.
    pub(crate) fn reason(self) -> Result<Reason, CallError> {
        match self {
            Self::Call(error) if error.kind.is_passing() => Err(error),
            Self::Call(error) => Ok(error.into()),
            Self::Reason(reason) => Ok(reason),
        }
    }
}

/// Decides what is to be done about a device that was looked at.
pub(crate) fn decide(situation: Situation<'_>, work: &Work, finding: Finding) -> Decision {
    match finding {
        Finding::Device(device) => Decision::Make(device),
        Finding::Listed { warnings } => {
            Decision::Leave(Ending { outcome: OutcomeKind::Unchanged, reason: None, warnings })
        }
        Finding::Claimed { arn, claim } if may_be_own(situation, work) => {
            Decision::StepBack { arn, claim }
        }
        Finding::Claimed { claim, .. } => Decision::Refuse(claim.reason(work)),
        Finding::Conflict(reason) => Decision::Refuse(reason),
        Finding::ToTakeBack(found) => Decision::TakeBack(found),
    }
}

/// What is worth knowing about a certificate of which its device's thing told nothing, and which is
/// registered all the same; a reason where it is not to be touched.
pub(crate) async fn look_closer(
    registry: &Registry,
    profile: &Profile,
    work: &Work,
    registered: &Registered,
) -> Result<Vec<ledger::Note>, Halt> {
    usable(registered)?;
    let mut notes = Vec::new();
    if !profile.defer_things {
        let things = registry.list_principal_things(&registered.arn).await?;
        if let Some(claim) = of_other_things(&things, work) {
            match profile.on_conflict {
                OnConflict::Fail => return Err(claim.reason(work).into()),
                OnConflict::Adopt => notes.push(claim.note()),
            }
        }
    }
    notes.extend(status_notes(profile, &registered.status));
    Ok(notes)
}
