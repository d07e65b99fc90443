//! Why a device did not end well.

use ledger::OutcomeKind;

use crate::{Call, CallError, CallErrorKind};

/// Why a device did not end well. The text says what is there, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// A thing of this name has another principal.
    #[error(
        "the thing `{thing}` has another certificate already; nothing was changed. If the device got a new certificate, detach the old one from the thing and import again"
    )]
    ThingHasAnotherCertificate {
        /// Name of the thing.
        thing: String,
    },
    /// A thing of this name has another type, or none.
    #[error(
        "the thing `{thing}` exists with {found}, and the profile asks for the type `{wanted}`; nothing was changed"
    )]
    ThingOtherType {
        /// Name of the thing.
        thing: String,
        /// What it has.
        found: String,
        /// What the profile says.
        wanted: String,
    },
    /// Somebody made a thing of this name, of another type, while the device was being made.
    #[error(
        "somebody made a thing `{thing}` of another type while this device was being made. Find out which is right, then import again"
    )]
    ThingChangedMeanwhile {
        /// Name of the thing.
        thing: String,
    },
    /// Another run gave the thing another certificate at the same time; this one stepped back.
    #[error(
        "another file gave the thing `{thing}` another certificate at the same moment, so this one was detached from it again. Two files name the same device: find out which is right, then import it again"
    )]
    ThingRaced {
        /// Name of the thing.
        thing: String,
    },
    /// There is no type of this name.
    #[error(
        "there is no thing type `{name}`. Make it in AWS IoT, or correct the device's type, then import again"
    )]
    NoSuchType {
        /// Name of the type.
        name: String,
    },
    /// The certificate that is to be activated is not registered yet.
    #[error(
        "no certificate of this fingerprint is registered, and nothing was written. Import the vendor's manifest first, then upload this file again"
    )]
    CertificateNotRegistered,
    /// An earlier run activated the certificate, and somebody deactivated it since.
    #[error(
        "an earlier import activated the certificate, and it is INACTIVE now: somebody deactivated it, and nothing was changed. Activate it in AWS IoT, or set `reactivate = true` in the profile, then upload this file again"
    )]
    CertificateDeactivated,
    /// The certificate belongs to another thing.
    #[error(
        "the certificate belongs to the thing `{other}` already; nothing was changed. Detach it there first if the device was renamed"
    )]
    CertificateOnAnotherThing {
        /// Name of that thing.
        other: String,
    },
    /// Another run gave the certificate to another thing at the same time; this one stepped back.
    #[error(
        "another file gave the certificate to the thing `{other}` at the same moment, so it was detached from `{thing}` again. Two files name the same device: find out which is right, then import it again"
    )]
    CertificateRaced {
        /// Name of the device's thing.
        thing: String,
        /// Name of the other one.
        other: String,
    },
    /// The certificate was revoked.
    #[error(
        "the certificate is registered with the status REVOKED; it was left so, and nothing was changed"
    )]
    CertificateRevoked,
    /// The certificate is registered with a status that says it is on its way elsewhere.
    #[error(
        "the certificate is registered with the status {status}; nothing was changed. Finish or cancel its transfer, then import again"
    )]
    CertificateInTransfer {
        /// AWS IoT's status.
        status: String,
    },
    /// The role of the function may not make the call.
    #[error(
        "{call} was denied: {message}. Deploy the stack again, so that its roles fit the configuration"
    )]
    Denied {
        /// The operation.
        call: Call,
        /// AWS IoT's explanation.
        message: String,
    },
    /// Something that the call names is not there.
    #[error(
        "{call} names something that does not exist any more. Make the profile's policies, groups and type, then import again"
    )]
    NotFound {
        /// The operation.
        call: Call,
    },
    /// AWS IoT does not accept the request.
    #[error("AWS IoT refused {call} with {code}: {message}")]
    Refused {
        /// The operation.
        call: Call,
        /// AWS IoT's error code.
        code: String,
        /// AWS IoT's explanation.
        message: String,
    },
    /// The function's time was up, again and again.
    #[error(
        "the worker's time was up before this device's turn, for as long as the run tried. Import the file again"
    )]
    OutOfTime,
    /// Throttled for as long as a run tries.
    #[error(
        "{call} was throttled for as long as the run tried. Import the file again when the account is less busy, or raise the quota"
    )]
    Throttled {
        /// The operation.
        call: Call,
    },
    /// Not available for as long as a run tries.
    #[error(
        "{call} was not available for as long as the run tried ({cause}). Import the file again later"
    )]
    Unavailable {
        /// The operation.
        call: Call,
        /// The last error.
        cause: String,
    },
    /// The device that was to be taken back is not as the run left it.
    #[error(
        "the device changed since the run: {changes}. It was left as it is; take it back by hand if it is to go"
    )]
    ChangedSince {
        /// Stable code of the first change.
        code: &'static str,
        /// All changes, in words.
        changes: String,
    },
    /// The device that was to be taken back was made again by somebody else.
    #[error(
        "the certificate was registered again after the run had ended, so that the device is not this run's any more; it was left as it is"
    )]
    MadeAgain,
    /// What the run added to the device is not known.
    #[error(
        "what the run added to the device is not known: somebody else may have made it at the same moment, an earlier version of Thingpress made it, or the run's files have expired. It was left as it is"
    )]
    NotNoted,
    /// Taking a device back failed.
    #[error("{}", undo_words(.0))]
    Undo(Box<Self>),
    /// Something was written to AWS IoT before the device could not be finished.
    #[error("{cause}{}{done}", ledger::HALF_DONE)]
    HalfDone {
        /// Why it could not be finished.
        cause: Box<Self>,
        /// How far it got.
        done: String,
    },
}

