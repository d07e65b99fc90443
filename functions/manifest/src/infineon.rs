//! Infineon's manifests: 7z bundles of certificates, single certificates, and XML.

mod bundle;
mod member;
mod names;
mod reels;
mod xml;

use std::io::Read;
use std::sync::Arc;

pub use self::bundle::{Bundle, UnknownBundle};
pub(crate) use self::names::{LeftOut, is_chip_certificate};
pub(crate) use self::reels::read as read_archive;
use self::xml::Xml;
use crate::base64;
use crate::certificate::{Certificate, IssuedBy, Issuers, der};
use crate::context::Context;
use crate::crew::Taken;
use crate::entry::{Entry, Place, Warning, certificate_fields, certificate_name};
use crate::error::{Decoded, EntryError, ManifestError};
use crate::excerpt::{Frame, Pieces, Slice};
use crate::generated::text::{self as certificates, Fault};
use crate::input::Input;
use crate::leaf;
use crate::leg::{Plain, Resumable};
use crate::pem;
use crate::reason::Reason;
use crate::recognize::{self, Content, foreign};
use crate::vendor::Vendor;

/// A file that is no archive, being read.
#[derive(Debug)]
pub(crate) struct Infineon<'a, R> {
    source: Source<'a, R>,
    maker: Maker<'a>,
}

#[derive(Debug)]
enum Source<'a, R> {
    /// The whole file is one certificate, or a chain with the device's in front.
    One {
        chain: Option<Result<Vec<Certificate>, Reason>>,
        chip_id: Option<String>,
        /// The file; nothing where it is too large.
        bytes: Vec<u8>,
    },
    Xml(Box<Xml<'a, R>>),
}

impl<'a, R: Read> Infineon<'a, R> {
    /// `member` is the file's name where it comes out of an archive: it holds the chip's id.
    pub(crate) fn open(
        mut input: Input<R>,
        member: Option<&str>,
        context: Context<'a>,
    ) -> Result<Self, ManifestError> {
        let maker = Maker { context };
        let (head, complete) = input
            .head()
            .map_err(|error| ManifestError::from_input(error, 0, context.limits.bytes))?;
        let mark = recognize::mark_length(head);
        let found = recognize::recognize(head, complete);
        if is_xml(head) && matches!(found, Content::Manifest(Vendor::Infineon)) {
            input.consume(mark);
            let source = Source::Xml(Box::new(Xml::new(input, context.limits)));
            return Ok(Self { source, maker });
        }
        let known = known(found, head)?;
        input.consume(mark);
        let bytes = whole(&mut input, context)?;
        let chain = match &bytes {
            None => Err(Reason::EntryTooLarge { limit: context.limits.entry_bytes }),
            Some(bytes) => chain(known, bytes, member.is_some())?,
        };
        let chip_id = member.and_then(names::chip_id);
        let bytes = bytes.unwrap_or_default();
        Ok(Self { source: Source::One { chain: Some(chain), chip_id, bytes }, maker })
    }

    pub(crate) fn read(&mut self) -> Result<Option<Taken<'a>>, ManifestError> {
        match &mut self.source {
            Source::Xml(xml) => xml.read(self.maker),
            Source::One { chain, chip_id, .. } => Ok(chain.take().map(|chain| {
                let device = chip_id.take().map(|id| Device { field: "chip_id", id });
                self.maker.entry(1, Place::File, device, chain)
            })),
        }
    }
}

impl<R: Read> Resumable for Infineon<'_, R> {
    fn position(&self) -> Option<Plain> {
        match &self.source {
            Source::Xml(xml) => xml.position(),
            Source::One { .. } => Some(Plain::behind(1, 0)),
        }
    }

    fn go_on(&mut self, from: &Plain) -> Result<(), ManifestError> {
        match &mut self.source {
            Source::Xml(xml) => xml.go_on(from),
            Source::One { chain, .. } => {
                *chain = None;
                Ok(())
            }
        }
    }
}

