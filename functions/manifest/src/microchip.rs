//! Microchip's manifests: an array of signed secure elements.
//!
//! Each element is a JWS of its own, so elements may be split and merged into other arrays freely,
//! and each one is verified by itself: first its signer's signature, then everything that it says.

mod elements;
mod envelope;
mod payload;

use std::io::Read;

use self::elements::Elements;
use self::envelope::Envelope;
use self::payload::SecureElement;
use crate::certificate::{Certificate, Issuers};
use crate::context::Context;
use crate::crew::{Taken, Verdict};
use crate::entry::{Entry, Place, Warning, certificate_fields};
use crate::error::{EntryError, ManifestError};
use crate::excerpt::{Frame, Pieces, Slice};
use crate::input::Input;
use crate::json::{Borrowed, JsonError, Length, Members};
use crate::leaf;
use crate::leg::{Plain, Resumable};
use crate::reason::Reason;
use crate::recognize::{self, Content, foreign};
use crate::text;
use crate::vendor::Vendor;

/// A manifest being read.
#[derive(Debug)]
pub(crate) struct Microchip<'a, R> {
    elements: Elements<R>,
    context: Context<'a>,
}

/// Why an element gives no device.
#[derive(Debug)]
enum Refusal {
    /// It holds a private key, which makes the whole file one that must not be here.
    PrivateKey,
    /// Something else, which costs the entry alone.
    Reason(Reason),
}

impl From<Reason> for Refusal {
    fn from(reason: Reason) -> Self {
        Self::Reason(reason)
    }
}

impl<'a, R: Read> Microchip<'a, R> {
    pub(crate) fn open(mut input: Input<R>, context: Context<'a>) -> Result<Self, ManifestError> {
        let (head, complete) = input
            .head()
            .map_err(|error| ManifestError::from_input(error, 0, context.limits.bytes))?;
        let wrong =
            |found| ManifestError::WrongFormat { found, expected: Vendor::Microchip.into() };
        let is_json = recognize::starts_json(head);
        match recognize::recognize(head, complete) {
            Content::Empty => return Err(ManifestError::Empty),
            Content::Manifest(Vendor::Microchip) => {}
            Content::Foreign(found) => return Err(wrong(found)),
            Content::DeviceInfos => return Err(wrong(foreign::MES_JSON)),
            Content::Zip => return Err(wrong(foreign::ZIP)),
            // Reading on finds the place, and a damaged manifest gets a better word than "unknown".
            Content::PrivateKey | Content::Unknown if is_json => {}
            Content::PrivateKey => {
                let place = recognize::place_of_private_key(head);
                return Err(ManifestError::PrivateKey { entries_read: 0, place });
            }
            Content::Unknown => return Err(wrong(foreign::UNKNOWN)),
            Content::Certificate(_) => return Err(wrong(foreign::CERTIFICATES)),
            Content::Manifest(found) => return Err(wrong(foreign::manifest(found))),
        }
        let mark = recognize::mark_length(head);
        input.consume(mark);
        let elements = Elements::new(input, context.limits);
        Ok(Self { elements, context })
    }

    pub(crate) fn read(&mut self) -> Result<Option<Taken<'a>>, ManifestError> {
        let Some(element) = self.elements.advance()? else {
            if self.elements.number() == 0 {
                return Err(ManifestError::Empty);
            }
            return Ok(None);
        };
        let number = self.elements.number();
        let context = self.context;
        Ok(Some(match element {
            Length::TooLarge => {
                let (place, id) = (Place::Entry(number), String::new());
                let reason = Reason::EntryTooLarge { limit: context.limits.entry_bytes };
                Taken::known(Err(EntryError { number, place, id, reason }))
            }
            Length::Fits => {
                let text = self.elements.text().to_vec();
                Taken::open(text.len(), move |issuers| verdict(&text, context, issuers, number))
            }
        }))
    }
}

impl<R: Read> Resumable for Microchip<'_, R> {
    fn position(&self) -> Option<Plain> {
        Some(self.elements.position())
    }

    fn go_on(&mut self, from: &Plain) -> Result<(), ManifestError> {
        self.elements.go_on(from)
    }
}