impl Reason {
    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::ThingHasAnotherCertificate { .. } => "Thing.HasAnotherCertificate",
            Self::ThingOtherType { .. } => "Thing.OtherType",
            Self::ThingChangedMeanwhile { .. } => "Thing.ChangedMeanwhile",
            Self::ThingRaced { .. } => "Thing.Raced",
            Self::NoSuchType { .. } => "Thing.NoSuchType",
            Self::CertificateNotRegistered => "Certificate.NotRegistered",
            Self::CertificateDeactivated => "Certificate.Deactivated",
            Self::CertificateOnAnotherThing { .. } => "Certificate.OnAnotherThing",
            Self::CertificateRaced { .. } => "Certificate.Raced",
            Self::CertificateRevoked => "Certificate.Revoked",
            Self::CertificateInTransfer { .. } => "Certificate.InTransfer",
            Self::Denied { .. } => "Aws.Denied",
            Self::NotFound { .. } => "Aws.NotFound",
            Self::Refused { .. } => "Aws.Refused",
            Self::OutOfTime => "Worker.OutOfTime",
            Self::Throttled { .. } => "Aws.Throttled",
            Self::Unavailable { .. } => "Aws.Unavailable",
            Self::ChangedSince { code, .. } => code,
            Self::MadeAgain => "Undo.MadeAgain",
            Self::NotNoted => "Undo.NotNoted",
            Self::Undo(cause) | Self::HalfDone { cause, .. } => cause.code(),
        }
    }

    /// Whether the same file can succeed later, after waiting or after what the text says was done.
    pub fn can_retry(&self) -> bool {
        ledger::can_retry(self.code())
    }

    /// How a device with this reason is counted.
    pub fn outcome(&self) -> OutcomeKind {
        match self {
            Self::ThingHasAnotherCertificate { .. }
            | Self::ThingOtherType { .. }
            | Self::ThingChangedMeanwhile { .. }
            | Self::ThingRaced { .. }
            | Self::CertificateOnAnotherThing { .. }
            | Self::CertificateRaced { .. }
            | Self::CertificateRevoked
            | Self::CertificateInTransfer { .. }
            | Self::CertificateDeactivated => OutcomeKind::Conflict,
            Self::CertificateNotRegistered => OutcomeKind::Waiting,
            Self::NoSuchType { .. }
            | Self::Denied { .. }
            | Self::NotFound { .. }
            | Self::Refused { .. }
            | Self::OutOfTime
            | Self::Throttled { .. }
            | Self::Unavailable { .. } => OutcomeKind::Failed,
            Self::ChangedSince { .. } | Self::MadeAgain | Self::NotNoted => OutcomeKind::Kept,
            Self::Undo(cause) | Self::HalfDone { cause, .. } => cause.outcome(),
        }
    }

    /// The same for a device that was to be taken back.
    #[must_use]
    pub fn of_undo(self) -> Self {
        Self::Undo(Box::new(self))
    }
}

