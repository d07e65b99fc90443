//! Vendors' certificate manifests, read into device records.
//!
//! The crate is pure: it knows no AWS, starts no threads and asks no clock. The caller brings the
//! bytes, the signers it trusts and the time, and gets one [`Entry`] a device.
//!
//! ```no_run
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use manifest::{Context, Limits, Signers, Vendor, decode};
//!
//! let signers = Signers::new([], false);
//! let context = Context { signers: &signers, now: 1_790_000_000, limits: Limits::default() };
//! for entry in decode(Vendor::Generated, std::fs::File::open("certificates.txt")?, context) {
//!     match entry? {
//!         Ok(entry) => drop(entry.certificate.id()),
//!         Err(refused) => drop(refused.to_string()),
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! There are two tiers of failure. An [`EntryError`] costs one entry and the reading goes on. A
//! [`ManifestError`] says that the file is unusable from there on, and ends the reading. Both carry
//! a place for a person, a stable `code()` for machines, and a sentence that says what to do.
//!
//! A new vendor is a variant of [`Vendor`], a file beside `microchip.rs`, and tests with their
//! fixtures.

mod base64;
mod certificate;
mod context;
mod decode;
mod entry;
mod error;
mod generated;
mod input;
mod json;
mod leaf;
mod microchip;
mod name;
mod pem;
mod private_key;
mod reason;
mod recognize;
mod signers;
mod text;
mod vendor;

pub use certificate::{
    Certificate, CertificateError, CertificateId, CertificateIdError, IssuerFault, KeyType,
    SignatureAlgorithm,
};
pub use context::{Context, Limits};
pub use decode::decode;
pub use entry::{Entry, Place, Warning};
pub use error::{Decoded, EntryError, ManifestError};
pub use name::{NameError, NameFault, NameTemplate, TemplateError};
pub use reason::{MissingSigner, Reason};
pub use recognize::{Content, HEAD_BYTES, Purpose, recognize};
pub use signers::{MICROCHIP_SIGNERS, Signers};
pub use vendor::{UnknownVendor, Vendor};
