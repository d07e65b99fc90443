//! Espressif's lists: a table with a MAC and a certificate in each row.

mod cells;
mod columns;
mod rows;

use std::io::Read;
use std::sync::Arc;

use self::cells::{Cells, Splitter};
use self::columns::Columns;
use self::rows::{Row, Rows};
use crate::base64;
use crate::certificate::{Certificate, Issuers};
use crate::context::Context;
use crate::crew::{Taken, Verdict};
use crate::entry::{Entry, Place, Warning, certificate_fields};
use crate::error::{EntryError, ManifestError};
use crate::excerpt::{Frame, Pieces, Slice};
use crate::generated::text::{self as certificates, Fault};
use crate::input::Input;
use crate::leaf;
use crate::leg::{Plain, Resumable};
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
    table: Arc<Table>,
    /// The table's first row, as it stands there.
    header: Vec<u8>,
    context: Context<'a>,
    number: u64,
}

/// What all rows have in common.
#[derive(Debug)]
struct Table {
    splitter: Splitter,
    columns: Columns,
}

/// Where a row stands.
#[derive(Debug)]
struct Spot {
    number: u64,
    place: Place,
    /// Whether only the end of the file ends it, so that it may be a part of itself.
    is_open: bool,
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
        let splitter = Splitter::new(delimiter);
        let unreadable = "the table's header cannot be read";
        let columns = match rows.advance(0)? {
            None => return Err(ManifestError::Empty),
            Some(Row::TooLarge) => return Err(malformed(rows.place(), unreadable)),
            Some(Row::Text) => match splitter.split(rows.text()) {
                Ok(names) => Columns::new(&names, rows.place())?,
                Err(_) => return Err(malformed(rows.place(), unreadable)),
            },
        };
        let header = rows.text().to_vec();
        let table = Arc::new(Table { splitter, columns });
        Ok(Self { rows, table, header, context, number: 0 })
    }

    pub(crate) fn read(&mut self) -> Result<Option<Taken<'a>>, ManifestError> {
        let read = self.number;
        let Some(row) = self.rows.advance(read)? else {
            return if read == 0 { Err(ManifestError::Empty) } else { Ok(None) };
        };
        self.number += 1;
        let (number, place) = (self.number, self.rows.place());
        let context = self.context;
        Ok(Some(match row {
            Row::TooLarge => {
                let reason = Reason::EntryTooLarge { limit: context.limits.entry_bytes };
                Taken::known(Err(EntryError { number, place, id: String::new(), reason }))
            }
            Row::Text => {
                let spot = Spot { number, place, is_open: self.rows.is_open() };
                let (text, table) = (self.rows.text().to_vec(), Arc::clone(&self.table));
                Taken::open(text.len(), move |issuers| {
                    verdict(&text, &table, spot, context, issuers)
                })
            }
        }))
    }
}

fn verdict(
    text: &[u8],
    table: &Table,
    spot: Spot,
    context: Context<'_>,
    issuers: &mut Issuers,
) -> Verdict {
    let Spot { number, place, is_open } = spot;
    let mut id = String::new();
    let result = table
        .splitter
        .split(text)
        .map_err(Fault::Reason)
        .and_then(|cells| entry(&cells, &table.columns, context, issuers, &mut id));
    match result {
        Ok(entry) => Ok(Ok(Entry { number, place, ..entry })),
        Err(Fault::PrivateKey) => {
            Err(ManifestError::PrivateKey { entries_read: number - 1, place })
        }
        // The last row need not have an end, and without one it may be a part of itself.
        Err(Fault::Reason(reason)) if is_open && is_cut(&reason) => {
            Err(ManifestError::Truncated { entries_read: number - 1, place })
        }
        Err(Fault::Reason(reason)) => Ok(Err(EntryError { number, place, id, reason })),
    }
}

/// Reads one row; its place is left to the caller. `id` becomes the MAC, as soon as it is known.
fn entry(
    cells: &Cells<'_>,
    columns: &Columns,
    context: Context<'_>,
    issuers: &mut Issuers,
    id: &mut String,
) -> Result<Entry, Fault> {
    *id = columns.claimed_mac(cells);
    let row = columns.row(cells)?;
    let mac = mac::parse(row.mac)?;
    id.clone_from(&mac);
    let mut chain = chain(row.cert.as_bytes())?.into_iter();
    let certificate = chain.next().ok_or(Reason::NoCertificate { lite: false })?;
    let issuer = leaf::check_with(&certificate, chain.next(), issuers)?;
    check_common_name(&certificate, row.cn)?;
    let mut fields = certificate_fields(&certificate);
    fields.insert("mac".into(), mac.clone());
    for (name, value) in row.further {
        fields.entry(name.to_owned().into()).or_insert_with(|| value.to_owned());
    }
    let warnings = Warning::on_validity(&certificate, context.now);
    let (number, place) = (0, Place::File);
    Ok(Entry { number, place, id: mac, certificate, fields, signer: None, issuer, warnings })
}

impl<R: Read> Resumable for Espressif<'_, R> {
    fn position(&self) -> Option<Plain> {
        Some(self.rows.behind(self.number))
    }

    fn go_on(&mut self, from: &Plain) -> Result<(), ManifestError> {
        self.number = from.entries;
        self.rows.go_on(from)
    }
}

impl<R: Read> Pieces for Espressif<'_, R> {
    fn step(&mut self) -> Result<bool, ManifestError> {
        // A private key is no entry to be copied.
        match self.read()? {
            Some(taken) => taken.judge(&mut Issuers::default()).map(|_| true),
            None => Ok(false),
        }
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
    if pem::begins_in(cell) {
        certificates::from_pem(cell)
    } else {
        certificates::certificates(&base64::without_blanks(cell))
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
