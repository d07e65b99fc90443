//! From TOML text to a configuration, with the place of every mistake.

mod options;
mod profiles;

use std::collections::{BTreeMap, BTreeSet};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{
    Architecture, Bundle, Config, ConfigError, Infineon, Log, Microchip, Place, Problem, Rate,
    Setting, Signers, Vendors, settings, suggest,
};

/// The keys and tables of the file itself.
const KEYS: [&str; 12] = [
    "stack",
    "architecture",
    "bucket_names",
    "encryption",
    "access_logs",
    "permissions_boundary",
    "profile",
    "vendor",
    "rate",
    "reserved_concurrency",
    "notify",
    "log",
];
/// Instead of a pin: whoever may upload a certificate to the bucket is trusted to name a signer.
const UPLOADED: &str = "uploaded";

pub(super) fn read(text: &str, settings: &[Setting]) -> Result<Config, ConfigError> {
    let (mut document, errors) = DeTable::parse_recoverable(text);
    let appended = settings::appended(text, settings);
    let mut reader = Reader {
        text,
        settings,
        appended: &appended,
        places: BTreeMap::new(),
        problems: Vec::new(),
    };
    if !errors.is_empty() {
        let problem = |error: &toml::de::Error| Problem {
            place: error.span().map(|span| reader.place(span.start)),
            key: String::new(),
            message: error.message().to_owned(),
        };
        return Err(ConfigError::Syntax(errors.iter().map(problem).collect()));
    }
    settings::apply(document.get_mut(), settings, &appended);
    let config = reader.config(document.get_ref());
    let problems = reader.finish(config.problems());
    if problems.is_empty() { Ok(config) } else { Err(ConfigError::Invalid(problems)) }
}

struct Reader<'t> {
    text: &'t str,
    settings: &'t [Setting],
    appended: &'t [String],
    /// Where each key stands.
    places: BTreeMap<String, Place>,
    problems: Vec<Problem>,
}

/// A table of the file together with its full name, which is empty for the file itself.
#[derive(Clone, Copy)]
struct Table<'t, 'i> {
    name: &'t str,
    entries: &'t DeTable<'i>,
}

impl Table<'_, '_> {
    fn key(&self, key: &str) -> String {
        if self.name.is_empty() { key.to_owned() } else { format!("{}.{key}", self.name) }
    }

    /// For messages: behind a key, where it stands.
    fn place(&self) -> String {
        if self.name.is_empty() { String::new() } else { format!(" in [{}]", self.name) }
    }
}