impl<R: Read> Pieces for Infineon<'_, R> {
    fn step(&mut self) -> Result<bool, ManifestError> {
        Ok(self.read()?.is_some())
    }

    fn slice(&self) -> Option<Slice<'_>> {
        match &self.source {
            Source::Xml(xml) => xml.slice(),
            Source::One { bytes, .. } => Slice::of_one(bytes),
        }
    }

    fn frame(&self) -> Frame<'_> {
        match &self.source {
            Source::Xml(_) => Frame::GROUPS,
            Source::One { .. } => Frame::NONE,
        }
    }
}

/// What a file says about a device besides its certificate.
#[derive(Clone, Debug)]
struct Device {
    /// `chip_id` or `mac`.
    field: &'static str,
    id: String,
}

/// A certificate that passed, who issued it as far as that was verified, and what is odd about it.
struct Sound {
    certificate: Certificate,
    issuer: Option<Arc<IssuedBy>>,
    warnings: Vec<Warning>,
}

/// Makes entries of certificates, and checks them.
#[derive(Clone, Copy, Debug)]
struct Maker<'a> {
    context: Context<'a>,
}

impl<'a> Maker<'a> {
    fn entry(
        self,
        number: u64,
        place: Place,
        device: Option<Device>,
        chain: Result<Vec<Certificate>, Reason>,
    ) -> Taken<'a> {
        let bytes = chain.iter().flatten().map(|certificate| certificate.der().len()).sum();
        Taken::open(bytes, move |issuers| Ok(self.checked(number, place, device, chain, issuers)))
    }

    fn checked(
        self,
        number: u64,
        place: Place,
        device: Option<Device>,
        chain: Result<Vec<Certificate>, Reason>,
        issuers: &mut Issuers,
    ) -> Decoded {
        let known = device.as_ref().map(|device| device.id.clone());
        let mut id = known.unwrap_or_default();
        self.sound(chain, &mut id, issuers)
            .map(|Sound { certificate, issuer, warnings }| {
                let mut fields = certificate_fields(&certificate);
                if let Some(Device { field, id }) = device {
                    fields.insert(field.into(), id);
                }
                let (place, id) = (place.clone(), id.clone());
                Entry { number, place, id, certificate, fields, signer: None, issuer, warnings }
            })
            .map_err(|reason| EntryError { number, place, id, reason })
    }

    /// The device's certificate, if it is sound. `id` becomes its name, where it is empty.
    fn sound(
        self,
        chain: Result<Vec<Certificate>, Reason>,
        id: &mut String,
        issuers: &mut Issuers,
    ) -> Result<Sound, Reason> {
        let mut chain = chain?.into_iter();
        let certificate = chain.next().ok_or(Reason::NoCertificate { lite: false })?;
        if id.is_empty() {
            *id = certificate_name(&certificate);
        }
        let mut issuer = leaf::check_with(&certificate, chain.next(), issuers)?;
        let mut warnings = Warning::on_validity(&certificate, self.context.now);
        match self.context.issuers.check(&certificate) {
            Some(result) => issuer = Some(result.map_err(Reason::NotSignedByIssuer)?),
            None => warnings.push(Warning::issuer_not_uploaded()),
        }
        Ok(Sound { certificate, issuer, warnings })
    }
}

/// Everything that a file holds. `None` where it is more than an entry may have.
fn whole<R: Read>(
    input: &mut Input<R>,
    context: Context<'_>,
) -> Result<Option<Vec<u8>>, ManifestError> {
    let mut bytes = Vec::new();
    loop {
        let chunk = input
            .chunk()
            .map_err(|error| ManifestError::from_input(error, 0, context.limits.bytes))?;
        if chunk.is_empty() {
            return Ok(Some(bytes));
        }
        if bytes.len().saturating_add(chunk.len()) > context.limits.entry_bytes {
            return Ok(None);
        }
        bytes.extend_from_slice(chunk);
        let count = chunk.len();
        input.consume(count);
    }
}

