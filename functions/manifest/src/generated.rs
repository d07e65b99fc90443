//! Certificates without a vendor's format around them.
//!
//! A line of base64 is one entry, be it of a DER or of PEM; several PEM blocks in one line are a
//! chain, leaf first. In plain PEM each block is an entry. A DER file is one entry.

pub(crate) mod text;

use std::io::Read;

use self::text::Fault;
use crate::certificate::{Certificate, Issuers, der};
use crate::context::Context;
use crate::crew::{Taken, Verdict};
use crate::entry::{Entry, Place, Warning, certificate_fields, certificate_name};
use crate::error::{Decoded, EntryError, ManifestError};
use crate::excerpt::{Frame, Pieces, Slice};
use crate::input::Input;
use crate::leaf;
use crate::leg::{Plain, Resumable};
use crate::lines::{Line, Lines};
use crate::pem;
use crate::private_key;
use crate::reason::Reason;
use crate::recognize::{self, Content, foreign};
use crate::vendor::Vendor;

/// What ends a PEM block.
const END: &[u8] = b"-----END ";
/// How base64 of `-----BEGIN` and of a certificate's DER begin.
const TELLTALES: [&[u8]; 2] = [b"LS0tLS1CRUdJ", b"MII"];

/// A file of certificates being read.
#[derive(Debug)]
pub(crate) struct Generated<'a, R> {
    context: Context<'a>,
    source: Source<R>,
    /// The last entry, as it stands in the file.
    text: Vec<u8>,
    number: u64,
}

#[derive(Debug)]
enum Source<R> {
    /// The whole file is one certificate.
    One(Option<Box<Certificate>>),
    Lines {
        lines: Lines<R>,
        /// The file has PEM blocks, so that what stands between them is explanation and no damage.
        is_pem: bool,
    },
}

/// What belongs to one entry, and how it is read from the entry's text.
enum Found {
    Known(Chain),
    Open(fn(&[u8]) -> Chain),
}

/// The certificates of one entry.
type Chain = Result<Vec<Certificate>, Fault>;

impl<'a, R: Read> Generated<'a, R> {
    pub(crate) fn open(mut input: Input<R>, context: Context<'a>) -> Result<Self, ManifestError> {
        let (head, complete) = input
            .head()
            .map_err(|error| ManifestError::from_input(error, 0, context.limits.bytes))?;
        let wrong =
            |found| Err(ManifestError::WrongFormat { found, expected: Vendor::Generated.into() });
        let text = head.get(recognize::mark_length(head)..).unwrap_or_default();
        let is_pem = pem::find(text, pem::BEGIN).is_some();
        let is_der = recognize::is_der(text);
        let whole = match recognize::recognize(head, complete) {
            Content::Empty => return Err(ManifestError::Empty),
            Content::Foreign(found) => return wrong(found),
            Content::DeviceInfos => return wrong(foreign::MES_JSON),
            Content::Zip => return wrong(foreign::ZIP),
            Content::Manifest(
                found @ (Vendor::Microchip | Vendor::Infineon | Vendor::Espressif),
            ) => return wrong(foreign::manifest(found)),
            // DER has no lines, and neither has base64 that was wrapped.
            Content::Certificate(certificate) if is_der || is_wrapped(text, is_pem) => {
                Some(certificate)
            }
            // A text is read on, so that the key's place is found.
            Content::PrivateKey
                if private_key::in_der(text)
                    || recognize::starts_json(text)
                    || is_wrapped(text, is_pem) =>
            {
                let place = recognize::place_of_private_key(head);
                return Err(ManifestError::PrivateKey { entries_read: 0, place });
            }
            Content::Unknown if is_der && complete && der::is_cut_short(text) => {
                return Err(ManifestError::Truncated { entries_read: 0, place: Place::File });
            }
            Content::Unknown if is_der => return wrong(foreign::BINARY),
            Content::Unknown if recognize::starts_json(text) => return wrong(foreign::JSON),
            Content::Certificate(_)
            | Content::Manifest(Vendor::Generated)
            | Content::PrivateKey
            | Content::Unknown => None,
        };
        let mark = recognize::mark_length(head);
        let mut text = Vec::new();
        let source = if whole.is_some() {
            text.extend_from_slice(head);
            Source::One(whole)
        } else {
            input.consume(mark);
            Source::Lines { lines: Lines::new(input, context.limits), is_pem }
        };
        Ok(Self { context, source, text, number: 0 })
    }

    pub(crate) fn read(&mut self) -> Result<Option<Taken<'a>>, ManifestError> {
        let next = match &mut self.source {
            Source::One(certificate) => certificate
                .take()
                .map(|certificate| (Place::File, Found::Known(Ok(vec![*certificate])))),
            Source::Lines { lines, is_pem } => {
                next(lines, *is_pem, self.context, self.number, &mut self.text)?
            }
        };
        let Some((place, found)) = next else {
            return if self.number == 0 { Err(ManifestError::Empty) } else { Ok(None) };
        };
        if self.number >= self.context.limits.entries {
            return Err(ManifestError::TooManyEntries { limit: self.context.limits.entries });
        }
        self.number += 1;
        let (number, now) = (self.number, self.context.now);
        Ok(Some(match found {
            Found::Known(chain) => {
                let bytes = chain.iter().flatten().map(|it| it.der().len()).sum();
                Taken::open(bytes, move |issuers| verdict(number, place, chain, now, issuers))
            }
            Found::Open(chain) => {
                let text = self.text.clone();
                Taken::open(text.len(), move |issuers| {
                    verdict(number, place, chain(&text), now, issuers)
                })
            }
        }))
    }
}

