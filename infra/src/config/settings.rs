//! Single values that are set beside the file, `--set KEY=VALUE`.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Problem;

/// One value that takes the place of the file's, such as `rate.register_certificate=20`.
///
/// The key is written as in TOML, with dots between its parts. The value is one of TOML, or a text that needs no
/// quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    text: String,
    key: String,
    value: String,
    /// Tables on the way to the key.
    depth: usize,
}

impl Setting {
    /// Reads `KEY=VALUE`.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let problem = || {
            Problem::new(
                "",
                format!(
                    "--set {text}: no KEY=VALUE, such as rate.register_certificate=20 or stack=acme"
                ),
            )
        };
        let (key, value) = text.split_once('=').ok_or_else(problem)?;
        let (key, value) = (key.trim(), value.trim());
        let in_quotes = || format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""));
        let value = if DeValue::parse(value).is_ok() { value.to_owned() } else { in_quotes() };
        let depth = depth(key).ok_or_else(problem)?;
        let setting = Self { text: text.to_owned(), key: key.to_owned(), value, depth };
        // A line break in the value would be another key.
        match DeTable::parse(&setting.line()) {
            Ok(table) if table.get_ref().len() == 1 => Ok(setting),
            _ => Err(problem()),
        }
    }

    /// The first part of the key.
    #[must_use]
    pub fn root(&self) -> &str {
        self.key.split('.').next().unwrap_or_default().trim()
    }

    fn line(&self) -> String {
        format!("{} = {}", self.key, self.value)
    }
}

/// The settings as one text behind the file's, a line each: so that a position beyond the file tells the setting.
pub(super) fn appended(file: &str, settings: &[Setting]) -> Vec<String> {
    let mut length = file.len();
    let mut texts = Vec::new();
    for setting in settings {
        // Parsed alone, and with positions of its own.
        let text = format!("{}{}", " ".repeat(length), setting.line());
        length = text.len();
        texts.push(text);
    }
    texts
}

/// Which setting a position belongs to; none: it is in the file.
pub(super) fn at<'s>(
    file: &str,
    settings: &'s [Setting],
    texts: &[String],
    offset: usize,
) -> Option<&'s str> {
    if offset < file.len() {
        return None;
    }
    let index = texts.iter().position(|text| offset < text.len())?;
    settings.get(index).map(|setting| setting.text.as_str())
}

/// How many tables a key leads through; none where it is no key.
fn depth(key: &str) -> Option<usize> {
    let text = format!("{key} = 0");
    let parsed = DeTable::parse(&text).ok()?;
    let mut table = parsed.get_ref();
    let mut depth = 0;
    loop {
        match table.values().next()?.get_ref() {
            DeValue::Table(next) => table = next,
            _ => return Some(depth),
        }
        depth += 1;
    }
}

/// Puts the settings' values where they belong; tables on the way are made where they are missing.
pub(super) fn apply<'t>(document: &mut DeTable<'t>, settings: &[Setting], texts: &'t [String]) {
    for (setting, text) in settings.iter().zip(texts) {
        merge(document, DeTable::parse_recoverable(text).0.into_inner(), setting.depth);
    }
}

fn merge<'t>(into: &mut DeTable<'t>, from: DeTable<'t>, depth: usize) {
    for (key, mut value) in from {
        if let (true, Some(DeValue::Table(present)), DeValue::Table(more)) =
            (depth > 0, into.get_mut(&key).map(Spanned::get_mut), value.get_mut())
        {
            merge(present, std::mem::take(more), depth - 1);
            continue;
        }
        // The key as well: its position is where a mistake in it is told.
        into.remove(&key);
        into.insert(key, value);
    }
}
