//! Why a device of device-infos cannot be used.

use std::borrow::Cow;

use crate::attribute::AttributeFault;
use crate::name::NameFault;

/// What is wrong with what a factory says about one device. The text names no attribute's value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeviceFault {
    /// The device is no JSON, or no JSON object.
    #[error("the device is broken: {0}; put it right where the file is made")]
    Malformed(Cow<'static, str>),
    /// A JSON object has two members of one name, so that what it says depends on who reads it.
    #[error("the member `{member}` is there twice, so the device can be read in two ways")]
    DuplicateMember {
        /// The member's name, shortened for messages.
        member: String,
    },
    /// A member that every device needs is not there, or is nothing.
    #[error("`{member}` is missing")]
    Missing {
        /// The member's name.
        member: &'static str,
    },
    /// A member is of another kind than it should be.
    #[error("`{member}` is {found}, and has to be {wanted}")]
    Kind {
        /// The member's name.
        member: &'static str,
        /// What it is, with its article.
        found: &'static str,
        /// What it should be, with its article.
        wanted: &'static str,
    },
    /// The fingerprint is none.
    #[error(
        "`certFingerprint` {0}: it is the SHA-256 of the certificate's DER, 64 hex digits, and also \
         the certificate's id in AWS IoT"
    )]
    Fingerprint(FingerprintFault),
    /// AWS IoT does not allow the thing's name.
    #[error("`deviceId` cannot be a thing's name ({0})")]
    Id(NameFault),
    /// AWS IoT does not allow the name of the type.
    #[error("`deviceType` cannot be a thing type ({0})")]
    Type(NameFault),
    /// AWS IoT does not take an attribute.
    #[error(transparent)]
    Attribute(AttributeFault),
}

/// What is wrong with a fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FingerprintFault {
    /// It holds something else than hex digits and colons.
    #[error("has {0:?} in it")]
    Character(char),
    /// It has more or fewer digits than a SHA-256.
    #[error("has {0} hex digits")]
    Length(usize),
}

impl FingerprintFault {
    /// What is wrong with text that is no certificate id.
    pub(super) fn of(fingerprint: &str) -> Self {
        let is_digit = |character: &char| character.is_ascii_hexdigit();
        let stranger = fingerprint.chars().find(|it| !is_digit(it) && *it != ':');
        stranger.map_or_else(
            || Self::Length(fingerprint.chars().filter(is_digit).count()),
            Self::Character,
        )
    }
}

impl DeviceFault {
    /// Stable identifier for reports.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "Manifest.Malformed",
            Self::DuplicateMember { .. } => "Manifest.DuplicateMember",
            Self::Missing { .. } => "Device.Missing",
            Self::Kind { .. } => "Device.Kind",
            Self::Fingerprint(_) => "Device.Fingerprint",
            Self::Id(_) => "Device.Id",
            Self::Type(_) => "Device.Type",
            Self::Attribute(fault) => fault.code(),
        }
    }
}
