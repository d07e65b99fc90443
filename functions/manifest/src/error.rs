//! What can go wrong: one entry, or the whole file.

use std::io::ErrorKind;

use crate::archive::ArchiveFault;
use crate::bucket::Bucket;
use crate::entry::{Entry, Place};
use crate::infineon::Bundle;
use crate::input::InputError;
use crate::reason::Reason;

/// What is read at a time: an entry, or what is wrong with it.
pub type Decoded = Result<Entry, EntryError>;

/// What is wrong with one entry. It costs that entry alone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {reason}")]
pub struct EntryError {
    /// The 1-based position in the file.
    pub number: u64,
    /// The position as a person looks for it.
    pub place: Place,
    /// The vendor's identifier as the entry claims it, even where nothing vouches for it. Empty
    /// where it is unknown.
    pub id: String,
    /// What is wrong.
    pub reason: Reason,
}

/// What makes a file unusable from here on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// There is no entry in the file.
    #[error("the file is empty: it holds no entries; upload the file as it was delivered")]
    Empty,
    /// The file is something else.
    #[error("this file is {found}, and this bucket takes {}; {}", expected.expects(), remedy(found))]
    WrongFormat {
        /// What it is, with its article.
        found: &'static str,
        /// What the bucket is for.
        expected: Bucket,
    },
    /// The file ends in the middle.
    #[error(
        "the file ends in the middle, at {place}; entries read before: {entries_read}; \
         it was cut short on its way: get it again from where it came from"
    )]
    Truncated {
        /// Entries that were read before.
        entries_read: u64,
        /// What was being read.
        place: Place,
    },
    /// The file's structure is broken, so that the entries that follow cannot be found.
    #[error(
        "the file is broken ({place}): {what}; entries read before: {entries_read}; \
         get it again from where it came from"
    )]
    Malformed {
        /// Entries that were read before.
        entries_read: u64,
        /// Where it is broken.
        place: Place,
        /// What is wrong there.
        what: &'static str,
    },
    /// Over [`crate::Limits::bytes`].
    #[error(
        "the file is larger than {limit} bytes; entries read before: {entries_read}; \
         split it into several files"
    )]
    TooLarge {
        /// Entries that were read before.
        entries_read: u64,
        /// The limit.
        limit: u64,
    },
    /// Over [`crate::Limits::entries`].
    #[error("the file holds more than {limit} entries; split it into several files")]
    TooManyEntries {
        /// The limit, which is also the number of entries that were read.
        limit: u64,
    },
    /// Over [`crate::Limits::depth`].
    #[error(
        "{place} is nested more than {limit} levels deep; entries read before: {entries_read}; \
         no manifest is, so check where the file came from"
    )]
    TooDeep {
        /// Entries that were read before.
        entries_read: u64,
        /// The entry.
        place: Place,
        /// The limit.
        limit: usize,
    },
    /// There is a private key in the file. Nothing of it is kept.
    #[error(
        "there is a private key at {place}; a private key belongs on its device and nowhere else: \
         delete this file from the bucket, treat the key as disclosed, and upload certificates only"
    )]
    PrivateKey {
        /// Entries that were read before.
        entries_read: u64,
        /// Where the key is.
        place: Place,
    },
    /// The file is an archive, and cannot be read.
    #[error("the archive cannot be read ({place}): {fault}; entries read before: {entries_read}")]
    Archive {
        /// Entries that were read before.
        entries_read: u64,
        /// The archive, or the member of it.
        place: Place,
        /// What is wrong with it.
        fault: ArchiveFault,
    },
    /// The wanted certificates are not among those of an Infineon bundle.
    #[error("{}", missing_bundle(*wanted, found, *is_matter))]
    MissingBundle {
        /// Which are wanted.
        wanted: Bundle,
        /// Which are there, shortened for messages.
        found: Vec<String>,
        /// Whether the file is one for Matter devices.
        is_matter: bool,
    },
    /// A table has no column of a name that is needed.
    #[error(
        "{place}: the table's header has no column `{column}`; the columns MAC and cert are needed, \
         in any order: put the header right, or get the file again from where it came from"
    )]
    MissingColumn {
        /// Entries that were read before.
        entries_read: u64,
        /// The header.
        place: Place,
        /// The column's name.
        column: &'static str,
    },
    /// A table has two columns of one name.
    #[error(
        "{place}: the table's header has the column `{column}` twice, so its rows can be read in two \
         ways: take one of them out"
    )]
    DuplicateColumn {
        /// Entries that were read before.
        entries_read: u64,
        /// The header.
        place: Place,
        /// The column's name.
        column: &'static str,
    },
    /// An XML file defines entities or refers to other files, or could.
    #[error(
        "{place}: there is a document type definition (DOCTYPE), which no manifest has and which is \
         not read, because it can make a file mean anything; get the file again from the vendor"
    )]
    Doctype {
        /// Entries that were read before.
        entries_read: u64,
        /// Where it is.
        place: Place,
    },
    /// The source failed.
    #[error("the file could not be read on after {entries_read} entries: {text}; try again")]
    Read {
        /// Entries that were read before.
        entries_read: u64,
        /// What kind of failure.
        kind: ErrorKind,
        /// The source's own words.
        text: String,
    },
}

