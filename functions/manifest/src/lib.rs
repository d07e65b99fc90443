//! Vendors' certificate manifests, read into device records.
//!
//! The crate is pure: it knows no AWS and asks no clock. The caller brings the bytes, the signers and
//! authorities it trusts and the time, and gets one [`Entry`] a device. The one thing that it touches
//! outside its memory is a temporary file without a name, in which an archive of more than a few
//! megabytes is set aside, because archives are read from their end. It starts as many threads as its
//! caller asks for, and they have ended when [`decode`](decode()) does.
//!
//! ```no_run
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::{num::NonZeroUsize, ops::ControlFlow};
//!
//! use manifest::{Authorities, Bundle, Context, Limits, Signers, Vendor, decode};
//!
//! let context = Context {
//!     signers: &Signers::new([], false),
//!     issuers: &Authorities::new(),
//!     bundle: Bundle::E0E0,
//!     now: 1_790_000_000,
//!     limits: Limits::default(),
//!     threads: NonZeroUsize::MIN,
//! };
//! let file = std::fs::File::open("certificates.txt")?;
//! let summary = decode(Vendor::Generated, file, context, &mut |decoded| {
//!     match decoded {
//!         Ok(entry) => drop(entry.certificate.id()),
//!         Err(refused) => drop(refused.to_string()),
//!     }
//!     ControlFlow::Continue(())
//! })?;
//! assert!(summary.notes.is_empty());
//! # Ok(())
//! # }
//! ```
//!
//! There are two tiers of failure. An [`EntryError`] costs one entry and the reading goes on. A
//! [`ManifestError`] says that the file is unusable from there on, and ends the reading. Both carry
//! a place for a person, a stable `code()` for machines, and a sentence that says what to do.
//!
//! Device-infos, by which a factory activates devices that are registered already, hold no
//! certificates: [`decode_device_infos`] gives one [`DeviceInfo`] a device, with the same two tiers.
//!
//! Entries of a file become a file of their own by [`excerpt`].
//!
//! A new vendor is a variant of [`Vendor`], a file beside `microchip.rs`, a branch in `plain.rs`,
//! and tests with their fixtures.

mod archive;
mod attribute;
mod attribute_template;
mod base64;
mod bucket;
mod certificate;
mod context;
mod crew;
mod decode;
mod device_infos;
mod entry;
mod error;
mod espressif;
mod excerpt;
mod generated;
mod infineon;
mod input;
mod json;
mod leaf;
mod leg;
mod lines;
mod mac;
mod microchip;
mod name;
mod pem;
mod plain;
mod private_key;
mod reason;
mod recognize;
mod signers;
mod sink;
mod template;
mod text;
mod vendor;
mod zipped;

pub use archive::ArchiveFault;
pub use attribute::{AttributeFault, TextFault, check_attribute, check_attributes};
pub use attribute_template::{AttributeError, AttributeTemplateError, AttributeTemplates};
pub use bucket::{Bucket, UnknownBucket};
pub use certificate::{
    Authorities, Certificate, CertificateError, CertificateId, CertificateIdError, IssuedBy,
    IssuerFault, KeyType, SignatureAlgorithm,
};
pub use context::{Context, Limits};
pub use decode::{Summary, decode, decode_leg};
pub use device_infos::{
    DeviceFault, DeviceInfo, FingerprintFault, decode_device_infos, decode_device_infos_leg,
};
pub use entry::{Entry, MemberPlace, Place, Warning};
pub use error::{Decoded, EntryError, ManifestError};
pub use excerpt::{Choice, Copied, Excerpt, Original, excerpt};
pub use infineon::{Bundle, UnknownBundle};
pub use leg::{Leg, Position, Progress, Source};
pub use name::{NameError, NameFault, NameTemplate, TemplateError, is_thing_name};
pub use reason::{MissingSigner, Reason};
pub use recognize::{Content, HEAD_BYTES, Purpose, recognize, recognize_zip};
pub use signers::{MICROCHIP_SIGNERS, Signers};
pub use text::{date, excerpt as shortened};
pub use vendor::{UnknownVendor, Vendor};