/// Whether the first character is one that XML begins with.
fn is_xml(head: &[u8]) -> bool {
    let text = head.get(recognize::mark_length(head)..).unwrap_or_default();
    text.trim_ascii_start().first() == Some(&b'<')
}

/// Refuses what is no certificate by its first bytes. Where the file was recognized as one in PEM,
/// that need not be read again.
fn known(content: Content, head: &[u8]) -> Result<Option<Certificate>, ManifestError> {
    let wrong =
        |found| Err(ManifestError::WrongFormat { found, expected: Vendor::Infineon.into() });
    match content {
        Content::Empty => Err(ManifestError::Empty),
        Content::Foreign(found) => wrong(found),
        Content::DeviceInfos => wrong(foreign::MES_JSON),
        Content::Zip => wrong(foreign::ZIP),
        Content::PrivateKey => {
            let place = recognize::place_of_private_key(head);
            Err(ManifestError::PrivateKey { entries_read: 0, place })
        }
        Content::Manifest(Vendor::Infineon) => wrong(foreign::SEVEN_Z),
        Content::Manifest(found @ (Vendor::Microchip | Vendor::Espressif)) => {
            wrong(foreign::manifest(found))
        }
        Content::Certificate(certificate) => {
            let text = head.get(recognize::mark_length(head)..).unwrap_or_default();
            let is_pem = !recognize::is_der(text) && pem::find(text, pem::BEGIN).is_some();
            Ok(is_pem.then_some(*certificate))
        }
        Content::Manifest(Vendor::Generated) | Content::Unknown => Ok(None),
    }
}

/// The certificates of a whole file: one, or a chain with the device's in front.
fn chain(
    known: Option<Certificate>,
    bytes: &[u8],
    is_member: bool,
) -> Result<Result<Vec<Certificate>, Reason>, ManifestError> {
    let wrong =
        |found| Err(ManifestError::WrongFormat { found, expected: Vendor::Infineon.into() });
    if let Some(certificate) = known {
        return Ok(Ok(vec![certificate]));
    }
    match certificates_of(bytes) {
        Ok(chain) if is_chain(&chain) => Ok(Ok(chain)),
        Ok(_) => wrong(foreign::CERTIFICATES),
        Err(Fault::PrivateKey) => {
            let place = Place::File;
            Err(ManifestError::PrivateKey { entries_read: 0, place })
        }
        // A member of an archive came as a whole, or the archive would be broken.
        Err(Fault::Reason(_)) if !is_member && is_cut_short(bytes) => {
            let place = Place::File;
            Err(ManifestError::Truncated { entries_read: 0, place })
        }
        Err(Fault::Reason(_)) if !is_certificate(bytes) => wrong(foreign::UNKNOWN),
        Err(Fault::Reason(reason)) => Ok(Err(reason)),
    }
}

fn certificates_of(bytes: &[u8]) -> Result<Vec<Certificate>, Fault> {
    if pem::find(bytes, pem::BEGIN).is_some() {
        certificates::from_pem(bytes)
    } else if recognize::is_der(bytes) {
        Ok(vec![certificates::from_der(bytes.to_vec())?])
    } else {
        certificates::certificates(&base64::without_blanks(bytes))
    }
}

/// Whether what follows the first certificate is its issuer's, and not another device's.
fn is_chain(chain: &[Certificate]) -> bool {
    chain.get(1).is_none_or(Certificate::is_authority)
}

fn is_cut_short(bytes: &[u8]) -> bool {
    der::is_cut_short(bytes) || pem::blocks(bytes).any(|block| block.is_err())
}

/// Whether bytes are meant to be a certificate, though they are none.
fn is_certificate(bytes: &[u8]) -> bool {
    recognize::is_der(bytes) || pem::find(bytes, pem::BEGIN).is_some()
}