/// What to do is another thing where a run is taken back.
fn undo_words(cause: &Reason) -> String {
    const AGAIN: &str = "Undo the run again";
    match cause {
        Reason::OutOfTime => format!(
            "the worker's time was up before this device's turn, for as long as the run tried. {AGAIN}"
        ),
        Reason::Throttled { call } => format!(
            "{call} was throttled for as long as the run tried. {AGAIN} when the account is less busy, or raise the quota"
        ),
        Reason::Unavailable { call, cause } => format!(
            "{call} was not available for as long as the run tried ({cause}). {AGAIN} later"
        ),
        Reason::NotFound { call } => {
            format!("{call} names something that does not exist any more. {AGAIN}")
        }
        other => other.to_string(),
    }
}

impl From<CallError> for Reason {
    fn from(CallError { call, kind }: CallError) -> Self {
        match kind {
            CallErrorKind::Throttled => Self::Throttled { call },
            CallErrorKind::Unavailable(cause) => Self::Unavailable { call, cause },
            CallErrorKind::Denied(message) => Self::Denied { call, message },
            CallErrorKind::NotFound => Self::NotFound { call },
            CallErrorKind::Exists => Self::Refused {
                call,
                code: "ResourceAlreadyExistsException".to_owned(),
                message: "it is there already".to_owned(),
            },
            CallErrorKind::Refused { code, message } => Self::Refused { call, code, message },
        }
    }
}

#[cfg(test)]
mod tests {
    use ledger::About;

    use super::*;

    #[test]
    fn the_table_of_codes_counts_devices_as_they_are_counted_here() {
        let (call, text) = (Call::CreateThing, String::new);
        let reasons = [
            Reason::ThingHasAnotherCertificate { thing: text() },
            Reason::ThingOtherType { thing: text(), found: text(), wanted: text() },
            Reason::ThingChangedMeanwhile { thing: text() },
            Reason::ThingRaced { thing: text() },
            Reason::NoSuchType { name: text() },
            Reason::CertificateNotRegistered,
            Reason::CertificateDeactivated,
            Reason::CertificateOnAnotherThing { other: text() },
            Reason::CertificateRaced { thing: text(), other: text() },
            Reason::CertificateRevoked,
            Reason::CertificateInTransfer { status: text() },
            Reason::Denied { call, message: text() },
            Reason::NotFound { call },
            Reason::Refused { call, code: text(), message: text() },
            Reason::OutOfTime,
            Reason::Throttled { call },
            Reason::Unavailable { call, cause: text() },
            Reason::MadeAgain,
            Reason::NotNoted,
        ];
        let all = include_str!("reason.rs").matches(" => \"").count();
        assert_eq!(reasons.len(), all, "every reason is here");
        for reason in reasons {
            let (_, codes) = ledger::CODES
                .iter()
                .find(|(about, _)| *about == About::Entry(reason.outcome()))
                .unwrap();
            assert!(codes.iter().any(|known| known.code == reason.code()), "{}", reason.code());
            let half_done = Reason::HalfDone { cause: Box::new(reason.clone()), done: text() };
            assert_eq!(
                (half_done.code(), half_done.outcome(), half_done.can_retry()),
                (reason.code(), reason.outcome(), reason.can_retry())
            );
        }
    }
}