impl ManifestError {
    /// Stable identifier for reports.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Empty => "Manifest.Empty",
            Self::WrongFormat { .. } => "Manifest.WrongFormat",
            Self::Truncated { .. } => "Manifest.Truncated",
            Self::Malformed { .. } => "Manifest.Malformed",
            Self::TooLarge { .. } => "Manifest.TooLarge",
            Self::TooManyEntries { .. } => "Manifest.TooManyEntries",
            Self::TooDeep { .. } => "Manifest.TooDeep",
            Self::PrivateKey { .. } => "Manifest.PrivateKey",
            Self::Archive { fault, .. } => fault.code(),
            Self::MissingBundle { .. } => "Manifest.MissingBundle",
            Self::MissingColumn { .. } => "Manifest.MissingColumn",
            Self::DuplicateColumn { .. } => "Manifest.DuplicateColumn",
            Self::Doctype { .. } => "Xml.Doctype",
            Self::Read { .. } => "Manifest.Read",
        }
    }

    /// Whether trying again can help: the source failed, and not the file.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::Read { .. })
    }

    /// How many entries, refused ones included, were read before.
    #[must_use]
    pub const fn entries_read(&self) -> u64 {
        match self {
            Self::Empty | Self::WrongFormat { .. } | Self::MissingBundle { .. } => 0,
            Self::TooManyEntries { limit } => *limit,
            Self::Truncated { entries_read, .. }
            | Self::Malformed { entries_read, .. }
            | Self::TooLarge { entries_read, .. }
            | Self::TooDeep { entries_read, .. }
            | Self::PrivateKey { entries_read, .. }
            | Self::Archive { entries_read, .. }
            | Self::MissingColumn { entries_read, .. }
            | Self::DuplicateColumn { entries_read, .. }
            | Self::Doctype { entries_read, .. }
            | Self::Read { entries_read, .. } => *entries_read,
        }
    }

    pub(crate) fn from_input(error: InputError, entries_read: u64, limit: u64) -> Self {
        match error {
            InputError::TooLarge => Self::TooLarge { entries_read, limit },
            InputError::Read { kind, text } => Self::Read { entries_read, kind, text },
            InputError::Archive(fault) => Self::Archive { entries_read, place: Place::File, fault },
        }
    }

    /// The same of a member of an archive, before which so many entries were read.
    pub(crate) fn within(mut self, member: &str, before: u64) -> Self {
        match &mut self {
            Self::Truncated { entries_read, place }
            | Self::Malformed { entries_read, place, .. }
            | Self::TooDeep { entries_read, place, .. }
            | Self::PrivateKey { entries_read, place }
            | Self::Archive { entries_read, place, .. }
            | Self::MissingColumn { entries_read, place, .. }
            | Self::DuplicateColumn { entries_read, place, .. }
            | Self::Doctype { entries_read, place } => {
                *entries_read += before;
                place.put_within(member);
            }
            Self::TooLarge { entries_read, .. } | Self::Read { entries_read, .. } => {
                *entries_read += before;
            }
            Self::Empty
            | Self::WrongFormat { .. }
            | Self::TooManyEntries { .. }
            | Self::MissingBundle { .. } => {}
        }
        self
    }
}

fn missing_bundle(wanted: Bundle, found: &[String], is_matter: bool) -> String {
    if is_matter {
        return "this is an Infineon bundle for Matter devices: its certificates (DAC) prove a device to \
                a Matter network, and the intermediate authority's (PAI) is no device's; they are not \
                imported into AWS IoT. Upload the bundle with E0E0, E0E1 or E0E2 in the names of its \
                archives"
            .to_owned();
    }
    if found.is_empty() {
        return format!(
            "the archive holds no certificates of {wanted}, nor of any other bundle; \
             upload the .7z file that Infineon delivered, as it is"
        );
    }
    let found = found.join(", ");
    format!(
        "the file holds no certificates of {wanted}, but of {found}: name one of these in the \
         configuration, as `bundle` under [vendor.infineon] or in a profile of its own, and import the \
         file again"
    )
}

/// The way out, where a wrong file has one of its own.
fn remedy(found: &str) -> &'static str {
    use crate::recognize::foreign;
    match found {
        foreign::FLASH_CSV => {
            "delete it from the bucket, and treat every key in it as disclosed; \
             upload the list of MACs and certificates"
        }
        foreign::ZIP | foreign::GZIP => "unpack it and upload the files that are in it",
        foreign::UTF_16 => "save it again as UTF-8 (or ASCII) text",
        foreign::PKCS7 => "extract its certificates with `openssl pkcs7 -print_certs`",
        foreign::HTML => {
            "download the manifest again: this is what a sign-in or error page looks like"
        }
        foreign::MICROCHIP => "upload it to the bucket whose name ends in `-microchip`",
        foreign::INFINEON => "upload it to the bucket whose name ends in `-infineon`",
        foreign::ESPRESSIF_CSV => "upload it to the bucket whose name ends in `-espressif`",
        foreign::MES_JSON => "upload it to the bucket whose name ends in `-mes`",
        foreign::CERTIFICATES => {
            "upload devices' certificates to the bucket whose name ends in `-generated`, and those of \
             signers and authorities to that of their vendor"
        }
        _ => "check that it is the file that was delivered",
    }
}