fn verdict(number: u64, place: Place, chain: Chain, now: i64, issuers: &mut Issuers) -> Verdict {
    match chain {
        Ok(chain) => Ok(entry(number, place, chain, now, issuers)),
        Err(Fault::PrivateKey) => {
            Err(ManifestError::PrivateKey { entries_read: number - 1, place })
        }
        Err(Fault::Reason(reason)) => {
            Ok(Err(EntryError { number, place, id: String::new(), reason }))
        }
    }
}

impl<R: Read> Resumable for Generated<'_, R> {
    fn position(&self) -> Option<Plain> {
        Some(match &self.source {
            Source::One(_) => Plain::behind(self.number, 0),
            Source::Lines { lines, .. } => lines.behind(self.number),
        })
    }

    fn go_on(&mut self, from: &Plain) -> Result<(), ManifestError> {
        self.number = from.entries;
        match &mut self.source {
            Source::One(certificate) => {
                *certificate = None;
                Ok(())
            }
            Source::Lines { lines, .. } => lines.go_on(from),
        }
    }
}

impl<R: Read> Pieces for Generated<'_, R> {
    fn step(&mut self) -> Result<bool, ManifestError> {
        // A private key is no entry to be copied.
        match self.read()? {
            Some(taken) => taken.judge(&mut Issuers::default()).map(|_| true),
            None => Ok(false),
        }
    }

    fn slice(&self) -> Option<Slice<'_>> {
        Slice::of_one(&self.text)
    }

    fn frame(&self) -> Frame<'_> {
        Frame::NONE
    }
}

fn entry(
    number: u64,
    place: Place,
    chain: Vec<Certificate>,
    now: i64,
    issuers: &mut Issuers,
) -> Decoded {
    let mut chain = chain.into_iter();
    let refuse = |id, reason| EntryError { number, place: place.clone(), id, reason };
    let Some(certificate) = chain.next() else {
        return Err(refuse(String::new(), Reason::NoCertificate { lite: false }));
    };
    let id = certificate_name(&certificate);
    let issuer = match leaf::check_with(&certificate, chain.next(), issuers) {
        Ok(issuer) => issuer,
        Err(reason) => return Err(refuse(id, reason)),
    };
    let fields = certificate_fields(&certificate);
    let warnings = Warning::on_validity(&certificate, now);
    Ok(Entry { number, place, id, certificate, fields, signer: None, issuer, warnings })
}

/// Whether the text is one base64 text over several lines.
fn is_wrapped(text: &[u8], is_pem: bool) -> bool {
    !is_pem
        && text.trim_ascii().contains(&b'\n')
        && text::certificates(
            text.split(|byte| *byte == b'\n').next().unwrap_or_default().trim_ascii(),
        )
        .is_err()
}

/// The next line or block that is an entry, and where it begins. `line` becomes its text, with the
/// end of its last line, and nothing where it is too large to be kept.
fn next<R: Read>(
    lines: &mut Lines<R>,
    is_pem: bool,
    context: Context<'_>,
    read: u64,
    line: &mut Vec<u8>,
) -> Result<Option<(Place, Found)>, ManifestError> {
    let limit = context.limits.entry_bytes;
    let too_large = || Found::Known(Err(Fault::Reason(Reason::EntryTooLarge { limit })));
    while let Some(kept) = lines.advance(line, read)? {
        let place = lines.place();
        if kept == Line::TooLarge {
            return Ok(Some((place, too_large())));
        }
        let text = line.trim_ascii();
        if text.is_empty() {
            continue;
        }
        if text.starts_with(pem::BEGIN) {
            let block = block(lines, line.clone(), limit, read)?;
            *line = block.unwrap_or_default();
            if line.is_empty() {
                return Ok(Some((place, too_large())));
            }
            line.push(b'\n');
            return Ok(Some((place, Found::Open(text::from_pem))));
        }
        if !is_pem {
            line.push(b'\n');
            return Ok(Some((place, Found::Open(text::from_line))));
        }
        let found = text::certificates(text);
        let is_explanation = matches!(found, Err(Fault::Reason(_)))
            && !TELLTALES.iter().any(|telltale| text.starts_with(telltale));
        if !is_explanation {
            line.push(b'\n');
            return Ok(Some((place, Found::Known(found))));
        }
    }
    Ok(None)
}

/// Reads a PEM block to its end. `None` where it is larger than one entry may be.
fn block<R: Read>(
    lines: &mut Lines<R>,
    mut block: Vec<u8>,
    limit: usize,
    read: u64,
) -> Result<Option<Vec<u8>>, ManifestError> {
    let place = lines.place();
    let mut fits = true;
    let mut line = block.clone();
    while pem::find(&line, END).is_none() {
        match lines.advance(&mut line, read)? {
            None => return Err(ManifestError::Truncated { entries_read: read, place }),
            Some(kept) => fits &= kept == Line::Text,
        }
        fits &= block.len().saturating_add(line.len()) < limit;
        if fits {
            block.push(b'\n');
            block.extend_from_slice(&line);
        }
    }
    Ok(fits.then_some(block))
}
