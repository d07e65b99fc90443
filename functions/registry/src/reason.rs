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
    /// Somebody made a thing of this name, differently, while the device was being registered.
    #[error(
        "a thing `{thing}` with another configuration appeared while this device was being registered; its certificate is registered without a policy and cannot connect. Compare the two files, then import again"
    )]
    ThingChangedMeanwhile {
        /// Name of the thing.
        thing: String,
    },
    /// Another run gave the thing another certificate at the same time; this one stepped back.
    #[error(
        "another file gave the thing `{thing}` another certificate at the same moment; this one was detached again and cannot connect. Two files name the same device: find out which is right, then import it again"
    )]
    ThingRaced {
        /// Name of the thing.
        thing: String,
    },
    /// The certificate belongs to another thing.
    #[error(
        "the certificate belongs to the thing `{other}` already; nothing was changed. Detach it there first if the device was renamed"
    )]
    CertificateOnAnotherThing {
        /// Name of that thing.
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
}

impl Reason {
    /// Stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::ThingHasAnotherCertificate { .. } => "Thing.HasAnotherCertificate",
            Self::ThingOtherType { .. } => "Thing.OtherType",
            Self::ThingChangedMeanwhile { .. } => "Thing.ChangedMeanwhile",
            Self::ThingRaced { .. } => "Thing.Raced",
            Self::CertificateOnAnotherThing { .. } => "Certificate.OnAnotherThing",
            Self::CertificateRevoked => "Certificate.Revoked",
            Self::CertificateInTransfer { .. } => "Certificate.InTransfer",
            Self::Denied { .. } => "Aws.Denied",
            Self::NotFound { .. } => "Aws.NotFound",
            Self::Refused { .. } => "Aws.Refused",
            Self::OutOfTime => "Register.OutOfTime",
            Self::Throttled { .. } => "Aws.Throttled",
            Self::Unavailable { .. } => "Aws.Unavailable",
        }
    }

    /// How a device with this reason is counted.
    pub const fn outcome(&self) -> OutcomeKind {
        match self {
            Self::ThingHasAnotherCertificate { .. }
            | Self::ThingOtherType { .. }
            | Self::ThingChangedMeanwhile { .. }
            | Self::ThingRaced { .. }
            | Self::CertificateOnAnotherThing { .. }
            | Self::CertificateRevoked
            | Self::CertificateInTransfer { .. } => OutcomeKind::Conflict,
            Self::Denied { .. }
            | Self::NotFound { .. }
            | Self::Refused { .. }
            | Self::OutOfTime
            | Self::Throttled { .. }
            | Self::Unavailable { .. } => OutcomeKind::Failed,
        }
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
