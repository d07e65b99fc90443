//! The AWS IoT operations in use, and how they fail.

use std::fmt;

use aws_sdk_iot::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use ledger::Rates;

/// An operation of AWS IoT. Each has a quota of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// `DescribeThing`
    DescribeThing,
    /// `ListThingPrincipals`
    ListThingPrincipals,
    /// `RegisterCertificateWithoutCA`
    RegisterCertificate,
    /// `DescribeCertificate`
    DescribeCertificate,
    /// `ListPrincipalThings`
    ListPrincipalThings,
    /// `CreateThing`
    CreateThing,
    /// `UpdateThing`
    UpdateThing,
    /// `UpdateCertificate`
    UpdateCertificate,
    /// `AttachThingPrincipal`
    AttachThingPrincipal,
    /// `DetachThingPrincipal`
    DetachThingPrincipal,
    /// `AddThingToThingGroup`
    AddThingToThingGroup,
    /// `ListThingGroupsForThing`
    ListThingGroups,
    /// `AttachPolicy`
    AttachPolicy,
    /// `ListAttachedPolicies`
    ListAttachedPolicies,
    /// `DetachPolicy`
    DetachPolicy,
    /// `RemoveThingFromThingGroup`
    RemoveThingFromThingGroup,
    /// `DeleteThing`
    DeleteThing,
    /// `DeleteCertificate`
    DeleteCertificate,
    /// `ListThings`
    ListThings,
    /// `ListCertificates`
    ListCertificates,
    /// `ListThingsInThingGroup`
    ListThingsInThingGroup,
    /// `ListTargetsForPolicy`
    ListTargetsForPolicy,
    /// `ListThingGroups`, the groups of the account
    ListGroups,
    /// `ListPolicies`
    ListPolicies,
    /// `GetPolicy`
    GetPolicy,
    /// `DescribeThingGroup`
    DescribeThingGroup,
    /// `DescribeThingType`
    DescribeThingType,
}

impl Call {
    /// The operations that are paced: those that every device needs.
    pub(crate) const PACED: [Self; 18] = [
        Self::DescribeThing,
        Self::ListThingPrincipals,
        Self::RegisterCertificate,
        Self::DescribeCertificate,
        Self::ListPrincipalThings,
        Self::CreateThing,
        Self::UpdateThing,
        Self::UpdateCertificate,
        Self::AttachThingPrincipal,
        Self::DetachThingPrincipal,
        Self::AddThingToThingGroup,
        Self::ListThingGroups,
        Self::AttachPolicy,
        Self::ListAttachedPolicies,
        Self::DetachPolicy,
        Self::RemoveThingFromThingGroup,
        Self::DeleteThing,
        Self::DeleteCertificate,
    ];

