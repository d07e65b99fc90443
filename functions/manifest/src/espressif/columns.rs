//! The columns of a list, by their names.

use super::cells::Cells;
use super::malformed;
use crate::entry::Place;
use crate::error::ManifestError;
use crate::reason::Reason;
use crate::recognize;
use crate::text;

/// How many columns a list may have. Each further one becomes a field of every device.
const MOST: usize = 50;
/// How many characters the value in a further column may have: AWS IoT's limit for an attribute of
/// a thing.
const LONGEST: usize = 800;

/// Where the columns are.
#[derive(Debug)]
pub(super) struct Columns {
    mac: usize,
    cert: usize,
    cn: Option<usize>,
    /// All names, in lower case; empty where a column has none.
    names: Vec<String>,
}

/// A row's cells, by what they are.
#[derive(Debug)]
pub(super) struct Row<'c> {
    pub mac: &'c str,
    pub cert: &'c str,
    /// `None` where the list does not say.
    pub cn: Option<&'c str>,
    /// The columns that nothing here depends on, with something in them.
    pub further: Vec<(&'c str, &'c str)>,
}

impl Columns {
    pub(super) fn new(header: &Cells<'_>, place: Place) -> Result<Self, ManifestError> {
        if header.len() > MOST {
            return Err(malformed(place, "the table has more than 50 columns"));
        }
        let names: Vec<String> =
            header.iter().map(|name| name.trim().to_ascii_lowercase()).collect();
        if names.iter().any(|name| name.chars().count() > LONGEST) {
            return Err(malformed(place, "the name of a column has more than 800 characters"));
        }
        let find = |column: &'static str| {
            let mut found = (0..).zip(&names).filter(|(_, name)| *name == column);
            match (found.next(), found.next()) {
                (first, None) => Ok(first.map(|(at, _)| at)),
                _ => Err(ManifestError::DuplicateColumn {
                    entries_read: 0,
                    place: place.clone(),
                    column,
                }),
            }
        };
        let need = |column| {
            find(column)?.ok_or(ManifestError::MissingColumn {
                entries_read: 0,
                place: place.clone(),
                column,
            })
        };
        Ok(Self { mac: need("mac")?, cert: need("cert")?, cn: find("cn")?, names })
    }

    /// The MAC as a row claims it, whatever else is wrong with the row.
    pub(super) fn claimed_mac(&self, cells: &Cells<'_>) -> String {
        cells.get(self.mac).map(|mac| text::excerpt(mac.trim())).unwrap_or_default()
    }

    /// The cells of a row under these columns.
    pub(super) fn row<'c>(&'c self, cells: &'c Cells<'_>) -> Result<Row<'c>, Reason> {
        if let Some(missing) = self.names.get(cells.len()) {
            return Err(Reason::MissingCell { column: text::excerpt(missing) });
        }
        if cells.len() > self.names.len() {
            return Err(Reason::malformed("the row has more cells than the table has columns"));
        }
        let cell = |at: usize| cells.get(at).map_or("", str::trim);
        let need = |at: usize, column: &str| match cell(at) {
            "" => Err(Reason::MissingCell { column: column.to_owned() }),
            cell => Ok(cell),
        };
        let mut further = Vec::new();
        for (name, value) in self.names.iter().zip(cells.iter()) {
            let value = value.trim();
            if ["", "mac", "cert", "cn"].contains(&name.as_str()) {
                continue;
            }
            if value.chars().count() > LONGEST {
                let column = text::excerpt(name);
                return Err(Reason::CellTooLong { column, limit: LONGEST });
            }
            further.push((name.as_str(), value));
        }
        let cn = self.cn.map(cell).filter(|cn| !cn.is_empty());
        Ok(Row { mac: need(self.mac, "mac")?, cert: need(self.cert, "cert")?, cn, further })
    }
}

/// What stands between the cells: a semicolon where the header has more of those, as programs for
/// tables write it in half of Europe.
pub(super) fn delimiter(head: &[u8]) -> u8 {
    let text = head.get(recognize::mark_length(head)..).unwrap_or_default().trim_ascii_start();
    let header = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let cells = |delimiter: u8| header.split(|byte| *byte == delimiter).count();
    if cells(b';') > cells(b',') { b';' } else { b',' }
}
