//! What can be wrong with an archive.

use std::io;

use crate::entry::Place;
use crate::error::ManifestError;
use crate::sink::Stop;

/// What is wrong with an archive.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArchiveFault {
    /// A password is needed.
    #[error(
        "it is encrypted, and passwords are not taken here: unpack it and make an archive of its \
         certificates without a password, or ask the vendor for one"
    )]
    Encrypted,
    /// Its structure or its content is broken.
    #[error("{0}; get it again from where it came from")]
    Malformed(&'static str),
    /// It is compressed in a way that is not read here.
    #[error(
        "it is compressed with {method}, and 7z archives are read with LZMA and LZMA2, zip archives \
         with Deflate: unpack it and pack it again with one of these"
    )]
    Method {
        /// The method's name or number.
        method: String,
    },
    /// Over [`crate::Limits::archive_bytes`].
    #[error("it is larger than {limit} bytes; split it into several archives")]
    TooLarge {
        /// The limit.
        limit: u64,
    },
    /// Over [`crate::Limits::inflated_bytes`].
    #[error(
        "more than {limit} bytes come out of it; check where it came from, and if it is genuine, \
         split it into several archives"
    )]
    InflatedTooLarge {
        /// The limit.
        limit: u64,
    },
    /// Over [`crate::Limits::members`].
    #[error(
        "it has more than {limit} members; check where it came from, and if it is genuine, \
         split it into several archives"
    )]
    TooManyMembers {
        /// The limit.
        limit: u64,
    },
    /// Over [`crate::Limits::solid_entries`].
    #[error(
        "it holds more than {limit} certificates, and a 7z archive can only be read in one go, for which \
         there are 15 minutes: split it into several, or pack its certificates as a zip archive, which is \
         read in as many goes as it takes"
    )]
    TooLong {
        /// The limit.
        limit: u64,
    },
    /// The time for which its reader may run is over, and it cannot be gone on with.
    #[error(
        "its reader's time was over before its end, and a 7z archive can only be read in one go: split \
         it into several, or pack its certificates as a zip archive, which is read in as many goes as it \
         takes"
    )]
    OutOfTime,
    /// Unpacking it would take more memory than there is for it.
    #[error(
        "its dictionary is larger than {limit} bytes, which nobody needs for certificates: \
         pack it again with a smaller one"
    )]
    Dictionary {
        /// The limit.
        limit: u64,
    },
}

impl ArchiveFault {
    /// What comes out is not what was put in.
    pub(crate) const DAMAGED: Self =
        Self::Malformed("it is damaged: what comes out is not what was put in");
    /// The list of members cannot be read.
    pub(crate) const HEADER: Self =
        Self::Malformed("it is damaged: the list of its members cannot be read");

    /// Stable identifier for reports.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Encrypted => "Archive.Encrypted",
            Self::Malformed(_) => "Archive.Malformed",
            Self::Method { .. } => "Archive.Method",
            Self::TooLarge { .. } => "Archive.TooLarge",
            Self::InflatedTooLarge { .. } => "Archive.InflatedTooLarge",
            Self::TooManyMembers { .. } => "Archive.TooManyMembers",
            Self::TooLong { .. } | Self::OutOfTime => "Archive.TooLong",
            Self::Dictionary { .. } => "Archive.Dictionary",
        }
    }

    /// The fault as an error of reading, so that it comes through readers that know nothing of it.
    pub(crate) fn carry(self) -> io::Error {
        io::Error::other(self)
    }

    /// The fault that such an error is, if it is one.
    pub(crate) fn carried_by(error: &io::Error) -> Option<Self> {
        error.get_ref()?.downcast_ref::<Self>().cloned()
    }
}

/// What reading a member ended with: every error that is not the machine's own is the archive's.
pub(super) fn blamed(error: io::Error) -> io::Error {
    if error.kind() == io::ErrorKind::Interrupted || error.raw_os_error().is_some() {
        return error;
    }
    ArchiveFault::carried_by(&error).unwrap_or(ArchiveFault::DAMAGED).carry()
}

/// Why an archive is not read on.
#[derive(Debug)]
pub(crate) enum Trouble {
    Fault(ArchiveFault),
    /// Its end is missing.
    Truncated,
    /// It could not be set aside.
    Spool(io::Error),
    /// Reading it failed. Unless the machine did, it is damaged.
    Io(io::Error),
    /// What was done with a member ends the reading.
    Stop(Stop),
}

impl Trouble {
    /// The same for the caller. `place` is the archive, `read` the number of entries before.
    pub(crate) fn at(self, place: Place, read: u64) -> Stop {
        let entries_read = read;
        let error = match self {
            Self::Stop(stop) => return stop,
            Self::Truncated => ManifestError::Truncated { entries_read, place },
            Self::Fault(fault) => ManifestError::Archive { entries_read, place, fault },
            Self::Io(error) if error.raw_os_error().is_none() => {
                let fault = ArchiveFault::carried_by(&error).unwrap_or(ArchiveFault::DAMAGED);
                ManifestError::Archive { entries_read, place, fault }
            }
            Self::Spool(error) | Self::Io(error) => ManifestError::Read {
                entries_read,
                kind: error.kind(),
                text: format!("the archive could not be set aside in a temporary file: {error}"),
            },
        };
        error.into()
    }
}

impl From<ArchiveFault> for Trouble {
    fn from(fault: ArchiveFault) -> Self {
        Self::Fault(fault)
    }
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<Stop> for Trouble {
    fn from(stop: Stop) -> Self {
        Self::Stop(stop)
    }
}
