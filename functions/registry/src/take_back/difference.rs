//! In which way a device is not as the other run left it.

use std::fmt;

/// One way. Names only: the value of an attribute may be nobody's business.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Difference {
    Status {
        now: String,
    },
    Policies {
        further: Vec<String>,
        gone: Vec<String>,
    },
    /// Things that the certificate is attached to, besides its own.
    FurtherThings(Vec<String>),
    FurtherCertificates,
    Detached,
    Groups {
        further: Vec<String>,
        gone: Vec<String>,
    },
    Attributes(Vec<String>),
    Type,
    BillingGroup,
    ThingGone,
    CertificateGone,
}

impl Difference {
    /// Stable code of the device that has it.
    pub(super) const fn code(&self) -> &'static str {
        match self {
            Self::Status { .. } => "Undo.StatusChanged",
            Self::Policies { .. } => "Undo.PoliciesChanged",
            Self::FurtherThings(_) | Self::FurtherCertificates | Self::Detached => {
                "Undo.AttachmentsChanged"
            }
            Self::Groups { .. } => "Undo.GroupsChanged",
            Self::Attributes(_) | Self::Type | Self::BillingGroup => "Undo.ThingChanged",
            Self::ThingGone | Self::CertificateGone => "Undo.PartGone",
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status { now } => write!(f, "its certificate is {now}"),
            Self::Policies { further, gone } => {
                set(f, "its certificate", "policies", further, gone)
            }
            Self::FurtherThings(things) => {
                write!(f, "its certificate is attached to {} as well", quoted(things))
            }
            Self::FurtherCertificates => f.write_str("its thing has another certificate as well"),
            Self::Detached => f.write_str("its certificate was detached from its thing"),
            Self::Groups { further, gone } => set(f, "its thing", "groups", further, gone),
            Self::Attributes(names) => {
                write!(f, "its thing has other values of {}", quoted(names))
            }
            Self::Type => f.write_str("its thing has another type"),
            Self::BillingGroup => f.write_str("its thing is in a billing group"),
            Self::ThingGone => f.write_str("its thing is gone"),
            Self::CertificateGone => f.write_str("its certificate is gone"),
        }
    }
}

fn set(
    f: &mut fmt::Formatter<'_>,
    whose: &str,
    what: &str,
    further: &[String],
    gone: &[String],
) -> fmt::Result {
    match (further, gone) {
        (further, []) => write!(f, "{whose} has the further {what} {}", quoted(further)),
        ([], gone) => write!(f, "{whose} has lost the {what} {}", quoted(gone)),
        (further, gone) => write!(
            f,
            "{whose} has the further {what} {}, and has lost {}",
            quoted(further),
            quoted(gone)
        ),
    }
}

fn quoted(names: &[String]) -> String {
    let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}