    /// AWS's name of the operation.
    pub const fn name(self) -> &'static str {
        match self {
            Self::DescribeThing => "DescribeThing",
            Self::ListThingPrincipals => "ListThingPrincipals",
            Self::RegisterCertificate => "RegisterCertificateWithoutCA",
            Self::DescribeCertificate => "DescribeCertificate",
            Self::ListPrincipalThings => "ListPrincipalThings",
            Self::CreateThing => "CreateThing",
            Self::UpdateThing => "UpdateThing",
            Self::UpdateCertificate => "UpdateCertificate",
            Self::AttachThingPrincipal => "AttachThingPrincipal",
            Self::DetachThingPrincipal => "DetachThingPrincipal",
            Self::AddThingToThingGroup => "AddThingToThingGroup",
            Self::ListThingGroups => "ListThingGroupsForThing",
            Self::AttachPolicy => "AttachPolicy",
            Self::ListAttachedPolicies => "ListAttachedPolicies",
            Self::DetachPolicy => "DetachPolicy",
            Self::RemoveThingFromThingGroup => "RemoveThingFromThingGroup",
            Self::DeleteThing => "DeleteThing",
            Self::DeleteCertificate => "DeleteCertificate",
            Self::ListThings => "ListThings",
            Self::ListCertificates => "ListCertificates",
            Self::ListThingsInThingGroup => "ListThingsInThingGroup",
            Self::ListTargetsForPolicy => "ListTargetsForPolicy",
            Self::ListGroups => "ListThingGroups",
            Self::ListPolicies => "ListPolicies",
            Self::GetPolicy => "GetPolicy",
            Self::DescribeThingGroup => "DescribeThingGroup",
            Self::DescribeThingType => "DescribeThingType",
        }
    }

    /// Calls a second that the configuration allows all active runs together; none for what is asked once a run.
    pub(crate) const fn rate(self, rates: &Rates) -> Option<f64> {
        Some(match self {
            Self::DescribeThing => rates.describe_thing,
            Self::ListThingPrincipals => rates.list_thing_principals,
            Self::RegisterCertificate => rates.register_certificate,
            Self::DescribeCertificate => rates.describe_certificate,
            Self::ListPrincipalThings => rates.list_principal_things,
            Self::CreateThing => rates.create_thing,
            Self::UpdateThing => rates.update_thing,
            Self::UpdateCertificate => rates.update_certificate,
            Self::AttachThingPrincipal | Self::DetachThingPrincipal => rates.attach_thing_principal,
            Self::AddThingToThingGroup => rates.add_thing_to_thing_group,
            Self::ListThingGroups => rates.list_thing_groups,
            Self::AttachPolicy => rates.attach_policy,
            Self::ListAttachedPolicies => rates.list_attached_policies,
            Self::DetachPolicy => rates.detach_policy,
            Self::RemoveThingFromThingGroup => rates.remove_thing_from_thing_group,
            Self::DeleteThing => rates.delete_thing,
            Self::DeleteCertificate => rates.delete_certificate,
            // One worker asks page after page, which is slower than the quota of each.
            Self::ListThings
            | Self::ListCertificates
            | Self::ListThingsInThingGroup
            | Self::ListTargetsForPolicy
            | Self::ListGroups
            | Self::ListPolicies
            | Self::GetPolicy
            | Self::DescribeThingGroup
            | Self::DescribeThingType => return None,
        })
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An operation failed, and went on failing as often as it was tried.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{call}: {kind}")]
pub struct CallError {
    /// The operation.
    pub call: Call,
    /// How it failed.
    pub kind: CallErrorKind,
}

/// How an operation failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallErrorKind {
    /// More calls a second than the quota allows.
    #[error("throttled")]
    Throttled,
    /// AWS IoT could not be reached, or answered with a fault of its own.
    #[error("not available: {0}")]
    Unavailable(String),
    /// The role may not do this.
    #[error("denied: {0}")]
    Denied(String),
    /// What the call names is not there.
    #[error("not found")]
    NotFound,
    /// What the call would make is there already.
    #[error("exists already")]
    Exists,
    /// AWS IoT does not accept the request.
    #[error("refused with {code}: {message}")]
    Refused {
        /// AWS IoT's error code.
        code: String,
        /// AWS IoT's explanation.
        message: String,
    },
}

impl CallErrorKind {
    /// Whether the same call may succeed later, so that the device is to be taken up again.
    pub const fn is_passing(&self) -> bool {
        matches!(self, Self::Throttled | Self::Unavailable(_))
    }
}

/// Classifies an SDK error.
pub(crate) fn classify<E>(call: Call, error: SdkError<E>) -> CallError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let kind = match &error {
        SdkError::ServiceError(context) => {
            let status = context.raw().status().as_u16();
            let code = error.code().unwrap_or_default();
            let message = error.message().unwrap_or_default();
            match code {
                "ThrottlingException" | "TooManyRequestsException" => CallErrorKind::Throttled,
                "ResourceNotFoundException" => CallErrorKind::NotFound,
                "ResourceAlreadyExistsException" => CallErrorKind::Exists,
                "UnauthorizedException" | "AccessDeniedException" => {
                    CallErrorKind::Denied(message.to_owned())
                }
                _ if status >= 500 || status == 429 => {
                    CallErrorKind::Unavailable(format!("{status} {code}"))
                }
                _ => CallErrorKind::Refused { code: code.to_owned(), message: message.to_owned() },
            }
        }
        _ => CallErrorKind::Unavailable(DisplayErrorContext(&error).to_string()),
    };
    CallError { call, kind }
}
