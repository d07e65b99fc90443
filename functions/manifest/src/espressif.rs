//! Espressif's lists: a table with a MAC and a certificate in each row.

mod columns;
mod rows;

use std::io::Read;

use self::columns::Columns;
use self::rows::{Row, Rows};
use crate::certificate::{Certificate, Issuers};
use crate::context::Context;
use crate::entry::{Entry, Place, Warning, certificate_fields};
use crate::error::{Decoded, EntryError, ManifestError};
use crate::excerpt::{Frame, Pieces, Slice};
use crate::generated::text::{self as certificates, Fault};
use crate::input::Input;
use crate::leaf;
use crate::mac;
use crate::pem;
use crate::reason::Reason;
use crate::recognize::{self, Content, foreign};
use crate::text;
use crate::vendor::Vendor;

/// A list being read.
#[derive(Debug)]
pub(crate) struct Espressif<'a, R> {
    rows: Rows<R>,
    columns: Columns,
    /// The table's first row, as it stands there.
    header: Vec<u8>,
    context: Context<'a>,
    issuers: Issuers,
    number: u64,
}

impl<'a, R: Read> Espressif<'a, R> {
    pub(crate) fn open(mut input: Input<R>, context: Context<'a>) -> Result<Self, ManifestError> {
        let (head, complete) = input
            .head()
            .map_err(|error| ManifestError::from_input(error, 0, context.limits.bytes))?;
        let wrong =
            |found| ManifestError::WrongFormat { found, expected: Vendor::Espressif.into() };
        match recognize::recognize(head, complete) {
            Content::Manifest(Vendor::Espressif) => {}
            Content::Empty => return Err(ManifestError::Empty),
            Content::Foreign(found) => return Err(wrong(found)),
            Content::DeviceInfos => return Err(wrong(foreign::MES_JSON)),
            Content::Zip => return Err(wrong(foreign::ZIP)),
            Content::Certificate(_) => return Err(wrong(foreign::CERTIFICATES)),
            Content::Manifest(found) => return Err(wrong(foreign::manifest(found))),
            Content::Unknown => return Err(wrong(foreign::UNKNOWN)),
            Content::PrivateKey => {
                let place = recognize::place_of_private_key(head);
                return Err(ManifestError::PrivateKey { entries_read: 0, place });
            }
        }
        let mark = recognize::mark_length(head);
        let delimiter = columns::delimiter(head);
        input.consume(mark);
        let mut rows = Rows::new(input, context.limits, delimiter);
        let unreadable = "the table's header cannot be read";
        let columns = match rows.advance(0)? {
            None => return Err(ManifestError::Empty),
            Some(Row::TooLarge) => return Err(malformed(rows.place(), unreadable)),
            Some(Row::Text) => match rows.cells() {
                Ok(names) => Columns::new(&names, rows.place())?,
                Err(_) => return Err(malformed(rows.place(), unreadable)),
            },
        };
        let header = rows.text().to_vec();
        Ok(Self { rows, columns, header, context, issuers: Issuers::default(), number: 0 })
    }

    pub(crate) fn read(&mut self) -> Result<Option<Decoded>, ManifestError> {
        let read = self.number;
        let Some(row) = self.rows.advance(read)? else {
            return if read == 0 { Err(ManifestError::Empty) } else { Ok(None) };
        };
        let place = self.rows.place();
        let mut id = String::new();
        let result = match row {
            Row::TooLarge => {
                let limit = self.context.limits.entry_bytes;
                Err(Fault::Reason(Reason::EntryTooLarge { limit }))
            }
            Row::Text => self
                .rows
                .cells()
                .map_err(Fault::Reason)
                .and_then(|cells| self.entry(&cells, &mut id)),
        };
        // The last row need not have an end, and without one it may be a part of itself.
        if self.rows.is_open() && matches!(&result, Err(Fault::Reason(reason)) if is_cut(reason)) {
            return Err(ManifestError::Truncated { entries_read: read, place });
        }
        self.number += 1;
        let number = self.number;
        match result {
            Ok(entry) => Ok(Some(Ok(Entry { number, place, ..entry }))),
            Err(Fault::Reason(reason)) => Ok(Some(Err(EntryError { number, place, id, reason }))),
            Err(Fault::PrivateKey) => Err(ManifestError::PrivateKey { entries_read: read, place }),
        }
    }

    /// Reads one row. `id` becomes the MAC, as soon as it is known.
    fn entry(&mut self, cells: &[String], id: &mut String) -> Result<Entry, Fault> {
        *id = self.columns.claimed_mac(cells);
        let row = self.columns.row(cells)?;
        let mac = mac::parse(row.mac)?;
        id.clone_from(&mac);
        let mut chain = chain(row.cert.as_bytes())?.into_iter();
        let certificate = chain.next().ok_or(Reason::NoCertificate { lite: false })?;
        let issuer = leaf::check_with(&certificate, chain.next(), &mut self.issuers)?;
        check_common_name(&certificate, row.cn)?;
        let mut fields = certificate_fields(&certificate);
        fields.insert("mac".into(), mac.clone());
        for (name, value) in row.further {
            fields.entry(name.to_owned().into()).or_insert_with(|| value.to_owned());
        }
        let warnings = Warning::on_validity(&certificate, self.context.now);
        let (number, place) = (self.number, Place::File);
        Ok(Entry { number, place, id: mac, certificate, fields, signer: None, issuer, warnings })
    }
}

impl<R: Read> Pieces for Espressif<'_, R> {
    fn step(&mut self) -> Result<bool, ManifestError> {
        Ok(self.read()?.is_some())
    }

    fn slice(&self) -> Option<Slice<'_>> {
        Slice::of_one(self.rows.text())
    }

    fn frame(&self) -> Frame<'_> {
        Frame { start: &self.header, ..Frame::NONE }
    }
}

/// The certificates of a cell, the device's first.
fn chain(cell: &[u8]) -> Result<Vec<Certificate>, Fault> {
    if pem::find(cell, pem::BEGIN).is_some() {
        certificates::from_pem(cell)
    } else {
        certificates::certificates(&recognize::without_blanks(cell))
    }
}

/// Whether a row that is a part of itself can be refused so.
const fn is_cut(reason: &Reason) -> bool {
    matches!(
        reason,
        Reason::MissingCell { .. }
            | Reason::Malformed(_)
            | Reason::CertificateMalformed(_)
            | Reason::Mac { .. }
    )
}

/// A row whose CN is another than its certificate's is put together from two devices.
fn check_common_name(certificate: &Certificate, expected: Option<&str>) -> Result<(), Reason> {
    let named = certificate.common_name();
    match expected {
        Some(expected) if named != Some(expected) => Err(Reason::OtherDevice {
            named: named.map_or_else(|| "without a CN".to_owned(), text::excerpt),
            expected: text::excerpt(expected),
        }),
        _ => Ok(()),
    }
}

const fn malformed(place: Place, what: &'static str) -> ManifestError {
    ManifestError::Malformed { entries_read: 0, place, what }
}