impl Reader<'_> {
    fn config(&mut self, document: &DeTable<'_>) -> Config {
        let root = Table { name: "", entries: document };
        self.known(root, &KEYS);
        let stack = self.string(root, "stack").unwrap_or_default();
        if !document.contains_key("stack") {
            self.problems.push(Problem::new(
                "stack",
                "`stack` is missing: name the deployment, such as stack = \"acme-thingpress\"",
            ));
        }
        let architectures =
            [Architecture::X86_64, Architecture::Arm64].map(|choice| (choice.name(), choice));
        let architecture = self.choice(root, "architecture", &architectures).unwrap_or_default();
        Config {
            stack,
            architecture,
            profiles: self.profiles(root),
            vendor: self.vendors(root),
            rate: self.rate(root),
            log: self.log(root),
            bucket_names: self.bucket_names(root),
            encryption: self.encryption(root),
            access_logs: self.string(root, "access_logs"),
            permissions_boundary: self.string(root, "permissions_boundary"),
            notify: self.notify(root),
            reserved_concurrency: self.reserved_concurrency(root),
        }
    }

    fn vendors(&mut self, root: Table<'_, '_>) -> Vendors {
        let Some(entries) = self.table(root, "vendor") else { return Vendors::default() };
        let table = Table { name: "vendor", entries };
        self.known(table, &["microchip", "infineon"]);
        Vendors { microchip: self.microchip(table), infineon: self.infineon(table) }
    }

    fn microchip(&mut self, vendors: Table<'_, '_>) -> Microchip {
        let mut signers = Signers::default();
        let Some(entries) = self.table(vendors, "microchip") else { return Microchip { signers } };
        let table = Table { name: "vendor.microchip", entries };
        self.known(table, &["signers"]);
        let alone =
            entries.get("signers").and_then(|value| value.get_ref().as_str()) == Some(UPLOADED);
        let pins = if alone {
            vec![UPLOADED.to_owned()]
        } else {
            self.strings(table, "signers").unwrap_or_default()
        };
        for pin in pins {
            if pin == UPLOADED {
                signers.trust_uploaded = true;
            } else {
                // The form that openssl prints, with colons and capitals, names the same
                // certificate.
                signers.pins.push(pin.replace(':', "").to_ascii_lowercase());
            }
        }
        Microchip { signers }
    }

    fn infineon(&mut self, vendors: Table<'_, '_>) -> Infineon {
        let Some(entries) = self.table(vendors, "infineon") else { return Infineon::default() };
        let table = Table { name: "vendor.infineon", entries };
        self.known(table, &["bundle"]);
        Infineon { bundle: self.bundle(table).unwrap_or_default() }
    }

    fn bundle(&mut self, table: Table<'_, '_>) -> Option<Bundle> {
        let bundles =
            [Bundle::E0E0, Bundle::E0E1, Bundle::E0E2].map(|choice| (choice.name(), choice));
        self.choice(table, "bundle", &bundles)
    }

    fn rate(&mut self, root: Table<'_, '_>) -> Rate {
        let mut rate = Rate::default();
        let Some(entries) = self.table(root, "rate") else { return rate };
        let table = Table { name: "rate", entries };
        self.known(table, Rate::KEYS);
        for key in Rate::KEYS {
            if let (Some(value), Some(entry)) = (self.number(table, key), rate.entry_mut(key)) {
                *entry = value;
            }
        }
        rate
    }

    fn log(&mut self, root: Table<'_, '_>) -> Log {
        let mut log = Log::default();
        let Some(entries) = self.table(root, "log") else { return log };
        let table = Table { name: "log", entries };
        self.known(table, &["retention_days"]);
        if let Some(days) = self.whole(table, "retention_days", "a whole number of days") {
            log.retention_days = days;
        }
        log
    }

    /// Reports the keys of a table that are not known.
    fn known(&mut self, table: Table<'_, '_>, known: &[&str]) {
        for key in table.entries.keys() {
            let name = key.get_ref().as_ref();
            if !known.contains(&name) {
                self.places.insert(table.key(name), self.place(key.span().start));
                let hint = suggest::hint(name, known);
                self.problems.push(Problem::new(
                    table.key(name),
                    format!("unknown key `{name}`{}, {hint}", table.place()),
                ));
            }
        }
    }

    /// Reads a key if it is there, and reports a value of the wrong kind.
    fn value<'t, 'i, T>(
        &mut self,
        table: Table<'t, 'i>,
        key: &str,
        expected: &str,
        read: impl FnOnce(&'t DeValue<'i>) -> Option<T>,
    ) -> Option<T> {
        let value = table.entries.get(key)?;
        self.places.insert(table.key(key), self.place(value.span().start));
        let read = read(value.get_ref());
        if read.is_none() {
            self.problems.push(Problem::new(
                table.key(key),
                format!("`{key}`{} must be {expected}, got {}", table.place(), shown(value)),
            ));
        }
        read
    }

    fn table<'t, 'i>(&mut self, table: Table<'t, 'i>, key: &str) -> Option<&'t DeTable<'i>> {
        self.value(table, key, "a table", DeValue::as_table)
    }

    fn string(&mut self, table: Table<'_, '_>, key: &str) -> Option<String> {
        self.value(table, key, "a text in quotes", |value| value.as_str().map(str::to_owned))
    }

    fn boolean(&mut self, table: Table<'_, '_>, key: &str) -> Option<bool> {
        self.value(table, key, "true or false", DeValue::as_bool)
    }

    fn number(&mut self, table: Table<'_, '_>, key: &str) -> Option<f64> {
        self.value(table, key, "a number", |value| match value {
            DeValue::Integer(integer) if integer.radix() == 10 => integer.as_str().parse().ok(),
            DeValue::Float(float) => float.as_str().parse().ok(),
            _ => None,
        })
    }

    fn whole(&mut self, table: Table<'_, '_>, key: &str, expected: &str) -> Option<u32> {
        self.value(table, key, expected, |value| {
            let integer = value.as_integer()?;
            u32::from_str_radix(integer.as_str(), integer.radix()).ok()
        })
    }

    fn strings(&mut self, table: Table<'_, '_>, key: &str) -> Option<Vec<String>> {
        let items = self.value(table, key, "a list of texts", DeValue::as_array)?;
        let mut strings = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let item_key = format!("{}[{index}]", table.key(key));
            self.places.insert(item_key.clone(), self.place(item.span().start));
            if let Some(text) = item.get_ref().as_str() {
                strings.push(text.to_owned());
            } else {
                // Kept, so that the places of the items behind it stay right.
                strings.push(String::new());
                self.problems.push(Problem::new(
                    item_key,
                    format!(
                        "`{key}`{} must be a list of texts, but holds {}",
                        table.place(),
                        shown(item)
                    ),
                ));
            }
        }
        Some(strings)
    }

    fn choice<T: Copy>(
        &mut self,
        table: Table<'_, '_>,
        key: &str,
        choices: &[(&str, T)],
    ) -> Option<T> {
        let names: Vec<String> = choices.iter().map(|(name, _)| format!("\"{name}\"")).collect();
        self.value(table, key, &names.join(" or "), |value| {
            let name = value.as_str()?;
            choices.iter().find(|(choice, _)| *choice == name).map(|(_, choice)| *choice)
        })
    }

    fn place(&self, offset: usize) -> Place {
        if let Some(setting) = settings::at(self.text, self.settings, self.appended, offset) {
            return Place::Setting(setting.to_owned());
        }
        let lines = self.text.bytes().take(offset).filter(|byte| *byte == b'\n').count();
        Place::Line(lines + 1)
    }

    /// All problems in the order of the file, each with its line.
    ///
    /// What could not be read has a stand-in value, about which the rules have nothing to say.
    fn finish(self, from_rules: Vec<Problem>) -> Vec<Problem> {
        let unread: BTreeSet<String> =
            self.problems.iter().map(|problem| problem.key.clone()).collect();
        let mut problems = self.problems;
        problems.extend(from_rules.into_iter().filter(|problem| !unread.contains(&problem.key)));
        for problem in &mut problems {
            problem.place = self.places.get(&problem.key).cloned();
        }
        problems.sort_by(|one, other| one.place.cmp(&other.place));
        problems
    }
}

/// A value of the wrong kind, as the person wrote it where it is short.
fn shown(value: &Spanned<DeValue<'_>>) -> String {
    match value.get_ref() {
        DeValue::String(text) => format!("\"{text}\""),
        DeValue::Integer(integer) => integer.to_string(),
        DeValue::Float(float) => float.to_string(),
        DeValue::Boolean(boolean) => boolean.to_string(),
        DeValue::Datetime(_) => "a date".to_owned(),
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    }
}