fn verdict(text: &[u8], context: Context<'_>, issuers: &mut Issuers, number: u64) -> Verdict {
    let place = Place::Entry(number);
    let mut id = String::new();
    match entry(text, context, issuers, number, &mut id) {
        Ok(entry) => Ok(Ok(entry)),
        Err(Refusal::Reason(reason)) => Ok(Err(EntryError { number, place, id, reason })),
        Err(Refusal::PrivateKey) => {
            Err(ManifestError::PrivateKey { entries_read: number - 1, place })
        }
    }
}

impl<R: Read> Pieces for Microchip<'_, R> {
    fn step(&mut self) -> Result<bool, ManifestError> {
        Ok(self.read()?.is_some())
    }

    fn slice(&self) -> Option<Slice<'_>> {
        // Of an element that is too large, no text is kept.
        Slice::of_one(self.elements.text())
    }

    fn frame(&self) -> Frame<'_> {
        Frame::ARRAY
    }
}

/// Verifies one element. `id` becomes what the element is known by, as soon as it is known.
fn entry(
    text: &[u8],
    context: Context<'_>,
    issuers: &mut Issuers,
    number: u64,
    id: &mut String,
) -> Result<Entry, Refusal> {
    let depth = context.limits.depth;
    let members = object(text, depth, "it")?;
    let envelope = Envelope::parse(&members, depth)?;
    *id = envelope.claimed_id();
    let signer = envelope.verify(context.signers).map_err(|reason| {
        // A private key is one whether or not its entry is genuine.
        if payload::holds_private_key(envelope.payload(), depth) {
            Refusal::PrivateKey
        } else {
            Refusal::Reason(reason)
        }
    })?;

    let payload = payload::parse(envelope.payload(), depth)?;
    let element = SecureElement::read(&payload)?;
    id.clone_from(&element.unique_id);
    if let Some(header) = envelope.unique_id()
        && !header.eq_ignore_ascii_case(&element.unique_id)
    {
        let header = text::excerpt(header);
        return Err(Reason::UniqueIdEdited { header, payload: element.unique_id }.into());
    }

    let key = element.certified_key()?;
    let certificate = Certificate::parse(key.leaf()?).map_err(Reason::CertificateMalformed)?;
    leaf::check(&certificate)?;
    let mut warnings = Warning::on_validity(&certificate, context.now);
    let issuer = if let Some(issuer) = key.issuer() {
        let read = || payload::x5c_der(issuer).and_then(Certificate::parse);
        Some(issuers.check(&certificate, issuer.as_bytes(), read)?)
    } else {
        warnings.push(Warning::no_issuer());
        None
    };
    key.check_certifies(&certificate)?;
    payload::check_common_name(&certificate, &element.unique_id)?;

    let mut fields = certificate_fields(&certificate);
    fields.insert("unique_id".into(), element.unique_id.clone());
    for (field, value) in [("part_number", element.part_number), ("model", element.model)] {
        if let Some(value) = value {
            fields.insert(field.into(), value.to_owned());
        }
    }
    let id = element.unique_id;
    let place = Place::Entry(number);
    Ok(Entry { number, place, id, certificate, fields, signer: Some(signer), issuer, warnings })
}

/// Reads a JSON object, and says what is wrong with another.
fn object<'t>(text: &'t [u8], depth: usize, what: &'static str) -> Result<Members<'t>, Reason> {
    match Borrowed::parse(text, depth) {
        Ok(Borrowed::Object(members)) => Ok(members),
        Ok(_) => Err(Reason::Malformed(format!("{what} is not a JSON object").into())),
        Err(JsonError::Syntax { line, column }) => Err(Reason::Malformed(
            format!("{what} is broken JSON, at line {line}, column {column} of it").into(),
        )),
        Err(JsonError::Duplicate(member)) => {
            Err(Reason::DuplicateMember { member: text::excerpt(&member) })
        }
        Err(JsonError::TooDeep) => Err(Reason::TooDeep { limit: depth }),
    }
}
